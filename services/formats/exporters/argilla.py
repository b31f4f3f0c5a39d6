"""Records for review in Argilla, as `Record.from_dict` takes them; `services/formats/recipes.py` has their settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson

from models.samples.file.column_types import plain
from services.formats.export_format import ExportFormat, ExportOptions, Pieces
from utils.frames import pl

SHOWN = ("question", "answer", "case_citation", "reasoning")
# Argilla filters by them.
TOLD = ("topic", "difficulty", "jurisdiction", "sample_type", "citation_verdict")


def write(pieces: Pieces, _columns: Mapping[str, pl.DataType], options: ExportOptions) -> Iterator[bytes]:
    """Write one record a line; the answer is suggested as its own correction, so that a reviewer edits it in place."""
    for piece in pieces:
        records = (_record(row, options) for row in piece.iter_rows(named=True))
        yield b"".join(orjson.dumps(record, default=plain, option=orjson.OPT_APPEND_NEWLINE) for record in records)


def _record(row: Mapping[str, object], options: ExportOptions) -> dict[str, object]:
    return {
        "id": row["id"],
        "fields": {name: row[name] or "" for name in SHOWN},
        "metadata": {name: row[name] for name in (*TOLD, *options.fields) if row.get(name) is not None},
        "suggestions": {"corrected_answer": {"value": row["answer"]}},
        "responses": {},
        "vectors": {},
        "status": "pending",
    }


SPEC = ExportFormat(
    "argilla",
    "jsonl",
    "application/x-ndjson",
    "Records for review in Argilla: one a line",
    False,
    write,
    is_for_review=True,
)
