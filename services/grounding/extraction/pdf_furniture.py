"""Running heads and feet: lines at the edge of a page that its neighbours have too, and the numbers of pages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.grounding.extraction.pdf_lines import Line

# Left and right pages differ, and a chapter's first page has none: so many neighbours are looked at on each side.
NEAR = 4
_EDGE_LINES = 3
_EDGE = 0.14
_SAME_PLACE = 6.0
_AROUND = "-–—[]()| "
_DIGITS = re.compile(r"\d+")
_ROMAN = re.compile(r"[\s\-–—\[(]*[ivxlc]{1,7}[\s\-–—\])]*", re.I)
_PAGE_OF = re.compile(r"\W*(?:page|seite|p\.?)\s*\d+(?:\s*(?:of|/|von)\s*\d+)?\W*", re.I)


@dataclass(frozen=True, slots=True)
class Edge:
    """A line at the head or foot of a page, and what of it repeats.

    Attributes:
        words: The line with a sign for each number.
    """

    line: Line
    words: str
    numbers: tuple[int, ...]
    from_top: bool

    @property
    def has_first(self) -> bool:
        """Whether a number begins it."""
        return self.words.strip(_AROUND).startswith("#")

    @property
    def has_last(self) -> bool:
        """Whether a number ends it."""
        return self.words.strip(_AROUND).endswith("#")


def edges(lines: Sequence[Line], bottom: float, top: float) -> list[Edge]:
    """Return the outermost *lines* of a page that goes from *bottom* to *top*, each side from the edge inwards."""
    margin = (top - bottom) * _EDGE
    downwards = sorted(lines, key=lambda line: -line.y)
    heads = [line for line in downwards[:_EDGE_LINES] if line.y > top - margin]
    feet = [line for line in downwards[::-1][:_EDGE_LINES] if line.y < bottom + margin]
    return [*(_edge(line, True) for line in heads), *(_edge(line, False) for line in feet)]


def _edge(line: Line, from_top: bool) -> Edge:
    text = line.text.casefold()
    words = "#" if _ROMAN.fullmatch(text) else "".join(_DIGITS.sub("#", text).split())
    return Edge(line, words, tuple(int(one) for one in _DIGITS.findall(text) if len(one) < 7), from_top)


def running(page: Sequence[Edge], neighbours: Sequence[tuple[int, Sequence[Edge]]], body_size: float) -> set[Line]:
    """Return which lines of a *page* are running heads or feet.

    Args:
        page: Its edges.
        body_size: The size of type of most text; what is larger is a heading ("Schedule 2" at the top of its page).
        neighbours: How many pages further each neighbour is, and its edges.
    """
    found: set[Line] = set()
    for from_top in (True, False):
        for edge in (one for one in page if one.from_top is from_top):
            if edge.line.size > 1.1 * body_size or not (
                _PAGE_OF.fullmatch(edge.line.text) or _repeats(edge, neighbours)
            ):
                break
            found.add(edge.line)
    return found


def _repeats(edge: Edge, neighbours: Sequence[tuple[int, Sequence[Edge]]]) -> bool:
    """Say whether neighbours have the line too, or one in its place whose number goes on with the pages."""
    same = paged = crossed = 0
    for away, others in neighbours:
        near = [one for one in others if one.from_top is edge.from_top and abs(one.line.y - edge.line.y) <= _SAME_PLACE]
        alike = [one for one in near if one.words == edge.words]
        same += any(one.numbers == edge.numbers or _goes_on(edge, one, away) for one in alike)
        goes_on = any(_goes_on(edge, one, away) for one in near)
        # A number alone that goes on with the pages is one of pages; a heading may have one too ("Schedule 2").
        if goes_on and not any(map(str.isalpha, edge.words)):
            return True
        paged += goes_on
        crossed += any(_crosses(edge, one, away) for one in near)
    # At the head a number that goes on beside other words each time may be that of a section ("Article 5", then "6"),
    # unless it stands on the outer side of left and right pages.
    return same >= 2 or (paged >= 2 and (same >= 1 or crossed >= 1 or not edge.from_top))


def _crosses(edge: Edge, other: Edge, away: int) -> bool:
    """Say whether the number of *other*, at its other side, is *away* pages from that of *edge*."""
    return bool(edge.numbers and other.numbers) and (
        (edge.has_first and other.has_last and edge.numbers[0] + away == other.numbers[-1])
        or (edge.has_last and other.has_first and edge.numbers[-1] + away == other.numbers[0])
    )


def _goes_on(edge: Edge, other: Edge, away: int) -> bool:
    """Say whether the number that *edge* begins or ends with is *away* pages from that of *other*."""
    return bool(edge.numbers and other.numbers) and (
        (edge.has_first and other.has_first and edge.numbers[0] + away == other.numbers[0])
        or (edge.has_last and other.has_last and edge.numbers[-1] + away == other.numbers[-1])
    )
