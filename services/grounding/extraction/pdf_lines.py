"""Lines of a page of a PDF, in the order in which it is read.

Glyphs become stretches (one baseline, no wide gap), stretches become lines, column by column. Lengths are in points;
coordinates are those of a reader who holds the page so that most of its text is upright: x to the right, y upwards.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from services.grounding.extraction.texts import HYPHENS, is_mark, raised

# A gap of so many times the size of the type ends a stretch; spaces of justified lines stay below.
_WIDE_GAP = 1.6
_BIN = 2.0
_GUTTER = 8.0
_CROSSING = 0.25
_PROSE_ROWS, _PROSE_CHARS, _PROSE_FILL, _PROSE_SHARE = 5, 18, 0.6, 0.2
_NUMBER = re.compile(r"[\[(]?(?:\d{1,4}[A-Za-z]?|[A-Za-z]|[ivxlcIVXLC]{1,6})[\])]?(?:[.)]?\d*)*|[•▪●■◦·–—*§-]")
_MARK = re.compile(r"\d{1,3}(?:\s*,\s*\d{1,3})*")


@dataclass(slots=True)
class Stretch:
    """Glyphs one after another on one baseline.

    Attributes:
        y: Its baseline.
        size: Of its type.
        is_spaced: A space stands before it.
        turn: Quarter turns of its direction against the page, anticlockwise; None for one that is slanted.
    """

    text: str
    x0: float
    x1: float
    y: float
    size: float
    is_bold: bool = False
    is_spaced: bool = False
    turn: int | None = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it is read.

    Attributes:
        region: Counts the blocks of columns on the page.
        cells: How many pieces of it stand wide apart, as in a table; a number before the text is none.
        is_numbered: A number stands apart before its text.
    """

    text: str
    x0: float
    x1: float
    y: float
    size: float
    is_bold: bool = False
    region: int = 0
    cells: int = 1
    is_numbered: bool = False


@dataclass(frozen=True, slots=True)
class Margin:
    """Numbers that stand in a margin like those of lines: 1 to 28 of a pleading, 5, 10, 15 of a bill.

    Attributes:
        has_empty: One stands beside no text, so that they number lines and no items of a list.
    """

    first: int
    step: int
    numbers: tuple[int, ...]
    has_empty: bool

    def is_like(self, other: "Margin | None") -> bool:
        """Say whether *other*, of another page, begins anew in the same way: a list would go on."""
        return other is not None and (self.first, self.step) == (other.first, other.step)


def lines_of(stretches: list[Stretch], dropped: Margin | None = None) -> list[Line]:
    """Return the lines of a page without the *dropped* numbers; turned text (stamps in the margin) comes last."""
    upright, turned = _by_turn(stretches)
    numbers = frozenset(dropped.numbers if dropped else ())
    regions = [*_columns(_with_marks([one for one in upright if id(one) not in numbers])), *turned]
    return [replace(line, region=number) for number, region in enumerate(regions) for line in _rows(region)]


def _by_turn(stretches: list[Stretch]) -> tuple[list[Stretch], list[list[Stretch]]]:
    weights: Counter[int | None] = Counter()
    for stretch in stretches:
        weights[stretch.turn] += len(stretch.text)
    if not weights:
        return [], []
    main = weights.most_common(1)[0][0]
    others: dict[int | None, list[Stretch]] = {}
    for stretch in stretches:
        if stretch.turn != main:
            others.setdefault(stretch.turn, []).append(stretch)
    return [stretch for stretch in stretches if stretch.turn == main], list(others.values())


def margin_of(stretches: list[Stretch]) -> Margin | None:
    """Return the numbers in a margin of a page that may count its lines; None where there are none."""
    upright, _ = _by_turn(stretches)
    numbers = [one for one in upright if one.text.isascii() and one.text.isdigit() and len(one.text) < 4]
    others = [one for one in upright if not one.text.isdigit()]
    if len(numbers) < 4 or not others:
        return None
    left, right = _margins(others)
    for aside in ([one for one in numbers if one.x1 <= left], [one for one in numbers if one.x0 >= right]):
        if step := _step(aside):
            empty = any(all(abs(one.y - other.y) > 0.5 * one.size for other in others) for one in aside)
            return Margin(min(int(one.text) for one in aside), step, tuple(map(id, aside)), empty)
    return None


def _margins(stretches: list[Stretch]) -> tuple[float, float]:
    """Return between which x nearly all text lies."""
    lefts, rights = sorted(one.x0 for one in stretches), sorted(one.x1 for one in stretches)
    few = len(stretches) // 20
    return lefts[few] + 0.5, rights[-1 - few] - 0.5


def _step(numbers: list[Stretch]) -> int:
    """Return by how much *numbers* go up from line to line of a margin, at equal distances; 0 where they do not."""
    if len(numbers) < 4:
        return 0
    downwards = sorted(numbers, key=lambda one: -one.y)
    values = [int(one.text) for one in downwards]
    steps = {after - before for before, after in pairwise(values)}
    if steps not in ({1}, {5}) or values[0] > 5 or (steps == {1} and len(values) < 10):
        return 0
    gaps = [before.y - after.y for before, after in pairwise(downwards)]
    return steps.pop() if max(gaps) < 1.3 * min(gaps) else 0


def _with_marks(stretches: list[Stretch]) -> list[Stretch]:
    """Return *stretches* with small digits that stand above a line, and touch its text, as marks of notes in it."""
    hosts = sorted((one for one in stretches if not _MARK.fullmatch(one.text)), key=lambda one: one.y)
    baselines = [one.y for one in hosts]
    marked: list[Stretch] = []
    for stretch in stretches:
        if _MARK.fullmatch(stretch.text):
            below = hosts[bisect_left(baselines, stretch.y - 2 * stretch.size) : bisect_left(baselines, stretch.y)]
            host = next((one for one in below if _carries(one, stretch)), None)
            if host is not None:
                stretch = replace(stretch, text=raised(stretch.text), y=host.y, is_bold=host.is_bold)  # noqa: PLW2901
        marked.append(stretch)
    return marked


def _carries(host: Stretch, mark: Stretch) -> bool:
    """Say whether *mark* is raised on the line of *host*, right behind it or right before it."""
    is_raised = 0.1 * host.size < mark.y - host.y < 0.85 * host.size and mark.size < 0.87 * host.size
    return is_raised and (abs(mark.x0 - host.x1) < 0.4 * host.size or abs(host.x0 - mark.x1) < 0.8 * host.size)


def _columns(stretches: list[Stretch]) -> list[list[Stretch]]:
    """Return *stretches* by blocks in the order of reading: columns between what goes over all of them."""
    gutter = _gutter(stretches)
    if gutter is None:
        return [stretches] if stretches else []
    start, end = gutter
    regions: list[list[Stretch]] = []
    left: list[Stretch] = []
    right: list[Stretch] = []
    across: list[Stretch] = []

    def finish(band: Iterable[list[Stretch]]) -> None:
        for side in band:
            regions.extend(_columns(side))

    for stretch in sorted(stretches, key=lambda one: (-round(one.y, 1), one.x0)):
        if stretch.x0 < start and stretch.x1 > end:
            finish((left, right))
            left, right = [], []
            across.append(stretch)
            continue
        if across:
            if abs(across[-1].y - stretch.y) < 0.5 * stretch.size:
                across.append(stretch)
                continue
            regions.append(across)
            across = []
        (left if stretch.x1 <= (start + end) / 2 else right).append(stretch)
    finish((left, right))
    return [*regions, across] if across else regions


def _gutter(stretches: list[Stretch]) -> tuple[float, float] | None:
    """Return from where to where a gap goes down between two columns of prose; None where there is none."""
    if len(stretches) < 2 * _PROSE_ROWS:
        return None
    first, last = min(one.x0 for one in stretches), max(one.x1 for one in stretches)
    cover = _cover(stretches, first, last)
    limit = _CROSSING * max(cover)
    valleys: list[tuple[float, float]] = []
    begun: int | None = None
    for place, count in enumerate([*cover, len(stretches) + 1]):
        if count <= limit:
            begun = place if begun is None else begun
        elif begun is not None:
            valleys.append((first + begun * _BIN, first + place * _BIN))
            begun = None
    wide = sorted((one for one in valleys if one[1] - one[0] >= _GUTTER), key=lambda one: one[0] - one[1])
    return next((one for one in wide if _parts_prose(stretches, one, last - first)), None)


def _cover(stretches: list[Stretch], first: float, last: float) -> list[int]:
    """Return how many stretches lie over each strip of the page."""
    changes = [0] * (int((last - first) / _BIN) + 3)
    for stretch in stretches:
        changes[int((stretch.x0 - first) / _BIN)] += 1
        changes[int((stretch.x1 - first) / _BIN) + 1] -= 1
    cover, count = [], 0
    for change in changes[:-1]:
        count += change
        cover.append(count)
    return cover


def _parts_prose(stretches: list[Stretch], gutter: tuple[float, float], width: float) -> bool:
    """Say whether full lines of prose stand side by side on both sides of the *gutter*; a table's cells do not."""
    start, end = gutter
    middle = (start + end) / 2
    sides = (
        [one for one in stretches if one.x1 <= middle],
        [one for one in stretches if one.x0 >= middle],
    )
    if not all(_is_prose(side, width) for side in sides):
        return False
    (top, bottom), (other_top, other_bottom) = (
        (max(one.y for one in side), min(one.y for one in side)) for side in sides
    )
    shared = min(top, other_top) - max(bottom, other_bottom)
    return shared > 0.4 * min(top - bottom, other_top - other_bottom)


def _is_prose(side: list[Stretch], width: float) -> bool:
    rows: dict[int, list[Stretch]] = {}
    for stretch in side:
        rows.setdefault(round(stretch.y / 3), []).append(stretch)
    if len(rows) < _PROSE_ROWS:
        return False
    column = max(one.x1 for one in side) - min(one.x0 for one in side)
    extents = [max(one.x1 for one in row) - min(one.x0 for one in row) for row in rows.values()]
    chars = sum(len(one.text) for one in side) / len(rows)
    return column >= _PROSE_SHARE * width and median(extents) >= _PROSE_FILL * column and chars >= _PROSE_CHARS


def _rows(region: list[Stretch]) -> list[Line]:
    """Return the lines of a *region*, from top to bottom."""
    rows: list[list[Stretch]] = []
    base = size = 0.0
    for stretch in sorted(region, key=lambda one: -one.y):
        if (
            rows
            and base - stretch.y < 0.5 * max(size, stretch.size)
            and stretch.y - base < 0.5 * max(size, stretch.size)
        ):
            rows[-1].append(stretch)
            if stretch.size > size * 1.05:
                base, size = stretch.y, stretch.size
        else:
            rows.append([stretch])
            base, size = stretch.y, stretch.size
    return [_line(sorted(row, key=lambda one: one.x0)) for row in rows]


def _line(row: list[Stretch]) -> Line:
    main = max(row, key=lambda one: len(one.text) * one.size)
    text, end, cells, is_numbered = "", row[0].x0, 1, False
    for place, stretch in enumerate(row):
        gap = stretch.x0 - end
        if text and text[-1] in HYPHENS:
            text = text[:-1] + "-"
        if text and gap > 0.8 * main.size and place == 1 and _NUMBER.fullmatch(text):
            is_numbered = True
        elif text and gap > _WIDE_GAP * main.size:
            cells += 1
        is_apart = stretch.is_spaced or gap > 0.2 * main.size
        text += f" {stretch.text}" if text and is_apart and not is_mark(stretch.text) else stretch.text
        end = max(end, stretch.x1)
    is_bold = main.is_bold and all(one.is_bold for one in row if len(one.text) > 1)
    return Line(text, row[0].x0, end, main.y, main.size, is_bold, 0, cells, is_numbered)
