"""Fills in missing columns of the row index, a piece at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from models.samples.snapshot import POSITION, Snapshot, Snapshots
from models.samples.version import Version
from utils.frames import pl


def lacking(snapshot: Snapshot, column: str) -> pl.Series:
    """Return the rows of the file whose *column* of the index is missing (UInt32, ascending)."""
    if snapshot.version is None:
        return pl.Series(POSITION, dtype=pl.UInt32())
    return snapshot.version.index.frame[column].is_null().arg_true().cast(pl.UInt32())


def fill(
    snapshot: Snapshot,
    rows: pl.Series,
    piece: int,
    describe: Callable[[pl.DataFrame], pl.DataFrame],
    is_stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Fill the index of the file for *rows* (ascending), unless stopped between two pieces.

    Args:
        snapshot: Has the file version.
        rows: Numbers of rows of the file.
        piece: How many are read at a time, if they are short.
        describe: Returns columns of the index for a piece of samples, in their order.
        is_stopped: Called before each piece.
    """
    version = snapshot.version
    for positions, samples in taken(snapshot, rows, piece):
        if version is None or is_stopped():
            return
        version.index.fill(positions, describe(samples))


def fill_while_current(
    samples: Snapshots,
    version: Version,
    parts: Iterable[tuple[pl.Series, pl.DataFrame]],
    is_stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Fill the index of *version* from *parts* (rows, their columns), until the file is replaced.

    Args:
        samples: Tell which version there is now.
        version: Whose rows they are.
        parts: May be found out elsewhere while this goes on.
        is_stopped: Called after each part.
    """
    for rows, columns in parts:
        version.index.fill(rows, columns)
        if is_stopped() or samples.snapshot().version is not version:
            return


def taken(snapshot: Snapshot, rows: pl.Series, piece: int) -> Iterator[tuple[pl.Series, pl.DataFrame]]:
    """Yield *rows* of the file (ascending) in parts of at most *piece*, each with its samples."""
    version = snapshot.version
    for positions in snapshot.portions(rows, piece) if version is not None else ():
        if version is not None:
            yield positions, version.take(positions.to_list())
