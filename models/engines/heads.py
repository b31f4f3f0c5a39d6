"""What number the newest change has of each thing that processes keep a copy of; asked before every use of a copy.

The question goes over a connection that is kept for it, outside any transaction: 0.1 ms, a fifth of what a pooled
connection costs with all that belongs to it.
"""

import logging
import secrets
import threading
import time
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger(__name__)
# Number and token: numbers of a database that was restored are given again, tokens are not.
Head = tuple[int, int]
NONE: Head = (0, 0)
_ALL = "SELECT name, revision, token FROM shared_heads"
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

    def of(self, name: str, max_age_s: float = 0.0) -> Head | None:
        """Return the newest head of what *name* says; None while the server does not answer.

        Args:
            name: Whose.
            max_age_s: An answer may be so old.
        """
        begun = time.monotonic()
        if not self._lock.acquire(blocking=not self._is_away):  # one waits for a server that does not answer
            return None
        try:
            if self._asked_at < begun - max_age_s and not self._ask():
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

    def _ask(self) -> bool:
        """Ask the server; False where it did not answer, a moment ago or now."""
        at = time.monotonic()
        if self._is_away and at - self._failed_at < _AWAY_S:
            return False
        tries = 1 if self._connection is None else 2  # a kept connection may be of a server that was restarted since
        for _ in range(tries):
            try:
                if self._connection is None:
                    self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                cursor: Any = self._connection.connection.cursor()  # the driver's own
                self._known = {name: (revision, token) for name, revision, token in cursor.execute(_ALL)}
            except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error) as error:
                reason = type(error).__name__
                self._let_go()
            else:
                self._asked_at, self._is_away = at, False
                return True
        self._failed_at, self._is_away = time.monotonic(), True
        log.warning("newest changes not known", extra={"reason": reason})
        return False

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
