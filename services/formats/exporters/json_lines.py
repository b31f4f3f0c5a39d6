"""JSON Lines: one sample a line, as the API shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson

from models.samples.file.column_types import plain
from services.formats.export_format import ExportFormat, ExportOptions, Pieces
from utils.frames import pl


def write(pieces: Pieces, _columns: Mapping[str, pl.DataType], _options: ExportOptions) -> Iterator[bytes]:
    """Write one object a line."""
    for piece in pieces:
        yield b"".join(
            orjson.dumps(row, default=plain, option=orjson.OPT_APPEND_NEWLINE) for row in piece.iter_rows(named=True)
        )


SPEC = ExportFormat("jsonl", "jsonl", "application/x-ndjson", "One JSON object a line", False, write)
