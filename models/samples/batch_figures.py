"""Figures on the stored samples of a batch, from the index and one narrow column: no text is read."""

from __future__ import annotations

from collections.abc import Collection

from models.contract.answers.batch_reports import BatchMade, MadeFigures
from models.samples.sample_query import filtered
from models.samples.snapshot import POSITION, Snapshot
from utils.frames import pl

_JUDGE = "judge_score"


def batch_figures(snapshot: Snapshot, batch_id: str) -> BatchMade:
    """Return what the samples of *batch_id* in *snapshot* are like; zeros and nulls where there are none."""
    wanted = (POSITION, "provider", "model", "topic", "citation_verdict", "quality_score")
    rows = filtered(snapshot.index(), {"batch_id": batch_id}).select(wanted).collect()
    rows = rows.with_columns(pl.col(pl.Categorical()).cast(pl.String())).with_columns(_judged(snapshot, rows))
    models = rows.group_by("provider", "model").len().sort("len", descending=True).select("provider", "model")
    topics = rows.group_by("topic").len().sort(["len", "topic"], descending=[True, False])
    return {
        "all": _figures(rows),
        "models": {
            _target(provider, model): _figures(
                rows.filter(pl.col("provider").eq_missing(provider) & pl.col("model").eq_missing(model))
            )
            for provider, model in models.iter_rows()
        },
        "topics": {topic: count for topic, count in topics.iter_rows() if topic},
    }


def writers(snapshot: Snapshot, batch_ids: Collection[str]) -> dict[str, dict[str, int]]:
    """Count the samples of each of *batch_ids* in *snapshot* by "provider/model", most first."""
    found: dict[str, dict[str, int]] = {name: {} for name in batch_ids}
    key = ("batch_id", "provider", "model")
    rows = snapshot.index().select(key).with_columns(pl.col(pl.Categorical()).cast(pl.String()))
    counted = rows.filter(pl.col("batch_id").is_in(list(batch_ids))).group_by(key).len()
    rows_in_order = counted.sort(["len", *key], descending=[True, False, False, False]).collect()
    for name, provider, model, count in rows_in_order.iter_rows():
        found[name][_target(provider, model)] = count
    return found


def _target(provider: str | None, model: str | None) -> str:
    return f"{provider or 'not known'}/{model or 'not known'}"


def _judged(snapshot: Snapshot, rows: pl.DataFrame) -> pl.Series:
    """Return the judge's score of each of *rows*, null where there is none."""
    if not rows.height or _JUDGE not in snapshot.columns:
        return pl.Series(_JUDGE, [None] * rows.height, dtype=pl.Float64())
    column = pl.concat([piece[_JUDGE].cast(pl.Float64()) for piece in snapshot.narrow([_JUDGE])])
    return column[rows[POSITION].to_list()]


def _figures(rows: pl.DataFrame) -> MadeFigures:
    verdicts = dict(rows.group_by("citation_verdict").len().iter_rows())
    return {
        "samples": rows.height,
        "citations": {
            name: int(verdicts.get(None if name == "unchecked" else name, 0))
            for name in ("verified", "unverified", "invalid", "none", "unchecked")
        },
        "quality_mean": _mean(rows["quality_score"]),
        "judged": rows.height - rows[_JUDGE].null_count(),
        "judge_mean": _mean(rows[_JUDGE]),
    }


def _mean(column: pl.Series) -> float | None:
    mean = column.drop_nulls().cast(pl.Float64()).mean()
    return round(mean, 4) if isinstance(mean, float) else None
