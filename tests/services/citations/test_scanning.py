"""Patterns are tried only where they may begin, and find all that they find when they are tried everywhere."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.citations import reading
from services.citations.citation import Cite
from services.citations.extractor import _FINDERS
from services.citations.formats import european, legislation_uk, reports, reports_us, special_us, state_codes, treaties
from services.citations.reading import Reading, read
from services.citations.scanning import found_at
from tests.fakes import CHECKER
from tests.services.citations.test_labelled import ROWS
from tests.vendors.writer import _PLACES, write_sample

TEXTS = [row["text"] for row in ROWS]
_SIGNS = st.sampled_from(
    [
        "",
        " ",
        "\n",
        "-\n",
        "; ",
        ", ",
        " of the ",
        "§",
        " s ",
        " r ",
        " art ",
        "(",
        "[",
        "&nbsp;",
        "<b>",
        "\u00a0",
        "1",
        "X",
    ]
)
_ANYWHERE = re.compile("")


def everywhere(_starts: re.Pattern[str], whole: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Stand for `found_at` without its short cut."""
    return whole.finditer(text)


def found(text: str) -> tuple[Reading, list[Cite]]:
    reading_of = read(text)
    return reading_of, [
        cite for finder in (*_FINDERS, special_us) for cite in finder.find(reading_of.text, CHECKER.reference)
    ]


def found_without_short_cuts(text: str) -> tuple[Reading, list[Cite]]:
    with pytest.MonkeyPatch.context() as patched:
        for module in (reading, european, legislation_uk, reports, reports_us, state_codes, treaties):
            patched.setattr(module, "found_at", everywhere)
        patched.setattr(treaties, "_PLACE", _ANYWHERE)
        patched.setattr(legislation_uk, "_SECTION", _ANYWHERE)
        return found(text)


def test_every_labelled_citation_is_read_as_without_short_cuts() -> None:
    assert [text for text in TEXTS if found(text) != found_without_short_cuts(text)] == []


@pytest.mark.parametrize("place", sorted(_PLACES))
def test_samples_are_read_as_without_short_cuts(place: str) -> None:
    prompt = (
        "The answer has at least 150 words. The reasoning has 3. Cite at least 3. It has at least 300 characters."
        f" field: {place} ("
    )
    for number in range(20):
        sample = write_sample(prompt, number)
        for name in ("answer", "reasoning", "case_citation"):
            assert found(sample[name]) == found_without_short_cuts(sample[name])


@given(st.lists(st.one_of(st.sampled_from(TEXTS), _SIGNS), min_size=1, max_size=6), st.integers(0, 400), _SIGNS)
def test_any_text_is_read_as_without_short_cuts(parts: list[str], place: int, sign: str) -> None:
    text = "".join(parts)
    text = f"{text[:place]}{sign}{text[place:]}"

    assert found(text) == found_without_short_cuts(text)


@given(st.text("a1 .§-", max_size=20))
def test_place_to_begin_that_lies_in_a_match_is_passed_over(text: str) -> None:
    whole = re.compile(r"(?<![.\w])\d[\d ]*a?")

    by_starts = [match.span() for match in found_at(re.compile(r"\d"), whole, text)]

    assert by_starts == [match.span() for match in whole.finditer(text)]
