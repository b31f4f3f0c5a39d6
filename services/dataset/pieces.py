"""The samples of a file on their way out: which columns, in pieces, in which order."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from models.samples.by_number import ascending, pieces_at
from models.samples.file.carried_groups import CarriedFile, CarriedGroup
from models.samples.snapshot import Snapshot
from models.samples.thinking_source import TRACE
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
    chosen = options.fields if options.fields and spec.is_flat else tuple(snapshot.columns)
    columns = {name: snapshot.columns[name] for name in chosen}
    if not spec.holds_types:
        told = options.fields if not spec.is_flat else [name for name in chosen if not options.hides(name)]
        positions = leading_first(snapshot, positions, {name: snapshot.columns[name] for name in told})
    read = read_ahead(pieces_at(snapshot, positions)) if len(positions) >= _MANY else pieces_at(snapshot, positions)
    pieces = (shown(part, options).select(chosen) for piece in read for part in piece.iter_slices(spec.piece_rows))
    return pieces, columns


def carrier_of(snapshot: Snapshot, options: ExportOptions) -> CarriedFile | None:
    """Return the file whose row groups may leave undecoded; None if there is none, or it holds what *options* hide."""
    file = snapshot.version.carried(snapshot.columns) if snapshot.version is not None else None
    return None if file is None or _holds_hidden(snapshot, options) else file


def groups_of(
    snapshot: Snapshot, positions: pl.Series, options: ExportOptions, file: CarriedFile | None
) -> Iterator[pl.DataFrame | CarriedGroup] | None:
    """Return the samples at *positions*, whole row groups of *file* (`carrier_of`) undecoded; None if there is none.

    There are none either where the order is another than the file's.
    """
    runs = ascending(positions) if file is not None else []
    if not runs:
        return None
    parts = (part for run in runs for part in snapshot.in_order(run, file))
    return (shown(part, options) if isinstance(part, pl.DataFrame) else part for part in parts)


def _holds_hidden(snapshot: Snapshot, options: ExportOptions) -> bool:
    hidden = [name for name in TRACE if options.hides(name)]
    if not hidden or snapshot.version is None:
        return False
    return any(piece[name].null_count() < piece.height for piece in snapshot.version.narrow(hidden) for name in hidden)


def shown(piece: pl.DataFrame, options: ExportOptions) -> pl.DataFrame:
    """Return *piece* without what *options* hide; the columns stay."""
    hidden = [name for name in piece.columns if options.hides(name)]
    return piece.with_columns(pl.lit(None, piece.schema[name]).alias(name) for name in hidden) if hidden else piece


def read_ahead(pieces: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Yield *pieces*, each read while the one before is written: both are done without the interpreter."""
    with ThreadPoolExecutor(1, thread_name_prefix="reading ahead") as threads:
        following = threads.submit(next, pieces, None)
        while (piece := following.result()) is not None:
            following = threads.submit(next, pieces, None)
            yield piece
