"""Samples: `train.parquet` overlaid by a journal of what is newer.

A put is one commit of the database; `fold` moves the journal into the Parquet file by
an atomic replacement. A read is a `Snapshot`: the file version and the journal as they
were together at one moment. One lock guards that pair; it is held for the reading of
what is new in the journal, and for the renaming of a file, never for a fold's writing.

Which journal rows a file holds already is kept beside them (`journal.mark`), so
that the renaming alone decides whether a fold has happened.
"""

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import polars as pl
from sqlalchemy import Connection, Engine

from models import journal
from models.column_types import fits, fitted
from models.database import Writer
from models.file_watch import FileWatch
from models.intake import SCHEMA
from models.journal import Overlay
from models.parquet_file import ParquetFile
from models.parquet_version import ParquetVersion, rows_of
from models.row_index import RowIndex
from models.sample_query import SampleQuery, Selection, select
from models.schemas import Sample, changed_fields, new_sample
from models.snapshot import Snapshot
from models.staged import MergePlan, MergeResult, StagedSamples, duplicates, taken_pieces
from utils.clock import Clock, iso
from utils.errors import InputError, NotFoundError, StorageError

log = logging.getLogger(__name__)
_FOLD_WAITING = 10
_FOLD_PAUSE_S = 10.0
_FOLD_SHARE = 20.0
_CHUNK = 500
# Rows that are written in about a second.
_QUICK_ROWS = 100_000


class SampleStore:
    """The data set. Every method may be called from any thread."""

    def __init__(self, file: ParquetFile, engine: Engine, writer: Writer, clock: Clock) -> None:
        self._file = file
        self._engine = engine
        self._writer = writer
        self._clock = clock
        self._watch = FileWatch(file, clock)
        self._lock = threading.Lock()
        self._fold_lock = threading.RLock()
        self._last_fold_ended = clock.monotonic()
        self._last_fold_s = 0.0
        self._floor: int | None = None
        self._overlay = Overlay()
        self._hidden: dict[str, int] = {}
        self._snapshot: Snapshot | None = None

    @property
    def watch(self) -> FileWatch:
        """What was noticed of the file: taken in, set aside, written back."""
        return self._watch

    # --- reads ---------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Return all samples as they are at this moment."""
        with self._lock, self._engine.connect() as connection:
            return self._current(connection)

    def version(self) -> tuple[object, int, int]:
        """Return a value that changes whenever the data set does."""
        snapshot = self.snapshot()
        identity = snapshot.version.identity if snapshot.version is not None else None
        return identity, snapshot.overlay.upto, len(snapshot.overlay.changed)

    def count(self, filters: Mapping[str, str] | None = None) -> int:
        """Count the samples that match *filters*."""
        snapshot = self.snapshot()
        return select(snapshot.index(), SampleQuery(filters, limit=0)).total if filters else len(snapshot)

    def get(self, sample_id: str) -> dict[str, Any]:
        """Return one sample.

        Raises:
            NotFoundError: there is none with this id.
        """
        snapshot = self.snapshot()
        if sample_id in snapshot.overlay.changed:
            found = (snapshot.overlay.live["id"] == sample_id).arg_true().to_list()
            base = len(snapshot.version) if snapshot.version is not None else 0
            positions = [base + row for row in found]
        else:
            row = snapshot.version.index.position(sample_id) if snapshot.version is not None else None
            positions = [] if row is None else [row]
        if not positions:
            raise _missing(sample_id)
        return snapshot.take(pl.Series(positions, dtype=pl.UInt32())).to_dicts()[0]

    def find(self, query: SampleQuery) -> tuple[Selection, Iterator[dict[str, Any]]]:
        """Answer *query*; the samples come one by one, as they were at this moment."""
        snapshot = self.snapshot()
        selection = select(snapshot.index(), query)
        return selection, rows_at(snapshot, selection.positions)

    def walk(
        self, filters: Mapping[str, str] | None = None, limit: int | None = None, offset: int = 0
    ) -> Iterator[dict[str, Any]]:
        """Yield samples, newest first."""
        return self.find(SampleQuery(filters or {}, limit=limit, offset=offset))[1]

    # --- changes -------------------------------------------------------------------------

    def put(self, connection: Connection, sample: Sample) -> None:
        """Write *sample* into the journal within the caller's transaction."""
        self.put_all(connection, [sample])

    def put_all(self, connection: Connection, samples: Iterable[Sample]) -> None:
        """Write *samples* into the journal within the caller's transaction."""
        journal.write(connection, ((sample.id, sample.model_dump()) for sample in samples))

    def add(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Add one sample from outside.

        Raises:
            InputError: fields are missing, or the id exists.
        """
        sample = new_sample({"created_at": iso(self._clock.now()), **values})
        fields = sample.model_dump()

        def change(connection: Connection) -> None:
            version, floor = self._base(connection)
            if self._holds(connection, version, floor, sample.id):
                raise InputError(f"id: {sample.id!r} exists; choose another id or change that sample with PUT")
            _check_extras(fields, version)
            journal.write(connection, [(sample.id, fields)])

        self._writer.run(change)
        return self.get(sample.id)

    def update(self, sample_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change the named fields of a sample; all others stay as they are.

        Raises:
            NotFoundError: there is no such sample.
            InputError: a required field would be empty, or the new id exists.
        """
        wanted = changed_fields(dict(changes))
        new_id = wanted.get("id", sample_id)

        def change(connection: Connection) -> None:
            version, floor = self._base(connection)
            current = self._find(connection, version, floor, sample_id)
            if current is None:
                raise _missing(sample_id)
            if new_id != sample_id:
                if self._holds(connection, version, floor, new_id):
                    raise InputError(f"id: {new_id!r} exists; choose another id")
                journal.write(connection, [(sample_id, None)])
            _check_extras(wanted, version)
            kept = {name: value for name, value in current.items() if value is not None}
            values = {**kept, **wanted, "updated_at": iso(self._clock.now())}
            journal.write(connection, [(new_id, values)])

        self._writer.run(change)
        return self.get(new_id)

    def delete(self, sample_id: str) -> None:
        """Delete a sample; NotFoundError when there is none."""

        def change(connection: Connection) -> None:
            version, floor = self._base(connection)
            if not self._holds(connection, version, floor, sample_id):
                raise _missing(sample_id)
            journal.write(connection, [(sample_id, None)])

        self._writer.run(change)

    def merge(self, staged: StagedSamples) -> MergeResult:
        """Add all of *staged* at once, or nothing.

        Few samples go through the journal in one commit; many become part of the next file version.

        Raises:
            ConflictError: ids exist already, and `staged.on_duplicate` does not say what to do then.
            StorageError: the disk is full or cannot be written.
        """
        if staged.is_small:
            return self._writer.run(lambda connection: self._merge_small(connection, staged))
        while (result := self.merge_as_file(staged)) is None:
            log.info("data set changed during an import, beginning it again")
        return result

    def merge_as_file(self, staged: StagedSamples) -> MergeResult | None:
        """Make the next file version with *staged* in it; None when the data set changed meanwhile: do it again."""
        with self._fold_lock:
            plan = staged.plan(self.snapshot())
            return plan.result() if self._fold(plan.snapshot, staged, plan) else None

    def _merge_small(self, connection: Connection, staged: StagedSamples) -> MergeResult:
        version, floor = self._base(connection)
        existing = [i for i in staged.index["id"] if self._holds(connection, version, floor, i)]
        if existing and staged.on_duplicate == "error":
            raise duplicates(existing)
        skipped = set(existing) if staged.on_duplicate == "skip" else set()
        taken = [fields for fields in staged.samples() if fields["id"] not in skipped]
        for fields in taken:
            _check_extras(fields, version)
        journal.write(connection, ((fields["id"], fields) for fields in taken))
        return MergeResult(len(staged) - len(existing), len(existing) - len(skipped), len(skipped))

    # --- fold ----------------------------------------------------------------------------

    def fold_if_due(self) -> bool:
        """Fold when enough waits and folding would take a small share of the time."""
        pause_s = max(_FOLD_PAUSE_S, _FOLD_SHARE * self._last_fold_s)
        if self._clock.monotonic() - self._last_fold_ended < pause_s:
            return False
        snapshot = self.snapshot()
        return len(snapshot.overlay.changed) >= _FOLD_WAITING and self.fold() > 0

    def fold(self, force: bool = False) -> int:
        """Move the journal into train.parquet; return how many changes went in.

        Args:
            force: Write the file even when nothing waits.

        Raises:
            StorageError: the file could not be written; everything stays in the journal.
        """
        with self._fold_lock:
            while True:
                snapshot = self.snapshot()
                if not snapshot.overlay.changed and not force:
                    return 0
                if self._fold(snapshot):
                    return len(snapshot.overlay.changed)

    def fold_at_end(self) -> int:
        """Fold, unless the file is so large that whoever waits for the end would lose patience."""
        snapshot = self.snapshot()
        return self.fold() if rows_of(snapshot.version) <= _QUICK_ROWS else 0

    def tidy(self) -> None:
        """Bring a file that others wrote into a form that is quick to read, keeping the original."""
        version = self.snapshot().version
        if version is not None and not version.is_handy:
            self.fold(force=True)

    def hold_still(self) -> threading.RLock:
        """Return the lock that keeps train.parquet as it is while held; changes go on in the journal."""
        return self._fold_lock

    def save_index(self) -> None:
        """Keep the rows' index for the next start."""
        version = self.snapshot().version
        if version is not None and version.report is None:
            self._keep_index(version)

    def _fold(self, snapshot: Snapshot, staged: StagedSamples | None = None, plan: MergePlan | None = None) -> bool:
        """Write the next file version; False when the data set changed so that it must be done again."""
        if not self._watch.is_still(snapshot.version):
            raise StorageError(f"{self._file.path}: another program is changing it; try again in a moment")
        started = self._clock.monotonic()
        columns, described, pieces = snapshot.columns, snapshot.described(), snapshot.pieces()
        if staged is not None and plan is not None:
            columns, described = plan.columns, pl.concat([described, plan.index])
            pieces = chain((fitted(piece, columns) for piece in pieces), taken_pieces(staged, plan))
        generation = snapshot.version.index.generation if snapshot.version is not None else ""
        version = self._file.write_aside(pieces, columns, RowIndex(described, generation))
        try:
            upto = snapshot.overlay.upto
            self._writer.run(lambda connection: self._mark(connection, version, upto))
            ids = set(plan.index["id"]) if plan is not None else set()
            done = self._writer.run(lambda connection: self._replace(connection, snapshot, version, ids))
        finally:
            self._file.discard()
        if done:
            # Only when the renaming is on the disk may the journal lose what was folded.
            self._file.sync()
            self._writer.run(lambda connection: journal.trim(connection, upto))
            self._keep_index(version)
        self._last_fold_ended = self._clock.monotonic()
        self._last_fold_s = self._last_fold_ended - started
        return done

    def _mark(self, connection: Connection, version: ParquetVersion, upto: int) -> None:
        """Note what *version* holds ahead of its renaming: who meets it knows what is folded."""
        journal.trim(connection, self._floor or 0)
        journal.mark(connection, version.identity, upto)

    def _replace(self, connection: Connection, snapshot: Snapshot, version: ParquetVersion, ids: set[str]) -> bool:
        """Make *version* the data set, unless the file or one of the imported *ids* changed meanwhile."""
        with self._lock:
            before, upto = snapshot.version, snapshot.overlay.upto
            if not self._watch.is_still(before) or ids & journal.ids_after(connection, upto):
                return False
            if before is not None and not before.is_ours:
                self._watch.keep_original(before)
            self._file.swap()
            self._watch.replaced(version)
            self._floor = upto
            self._overlay = self._overlay.beyond(upto)
            self._snapshot = None
        return True

    def _keep_index(self, version: ParquetVersion) -> None:
        try:
            self._file.save_index(version)
        except (OSError, pl.exceptions.PolarsError) as error:
            log.warning("index not kept, it is made anew at the next start", extra={"reason": str(error)[:200]})

    # --- what is there -------------------------------------------------------------------

    def _current(self, connection: Connection) -> Snapshot:
        """Return the newest state; called under the lock."""
        version = self._watch.current()
        self._folded(connection, version)
        rows = journal.read_after(connection, self._overlay.upto)
        known = self._snapshot
        same = known is not None and known.version is version
        if known is not None and same and not rows:
            return known
        self._overlay = self._overlay.after(rows)
        # Ids known already keep their place as long as the file is the same.
        fresh = {row.id for row in rows} if same else set(self._overlay.changed)
        self._hidden = self._hidden if same else {}
        for sample_id in fresh - self._hidden.keys() if version is not None else ():
            position = version.index.position(sample_id) if version is not None else None
            if position is not None:
                self._hidden[sample_id] = position
        hidden = pl.Series("n", sorted(self._hidden.values()), dtype=pl.UInt32())
        self._snapshot = Snapshot(version, self._overlay, hidden)
        return self._snapshot

    def _base(self, connection: Connection) -> tuple[ParquetVersion | None, int]:
        """Return the file version and up to where it holds the journal; for the writer's thread."""
        with self._lock:
            version = self._watch.current()
            return version, self._folded(connection, version)

    def _folded(self, connection: Connection, version: ParquetVersion | None) -> int:
        if self._floor is None:
            self._floor = journal.folded(connection, version.identity if version is not None else None)
            self._overlay = Overlay(upto=self._floor)
        return self._floor

    def _holds(self, connection: Connection, version: ParquetVersion | None, floor: int, sample_id: str) -> bool:
        """Tell whether there is a sample *sample_id*, seeing the changes of the open transaction."""
        changed, values = journal.find(connection, sample_id, floor)
        if changed:
            return values is not None
        return version is not None and version.index.position(sample_id) is not None

    def _find(
        self, connection: Connection, version: ParquetVersion | None, floor: int, sample_id: str
    ) -> dict[str, Any] | None:
        """Return the sample *sample_id*, seeing the changes of the open transaction."""
        changed, values = journal.find(connection, sample_id, floor)
        if changed:
            return values
        row = version.index.position(sample_id) if version is not None else None
        if version is None or row is None:
            return None
        return version.take(pl.Series([row], dtype=pl.UInt32())).to_dicts()[0]


def rows_at(snapshot: Snapshot, positions: pl.Series) -> Iterator[dict[str, Any]]:
    """Yield the samples with these numbers, holding one chunk in memory."""
    for start in range(0, len(positions), _CHUNK):
        yield from snapshot.take(positions.slice(start, _CHUNK)).iter_rows(named=True)


def _missing(sample_id: str) -> NotFoundError:
    return NotFoundError(f"sample {sample_id!r}: not found; list the ids with GET /api/data")


def _check_extras(fields: Mapping[str, Any], version: ParquetVersion | None) -> None:
    """Refuse a value that cannot be held by a column of dates, lists or bytes; InputError names both."""
    for name, value in fields.items():
        held = version.columns.get(name) if version is not None and name not in SCHEMA else None
        if held is None or value is None or held.is_numeric() or held in (pl.String(), pl.Boolean()):
            continue
        if not fits(pl.Series([value]), held):
            raise InputError(f"{name}: got {str(value)[:80]!r}, the data set holds {held} there")
