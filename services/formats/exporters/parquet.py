"""Parquet: the data set's own format, ZSTD, a row group at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from models.samples.file.row_groups import open_writer
from services.formats.export_format import ExportFormat, ExportOptions, Pieces
from utils.frames import pl

if TYPE_CHECKING:
    import pyarrow as pa


class _Drain(io.RawIOBase):
    """Collects the bytes that a writer writes, to pass them on."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self._waiting.append(bytes(data))  # type: ignore[call-overload]  # any buffer
        return len(self._waiting[-1])

    def take(self) -> bytes:
        taken = b"".join(self._waiting)
        self._waiting.clear()
        return taken


def arrow_schema(columns: Mapping[str, pl.DataType]) -> pa.Schema:
    """Return the schema of a file with *columns*, in types that every reader has."""
    return pl.DataFrame(schema=dict(columns)).to_arrow(compat_level=pl.CompatLevel.oldest()).schema


def write(pieces: Pieces, columns: Mapping[str, pl.DataType], _options: ExportOptions) -> Iterator[bytes]:
    """Write one row group per piece."""
    import pyarrow as pa

    schema = arrow_schema(columns)
    drain = _Drain()
    with open_writer(pa.PythonFile(drain, mode="w"), schema) as writer:
        for piece in pieces:
            if piece.height:
                writer.write_table(piece.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema))
            yield drain.take()
    yield drain.take()


SPEC = ExportFormat(
    "parquet",
    "parquet",
    "application/vnd.apache.parquet",
    "Parquet with ZSTD, as any tool opens it",
    False,
    write,
    piece_rows=500,
    holds_types=True,
)
