"""How two releases differ: by row and by measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from models.contract.answers.releases import ChangedRow, ReleaseDiff, ReleaseFacts, ReleaseQuality, ReleaseSide
from services.dataset.releases.row_hashes import HASHED
from utils.frames import pl

NOW = "now"
# Returns the rows with these ids, with the columns `id` and `HASHED`.
Rows: TypeAlias = "Callable[[Sequence[str]], pl.DataFrame]"
_GOOD = {"citations": "verified", "grounding": "grounded", "reviews": "accepted"}


def side_of(
    release_id: str, samples: int, content_hash: str, quality: ReleaseQuality, characters: dict[str, float]
) -> ReleaseSide:
    """Return what is compared of a release: figures of which each means the same on both sides."""
    measures: dict[str, float | None] = {
        "samples": float(samples),
        "mean_score": quality["mean_score"],
        "mean_judge_score": quality["mean_judge_score"],
    }
    by_kind = {"citations": quality["citations"], "grounding": quality["grounding"], "reviews": quality["reviews"]}
    for kind, value in _GOOD.items():
        measures[f"{value}_share"] = round(by_kind[kind].get(value, 0) / samples, 4) if samples else None
    measures["invalid_citations"] = float(by_kind["citations"].get("invalid", 0))
    for name, mean in characters.items():
        measures[f"{name}_chars"] = mean
    return {"id": release_id, "samples": samples, "content_hash": content_hash, "measures": measures}


def side_of_release(facts: ReleaseFacts) -> ReleaseSide:
    """Return what is compared of a release that is kept."""
    return side_of(facts["id"], facts["samples"], facts["content_hash"], facts["quality"], facts["characters"])


def compared(  # both sides, three things of each
    before: ReleaseSide,
    after: ReleaseSide,
    old: pl.DataFrame,
    new: pl.DataFrame,
    read: tuple[Rows, Rows],
    limit: int,
) -> ReleaseDiff:
    """Compare two releases.

    Args:
        before: One side.
        after: The other.
        old: Id, split and hash of the rows of *before*.
        new: Those of *after*.
        read: Reads rows of either side, to say which columns differ.
        limit: How many rows are named of each kind.
    """
    both = old.join(new, on="id", how="full", suffix="_new", coalesce=True).sort("id")
    added, removed = both.filter(pl.col("hash").is_null()), both.filter(pl.col("hash_new").is_null())
    kept = both.filter(pl.col("hash").is_not_null() & pl.col("hash_new").is_not_null())
    differs, moves = pl.col("hash") != pl.col("hash_new"), pl.col("split") != pl.col("split_new")
    changed, moved = kept.filter(differs), kept.filter(~differs & moves)
    named = pl.concat([changed, moved]).sort("id").head(limit)
    return {
        "before": before,
        "after": after,
        "added": added.height,
        "removed": removed.height,
        "changed": changed.height,
        "moved": moved.height,
        "same": kept.height - changed.height - moved.height,
        "added_ids": added["id"].head(limit).to_list(),
        "removed_ids": removed["id"].head(limit).to_list(),
        "changed_rows": list(_named(named, *read)),
        "measures": _differences(before, after),
    }


def _named(rows: pl.DataFrame, old: Rows, new: Rows) -> Iterator[ChangedRow]:
    differing = rows.filter(pl.col("hash") != pl.col("hash_new"))["id"].to_list()
    texts = [
        {str(row["id"]): row for row in read(differing).iter_rows(named=True)} if differing else {}
        for read in (old, new)
    ]
    for sample_id, split, new_split in rows.select("id", "split", "split_new").iter_rows():
        one, other = (found.get(sample_id, {}) for found in texts)
        fields = [name for name in HASHED if (one.get(name) or "") != (other.get(name) or "")]
        yield {"id": sample_id, "fields": [*fields, *(["split"] if split != new_split else [])]}


def _differences(before: ReleaseSide, after: ReleaseSide) -> dict[str, float]:
    pairs = ((name, value, after["measures"].get(name)) for name, value in before["measures"].items())
    return {name: round(new - old, 4) for name, old, new in pairs if old is not None and new is not None and new != old}
