"""The library: all that was read of documents, and the index over it, in one SQLite file beside the data.

A file of its own: what is read of a large document is written in one transaction, and batches must not wait for it.
It is made by the first document. Where several machines share one, it follows theirs: `shared_library.py`.
"""

import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from models.database.library import IN_SQLITE, make_tables
from models.engines.opening import storage_error
from models.grounding.change import Change

FILE = "documents.db"


class Library:
    """The database file. Thread-safe: any thread reads, changes are made one after another."""

    def __init__(self, path: Path, guard: Callable[[], None] = lambda: None) -> None:
        """Use the file at *path*; *guard* raises if what is written would be lost."""
        self.path = path
        self._guard = guard
        self._opening = threading.Lock()
        self._changing = threading.Lock()
        self._engine: Engine | None = None

    def start(self) -> None:
        """Make it ready to be read; a file here is."""

    @property
    def is_there(self) -> bool:
        """Whether anything was ever kept."""
        return self._engine is not None or self.path.exists()

    @property
    def state(self) -> tuple[int, ...]:
        """Changes with every change; what was read under one state holds as long as it lasts."""
        found: list[int] = []
        for one in (self.path, self.path.with_name(f"{self.path.name}-wal")):
            with suppress(OSError):
                stat = one.stat()
                found += (stat.st_mtime_ns, stat.st_size)
        return tuple(found)

    def changed_since(self, seen: tuple[int, int]) -> tuple[tuple[int, int], Collection[int] | None]:
        """Return where the library stands, and the documents that others changed since it stood at *seen*.

        None stands for all of them. Nobody else changes a library that is a file here.
        """
        return seen, ()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend a connection to read with, which sees one state of the library.

        Raises:
            StorageError: the database failed.
        """
        try:
            with self._open().connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise storage_error(error, str(self.path)) from error

    @contextmanager
    def changing(self) -> Iterator[Change]:
        """Lend what changes are made with: they are on the disk when the block ends, all of them or none.

        Raises:
            StorageError: the database failed; nothing was kept.
        """
        with self._changing:
            self._guard()
            try:
                with self._open().begin() as connection:
                    yield Change(connection, IN_SQLITE)
            except (SQLAlchemyError, sqlite3.Error) as error:
                raise storage_error(error, str(self.path)) from error
            self._guard()

    def adding(self, sha256: str, file: Path) -> AbstractContextManager[Change]:
        """Lend what the row of a new document is added with, whose bytes are in *file*; as `changing`."""
        return self.changing()

    def close(self) -> None:
        """Close the file."""
        with self._opening:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _open(self) -> Engine:
        with self._opening:
            if self._engine is None:
                self._engine = open_file(self.path)
            return self._engine


def open_file(path: Path, synchronous: str = "FULL") -> Engine:
    """Open the file of a library, which is made if it is not there; how *synchronous* it is, SQLite's pragma says."""
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", partial(_on_connect, synchronous))
    event.listen(engine, "begin", _on_begin)
    with engine.begin() as connection:
        make_tables(connection)
    return engine


def _on_connect(synchronous: str, connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # BEGIN is sent explicitly
    for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
