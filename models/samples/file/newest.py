"""The order of samples from the newest to the oldest, as row numbers: a page at any offset is a slice of it.

Rows without a time are last; of one time the greater id is first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from utils.frames import NDArray, np, pl

Rows: TypeAlias = "NDArray[np.uint32]"
TIME = "created_at"
# Returns the columns `TIME` and `id` of rows.
Keys: TypeAlias = "Callable[[Rows], pl.DataFrame]"


def newest_first(rows: pl.DataFrame) -> Rows:
    """Return the numbers of *rows* (columns `TIME` and `id`), newest first."""
    times, ids = _keys_of(rows)
    if (_is_newer(times[1:], ids[1:], times[:-1], ids[:-1])).all():
        # Samples are appended as they are made: most files need no sorting.
        return np.arange(rows.height, dtype=np.uint32)[::-1].copy()
    keys = pl.DataFrame([times, ids])
    order: Rows = keys.select(pl.arg_sort_by(TIME, "id", descending=True)).to_series().to_numpy()
    return order


def place_of(order: Rows, keys: Keys, wanted: pl.DataFrame, *, behind: bool = False) -> NDArray[np.int64]:
    """Return how many rows of *order* stand before each of *wanted* (`TIME`, `id`), by bisection.

    Args:
        order: Rows, newest first.
        keys: Returns time and id of rows.
        wanted: Times and ids.
        behind: Count a row that equals the wanted one too.
    """
    times, ids = _keys_of(wanted)
    low = np.zeros(wanted.height, dtype=np.int64)
    high = np.full(wanted.height, len(order), dtype=np.int64)
    while (low < high).any():
        middle = np.minimum((low + high) // 2, max(len(order) - 1, 0))
        held = _keys_of(keys(order[middle]))
        is_before = _is_newer(*held, times, ids, also_same=behind)
        found, open_ = is_before.to_numpy(), low < high
        low = np.where(open_ & found, middle + 1, low)
        high = np.where(open_ & ~found, middle, high)
    return low


def joined(order: Rows, keys: Keys, added: pl.DataFrame, first: int) -> Rows:
    """Return *order* with the rows *added*, which are numbered from *first* on."""
    if not added.height:
        return order
    newest = newest_first(added)
    oldest = place_of(order[:1], keys, added[newest[-1:]])
    # What was added is newer than all of the file, as a rule.
    places = place_of(order, keys, added[newest]) if oldest[0] else np.zeros(len(newest), dtype=np.int64)
    return np.insert(order, places, newest + np.uint32(first))


def oldest_first(order: Rows, timeless: int) -> Rows:
    """Return *order* turned round; its last *timeless* rows, those without a time, stay last."""
    end = len(order) - timeless
    return np.concatenate([order[:end][::-1], order[end:][::-1]])


def _is_newer(
    times: pl.Series, ids: pl.Series, other_times: pl.Series, other_ids: pl.Series, *, also_same: bool = False
) -> pl.Series:
    """Compare row by row; of series and not by a query, which costs a millisecond for any few rows."""
    by_name = ids >= other_ids if also_same else ids > other_ids
    return (times > other_times) | ((times == other_times) & by_name)


def _keys_of(rows: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """Return time and id of *rows*, empty where there is none."""
    times, ids = rows[TIME], rows["id"]
    return times.fill_null("") if times.null_count() else times, ids.fill_null("") if ids.null_count() else ids
