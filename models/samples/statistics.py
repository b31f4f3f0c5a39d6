"""Statistics over samples, from the index of a snapshot: no text is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.contract.answers.statistics import (
    DetailedStats,
    DifficultyBreakdown,
    FieldLengths,
    FieldTokens,
    Summary,
    TokenCounts,
    TokenSum,
)
from models.samples.file.row_index import COUNTED, LENGTHS
from models.samples.sample_query import filtered
from models.samples.snapshot import Snapshot
from utils.frames import pl

_BREAKDOWNS = ("sample_type", "jurisdiction", "provider", "model", "day")
_TOP = 10
_TOKENS = "tokens"
_TOTAL = "total"


@dataclass(frozen=True)
class Present:
    """Counts of samples: by (jurisdiction, topic), by level, by type."""

    topics: Mapping[tuple[str, str], int] = field(default_factory=dict)
    difficulties: Mapping[str, int] = field(default_factory=dict)
    sample_types: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cell:
    """A combination of what a plan chooses, and how many samples have it."""

    jurisdiction: str
    topic: str
    difficulty: str
    sample_type: str
    samples: int


def summarize(snapshot: Snapshot) -> Summary:
    """Return the body of `GET /api/stats` without the file's size; lengths in characters."""
    index = snapshot.index()
    total, lengths, found = _measured(index, ("difficulty", "topic", "sample_type", "jurisdiction", "practice_area"))
    difficulties, topics = found["difficulty"], found["topic"]
    return {
        "total": total,
        "columns": list(snapshot.columns),
        "difficulty_distribution": [{"difficulty": name, "len": n, "count": n} for name, n in difficulties],
        "top_topics": [{"topic": name, "len": n, "count": n} for name, n in topics[:_TOP]],
        "sample_type_distribution": dict(found["sample_type"]),
        "jurisdiction_distribution": dict(found["jurisdiction"]),
        "avg_lengths": lengths,
        "unique_topics": len(topics),
        "total_topics": len(topics),
        "unique_practice_areas": len(found["practice_area"]),
        "total_difficulties": len(difficulties),
    }


def detail(snapshot: Snapshot) -> DetailedStats:
    """Return `stats` of `GET /api/stats/detailed`; lengths in characters."""
    index = snapshot.index()
    total, all_lengths, found = _measured(index, ("topic", "practice_area", *_BREAKDOWNS))
    topics, areas = found["topic"], found["practice_area"]
    return {
        "total_samples": total,
        "difficulty_breakdown": _levels(index),
        "topic_breakdown": [{"topic": name, "len": n, "count": n} for name, n in topics],
        "practice_areas": [{"practice_area": name, "len": n, "count": n} for name, n in areas],
        "sample_type_breakdown": [{"sample_type": name, "count": n} for name, n in found["sample_type"]],
        "jurisdiction_breakdown": [{"jurisdiction": name, "count": n} for name, n in found["jurisdiction"]],
        "provider_breakdown": [{"provider": name, "count": n} for name, n in found["provider"]],
        "model_breakdown": [{"model": name, "count": n} for name, n in found["model"]],
        "day_breakdown": [{"day": name, "count": n} for name, n in found["day"]],
        "avg_lengths": all_lengths,
        "unique_topics": len(topics),
        "unique_practice_areas": len(areas),
    }


def count_tokens(index: pl.DataFrame, encoding: str) -> TokenCounts:
    """Return `stats` of `GET /api/stats/tokens` without costs; every token count must be filled in.

    Args:
        index: The samples, with their tokens by field.
        encoding: Name of the encoding that counted them.
    """
    by_field = {name: int(index[f"{name}_tokens"].sum()) for name in COUNTED}
    total, rows = sum(by_field.values()), index.height
    index = index.with_columns(pl.sum_horizontal(f"{name}_tokens" for name in COUNTED).alias(_TOKENS))
    areas = _sums(index, "practice_area")
    return {
        "total_tokens": total,
        "total_samples": rows,
        "avg_tokens_per_sample": _ratio(total, rows),
        "tokens_by_field": {
            "question": _share(by_field["question"], rows, total),
            "answer": _share(by_field["answer"], rows, total),
            "reasoning": _share(by_field["reasoning"], rows, total),
            "case_citation": _share(by_field["case_citation"], rows, total),
            "topic": _share(by_field["topic"], rows, total),
        },
        "tokens_by_difficulty": _by_value(index, "difficulty"),
        "tokens_by_practice_area": [
            {"practice_area": name, "total_tokens": n, "avg_tokens": _ratio(n, count), "count": count}
            for name, n, count in areas[:_TOP]
        ],
        "tokens_by_sample_type": _by_value(index, "sample_type"),
        "tokens_by_jurisdiction": _by_value(index, "jurisdiction"),
        "tokens_by_provider": _by_value(index, "provider"),
        "tokens_by_model": _by_value(index, "model"),
        "tokens_by_day": _by_value(index, "day"),
        "encoding": encoding,
    }


def present(snapshot: Snapshot, filters: Mapping[str, str]) -> Present:
    """Count the samples that match *filters*, by the attributes that a plan chooses."""
    index = filtered(snapshot.index(), filters).select("jurisdiction", "topic", "difficulty", "sample_type").collect()
    topics = index.group_by("jurisdiction", "topic").len().with_columns(pl.col(pl.Categorical()).cast(pl.String()))
    found = counts(index.lazy(), ("difficulty", "sample_type"))
    return Present(
        topics={(row[0], row[1]): row[2] for row in topics.iter_rows()},
        difficulties=dict(found["difficulty"]),
        sample_types=dict(found["sample_type"]),
    )


def cells(snapshot: Snapshot) -> list[Cell]:
    """Count the samples of each combination of jurisdiction, topic, difficulty and type that occurs."""
    axes = ("jurisdiction", "topic", "difficulty", "sample_type")
    counted = snapshot.index().group_by(axes).len().collect().with_columns(pl.col(axes).cast(pl.String()))
    return [Cell(*row) for row in counted.sort(axes).iter_rows()]


def counts(index: pl.LazyFrame, columns: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
    """Count the values of each of *columns*, most frequent first, ties by name; nulls are left out."""
    counted = index.select(_counted(name) for name in columns).collect()
    return {name: _ordered(counted[name][0]) for name in columns}


def _levels(index: pl.LazyFrame) -> list[DifficultyBreakdown]:
    lengths = (pl.col(f"{name}_chars").mean().round(2) for name in ("question", "answer"))
    levels = index.group_by(pl.col("difficulty").cast(pl.String())).agg(pl.len().alias("count"), *lengths)
    levels = levels.sort(["count", "difficulty"], descending=[True, False])
    return [
        {"difficulty": name, "count": n, "avg_question_length": question, "avg_answer_length": answer}
        for name, n, question, answer in levels.collect().iter_rows()
    ]


def _measured(
    index: pl.LazyFrame, columns: Sequence[str]
) -> tuple[int, FieldLengths, dict[str, list[tuple[str, int]]]]:
    """Return the number of samples, the mean lengths and the counts of *columns*; all in one query."""
    means = (pl.col(f"{name}_chars").mean() for name in LENGTHS)
    found = index.select(pl.len().alias(_TOTAL), *means, *(_counted(name) for name in columns)).collect()
    means_of = {name: round(found[f"{name}_chars"][0] or 0.0, 2) for name in LENGTHS}
    lengths: FieldLengths = {
        "question": means_of["question"],
        "answer": means_of["answer"],
        "reasoning": means_of["reasoning"],
        "case_citation": means_of["case_citation"],
    }
    return found[_TOTAL][0], lengths, {name: _ordered(found[name][0]) for name in columns}


def _counted(column: str) -> pl.Expr:
    return pl.col(column).value_counts(name="n").implode()


def _ordered(counted: pl.Series) -> list[tuple[str, int]]:
    rows = [(name, n) for name, n in (row.values() for row in counted) if name is not None]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def _sums(index: pl.DataFrame, column: str) -> list[tuple[str, int, int]]:
    summed = index.group_by(column).agg(pl.col(_TOKENS).sum(), pl.len().alias("n")).drop_nulls(column)
    summed = summed.with_columns(pl.col(column).cast(pl.String())).sort([_TOKENS, column], descending=[True, False])
    return [(row[0], int(row[1]), row[2]) for row in summed.iter_rows()]


def _by_value(index: pl.DataFrame, column: str) -> dict[str, TokenSum]:
    return {
        name: {"total_tokens": n, "avg_tokens": _ratio(n, count), "sample_count": count}
        for name, n, count in _sums(index, column)
    }


def _share(tokens: int, rows: int, total: int) -> FieldTokens:
    return {"total": tokens, "avg_per_sample": _ratio(tokens, rows), "percentage": _ratio(100 * tokens, total)}


def _ratio(part: int, whole: int) -> float:
    return round(part / whole, 2) if whole else 0.0
