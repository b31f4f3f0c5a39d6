"""What number the newest change has of each thing that processes keep a copy of; asked before every use of a copy.

The question goes over a connection that is kept for it, outside any transaction: 0.04 ms, a tenth of what a pooled
connection costs with all that belongs to it.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from models.engines.statement import Statement
from utils.errors import StorageError

log = logging.getLogger(__name__)
# Number and token: numbers of a database that was restored are given again, tokens are not.
Head = tuple[int, int]
NONE: Head = (0, 0)
# Rows with columns of all types, and what returns a cursor of the driver.
Found = list[tuple[Any, ...]]
_Question = Callable[[Connection], Any]
_ALL = Statement(text("SELECT name, revision, token FROM shared_heads"))
_NEXT = text(
    "INSERT INTO shared_heads (name, revision, token) VALUES (:name, 1, :token) ON CONFLICT (name) DO UPDATE "
    "SET revision = shared_heads.revision + 1, token = excluded.token RETURNING revision"
)
# For how long a server that did not answer is not asked again: readers must not wait for it one after the other.
_AWAY_S = 2.0


class Heads:
    """The newest numbers on one server. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._known: dict[str, Head] = {}
        self._asked_at = self._failed_at = float("-inf")
        self._is_away = False

    def of(self, name: str) -> Head | None:
        """Return the newest head of what *name* says; None while the server does not answer."""
        begun = time.monotonic()
        if not self._lock.acquire(blocking=not self._is_away):  # one waits for a server that does not answer
            return None
        try:
            if self._asked_at < begun and not self._ask():  # else it was asked while this one waited
                return None
            return self._known.get(name, NONE)
        finally:
            self._lock.release()

    def forget(self) -> None:
        """Have the server asked by whoever needs an answer next, as after a change: it has answered just now."""
        self._asked_at, self._is_away = float("-inf"), False

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._let_go()

    def rows(self, statement: Statement, **values: object) -> Found:
        """Return the rows of a quick *statement* over the same connection, as of now; StorageError if it fails."""
        with self._lock:
            found = self._tried(lambda connection: statement.run(connection, **values))
        if found is None:
            raise StorageError("database: the server does not answer; check that it runs, and DATABASE_URI")
        return found

    def _ask(self) -> bool:
        """Ask the server; False where it did not answer, a moment ago or now."""
        at = time.monotonic()
        found = self._tried(_ALL.run)
        if found is None:
            return False
        self._known = {name: (revision, token) for name, revision, token in found}
        self._asked_at = at
        return True

    def _tried(self, question: _Question) -> Found | None:
        """Return what *question* finds; None where the server did not answer, a moment ago or now."""
        if self._is_away and time.monotonic() - self._failed_at < _AWAY_S:
            return None
        tries = 1 if self._connection is None else 2  # a kept connection may be of a server that was restarted since
        for _ in range(tries):
            try:
                if self._connection is None:
                    self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                found = question(self._connection).fetchall()
            except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error) as error:
                reason = type(error).__name__
                self._let_go()
            else:
                self._is_away = False
                return list(found)
        self._failed_at, self._is_away = time.monotonic(), True
        log.warning("newest changes not known", extra={"reason": reason})
        return None

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.invalidate()
            connection.close()


def move_on(connection: Connection, name: str) -> Head:
    """Give the next number of *name*, within the caller's transaction; others who want one wait for its end."""
    token = secrets.randbits(62)
    return int(connection.execute(_NEXT, {"name": name, "token": token}).scalar_one()), token
