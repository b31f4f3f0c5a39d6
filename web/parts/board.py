"""What the measures of models are called, and how a figure with its interval is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from models.contract.answers.leaderboard import Measured, MeasureName, PairedDifference, PairedName
from web.formats import DASH, number, percent

_DOLLAR_PLACES, _SECOND_PLACES = 4, 1


@dataclass(frozen=True, slots=True)
class Named:
    """A measure in words.

    Attributes:
        label: What it is called.
        write: Writes one of its values.
        of: What its `n` counts.
    """

    label: str
    write: Callable[[float | None], str]
    of: str


def _dollars(value: float | None) -> str:
    return DASH if value is None else f"${value:,.{_DOLLAR_PLACES}f}"


def _seconds(value: float | None) -> str:
    return DASH if value is None else f"{number(value, _SECOND_PLACES)} s"


MEASURES: Mapping[MeasureName, Named] = {
    "accepted": Named("Drafts accepted", percent, "drafts"),
    "invented": Named("Drafts with invented law", percent, "drafts"),
    "verified": Named("Citations verified", percent, "citing samples"),
    "invalid": Named("Citation invalid", percent, "citing samples"),
    "grounded": Named("Grounded", percent, "samples on documents"),
    "reviewed": Named("Accepted by reviewers", percent, "decisions"),
    "quality": Named("Quality, mean", percent, "samples"),
    "judge": Named("Judge, mean", percent, "judged samples"),
    "cost_usd": Named("Cost a sample", _dollars, "samples"),
    "tokens": Named("Tokens a sample, all calls", number, "samples"),
    "answer_tokens": Named("Tokens of the answer", number, "samples"),
    "seconds": Named("Seconds a call, median", _seconds, "calls"),
}
PAIRED: Mapping[PairedName, Named] = {
    "made": Named("Items that became samples", percent, "pairs"),
    "first_draft": Named("First draft accepted", percent, "pairs"),
    "verified": Named("Citations verified", percent, "pairs"),
    "quality": Named("Quality", percent, "pairs"),
    "judge": Named("Judge", percent, "pairs"),
    "answer_tokens": Named("Tokens of the answer", number, "pairs"),
}


def shown(measured: Measured, named: Named) -> tuple[str, str]:
    """Return a figure, and its interval with what it is of: ("87 %", "81 % to 91 %, 140 drafts")."""
    if measured["value"] is None:
        return DASH, ""
    return named.write(measured["value"]), _interval(measured["low"], measured["high"], measured["n"], named)


def difference(found: PairedDifference, named: Named) -> tuple[str, str]:
    """Return the difference to the best target, and its interval; as `shown`."""
    if found["value"] is None:
        return DASH, ""
    return named.write(found["value"]), _interval(found["low"], found["high"], found["pairs"], named)


def _interval(low: float | None, high: float | None, count: int, named: Named) -> str:
    of = f"{number(count)} {named.of}"
    return of if low is None else f"{named.write(low)} to {named.write(high)}, {of}"
