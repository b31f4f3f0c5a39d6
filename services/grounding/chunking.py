"""Parts units into chunks: what is indexed and found. No chunk crosses a unit, so each has the heading of its own.

The chunks of a unit hold its text from the heading on, each character once. A chunk ends at the last paragraph,
subdivision, sentence or member of a list within its size, else at a line, a comma, a word.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from models.grounding.document import Status, Unit

# What is measured best, and read whole by encoders of 256 tokens (docs/adr/0029-retrieval.md).
CHARACTERS = 900
TOKENS = 230
# A chunk is at least half full, where it does not end its unit.
_LEAST = 0.5
# Words behind whose stop no sentence ends.
_ABBREVIATIONS = (
    "no nos s ss sec art arts reg regs para paras cl cls r rr v vs u.s u.k e.g i.e cf ibid id op p pp vol ch pt sch "
    "schs inc ltd plc co corp mr mrs ms dr hon j jj cj lj mj st jan feb mar apr jun jul aug sep sept oct nov dec ed "
    "eds ex rel fed rev stat supp app cir cal f.3d f.2d q.b a.c w.l.r e.u e.c"
)
_ABBREVIATED = frozenset(_ABBREVIATIONS.split())
# None of those in the first row is better than another: full chunks are found best.
_BORDERS = (
    re.compile(
        r"\n[ \t]*\n\s*|\n(?=[ \t]*(?:\(?\d{1,3}[A-Z]?[.)]|\([a-z]{1,5}\)))|[;:]\s+"
        r"|(?P<word>[^\s(\[]*)[.!?][\"”’')\]]*\s+(?=[\"“‘'(\[]?[A-Z0-9§(])"
    ),
    re.compile(r"\n"),
    re.compile(r",\s+"),
    re.compile(r"\s+"),
)


@dataclass(frozen=True, slots=True)
class Span:
    """A chunk of a unit: the place of the unit in its list, and the characters of the document."""

    unit: int
    start: int
    end: int


def spans_of(
    text: str, units: Sequence[Unit], count: Callable[[str], int], characters: int = CHARACTERS, tokens: int = TOKENS
) -> Iterator[Span]:
    """Yield the chunks of *units* in order.

    Args:
        text: The text of the document.
        units: Its units.
        count: Counts the tokens of a text.
        characters: Most characters of a chunk.
        tokens: Most tokens of a chunk.
    """
    for place, unit in enumerate(units):
        if unit.status is Status.REPEALED:
            continue  # its number stays known, its text is not law
        start = unit.body
        if not text[start : unit.end].strip():
            if _stands_above(unit, units[place + 1] if place + 1 < len(units) else None):
                continue
            start = unit.start  # a heading of nothing is all that there is
        while start < unit.end:
            end = _end(text, start, unit.end, characters)
            while end - start > 1 and count(text[start:end]) > tokens:
                end = _end(text, start, end, max(1, (end - start) * 2 // 3))
            if text[start:end].strip():
                yield Span(place, start, end)
            start = end


def _stands_above(unit: Unit, following: Unit | None) -> bool:
    return not unit.heading or (following is not None and unit.heading in following.path)


def _end(text: str, start: int, most: int, characters: int) -> int:
    """Return where a chunk that begins at *start* ends: at *most*, or at the last good border within its size."""
    if most - start <= characters:
        return most
    limit, least = start + characters, start + int(characters * _LEAST)
    for border in _BORDERS:
        ends = [match.end() for match in border.finditer(text, least, limit) if _ends_here(match)]
        if ends:
            return ends[-1]
    return limit


def _ends_here(match: re.Match[str]) -> bool:
    word = match.groupdict().get("word")
    if word is None:
        return True
    return word.lower() not in _ABBREVIATED and not (len(word) == 1 and word.isalpha())
