"""Cuts samples into pieces of bounded size: row groups of a file, and pieces that are passed on.

A piece is bounded in rows and in bytes: 500 samples usually are 1.5 MB, and
may be 2 GB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import orjson

from models.samples.file.bounded_parquet import release, value_bytes
from models.samples.file.carried_groups import CarriedFile, CarriedGroup, decoded
from models.samples.file.group_writer import GroupWriter, arrow_schema
from models.sizes import ANSWER_BYTES, PIECE_BYTES, told
from utils.errors import InputError
from utils.frames import np, pl

if TYPE_CHECKING:
    import pyarrow.parquet as pq

# Decoded in 2 ms of CPU (ADR 0006).
GROUP_ROWS = 500
# Metadata of our files: the bytes of each row group in memory, which dictionaries hide.
GROUP_BYTES = "group-bytes"


def row_bytes(rows: pl.DataFrame) -> pl.Series:
    """Return the bytes of each row in memory."""
    kinds = [dtype.base_type() for dtype in rows.dtypes if not dtype.is_nested()]
    total = pl.Series("bytes", np.full(rows.height, 8 * len(kinds), dtype=np.int64))
    # One expression for all columns of a kind: one for each costs more than the counting.
    lengths = {pl.String: pl.col(pl.String).str.len_bytes(), pl.Binary: pl.col(pl.Binary).bin.size()}
    if long := [length.cast(pl.Int64()) for kind, length in lengths.items() if kind in kinds]:
        total = total + rows.select(pl.sum_horizontal(*long).alias("bytes"))["bytes"]
    for column in rows.iter_columns():
        if column.dtype.is_nested():
            total = total + pl.Series(value_bytes(column.to_arrow()))
    return total


def slices(rows: pl.DataFrame, most_rows: int = GROUP_ROWS, most_bytes: int = PIECE_BYTES) -> Iterator[pl.DataFrame]:
    """Yield *rows* in pieces within both bounds, or of a single row."""
    if 0 < rows.height <= most_rows and rows.estimated_size() <= most_bytes:
        return iter((rows,))
    return packed([rows], most_rows, most_bytes) if rows.height else iter(())


def packed(
    pieces: Iterable[pl.DataFrame], most_rows: int = GROUP_ROWS, most_bytes: int = PIECE_BYTES
) -> Iterator[pl.DataFrame]:
    """Yield the rows of *pieces*, which have the same columns, in pieces as large as the bounds allow."""
    packer = _Packer(most_rows, most_bytes)
    for piece in pieces:
        yield from (group for group, _ in packer.add(piece))
    yield from (group for group, _ in packer.rest())


def gathered(pieces: Iterable[pl.DataFrame | CarriedGroup]) -> Iterator[pl.DataFrame | CarriedGroup]:
    """Yield small neighbours among *pieces* as one: whatever is done with a piece costs some queries each."""
    waiting: list[pl.DataFrame] = []
    rows = size = 0
    for piece in pieces:
        held = int(piece.estimated_size()) if isinstance(piece, pl.DataFrame) else 0
        is_small = isinstance(piece, pl.DataFrame) and not is_full(piece.height, held)
        if waiting and (not is_small or is_full(rows, size)):
            yield pl.concat(waiting)
            waiting, rows, size = [], 0, 0
        if isinstance(piece, pl.DataFrame) and is_small:
            waiting.append(piece)
            rows, size = rows + piece.height, size + held
        else:
            yield piece
    if waiting:
        yield pl.concat(waiting)


class _Packer:
    """Makes pieces of one size of pieces of any size, each with its bytes in memory."""

    def __init__(self, most_rows: int = GROUP_ROWS, most_bytes: int = PIECE_BYTES) -> None:
        self._most_rows, self._most_bytes = most_rows, most_bytes
        self._waiting: list[pl.DataFrame] = []
        self._rows = self._size = 0

    @property
    def is_even(self) -> bool:
        """Nothing waits, or enough for a piece of its own."""
        return not self._waiting or is_full(self._rows, self._size)

    def add(self, piece: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, int]]:
        """Take *piece*, and yield what is full."""
        ends = np.cumsum(row_bytes(piece).to_numpy())
        start, before = 0, 0
        while start < piece.height:
            fitting = int(np.searchsorted(ends, before + self._most_bytes - self._size, side="right")) - start
            count = min(self._most_rows - self._rows, max(fitting, 0 if self._waiting else 1))
            if count > 0:
                part = piece.slice(start, count)
                self._waiting.append(part)
                start, self._rows = start + part.height, self._rows + part.height
                self._size, before = self._size + int(ends[start - 1]) - before, int(ends[start - 1])
            if start < piece.height or self._rows >= self._most_rows:
                yield from self.rest()

    def rest(self) -> Iterator[tuple[pl.DataFrame, int]]:
        """Yield what waits."""
        if self._waiting:
            full = pl.concat(self._waiting), self._size
            self._waiting, self._rows, self._size = [], 0, 0
            yield full


def is_full(rows: int, size_bytes: int) -> bool:
    """Tell whether so much is worth a row group of its own, in the middle of a file."""
    return rows >= GROUP_ROWS // 2 or size_bytes >= PIECE_BYTES // 2


class GroupFile(AbstractContextManager["GroupFile"]):
    """A new Parquet file whose row groups are within the bounds; leaving its block ends it."""

    def __init__(
        self,
        write: Callable[[bytes], object],
        schema: Mapping[str, pl.DataType],
        mark: Mapping[str, str] | None = None,
    ) -> None:
        """Write a file with the columns of *schema* by calls of *write*.

        *mark* is metadata for its footer, to which the sizes of the row groups are added; None for neither.
        """
        self._writer = GroupWriter(write, arrow_schema(schema))
        self._mark = mark
        self._packer = _Packer()
        self._sizes: list[int] = []

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._writer.__exit__(kind, error, trace)
            return
        with self._writer:
            self._write(self._packer.rest())
            if self._mark is not None:
                self._writer.note({**self._mark, GROUP_BYTES: orjson.dumps(self._sizes).decode()})
        release()

    def add(self, part: pl.DataFrame | CarriedGroup) -> None:
        """Write *part*, in its order; a row group that would leave too few rows before it alone is decoded."""
        if isinstance(part, CarriedGroup) and self._packer.is_even:
            self._write(self._packer.rest())
            self._sizes.append(part.size_bytes)
            self._writer.carry(part)
        else:
            self._write(self._packer.add(decoded(part)))

    def _write(self, groups: Iterable[tuple[pl.DataFrame, int]]) -> None:
        for group, size_bytes in groups:
            self._sizes.append(size_bytes)
            self._writer.write(group)


def check_answer(size_bytes: int) -> None:
    """Refuse more samples than one answer may hold; InputError names the routes that stream."""
    if size_bytes > ANSWER_BYTES:
        raise InputError(
            f"answer: these samples are more than {told(ANSWER_BYTES)}; ask for fewer (limit, count), "
            "or take GET /api/data or GET /api/export, which stream"
        )


def portions(positions: pl.Series, sizes: pl.Series, most_bytes: int) -> Iterator[pl.Series]:
    """Yield *positions* in parts whose *sizes* (bytes, one each) are within *most_bytes*, or of a single one."""
    if len(positions) and int(sizes.sum()) <= most_bytes:
        yield positions
        return
    ends = sizes.cum_sum()
    start, before = 0, 0
    while start < len(positions):
        end = max(int(ends.search_sorted(before + most_bytes, side="right")), start + 1)
        yield positions.slice(start, end - start)
        start, before = end, int(ends[end - 1])


def write_groups(
    path: Path,
    parts: Iterable[pl.DataFrame | CarriedGroup],
    schema: Mapping[str, pl.DataType],
    mark: Mapping[str, str],
) -> None:
    """Write a Parquet file whose row groups are within the bounds.

    Args:
        path: The file.
        parts: Frames with the columns of *schema*, and row groups of files with the same, in order.
        schema: Names and types of the columns.
        mark: Metadata for its footer.

    Raises:
        OSError: the disk is full or cannot be written.
        ArrowException: a column cannot be written.
    """
    with path.open("wb") as file, GroupFile(file.write, schema, mark) as groups:
        for part in parts:
            groups.add(part)


def open_groups(path: Path) -> CarriedFile:
    """Open a file that `GroupFile` wrote."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(source := pa.OSFile(str(path)))
    read = partial(file.read_row_group, use_threads=False)
    return CarriedFile(source, told_bytes(file.metadata), lambda group: pl.DataFrame(pl.from_arrow(read(group))))


def told_bytes(metadata: pq.FileMetaData) -> list[int]:
    """Return the recorded row group sizes of a file of ours; empty if missing or implausible."""
    try:
        told = orjson.loads((metadata.metadata or {}).get(GROUP_BYTES.encode(), b"[]"))
    except ValueError:
        return []
    fits = isinstance(told, list) and len(told) == metadata.num_row_groups and all(isinstance(n, int) for n in told)
    return told if fits else []
