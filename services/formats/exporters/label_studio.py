"""Tasks for review in Label Studio; the labelling interface for them: `services/formats/recipes.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson

from models.samples.file.column_types import plain
from services.formats.export_format import ExportFormat, ExportOptions, Pieces
from utils.frames import pl

SHOWN = ("question", "answer", "case_citation", "reasoning", "topic", "difficulty", "jurisdiction", "sample_type")


def write(pieces: Pieces, _columns: Mapping[str, pl.DataType], options: ExportOptions) -> Iterator[bytes]:
    """Write one array of tasks, since Label Studio takes no JSON Lines."""
    separator = b"[\n"
    for piece in pieces:
        for row in piece.iter_rows(named=True):
            yield separator + orjson.dumps({"data": _data(row, options)}, default=plain)
            separator = b",\n"
    yield b"[]\n" if separator == b"[\n" else b"\n]\n"


def _data(row: Mapping[str, object], options: ExportOptions) -> dict[str, object]:
    # Texts are never null: Label Studio refuses a task where what its interface shows is none.
    shown = {name: row.get(name) or "" for name in SHOWN}
    return {"sample_id": row["id"], **shown, **{name: row[name] for name in options.fields}}


SPEC = ExportFormat(
    "label_studio",
    "json",
    "application/json",
    "Tasks for review in Label Studio: one JSON array",
    False,
    write,
    is_for_review=True,
)
