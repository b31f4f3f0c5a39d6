"""Repairs of a data folder while no service runs: restore a backup, accept the parts as they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from config import Settings
from utils.clock import SystemClock
from utils.filelock import FolderLock

if TYPE_CHECKING:
    from models.backups.restoring import Restored


def put_back(settings: Settings, name: str | None) -> "Restored":
    """Put the backup *name* (None: the newest) in place of the data; return its manifest.

    Raises:
        DataFolderBusyError: the service is running.
        NotFoundError, StorageError: as `models.backups.restoring.restore`.
    """
    from models.backups.restoring import restore

    with _owned(settings) as folder:
        return restore(folder, settings.database_url, name, SystemClock())


def accept(settings: Settings) -> str | None:
    """Accept train.parquet and the database as they are; return the mismatch, None if they belong together.

    Raises:
        DataFolderBusyError: the service is running.
        StorageError: one of them cannot be read.
    """
    from models.backups import agreement
    from models.backups.backup import PARQUET
    from models.database import open_engine

    with _owned(settings) as folder:
        engine = open_engine(settings.database_url)
        try:
            return agreement.accept(folder / PARQUET, engine)
        finally:
            engine.dispose()


@contextmanager
def _owned(settings: Settings) -> Iterator[Path]:
    folder = settings.data_dir.expanduser()
    lock = FolderLock(folder)
    lock.acquire()
    try:
        yield folder
    finally:
        lock.release()
