"""The worst sliding minute of what vendors saw, and when calls left that a cut wire held up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# When something was, by the clock that all processes of a machine share, and how much it was.
Row = tuple[float, int]
# A call as a vendor logs it: when it was there, its tokens, who sent it, and since when its connection was silent.
Logged = tuple[float, int, str, float]


@dataclass(frozen=True)
class Cut:
    """The address of who was cut off, and from when until when."""

    who: str
    begins: float
    ends: float


def worst(rows: Iterable[Row], span_s: float = 60.0) -> Row:
    """Return when the most was within *span_s*, at its end, and how much that was."""
    ordered = sorted(rows)
    first = total = 0
    most: Row = (0.0, 0)
    for at, units in ordered:
        total += units
        while ordered[first][0] <= at - span_s:
            total -= ordered[first][1]
            first += 1
        if total > most[1]:
            most = (at, total)
    return most


def departures(log: Iterable[Logged], cuts: Sequence[Cut]) -> tuple[list[Row], int]:
    """Return when each call left, with its tokens, and how many a cut held up.

    What a server sent and a cut wire kept is sent again by its kernel once the wire is whole, up to as long again
    after: nobody above can take it back. It is counted when the cut began, since who is cut off from the database
    begins no call. What came over a connection that was whole since its last answer left when it came.
    """
    rows: list[Row] = []
    held_up = 0
    for at, tokens, who, silent_since in log:
        began = [cut.begins for cut in cuts if cut.who == who and silent_since <= cut.begins <= at]
        held_up += bool(began)
        rows.append((min(began, default=at), tokens))
    return rows, held_up
