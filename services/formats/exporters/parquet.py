"""Parquet: the data set's own format, ZSTD, a row group at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from models.samples.file.group_writer import GroupWriter, arrow_schema
from models.samples.file.row_groups import GroupFile
from services.formats.export_format import ExportFormat, ExportOptions, Groups, Pieces
from utils.frames import pl


def write(pieces: Pieces, columns: Mapping[str, pl.DataType], _options: ExportOptions) -> Iterator[bytes]:
    """Write one row group per piece."""
    waiting: list[bytes] = []
    with GroupWriter(waiting.append, arrow_schema(columns)) as writer:
        for piece in pieces:
            if piece.height:
                writer.write(piece)
            yield _taken(waiting)
    yield _taken(waiting)


def write_groups(groups: Groups, columns: Mapping[str, pl.DataType]) -> Iterator[bytes]:
    """Write row groups of the data set as they are, and others of what lies between."""
    waiting: list[bytes] = []
    with GroupFile(waiting.append, columns) as file:
        for group in groups:
            file.add(group)
            if waiting:
                yield _taken(waiting)
    yield _taken(waiting)


def _taken(waiting: list[bytes]) -> bytes:
    taken = b"".join(waiting)
    waiting.clear()
    return taken


SPEC = ExportFormat(
    "parquet",
    "parquet",
    "application/vnd.apache.parquet",
    "Parquet with ZSTD, as any tool opens it",
    False,
    write,
    piece_rows=500,
    holds_types=True,
    write_groups=write_groups,
)
