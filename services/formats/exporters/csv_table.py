"""CSV for spreadsheets: a header, and no cell that a spreadsheet would run as a formula.

Such a cell gets an apostrophe before it (`utils.spreadsheet_cells`); the import removes it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

import orjson

from models.samples.file.column_types import plain
from models.schemas import COLUMNS
from services.formats.export_format import ExportFormat, ExportOptions, Pieces
from utils.frames import pl
from utils.spreadsheet_cells import guarded


def write(pieces: Pieces, columns: Mapping[str, pl.DataType], _options: ExportOptions) -> Iterator[bytes]:
    """Write a header and one line per sample; lists and objects as JSON."""
    yield _lines([[guarded(name) for name in columns]])
    for piece in pieces:
        numbers = [name not in COLUMNS for name in piece.columns]
        yield _lines([[_cell(*cell) for cell in zip(row, numbers, strict=True)] for row in piece.iter_rows()])


def _lines(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _cell(value: object, may_be_number: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    text = value if isinstance(value, str) else orjson.dumps(value, default=plain).decode().strip('"')
    return guarded(text, may_be_number)


SPEC = ExportFormat(
    "csv", "csv", "text/csv", "Comma-separated values with a header, safe in spreadsheets", False, write
)
