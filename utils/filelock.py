"""The lock that makes one process the owner of a data folder, and the seats of several that share one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from utils.errors import DataFolderBusyError, StorageError

LOCK_NAME = ".data-folder.lock"
_SEATS = 64


class FileTurn:
    """One process at a time of those that share a file: no other has the turn until the block ends."""

    def __init__(self, path: Path) -> None:
        self._lock = FileLock(str(path), timeout=0, thread_local=False)

    @contextmanager
    def taken(self) -> Iterator[bool]:
        """Take the turn for the block; False where another process has it."""
        try:
            self._lock.acquire()
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            self._lock.release()


class FolderLock:
    """Exclusive ownership of a folder, freed by the operating system if we die."""

    def __init__(self, folder: Path, seat: int = 0) -> None:
        """Lock *folder*, or one *seat* of those that share it; the first is that of an owner."""
        self.seat = seat
        self._folder = folder
        name = f"{LOCK_NAME}.{seat}" if seat else LOCK_NAME
        self._path = folder / name
        self._owner = folder / f"{name}.pid"
        # Not thread-local: the thread that stops the service is not the one that started it.
        self._lock = FileLock(str(self._path), timeout=0, thread_local=False)

    def acquire(self) -> None:
        """Take the folder.

        Raises:
            DataFolderBusyError: another process has it.
            StorageError: the folder cannot be created or written.
        """
        try:
            make_folder(self._folder)
            self._lock.acquire()
            self._owner.write_text(str(os.getpid()))
        except Timeout:
            raise DataFolderBusyError(
                f"data folder {self._folder}: process {self._read_owner()} is using it; "
                "stop that process, or set DATA_DIR to another folder"
            ) from None
        except OSError as error:
            raise _not_writable(self._folder, error) from error

    def release(self) -> None:
        """Give the folder back; does nothing when it is not ours."""
        if self._lock.is_locked:
            self._owner.unlink(missing_ok=True)
            self._lock.release()

    @classmethod
    def any_seat(cls, folder: Path) -> "FolderLock":
        """Take the first free seat of a folder.

        Raises:
            DataFolderBusyError: all are taken.
            StorageError: the folder cannot be created or written.
        """
        for seat in range(_SEATS):
            lock = cls(folder, seat)
            try:
                lock.acquire()
            except DataFolderBusyError:
                continue
            return lock
        raise DataFolderBusyError(f"data folder {folder}: {_SEATS} processes use it, which is the limit")

    def _read_owner(self) -> str:
        try:
            return self._owner.read_text() or "?"
        except OSError:
            return "?"


def make_folder(folder: Path) -> None:
    """Create *folder* if it is missing; StorageError when it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(folder, error) from error


def _not_writable(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"data folder {folder}: cannot write ({error.strerror}); free or unlock it, or set DATA_DIR to another folder"
    )
