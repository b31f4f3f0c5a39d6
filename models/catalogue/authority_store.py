"""Authorities that a user imported, and answers of lookup services: one SQLite file beside the data.

A separate file, since it is no part of the data set: it can be copied to another installation,
deleted, or filled while the service runs.
"""

import json
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Engine,
    Executable,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    func,
    insert,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from models.engines.opening import storage_error

_META = MetaData()
_AUTHORITIES = Table(
    "authorities",
    _META,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False),
    Column("name_key", String, nullable=False),
    Column("name", String, nullable=False),
    Column("citation", String, nullable=False),
    Column("jurisdiction", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("year", Integer),
    Column("source", String, nullable=False),
    Index("ux_authorities", "key", "name", unique=True),
    Index("ix_authorities_name", "name_key"),
)
_LOOKUPS = Table(
    "lookups",
    _META,
    Column("key", String, primary_key=True),
    Column("answer", String, nullable=False),
    Column("at", Float, nullable=False),
)
_PIECE = 5000


@dataclass(frozen=True, slots=True)
class AuthorityRow:
    """One known authority; `key` and `name_key` are folded for lookup."""

    key: str
    name_key: str
    name: str
    citation: str
    jurisdiction: str
    kind: str
    year: int | None
    source: str


class AuthorityStore:
    """Reads and writes the file, which the first write creates. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    def add(self, rows: Iterable[AuthorityRow]) -> int:
        """Add the rows that are new; return their number.

        Raises:
            StorageError: the file cannot be written.
        """
        engine = self._open()
        added = 0
        piece: list[dict[str, object]] = []

        def write() -> int:
            if not piece:
                return 0
            with engine.begin() as connection:
                return connection.execute(insert(_AUTHORITIES).prefix_with("OR IGNORE"), piece).rowcount

        try:
            for row in rows:
                piece.append({name: getattr(row, name) for name in AuthorityRow.__slots__})
                if len(piece) >= _PIECE:
                    added += write()
                    piece = []
            return added + write()
        except SQLAlchemyError as error:
            raise storage_error(error, str(self.path)) from error

    def count(self) -> int:
        """Count the rows."""
        counted = self._select(select(func.count()).select_from(_AUTHORITIES))
        return int(counted[0][0]) if counted else 0

    def with_key(self, key: str) -> list[AuthorityRow]:
        """Return the rows with this folded reference."""
        return self._rows(_AUTHORITIES.c.key, key)

    def with_name(self, name_key: str) -> list[AuthorityRow]:
        """Return the rows with this folded name."""
        return self._rows(_AUTHORITIES.c.name_key, name_key) if name_key else []

    def remembered(self, key: str, since: float) -> object:
        """Return the answer of a lookup, if kept since that time (seconds since 1970), or None."""
        rows = self._select(select(_LOOKUPS.c.answer).where(_LOOKUPS.c.key == key, _LOOKUPS.c.at >= since))
        return json.loads(str(rows[0][0])) if rows else None

    def remember(self, key: str, answer: object) -> None:
        """Keep the answer of a lookup."""
        try:
            with self._open().begin() as connection:
                values = {"key": key, "answer": json.dumps(answer), "at": time.time()}
                connection.execute(insert(_LOOKUPS).prefix_with("OR REPLACE").values(values))
        except SQLAlchemyError as error:
            raise storage_error(error, str(self.path)) from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _rows(self, column: Column[str], value: str) -> list[AuthorityRow]:
        if not self._exists():  # the usual case, which costs no statement
            return []
        columns = [_AUTHORITIES.c[name] for name in AuthorityRow.__slots__]
        return [AuthorityRow(*row) for row in self._select(select(*columns).where(column == value))]

    def _exists(self) -> bool:
        return self._engine is not None or self.path.exists()

    def _select(self, query: Executable) -> list[tuple[Any, ...]]:  # the columns of a `Table` tell no types
        if not self._exists():
            return []
        try:
            with self._open().connect() as connection:
                return [tuple(row) for row in connection.execute(query)]
        except SQLAlchemyError as error:
            raise storage_error(error, str(self.path)) from error

    def _open(self) -> Engine:
        with self._lock:
            if self._engine is None:
                try:
                    self._engine = create_engine(f"sqlite:///{self.path}", connect_args={"timeout": 10})
                    _META.create_all(self._engine)
                except SQLAlchemyError as error:
                    self._engine = None
                    raise storage_error(error, str(self.path)) from error
            return self._engine
