"""Texts with marks in them: which characters were found at fault, or proved, and where that is explained."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

# Of marks that overlap the one that matters most is shown.
_WEIGHTS: Mapping[str, int] = {"invalid": 3, "unverified": 2, "verified": 1, "quoted": 0}


@dataclass(frozen=True, slots=True)
class Span:
    """What was found in a text.

    Attributes:
        start: Its first character.
        end: One past its last.
        verdict: verified, unverified, invalid or quoted.
        key: Names the entry that explains it.
        reason: The same, in short.
    """

    start: int
    end: int
    verdict: str
    key: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a text, with what was found there; *is_first* on the first piece of each span."""

    text: str
    span: Span | None = None
    is_first: bool = False


def segments(text: str, spans: Sequence[Span]) -> list[Segment]:
    """Return *text* in pieces, each with the weightiest of the *spans* over it; joined they are *text*.

    Raises:
        ValueError: a span is empty or not within the text.
    """
    for span in spans:
        if not 0 <= span.start < span.end <= len(text):
            raise ValueError(f"span {span.start}:{span.end} is not within {len(text)} characters")
    found: list[Segment] = []
    seen: set[int] = set()
    for piece, number in _pieces(text, spans):
        if number is None:
            found.append(Segment(piece))
            continue
        found.append(Segment(piece, spans[number], number not in seen))
        seen.add(number)
    return found


def quoted(text: str, quotes: Sequence[str], key: str, reason: str) -> list[Span]:
    """Return where *quotes* stand in *text*, each at its first place; blanks may differ."""
    folded, places = _folded(text)
    found = []
    for quote in quotes:
        wanted, _ = _folded(quote.strip())
        at = folded.find(wanted) if wanted else -1
        if at >= 0:
            found.append(Span(places[at], places[at + len(wanted) - 1] + 1, "quoted", key, reason))
    return found


def _pieces(text: str, spans: Sequence[Span]) -> Iterator[tuple[str, int | None]]:
    """Yield pieces that one span, or none, is shown over; neighbours have different ones."""
    borders = sorted({0, len(text), *(span.start for span in spans), *(span.end for span in spans)})
    start, shown = 0, _weightiest(spans, 0)
    for border, _ in pairwise([*borders[1:], len(text)]):
        after = _weightiest(spans, border)
        if after != shown or border == len(text):
            if border > start:
                yield text[start:border], shown
            start, shown = border, after


def _weightiest(spans: Sequence[Span], place: int) -> int | None:
    over = [number for number, span in enumerate(spans) if span.start <= place < span.end]
    return max(over, key=lambda number: (_WEIGHTS.get(spans[number].verdict, 2), -number), default=None)


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """Return *text* with each run of blanks as one, and the place of each of its characters in *text*."""
    kept: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        if char.isspace():
            if kept and kept[-1] == " ":
                continue
            char = " "  # noqa: PLW2901  # what is kept of it
        kept.append(char)
        places.append(place)
    return "".join(kept), places
