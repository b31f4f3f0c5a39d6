"""The database of documents: one SQLite file beside the data, with all that was read and the index over it.

A file of its own: what is read of a large document is written in one transaction, and batches must not wait for it.
It is made by the first document.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    text,
)
from sqlalchemy.exc import SQLAlchemyError

from models.engines.opening import storage_error

FILE = "documents.db"
META = MetaData()
DOCUMENTS = Table(
    "documents",
    META,
    Column("number", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("sha256", String, nullable=False, unique=True),
    Column("size_bytes", Integer, nullable=False),
    Column("file", String, nullable=False),
    Column("kind", String, nullable=False, default=""),
    Column("title", String, nullable=False, default=""),
    Column("common_name", String, nullable=False, default=""),
    Column("licence", String, nullable=False, default=""),
    Column("jurisdiction", String, nullable=False, default=""),
    Column("identifier", String, nullable=False, default=""),
    Column("instrument", String, nullable=False, default=""),
    Column("version", String, nullable=False, default=""),
    Column("url", String, nullable=False, default=""),
    Column("aliases", String, nullable=False, default="[]"),
    Column("status", String, nullable=False),
    Column("reason", String, nullable=False, default=""),
    Column("notes", String, nullable=False, default="[]"),
    Column("pages", Integer, nullable=False, default=0),
    Column("units", Integer, nullable=False, default=0),
    Column("chunks", Integer, nullable=False, default=0),
    Column("characters", Integer, nullable=False, default=0),
    Column("recognised", Integer, nullable=False, default=0),
    Column("embedded", Integer, nullable=False, default=0),
    Column("attempts", Integer, nullable=False, default=0),
    Column("created_at", String, nullable=False),
    Column("updated_at", String, nullable=False),
    Index("ix_documents_identifier", "identifier"),
    Index("ix_documents_chunks", "chunks"),  # every question asks for their sum
    Index("ix_documents_unready", "number", sqlite_where=text("status <> 'ready'")),
    sqlite_autoincrement=True,
)
PAGES = Table(
    "pages",
    META,
    Column("document", Integer, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("start", Integer, nullable=False),
    Column("number", Integer),
    Column("confidence", Float),
    Column("text", String, nullable=False),
)
UNITS = Table(
    "units",
    META,
    Column("id", Integer, primary_key=True),
    Column("document", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("number", String, nullable=False),
    Column("heading", String, nullable=False),
    Column("path", String, nullable=False),
    Column("parts", String, nullable=False),
    Column("start", Integer, nullable=False),
    Column("body", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("status", String, nullable=False),
    Column("since", String, nullable=False),
    Column("until", String, nullable=False),
    Column("identifier", String, nullable=False),
    Index("ix_units_document", "document", "ordinal"),
    sqlite_autoincrement=True,
)
# Under which numbers a unit is found in its document.
NUMBERS = Table(
    "numbers",
    META,
    Column("document", Integer, primary_key=True),
    Column("key", String, primary_key=True),
    Column("unit", Integer, primary_key=True),
)
# Under which names an instrument is found.
NAMES = Table(
    "names",
    META,
    Column("key", String, primary_key=True),
    Column("document", Integer, primary_key=True),
    Index("ix_names_document", "document"),
)
CHUNKS = Table(
    "chunks",
    META,
    Column("id", Integer, primary_key=True),
    Column("document", Integer, nullable=False),
    Column("unit", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("jurisdiction", String, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("page", Integer),
    Column("text", String, nullable=False),
    Index("ix_chunks_document", "document"),
    Index("ix_chunks_unit", "unit"),
    # What a search filters thousands of chunks by, without reading their texts.
    Index("ix_chunks_place", "id", "document", "jurisdiction", "kind"),
    sqlite_autoincrement=True,  # ids are never used again: tables in memory hold them
)
VECTORS = Table(
    "vectors",
    META,
    Column("chunk", Integer, primary_key=True),
    Column("document", Integer, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Index("ix_vectors_document", "document"),
)
FACTS = Table("facts", META, Column("name", String, primary_key=True), Column("value", String, nullable=False))
# `detail` stays full: with less, bm25 reads and parts the text of every chunk that it scores.
_WORDS = "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(tokens, tokenize='porter ascii')"


class Library:
    """The database file. Thread-safe: any thread reads, changes are made one after another."""

    def __init__(self, path: Path, guard: Callable[[], None] = lambda: None) -> None:
        """Use the file at *path*; *guard* raises if what is written would be lost."""
        self.path = path
        self._guard = guard
        self._opening = threading.Lock()
        self._changing = threading.Lock()
        self._engine: Engine | None = None

    @property
    def is_there(self) -> bool:
        """Whether anything was ever kept."""
        return self._engine is not None or self.path.exists()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend a connection to read with, which sees one state of the database.

        Raises:
            StorageError: the database failed.
        """
        try:
            with self._open().connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise storage_error(error, str(self.path)) from error

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """Lend a connection whose changes are on the disk when the block ends, all of them or none.

        Raises:
            StorageError: the database failed; nothing was kept.
        """
        with self._changing:
            self._guard()
            try:
                with self._open().begin() as connection:
                    yield connection
            except SQLAlchemyError as error:
                raise storage_error(error, str(self.path)) from error
            self._guard()

    def close(self) -> None:
        """Close the file."""
        with self._opening:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _open(self) -> Engine:
        with self._opening:
            if self._engine is None:
                engine = create_engine(f"sqlite:///{self.path}")
                event.listen(engine, "connect", _on_connect)
                event.listen(engine, "begin", _on_begin)
                with engine.begin() as connection:
                    META.create_all(connection)
                    for index in (index for table in META.tables.values() for index in table.indexes):
                        index.create(connection, checkfirst=True)  # tables of an earlier version lack newer ones
                    connection.execute(text(_WORDS))
                self._engine = engine
            return self._engine


def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # BEGIN is sent explicitly
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
