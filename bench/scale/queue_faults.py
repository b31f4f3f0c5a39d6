"""What PgQueuer and the plain work table do when workers die, are late or cancelled, and when PostgreSQL restarts."""

import asyncio
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

_PROJECT = Path(__file__).resolve().parents[2]


def faults(database: Any) -> None:
    """Print what is seen, case by case."""
    for case in (
        _late_finish,
        _late_retry,
        _foreign_heartbeat,
        _fenced,
        _plain_fenced,
        _cancelled,
        _clock,
        _unbounded,
        _limits,
    ):
        print(f"{case.__name__[1:].replace('_', ' ')}: {case(database.url)}", flush=True)
    for stale_s in (5, 30):
        print(f"killed worker, heartbeat_timeout {stale_s} s: {_killed(database.url, stale_s)}", flush=True)
    print(f"stopped with jobs in hand: {_stopped(database.url)}", flush=True)


def _queue(url: str, jobs: int = 1, is_fenced: bool = False) -> Any:
    from bench.scale.pgqueuer_queue import PgqQueue

    queued = PgqQueue(url, "sync", is_fenced)
    queued.fill(0)
    if jobs:
        queued.enqueue(jobs, jobs)
    return queued


def _states(queued: Any) -> str:
    jobs = queued.connection.execute("SELECT status, count(*) FROM pgqueuer GROUP BY 1 ORDER BY 1").fetchall()
    log = queued.connection.execute("SELECT status FROM pgqueuer_log ORDER BY id").fetchall()
    return f"jobs {dict(jobs)}, log {[row[0] for row in log]}"


def _late_finish(url: str) -> str:
    """A's job becomes stale and is B's; A finishes it; B finishes it."""
    queued = _queue(url)
    mine = queued.claim(1)
    theirs = queued.claim(1, stale_s=0)
    assert [job.id for job in mine] == [job.id for job in theirs]
    queued.finish(mine)
    between = _states(queued)
    queued.finish(theirs)
    return f"after A's {between}; after B's {_states(queued)}"


def _late_retry(url: str) -> str:
    """A's job becomes stale and is B's; A gives it back; C picks it while B works on it."""
    queued = _queue(url)
    mine = queued.claim(1)
    queued.claim(1, stale_s=0)
    queued.run(queued.queries.retry_job(mine[0], timedelta(0), None))
    return f"C gets {len(queued.claim(1))} while B has it; {_states(queued)}"


def _foreign_heartbeat(url: str) -> str:
    """A's job becomes stale and is B's, which dies; A's heartbeats go on."""
    queued = _queue(url)
    mine = queued.claim(1)
    queued.claim(1, stale_s=0)
    queued.connection.execute("UPDATE pgqueuer SET heartbeat = now() - interval '1 hour'")
    queued.run(queued.queries.update_heartbeat([mine[0].id]))
    return f"a third worker gets {len(queued.claim(1, stale_s=30))}: A's heartbeat counts for B"


def _fenced(url: str) -> str:
    """The same as late finish, with the owner asked in the transaction of the finish."""
    queued = _queue(url, is_fenced=True)
    mine = queued.claim(1)
    theirs = queued.claim(1, stale_s=0)
    return f"A finishes {queued.finish(mine)}, B finishes {queued.finish(theirs)}; {_states(queued)}"


def _plain_fenced(url: str) -> str:
    from bench.scale.plain_queue import OVERDUE, PlainQueue

    queued = PlainQueue(url)
    queued.fill(1)
    mine = queued.claim(1, lease_s=-1)
    assert len(queued.connection.execute(OVERDUE).fetchall()) == 1
    theirs = queued.claim(1)
    return f"A finishes {queued.finish(mine)}, B finishes {queued.finish(theirs)}, B again {queued.finish(theirs)}"


def _cancelled(url: str) -> str:
    """Cancel a job that waits and one that is under way, which then finishes."""
    queued = _queue(url, 2)
    mine = queued.claim(1)
    ids = [row[0] for row in queued.connection.execute("SELECT id FROM pgqueuer ORDER BY id").fetchall()]
    # `mark_job_as_cancelled` gathers both, for which there must be a loop.
    asyncio.run(queued.queries.mark_job_as_cancelled(ids))
    after = _states(queued)
    queued.finish(mine)
    return f"{after}; the one under way then finishes without an error: {_states(queued)}"


def _clock(url: str) -> str:
    """The clock of PostgreSQL's machine jumps by a minute: the same as heartbeats that are a minute older."""
    queued = _queue(url, 3)
    queued.claim(3)
    queued.connection.execute("UPDATE pgqueuer SET heartbeat = heartbeat - interval '1 minute'")
    taken = len(queued.claim(3))
    queued.connection.execute("UPDATE pgqueuer SET heartbeat = heartbeat + interval '1 hour'")
    later = len(queued.claim(3))
    return f"forwards: {taken} of 3 that are under way are given away at once; backwards by an hour: {later}"


def _unbounded(url: str) -> str:
    """How many jobs a worker with the batch size of 10 has under way, without and with a bound."""
    queued = _queue(url, 500)
    first = _most_at_once(url, {"batch_size": 10})
    queued.enqueue(100, 100)
    bounded = _most_at_once(url, {"batch_size": 10, "max_concurrent_tasks": 20})
    return f"default: {first} of 500 at once; max_concurrent_tasks=20: {bounded}"


def _most_at_once(url: str, options: dict[str, Any]) -> int:
    most = now = 0

    async def work(_: Any) -> None:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.3)
        now -= 1

    async def run() -> None:
        manager = await _manager(url, work)
        mode: Any = import_module("pgqueuer.types").QueueExecutionMode
        await manager.run(mode=mode.drain, dequeue_timeout=timedelta(seconds=0.1), **options)

    asyncio.run(run())
    return most


async def _manager(url: str, work: Any, driver: str = "asyncpg", **options: Any) -> Any:
    queries: Any = import_module("pgqueuer.queries").Queries
    if driver == "asyncpg":
        held = queries.from_asyncpg_connection(await import_module("asyncpg").connect(url))
    else:
        psycopg: Any = import_module("psycopg")
        held = queries.from_psycopg_connection(await psycopg.AsyncConnection.connect(url, autocommit=True))
    manager = import_module("pgqueuer.qm").QueueManager(held)
    manager.entrypoint("b0", **options)(work)
    return manager


def _limits(url: str) -> str:
    """Two workers with concurrency_limit=2: most at once; then one dies with both seats taken."""
    queued = _queue(url, 20)
    workers = [_Worker(url, "asyncpg", 30, "0.2", "2") for _ in range(2)]
    while queued.connection.execute("SELECT count(*) FROM pgqueuer").fetchone()[0]:
        time.sleep(0.2)
    for worker in workers:
        worker.end()
    began = [line.split() for worker in workers for line in worker.take(worker.lines.qsize())]
    most = now = 0
    for _, step in sorted((float(line[2]), 1 if line[0] == "begin" else -1) for line in began):
        now += step
        most = max(most, now)
    queued.fill(0)
    queued.enqueue(4, 4)
    dead = _Worker(url, "asyncpg", 30, "1000", "2")
    dead.take(2)
    dead.end()
    other, started = _Worker(url, "asyncpg", 30, "0.1", "2"), time.monotonic()
    other.take(1)
    waited = time.monotonic() - started
    other.end()
    return (
        f"at most {most} at once; the 2 seats of a killed worker stay taken for {waited:.0f} s, 2 jobs wait meanwhile"
    )


def _killed(url: str, stale_s: int) -> str:
    """A worker is killed with one job under way; another one is there from the start, with nothing to do."""
    queued = _queue(url)
    first = _Worker(url, "asyncpg", stale_s, "1000", "0")
    first.take(1)
    other = _Worker(url, "asyncpg", stale_s, "0.1", "0")
    time.sleep(1)
    first.end()
    started = time.monotonic()
    other.take(1)
    waited = time.monotonic() - started
    other.take(1)
    time.sleep(1)
    told = f"back after {waited:.1f} s, begun again {1 + other.lines.qsize() // 2} time; {_states(queued)}"
    other.end()
    return told


def _stopped(url: str) -> str:
    """`shutdown` is set while two jobs of a second are under way; one more comes behind it."""
    queued = _queue(url, 2)
    worker = _Worker(url, "asyncpg", 30, "1", "0")
    worker.take(2)
    started = time.monotonic()
    worker.process.terminate()
    time.sleep(0.1)
    queued.enqueue(1, 1)
    worker.process.wait(timeout=60)
    after = time.monotonic() - started
    ended = sum(line.startswith("end") for line in worker.take(worker.lines.qsize()))
    return f"ended after {after:.1f} s with {ended} of the 2 done; {_states(queued)}"


def restarts(database: Any) -> None:
    """Print what a worker does whose PostgreSQL is stopped and started again, for each driver."""
    for driver in ("asyncpg", "psycopg"):
        _queue(database.url).connection.close()
        worker = _Worker(database.url, driver, 30, "0.1", "0")
        time.sleep(2)
        database.stop()
        database.start()
        queued, started, left = _again(database.url), time.monotonic(), 1
        while time.monotonic() - started < 60 and left and worker.process.poll() is None:
            time.sleep(0.2)
            left = queued.connection.execute("SELECT count(*) FROM pgqueuer").fetchone()[0]
        after, ended = time.monotonic() - started, worker.process.poll()
        said = "still runs" if ended is None else f"ended by itself with {ended}"
        became = "is not done" if left else "is done"
        print(
            f"{driver}: the next job {became} {after:.0f} s after the restart; the worker {said}: {worker.end()}",
            flush=True,
        )


def _again(url: str) -> Any:
    from bench.scale.pgqueuer_queue import PgqQueue

    queued = PgqQueue(url, "sync")
    queued.enqueue(1, 1)
    return queued


class _Worker:
    """A worker of PgQueuer in a process of its own."""

    def __init__(self, url: str, driver: str, stale_s: int, lasts_s: str, limit: str) -> None:
        line = [sys.executable, "-m", "bench.scale.queue_faults", url, driver, str(stale_s), lasts_s, limit]
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  # read when it ends
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=self._errors, text=True, cwd=_PROJECT)
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        assert self.lines.get(timeout=30) == "ready"

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.strip())

    def take(self, count: int, within_s: float = 120.0) -> list[str]:
        """Return its next *count* lines."""
        return [self.lines.get(timeout=within_s) for _ in range(count)]

    def end(self, sent: int = signal.SIGKILL) -> str:
        """End it; return what it last complained of."""
        self.process.send_signal(sent)
        self.process.wait(timeout=60)
        self._errors.seek(0)
        said = [line for line in self._errors.read().splitlines() if line.strip()]
        return said[-1][:200] if said else ""


def child(url: str, driver: str, stale_s: float, lasts_s: float, limit: int) -> None:
    """Work on jobs that last so long, until killed; SIGTERM asks it to stop."""

    async def work(job: Any) -> None:
        print("begin", job.id, time.time(), flush=True)
        await asyncio.sleep(lasts_s)
        print("end", job.id, time.time(), flush=True)

    async def run() -> None:
        manager = await _manager(url, work, driver, concurrency_limit=limit)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, manager.shutdown.set)
        print("ready", flush=True)
        await manager.run(heartbeat_timeout=timedelta(seconds=stale_s))

    asyncio.run(run())


if __name__ == "__main__":
    child(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]))
