"""Models on one plan, item by item: what each made of the same wish, and by how much they differ."""

from __future__ import annotations

from collections.abc import Mapping

from models.batches.tally_store import Item
from models.contract.answers.leaderboard import PairedDifference, PairedMeasure, PairedName
from models.domain import ItemState
from services.quality.leaderboard.intervals import of_differences
from utils.frames import pl

# What an item is worth to a target, by its number.
Values = Mapping[int, float]
MEASURES: tuple[PairedName, ...] = ("made", "first_draft", "verified", "quality", "judge", "answer_tokens")
_LOWER: frozenset[PairedName] = frozenset({"answer_tokens"})
_ENDED = (ItemState.DONE, ItemState.REJECTED, ItemState.FAILED)
_CITES = ("verified", "unverified", "invalid")
_PLACES = 6


def values_of(items: Mapping[int, Item], rows: pl.DataFrame) -> Mapping[PairedName, Values]:
    """Return what a target made of each item.

    Args:
        items: Its items by number.
        rows: Its samples: `id`, `verdict`, `quality_score`, `judge_score`, `tokens_used`.
    """
    number_of = {item.sample_id: number for number, item in items.items() if item.sample_id is not None}
    ended = {number: item for number, item in items.items() if item.state in _ENDED}
    drafted = {number: item for number, item in ended.items() if item.state is ItemState.DONE or item.refused}
    found: dict[PairedName, dict[int, float]] = {
        "made": {number: float(item.state is ItemState.DONE) for number, item in ended.items()},
        "first_draft": {number: float(not item.refused) for number, item in drafted.items()},
    }
    verified = pl.when(pl.col("verdict").is_in(_CITES)).then(pl.col("verdict") == "verified")
    columns: Mapping[PairedName, pl.Expr] = {
        "verified": verified,
        "quality": pl.col("quality_score"),
        "judge": pl.col("judge_score"),
        "answer_tokens": pl.col("tokens_used"),
    }
    for name, column in columns.items():
        known = rows.select("id", column.cast(pl.Float64()).alias("value")).drop_nulls()
        found[name] = {number_of[key]: value for key, value in known.iter_rows() if key in number_of}
    return found


def compared(name: PairedName, values: Mapping[str, Values], items: Mapping[str, Mapping[int, Item]]) -> PairedMeasure:
    """Compare the targets with the best of them by one measure.

    Args:
        name: The measure.
        values: Each target's values by item.
        items: Each target's items: only those with the same wish make a pair.
    """
    sign = -1 if name in _LOWER else 1
    means = {target: sign * sum(one.values()) / len(one) for target, one in values.items() if one}
    best = max(means, key=lambda target: means[target], default=None)
    others = [target for target in values if target != best]
    found = [] if best is None else [_difference(target, best, values, items) for target in others]
    return {
        "measure": name,
        "better": "lower" if name in _LOWER else "higher",
        "best": best,
        "differences": found,
        "finding": _finding(best, found),
    }


def _difference(
    target: str, best: str, values: Mapping[str, Values], items: Mapping[str, Mapping[int, Item]]
) -> PairedDifference:
    mine, theirs = values[target], values[best]
    shared = [n for n in sorted(mine.keys() & theirs.keys()) if items[target][n].job == items[best][n].job]
    differences = [mine[n] - theirs[n] for n in shared]
    interval = of_differences(differences)
    low, high = interval or (None, None)
    return {
        "target": target,
        "value": round(sum(differences) / len(differences), _PLACES) if differences else None,
        "low": None if low is None else round(low, _PLACES),
        "high": None if high is None else round(high, _PLACES),
        "pairs": len(differences),
        "told_apart": None if low is None or high is None else low > 0 or high < 0,
    }


def _finding(best: str | None, differences: list[PairedDifference]) -> str:
    """Say plainly what these data tell apart."""
    if best is None:
        return "no target has a value yet"
    apart = [row["target"] for row in differences if row["told_apart"]]
    unknown = [f"{row['target']} ({row['pairs']} pairs)" for row in differences if row["told_apart"] is None]
    alike = [row["target"] for row in differences if row["told_apart"] is False]
    parts = [
        f"{best} differs from {', '.join(apart)}" if apart else "nothing can be told apart",
        f"not told apart from {best}: {', '.join(alike)}" if alike else "",
        f"too few pairs, want 10: {', '.join(unknown)}" if unknown else "",
    ]
    return "; ".join(part for part in parts if part)
