"""The rows of the index that a part of a query names; values are compared, never spelt out."""

from __future__ import annotations

import re

from models.samples.snapshot import POSITION, Snapshot
from services.assistant.dataset_queries.queries import Part
from services.quality.citation_audit import COLUMN, NOTHING, Verdicts
from utils.frames import pl


def chosen(snapshot: Snapshot, part: Part, verdicts: Verdicts) -> pl.DataFrame:
    """Return the index of the samples of *part*, with their verdicts where those are asked for.

    Raises:
        UnavailableError: verdicts are asked for, and too many samples are not checked yet.
    """
    found = _matching(snapshot, part).collect()
    wanted = NOTHING if part.lacks == "authority" else part.verdict
    if not wanted:
        return found
    states = verdicts.verdicts(snapshot).filter(pl.col(COLUMN) == wanted)[POSITION]
    return found.filter(pl.col(POSITION).is_in(states.cast(found[POSITION].dtype).implode()))


def _matching(snapshot: Snapshot, part: Part) -> pl.LazyFrame:
    index = _with_values(snapshot.index(), part)
    if part.about:
        topics = pl.col("topic").cast(pl.String()).str.to_lowercase()
        index = index.filter(pl.any_horizontal([_is_about(topics, phrase) for phrase in part.about]))
    if part.min_score is not None:
        index = index.filter(pl.col("quality_score") >= part.min_score)
    if part.max_score is not None:
        index = index.filter(pl.col("quality_score") <= part.max_score)
    if part.review:
        index = index.filter(_reviewed(part.review))
    if part.lacks == "reasoning":
        index = index.filter(pl.col("reasoning_chars") == 0)
    if part.lacks == "grounding":
        grounding = pl.col("grounding").cast(pl.String())
        index = index.filter(grounding.is_null() | (grounding == "none"))
    return index


def _with_values(index: pl.LazyFrame, part: Part) -> pl.LazyFrame:
    for name, values in part.values.items():
        index = index.filter(pl.col(name).cast(pl.String()).is_in(list(values)))
    for name, values in part.excluded.items():
        index = index.filter(pl.col(name).cast(pl.String()).is_in(list(values)).not_().fill_null(value=True))
    return index


def _reviewed(review: str) -> pl.Expr:
    decided = pl.col("review").cast(pl.String())
    return decided.is_null() if review == "unreviewed" else decided == review


def _is_about(topics: pl.Expr, phrase: str) -> pl.Expr:
    return pl.all_horizontal([topics.str.contains(rf"(?:^|[^a-z0-9]){re.escape(word)}") for word in phrase.split()])
