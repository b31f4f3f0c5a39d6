"""Statistics over samples, as one pass of Polars over a lazy frame."""

from typing import Any

import polars as pl

from models.schemas import COLUMNS

_LENGTHS = ("question", "answer", "reasoning", "case_citation")


def practice_area() -> pl.Expr:
    """The text before the first " - " of the topic."""
    return pl.col("topic").str.splitn(" - ", 2).struct.field("field_0")


def summarize(rows: pl.LazyFrame) -> dict[str, Any]:
    """Return the body of `GET /api/stats` but for the file's size; lengths in characters."""
    names = rows.collect_schema().names()
    narrow = rows.select(
        "topic",
        "difficulty",
        "sample_type",
        "jurisdiction",
        practice_area().alias("practice_area"),
        *(pl.col(name).str.len_chars().alias(f"{name}_chars") for name in _LENGTHS),
    ).collect()
    difficulties = _counts(narrow, "difficulty")
    topics = _counts(narrow, "topic")
    return {
        "total": len(narrow),
        "columns": [name for name in names if name in COLUMNS] + [name for name in names if name not in COLUMNS],
        "difficulty_distribution": [{"difficulty": name, "len": n, "count": n} for name, n in difficulties],
        "top_topics": [{"topic": name, "len": n, "count": n} for name, n in topics[:10]],
        "sample_type_distribution": dict(_counts(narrow, "sample_type")),
        "jurisdiction_distribution": dict(_counts(narrow, "jurisdiction")),
        "avg_lengths": {name: _mean(narrow, f"{name}_chars") for name in _LENGTHS},
        "unique_topics": len(topics),
        "total_topics": len(topics),
        "unique_practice_areas": narrow["practice_area"].n_unique(),
        "total_difficulties": len(difficulties),
    }


def _counts(frame: pl.DataFrame, column: str) -> list[tuple[str, int]]:
    """Count the values of *column*, most frequent first, ties by name."""
    counted = frame.group_by(column).len().sort(["len", column], descending=[True, False])
    return [(row[0], row[1]) for row in counted.iter_rows()]


def _mean(frame: pl.DataFrame, column: str) -> float:
    mean = frame[column].mean()
    return round(float(mean), 2) if isinstance(mean, int | float) else 0.0
