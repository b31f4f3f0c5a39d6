"""The one thread that writes to the database.

SQLite allows one writer at a time, so the service has exactly one. It groups waiting changes into one commit, and
a caller returns only when its change is on the disk (WAL, synchronous=FULL; figures in docs/adr/0003-store.md).

On PostgreSQL several processes write. Each has this one thread, and every transaction begins by taking its turn
(`Turns`), so that what was written with one writer in mind holds there too: a change that reads before it writes
sees all that was written before, and ids are in the order in which they can be seen.
"""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from models.engines.opening import storage_error
from models.engines.postgresql import Turns, is_cut
from utils.errors import StorageError

log = logging.getLogger(__name__)
T = TypeVar("T")
_GROUP_MAX = 256
_ASK_AGAIN_S = 1.0
# The connection is kept for as long as the service runs: that it broke is noticed when it is used.
_TRIES = 2


class Writer:
    """Runs every change of the database in one thread, several to a commit."""

    def __init__(self, engine: Engine, guard: Callable[[], None] = lambda: None) -> None:
        """Write to *engine*; *guard* raises if what is written would be lost."""
        self.engine = engine
        self._guard = guard
        self._queue: queue.SimpleQueue[_Pending | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._gate = threading.Lock()
        self._own: Connection | None = None
        self.is_shared = engine.dialect.name == "postgresql"
        self._turns = Turns()
        self._closing = threading.Event()

    def start(self) -> None:
        """Start the thread; the owner must `close` it."""
        self._thread = threading.Thread(target=self._loop, name="writer", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Commit what waits, then end the thread."""
        self._closing.set()
        with self._gate:  # nothing can be queued after the end marker
            thread, self._thread = self._thread, None
            if thread is not None:
                self._queue.put(None)
        if thread is not None:
            thread.join()

    def run(self, change: Callable[[Connection], T]) -> T:
        """Run *change* inside a transaction; return its result once it is committed.

        Raises:
            StorageError: the database failed; nothing of *change* was kept.
            Exception: whatever *change* raised; nothing of it was kept.
        """
        waiting = _Change(change)
        with self._gate:
            if self._thread is None:
                raise StorageError("database: the writer is not running; the service is stopped")
            self._queue.put(waiting)
        return waiting.outcome()

    def aside(self, change: Callable[[Connection], T]) -> T:
        """Run *change* as `run` does, but not in turn with other processes: it locks the rows that it changes.

        Raises:
            StorageError: the database failed. Where that was during the commit, it may have been kept all the same.
        """
        if not self.is_shared:
            return self.run(change)
        self._guard()
        try:
            with self.engine.begin() as connection:
                return change(connection)
        except (SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error) as error:
            raise self._failure(error) from error

    def _loop(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                if self._own is not None:
                    self._own.close()
                    self._own = None
                return
            group = [first]
            while len(group) < _GROUP_MAX and not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    self._queue.put(None)
                    break
                group.append(following)
            self._commit(group)

    def _commit(self, group: "list[_Pending]") -> None:
        """Commit *group* together; if one fails, run each in its own transaction.

        Savepoints would separate them too, but cost a tenth of the CPU of a whole sample.
        """
        try:
            if not self._together(group):
                for change in group:
                    self._together([change])
        except Exception as error:  # top of a thread: who waits for it must not wait for ever
            log.exception("writer failed")
            for change in group:
                change.error = change.error or error
        for change in group:
            change.done.release()

    def _together(self, group: "list[_Pending]", tries: int = _TRIES) -> bool:
        """Run *group* in one transaction; False if one of several failed, and nothing was kept."""
        begun = _Begun()
        try:
            self._guard()
            with self._connection(begun) as connection, connection.begin():
                begun.turn = self._turns.take(connection) if self.is_shared else 0
                for change in group:
                    change.apply(connection)
                begun.is_whole = True
            self._guard()  # success must not be reported if the folder is gone
        except Exception as error:  # noqa: BLE001  # running each alone shows which one failed
            return self._is_settled(group, begun, error, tries)
        return True

    def _is_settled(self, group: "list[_Pending]", begun: "_Begun", error: Exception, tries: int) -> bool:
        """Find out what became of a *group* that failed with *error*; answers as `_together`."""
        if begun.is_whole and begun.turn:
            kept = self._was_kept(begun.turn)
            if kept is None:
                for change in group:
                    change.error = StorageError(
                        "database: the server went away during a commit, and the service was stopped before it came "
                        "back; whether the last changes were kept is seen at the next start"
                    )
            if kept is not False:
                return True
        if begun.is_cut and tries > 1:  # nothing was kept, and a server that was restarted is no fault of anybody here
            return self._together(group, tries - 1)
        if len(group) > 1:
            return False
        group[0].error = self._failure(error)
        return True

    def _was_kept(self, turn: int) -> bool | None:
        """Tell whether a transaction was committed whose connection broke before its server said so.

        While the server is away nobody knows, and what was kept must not be written twice: it is asked until it
        answers; None if the service is stopped before.
        """
        while True:
            try:
                return self._turns.was_kept(self.engine, turn)
            except (SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error) as error:
                log.warning("commit in doubt", extra={"reason": type(error).__name__})
            if self._closing.wait(_ASK_AGAIN_S):
                return None

    @contextmanager
    def _connection(self, begun: "_Begun") -> Iterator[Connection]:
        """Lend the writer's own connection, which is reopened after an error."""
        if self._own is None:
            self._own = self.engine.connect()
        try:
            yield self._own
        except BaseException:
            own, self._own = self._own, None
            begun.is_cut = self.is_shared and is_cut(own)
            own.close()
            raise

    def _failure(self, error: Exception) -> Exception:
        if not isinstance(error, SQLAlchemyError | self.engine.dialect.loaded_dbapi.Error):
            return error
        log.warning("commit failed", extra={"reason": type(error).__name__})
        return storage_error(error, "database")


@dataclass(slots=True)
class _Begun:
    """How far a transaction came.

    Attributes:
        turn: Number of its turn, if it had to take one.
        is_whole: Whether all was written.
        is_cut: Whether its connection broke.
    """

    turn: int = 0
    is_whole: bool = False
    is_cut: bool = False


class _Pending(Protocol):
    """A change in the queue, whatever its result type."""

    error: Exception | None
    done: threading.Lock

    def apply(self, connection: Connection) -> None:
        """Make the change within the transaction of *connection*."""


class _Change(Generic[T]):
    """A change that waits for its commit; a bare lock wakes its caller at a fifth of a future's cost."""

    __slots__ = ("_result", "_work", "done", "error")

    def __init__(self, work: Callable[[Connection], T]) -> None:
        self._work = work
        self._result: T
        self.error: Exception | None = None
        self.done = threading.Lock()
        self.done.acquire()

    def apply(self, connection: Connection) -> None:
        """Make the change within the transaction of *connection*."""
        self._result = self._work(connection)

    def outcome(self) -> T:
        """Wait for the commit; return the result or raise the error."""
        with self.done:
            if self.error is not None:
                raise self.error
            return self._result
