"""The samples of a file on their way out: which columns, in pieces, in which order."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from models.samples.by_number import ascending, pieces_at
from models.samples.file.carried_groups import CarriedGroup
from models.samples.snapshot import Snapshot
from services.dataset.leading import leading_first
from services.formats.export_format import ExportFormat, ExportOptions
from utils.frames import pl

# From so many samples on they are read ahead.
_MANY = 5_000


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
    read = _ahead(pieces_at(snapshot, positions)) if len(positions) >= _MANY else pieces_at(snapshot, positions)
    pieces = (part.select(chosen) for piece in read for part in piece.iter_slices(spec.piece_rows))
    return pieces, columns


def groups_of(snapshot: Snapshot, positions: pl.Series) -> Iterator[pl.DataFrame | CarriedGroup] | None:
    """Return the samples at *positions*, row groups of the data set undecoded; None if there are none such."""
    file = snapshot.version.carried(snapshot.columns) if snapshot.version is not None else None
    runs = ascending(positions) if file is not None else []
    return (part for run in runs for part in snapshot.in_order(run, file)) if runs else None


def _ahead(pieces: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Yield *pieces*, each read while the one before is written: both are done without the interpreter."""
    with ThreadPoolExecutor(1, thread_name_prefix="reading ahead") as threads:
        following = threads.submit(next, pieces, None)
        while (piece := following.result()) is not None:
            following = threads.submit(next, pieces, None)
            yield piece
