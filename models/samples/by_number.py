"""Samples by their numbers in a snapshot: one by one, in pieces of bounded size, or all of an answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from models.contract.answers.base import StoredSample
from models.samples.file.carried_groups import decoded
from models.samples.file.row_groups import GROUP_ROWS, check_answer, row_bytes, slices
from models.samples.snapshot import Snapshot
from utils.frames import np, pl

_CHUNK = 500
# Rows that a slow reader of samples holds as objects.
_ROWS = 50
# Times that the file is read through for samples in another order than the file's.
_READINGS = 3
_SCATTERED_CHUNK, _SCATTERED_BYTES = 20_000, 64 << 20


def rows_at(snapshot: Snapshot, positions: pl.Series) -> Iterator[StoredSample]:
    """Yield the samples with these numbers, holding one chunk in memory."""
    for piece in pieces_at(snapshot, positions):
        yield from samples_of(piece)


def pieces_at(snapshot: Snapshot, positions: pl.Series) -> Iterator[pl.DataFrame]:
    """Yield the samples with these numbers as frames, in that order."""
    runs = ascending(positions) if len(positions) >= _CHUNK else []
    if runs:
        for run in runs:
            for piece in snapshot.in_order(run):
                yield from slices(decoded(piece), _CHUNK)
        return
    # An order unlike the file's decodes almost every row group for each piece: then pieces are larger.
    groups = {number // GROUP_ROWS for number in positions.head(_CHUNK).to_list()}
    parts = (
        snapshot.portions(positions, _CHUNK)
        if len(groups) <= _CHUNK // 10
        else snapshot.portions(positions, _SCATTERED_CHUNK, _SCATTERED_BYTES)
    )
    for part in parts:
        yield from slices(snapshot.take(part), _CHUNK)


def ascending(positions: pl.Series) -> list[pl.Series]:
    """Return *positions* in parts that ascend; none if there are too many to read the file once for each."""
    breaks = (np.flatnonzero(np.diff(positions.to_numpy().astype(np.int64)) <= 0) + 1).tolist()
    if len(breaks) >= _READINGS:
        return []
    starts = [0, *breaks]
    return [positions[start:end] for start, end in zip(starts, [*breaks, len(positions)], strict=True)]


def page_at(snapshot: Snapshot, positions: pl.Series) -> list[StoredSample]:
    """Return the samples with these numbers; InputError when they are more than one answer may hold."""
    return list(samples_of(frame_at(snapshot, positions)))


def samples_of(rows: pl.DataFrame) -> Iterator[StoredSample]:
    """Yield the samples of a frame with all columns of a snapshot; few are held as objects at a time."""
    # Polars has no type for rows: these have all our columns, typed as in `models.schemas.Sample`.
    return cast("Iterator[StoredSample]", rows.iter_rows(named=True, buffer_size=_ROWS))


def frame_at(snapshot: Snapshot, positions: pl.Series) -> pl.DataFrame:
    """Return the samples with these numbers; InputError when they are more than one answer may hold."""
    page: list[pl.DataFrame] = []
    size = 0
    for piece in pieces_at(snapshot, positions):
        size += int(row_bytes(piece).sum())
        check_answer(size)
        page.append(piece)
    return pl.concat(page) if page else pl.DataFrame(schema=snapshot.columns)
