"""The path of `train.parquet`: opening, replacing, setting aside and copying its file.

The file is never written in place; a new one is written beside it, forced to the disk
and put in its place.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

from models.data_folder import DataFolder, open_folder
from models.samples.file.carried_groups import CarriedGroup
from models.samples.file.parquet_version import ParquetVersion, identity_of
from models.samples.file.row_groups import write_groups
from models.samples.file.row_index import RowIndex, load_index
from models.samples.version import Identity
from utils.errors import DiskFullError, StorageError
from utils.files import is_disk_full, sync_file, sync_folder
from utils.frames import pl

# Everything in it can be deleted at any time and is rebuilt.
CACHE_FOLDER = ".index"
INDEX = "rows.parquet"


class ParquetFile:
    """The data set's file. Thread-safe as long as one thread replaces it at a time."""

    def __init__(self, path: Path, folder: DataFolder | None = None, seat: int = 0) -> None:
        """Manage *path*, which is in *folder* (default: its parent, bound now).

        Of processes that share the folder each has a *seat*, and a cache folder of its own.
        """
        self.folder = folder or open_folder(path.parent)
        self._path = path
        self._temporary = path.with_name(path.name + ".tmp")
        self._index_path = path.parent / CACHE_FOLDER / INDEX
        self._index_lock = threading.Lock()
        self._cache_folder = path.parent / (f"{CACHE_FOLDER}-{seat}" if seat else CACHE_FOLDER)

    @property
    def path(self) -> Path:
        """Path of the file, whether it exists or not."""
        return self._path

    @property
    def cache_folder(self) -> Path:
        """Folder of files that can be rebuilt."""
        return self._cache_folder

    def prepare(self) -> None:
        """Remove leftovers of a crash; StorageError if the folder cannot be written."""
        try:
            for leftover in (self._temporary, self._path.with_name(f"{self._path.name}.new")):
                leftover.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(
                f"{self._path.parent}: cannot be written ({error.strerror}); check its permissions"
            ) from error

    def identity(self) -> Identity | None:
        """Return a value that changes whenever the file is replaced; None if there is no file."""
        try:
            return identity_of(self.folder.stat(self._path.name))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"{self._path}: cannot be read ({error.strerror}); check its permissions") from error

    def open(self) -> ParquetVersion | None:
        """Open the file; None if there is none.

        Raises:
            UnreadableError: it is not Parquet; it is left as it is.
            DataFolderGoneError: the path now leads to another folder.
        """
        try:
            version = self._opened() if self._path.exists() else None
        except FileNotFoundError:
            version = None
        self.folder.check()
        return version

    def _opened(self) -> ParquetVersion:
        return ParquetVersion(self._path, lambda identity: load_index(self._index_path, identity))

    def write_aside(
        self,
        parts: Iterator[pl.DataFrame | CarriedGroup],
        schema: dict[str, pl.DataType],
        index: RowIndex,
        mark: dict[str, str],
    ) -> ParquetVersion:
        """Write *parts* beside the file, durably, and open the result.

        Args:
            parts: The rows in order, every one with the columns of *schema*.
            schema: Names and types of the columns.
            index: The rows' index, in the same order.
            mark: Metadata for its footer (`file_mark.new_mark`).

        Raises:
            StorageError: the disk is full or cannot be written; the file proper is untouched.
        """
        import pyarrow as pa

        try:
            write_groups(self._temporary, parts, schema, mark)
            sync_file(self._temporary)
            return ParquetVersion(self._temporary, index)
        except StorageError:
            self._temporary.unlink(missing_ok=True)
            raise
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, pa.lib.ArrowException, OSError) as error:
            self._temporary.unlink(missing_ok=True)
            raise self._unwritable(error) from error

    def discard(self) -> None:
        """Drop what was written aside."""
        self._temporary.unlink(missing_ok=True)

    def swap(self, version: ParquetVersion) -> None:
        """Put *version*, which was written aside, in place of the file; durable after `sync`.

        Raises:
            StorageError: that cannot be done, or it was written into another folder than ours.
        """
        try:
            if identity_of(self.folder.stat(self._temporary.name)) != version.identity:
                raise StorageError(f"{self._temporary}: is not what was written there; it is written again")
            self.folder.replace(self._temporary.name, self._path.name)
        except OSError as error:
            raise StorageError(
                f"{self._path}: cannot be replaced ({error.strerror}); samples stay in the database"
            ) from error

    def sync(self) -> None:
        """Force a rename to the disk."""
        try:
            self.folder.sync()
        except OSError as error:
            raise StorageError(f"{self._path.parent}: cannot be synced ({error.strerror})") from error

    def set_aside(self, suffix: str) -> Path:
        """Rename the file, untouched, and return its new path; StorageError if that fails."""
        aside = self._free(self._path.with_name(f"{self._path.name}.{suffix}"))
        try:
            self.folder.replace(self._path.name, aside.name)
            self.folder.sync()
        except OSError as error:
            raise StorageError(f"{self._path}: cannot be set aside ({error.strerror})") from error
        return aside

    def keep_original(self, name: str) -> Path:
        """Keep the file under another name, before ours first replaces it.

        Raises:
            StorageError: it cannot be kept.
        """
        kept = self._free(self._path.parent / "originals" / name)
        try:
            kept.parent.mkdir(exist_ok=True)
            try:
                os.link(self._path, kept)
            except OSError:  # a file system without hard links
                shutil.copy2(self._path, kept)
            sync_folder(kept.parent)
        except OSError as error:
            raise self._unwritable(error) from error
        return kept

    def save_index(self, version: ParquetVersion) -> None:
        """Keep the index of *version* for the next start; OSError if the disk fails."""
        with self._index_lock:
            version.index.save(self._index_path, version.identity)

    @staticmethod
    def _free(path: Path) -> Path:
        candidate, number = path, 1
        while candidate.exists():
            number += 1
            candidate = path.with_name(f"{path.name}.{number}")
        return candidate

    def _unwritable(self, error: BaseException) -> StorageError:
        if is_disk_full(error):
            return DiskFullError(
                f"{self._path}: no space left on the disk; free some, the samples are safe in the database"
            )
        return StorageError(f"{self._path}: cannot be written ({str(error)[:200]}); samples stay in the database")
