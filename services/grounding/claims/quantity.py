"""A quantity of a text: what it measures, its value, and how two of them compare."""

from dataclasses import dataclass
from enum import StrEnum

_DAYS_OF_MONTH = 30.4
_NEARLY = 0.03


class Measure(StrEnum):
    """What a quantity measures."""

    MONEY = "an amount"
    SHARE = "a share"
    DAYS = "a time"
    MONTHS = "a time in months"
    AGE = "an age"
    DATE = "a date"
    COUNT = "a number"
    FREQUENCY = "times a year"


class Bound(StrEnum):
    """On which side of a quantity the rule holds."""

    MOST = "at most"
    LEAST = "at least"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity, and where it stands.

    Attributes:
        value: Days, months, currency units, per cent, years of age; of a date month * 100 + day.
        noun: The root of what a count counts, or "".
        year: Of a date, or 0.
    """

    measure: Measure
    value: float
    text: str
    start: int
    end: int
    noun: str = ""
    year: int = 0
    bound: Bound = Bound.NONE


def same(one: Quantity, other: Quantity) -> bool:
    """Tell whether both are one value; a bare number may be an age."""
    measures = {one.measure, other.measure}
    if measures == {Measure.DAYS, Measure.MONTHS}:
        days, months = (one, other) if one.measure is Measure.DAYS else (other, one)
        return abs(days.value - months.value * _DAYS_OF_MONTH) <= _NEARLY * days.value
    if measures == {Measure.AGE, Measure.MONTHS}:
        age, months = (one, other) if one.measure is Measure.AGE else (other, one)
        return age.value * 12 == months.value
    if len(measures) > 1 and measures != {Measure.AGE, Measure.COUNT}:
        return False
    if one.year and other.year and one.year != other.year:
        return False
    return abs(one.value - other.value) <= 1e-6 * max(1.0, abs(one.value))


def alike(one: Quantity, other: Quantity) -> bool:
    """Tell whether both measure the same kind of thing, so that one may stand for the other by mistake."""
    kinds = {one.measure, other.measure}
    if kinds <= {Measure.DAYS, Measure.MONTHS}:
        return True
    if kinds == {Measure.COUNT}:
        return bool(one.noun) and one.noun == other.noun
    return len(kinds) == 1 or kinds == {Measure.AGE, Measure.MONTHS}
