"""What the formats share: pieces of patterns, and rules on years and volumes."""

import time

from services.citations.citation import Cite, Finding, invalid
from services.citations.reference import Reference, Series

YEAR = r"(?:1[1-9]|20)\d\d"
# A provision with its subsections: "14A(2)(a)".
PROVISION = r"\d{1,4}(?:[A-Z]{1,3}|[a-z](?![a-z]))?(?:\(\w{1,5}\)){0,5}"
# A citation of a later year is invented. At least the year of the reference data, in case the clock is slow.
LATEST_YEAR = max(2026, time.gmtime().tm_year)
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def clashes(series: Series, year: int) -> Finding | None:
    """Return a fault if *year* lies outside the life of *series*, or None."""
    what = "sat" if series.is_court else "was published"
    early, late = ("before_court", "after_court") if series.is_court else ("before_series", "after_series")
    if year < series.first_year:
        return invalid(early, f"{series.name} {what} from {series.first_year}, not in {year}")
    if year > series.last_year:
        return invalid(late, f"{series.name} {what} until {series.last_year}, not in {year}")
    return future(year)


def future(year: int) -> Finding | None:
    """Return a fault if *year* is in the future, or None."""
    return invalid("future", f"{year} has not come yet") if year > LATEST_YEAR else None


def volume_clash(reference: Reference, series: str, volume: int, year: int | None) -> Finding | None:
    """Return a fault if *volume* does not exist or does not fit *year*, or None."""
    span = reference.year_of(series, volume)
    if span is None:
        return None
    earliest, latest, highest = span
    if volume < 1 or volume > highest:
        return invalid("volume_out_of_range", f"{series} has volumes 1 to {highest}, got {volume}")
    if year is not None and not earliest <= year <= latest:
        return invalid(
            "year_mismatch", f"volume {volume} of {series} dates from about {(earliest + latest) // 2}, not {year}"
        )
    return None


def roman(text: str) -> int:
    """Return the value of a Roman numeral; 0 if it is not one."""
    total = 0
    values = [_ROMAN.get(char, 0) for char in text.upper()]
    for value, following in zip(values, [*values[1:], 0], strict=True):
        total += -value if value < following else value
    return total if all(values) else 0


def full_year(two_digits: str, first: int) -> int:
    """Return the year that two digits mean, not before *first*; four digits stay as they are."""
    year = int(two_digits)
    if year > 99:
        return year
    return 1900 + year if 1900 + year >= first else 2000 + year


def number_of(cite: Cite, name: str) -> int | None:
    """Return a part of *cite* as a number, or None."""
    digits = "".join(char for char in cite.parts.get(name, "") if char.isdigit())
    return int(digits) if digits else None
