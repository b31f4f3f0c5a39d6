"""Items carried by PgQueuer: a job for each item that is not ended, in the transaction that writes the item's row.

Its queries take any driver: ours runs them on the connection of the transaction, and since nothing then waits, its
coroutines need no event loop. PgQueuer has no fence: any process may end any job. Here each claim is made under an id
of its own, which PgQueuer keeps with the job, and an end first asks whether it still stands there.

Jobs are locked before rows of `work`, always: a claim and whoever ends a batch meet at both.
"""

import logging
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from itertools import islice
from typing import Any, TypeVar, cast
from uuid import UUID, uuid4

import psycopg
from psycopg import RawCursor
from psycopg.rows import dict_row
from sqlalchemy import Connection, Engine

from models.batches.engine import PGQUEUER, Hold, Key
from models.engines.opening import alone, storage_error
from models.engines.writer import Writer
from utils.errors import ConfigurationError, LeaseLostError, StorageError
from utils.installation import how_to_install

log = logging.getLogger(__name__)
T = TypeVar("T")
_PREPARING = 0x4C_54_50_03
# Ours among the jobs of others.
_MARK = "ltp"
_AT_ONCE = 1000
# PgQueuer looks at the database's clock, which may be moved: what has a turn has had it for long, and no job in hand is
# ever too old (`models/batches/members.py` knows who lives).
_LONG_SINCE, _NEVER = timedelta(days=-365), timedelta(days=36_500)
_HELD = """
SELECT id FROM {jobs} WHERE id = %s AND queue_manager_id = %s AND status = 'picked' FOR UPDATE
"""
_OPEN = """
SELECT id, queue_manager_id, status::text FROM {jobs}
WHERE dedupe_key = ANY(%s) AND status IN ('queued', 'picked') ORDER BY id FOR UPDATE
"""
_ALONE = "LOCK TABLE {jobs} IN SHARE ROW EXCLUSIVE MODE"
# Whatever the planner believes of tables that were just filled: each is read once. 20,000 rows took minutes otherwise.
_READ_ONCE, _AS_BEFORE = "SET LOCAL enable_nestloop = off", "SET LOCAL enable_nestloop TO DEFAULT"
_DROP_WRONG = """
DELETE FROM {jobs} job WHERE starts_with(job.dedupe_key, '{mark}/') AND NOT EXISTS (
    SELECT FROM work w WHERE job.dedupe_key = '{mark}/' || w.batch_id || '/' || w.ordinal AND (
        (job.status = 'queued' AND w.state = 'todo' AND w.owner IS NULL)
        OR (job.status = 'picked' AND w.state IN ('todo', 'leased') AND w.owner IS NOT NULL)
    )
)
"""
_MISSING = """
SELECT w.batch_id, w.ordinal FROM work w
WHERE w.state = 'todo' AND w.owner IS NULL AND NOT EXISTS (
    SELECT FROM {jobs} job WHERE job.dedupe_key = '{mark}/' || w.batch_id || '/' || w.ordinal
    AND job.status IN ('queued', 'picked')
)
ORDER BY w.batch_id, w.ordinal
"""
_DROP_LOG = """
DELETE FROM {log} WHERE entrypoint IN (SELECT id FROM batches WHERE status IN ('completed', 'stopped', 'failed'))
"""


class PgQueuerEngine:
    """PgQueuer 1.6 on the service's own PostgreSQL (`BatchEngine`)."""

    name = PGQUEUER

    def __init__(self) -> None:
        """Load PgQueuer; ConfigurationError where it is not installed."""
        try:
            queries: Any = import_module("pgqueuer.queries")
        except ImportError as error:
            raise ConfigurationError(
                f"BATCH_ENGINE: {error.name} is missing; run `{how_to_install('pgqueuer')}`"
            ) from None
        self._queries: Any = queries.Queries(None)
        self._no_limit: Any = queries.EntrypointExecutionParameter(concurrency_limit=0)
        names = self._queries.qbe.settings.qualified
        self._sql = {
            query: query.format(jobs=names.queue_table, log=names.queue_table_log, mark=_MARK)
            for query in (_HELD, _OPEN, _ALONE, _READ_ONCE, _DROP_WRONG, _MISSING, _AS_BEFORE, _DROP_LOG)
        }

    def prepare(self, database: Engine) -> None:
        """Install its tables, or upgrade them; one process at a time."""
        with alone(database, _PREPARING), _told(database), database.connect() as connection:
            # An upgrade's statements cannot share a transaction.
            on = self._on(connection.execution_options(isolation_level="AUTOCOMMIT"))
            if not at_once(on.schema_is_installed()):
                at_once(on.install())
            if statements := at_once(on.apply_upgrade()).statements:
                log.info("tables of PgQueuer upgraded", extra={"statements": len(statements)})

    def agree(self, connection: Connection) -> None:
        """Drop jobs that are not as the rows say, and add those that are missing; claims wait meanwhile.

        A row that a process has in hand which is gone gets its job when that is taken over.
        """
        for step in (_ALONE, _READ_ONCE, _DROP_WRONG):
            self._run(connection, step)
        driver: Any = connection.connection.driver_connection  # psycopg's
        with driver.cursor(name="missing") as missing:  # read a piece at a time
            self._enqueue(connection, missing.execute(self._sql[_MISSING]))
        for step in (_AS_BEFORE, _DROP_LOG):
            self._run(connection, step)

    def add(self, connection: Connection, batch_id: str, ordinals: Sequence[int]) -> None:
        """Queue a job for each item."""
        self._enqueue(connection, [(batch_id, ordinal) for ordinal in ordinals])

    def claim(self, connection: Connection, batch_id: str, most: int) -> Mapping[int, Hold]:
        """Pick the next jobs of a batch under an id of this claim alone."""
        claim = uuid4()
        jobs = at_once(self._on(connection).dequeue(most, {batch_id: self._no_limit}, claim, None, _NEVER))
        return {int(job.payload): Hold(job.id, claim) for job in jobs}

    def end(self, connection: Connection, item: Key, hold: Hold | None, *, is_done: bool) -> None:
        """Log the job of an item as successful or as an exception, which removes it."""
        if hold is None:  # an item that nobody claimed: a draft that is kept when its batch ends
            jobs = [job for job, _ in self._open(connection, [item])]
        elif not self._run(connection, _HELD, hold.id, hold.queue_manager_id):
            raise LeaseLostError(f"item {item[1]} of batch {item[0]}: its job was given to another process, or removed")
        else:
            jobs = [hold]
        status = "successful" if is_done else "exception"
        if jobs:
            at_once(self._on(connection).log_jobs([(job, status, None) for job in jobs]))

    def put_back(self, connection: Connection, items: Iterable[Key]) -> None:
        """Queue the jobs of items again; one that is missing is added."""
        keys = list(items)
        self._enqueue(connection, keys)
        for job, is_picked in self._open(connection, keys):
            if is_picked:
                at_once(self._on(connection).retry_job(job, _LONG_SINCE, None))

    def cancel(self, connection: Connection, batch_id: str) -> None:
        """Remove all jobs of a batch: who is late finds none."""
        at_once(self._on(connection).clear_queue(batch_id))

    def forget(self, writer: Writer, batch_id: str) -> None:
        """Remove the log of a batch, three rows a job, which PgQueuer never does; what fails is left to a start."""
        try:
            writer.aside(lambda connection: at_once(self._on(connection).clear_queue_log(batch_id)))
        except StorageError as error:
            log.warning("log of PgQueuer not cleared", extra={"batch_id": batch_id, "reason": str(error)})

    # --- inside --------------------------------------------------------------------------

    def _enqueue(self, connection: Connection, items: Iterable[Key]) -> None:
        """Add a job for each item that has none."""
        left = iter(items)
        while piece := list(islice(left, _AT_ONCE)):
            at_once(
                self._on(connection).enqueue(
                    [batch_id for batch_id, _ in piece],
                    [str(ordinal).encode() for _, ordinal in piece],
                    [0] * len(piece),
                    [_LONG_SINCE] * len(piece),
                    [_key(item) for item in piece],
                    on_conflict="skip",
                )
            )

    def _open(self, connection: Connection, items: Sequence[Key]) -> list[tuple[Hold, bool]]:
        """Lock the jobs of *items*; return each with whether it is in hand."""
        found = self._run(connection, _OPEN, [_key(item) for item in items])
        rows = cast("list[tuple[int, UUID, str]]", found)
        return [(Hold(number, claim), status == "picked") for number, claim, status in rows]

    def _on(self, connection: Connection) -> Any:  # PgQueuer's own, which may not be installed
        """Return PgQueuer's queries on the transaction of *connection*."""
        driver: Any = connection.connection.driver_connection  # psycopg's
        return replace(self._queries, driver=SyncDriver(driver))

    def _run(self, connection: Connection, query: str, *values: object) -> list[tuple[object, ...]]:
        """Run one of the statements above; return its rows."""
        cursor = connection.connection.cursor()
        cursor.execute(self._sql[query], values)
        return list(cursor.fetchall()) if cursor.description else []


class SyncDriver:
    """A driver of PgQueuer on a connection that waits; its calls are part of whatever transaction is open there."""

    def __init__(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        self._cursor = RawCursor(connection, row_factory=dict_row)

    async def fetch(self, query: str, *arguments: object) -> list[dict[str, object]]:
        """Return rows. Never prepared: a prepared `SELECT *` fails for ever once an upgrade has added a column."""
        return self._cursor.execute(query.encode(), arguments or None, prepare=False).fetchall()

    async def execute(self, query: str, *arguments: object) -> str:
        """Run a statement, or several without *arguments*."""
        self._cursor.execute(query.encode(), arguments or None)
        return self._cursor.statusmessage or ""


def at_once(call: Coroutine[object, None, T]) -> T:
    """Run a coroutine that never waits."""
    try:
        call.send(None)
    except StopIteration as ended:
        value: T = ended.value
        return value
    call.close()
    raise AssertionError("the coroutine waits")


def _key(item: Key) -> str:
    return f"{_MARK}/{item[0]}/{item[1]}"


@contextmanager
def _told(database: Engine) -> Iterator[None]:
    """Say in words why the database failed."""
    try:
        yield
    except database.dialect.loaded_dbapi.Error as error:
        raise storage_error(error, "database") from error
