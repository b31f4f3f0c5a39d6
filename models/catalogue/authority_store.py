"""Authorities that a user imported, and answers of lookup services.

One SQLite file beside the data: it is no part of the data set, can be copied to another installation, deleted, or
filled while the service runs. Where PostgreSQL is the database they are tables there, which all machines share.
"""

import json
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Engine, Executable, bindparam, create_engine, func, insert, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError

from models.database.shared import AUTHORITIES, AUTHORITIES_META, AUTHORITIES_NAME, LOOKUPS
from models.engines.heads import Heads, move_on
from models.engines.opening import shown, storage_error
from models.engines.statement import Statement

AUTHORITIES_FILE = "authorities.db"
_PIECE = 5000
_ADD = {
    "sqlite": insert(AUTHORITIES).prefix_with("OR IGNORE"),
    "postgresql": postgresql.insert(AUTHORITIES).on_conflict_do_nothing().returning(AUTHORITIES.c.id),
}
_NEW_ANSWER = postgresql.insert(LOOKUPS)
_REMEMBER = {
    "sqlite": insert(LOOKUPS).prefix_with("OR REPLACE"),
    "postgresql": _NEW_ANSWER.on_conflict_do_update(
        index_elements=["key"], set_={"answer": _NEW_ANSWER.excluded.answer, "at": _NEW_ANSWER.excluded.at}
    ),
}


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


_COLUMNS = [AUTHORITIES.c[name] for name in AuthorityRow.__slots__]
_OF = {
    column.name: Statement(select(*_COLUMNS).where(column == bindparam("value")))
    for column in (AUTHORITIES.c.key, AUTHORITIES.c.name_key)
}


class AuthorityStore:
    """Reads and writes the file, which the first write creates. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    @property
    def place(self) -> str:
        """Where they are, in words."""
        return str(self.path)

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
                done = connection.execute(_ADD[connection.dialect.name], piece)
                # Of several rows to a statement SQLAlchemy counts none, so PostgreSQL names those that it added.
                new = len(done.all()) if done.returns_rows else done.rowcount
                if new:
                    self._changed(connection)
                return new

        try:
            for row in rows:
                piece.append({name: getattr(row, name) for name in AuthorityRow.__slots__})
                if len(piece) >= _PIECE:
                    added += write()
                    piece = []
            return added + write()
        except SQLAlchemyError as error:
            raise storage_error(error, self.place) from error

    def count(self) -> int:
        """Count the rows."""
        counted = self._select(select(func.count()).select_from(AUTHORITIES))
        return int(counted[0][0]) if counted else 0

    def with_key(self, key: str) -> list[AuthorityRow]:
        """Return the rows with this folded reference."""
        return self._rows(AUTHORITIES.c.key, key)

    def with_name(self, name_key: str) -> list[AuthorityRow]:
        """Return the rows with this folded name."""
        return self._rows(AUTHORITIES.c.name_key, name_key) if name_key else []

    def remembered(self, key: str, since: float) -> object:
        """Return the answer of a lookup, if kept since that time (seconds since 1970), or None."""
        rows = self._select(select(LOOKUPS.c.answer).where(LOOKUPS.c.key == key, LOOKUPS.c.at >= since))
        return json.loads(str(rows[0][0])) if rows else None

    def remember(self, key: str, answer: object) -> None:
        """Keep the answer of a lookup."""
        try:
            with self._open().begin() as connection:
                values = {"key": key, "answer": json.dumps(answer), "at": time.time()}
                connection.execute(_REMEMBER[connection.dialect.name], values)
        except SQLAlchemyError as error:
            raise storage_error(error, self.place) from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _changed(self, connection: Connection) -> None:
        """Note that there are some now."""

    def _rows(self, column: Column[str], value: str) -> list[AuthorityRow]:
        if not self._exists():  # the usual case, which costs no statement
            return []
        return [AuthorityRow(*row) for row in self._select(select(*_COLUMNS).where(column == value))]

    def _exists(self) -> bool:
        return self._engine is not None or self.path.exists()

    def _select(self, query: Executable) -> list[tuple[Any, ...]]:  # the columns of a `Table` tell no types
        if not self._exists():
            return []
        try:
            with self._open().connect() as connection:
                return [tuple(row) for row in connection.execute(query)]
        except SQLAlchemyError as error:
            raise storage_error(error, self.place) from error

    def _open(self) -> Engine:
        with self._lock:
            if self._engine is None:
                try:
                    self._engine = create_engine(f"sqlite:///{self.path}", connect_args={"timeout": 10})
                    AUTHORITIES_META.create_all(self._engine)
                except SQLAlchemyError as error:
                    self._engine = None
                    raise storage_error(error, self.place) from error
            return self._engine


class SharedAuthorities(AuthorityStore):
    """Those that several machines share, on the server of *engine*. Thread-safe.

    Nothing is kept of them here: a check asks for each citation, which takes 0.1 ms.
    """

    def __init__(self, engine: Engine, asked: Heads) -> None:
        """Look rows up by what *asked* asks the server with."""
        super().__init__(Path(AUTHORITIES_FILE))
        self._server = engine
        self._asked = asked

    @property
    def place(self) -> str:
        """Where they are, in words."""
        return shown(self._server.url.render_as_string(hide_password=False))

    def close(self) -> None:
        """Let go of the connection; the engine is its owner's."""
        self._asked.close()

    def _changed(self, connection: Connection) -> None:
        move_on(connection, AUTHORITIES_NAME)

    def _rows(self, column: Column[str], value: str) -> list[AuthorityRow]:
        return [AuthorityRow(*row) for row in self._asked.rows(_OF[column.name], value=value)]

    def _exists(self) -> bool:
        return True

    def _open(self) -> Engine:
        return self._server
