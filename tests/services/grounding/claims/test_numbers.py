"""Quantities: read in digits and words, and compared by their values."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.grounding.claims.numbers import quantities
from services.grounding.claims.quantity import Bound, Measure, alike, same


@pytest.mark.parametrize(
    ("text", "measure", "value"),
    [
        pytest.param("within 72 hours", Measure.DAYS, 3, id="hours"),
        pytest.param("a period of six weeks", Measure.DAYS, 42, id="weeks in words"),
        pytest.param("ten working days", Measure.DAYS, 10, id="working days"),
        pytest.param("a 24-month period", Measure.MONTHS, 24, id="hyphen"),
        pytest.param("one hundred and twenty days", Measure.DAYS, 120, id="long words"),
        pytest.param("within a year", Measure.MONTHS, 12, id="a year"),
        pytest.param("half a year", Measure.MONTHS, 6, id="half a year"),
        pytest.param("EUR 7.5 billion", Measure.MONEY, 7.5e9, id="currency before"),
        pytest.param("10 000 000 EUR", Measure.MONEY, 1e7, id="blanks in digits"),
        pytest.param("£30,000", Measure.MONEY, 30_000, id="comma in digits"),
        pytest.param("two million euros", Measure.MONEY, 2e6, id="money in words"),
        pytest.param("4 per cent", Measure.SHARE, 4, id="per cent"),
        pytest.param("three-fifths of the votes", Measure.SHARE, 60, id="fraction"),
        pytest.param("a quarter of the sum", Measure.SHARE, 25, id="a quarter"),
        pytest.param("half the members", Measure.SHARE, 50, id="half"),
        pytest.param("a person aged 16 or over", Measure.AGE, 16, id="aged"),
        pytest.param("the age of eighteen years", Measure.AGE, 18, id="age of"),
        pytest.param("anybody under eighteen may", Measure.AGE, 18, id="under eighteen"),
        pytest.param("by 31 March 2027", Measure.DATE, 331, id="date"),
        pytest.param("by June 17, 2009", Measure.DATE, 617, id="American date"),
        pytest.param("twice a year", Measure.FREQUENCY, 2, id="twice a year"),
        pytest.param("every two years", Measure.FREQUENCY, 0.5, id="every two years"),
        pytest.param("nine affirmative votes", Measure.COUNT, 9, id="count"),
        pytest.param("a single arbitrator", Measure.COUNT, 1, id="single"),
    ],
)
def test_a_quantity_is_read_with_its_measure(text: str, measure: Measure, value: float) -> None:
    (found,) = quantities(text)

    assert found.measure is measure
    assert found.value == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["a third country", "the first sentence", "in 1998", "third parties", "the second chamber"]
)
def test_ordinals_and_years_are_no_quantities(text: str) -> None:
    assert quantities(text) == []


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        pytest.param("12 months", "one year", True, id="months and years"),
        pytest.param("14 days", "two weeks", True, id="days and weeks"),
        pytest.param("24 hours", "one day", True, id="hours and days"),
        pytest.param("180 days", "six months", True, id="nearly"),
        pytest.param("90 days", "six months", False, id="not nearly"),
        pytest.param("a quarter of it", "25 %", True, id="fraction and per cent"),
        pytest.param("aged 18", "18 years of age", True, id="ages"),
        pytest.param("31 March", "31 March 2027", True, id="date without year"),
        pytest.param("31 March 2026", "31 March 2027", False, id="other year"),
        pytest.param("£500", "500 days", False, id="other measures"),
    ],
)
def test_values_are_compared_whatever_their_unit(one: str, other: str, is_same: bool) -> None:
    (first,), (second,) = quantities(one), quantities(other)

    assert same(first, second) is is_same
    assert same(second, first) is is_same


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        pytest.param("not exceeding £5,000", Bound.MOST, id="not exceeding"),
        pytest.param("up to 6 months", Bound.MOST, id="up to"),
        pytest.param("no later than 3 days", Bound.MOST, id="no later than"),
        pytest.param("at least 3 days", Bound.LEAST, id="at least"),
        pytest.param("not less than two months", Bound.LEAST, id="not less than"),
        pytest.param("exceeding £5,000", Bound.LEAST, id="exceeding"),
        pytest.param("18 years of age or more", Bound.NONE, id="no bound beside it"),
        pytest.param("three years or more", Bound.LEAST, id="or more"),
    ],
)
def test_a_quantity_knows_on_which_side_of_it_the_rule_holds(text: str, bound: Bound) -> None:
    assert quantities(text)[0].bound is bound


def test_counts_stand_for_each_other_only_if_they_count_the_same() -> None:
    (votes,), (judges,) = quantities("nine votes"), quantities("seven judges")

    assert not alike(votes, judges)
    assert alike(votes, quantities("seven votes")[0])


@given(st.integers(1, 999), st.sampled_from(["days", "months", "years", "weeks"]))
def test_digits_with_a_unit_are_read_back(number: int, unit: str) -> None:
    (found,) = quantities(f"after {number} {unit}")

    assert found.value == pytest.approx(number * {"days": 1, "weeks": 7, "months": 1, "years": 12}[unit])


@given(st.text(max_size=300))
def test_quantities_of_any_text_stand_in_it_and_apart(text: str) -> None:
    found = quantities(text)

    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
