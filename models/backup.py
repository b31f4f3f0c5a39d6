"""Backups: a consistent copy of the data set, its journal and the batches, beside the data.

While a copy is made no fold can happen, so `train.parquet` stays what it is; the
database is copied by SQLite's own backup after that, so its journal holds whatever is
newer. A backup is a folder `backups/<UTC time>`; it appears whole or not at all.
"""

import contextlib
import logging
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from models.parquet_file import CACHE_FOLDER
from models.parquet_version import ParquetVersion
from models.sample_store import SampleStore
from utils.clock import Clock, iso
from utils.errors import DiskFullError, NotFoundError, StorageError
from utils.files import sync_file, sync_folder

log = logging.getLogger(__name__)
FOLDER = "backups"
_PARQUET, _DATABASE, _MANIFEST = "train.parquet", "batches.db", "backup.json"
# Copies made ahead of a restore are not among those that roll.
_BEFORE = "before-restore-"


class Backups:
    """The backups of one data folder."""

    def __init__(self, data_dir: Path, database: Path | None, store: SampleStore, clock: Clock, keep: int) -> None:
        """Back *store* up; *database* is its SQLite file, None when it lives elsewhere."""
        self._folder = data_dir / FOLDER
        self._database = database
        self._store = store
        self._clock = clock
        self._keep = keep
        self._lock = threading.Lock()

    def make(self) -> dict[str, Any]:
        """Make a backup, drop the oldest beyond the number kept, and return its manifest.

        Raises:
            StorageError: the disk is full or cannot be written; what was there is kept.
        """
        if self._database is None:
            raise StorageError(
                "backup: the database is a server's; use that server's own backup and copy train.parquet"
            )
        with self._lock:
            for left in self._folder.glob("*.unfinished"):
                shutil.rmtree(left, ignore_errors=True)
            name = _free(self._folder, self._clock.now().strftime("%Y%m%dT%H%M%SZ"))
            unfinished = self._folder / f"{name}.unfinished"
            try:
                manifest = self._copy(name, unfinished, self._database)
                os.replace(unfinished, self._folder / name)
                sync_folder(self._folder)
            except (OSError, sqlite3.Error) as error:
                raise _unwritable(self._folder, error) from error
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
            self._roll()
            log.info("backup made", extra={"backup": name, "samples": manifest["samples"]})
            return manifest

    def list(self) -> list[dict[str, Any]]:
        """Return the manifests, newest first."""
        return list(manifests(self._folder))

    def is_due(self, every_s: float) -> bool:
        """Tell whether the newest backup is older than *every_s* seconds; False without data."""
        times = [str(made["created_at"]) for made in rolling(self.list())]
        if not times:
            return self._store.count() > 0
        newest = max(times)
        return (self._clock.now() - datetime.fromisoformat(newest)).total_seconds() >= every_s

    def _copy(self, name: str, folder: Path, database: Path) -> dict[str, Any]:
        folder.mkdir(parents=True)
        with self._store.folding.hold_still():
            snapshot = self._store.snapshot()
            if snapshot.version is not None:
                self._copy_file(snapshot.version, folder / _PARQUET)
            with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(folder / _DATABASE)) as copy:
                source.backup(copy)
        samples = len(snapshot)
        size = 0
        for path in sorted(folder.iterdir()):
            sync_file(path)
            size += path.stat().st_size
        manifest = {"name": name, "created_at": iso(self._clock.now()), "samples": samples, "size_bytes": size}
        (folder / _MANIFEST).write_bytes(orjson.dumps(manifest))
        sync_file(folder / _MANIFEST)
        sync_folder(folder)
        return manifest

    def _copy_file(self, version: ParquetVersion, copy: Path) -> None:
        """Copy *version*; StorageError when it is not what lies there, before or after."""
        for step in (lambda: version.copy_to(copy), lambda: ParquetVersion(copy, version.index)):
            if not self._store.watch.is_still(version):
                raise StorageError("backup: train.parquet is being changed by another program; try again in a moment")
            step()

    def _roll(self) -> None:
        for old in rolling(self.list())[self._keep :]:
            shutil.rmtree(self._folder / str(old["name"]), ignore_errors=True)


def manifests(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the manifests of all whole backups in *folder*, newest first."""
    for path in sorted(folder.glob(f"*/{_MANIFEST}"), key=lambda found: found.parent.name, reverse=True):
        if not path.parent.name.endswith(".unfinished"):
            with contextlib.suppress(OSError, ValueError):
                yield orjson.loads(path.read_bytes())


def rolling(made: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the backups among *made* that are not copies ahead of a restore."""
    return [manifest for manifest in made if not str(manifest["name"]).startswith(_BEFORE)]


def restore(data_dir: Path, database: Path, name: str | None, clock: Clock) -> dict[str, Any]:
    """Put a backup in place of the data; what was there is moved to a folder of its own beside the backups.

    The caller owns the data folder (no service runs).

    Args:
        data_dir: The data folder.
        database: Where the database lies.
        name: Name of a backup; None for the newest.
        clock: Names what is moved away.

    Returns:
        The backup's manifest, with `kept` as the place of what was there.

    Raises:
        NotFoundError: there is no such backup.
        StorageError: the backup is damaged, or the disk refuses.
    """
    folder = data_dir / FOLDER
    known = {str(manifest["name"]): manifest for manifest in manifests(folder)}
    wanted = name or next((str(made["name"]) for made in rolling(known.values())), "")
    if wanted not in known:
        raise NotFoundError(f"backup {wanted!r}: not found; there are: {', '.join(known) or 'none'}")
    source = folder / wanted
    _check(source)
    kept = folder / _free(folder, f"{_BEFORE}{clock.now().strftime('%Y%m%dT%H%M%SZ')}")
    try:
        fresh = data_dir / ".restore"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(source, fresh)
        for path in fresh.iterdir():
            sync_file(path)
        _move_away(data_dir, database, kept, clock)
        for path, place in ((fresh / _PARQUET, data_dir / _PARQUET), (fresh / _DATABASE, database)):
            if path.exists():
                shutil.move(path, place)
                sync_folder(place.parent)
        shutil.rmtree(fresh)
        sync_folder(data_dir)
    except OSError as error:
        raise _unwritable(data_dir, error) from error
    return {**known[wanted], "kept": str(kept)}


def _free(folder: Path, stamp: str) -> str:
    """Return *stamp*, with a number behind it where that name is taken."""
    name, number = stamp, 1
    while (folder / name).exists():
        number += 1
        name = f"{stamp}-{number}"
    return name


def _move_away(data_dir: Path, database: Path, kept: Path, clock: Clock) -> None:
    kept.mkdir(parents=True)
    with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what a crash left beside the file goes into it
    manifest = {"name": kept.name, "created_at": iso(clock.now()), "samples": None, "size_bytes": None}
    (kept / _MANIFEST).write_bytes(orjson.dumps(manifest))
    for path in (data_dir / _PARQUET, database, *(database.with_name(database.name + end) for end in ("-wal", "-shm"))):
        if path.exists():
            shutil.move(path, kept / path.name)
    shutil.rmtree(data_dir / CACHE_FOLDER, ignore_errors=True)


def _check(source: Path) -> None:
    """Refuse a backup that cannot be read."""
    if (source / _PARQUET).exists():
        ParquetVersion(source / _PARQUET)
    try:
        with closing(sqlite3.connect(f"file:{source / _DATABASE}?mode=ro", uri=True)) as connection:
            verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        raise StorageError(f"backup {source.name}: damaged ({error}); choose another") from error
    if verdict != "ok":
        raise StorageError(f"backup {source.name}: damaged ({verdict}); choose another")


def _unwritable(folder: Path, error: Exception) -> StorageError:
    if getattr(error, "errno", None) == 28 or "full" in str(error):
        return DiskFullError(f"{folder}: no space left on the disk; free some, the data are as they were")
    return StorageError(f"{folder}: cannot be written ({error}); the data are as they were")
