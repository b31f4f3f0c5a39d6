"""How samples spread over topics and difficulties: the rows of the heat map, and the thinnest cells."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.samples.statistics import Cell
from web.parts.charts import heat_level

_SPLIT = " - "


@dataclass(frozen=True, slots=True)
class Square:
    """A cell of the heat map: samples, how warm (0 to 4), and whether it is thin beside the others."""

    difficulty: str
    samples: int
    level: int
    is_thin: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the heat map: a practice area, or within one a topic, with the name that filters take."""

    name: str
    topic: str
    jurisdiction: str
    squares: Sequence[Square]
    total: int


@dataclass(frozen=True, slots=True)
class Balance:
    """The heat map, and the combinations with fewest samples, fewest first."""

    lines: Sequence[Line]
    thinnest: Sequence[Cell]
    total: int


def balance_of(
    cells: Sequence[Cell],
    difficulties: Sequence[str],
    chosen: Mapping[str, str],
    most_thin: int,
    unplanned: Sequence[str] = (),
) -> Balance:
    """Spread *cells* over rows and *difficulties*.

    Args:
        cells: What occurs, with counts.
        difficulties: The columns, in order.
        chosen: Of `area`, `sample_type` and `jurisdiction` the one wanted; "" for all. With an area, its topics are the
            rows.
        most_thin: How many of the thinnest are wanted.
        unplanned: The difficulties of which nobody expects any, so that none of them is thin.
    """
    area = chosen.get("area", "")
    wanted = [cell for cell in cells if _is_wanted(cell, chosen)]
    rows: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for cell in wanted:
        name, _, rest = cell.topic.partition(_SPLIT)
        key = (rest or cell.topic, cell.topic, cell.jurisdiction) if area else (name, "", "")
        rows[key][cell.difficulty] += cell.samples
    highest = max((count for row in rows.values() for count in row.values()), default=0)
    # Thin is a difficulty with less than a quarter of what an even spread would give it.
    planned = [level for level in difficulties if level not in unplanned]
    even = sum(row[level] for row in rows.values() for level in planned) / max(len(rows) * len(planned), 1)
    lines = [
        Line(
            *key,
            [_square(level, row[level], highest, even if level in planned else 0.0) for level in difficulties],
            row.total(),
        )
        for key, row in sorted(rows.items(), key=lambda item: (-item[1].total(), item[0]))
    ]
    thinnest = sorted(wanted, key=lambda cell: (cell.samples, cell.topic, cell.difficulty, cell.sample_type))[
        :most_thin
    ]
    return Balance(lines, thinnest, sum(line.total for line in lines))


def _is_wanted(cell: Cell, chosen: Mapping[str, str]) -> bool:
    area = chosen.get("area", "")
    return (
        (not area or cell.topic.partition(_SPLIT)[0] == area)
        and chosen.get("sample_type", "") in ("", cell.sample_type)
        and chosen.get("jurisdiction", "") in ("", cell.jurisdiction)
    )


def _square(difficulty: str, samples: int, highest: int, even: float) -> Square:
    return Square(difficulty, samples, heat_level(samples, highest), samples < even / 4)
