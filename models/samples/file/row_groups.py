"""Cuts samples into pieces of bounded size: row groups of a file, and pieces that are passed on.

A piece is bounded in rows and in bytes: 500 samples usually are 1.5 MB, and
may be 2 GB.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import orjson

from models.samples.file.bounded_parquet import release, value_bytes
from models.sizes import ANSWER_BYTES, PIECE_BYTES, told
from utils.errors import InputError
from utils.frames import pl

# Decoded in 2 ms of CPU (ADR 0006).
GROUP_ROWS = 500
# Metadata of our files: the bytes of each row group in memory, which dictionaries hide.
GROUP_BYTES = "group-bytes"


def row_bytes(rows: pl.DataFrame) -> pl.Series:
    """Return the bytes of each row in memory."""
    sizes = pl.repeat(0, rows.height, dtype=pl.Int64(), eager=True)
    for column in rows.iter_columns():
        sizes = sizes + _bytes_of(column)
    return sizes.alias("bytes")


def slices(rows: pl.DataFrame, most_rows: int = GROUP_ROWS, most_bytes: int = PIECE_BYTES) -> Iterator[pl.DataFrame]:
    """Yield *rows* in pieces within both bounds, or of a single row."""
    return packed([rows], most_rows, most_bytes) if rows.height else iter(())


def packed(
    pieces: Iterable[pl.DataFrame], most_rows: int = GROUP_ROWS, most_bytes: int = PIECE_BYTES
) -> Iterator[pl.DataFrame]:
    """Yield the rows of *pieces*, which have the same columns, in pieces as large as the bounds allow."""
    waiting: list[pl.DataFrame] = []
    rows, size = 0, 0
    for piece in pieces:
        ends = row_bytes(piece).cum_sum()
        start, before = 0, 0
        while start < piece.height:
            fitting = int(ends.search_sorted(before + most_bytes - size, side="right")) - start
            count = min(most_rows - rows, max(fitting, 0 if waiting else 1))
            if count > 0:
                part = piece.slice(start, count)
                waiting.append(part)
                start, rows = start + part.height, rows + part.height
                size, before = size + int(ends[start - 1]) - before, int(ends[start - 1])
            if start < piece.height or rows >= most_rows:
                yield pl.concat(waiting)
                waiting, rows, size = [], 0, 0
    if waiting:
        yield pl.concat(waiting)


def check_answer(size_bytes: int) -> None:
    """Refuse more samples than one answer may hold; InputError names the routes that stream."""
    if size_bytes > ANSWER_BYTES:
        raise InputError(
            f"answer: these samples are more than {told(ANSWER_BYTES)}; ask for fewer (limit, count), "
            "or take GET /api/data or GET /api/export, which stream"
        )


def portions(positions: pl.Series, sizes: pl.Series, most_bytes: int) -> Iterator[pl.Series]:
    """Yield *positions* in parts whose *sizes* (bytes, one each) are within *most_bytes*, or of a single one."""
    ends = sizes.cum_sum()
    start, before = 0, 0
    while start < len(positions):
        end = max(int(ends.search_sorted(before + most_bytes, side="right")), start + 1)
        yield positions.slice(start, end - start)
        start, before = end, int(ends[end - 1])


def write_groups(
    path: Path, pieces: Iterable[pl.DataFrame], schema: Mapping[str, pl.DataType], mark: Mapping[str, str]
) -> None:
    """Write a Parquet file whose row groups are within the bounds.

    Args:
        path: The file.
        pieces: Frames with the columns of *schema*, in order.
        schema: Names and types of the columns.
        mark: Metadata for its footer.

    Raises:
        OSError: the disk is full or cannot be written.
        ArrowException: a column cannot be written.
    """
    import pyarrow.parquet as pq

    level = pl.CompatLevel.oldest()  # text type that every reader supports
    columns = pl.DataFrame(schema=dict(schema)).to_arrow(compat_level=level).schema
    sizes = []
    with pq.ParquetWriter(path, columns, compression="zstd", compression_level=3) as writer:
        for group in packed(pieces):
            sizes.append(int(row_bytes(group).sum()))
            writer.write_table(group.to_arrow(compat_level=level).cast(columns), row_group_size=group.height)
        writer.add_key_value_metadata({**mark, GROUP_BYTES: orjson.dumps(sizes).decode()})
    release()


def _bytes_of(column: pl.Series) -> pl.Series | int:
    if isinstance(column.dtype, pl.String):
        return column.str.len_bytes().fill_null(0).cast(pl.Int64()) + 8
    if isinstance(column.dtype, pl.Binary):
        return column.bin.size().fill_null(0).cast(pl.Int64()) + 8
    return pl.Series(value_bytes(column.to_arrow())) if column.dtype.is_nested() else 8
