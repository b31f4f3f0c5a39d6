"""Numbers of provisions have one spelling, whoever wrote them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.grounding.retrieval.numbers import expanded, number_key, number_keys, roman_value


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Article 6", "6"),
        ("art. 6", "6"),
        ("6", "6"),
        ("s. 12", "12"),
        ("§ 107", "107"),
        ("26a", "26A"),
        ("Article 86p", "86P"),
        ("106A", "106A"),
        ("300aa-1", "300AA-1"),
        ("240.10b-5", "240.10B-5"),
        ("Rule 3.4", "3.4"),
        ("Schedule 2", "2"),
        ("[12]", "12"),
        ("Article XX", "20"),
        ("IV", "4"),
        ("Art. I s. 8", "1.8"),
        ("Article I, Section 8", "1.8"),
        ("art. III, § 2", "3.2"),
        ("Amendment XIV s. 1", "AM14.1"),
        ("Amend. XIV", "AM14"),
        ("", ""),
    ],
)
def test_a_number_has_one_key(written: str, key: str) -> None:
    assert number_key(written) == key


def test_a_section_of_an_article_stands_under_the_article_too() -> None:
    assert number_keys("Art. I s. 8") == ("1.8", "1")


def test_a_rule_with_a_point_stands_under_its_own_number_alone() -> None:
    assert number_keys("3.4") == ("3.4",)


@given(st.integers(1, 3999))
def test_roman_numerals_mean_their_number(number: int) -> None:
    signs = (
        (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
        (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
    )  # fmt: skip
    written, left = "", number
    for value, sign in signs:
        while left >= value:
            written, left = written + sign, left - value

    assert roman_value(written) == roman_value(written.lower()) == number


@pytest.mark.parametrize("written", ["", "IIII", "VX", "ABC", "12"])
def test_what_is_no_roman_numeral_has_no_value(written: str) -> None:
    assert roman_value(written) is None


def test_a_range_has_all_its_numbers() -> None:
    assert expanded("4", "7") == ("4", "5", "6", "7")


def test_a_range_may_leave_out_what_its_ends_share() -> None:
    assert expanded("101", "3") == ("101", "102", "103")


def test_of_a_range_that_cannot_be_counted_both_ends_count() -> None:
    assert expanded("26A", "26C") == ("26A", "26C")


def test_a_range_is_never_long() -> None:
    assert expanded("1", "100000") == ("1", "100000")
