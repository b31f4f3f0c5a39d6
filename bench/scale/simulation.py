"""Simulates batches of up to 10^8 samples by up to 1,000 workers, by events, from costs that were measured.

    python -m bench.scale.simulation            the table: processes, workers, cores; what is full first; 10^8 samples
    python -m bench.scale.simulation measure    the turn of a writer on a PostgreSQL of its own
    python -m bench.scale.simulation check RATE1 RATE2 RATE4    against samples/s of bench.scale.throughput
    python -m bench.scale.simulation manifest   lists of 2,000 and 20,000 shards: 10^8 rows

A sample goes: CPU of its process (one at a time: one interpreter), the vendor (its limit, then its latency), CPU again,
and three commits, each in a turn that is one process's at a time and takes with it all that its process has waiting.
Throughput of a steady stretch is simulated; 10^8 samples are that many times it, rows and bytes are counted by hand.
Not simulated: faults, the fold's disk, networks, PostgreSQL's vacuum and checkpoints.
"""

import argparse
import heapq
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias, TypeVar

from bench.scale.servers import Postgres
from models.database import open_engine
from models.samples.shards import manifest as shards
from models.samples.shards.manifest import Change, Head, Shard

_SAMPLES = 10**8
T = TypeVar("T")
Event: TypeAlias = Callable[[float, int, int], None]


@dataclass(frozen=True)
class Costs:
    """What was measured; milliseconds.

    Attributes:
        service: CPU of a process for a sample (bench.scale.throughput, one server).
        fleet: More of it for each further process (the same, four servers).
        database: CPU of PostgreSQL for a sample, and more for each further process (the same).
        turn: A writer's turn that has one change, commit and fsync in it; each further change (`measure`).
        writes: Commits of a sample: sending, answered, finished.
        redis: CPU of Redis for a lease of calls, and how many calls one has (bench/scale/limits.py, ADR 39).
        beat: CPU of PostgreSQL for a process each second: its row, its look at the batches, NOTIFY.
    """

    service: float = 5.7
    fleet: float = 0.5
    database: float = 1.3
    database_fleet: float = 0.13
    turn: float = 2.0
    change: float = 0.15
    writes: int = 3
    redis: float = 0.05
    leased: int = 10
    beat: float = 5.0


@dataclass(frozen=True)
class Setting:
    """What works on a batch.

    Attributes:
        processes, workers: Processes, and samples in flight in each.
        cores: Of the machines of the processes; inf where each has one to itself.
        database_cores: Of PostgreSQL; 0 where it shares those of the processes.
        latency_s: Of the vendor.
        per_minute: What its limit allows; inf for none.
    """

    processes: int
    workers: int
    cores: float = float("inf")
    database_cores: float = 8
    latency_s: float = 2.0
    per_minute: float = float("inf")


@dataclass
class Server:
    """Something that does one thing after another."""

    free_at: float = 0.0
    busy_s: float = 0.0

    def take(self, now: float, length_s: float) -> float:
        """Do something of *length_s*; return when it is done."""
        self.free_at = max(self.free_at, now) + length_s
        self.busy_s += length_s
        return self.free_at


@dataclass
class Outcome:
    """Samples a second, and the share of the time for which each part was busy."""

    rate: float
    busy: dict[str, float]

    @property
    def full(self) -> str:
        """The part that is busiest."""
        return max(self.busy, key=lambda name: self.busy[name])


class Simulation:
    """One run. A process's writer takes all that waits into its next turn, as the service's does."""

    def __init__(self, setting: Setting, costs: Costs, samples: int) -> None:
        """Prepare *samples*."""
        self._how, self._costs = setting, costs
        self._left = samples
        self._done = 0
        self._warm_at, self._warm, self._samples = 0.0, samples // 5, samples
        others = setting.processes - 1
        self._step_s = (costs.service + costs.fleet * others) / 1000 / (costs.writes + 1)
        self._part_s = (costs.database + costs.database_fleet * others) / 1000 / costs.writes
        self._database_cores = setting.database_cores or setting.cores
        self._interpreters = [Server() for _ in range(setting.processes)]
        # Cores are approximated by one that is so many times as fast.
        self._machine, self._database = Server(), Server()
        self._turn, self._vendor, self._redis = Server(), Server(), Server()
        self._waiting: list[deque[int]] = [deque() for _ in range(setting.processes)]
        self._is_writing = [False] * setting.processes
        self._events: list[tuple[float, int, Event, int, int]] = []
        self._numbers = count()

    def run(self) -> Outcome:
        """Make all samples; the first fifth warms up."""
        for process in range(self._how.processes):
            for _ in range(self._how.workers):
                self._at(0.0, self._begin, process, 0)
        now = 0.0
        while self._events:
            now, _, event, process, step = heapq.heappop(self._events)
            event(now, process, step)
        busy = {
            "interpreters": sum(each.busy_s for each in self._interpreters) / self._how.processes / now,
            "machine": self._machine.busy_s / now,
            "database": self._database.busy_s / now
            + self._costs.beat / 1000 * self._how.processes / self._database_cores,
            "writer's turn": self._turn.busy_s / now,
            "vendor's limit": self._vendor.busy_s / now,
            "Redis": self._redis.busy_s / now,
        }
        return Outcome((self._samples - self._warm) / (now - self._warm_at), busy)

    def _at(self, when: float, event: Event, process: int, step: int) -> None:
        """Let something happen at a time; what was said first happens first."""
        heapq.heappush(self._events, (when, next(self._numbers), event, process, step))

    def _think(self, now: float, process: int) -> float:
        """Use the interpreter of *process* for a step; return when it is done."""
        end = self._interpreters[process].take(now, self._step_s)
        if self._how.cores != float("inf"):
            end = max(end, self._machine.take(now, self._step_s / self._how.cores))
        return end

    def _begin(self, now: float, process: int, _step: int) -> None:
        if self._left:
            self._left -= 1
            self._at(self._think(now, process), self._write, process, 0)

    def _write(self, now: float, process: int, step: int) -> None:
        self._waiting[process].append(step)
        self._take_turn(now, process)

    def _take_turn(self, now: float, process: int) -> None:
        taken = len(self._waiting[process])
        if self._is_writing[process] or not taken:
            return
        self._is_writing[process] = True
        end = self._turn.take(now, (self._costs.turn + self._costs.change * (taken - 1)) / 1000)
        shared = self._database if self._how.database_cores else self._machine
        end = max(end, shared.take(now, taken * self._part_s / self._database_cores))
        for step in self._waiting[process]:
            self._at(end, self._written, process, step)
        self._waiting[process].clear()
        self._at(end, self._turn_over, process, 0)

    def _turn_over(self, now: float, process: int, _step: int) -> None:
        self._is_writing[process] = False
        self._take_turn(now, process)

    def _written(self, now: float, process: int, step: int) -> None:
        if step == 0:  # that it is sent is noted: the call may leave
            allowed = self._redis.take(now, self._costs.redis / 1000 / self._costs.leased)
            at = self._vendor.take(allowed, 60 / self._how.per_minute)
            self._at(at + self._how.latency_s, self._answered, process, 1)
        elif step < self._costs.writes - 1:
            self._at(self._think(now, process), self._write, process, step + 1)
        else:
            self._done += 1
            if self._done == self._warm:
                self._warm_at = now
            self._at(self._think(now, process), self._begin, process, 0)

    def _answered(self, now: float, process: int, step: int) -> None:
        self._at(self._think(now, process), self._write, process, step)


def simulated(setting: Setting, costs: Costs, samples: int = 0) -> Outcome:
    """Simulate enough samples for a steady stretch, *samples* if given."""
    return Simulation(setting, costs, samples or max(5_000, 10 * setting.processes * setting.workers)).run()


def table(costs: Costs) -> None:
    """Print what comes of processes and workers, and how long 10^8 samples take."""
    print("| processes x workers | latency, limit | samples/s | full first | then | 10^8 samples |")
    print("| --- | --- | --- | --- | --- | --- |")
    for processes, workers in ((1, 16), (1, 64), (2, 64), (4, 64), (8, 64), (16, 64), (4, 250), (16, 16)):
        for latency_s, per_minute in ((2.0, float("inf")), (2.0, 6_000), (20.0, float("inf"))):
            setting = Setting(processes, workers, latency_s=latency_s, per_minute=per_minute)
            found = simulated(setting, costs)
            order = sorted(found.busy, key=lambda name: -found.busy[name])
            told = [f"{name} {found.busy[name]:.0%}" for name in order[:2]]
            limit = "none" if per_minute == float("inf") else f"{per_minute:,.0f}/min"
            print(
                f"| {processes} x {workers} | {latency_s:g} s, {limit} | {found.rate:.0f} | {told[0]} | {told[1]} | "
                f"{_SAMPLES / found.rate / 86_400:.1f} days |"
            )
    rows = {"work": (_SAMPLES, 265), "calls and usage": (_SAMPLES, 200), "journal until it is folded": (50_000, 3_500)}
    print("\nPostgreSQL at the end of 10^8 samples (work: 265 bytes a row, ADR 41; others estimated):")
    for name, (number, size) in rows.items():
        print(f"  {name}: {number:,} rows, {number * size / 1e9:.1f} GB")


def check(rates: list[float], costs: Costs) -> None:
    """Compare with rates that were measured on one machine that servers, PostgreSQL and vendor shared.

    How much of the two cores there was is fitted at one server; two and four are predicted.
    """
    settings = [Setting(number, 16, latency_s=0.0, database_cores=0) for number in (1, 2, 4)]
    low, high = 0.05, 2.0
    for _ in range(30):
        cores = (low + high) / 2
        low, high = (
            (cores, high)
            if simulated(replace(settings[0], cores=cores), costs, 2_000).rate < rates[0]
            else (low, cores)
        )
    print(f"cores that there were, fitted at one server: {cores:.2f}")
    for setting, rate in zip(settings, rates, strict=True):
        found = simulated(replace(setting, cores=cores), costs, 2_000)
        print(
            f"{setting.processes} servers: measured {rate:.0f}, simulated {found.rate:.0f} samples/s "
            f"({found.rate / rate - 1:+.0%}), full: {found.full}"
        )


@contextmanager
def _postgres() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="bench-simulation-") as folder, ExitStack() as stack:
        server = Postgres(Path(folder))
        server.start()
        stack.callback(server.stop)
        yield server


def measure() -> None:
    """Print how long a turn is: the lock, some changes of a row of 265 bytes in one statement, the commit."""
    psycopg: Any = import_module("psycopg")
    with _postgres() as server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE work (ordinal int PRIMARY KEY, state text, filler text)")
        connection.execute("INSERT INTO work SELECT n, 'todo', repeat('x', 200) FROM generate_series(1, 10000) n")
        connection.commit()
        for changes in (1, 10, 30):
            lengths = []
            for turn in range(100):
                begun = time.perf_counter()
                connection.execute("SELECT pg_advisory_xact_lock(1)")
                with connection.cursor() as cursor:
                    numbers = [(turn * changes + n + 1,) for n in range(changes)]
                    cursor.executemany("UPDATE work SET state = 'done' WHERE ordinal = %s", numbers)
                connection.commit()
                lengths.append((time.perf_counter() - begun) * 1000)
            lengths.sort()
            print(
                f"turn of {changes} changes: median {median(lengths):.2f} ms, tenth {lengths[10]:.2f}, "
                f"ninetieth {lengths[90]:.2f}"
            )


def manifest() -> None:
    """Print what a list of 10^8 rows costs: reading it, the next version, totals of it; CPU ms of the client."""
    psycopg: Any = import_module("psycopg")
    with _postgres() as server:
        for number in (2_000, 20_000):
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE shards_{number}")
            url = server.url.replace("postgresql:", "postgresql+psycopg:").replace("/postgres?", f"/shards_{number}?")
            engine = open_engine(url)
            size = _SAMPLES // number
            with engine.begin() as connection:
                shards.begin(connection, "s3://bucket/prefix")
                made = [_shard(each, size) for each in range(number)]
                assert shards.commit(connection, Change(Head(), 0, (), made), 0.0)
            costs: dict[str, list[float]] = {}
            for turn in range(7):
                with engine.begin() as connection:
                    held = _timed(costs, "read whole", lambda: shards.listed(connection))  # at once
                    head = shards.head(connection)
                    found = _timed(costs, "totals", lambda: shards.totals(connection))
                    assert (len(held), found[1]) == (number, number * size)
                    change = Change(head, 0, (held[turn].name,), [replace(held[turn], name=f"new-{turn}")])
                    _timed(costs, "next version", lambda: shards.commit(connection, change, 0.0))  # noqa: B023
                with engine.connect() as connection:
                    _timed(costs, "difference", lambda: shards.difference(connection, head.version))  # noqa: B023
            told = ", ".join(f"{name} {median(each) * 1000:.1f} ms" for name, each in costs.items())
            print(f"{number} shards of {size} rows: {told}")
            engine.dispose()


def _timed(costs: dict[str, list[float]], name: str, work: Callable[[], T]) -> T:
    """Do *work*, and note its CPU seconds under *name*."""
    begun = time.process_time()
    done = work()
    costs.setdefault(name, []).append(time.process_time() - begun)
    return done


def _shard(number: int, rows: int) -> Shard:
    """Return a shard among those of ten years and four jurisdictions, of row groups as the service writes them."""
    month = f"{2015 + number // 12 % 10}-{number % 12 + 1:02}"
    groups = tuple((500, 1 << 20) for _ in range(-(-rows // 500)))
    return Shard(f"r/{number:06}", ("uk", "us", "eu", "de")[number % 4], month, rows, 6 << 20, groups)


def main() -> None:
    """Do what is asked."""
    asked = argparse.ArgumentParser()
    asked.add_argument("what", nargs="?", default="table", choices=("table", "check", "measure", "manifest"))
    asked.add_argument("rates", nargs="*", type=float)
    asked.add_argument("--turn", type=float, default=Costs.turn)
    asked.add_argument("--change", type=float, default=Costs.change)
    given = asked.parse_args()
    costs = Costs(turn=given.turn, change=given.change)
    if given.what == "check":
        check(given.rates, costs)
    else:
        {"table": lambda: table(costs), "measure": measure, "manifest": manifest}[given.what]()


if __name__ == "__main__":
    main()
