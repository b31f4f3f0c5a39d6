"""What the formats share: pieces of patterns, and rules on years and volumes."""

import re
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping

from services.citations.citation import Cite, Finding, invalid
from services.citations.reference import Reference, Series

# Years to come are read too: a citation of one is invented.
YEAR = r"(?:1[0-9]|2[0-9])\d\d"
# A provision with its subsections: "14A(2)(a)". Atomic: of a longer number no part is taken.
PROVISION = (
    r"(?>\d{1,4}(?:[A-Z]{1,3}|[a-z]{1,2}|\s?(?:bis|ter|quater|quinquies))?(?![A-Za-z\d])"
    r"(?:\.\d{1,3}[A-Z]{0,2})?(?:\(\w{1,5}\)){0,6})"
)
NEXT = r"(?:,?\s(?:and|or|to|through|&)\s|,\s?|\s?-\s?)"
# Several of them; the number of the next instrument is none: "Articles 5 and 6 U.S.C.".
PROVISIONS = rf"{PROVISION}(?:{NEXT}{PROVISION}(?!\s?(?:[UL]\.?N\.?T\.?S|U\.\s?S|USC)|/)){{0,12}}"
_ORDINAL = "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|final"
# A part of a provision in words: ", second subparagraph", ", paragraph 2".
WITHIN = (
    rf"(?:,?\s\(?(?:the\s)?(?:{_ORDINAL})\s(?:sub-?paragraph|paragraph|indent|sentence|alinea|point)\)?"
    r"|,?\s(?:sub-?paragraphs?|paragraphs?|paras?\.?|points?|indents?|sentences?|lit\.?|letters?)\s\(?\w{1,5}\)?(?:\(\w{1,4}\)){0,3}){0,4}"
)
# A citation of a later year is invented. At least the year of the reference data, in case the clock is slow.
LATEST_YEAR = max(2026, time.gmtime().tm_year)
_PREFIX = 3
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
    span = reference.year_of(series, volume, LATEST_YEAR)
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


def number_clash(reference: Reference, series: str, year: int, number: int) -> Finding | None:
    """Return a fault if *number* is past what *series* reached in *year*, or None."""
    most = reference.most_of(series, year)
    if most is not None and not 0 < number <= most:
        return invalid("number_out_of_range", f"{series} of {year} has fewer than {most} numbers, got {number}")
    return None


def roman(text: str) -> int:
    """Return the value of a Roman numeral; 0 if it is not one."""
    total = 0
    if not text:
        return 0
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


def any_of(names: Iterable[str]) -> re.Pattern[str]:
    """Compile *names* into one pattern that finds each as whole words, the longest first."""
    # Sorted by their first letters, so that each position of a text is compared with few names; and what stands before
    # is looked at behind the first letter: `re` skips to the letters that a pattern may begin with.
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name in sorted(names, key=len, reverse=True):
        rest = re.escape(name[_PREFIX:]).replace(r"\ ", r"\s")
        groups[name[0]][name[:_PREFIX]].append(rest)
    return re.compile("|".join(_beginning_with(first, by_prefix) for first, by_prefix in sorted(groups.items())))


def _beginning_with(first: str, by_prefix: Mapping[str, list[str]]) -> str:
    words = "|".join(
        f"{re.escape(prefix[1:])}(?:{'|'.join(rests)})" for prefix, rests in sorted(by_prefix.items(), reverse=True)
    )
    return rf"{re.escape(first)}(?<![\w-]{re.escape(first)})(?:{words})(?![\w-])"
