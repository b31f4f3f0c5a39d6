"""The lock that makes one process the owner of a data folder."""

import os
from pathlib import Path

from filelock import FileLock, Timeout

from utils.errors import DataFolderBusyError, StorageError

LOCK_NAME = ".data-folder.lock"


class FolderLock:
    """Exclusive ownership of a folder, freed by the operating system if we die."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / LOCK_NAME
        self._owner = folder / f"{LOCK_NAME}.pid"
        # Not thread-local: the thread that stops the service is not the one that started it.
        self._lock = FileLock(str(self._path), timeout=0, thread_local=False)

    def acquire(self) -> None:
        """Take the folder.

        Raises:
            DataFolderBusyError: another process has it.
            StorageError: the folder cannot be created or written.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            self._owner.write_text(str(os.getpid()))
        except Timeout:
            raise DataFolderBusyError(
                f"data folder {self._folder}: process {self._read_owner()} is using it; "
                "stop that process, or set DATA_DIR to another folder"
            ) from None
        except OSError as error:
            raise StorageError(
                f"data folder {self._folder}: cannot write ({error.strerror}); "
                "free or unlock it, or set DATA_DIR to another folder"
            ) from error

    def release(self) -> None:
        """Give the folder back; does nothing when it is not ours."""
        if self._lock.is_locked:
            self._owner.unlink(missing_ok=True)
            self._lock.release()

    def _read_owner(self) -> str:
        try:
            return self._owner.read_text() or "?"
        except OSError:
            return "?"
