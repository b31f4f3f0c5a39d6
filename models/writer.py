"""The one thread that writes to the database.

SQLite allows one writer at a time, so the service has exactly one. It groups waiting changes into one commit, and
a caller returns only when its change is on the disk (WAL, synchronous=FULL; figures in docs/adr/0003-store.md).

The statements of the hot path are compiled once: building an expression and looking up its compiled form costs
SQLAlchemy some ten times what SQLite needs to run it, and a batch runs the same dozen for every sample. They are still
written as expressions, so that they fit any dialect; the driver's cursor runs them on the connection of the
transaction.
"""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, Protocol, TypeVar, cast

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.expression import Executable

from models.database import storage_error
from utils.errors import StorageError

log = logging.getLogger(__name__)
T = TypeVar("T")
_GROUP_MAX = 256


class Writer:
    """Runs every change of the database in one thread, several to a commit."""

    def __init__(self, engine: Engine, guard: Callable[[], None] = lambda: None) -> None:
        """Write to *engine*; *guard* raises if what is written would be lost."""
        self._engine = engine
        self._guard = guard
        self._queue: queue.SimpleQueue[_Pending | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._gate = threading.Lock()
        self._own: Connection | None = None

    def start(self) -> None:
        """Start the thread; the owner must `close` it."""
        self._thread = threading.Thread(target=self._loop, name="writer", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Commit what waits, then end the thread."""
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
        if not self._together(group):
            for change in group:
                self._together([change])
        for change in group:
            change.done.release()

    def _together(self, group: "list[_Pending]") -> bool:
        """Run *group* in one transaction; False if one of several failed, and nothing was kept."""
        try:
            self._guard()
            with self._connection() as connection, connection.begin():
                for change in group:
                    change.apply(connection)
            self._guard()  # success must not be reported if the folder is gone
        except Exception as error:  # noqa: BLE001  # running each alone shows which one failed
            if len(group) > 1:
                return False
            group[0].error = self._failure(error)
        return True

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """Lend the writer's own connection, which is reopened after an error."""
        if self._own is None:
            self._own = self._engine.connect()
        try:
            yield self._own
        except BaseException:
            own, self._own = self._own, None
            own.close()
            raise

    def _failure(self, error: Exception) -> Exception:
        if not isinstance(error, SQLAlchemyError | self._engine.dialect.loaded_dbapi.Error):
            return error
        log.warning("commit failed", extra={"reason": type(error).__name__})
        return storage_error(error, "database")


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


class Cursor(Protocol):
    """What callers read of a driver's cursor."""

    @property
    def rowcount(self) -> int:
        """Rows that were changed."""

    @property
    def lastrowid(self) -> int | None:
        """Id of the row that was added."""


class Statement:
    """An expression with `bindparam`s; columns may only have types that need no conversion (text, numbers)."""

    def __init__(self, expression: Executable) -> None:
        self._expression = expression
        self._compiled: dict[str, tuple[str, tuple[str, ...] | None]] = {}

    def run(self, connection: Connection, **values: object) -> Cursor:
        """Run it with *values* by name of the parameter; return the driver's cursor.

        Raises:
            Exception: the driver's own error, not SQLAlchemy's.
        """
        sql, order = self._on(connection)
        cursor = connection.connection.cursor()
        cursor.execute(sql, values if order is None else tuple(values[name] for name in order))
        return cast("Cursor", cursor)  # every PEP 249 driver has these

    def run_many(self, connection: Connection, rows: list[dict[str, object]]) -> None:
        """Run it for each of *rows*; errors as in `run`."""
        sql, order = self._on(connection)
        parameters = rows if order is None else [tuple(row[name] for name in order) for row in rows]
        connection.connection.cursor().executemany(sql, parameters)

    def _on(self, connection: Connection) -> tuple[str, tuple[str, ...] | None]:
        name = connection.dialect.name
        if name not in self._compiled:
            made: Any = self._expression.compile(dialect=connection.dialect)  # type: ignore[attr-defined]  # of every clause
            order = tuple(made.positiontup) if made.positional else None
            self._compiled[name] = (str(made), order)
        return self._compiled[name]
