"""What is known of who wrote each sample and how good it is: the index, and some narrow columns; no text is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from models.samples.sample_query import filtered
from models.samples.snapshot import POSITION, Snapshot
from utils.frames import pl

_INDEXED = ("id", "provider", "model", "batch_id", "grounding", "review", "quality_score")


def scored(snapshot: Snapshot, filters: Mapping[str, str], batches: Collection[str], since: str) -> pl.DataFrame:
    """Return the samples that match, a row each.

    Args:
        snapshot: The data set.
        filters: Exact values by column.
        batches: Ids of the batches that made them; none for all samples.
        since: The day (2026-11-21) from which on they were made; "" for the beginning.

    Returns:
        `position`, `id`, `provider`, `model`, `batch_id`, `grounding`, `review`, `quality_score`, `judge_score`,
        `judge` ("provider/model" of who scored it) and `tokens_used`; null where something is not known.
    """
    wanted = filtered(snapshot.index(), filters)
    if since:
        wanted = wanted.filter(pl.col("created_at") >= since)
    if batches:
        wanted = wanted.filter(pl.col("batch_id").cast(pl.String()).is_in(list(batches)))
    rows = wanted.select(POSITION, *_INDEXED).collect()
    rows = rows.with_columns(pl.col(pl.Categorical()).cast(pl.String()))
    score = _narrow(snapshot, rows, "judge_score", pl.Float64())
    is_judged = score.null_count() < rows.height
    said = _narrow(snapshot, rows, "judgement", pl.String()) if is_judged else score.cast(pl.String())
    tokens = _narrow(snapshot, rows, "tokens_used", pl.Float64())
    return rows.with_columns(score, tokens, said.str.json_path_match("$.judge").alias("judge"))


def _narrow(snapshot: Snapshot, rows: pl.DataFrame, name: str, kind: pl.DataType) -> pl.Series:
    """Return a column of *rows* that the index does not hold; nulls where the data set has none."""
    if not rows.height or name not in snapshot.columns:
        return pl.Series(name, [None] * rows.height, dtype=kind)
    column = pl.concat([piece[name].cast(kind) for piece in snapshot.narrow([name])])
    return column[rows[POSITION].to_list()]
