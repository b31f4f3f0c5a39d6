"""Charts as shapes: where each bar and tick stands. Templates draw them; nothing here knows SVG."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, floor, log10

from web.formats import number

WIDTH, HEIGHT = 640, 180
_LEFT, _BOTTOM, _TOP = 52, 22, 8
_GAP = 0.25
_TICKS = 4
# Colours that can be told apart; all further series share the last.
MOST_SERIES = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle in units of the chart's box; *series* is its colour, *told* what it stands for."""

    x: float
    y: float
    width: float
    height: float
    series: int
    told: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, and what stands there."""

    place: float
    label: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars over a row of days, stacked by series."""

    bars: Sequence[Bar]
    levels: Sequence[Tick]
    days: Sequence[Tick]
    series: Sequence[str]
    left: float = _LEFT
    right: float = WIDTH
    floor: float = HEIGHT - _BOTTOM


def last_days(today: date, count: int) -> list[str]:
    """Return the *count* days that end with *today*, as 2026-11-29."""
    return [(today - timedelta(days=back)).isoformat() for back in reversed(range(count))]


def by_day(
    days: Sequence[str],
    values: Mapping[str, Mapping[str, float]],
    series: Sequence[str],
    shown: Callable[[float], str] = number,
    smallest_step: float = 1.0,
) -> BarChart:
    """Lay out a bar for each of *days*: *values* by day and series, *series* from the bottom up.

    *shown* writes a value, *smallest_step* is the least between two levels (1 for counts, 0 for any).
    """
    highest = max((sum(values.get(day, {}).values()) for day in days), default=0.0)
    top, steps = _scale(highest, smallest_step)
    room = HEIGHT - _BOTTOM - _TOP
    step = (WIDTH - _LEFT) / max(len(days), 1)
    bars = []
    for place, day in enumerate(days):
        below = 0.0
        for place_of_series, name in enumerate(series):
            value = values.get(day, {}).get(name, 0.0)
            if value <= 0:
                continue
            height = value / top * room
            x, y = _LEFT + (place + _GAP / 2) * step, HEIGHT - _BOTTOM - below - height
            told = f"{day}: {shown(value)}" + (f" {name}" if name else "")
            bars.append(Bar(_round(x), _round(y), _round(step * (1 - _GAP)), _round(height), place_of_series, told))
            below += height
    levels = [Tick(_round(HEIGHT - _BOTTOM - level / top * room), shown(level)) for level in steps]
    told_days = range(0, len(days), max(1, len(days) // 6))
    marks = [Tick(_round(_LEFT + (place + 0.5) * step), _short(days[place])) for place in told_days]
    return BarChart(bars, levels, marks, series)


def largest(totals: Mapping[str, float], most: int = MOST_SERIES) -> list[str]:
    """Return the *most* largest names of *totals*, largest first; ties by name."""
    return sorted(totals, key=lambda name: (-totals[name], name))[:most]


def heat_level(count: int, highest: int) -> int:
    """Return how warm a cell is: 0 for nothing, 1 to 4 by its share of the highest."""
    return 0 if count <= 0 or highest <= 0 else min(4, 1 + floor(count / highest * 3.999))


def _scale(highest: float, smallest_step: float) -> tuple[float, list[float]]:
    """Return the top of an axis that holds *highest*, and its levels, in round numbers."""
    if highest <= 0:
        return 1.0, [0.0, 1.0]
    rough = highest / _TICKS
    power = 10.0 ** floor(log10(rough))
    least = rough * (1 - 1e-9)  # a third of 0.3 is a little more than 0.1
    step = max(smallest_step, next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least))
    count = ceil(highest / step - 1e-9)
    return step * count, [step * place for place in range(count + 1)]


def _short(day: str) -> str:
    read = date.fromisoformat(day)
    return f"{read.day} {read:%b}"


def _round(value: float) -> float:
    return round(value, 1)
