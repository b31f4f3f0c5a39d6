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
    keys = rows.select(_time(), _name())
    time, name = pl.col(TIME), pl.col("id")
    rises = (time > time.shift(1)) | ((time == time.shift(1)) & (name > name.shift(1)))
    if keys.select(rises.fill_null(value=True).all()).item():
        # Samples are appended as they are made: most files need no sorting.
        return np.arange(keys.height, dtype=np.uint32)[::-1].copy()
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
    times, ids = wanted.select(_time()).to_series(), wanted.select(_name()).to_series()
    low = np.zeros(wanted.height, dtype=np.int64)
    high = np.full(wanted.height, len(order), dtype=np.int64)
    while (low < high).any():
        middle = np.minimum((low + high) // 2, max(len(order) - 1, 0))
        held = keys(order[middle]).select(_time(), _name())
        same = held[TIME] == times
        is_before = (held[TIME] > times) | (same & ((held["id"] >= ids) if behind else (held["id"] > ids)))
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


def _time() -> pl.Expr:
    return pl.col(TIME).fill_null("")


def _name() -> pl.Expr:
    return pl.col("id").fill_null("")
