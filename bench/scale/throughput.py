"""Samples a second of one, two and four servers on one PostgreSQL at zero vendor latency, and the CPU of each part.

    .venv/bin/python -m bench.scale.throughput [--count 600] [--rounds 1] [--processes 1 2 4] [--engines table pgqueuer]

All in turns in one run: on a shared machine the figures follow what else runs, and only ratios tell something. The
first batch warms up; figures are of the second. Vendor, PostgreSQL and servers share the processors.
"""

import argparse
import itertools
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.engine.common import catalog, cpu_s, finish
from bench.engine.texts import TextVendors
from bench.scale.servers import postgres
from models.batches.engine import NAMES, TABLE
from tests.e2e.server import RunningServer
from tests.e2e.several import member
from tests.redis_server import RedisServer

_WARM = 40


@dataclass(frozen=True)
class Figures:
    """What a batch took: samples a second, CPU milliseconds a sample of all servers and of PostgreSQL."""

    rate: float
    service_ms: float
    database_ms: float


def measured(number: int, engine: str, count: int) -> Figures:
    """Let *number* servers make a batch of *count* samples, whose items that engine carries."""
    with tempfile.TemporaryDirectory(prefix="bench-throughput-") as name, ExitStack() as stack:
        folder = Path(name)
        vendors = stack.enter_context(TextVendors("varied", "groq"))
        database = stack.enter_context(postgres())
        settings = {"catalog_dir": catalog(folder), "database_uri": database.url, "log_level": "WARNING"}
        settings |= {
            "batch_engine": engine,
            **vendors.settings(),
            "embedder": "off",
            "max_workers": 16,
            "backup_every_h": 0,
        }
        redis = RedisServer(folder)
        redis.start()
        stack.callback(redis.close)
        settings["redis_url"] = redis.url
        servers = [stack.enter_context(member(folder, each, **settings)) for each in range(number)]
        _batch(servers, _WARM * number)
        before, database_before, started = sum(map(cpu_s, servers)), database.cpu_s(), time.monotonic()
        _batch(servers, count)
        wall_s = time.monotonic() - started
        service, kept = sum(map(cpu_s, servers)) - before, database.cpu_s() - database_before
        return Figures(count / wall_s, service / count * 1000, kept / count * 1000)


def _batch(servers: list[RunningServer], count: int) -> None:
    wanted = {"count": count, "provider": "groq", "difficulty": "basic", "allow_failover": False}
    told = servers[0].post("generate/batch/start", **wanted)
    batch = finish(servers[0], told["batch_id"], every_s=0.2)
    assert batch["status"] == "completed", batch


def main() -> None:
    """Measure in turns and print medians."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--count", type=int, default=600)
    asked.add_argument("--rounds", type=int, default=1)
    asked.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    asked.add_argument("--engines", nargs="+", default=[TABLE], choices=NAMES)
    given = asked.parse_args()
    cases = itertools.product(given.processes, given.engines)
    found: dict[tuple[int, str], list[Figures]] = {case: [] for case in cases}
    for _ in range(given.rounds):
        for (number, engine), rows in found.items():
            rows.append(measured(number, engine, given.count))
            print(f"{number} servers, {engine}: {rows[-1]}", flush=True)
    one = median(row.rate for row in found[given.processes[0], given.engines[0]])
    for (number, engine), rows in found.items():
        rate = median(row.rate for row in rows)
        print(
            f"{number} servers, {engine}: {rate:.0f} samples/s, {rate / one:.2f} of the first; CPU a sample: "
            f"{median(row.service_ms for row in rows):.2f} ms of all servers, "
            f"{median(row.database_ms for row in rows):.2f} ms of PostgreSQL"
        )


if __name__ == "__main__":
    main()
