"""Backups: a consistent copy of the data set, its journal, the batches, the documents and the releases.

No fold can happen during a copy, so `train.parquet` does not change; the database is
copied after it, so its journal holds all that is newer: a file by SQLite's own backup, what a
server has into such a file, so that a backup is the same folder whatever the database is. It
is called `backups/<UTC time>`, and appears whole or not at all.
"""

import contextlib
import logging
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import cast

import orjson

from models.backups.moving.files import copy_to_file
from models.backups.moving.shelf import has_library, write_library
from models.contract.answers.dataset import Backup, KeptBackup, Manifest
from models.data_folder import DataFolder
from models.engines.opening import reading
from models.samples.releases.release_files import FOLDER as RELEASES
from models.samples.sample_store import SampleStore
from utils.clock import Clock, iso, stamp
from utils.errors import DiskFullError, StorageError
from utils.file_systems import ASIDE
from utils.files import is_disk_full, sync_file, sync_folder

log = logging.getLogger(__name__)
FOLDER = "backups"
PARQUET, DATABASE, MANIFEST = "train.parquet", "batches.db", "backup.json"
LIBRARY, DOCUMENTS = "documents.db", "documents"
# Folders whose files never change: a copy has them by a second name.
LINKED = (DOCUMENTS, RELEASES)
# Copies made ahead of a restore are not among those that roll.
BEFORE = "before-restore-"
# A backup dated further in the future was made with a wrong clock.
_CLOCKS_DIFFER_S = 3600.0


class Backups:
    """The backups of one data folder."""

    def __init__(self, data: DataFolder, database: Path | None, store: SampleStore, clock: Clock, keep: int) -> None:
        """Back *store* up; *database* is its SQLite file, None if a server has it."""
        self._data = data
        self._folder = data.path / FOLDER
        self._database = database
        self._store = store
        self._clock = clock
        self._keep = keep
        self._lock = threading.Lock()

    def make(self) -> Backup:
        """Make a backup, drop the oldest beyond the number kept, and return its manifest.

        Raises:
            StorageError: the disk is full or cannot be written; older backups are kept.
        """
        self._data.check()
        with self._lock:
            for left in self._folder.glob("*.unfinished"):
                shutil.rmtree(left, ignore_errors=True)
            name = free_name(self._folder, stamp(self._clock.now()))
            unfinished = self._folder / f"{name}.unfinished"
            try:
                manifest = self._copy(name, unfinished)
                self._data.check()
                os.replace(unfinished, self._folder / name)
                sync_folder(self._folder)
            except (OSError, sqlite3.Error) as error:
                raise unwritable(self._folder, error) from error
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
            self._roll()
            log.info("backup made", extra={"backup": name, "samples": manifest["samples"]})
            return manifest

    def list(self) -> list[KeptBackup]:
        """Return the manifests, newest first; with `impossible_date` if the clock was wrong then."""
        now = self._clock.now()
        return [{**made, "impossible_date": _is_impossible(_age_s(made, now))} for made in manifests(self._folder)]

    def make_if_due(self, every_s: float) -> None:
        """Make a backup if the newest is older than *every_s* seconds; 0 for never."""
        if every_s and self.is_due(every_s):
            self.make()

    def is_due(self, every_s: float) -> bool:
        """Tell whether the newest backup is older than *every_s* seconds, or of unknown age; False without data."""
        if not self._store.count():
            return False  # an empty backup would displace one that has samples
        last = newest(self._data.path)
        if last is None:
            return True
        age_s = _age_s(last, self._clock.now())
        return age_s >= every_s or _is_impossible(age_s)

    def _copy(self, name: str, folder: Path) -> Backup:
        folder.mkdir(parents=True)
        with self._store.folding.hold_still():
            snapshot = self._store.snapshot()
            if snapshot.version is not None:
                self._store.copy_to(snapshot.version, folder / PARQUET)
            if self._database is None:
                copy_to_file(self._store.engine, folder / DATABASE)
            else:
                _copy_file(self._database, folder / DATABASE)
            _forget_shards(folder / DATABASE)
        if self._database is not None:
            _copy_documents(self._data.path, folder)
        else:
            with reading(self._store.engine) as connection:
                if has_library(connection):
                    write_library(connection, folder, self._data.path / DOCUMENTS)
        _link(self._data.path / RELEASES, folder / RELEASES)
        samples = len(snapshot)
        size = 0
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                sync_file(path)
                size += path.stat().st_size
        manifest: Backup = {
            "name": name,
            "sequence": 1 + max((_order(made)[0] for made in manifests(self._folder)), default=0),
            "created_at": iso(self._clock.now()),
            "samples": samples,
            "size_bytes": size,
            "file": snapshot.version.version_id if snapshot.version is not None else "",
        }
        (folder / MANIFEST).write_bytes(orjson.dumps(manifest))
        sync_file(folder / MANIFEST)
        sync_folder(folder)
        return manifest

    def _roll(self) -> None:
        for old in rolling(manifests(self._folder))[self._keep :]:
            shutil.rmtree(self._folder / old["name"], ignore_errors=True)


def _copy_file(database: Path, copy: Path) -> None:
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def _forget_shards(copy: Path) -> None:
    """Leave the list of shards out of a copy: its samples are in the file beside it."""
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.executescript("DELETE FROM shards; DELETE FROM shard_heads")


def _copy_documents(data: Path, folder: Path) -> None:
    """Copy the library, and after it the files of its documents; those never change, so a second name will do."""
    if not (data / LIBRARY).exists():
        return
    _copy_file(data / LIBRARY, folder / LIBRARY)
    (folder / DOCUMENTS).mkdir()
    for path in (data / DOCUMENTS).iterdir() if (data / DOCUMENTS).is_dir() else ():
        with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
            link_or_copy(path, folder / DOCUMENTS / path.name)
    sync_folder(folder / DOCUMENTS)


def _link(source: Path, target: Path) -> None:
    """Give all files below a folder a second name; what is erased meanwhile is left out."""
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_file() and not path.name.endswith(ASIDE):
            place.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                link_or_copy(path, place)


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file that never changes a second name; copy it where the system has none."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)


def manifests(folder: Path) -> Iterator[Manifest]:
    """Yield the manifests of all whole backups in *folder*, newest first.

    The sequence decides which is newest, since the clock may have been wrong. A backup has the name of its folder,
    whatever its manifest says; links are ignored.
    """
    found: list[Manifest] = []
    for path in folder.glob(f"*/{MANIFEST}"):
        if not path.parent.name.endswith(".unfinished") and not path.parent.is_symlink():
            with contextlib.suppress(OSError, ValueError, TypeError):
                told = {**orjson.loads(path.read_bytes()), "name": path.parent.name}
                found.append(cast("Manifest", told))  # written by `make` or a restore
    return iter(sorted(found, key=_order, reverse=True))


def newest(data_dir: Path) -> Manifest | None:
    """Return the manifest of the newest backup of *data_dir*; None if there is none."""
    return next(iter(rolling(manifests(data_dir / FOLDER))), None)


def _order(manifest: Mapping[str, object]) -> tuple[int, str]:
    """Return the sort key of a backup; those of older releases have no sequence and sort by name."""
    sequence = manifest.get("sequence")
    return sequence if isinstance(sequence, int) else 0, str(manifest["name"])


def _age_s(manifest: Mapping[str, object], now: datetime) -> float:
    """Return the seconds since a backup was made; negative for a date in the future."""
    try:
        return (now - datetime.fromisoformat(str(manifest["created_at"]))).total_seconds()
    except (KeyError, ValueError, TypeError):
        return float("inf")


def _is_impossible(age_s: float) -> bool:
    return age_s < -_CLOCKS_DIFFER_S


def rolling(made: Iterable[Manifest]) -> list[Manifest]:
    """Return the backups among *made* that are not copies made before a restore."""
    return [manifest for manifest in made if not manifest["name"].startswith(BEFORE)]


def free_name(folder: Path, stamp: str) -> str:
    """Return *stamp*, with a number appended if that name is taken."""
    name, number = stamp, 1
    while (folder / name).exists():
        number += 1
        name = f"{stamp}-{number}"
    return name


def unwritable(folder: Path, error: Exception) -> StorageError:
    """Say in words why writing *folder* failed."""
    if is_disk_full(error):
        return DiskFullError(f"{folder}: no space left on the disk; free some, the data are as they were")
    return StorageError(f"{folder}: cannot be written ({error}); the data are as they were")
