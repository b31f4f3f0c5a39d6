"""Cuts samples into pieces of bounded size: row groups of a file, and pieces that are passed on.

A piece is bounded in rows and in bytes: 500 samples usually are 1.5 MB, and
may be 2 GB.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from models.contract.answers.dataset import FILTERS
from models.samples.file.bounded_parquet import release, value_bytes
from models.sizes import ANSWER_BYTES, PIECE_BYTES, told
from utils.errors import InputError
from utils.frames import pl

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# Decoded in 2 ms of CPU (ADR 0006).
GROUP_ROWS = 500
# Columns of few values, or of values that stand together.
REPEATED = frozenset({*FILTERS, "created_at", "updated_at", "review", "citation_verdict"})
_NARROW = frozenset({"id"})
# Metadata of our files: the bytes of each row group in memory, which dictionaries hide.
GROUP_BYTES = "group-bytes"


def row_bytes(rows: pl.DataFrame) -> pl.Series:
    """Return the bytes of each row in memory."""
    # One query for all columns: a query for each costs more than the counting.
    plain = [_bytes_of(pl.col(name), dtype) for name, dtype in rows.schema.items() if not dtype.is_nested()]
    total = rows.select(pl.sum_horizontal(pl.lit(0, pl.Int64()), *plain).alias("bytes"))["bytes"]
    if total.len() != rows.height:  # no such column
        total = pl.repeat(0, rows.height, dtype=pl.Int64(), eager=True).alias("bytes")
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


def open_writer(where: object, columns: pa.Schema) -> pq.ParquetWriter:
    """Open a Parquet file at *where* (a path or a file of pyarrow's) for *columns*, as this service writes them.

    Long texts differ from row to row: a dictionary of them is work for nothing, and as statistics they would fill the
    footer (four fifths of 16 MB at a million samples), which every reader has to parse.
    """
    import pyarrow.parquet as pq
    from pyarrow import types

    is_text = {field.name: types.is_string(field.type) or types.is_large_string(field.type) for field in columns}
    repeated = [name for name, is_long in is_text.items() if name in REPEATED or not is_long]
    return pq.ParquetWriter(
        where,
        columns,
        compression="zstd",
        compression_level=3,
        use_dictionary=repeated or False,
        write_statistics=[name for name in is_text if name in repeated or name in _NARROW] or False,
    )


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
    level = pl.CompatLevel.oldest()  # text type that every reader supports
    columns = pl.DataFrame(schema=dict(schema)).to_arrow(compat_level=level).schema
    sizes = []
    with open_writer(path, columns) as writer:
        for group in packed(pieces):
            sizes.append(int(row_bytes(group).sum()))
            writer.write_table(group.to_arrow(compat_level=level).cast(columns), row_group_size=group.height)
        writer.add_key_value_metadata({**mark, GROUP_BYTES: orjson.dumps(sizes).decode()})
    release()


def _bytes_of(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.String):
        return column.str.len_bytes().fill_null(0).cast(pl.Int64()) + 8
    if isinstance(dtype, pl.Binary):
        return column.bin.size().fill_null(0).cast(pl.Int64()) + 8
    return pl.lit(8, pl.Int64())
