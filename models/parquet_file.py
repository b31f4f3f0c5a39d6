"""`train.parquet`: read by an open file, replaced as a whole, never written in place.

Polars opens a path twice for one read, so a reader by path can meet two files when
one is replaced meanwhile: every read here goes through one open file object. What
others wrote is conformed on the way in: other order, missing optional columns,
other types, missing ids.
"""

import os
from pathlib import Path
from typing import BinaryIO

import polars as pl

from models.schemas import COLUMNS
from utils.errors import DiskFullError, StorageError

SCHEMA: dict[str, pl.DataType] = {name: pl.Int64() if kind is int else pl.String() for name, kind in COLUMNS.items()}
# Clients crash on these being null; an imported file may hold anything.
_DEFAULTS = {
    "question": "",
    "answer": "",
    "topic": "General - General",
    "difficulty": "intermediate",
    "case_citation": "",
    "reasoning": "",
    "jurisdiction": "uk",
    "sample_type": "case_analysis",
}


_ROW = "__row__"


class ParquetFile:
    """The data set's file. Thread-safe as long as one thread replaces it at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary = path.with_name(path.name + ".tmp")

    @property
    def path(self) -> Path:
        """Where the file lies, whether it exists or not."""
        return self._path

    def prepare(self) -> None:
        """Remove leftovers of a crash and check that the file can be read.

        Raises:
            StorageError: it is not Parquet, or cannot be opened; it is left as it is.
        """
        self._temporary.unlink(missing_ok=True)
        handle = self.open()
        if handle is None:
            return
        with handle:
            try:
                self.scan(handle).select(pl.len()).collect()
            except pl.exceptions.PolarsError as error:
                raise self.unreadable(error) from error

    def open(self) -> BinaryIO | None:
        """Open the file for reading; None when there is none. The caller closes it."""
        try:
            return self._path.open("rb")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"{self._path}: cannot be opened ({error.strerror}); check its permissions") from error

    def scan(self, handle: BinaryIO | None) -> pl.LazyFrame:
        """Return the conformed rows of *handle*; no rows for None.

        Raises:
            StorageError: the file is not Parquet.
        """
        if handle is None:
            return pl.LazyFrame(schema=SCHEMA)
        try:
            return conform(pl.scan_parquet(handle))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self.unreadable(error) from error

    def unreadable(self, error: Exception) -> StorageError:
        """Say that the file cannot be read, and what to do."""
        reason = (str(error).splitlines() or [""])[0][:200]
        return StorageError(
            f"{self._path}: is not a readable Parquet file ({reason}); "
            "move it away or restore a copy, then start again; it was not touched"
        )

    def identity(self) -> tuple[int, int, int] | None:
        """Return what changes when the file is replaced, by us or from outside."""
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def write_aside(self, rows: pl.LazyFrame) -> None:
        """Write *rows* to the temporary file and force them to the disk.

        Raises:
            StorageError: the disk is full or cannot be written; the file proper is untouched.
        """
        try:
            rows.sink_parquet(self._temporary, compression="zstd", statistics=True)
            with self._temporary.open("rb+") as written:
                os.fsync(written.fileno())
        except (pl.exceptions.PolarsError, OSError) as error:
            self._temporary.unlink(missing_ok=True)
            reason = str(error)
            if "No space left" in reason or "os error 28" in reason:
                raise DiskFullError(
                    f"{self._path}: no space left on the disk; free some, the samples are safe in the database"
                ) from error
            raise StorageError(
                f"{self._path}: cannot be written ({reason[:200]}); samples stay in the database"
            ) from error

    def swap(self) -> None:
        """Put the temporary file in place of the file proper, durably; StorageError when that cannot be done."""
        try:
            os.replace(self._temporary, self._path)
        except OSError as error:
            raise StorageError(
                f"{self._path}: cannot be replaced ({error.strerror}); samples stay in the database"
            ) from error
        if os.name == "posix":
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def conform(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Give *rows* every column of ours, with our types and without nulls that clients cannot take."""
    present = rows.collect_schema().names()
    if _ROW in present:
        rows, present = rows.drop(_ROW), [name for name in present if name != _ROW]
    rows = rows.with_row_index(_ROW)
    columns = []
    for name, kind in SCHEMA.items():
        column = pl.col(name).cast(kind, strict=False) if name in present else pl.lit(None, dtype=kind)
        if name == "id":
            column = column.fill_null(pl.format("imported_{}", pl.col(_ROW)))
        elif name in _DEFAULTS:
            column = column.fill_null(_DEFAULTS[name])
        columns.append(column.alias(name))
    extra = [pl.col(name) for name in present if name not in SCHEMA]
    return rows.select(*columns, *extra)
