"""JSON Lines: one sample a line, as the API shows it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from functools import cache

import orjson

from models.samples.file.column_types import plain
from services.formats.export_format import ExportFormat, ExportOptions, Pieces
from utils.frames import pl

_LINE = orjson.OPT_APPEND_NEWLINE


def write(pieces: Pieces, _columns: Mapping[str, pl.DataType], _options: ExportOptions) -> Iterator[bytes]:
    """Write one object a line."""
    return map(lines_of, pieces)


def lines_of(rows: pl.DataFrame) -> bytes:
    """Return one line of JSON for each row, each with its line end."""
    if not all(isinstance(dtype, _alike()) for dtype in rows.dtypes):
        dumped = (orjson.dumps(row, default=plain, option=_LINE) for row in rows.iter_rows(named=True))
        return b"".join(dumped)
    # Polars writes these as orjson does, byte for byte, but for floats of 32 bits, which Python does not know.
    target = io.BytesIO()
    rows.with_columns(pl.col(pl.Float32).cast(pl.Float64)).write_ndjson(target)
    return target.getvalue()


@cache
def _alike() -> tuple[type[pl.DataType], ...]:
    whole = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
    return (pl.String, pl.Boolean, pl.Float32, pl.Float64, *whole)


SPEC = ExportFormat("jsonl", "jsonl", "application/x-ndjson", "One JSON object a line", False, write, piece_rows=500)
