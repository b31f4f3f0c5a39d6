"""Statistics over samples, from the index of a snapshot: no text is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from models.row_index import COUNTED, LENGTHS
from models.sample_query import filtered
from models.snapshot import Snapshot

_BREAKDOWNS = ("sample_type", "jurisdiction", "provider", "model", "day")
_TOP = 10
_TOKENS = "tokens"


@dataclass(frozen=True)
class Present:
    """How many samples there are: by (jurisdiction, topic), by level, by type."""

    topics: Mapping[tuple[str, str], int] = field(default_factory=dict)
    difficulties: Mapping[str, int] = field(default_factory=dict)
    sample_types: Mapping[str, int] = field(default_factory=dict)


def summarize(snapshot: Snapshot) -> dict[str, Any]:
    """Return the body of `GET /api/stats` but for the file's size; lengths in characters."""
    index = snapshot.index().collect()
    difficulties, topics = counts(index, "difficulty"), counts(index, "topic")
    return {
        "total": index.height,
        "columns": list(snapshot.columns),
        "difficulty_distribution": [{"difficulty": name, "len": n, "count": n} for name, n in difficulties],
        "top_topics": [{"topic": name, "len": n, "count": n} for name, n in topics[:_TOP]],
        "sample_type_distribution": dict(counts(index, "sample_type")),
        "jurisdiction_distribution": dict(counts(index, "jurisdiction")),
        "avg_lengths": _lengths(index),
        "unique_topics": len(topics),
        "total_topics": len(topics),
        "unique_practice_areas": len(counts(index, "practice_area")),
        "total_difficulties": len(difficulties),
    }


def detail(snapshot: Snapshot) -> dict[str, Any]:
    """Return `stats` of `GET /api/stats/detailed`; lengths in characters."""
    index = snapshot.index().collect()
    topics, areas = counts(index, "topic"), counts(index, "practice_area")
    lengths = (pl.col(f"{name}_chars").mean().round(2).alias(f"avg_{name}_length") for name in ("question", "answer"))
    levels = index.group_by(pl.col("difficulty").cast(pl.String())).agg(pl.len().alias("count"), *lengths)
    return {
        "total_samples": index.height,
        "difficulty_breakdown": levels.sort(["count", "difficulty"], descending=[True, False]).to_dicts(),
        "topic_breakdown": [{"topic": name, "len": n, "count": n} for name, n in topics],
        "practice_areas": [{"practice_area": name, "len": n, "count": n} for name, n in areas],
        **{
            f"{name}_breakdown": [{name: value, "count": n} for value, n in counts(index, name)] for name in _BREAKDOWNS
        },
        "avg_lengths": _lengths(index),
        "unique_topics": len(topics),
        "unique_practice_areas": len(areas),
    }


def count_tokens(index: pl.DataFrame) -> dict[str, Any]:
    """Return `stats` of `GET /api/stats/tokens` but for costs and encoding; every token count must be filled in."""
    by_field = {name: int(index[f"{name}_tokens"].sum()) for name in COUNTED}
    total, rows = sum(by_field.values()), index.height
    index = index.with_columns(pl.sum_horizontal(f"{name}_tokens" for name in COUNTED).alias(_TOKENS))
    levels, areas = _sums(index, "difficulty"), _sums(index, "practice_area")
    return {
        "total_tokens": total,
        "total_samples": rows,
        "avg_tokens_per_sample": _ratio(total, rows),
        "tokens_by_field": {
            name: {"total": n, "avg_per_sample": _ratio(n, rows), "percentage": _ratio(100 * n, total)}
            for name, n in by_field.items()
        },
        "tokens_by_difficulty": {
            name: {"total_tokens": n, "avg_tokens": _ratio(n, count), "sample_count": count}
            for name, n, count in levels
        },
        "tokens_by_practice_area": [
            {"practice_area": name, "total_tokens": n, "avg_tokens": _ratio(n, count), "count": count}
            for name, n, count in areas[:_TOP]
        ],
        **{
            f"tokens_by_{column}": {
                name: {"total_tokens": n, "avg_tokens": _ratio(n, count), "sample_count": count}
                for name, n, count in _sums(index, column)
            }
            for column in _BREAKDOWNS
        },
    }


def present(snapshot: Snapshot, filters: Mapping[str, str]) -> Present:
    """Count the samples that match *filters* by what a plan chooses."""
    index = filtered(snapshot.index(), filters).select("jurisdiction", "topic", "difficulty", "sample_type").collect()
    topics = index.group_by("jurisdiction", "topic").len().with_columns(pl.col(pl.Categorical()).cast(pl.String()))
    return Present(
        topics={(row[0], row[1]): row[2] for row in topics.iter_rows()},
        difficulties=dict(counts(index, "difficulty")),
        sample_types=dict(counts(index, "sample_type")),
    )


def counts(index: pl.DataFrame, column: str) -> list[tuple[str, int]]:
    """Count the values of *column*, most frequent first, ties by name; nulls are left out."""
    counted = index[column].value_counts(name="n").drop_nulls(column).with_columns(pl.col(column).cast(pl.String()))
    return [(row[0], row[1]) for row in counted.sort(["n", column], descending=[True, False]).iter_rows()]


def _sums(index: pl.DataFrame, column: str) -> list[tuple[str, int, int]]:
    summed = index.group_by(column).agg(pl.col(_TOKENS).sum(), pl.len().alias("n")).drop_nulls(column)
    summed = summed.with_columns(pl.col(column).cast(pl.String())).sort([_TOKENS, column], descending=[True, False])
    return [(row[0], int(row[1]), row[2]) for row in summed.iter_rows()]


def _lengths(index: pl.DataFrame) -> dict[str, float]:
    means = {name: index[f"{name}_chars"].mean() for name in LENGTHS}
    return {name: round(float(mean), 2) if isinstance(mean, int | float) else 0.0 for name, mean in means.items()}


def _ratio(part: int, whole: int) -> float:
    return round(part / whole, 2) if whole else 0.0
