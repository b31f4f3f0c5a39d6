"""The data folder, identified by device and inode, not by its path.

A path may lead elsewhere while the service runs: a volume is unmounted, a folder renamed or removed. The open database
would go on taking changes where they are lost, and a new train.parquet would be written into whatever is there now.
So device and inode of the folder, the database and its log are noted at the start, and every write checks that the
path still leads to them.
"""

import contextlib
import os
import sqlite3
import weakref
from pathlib import Path

from utils.errors import DataFolderGoneError, StorageError
from utils.files import place_of

_Place = tuple[int, int]
# Files can be named relative to an open folder, without using its path.
_BY_HANDLE = {os.stat, os.rename} <= os.supports_dir_fd


class DataFolder:
    """The folder of the data set and, if it is SQLite's, the database. Thread-safe."""

    def __init__(self, path: Path) -> None:
        """Bind the folder that *path* leads to now; it must exist."""
        self.path = path
        self._handle = os.open(path, os.O_RDONLY) if _BY_HANDLE else None
        self._letting_go = weakref.finalize(self, os.close, self._handle) if self._handle is not None else None
        self._places: dict[Path, _Place] = {path: place_of(path)}
        self._held: sqlite3.Connection | None = None

    def hold(self, database: Path) -> None:
        """Bind the database too; a connection is kept open, so that its log stays the same file."""
        self._held = sqlite3.connect(database, check_same_thread=False)
        self._held.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
        for path in (database, database.with_name(f"{database.name}-wal")):
            with contextlib.suppress(FileNotFoundError):  # a database not in WAL mode has no log
                self._places[path] = place_of(path)

    def check(self) -> None:
        """Raise if the path no longer leads to what was bound.

        Raises:
            DataFolderGoneError: it was unmounted, renamed or removed, or another lies there now.
        """
        for path, place in self._places.items():
            try:
                found = os.stat(path)
                what = "" if (found.st_dev, found.st_ino) == place else "was replaced by another"
            except OSError as error:
                what = f"is gone ({error.strerror})"
            if what:
                raise DataFolderGoneError(
                    f"{path}: {what}; the service writes nothing until the original is back there "
                    "(mount or rename it), or the service is restarted"
                )

    def is_there(self) -> bool:
        """Tell whether the path still leads to what was bound."""
        try:
            self.check()
        except DataFolderGoneError:
            return False
        return True

    def stat(self, name: str) -> os.stat_result:
        """Return what the bound folder holds under *name*; OSError if nothing."""
        return os.stat(self.path / name) if self._handle is None else os.stat(name, dir_fd=self._handle)

    def replace(self, name: str, target: str) -> None:
        """Rename within the bound folder, wherever the path leads now.

        Raises:
            DataFolderGoneError: the path leads elsewhere.
            OSError: the disk fails.
        """
        self.check()
        if self._handle is None:
            os.replace(self.path / name, self.path / target)
        else:
            os.rename(name, target, src_dir_fd=self._handle, dst_dir_fd=self._handle)

    def sync(self) -> None:
        """Force renamings in the bound folder to the disk, where the system can."""
        if self._handle is not None:
            os.fsync(self._handle)

    def close(self) -> None:
        """Close the folder and the database."""
        if self._held is not None:
            self._held.close()
        self._handle = None
        if self._letting_go is not None:
            self._letting_go()


def open_folder(path: Path) -> DataFolder:
    """Bind the folder at *path*; StorageError if it cannot be used."""
    try:
        return DataFolder(path)
    except OSError as error:
        raise StorageError(f"data folder {path}: cannot be used ({error.strerror}); set DATA_DIR to another") from error
