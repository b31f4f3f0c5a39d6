"""The data set as another process reads it: snapshots of the file and the journal, and no change of either.

The service may replace the file while this reads. What it commits in which order decides what is read together: the
database names the new file before it is renamed into place, and the journal is trimmed afterwards. So the file that is
in place after the journal was read was in place before, and the two belong together.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from sqlalchemy import Connection, Engine

from models.engines.opening import reading
from models.samples import journal
from models.samples.file.parquet_version import ParquetVersion, identity_of
from models.samples.file.row_index import load_index
from models.samples.journal import Overlay
from models.samples.snapshot import Snapshot
from models.samples.version import Identity, Version
from utils.errors import StorageError
from utils.frames import pl

# While a fold renames, for so long at most, it cannot be told what the old file holds.
_RENAMING_S, _LOOK_S = 2.0, 0.02


class SnapshotReader:
    """Takes snapshots of the data set that another process owns. Thread-safe."""

    def __init__(self, path: Path, index_path: Path, engine: Engine) -> None:
        """Read the file at *path* and the journal in *engine*; the kept row index is at *index_path*."""
        self._path = path
        self._index_path = index_path
        self._engine = engine
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._version: ParquetVersion | None = None
        self._pause = threading.Event()

    def snapshot(self) -> Snapshot:
        """Return all samples as they are now.

        Raises:
            StorageError: the database or the file cannot be read.
        """
        with self._lock:
            patience = int(_RENAMING_S / _LOOK_S)
            while True:
                version = self._opened()
                with reading(self._engine) as connection:
                    found = self._read(connection, version, is_patient=patience > 0)
                if found is not None and self._identity() == _identity(version):
                    self._snapshot = found
                    return found
                patience -= 1
                self._pause.wait(_LOOK_S)

    def _read(self, connection: Connection, version: ParquetVersion | None, *, is_patient: bool) -> Snapshot | None:
        """Return *version* with the newest journal; None while a fold is about to replace it."""
        known = self._snapshot
        if known is not None and known.version is version:
            overlay = known.overlay
        else:
            fold = journal.last_fold(connection)
            name = version.version_id if version is not None else ""
            if is_patient and name and fold is not None and fold.file != name == fold.before:
                return None
            overlay = Overlay(upto=journal.folded(connection, name))
        overlay, added = journal.caught_up(connection, overlay)
        if known is not None and known.version is version and not added:
            return known
        return Snapshot(version, overlay, hidden_by(version, overlay))

    def _opened(self) -> ParquetVersion | None:
        known = self._version
        if known is not None and self._identity() == known.identity:
            return known
        try:
            self._version = ParquetVersion(self._path, lambda identity: load_index(self._index_path, identity))
        except FileNotFoundError:
            self._version = None
        return self._version

    def _identity(self) -> Identity | None:
        try:
            return identity_of(os.stat(self._path))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"{self._path}: cannot be read ({error.strerror})") from error


def hidden_by(version: Version | None, overlay: Overlay) -> pl.Series:
    """Return the rows of *version* that *overlay* overrides, and those that are no samples, ascending."""
    if version is None:
        return pl.Series("n", dtype=pl.UInt32())
    changed = version.index.positions(list(overlay.changed))
    return pl.concat([changed.alias("n"), version.index.refused.alias("n")]).unique().sort()


def _identity(version: ParquetVersion | None) -> Identity | None:
    return version.identity if version is not None else None
