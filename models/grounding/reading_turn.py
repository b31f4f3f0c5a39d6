"""Whose turn it is to read documents, of all processes on all machines that share them.

The turn is a lock in a session of its own, which the server lets go of when the session ends: a killed process loses
it at once, one that is cut off as soon as the server notices. What the loser still writes is refused: each of its
changes proves, within its transaction, that the session still has the lock.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from models.engines.opening import storage_error
from utils.errors import StorageError

_TURN = 0x4C_54_50_04
_TAKE = f"SELECT pg_try_advisory_lock({_TURN}), pg_backend_pid()"
_LET_GO = f"SELECT pg_advisory_unlock({_TURN})"
_IS_HELD = (
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = %s AND classid = 0 "
    "AND objid = %s AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)


class ReadingTurn:
    """The turn of this process. One thread takes it at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._session: Connection | None = None
        # Of the session, and the thread that reads, while it has the turn.
        self._held: tuple[int, int] | None = None

    @contextmanager
    def taken(self) -> Iterator[bool]:
        """Take the turn for the block; False where another process has it.

        Raises:
            StorageError: the server does not answer.
        """
        try:
            if self._session is None:
                self._session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            is_mine, pid = self._session.exec_driver_sql(_TAKE).one()
        except SQLAlchemyError as error:
            self.close()
            raise storage_error(error, "documents") from error
        if not is_mine:
            yield False
            return
        self._held = (int(pid), threading.get_ident())
        try:
            yield True
        finally:
            self._held = None
            try:
                self._session.exec_driver_sql(_LET_GO)
            except SQLAlchemyError:
                self.close()  # the lock ends with its session

    def prove(self, connection: Connection) -> None:
        """Refuse a change of the thread that reads, if its turn is not its any more; others may change what they like.

        Raises:
            StorageError: the turn was lost.
        """
        held = self._held
        if held is None or held[1] != threading.get_ident():
            return
        if not connection.exec_driver_sql(_IS_HELD, (held[0], _TURN)).scalar():
            raise StorageError("documents: the connection was lost, and others may have begun to read this one")

    def close(self) -> None:
        """Let go of the session."""
        session, self._session = self._session, None
        if session is not None:
            with suppress(Exception):
                session.invalidate()
            session.close()
