"""What the data set is now: the file version in use, the journal in memory, and how they are joined.

One lock guards the pair. It is held for the reading of what is new in the journal and
for the renaming of a file, never for the writing of one.
"""

import threading
from collections.abc import Set

import polars as pl
from sqlalchemy import Connection, Engine

from models import journal
from models.file_watch import FileWatch
from models.journal import Overlay
from models.parquet_file import ParquetFile
from models.parquet_version import ParquetVersion
from models.snapshot import Snapshot
from utils.clock import Clock


class StoreState:
    """Takes snapshots and exchanges file versions. Every method may be called from any thread."""

    def __init__(self, file: ParquetFile, engine: Engine, clock: Clock) -> None:
        self.watch = FileWatch(file, clock)
        self._file = file
        self._engine = engine
        self._lock = threading.Lock()
        # Up to which `seq` the file holds the journal; None until it was first looked at.
        self._floor: int | None = None
        self._overlay = Overlay()
        self._hidden: dict[str, int] = {}
        self._snapshot: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        """Return all samples as they are at this moment."""
        with self._lock, self._engine.connect() as connection:
            return self._current(connection)

    def base(self, connection: Connection) -> tuple[ParquetVersion | None, int]:
        """Return the file version and up to where it holds the journal; for the writer's thread."""
        with self._lock:
            version = self.watch.current()
            return version, self._folded(connection, version)

    def mark(self, connection: Connection, version: ParquetVersion, upto: int) -> None:
        """Note what *version* holds ahead of its renaming: who meets it knows what is folded."""
        journal.trim(connection, self._floor or 0)
        journal.mark(connection, version.version_id, upto)

    def exchange(self, connection: Connection, snapshot: Snapshot, version: ParquetVersion, ids: Set[str]) -> bool:
        """Make *version* the data set, unless the file or one of the imported *ids* changed meanwhile."""
        with self._lock:
            before, upto = snapshot.version, snapshot.overlay.upto
            if not self.watch.is_still(before) or ids & journal.ids_after(connection, upto):
                return False
            if before is not None and not before.is_ours:
                self.watch.keep_original(before)
            self._file.swap()
            self.watch.replaced(version)
            self._floor = upto
            self._overlay = self._overlay.beyond(upto)
            self._snapshot = None
        return True

    def uses(self, version: ParquetVersion) -> bool:
        """Tell whether *version* is the one in use."""
        with self._lock:
            return self.watch.version is version

    def _current(self, connection: Connection) -> Snapshot:
        """Return the newest state; called under the lock."""
        version = self.watch.current()
        self._folded(connection, version)
        added: set[str] = set()
        for rows in journal.read_after(connection, self._overlay.upto):
            self._overlay = self._overlay.after(rows)
            added |= {row.id for row in rows}
        known = self._snapshot
        same = known is not None and known.version is version
        if known is not None and same and not added:
            return known
        # Ids known already keep their place as long as the file is the same.
        fresh = added if same else set(self._overlay.changed)
        self._hidden = self._hidden if same else {}
        if version is not None:
            self._hidden |= version.index.places(list(fresh - self._hidden.keys()))
        hidden = pl.Series("n", sorted(self._hidden.values()), dtype=pl.UInt32())
        self._snapshot = Snapshot(version, self._overlay, hidden)
        return self._snapshot

    def _folded(self, connection: Connection, version: ParquetVersion | None) -> int:
        if self._floor is None:
            self._floor = journal.folded(connection, version.version_id if version is not None else "")
            self._overlay = Overlay(upto=self._floor)
        return self._floor
