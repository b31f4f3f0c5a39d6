"""How many samples a text asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assistant.amounts import A_FEW, LARGEST, amount_wanted
from utils.errors import InputError


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("generate 50 expert samples", 50),
        ("generate 1,000 samples", 1000),
        ("generate 2k samples", 2000),
        ("generate 2.5k samples", 2500),
        ("generate 5 thousand samples", 5000),
        ("generate two hundred samples", 200),
        ("generate 2000 samples", 2000),
        ("generate a hard sample on trusts", 1),
        ("generate a dozen samples", 12),
        ("generate samples on section 21 of the Housing Act 1988", A_FEW),
        ("generate 20 samples of 500 words", 20),
        ("generate samples of 500 words", A_FEW),
        ("generate samples with a score of 0.8", A_FEW),
        ("generate samples", A_FEW),
        ("generate 100000 samples", LARGEST),
    ],
)
def test_number_of_samples_is_the_one_that_is_written(text: str, number: int) -> None:
    assert amount_wanted(text) == number


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("Generate 100000000 expert samples", "100000000"),
        ("generate 100001 samples", "100001"),
        ("generate 2 million samples", "2000000"),
        ("generate -5 samples", "-5"),
        ("generate minus 5 samples", "-5"),
        ("generate 0 samples", "0"),
        ("generate zero samples", "0"),
    ],
)
def test_number_that_cannot_be_made_is_refused(text: str, got: str) -> None:
    with pytest.raises(InputError, match=rf"samples: got {got}, want 1 to 100000; say how many"):
        amount_wanted(text)


@given(st.integers(-(10**12), 10**12))
def test_any_number_is_taken_as_it_is_or_refused(number: int) -> None:
    try:
        assert amount_wanted(f"generate {number} samples") == number
    except InputError:
        assert not 1 <= number <= LARGEST


@given(st.text(max_size=80))
def test_any_text_asks_for_a_number_that_can_be_made_or_is_refused(text: str) -> None:
    try:
        assert 1 <= amount_wanted(text) <= LARGEST
    except InputError:
        assert any(sign.isdigit() for sign in text) or "zero" in text.casefold()
