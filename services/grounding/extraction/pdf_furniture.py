"""Running heads and feet: lines at the edge of a page that its neighbours have too, and the numbers of pages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.grounding.extraction.pdf_lines import Line

# Left and right pages differ, and a chapter's first page has none: so many neighbours are looked at on each side.
NEAR = 4
_EDGE_LINES = 3
_EDGE = 0.2
_SAME_PLACE = 6.0
_DIGITS = re.compile(r"\d+")
_ROMAN = re.compile(r"[\s\-–—\[(]*[ivxlc]{1,7}[\s\-–—\])]*", re.I)
_PAGE_OF = re.compile(r"\W*(?:page|seite|p\.?)\s*\d+(?:\s*(?:of|/|von)\s*\d+)?\W*", re.I)


@dataclass(frozen=True, slots=True)
class Edge:
    """A line at the head or foot of a page, and what of it repeats."""

    line: Line
    words: str
    numbers: tuple[int, ...]
    from_top: bool


def edges(lines: Sequence[Line], bottom: float, top: float) -> list[Edge]:
    """Return the outermost *lines* of a page that goes from *bottom* to *top*, each side from the edge inwards."""
    margin = (top - bottom) * _EDGE
    downwards = sorted(lines, key=lambda line: -line.y)
    heads = [line for line in downwards[:_EDGE_LINES] if line.y > top - margin]
    feet = [line for line in downwards[::-1][:_EDGE_LINES] if line.y < bottom + margin]
    return [*(_edge(line, True) for line in heads), *(_edge(line, False) for line in feet)]


def _edge(line: Line, from_top: bool) -> Edge:
    words = "".join(line.text.casefold().split())
    if _ROMAN.fullmatch(line.text):
        words = "#"
    return Edge(
        line, _DIGITS.sub("#", words), tuple(int(one) for one in _DIGITS.findall(words)[:5] if len(one) < 7), from_top
    )


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
    same = 0
    for away, others in neighbours:
        for other in others:
            if (
                other.words != edge.words
                or other.from_top is not edge.from_top
                or abs(other.line.y - edge.line.y) > _SAME_PLACE
            ):
                continue
            # A number alone that goes on with the pages is one of pages.
            if not any(map(str.isalpha, edge.words)) and [one + away for one in edge.numbers] == list(other.numbers):
                return True
            same += 1
            break
    return same >= 2
