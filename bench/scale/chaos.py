"""Breaks servers that share one PostgreSQL and one folder, at random, and judges what became of their batches.

    .venv/bin/python -m bench.scale.chaos [--faults 20] [--seed 1] [--processes 4] [--batches 2] [--gap 3] [--shards]

Each server is in a network namespace of its own (as root; else none is cut off). Faults: kill -9 of a whole server, its
network cut off for 1 to 40 s, PostgreSQL crashed, Redis killed and started empty, the clock of one server moved by
hours (by `moved_clock.c`, where there is a C compiler). Batches are paused and resumed at any server beside that, which
counts as no fault. One begins as often as another is over, at a vendor with a limit of requests or at one with a limit
of tokens. At the end every item must be done exactly once, no call made that is not counted, all servers tell the same,
and no sliding minute have held more than a limit: by the vendors' own logs, which they keep and refuse nothing by. Exit
status 1 where a promise is broken.
"""

import argparse
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import requests

from bench.engine.common import catalog
from bench.scale.minutes import Cut, departures, worst
from bench.scale.network import HOST, Network, network
from bench.scale.servers import Postgres
from tests.e2e.server import RunningServer
from tests.e2e.several import Evidence, StreamReader, judged, member
from tests.redis_server import RedisServer
from tests.vendors.process import VendorProcess
from utils.file_systems import FileFolder

TARGET, WORKERS = 300, 3
# What each vendor is limited to in a minute, and which unit of it is used up.
LIMITS = {
    "groq": ({"requests_per_minute": 300}, "requests"),
    "cerebras": ({"tokens_per_minute": 600_000}, "tokens"),
}
_CLOCK = Path(__file__).with_name("moved_clock.c")
_PATIENCE_S = 300.0


class World:
    """PostgreSQL, vendor and servers; each fault is a method that returns when it has begun, or is over."""

    def __init__(self, folder: Path, vendors: VendorProcess, wires: Network | None, asked: argparse.Namespace) -> None:
        self.folder, self.vendors, self.wires = folder, vendors, wires
        self.draw = random.Random(asked.seed)
        self.shards = FileFolder(str(_made(folder / "shards"))) if asked.shards else None
        self.database = Postgres(_made(folder / "postgres"), HOST if wires else "127.0.0.1")
        self.database.start()
        self.redis = RedisServer(folder, HOST if wires else "127.0.0.1")
        self.redis.start()
        self.clock = _compiled(folder)
        self.servers = [self._server(each) for each in range(asked.processes)]
        self.readers = [StreamReader(server) for server in self.servers]
        self.batches: list[str] = []
        self.counts: Counter[str] = Counter()
        self.cuts: list[Cut] = []
        self.log: list[tuple[float, str]] = []
        self._away: dict[int, str] = {}
        self._mending: list[threading.Thread] = []
        self._lock = threading.Lock()

    def _server(self, number: int) -> RunningServer:
        settings: dict[str, Any] = {
            **self.vendors.settings(),
            "data_url": self.shards.address if self.shards is not None else "",
            "catalog_dir": self.folder / "catalog",
            "database_uri": self.database.url,
            "redis_url": self.redis.url,
            "log_level": "INFO",
            "max_workers": WORKERS,
            "max_concurrent_batches": 64,
            "allow_unauthenticated": "true",
            "rate_limit": "off",
            "backup_every_h": 0,
            "embedder": "off",
        }
        if self.wires:
            settings["host"] = self.wires.address(number)
        server = member(_made(self.folder / "data"), number, **settings)
        if self.wires:
            server.url = f"http://{self.wires.address(number)}:{server.port}/api"
        server.before = (*(self.wires.before(number) if self.wires else ()), *self._preloaded(number))
        return server

    def _preloaded(self, number: int) -> tuple[str, ...]:
        """Return what lets the clock of a server be moved."""
        if not self.clock:
            return ()
        self._set_clock(number, 0)
        return ("env", f"LD_PRELOAD={self.clock}", f"MOVED_CLOCK={self.folder / f'clock-{number}'}")

    def _set_clock(self, number: int, seconds: int) -> None:
        path = self.folder / f"clock-{number}"
        path.touch()
        with path.open("r+b") as file:  # the server has it mapped
            file.write(struct.pack("q", seconds))

    # --- what goes on --------------------------------------------------------------------

    def start(self) -> None:
        """Start all servers and their readers."""
        for server in self.servers:
            server.start()
        for reader in self.readers:
            reader.start()

    def close(self) -> None:
        """End everything."""
        for reader in self.readers:
            reader.close()
        for server in self.servers:
            if server.process is not None:
                server.kill()
            server.session.close()
        self.database.stop("immediate")
        self.redis.close()

    def ask(self, path: str, **body: object) -> Any:
        """Post to any server that is not away; None where it is of no use."""
        with self._lock:
            there = [each for each in range(len(self.servers)) if each not in self._away]
        if not there:
            return None
        server = self.servers[self.draw.choice(there)]
        try:
            answer = requests.post(f"{server.url}/{path}", json=body, timeout=30)
            return answer.json() if answer.ok else None
        except (requests.RequestException, ValueError):
            return None

    def begin_batch(self) -> None:
        """Start a batch at any server."""
        vendor = list(LIMITS)[len(self.batches) % len(LIMITS)]
        told = self.ask("generate/batch/start", count=TARGET, provider=vendor, difficulty="basic", allow_failover=False)
        if told is not None:
            self.batches.append(told["batch_id"])

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query; none while PostgreSQL is away."""
        with psycopg.connect(self.database.url, connect_timeout=5) as connection:
            return connection.execute(query.encode()).fetchall()

    def open_batches(self) -> list[str]:
        """Return the batches that have not ended, also those whose start was never confirmed."""
        query = "SELECT id FROM batches WHERE status IN ('pending', 'running', 'paused', 'stopping') ORDER BY id"
        return [str(row[0]) for row in self.rows(query)]

    @property
    def faults(self) -> int:
        """How many there were."""
        return sum(self.counts.values()) - self.counts["paused"]

    # --- faults --------------------------------------------------------------------------

    def kill(self) -> None:
        """Kill a server as a power cut would; it is started again in some seconds."""
        number = self._take_away("killed")
        if number is None:
            return
        self.servers[number].kill()
        self._later(self.draw.uniform(0.5, 8.0), lambda: self._back(number, lambda: self._start(number)))

    def _start(self, number: int) -> None:
        """Start a server as a supervisor does: again, where it ends because PostgreSQL is away."""
        for _ in range(20):
            try:
                self.servers[number].start()
            except AssertionError:
                time.sleep(0.5)
            else:
                return

    def cut_off(self) -> None:
        """Cut the network of a server off, for longer or shorter than it is believed to live."""
        number = self._take_away("cut off") if self.wires else None
        if number is None or self.wires is None:
            return
        wires, begins = self.wires, time.monotonic()
        wires.cut(number)

        def mend() -> None:
            wires.mend(number)
            self.cuts.append(Cut(wires.address(number), begins, time.monotonic()))

        lasts_s = self.draw.choice([self.draw.uniform(1.0, 10.0), self.draw.uniform(20.0, 40.0)])
        self._later(lasts_s, lambda: self._back(number, mend))

    def crash_database(self) -> None:
        """Crash PostgreSQL and start it again."""
        self._did("database crashed")
        self.database.stop("immediate")
        time.sleep(self.draw.uniform(0.0, 2.0))
        self.database.start()

    def kill_redis(self) -> None:
        """Kill Redis and start it again, empty."""
        self._did("Redis killed")
        self.redis.kill()
        time.sleep(self.draw.uniform(0.0, 2.0))
        self.redis.start()

    def move_clock(self) -> None:
        """Move the clock of a server, by hours."""
        if not self.clock:
            return
        self._did("clock moved")
        number = self.draw.randrange(len(self.servers))
        self._set_clock(number, self.draw.choice([-1, 1]) * self.draw.randrange(60, 20_000))

    def pause(self) -> None:
        """Pause a batch at any server, and resume it in a moment at any other."""
        going_on = self.open_batches()
        batch = self.draw.choice(going_on) if going_on else ""
        if not batch or self.ask("generate/batch/pause", batch_id=batch) is None:
            return
        self._did("paused")
        self._later(self.draw.uniform(0.2, 4.0), lambda: self.resume(batch))

    def resume(self, batch: str) -> None:
        """Resume a batch, until it is not paused any more."""
        ends = time.monotonic() + _PATIENCE_S
        while time.monotonic() < ends:
            try:
                if self.rows(f"SELECT 1 FROM batches WHERE status = 'paused' AND id = '{batch}'") == []:  # noqa: S608
                    return
                self.ask("generate/batch/resume", batch_id=batch)
            except psycopg.Error:
                pass
            time.sleep(0.5)

    def _take_away(self, how: str) -> int | None:
        """Choose a server that is there; None where it is the last of them."""
        with self._lock:
            there = [each for each in range(len(self.servers)) if each not in self._away]
            if len(there) < 2:
                return None
            number = self.draw.choice(there)
            self._away[number] = how
        self._did(how, number)
        return number

    def _did(self, what: str, number: int | None = None) -> None:
        self.counts[what] += 1
        self.log.append((time.monotonic(), what if number is None else f"{what} {number}"))

    def _back(self, number: int, mend: Callable[[], object]) -> None:
        mend()
        self.log.append((time.monotonic(), f"back {number}"))
        with self._lock:
            self._away.pop(number)

    def _later(self, seconds: float, do: Callable[[], None]) -> None:
        def work() -> None:
            time.sleep(seconds)
            do()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self._mending.append(thread)

    def mended(self) -> None:
        """Wait until all faults are over."""
        for thread in self._mending:
            thread.join(_PATIENCE_S)


def break_it(world: World, faults: int, batches: int, gap_s: float, most_s: float) -> None:
    """Do *faults* faults, *gap_s* apart on average, while *batches* batches go on; then wait for the end of all.

    No other fault begins after *most_s* seconds.
    """
    kinds = [world.kill, world.kill, world.cut_off, world.cut_off, world.crash_database, world.move_clock]
    kinds += [world.pause, world.pause, world.kill_redis]
    ends = time.monotonic() + most_s
    while world.faults < faults and time.monotonic() < ends:
        if len(world.open_batches()) < batches:
            world.begin_batch()
        time.sleep(world.draw.uniform(0.1, 2 * gap_s))
        world.draw.choice(kinds)()
    world.mended()
    for batch in world.open_batches():
        world.resume(batch)


def wait_for_ends(world: World) -> float:
    """Wait until all batches have ended, all streams know and all servers are members; return the seconds of that."""
    started = time.monotonic()

    def is_over() -> bool:
        seen = all(reader.saw_end_of(_known(world)) for reader in world.readers)
        members = world.rows("SELECT count(*) FROM members")[0][0]
        return not world.open_batches() and seen and members == len(world.servers)

    while time.monotonic() - started < _PATIENCE_S and not is_over():
        time.sleep(0.2)
    return time.monotonic() - started


def _known(world: World) -> list[str]:
    """Return all batches that began, whether or not their start was confirmed."""
    return [str(row[0]) for row in world.rows("SELECT id FROM batches WHERE reason IS NULL OR attempts > 0")]


def minutes(world: World, vendors: VendorProcess) -> dict[str, tuple[object, object]]:
    """Print how each limit was used; return the promise that none was exceeded."""
    found: dict[str, tuple[object, object]] = {}
    for vendor, (limits, unit) in LIMITS.items():
        limit = limits[f"{unit}_per_minute"]
        log = [row if unit == "tokens" else (row[0], 1, *row[2:]) for row in vendors.log(vendor)]
        left, held_up = departures(log, world.cuts)
        (ends, most), came = worst(left), worst(row[:2] for row in log)[1]
        used = sum(units for _, units in left) / max(60.0, max(left)[0] - min(left)[0]) * 60.0 if left else 0.0
        print(
            f"{vendor}, {limit} {unit} a minute: {len(log)} calls, {held_up} held up by a cut; used {used / limit:.2f};"
            f" worst minute {most / limit:.3f}, as calls came {came / limit:.3f}"
        )
        if most > limit:
            around = [f"{at - ends:.1f} {what}" for at, what in world.log if ends - 70.0 < at <= ends]
            print(f"  seconds before its end: {'; '.join(around)}")
        found[f"{unit} of the worst minute, over the limit"] = (max(0, most - limit), 0)
    return found


def main() -> int:
    """Break, wait, judge and print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--faults", type=int, default=20)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--processes", type=int, default=4)
    asked.add_argument("--batches", type=int, default=2)
    asked.add_argument("--gap", type=float, default=3.0, help="seconds between two faults, on average")
    asked.add_argument("--most-s", type=float, default=3600.0, help="seconds after which no other fault begins")
    asked.add_argument("--shards", action="store_true", help="keep the samples in shards of a folder")
    asked.add_argument("--keep", type=Path)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="chaos-") as name, network(given.processes) as wires:
        folder = _made(given.keep) if given.keep else Path(name)
        folder.chmod(0o755)
        catalog(folder, {vendor: limits for vendor, (limits, _) in LIMITS.items()})
        vendors = VendorProcess(*LIMITS)
        if wires:
            vendors.module = ("tests.vendors", "--host", HOST)
        else:
            print("not root, or no `ip`: no server is cut off")
        with vendors:
            for vendor in LIMITS:
                vendors.set(vendor, latency_s=0.125, latency_spread=0.6, length_spread=0.1)
            world = World(folder, vendors, wires, given)
            began = time.monotonic()
            try:
                world.start()
                break_it(world, given.faults, given.batches, given.gap, given.most_s)
                broke_s, waited_s = time.monotonic() - began, wait_for_ends(world)
                calls = sum(int(vendors.stats(vendor)["calls"]) for vendor in LIMITS)
                found = judged(Evidence(world.servers, _known(world), world.rows, calls, world.readers, world.shards))
                doubt = world.rows("SELECT sum(in_doubt), sum(samples_generated), count(*) FROM batches")[0]
                found |= minutes(world, vendors)
            finally:
                world.close()
    print(f"{'faults':40} {world.faults}")
    for kind, count in sorted(world.counts.items()):
        print(f"{kind:40} {count}")
    print(f"{'batches, samples':40} {doubt[2]}, {doubt[1]}")
    print(f"{'calls at the vendors, in doubt':40} {calls}, {doubt[0]}")
    print(f"{'s of faults, from the last to all ends':40} {broke_s:.1f}, {waited_s:.1f}")
    for promise, (was, wanted) in found.items():
        print(f"{promise:40} {was}{'' if was == wanted else f'   BROKEN: want {wanted}'}")
    return int(any(was != wanted for was, wanted in found.values()))


def _compiled(folder: Path) -> Path | None:
    """Compile what moves a clock; None where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "moved_clock.so"
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(_CLOCK)], check=True)
    return library


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing is left running
    sys.exit(main())
