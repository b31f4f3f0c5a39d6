"""The sample store: `train.parquet` overlaid by a journal of newer changes.

A put is one commit of the database; a fold (`models.samples.folding`) moves the journal into the
Parquet file by an atomic replacement. A read is a `Snapshot`: the file version and the
journal at one moment (`models.samples.store_state`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from sqlalchemy import Connection, Engine

from models.contract.answers.base import StoredSample
from models.contract.answers.dataset import FileNote
from models.engines.writer import Writer
from models.samples import journal
from models.samples.by_number import rows_at, samples_of
from models.samples.file.parquet_file import ParquetFile
from models.samples.kept_columns import check_extras, check_kept
from models.samples.layout import laid_out
from models.samples.sample_query import SampleQuery, Selection, select
from models.samples.shards.shard_files import ShardFiles
from models.samples.snapshot import Snapshot
from models.samples.staged import MergeResult, StagedSamples, check_room, duplicates
from models.samples.version import Version, rows_of
from models.schemas import COLUMNS, Sample, changed_fields, new_sample, stamped, too_large
from utils.clock import Clock, iso
from utils.errors import InputError, NotFoundError
from utils.frames import pl

log = logging.getLogger(__name__)


class SampleStore:
    """The data set. Thread-safe."""

    def __init__(self, file: ParquetFile | ShardFiles, engine: Engine, writer: Writer, clock: Clock) -> None:
        """Keep the samples in one *file*, or in shards."""
        self._state, self.folding = laid_out(file, engine, writer, clock)
        self._files = file
        self._engine = engine
        self._writer = writer
        self._clock = clock

    @property
    def where(self) -> str:
        """The path of train.parquet, or the address of the shards."""
        return self._files.address if isinstance(self._files, ShardFiles) else str(self._files.path)

    @property
    def engine(self) -> Engine:
        """The database, to read in."""
        return self._engine

    def reports(self) -> list[FileNote]:
        """Return changes of train.parquet by others that were noticed, newest first."""
        return self._state.reports()

    def copy_to(self, version: Version, path: Path) -> None:
        """Write *version* as one Parquet file; StorageError if it is not there any more."""
        self._state.copy_to(version, path)

    # --- reads ---------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Return all samples as they are now."""
        return self._state.snapshot()

    def version(self) -> tuple[object, int, int]:
        """Return a value that changes whenever the data set does."""
        return self.snapshot().state

    def count(self, filters: Mapping[str, str] | None = None) -> int:
        """Count the samples that match *filters*."""
        snapshot = self.snapshot()
        return select(snapshot, SampleQuery(filters, limit=0)).total if filters else len(snapshot)

    def get(self, sample_id: str) -> StoredSample:
        """Return one sample.

        Raises:
            NotFoundError: no sample has this id.
        """
        snapshot = self.snapshot()
        if sample_id in snapshot.overlay.changed:
            found = (snapshot.overlay.live["id"] == sample_id).arg_true().to_list()
            positions = [rows_of(snapshot.version) + row for row in found]
        else:
            row = snapshot.version.index.position(sample_id) if snapshot.version is not None else None
            positions = [] if row is None else [row]
        if not positions:
            raise _missing(sample_id)
        return next(samples_of(snapshot.take(pl.Series(positions, dtype=pl.UInt32()))))

    def find(self, query: SampleQuery) -> tuple[Selection, Iterator[StoredSample]]:
        """Answer *query*; the samples come one by one, as they were at this moment."""
        snapshot = self.snapshot()
        selection = select(snapshot, query)
        return selection, rows_at(snapshot, selection.positions)

    def walk(
        self, filters: Mapping[str, str] | None = None, limit: int | None = None, offset: int = 0
    ) -> Iterator[StoredSample]:
        """Yield samples, newest first."""
        return self.find(SampleQuery(filters or {}, limit=limit, offset=offset))[1]

    # --- changes -------------------------------------------------------------------------

    def put(self, connection: Connection, sample: Sample) -> None:
        """Write *sample* into the journal within the caller's transaction."""
        self.put_all(connection, [sample])

    def put_all(self, connection: Connection, samples: Iterable[Sample]) -> None:
        """Write *samples* into the journal within the caller's transaction."""
        journal.write(connection, ((sample.id, stamped(sample.model_dump())) for sample in samples))

    def add(self, values: Mapping[str, object]) -> StoredSample:
        """Add one sample from outside.

        Raises:
            InputError: fields are missing, or the id exists.
        """
        sample = new_sample({"created_at": iso(self._clock.now()), **values})
        fields = stamped(sample.model_dump())
        self._check_room(fields)

        def change(connection: Connection) -> None:
            version, floor = self._state.base(connection)
            if self._holds(connection, version, floor, sample.id):
                raise InputError(f"id: {sample.id!r} exists; choose another id or change that sample with PUT")
            check_extras(fields, version)
            journal.write(connection, [(sample.id, fields)])

        self._writer.run(change)
        return self.get(sample.id)

    def update(
        self,
        sample_id: str,
        changes: Mapping[str, object],
        also: Callable[[Connection, Mapping[str, object]], None] = lambda _connection, _before: None,
    ) -> StoredSample:
        """Change the named fields of a sample; all others stay.

        Args:
            sample_id: The sample.
            changes: New values by field.
            also: Called in the same transaction, with the sample before the change.

        Raises:
            NotFoundError: there is no such sample.
            InputError: a required field would be empty, or the new id exists.
        """
        wanted = changed_fields(changes)
        self._check_room(wanted)
        new_id = str(wanted.get("id", sample_id))

        def change(connection: Connection) -> None:
            version, floor = self._state.base(connection)
            current = self._find(connection, version, floor, sample_id)
            if current is None:
                raise _missing(sample_id)
            if new_id != sample_id:
                if self._holds(connection, version, floor, new_id):
                    raise InputError(f"id: {new_id!r} exists; choose another id")
                journal.write(connection, [(sample_id, None)])
            check_extras(wanted, version)
            kept = {name: value for name, value in current.items() if value is not None}
            check_kept({name: value for name, value in kept.items() if name not in wanted}, version)
            values = {**kept, **wanted, "updated_at": iso(self._clock.now())}
            if (problem := too_large(values)) and not too_large(kept):  # files of older releases may hold larger ones
                raise InputError(problem)
            journal.write(connection, [(new_id, values)])
            also(connection, current)

        self._writer.run(change)
        return self.get(new_id)

    def delete(self, sample_id: str) -> None:
        """Delete a sample; NotFoundError when there is none."""

        def change(connection: Connection) -> None:
            version, floor = self._state.base(connection)
            if not self._holds(connection, version, floor, sample_id):
                raise _missing(sample_id)
            journal.write(connection, [(sample_id, None)])

        self._writer.run(change)

    def transform(
        self,
        choose: Callable[[Snapshot], Sequence[tuple[str, Mapping[str, object] | None]]],
        also: Callable[[Connection], None],
    ) -> int:
        """Change many samples in one transaction; return how many.

        Args:
            choose: Returns what is put (id, values) and deleted (id, None); called again if the data set changed.
            also: Called in the same transaction.
        """
        while True:
            snapshot = self.snapshot()
            changes = choose(snapshot)
            ids = {name for name, _ in changes}

            def change(connection: Connection) -> bool:
                version, _ = self._state.base(connection)
                upto = snapshot.overlay.upto  # noqa: B023  # it runs before the next turn
                if version is not snapshot.version or ids & journal.ids_after(connection, upto):  # noqa: B023
                    return False
                journal.write(connection, changes)  # noqa: B023
                also(connection)
                return True

            if self._writer.run(change):
                return len(changes)

    def fold(self, force: bool = False) -> int:
        """Move the journal into train.parquet; return how many changes went in (`Folding.fold`)."""
        return self.folding.fold(force)

    def merge(self, staged: StagedSamples) -> MergeResult:
        """Add all of *staged* at once, or nothing.

        Few samples go through the journal in one commit; many become part of the next file version.

        Raises:
            ConflictError: ids exist already, and `staged.on_duplicate` is "error".
            StorageError: the disk is full or cannot be written.
        """
        if staged.is_small:
            self._check_room(staged.columns)
            samples = list(staged.samples())  # done before the writer, so that others need not wait for it
            return self._writer.run(lambda connection: self._merge_small(connection, staged, samples))
        while (result := self.folding.merge(staged)) is None:
            log.info("data set changed during an import, beginning it again")
        return result

    def _merge_small(
        self, connection: Connection, staged: StagedSamples, samples: list[dict[str, object]]
    ) -> MergeResult:
        version, floor = self._state.base(connection)
        ids = staged.index["id"].to_list()
        filed = version.index.places(ids) if version is not None else {}
        changed = journal.find_all(connection, ids, floor)
        existing = [name for name in ids if changed.get(name, name in filed)]
        if existing and staged.on_duplicate == "error":
            raise duplicates(existing)
        skipped = set(existing) if staged.on_duplicate == "skip" else set()
        taken = [(name, fields) for fields in samples if (name := str(fields["id"])) not in skipped]
        for _, fields in taken:
            check_extras(fields, version)
        journal.write(connection, taken)
        return MergeResult(len(staged) - len(existing), len(existing) - len(skipped), len(skipped))

    def _check_room(self, names: Iterable[str]) -> None:
        """Refuse columns beyond the limit of a data set; InputError names one."""
        if any(name not in COLUMNS for name in names):
            check_room(self.snapshot().columns, names)

    def _holds(self, connection: Connection, version: Version | None, floor: int, sample_id: str) -> bool:
        """Tell whether there is a sample *sample_id*, seeing the changes of the open transaction."""
        changed, values = journal.find(connection, sample_id, floor)
        if changed:
            return values is not None
        return version is not None and version.index.position(sample_id) is not None

    def _find(
        self, connection: Connection, version: Version | None, floor: int, sample_id: str
    ) -> Mapping[str, object] | None:
        """Return the sample *sample_id*, seeing the changes of the open transaction."""
        changed, values = journal.find(connection, sample_id, floor)
        if changed:
            return values
        row = version.index.position(sample_id) if version is not None else None
        if version is None or row is None:
            return None
        return version.take([row]).to_dicts()[0]


def _missing(sample_id: str) -> NotFoundError:
    return NotFoundError(f"sample {sample_id!r}: not found; list the ids with GET /api/data")
