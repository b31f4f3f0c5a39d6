"""The current state of the data set: the file version in use and the journal in memory.

One lock guards the pair. It is held while new rows of the journal are read and while a
file is renamed, never while one is written.

Where several processes have the same data set, another may fold. The database names the new file before it is renamed
into place, and the journal is trimmed afterwards; so what lies there before and after the journal was read belongs to
what was read.
"""

from __future__ import annotations

import threading
from collections.abc import Set
from pathlib import Path

from sqlalchemy import Connection, Engine

from models.contract.answers.dataset import FileNote
from models.engines.opening import reading
from models.samples import journal
from models.samples.file.file_mark import new_mark
from models.samples.file.file_watch import FileWatch
from models.samples.file.parquet_file import ParquetFile
from models.samples.file.parquet_version import ParquetVersion
from models.samples.file.row_index import RowIndex
from models.samples.journal import Fold, Overlay
from models.samples.snapshot import Snapshot
from models.samples.version import Version
from utils.clock import Clock
from utils.errors import StorageError
from utils.frames import pl

# A file that is replaced so often while it is read is not one that a process of ours folds.
_TRIES = 20


class StoreState:
    """Takes snapshots and exchanges file versions. Thread-safe."""

    def __init__(self, file: ParquetFile, engine: Engine, clock: Clock) -> None:
        self.watch = FileWatch(file, clock)
        self._file = file
        self._engine = engine
        self._lock = threading.Lock()
        self._is_shared = engine.dialect.name != "sqlite"
        # Highest `seq` of the journal that the file holds; None before the first look. And of which file that is.
        self._floor: int | None = None
        self._floor_of: ParquetVersion | None = None
        self._overlay = Overlay()
        self._hidden: dict[str, int] = {}
        self._snapshot: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        """Return all samples as they are now."""
        with self._lock:
            for _ in range(_TRIES):
                with reading(self._engine) as connection:
                    found = self._current(connection)
                if not self._is_shared or self.watch.is_unchanged():
                    break
            return found

    def base(self, connection: Connection) -> tuple[ParquetVersion | None, int]:
        """Return the file version and the highest `seq` that it holds; for the writer's thread."""
        with self._lock:
            version = self.watch.current()
            return version, self._folded(connection, version)

    def reports(self) -> list[FileNote]:
        """Return changes of the file that were noticed, newest first: taken in, set aside, written back."""
        return self.watch.reports()

    def copy_to(self, version: Version, path: Path) -> None:
        """Copy *version*; StorageError if the file is another before or after."""
        for step in (lambda: version.copy_to(path), lambda: ParquetVersion(path, self._index_of(version))):
            if not self.watch.is_still(version):
                raise StorageError("backup: train.parquet is being changed by another program; try again in a moment")
            step()

    def next_mark(self) -> dict[str, str]:
        """Return the mark of the next file version."""
        with reading(self._engine) as connection:
            fold = journal.last_fold(connection)
            return new_mark(journal.database_id(connection) or "", fold.generation + 1 if fold is not None else 1)

    def mark(self, connection: Connection, version: ParquetVersion, before: Version | None, upto: int) -> Fold | None:
        """Record what *version* holds before it is renamed, so that a reader of it knows what is folded.

        None where *before* is not the file any more: this process was cut off, and another has folded meanwhile.
        """
        if self._is_shared and not self.watch.is_still(before):
            return None
        journal.trim(connection, self._floor or 0)
        fold = Fold(version.version_id, upto, version.mark.generation, len(version), _name(before))
        journal.mark(connection, fold)
        return fold

    def stranger(self) -> ParquetVersion | None:
        """Return the file version in use if it came from outside and the database does not know it yet."""
        with self._lock, reading(self._engine) as connection:
            version = self.watch.version
            if version is None or not version.version_id:
                return None
            fold = journal.last_fold(connection)
            return None if fold is not None and version.version_id in (fold.file, fold.before) else version

    def adopt(self, connection: Connection, version: ParquetVersion) -> None:
        """Record that the foreign *version* is in place: the journal in memory is newer."""
        fold = journal.last_fold(connection)
        generation = fold.generation if fold is not None else 0
        journal.mark(
            connection, Fold(version.version_id, self._floor or 0, generation, len(version), version.version_id)
        )

    def exchange(self, connection: Connection, snapshot: Snapshot, version: ParquetVersion, ids: Set[str]) -> bool:
        """Make *version* the data set, unless the file or one of the imported *ids* changed meanwhile."""
        with self._lock:
            before, upto = snapshot.version, snapshot.overlay.upto
            if not self.watch.is_still(before) or ids & journal.ids_after(connection, upto):
                return False
            if before is not None and not before.is_ours:
                self.watch.keep_original(before)
            self._file.swap(version)
            self.watch.replaced(version)
            self._floor, self._floor_of = upto, version
            self._overlay = self._overlay.beyond(upto)
            self._snapshot = None
        return True

    def settle(self, connection: Connection, fold: Fold, version: ParquetVersion) -> None:
        """Record that *version* is in place, and trim what it holds, unless another has folded meanwhile."""
        if not self._is_shared or self.watch.is_still(version):
            journal.settle(connection, fold)

    def _index_of(self, version: Version) -> RowIndex | None:
        used = self.watch.version
        return used.index if used is version else None

    def uses(self, version: ParquetVersion) -> bool:
        """Tell whether *version* is the one in use."""
        with self._lock:
            return self.watch.version is version

    def _current(self, connection: Connection) -> Snapshot:
        """Return the newest state; called under the lock."""
        version = self.watch.current()
        self._folded(connection, version)
        self._overlay, added = journal.caught_up(connection, self._overlay)
        known = self._snapshot
        same = known is not None and known.version is version
        if known is not None and same and not added:
            return known
        # Rows of known ids stay valid as long as the file is the same.
        fresh = added if same else set(self._overlay.changed)
        self._hidden = self._hidden if same else {}
        if version is not None:
            self._hidden |= version.index.places(list(fresh - self._hidden.keys()))
        self._snapshot = Snapshot(version, self._overlay, self._hidden_of(version) if version is not None else None)
        return self._snapshot

    def _hidden_of(self, version: ParquetVersion) -> pl.Series:
        hidden = pl.Series("n", sorted(self._hidden.values()), dtype=pl.UInt32())
        return pl.concat([hidden, version.index.refused.alias("n")]).sort() if len(version.index.refused) else hidden

    def _folded(self, connection: Connection, version: ParquetVersion | None) -> int:
        if self._floor is None or (version is not self._floor_of and self._is_of_ours(connection, version)):
            self._floor = journal.folded(connection, version.version_id if version is not None else "")
            self._overlay = Overlay(upto=self._floor)
            self._floor_of = version
            # What it hides in the file is in the overlay that was dropped, be the file the same.
            self._snapshot = None
        return self._floor

    def _is_of_ours(self, connection: Connection, version: ParquetVersion | None) -> bool:
        """Tell whether another process that has the same data set put *version* in place."""
        if not self._is_shared or version is None or not version.version_id:
            return False
        fold = journal.last_fold(connection)
        return fold is not None and version.version_id == fold.file


def _name(version: Version | None) -> str:
    return version.version_id if version is not None else ""
