"""What the checks noted, in words."""

import pytest

from services.quality.score import WEIGHTS
from web.parts.findings import sentences


@pytest.mark.parametrize(
    ("noted", "told"),
    [
        ("authorities 0.67", "Different authorities: 67 % of the number that counts in full"),
        ("sections 0.50", "Headings that its type asks for: 50 % of them are there"),
        ("alike: 0.45 to a/b: <i>", "45 % alike to the sample a/b: <i>"),
        ("unverified: Smith v Jones", "Not found in a register: Smith v Jones"),
        ("not judged: no model", "The judge gave no verdict: no model"),
        ("column topic: missing, filled in", "column topic: missing, filled in"),
        ("authorities 0.67 of law", "authorities 0.67 of law"),
    ],
)
def test_what_is_noted_is_told_in_words(noted: str, told: str) -> None:
    (sentence,) = sentences([noted])

    assert sentence.startswith(told)


def test_every_part_of_the_score_has_words() -> None:
    noted = [f"{name} 0.50" for name in WEIGHTS]

    assert not set(noted) & set(sentences(noted))
