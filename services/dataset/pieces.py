"""The samples of a file on their way out: which columns, in pieces, in which order."""

from __future__ import annotations

from collections.abc import Iterator

from models.samples.sample_store import pieces_at
from models.samples.snapshot import Snapshot
from services.dataset.leading import leading_first
from services.formats.export_format import ExportFormat, ExportOptions
from utils.frames import pl


def pieces_of(
    snapshot: Snapshot, positions: pl.Series, spec: ExportFormat, options: ExportOptions
) -> tuple[Iterator[pl.DataFrame], dict[str, pl.DataType]]:
    """Return the samples at *positions* in pieces, with the columns that are written.

    In a format without types a few rows may come first out of turn, so that readers infer every column (`leading`).
    """
    chosen = options.fields if options.fields and not spec.is_chat else tuple(snapshot.columns)
    columns = {name: snapshot.columns[name] for name in chosen}
    if not spec.holds_types:
        told = options.fields if spec.is_chat else chosen
        positions = leading_first(snapshot, positions, {name: snapshot.columns[name] for name in told})
    pieces = (
        part.select(chosen) for piece in pieces_at(snapshot, positions) for part in piece.iter_slices(spec.piece_rows)
    )
    return pieces, columns
