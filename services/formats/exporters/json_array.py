"""JSON: one array of samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson

from models.samples.file.column_types import plain
from services.formats.export_format import ExportFormat, ExportOptions, Pieces
from utils.frames import pl


def write(pieces: Pieces, _columns: Mapping[str, pl.DataType], _options: ExportOptions) -> Iterator[bytes]:
    """Write one array."""
    separator = b"[\n"
    for piece in pieces:
        for row in piece.iter_rows(named=True):
            yield separator + orjson.dumps(row, default=plain)
            separator = b",\n"
    yield b"[]\n" if separator == b"[\n" else b"\n]\n"


SPEC = ExportFormat("json", "json", "application/json", "One JSON array", False, write)
