"""PgQueuer's claims and finishes by its own calls: on asyncpg, on psycopg, and in a transaction of the service.

PgQueuer has no fence of its own: any process may finish a job. Here each claim is made under an id of its own, which
PgQueuer keeps with the job (`queue_manager_id`); a finish first asks in its transaction whether it still stands there.
"""

import asyncio
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import uuid4

from models.batches.pgqueuer_engine import SyncDriver, at_once

HELD = """
SELECT job.id FROM pgqueuer job JOIN unnest($1::bigint[], $2::uuid[]) AS mine (id, owner)
ON job.id = mine.id AND job.queue_manager_id = mine.owner WHERE job.status = 'picked' FOR UPDATE OF job
"""


class NotifyingDriver(SyncDriver):
    """The service's driver, which tells listeners as well: the service never does."""

    async def notify(self, channel: str, payload: str) -> None:
        """Tell all listeners."""
        await self.execute("SELECT pg_notify($1, $2)", channel, payload)


class PgqQueue:
    """Claims and finishes on one connection.

    Attributes:
        queries: PgQueuer's own.
        run: Runs one of its coroutines.
    """

    def __init__(self, url: str, way: str, is_fenced: bool = False) -> None:
        """Connect in a *way*: `asyncpg`, `psycopg` (both in an event loop of this thread), `sync`, or `unprepared`."""
        self.name = f"PgQueuer, {way}{', fenced' if is_fenced else ''}"
        queries: Any = import_module("pgqueuer.queries").Queries
        self._is_fenced = is_fenced
        self.batches = ["b0"]
        self._parameter: Any = import_module("pgqueuer.ports.repository").EntrypointExecutionParameter
        psycopg: Any = import_module("psycopg")
        self.connection = psycopg.connect(url, autocommit=True)
        if way in {"sync", "unprepared"}:
            if way == "unprepared":
                self.connection.prepare_threshold = None
            self.run: Any = at_once
            self.queries = queries(NotifyingDriver(self.connection))
            return
        loop = asyncio.new_event_loop()
        self.run = loop.run_until_complete
        if way == "asyncpg":
            self.queries = queries.from_asyncpg_connection(self.run(import_module("asyncpg").connect(url)))
        else:
            opened = psycopg.AsyncConnection.connect(url, autocommit=True)
            self.queries = queries.from_psycopg_connection(self.run(opened))

    def fill(self, count: int) -> None:
        """Make its tables anew with *count* jobs to do; those are put in by SQL, its trigger aside."""
        if self.run(self.queries.schema_is_installed()):
            self.run(self.queries.uninstall())
        self.run(self.queries.install())
        self.connection.execute("ALTER TABLE pgqueuer DISABLE TRIGGER ALL")
        self.connection.execute(
            "INSERT INTO pgqueuer (priority, status, entrypoint, payload)"
            " SELECT 0, 'queued', 'b' || n %% %s, convert_to(n::text, 'UTF8') FROM generate_series(1, %s) n",
            (len(self.batches), count),
        )
        self.connection.execute("ALTER TABLE pgqueuer ENABLE TRIGGER ALL")
        self.connection.execute("VACUUM ANALYZE pgqueuer")

    def enqueue(self, count: int, at_a_time: int) -> None:
        """Put jobs in, by its own call."""
        for start in range(0, count, at_a_time):
            names, payloads = ["b0"] * at_a_time, [f"{start + n}".encode() for n in range(at_a_time)]
            self.run(self.queries.enqueue(names, payloads, [0] * at_a_time))

    def claim(self, count: int, stale_s: float = 30.0) -> list[Any]:
        """Pick the next *count* jobs."""
        jobs: list[Any] = self.run(
            self.queries.dequeue(
                batch_size=count,
                entrypoints=dict.fromkeys(self.batches, self._parameter(concurrency_limit=0)),
                queue_manager_id=uuid4(),
                global_concurrency_limit=None,
                heartbeat_timeout=timedelta(seconds=stale_s),
            )
        )
        return jobs

    def finish(self, jobs: list[Any]) -> int:
        """Log them as successful, which removes them; return how many, of which nobody knows without the fence."""
        if not self._is_fenced:
            self.run(self.queries.log_jobs([(job, "successful", None) for job in jobs]))
            return len(jobs)
        with self.connection.transaction():
            ids, owners = [job.id for job in jobs], [job.queue_manager_id for job in jobs]
            held = {row["id"] for row in self.run(self.queries.driver.fetch(HELD, ids, owners))}
            ours = [(job, "successful", None) for job in jobs if job.id in held]
            self.run(self.queries.log_jobs(ours))
        return len(ours)
