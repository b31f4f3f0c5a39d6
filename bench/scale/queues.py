"""Compares PgQueuer with a plain work table on PostgreSQL 15: CPU of an item, backlog, and what happens in trouble.

    .venv/bin/python -m bench.scale.queues FOLDER [costs] [backlog] [batches] [reader] [done] [faults] [restarts]

FOLDER keeps an environment of its own. Without a word all are measured (some 15 min, 5 GB of disk).
CPU of the client is that of this process; CPU of the server that of all processes of PostgreSQL, its writers too.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.scale.environment import enter

_SMALL, _LARGE = 10_000, 10_000_000


def main() -> None:
    """Measure what the command line names."""
    folder = Path(sys.argv[1]).resolve()
    enter(folder, "bench.scale.queues", sys.argv[2:])
    from bench.scale import queue_faults, servers

    parts: dict[str, Callable[[Any], None]] = {
        "costs": costs,
        "backlog": backlog,
        "batches": batches,
        "reader": reader,
        "done": done,
        "faults": queue_faults.faults,
        "restarts": queue_faults.restarts,
    }
    with servers.postgres() as database:
        for name in sys.argv[2:] or list(parts):
            parts[name](database)


def _queues(url: str) -> list[Any]:
    from bench.scale.pgqueuer_queue import PgqQueue
    from bench.scale.plain_queue import PlainQueue

    ways = (("psycopg", False), ("asyncpg", False), ("unprepared", True), ("sync", False), ("sync", True))
    return [PlainQueue(url), *(PgqQueue(url, way, is_fenced) for way, is_fenced in ways)]


def costs(database: Any) -> None:
    """Print CPU milliseconds of a claim and finish, of 10,000 items to do, 1, 10 and 100 at a time."""
    print("\n| queue | at a time | client ms an item | server ms | wall ms |\n| --- | --- | --- | --- | --- |")
    for queue in _queues(database.url):
        for at_a_time in (1, 10, 100):
            queue.fill(_SMALL)
            print(
                f"| {queue.name} | {at_a_time} | {_spent(database, queue, at_a_time, _enough(at_a_time))} |", flush=True
            )
    print("\n| enqueue 10,000 | at a time | client ms a job | server ms | wall ms |\n| --- | --- | --- | --- | --- |")
    for queue in _queues(database.url)[1:5]:
        for at_a_time in (1, 100, 10_000):
            queue.fill(0)
            cells = _measured(database, lambda q=queue, n=at_a_time: q.enqueue(_SMALL, n), _SMALL)  # type: ignore[misc]
            print(f"| {queue.name} | {at_a_time} | {cells} |", flush=True)


def _enough(at_a_time: int) -> int:
    """Return how many items are taken for one figure."""
    return {1: 2000, 10: 5000}.get(at_a_time, 9000)


def backlog(database: Any) -> None:
    """Print the same with ten million items to do, twice in a row."""
    print("\n| queue | to do | at a time | client ms an item | server ms an item | wall ms an item |")
    print("| --- | --- | --- | --- | --- | --- |")
    plain, *_, sync, _ = _queues(database.url)
    for queue in (plain, sync):
        for size in (_SMALL, _LARGE):
            queue.fill(size)
            for at_a_time, count in ((1, 2000), (10, 2000), (100, 5000)):
                print(
                    f"| {queue.name} | {size:,} | {at_a_time} | {_spent(database, queue, at_a_time, count)} |",
                    flush=True,
                )
        queue.fill(0)


def batches(database: Any) -> None:
    """Print what a claim costs that may take of any of many batches, of 100,000 items in all."""
    print(
        "\n| queue | batches | client ms an item, 10 at a time | server ms | wall ms |\n| --- | --- | --- | --- | --- |"
    )
    plain, *_, sync, _ = _queues(database.url)
    for queue in (plain, sync):
        for count in (1, 50):
            queue.batches = [f"b{number}" for number in range(count)]
            queue.fill(100_000)
            print(f"| {queue.name} | {count} | {_spent(database, queue, 10, 3000)} |", flush=True)


def reader(database: Any) -> None:
    """Print what claims cost while a transaction that reads stays open, as that of a backup: dead entries stay."""
    import psycopg

    print("\n| queue | items taken meanwhile | client ms an item | server ms an item | wall ms an item |")
    print("| --- | --- | --- | --- | --- |")
    plain, *_, sync, _ = _queues(database.url)
    for queue in (plain, sync):
        queue.fill(100_000)
        with psycopg.connect(database.url) as reading:
            reading.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            reading.execute("SELECT count(*) FROM pg_class")
            for taken in range(0, 20_000, 5000):
                print(f"| {queue.name} | {taken:,} | {_spent(database, queue, 10, 1000)} |", flush=True)
                for _ in range(40):
                    queue.finish(queue.claim(100))


def done(database: Any) -> None:
    """Print the size of the tables after a million jobs that are done, and what a claim costs then."""
    plain, *_, sync, _ = _queues(database.url)
    print("\n| queue | after a million done | MB | rows | client ms an item, 10 at a time | server ms | wall ms |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    plain.fill(1_000_000)
    plain.connection.execute("UPDATE work SET state = 'done'")
    plain.connection.execute(
        "INSERT INTO work (batch_id, ordinal, job) SELECT 'b0', n, '{}' FROM generate_series(2000000, 2010000) n"
    )
    plain.connection.execute("VACUUM ANALYZE work")
    _told(database, plain, ("work",))
    plain.fill(0)
    sync.fill(_SMALL)
    # What its own calls log of each job: queued, picked, successful.
    sync.connection.execute(
        "INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority, aggregated)"
        " SELECT n, s::pgqueuer_status, 'b0', 0, true FROM generate_series(1, 1000000) n,"
        " unnest(ARRAY['queued', 'picked', 'successful']) s"
    )
    sync.connection.execute("VACUUM ANALYZE pgqueuer_log")
    _told(database, sync, ("pgqueuer", "pgqueuer_log", "pgqueuer_statistics"))


def _told(database: Any, queue: Any, tables: tuple[str, ...]) -> None:
    for table in tables:
        size, rows = queue.connection.execute(
            f"SELECT pg_total_relation_size('{table}'), count(*) FROM {table}"  # noqa: S608
        ).fetchone()
        print(f"| {queue.name} | {table} | {size / 1e6:.0f} | {rows:,} | | | |")
    print(f"| {queue.name} | claim and finish | | | {_spent(database, queue, 10, 3000)} |", flush=True)


def _spent(database: Any, queue: Any, at_a_time: int, count: int) -> str:
    """Claim and finish *count* items; each claim must bring as many as were asked for."""
    for _ in range(10):  # statements are prepared after some calls
        queue.finish(queue.claim(1))

    def work() -> None:
        for _ in range(count // at_a_time):
            items = queue.claim(at_a_time)
            assert len(items) == queue.finish(items) == at_a_time, len(items)

    return _measured(database, work, count)


def _measured(database: Any, work: Callable[[], None], count: int) -> str:
    client, server, wall = time.process_time(), database.cpu_s(), time.monotonic()
    work()
    spent = (time.process_time() - client, database.cpu_s() - server, time.monotonic() - wall)
    return " | ".join(f"{1000 * each / count:.3f}" for each in spent)


if __name__ == "__main__":
    main()
