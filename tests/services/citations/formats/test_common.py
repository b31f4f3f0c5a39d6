"""What the formats share: years of a series, years of a volume, Roman numbers, years of two digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.citations.citation import Cite
from services.citations.formats.common import LATEST_YEAR, clashes, full_year, future, number_of, roman, volume_clash
from services.citations.reference import Series
from tests.fakes import CHECKER

SIGNS = (("C", 100), ("XC", 90), ("L", 50), ("XL", 40), ("X", 10), ("IX", 9), ("V", 5), ("IV", 4), ("I", 1))
COURT = Series("Court", True, "uk", "square", 1990, 2010, 100, 0)
REPORT = Series("Reports", False, "uk", "square", 1990, 9999, 100, 2)


def written(number: int) -> str:
    text = ""
    for sign, value in SIGNS:
        text += sign * (number // value)
        number %= value
    return text


@given(st.integers(1, 399))
def test_roman_number_is_read_as_it_is_written(number: int) -> None:
    assert roman(written(number)) == number
    assert roman(written(number).lower()) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        *("A", "XIA", "12", "X1", "é"),
    ],
)
def test_what_is_no_roman_number_is_nought(text: str) -> None:
    assert roman(text) == 0


@pytest.mark.parametrize(
    ("digits", "first", "year"),
    [
        pytest.param("62", 1952, 1962, id="last century"),
        pytest.param("52", 1952, 1952, id="its first year"),
        pytest.param("51", 1952, 2051, id="a year before the first"),
        pytest.param("05", 1953, 2005, id="this century"),
        pytest.param("99", 1952, 1999, id="end of the century"),
        pytest.param("00", 1952, 2000, id="turn of the century"),
        pytest.param("2016", 1952, 2016, id="four digits"),
        pytest.param("1899", 1952, 1899, id="four digits before the first"),
    ],
)
def test_year_of_two_digits_is_never_before_the_first(digits: str, first: int, year: int) -> None:
    assert full_year(digits, first) == year


@pytest.mark.parametrize(
    ("series", "year", "code"),
    [
        pytest.param(COURT, 1989, "before_court", id="court too early"),
        pytest.param(COURT, 1990, None, id="court, first year"),
        pytest.param(COURT, 2010, None, id="court, last year"),
        pytest.param(COURT, 2011, "after_court", id="court too late"),
        pytest.param(REPORT, 1989, "before_series", id="series too early"),
        pytest.param(REPORT, 1990, None, id="series, first year"),
        pytest.param(REPORT, LATEST_YEAR, None, id="series, this year"),
        pytest.param(REPORT, LATEST_YEAR + 1, "future", id="series, next year"),
    ],
)
def test_year_must_lie_in_the_life_of_the_series(series: Series, year: int, code: str | None) -> None:
    found = clashes(series, year)

    assert (found and found.code) == code


def test_year_to_come_is_invalid_and_this_one_is_not() -> None:
    assert future(LATEST_YEAR) is None
    assert (found := future(LATEST_YEAR + 1)) is not None
    assert (found.verdict, found.reason) == ("invalid", f"{LATEST_YEAR + 1} has not come yet")


@pytest.mark.parametrize(
    ("series", "volume", "year", "code"),
    [
        pytest.param("App Cas", 1, 1876, None, id="first volume"),
        pytest.param("App Cas", 15, 1890, None, id="last volume"),
        pytest.param("App Cas", 15, 1891, None, id="a year late"),
        pytest.param("App Cas", 15, 1892, "year_mismatch", id="two years late"),
        pytest.param("App Cas", 15, 1888, "year_mismatch", id="two years early"),
        pytest.param("App Cas", 16, 1890, "volume_out_of_range", id="one volume more"),
        pytest.param("App Cas", 0, 1876, "volume_out_of_range", id="volume nought"),
        pytest.param("App Cas", 15, None, None, id="no year"),
        pytest.param("App Cas", 16, None, "volume_out_of_range", id="no year, one volume more"),
        pytest.param("Nobody's Reports", 999, 1876, None, id="series without a table"),
    ],
)
def test_volume_must_exist_and_be_of_its_year(series: str, volume: int, year: int | None, code: str | None) -> None:
    found = volume_clash(CHECKER.reference, series, volume, year)

    assert (found and found.code) == code


@pytest.mark.parametrize(
    ("part", "number"),
    [
        pytest.param("562", 562, id="digits"),
        pytest.param("117a", 117, id="folio"),
        pytest.param("I-4921", 4921, id="part before"),
        pytest.param("00040", 40, id="padded"),
        pytest.param("XVI", None, id="roman"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_number_of_a_part_is_that_of_its_digits(part: str, number: int | None) -> None:
    cite = Cite("report", 0, 1, "case", "uk", "x", {"page": part})

    assert number_of(cite, "page") == number
    assert number_of(cite, "volume") is None
