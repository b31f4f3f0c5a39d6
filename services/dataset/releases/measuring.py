"""What is told of the rows of a release: counted from the index and a few narrow columns, no text is read."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from models.contract.answers.releases import (
    Counts,
    ReleaseModel,
    ReleasePrompts,
    ReleaseQuality,
    ReleaseSource,
)
from models.samples.file.row_index import LENGTHS
from models.samples.snapshot import POSITION, Snapshot
from models.samples.statistics import counts
from services.dataset.hub.card_sources import instruments_of
from utils.frames import pl

_COUNTED = ("jurisdiction", "practice_area", "difficulty", "sample_type", "topic")
_NARROW = ("provider", "model", "tokens_used", "judge_score", "prompt_hash")
_MOST_TOPICS = 200


@dataclass(frozen=True)
class Measures:
    """What is known of the rows.

    Attributes:
        batches: Samples by batch.
    """

    counts: dict[str, Counts]
    characters: dict[str, float]
    quality: ReleaseQuality
    models: list[ReleaseModel]
    sources: list[ReleaseSource]
    prompts: ReleasePrompts
    batches: Counts


def measured(
    snapshot: Snapshot, chosen: pl.Series, citations: Mapping[str, int], left_out: Mapping[str, int]
) -> Measures:
    """Measure the samples with the numbers *chosen*; *citations* counts them by verdict, *left_out* what is missing."""
    index = snapshot.index().filter(pl.col(POSITION).is_in(chosen.implode()))
    by_value = {name: dict(found[:_MOST_TOPICS]) for name, found in counts(index, _COUNTED).items()}
    means = index.select(pl.col(f"{name}_chars").mean().alias(name) for name in LENGTHS).collect()
    narrow = snapshot.some(chosen, [name for name in _NARROW if name in snapshot.columns])
    return Measures(
        by_value,
        {name: round(means[name][0] or 0.0, 2) for name in LENGTHS},
        _quality(index, narrow, citations, left_out),
        _models(narrow),
        [
            {"title": title, "version": version, "licence": licence, "url": url, "samples": count}
            for (title, version, licence, url), count in instruments_of(snapshot, chosen).most_common()
        ],
        _prompts(narrow["prompt_hash"]),
        dict(counts(index, ("batch_id",))["batch_id"]),
    )


def _quality(
    index: pl.LazyFrame, narrow: pl.DataFrame, citations: Mapping[str, int], left_out: Mapping[str, int]
) -> ReleaseQuality:
    known = index.select("grounding", "review", "quality_score").collect()
    scores, judged = known["quality_score"].drop_nulls().drop_nans(), narrow["judge_score"].drop_nulls().drop_nans()
    return {
        "mean_score": _mean(scores),
        "scored": len(scores),
        "mean_judge_score": _mean(judged),
        "judged": len(judged),
        "citations": dict(citations),
        "grounding": _by(known["grounding"], "unknown"),
        "reviews": _by(known["review"], "never"),
        "left_out": dict(left_out),
    }


def _mean(values: pl.Series) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None  # type: ignore[arg-type]  # of numbers


def _by(values: pl.Series, nothing: str) -> Counts:
    counted = Counter(dict(values.cast(pl.String()).fill_null(nothing).value_counts().iter_rows()))
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def _models(narrow: pl.DataFrame) -> list[ReleaseModel]:
    grouped = narrow.group_by("provider", "model").agg(pl.len().alias("samples"), pl.col("tokens_used").sum())
    ordered = grouped.sort(["samples", "provider", "model"], descending=[True, False, False])
    return [
        {"provider": provider, "model": model, "samples": samples, "tokens": int(tokens or 0)}
        for provider, model, samples, tokens in ordered.iter_rows()
    ]


def _prompts(hashes: pl.Series) -> ReleasePrompts:
    known = hashes.drop_nulls()
    distinct = known.unique().sort()
    digest = hashlib.sha256("\n".join(distinct).encode()).hexdigest()
    return {"count": len(distinct), "sha256": digest, "without": len(hashes) - len(known)}
