"""Statistics over samples, from the index of a snapshot: no text is read."""

from typing import Any

import polars as pl

from models.row_index import LENGTHS
from models.snapshot import Snapshot


def summarize(snapshot: Snapshot) -> dict[str, Any]:
    """Return the body of `GET /api/stats` but for the file's size; lengths in characters."""
    index = snapshot.index().collect()
    difficulties, topics = counts(index, "difficulty"), counts(index, "topic")
    return {
        "total": index.height,
        "columns": list(snapshot.columns),
        "difficulty_distribution": [{"difficulty": name, "len": n, "count": n} for name, n in difficulties],
        "top_topics": [{"topic": name, "len": n, "count": n} for name, n in topics[:10]],
        "sample_type_distribution": dict(counts(index, "sample_type")),
        "jurisdiction_distribution": dict(counts(index, "jurisdiction")),
        "avg_lengths": {name: mean(index[f"{name}_chars"]) for name in LENGTHS},
        "unique_topics": len(topics),
        "total_topics": len(topics),
        "unique_practice_areas": len(counts(index, "practice_area")),
        "total_difficulties": len(difficulties),
    }


def counts(index: pl.DataFrame, column: str) -> list[tuple[str, int]]:
    """Count the values of *column*, most frequent first, ties by name; nulls are left out."""
    counted = index[column].value_counts(name="n").drop_nulls(column).with_columns(pl.col(column).cast(pl.String()))
    return [(row[0], row[1]) for row in counted.sort(["n", column], descending=[True, False]).iter_rows()]


def mean(values: pl.Series) -> float:
    """Return the mean to two places; 0.0 of nothing."""
    found = values.mean()
    return round(float(found), 2) if isinstance(found, int | float) else 0.0
