"""Breaks servers that share one PostgreSQL and one folder, at random, and judges what became of their batches.

    .venv/bin/python -m bench.scale.chaos [--faults 20] [--seed 1] [--processes 4] [--batches 2] [--keep FOLDER]

Each server is in a network namespace of its own (as root; else none is cut off). Faults: kill -9 of a whole server, its
network cut off for 5 to 30 s, PostgreSQL crashed, the clock of one server moved by hours (by `moved_clock.c`, where
there is a C compiler), and batches paused and resumed at any server. At the end every item must be done exactly once,
no call made that is not counted, and all servers tell the same. Exit status 1 where a promise is broken.
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
from bench.scale.network import HOST, Network, network
from bench.scale.servers import Postgres
from tests.e2e.server import RunningServer
from tests.e2e.several import Evidence, StreamReader, judged, member
from tests.redis_server import RedisServer
from tests.vendors.process import VendorProcess

TARGET, WORKERS = 300, 3
_CLOCK = Path(__file__).with_name("moved_clock.c")
_PATIENCE_S = 180.0


class World:
    """PostgreSQL, vendor and servers; each fault is a method that returns when it has begun, or is over."""

    def __init__(self, folder: Path, vendors: VendorProcess, number: int, wires: Network | None, seed: int) -> None:
        self.folder, self.vendors, self.wires = folder, vendors, wires
        self.draw = random.Random(seed)
        self.database = Postgres(_made(folder / "postgres"), HOST if wires else "127.0.0.1")
        self.database.start()
        self.redis = RedisServer(folder, HOST if wires else "127.0.0.1")
        self.redis.start()
        self.clock = _compiled(folder)
        self.servers = [self._server(each) for each in range(number)]
        self.readers = [StreamReader(server) for server in self.servers]
        self.batches: list[str] = []
        self.counts: Counter[str] = Counter()
        self._away: dict[int, str] = {}
        self._mending: list[threading.Thread] = []
        self._lock = threading.Lock()

    def _server(self, number: int) -> RunningServer:
        settings: dict[str, Any] = {
            **self.vendors.settings(),
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
        told = self.ask("generate/batch/start", count=TARGET, provider="groq", difficulty="basic", allow_failover=False)
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
        wires = self.wires
        wires.cut(number)
        self._later(self.draw.uniform(5.0, 30.0), lambda: self._back(number, lambda: wires.mend(number)))

    def crash_database(self) -> None:
        """Crash PostgreSQL and start it again."""
        self.counts["database crashed"] += 1
        self.database.stop("immediate")
        time.sleep(self.draw.uniform(0.0, 2.0))
        self.database.start()

    def kill_redis(self) -> None:
        """Kill Redis and start it again, empty."""
        self.counts["Redis killed"] += 1
        self.redis.kill()
        time.sleep(self.draw.uniform(0.0, 2.0))
        self.redis.start()

    def move_clock(self) -> None:
        """Move the clock of a server, by hours."""
        if not self.clock:
            return
        self.counts["clock moved"] += 1
        number = self.draw.randrange(len(self.servers))
        self._set_clock(number, self.draw.choice([-1, 1]) * self.draw.randrange(60, 20_000))

    def pause(self) -> None:
        """Pause a batch at any server, and resume it in a moment at any other."""
        going_on = self.open_batches()
        batch = self.draw.choice(going_on) if going_on else ""
        if not batch or self.ask("generate/batch/pause", batch_id=batch) is None:
            return
        self.counts["paused"] += 1
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
        self.counts[how] += 1
        return number

    def _back(self, number: int, mend: Callable[[], object]) -> None:
        mend()
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


def break_it(world: World, faults: int, batches: int) -> None:
    """Do *faults* faults while *batches* batches go on; then wait for their ends."""
    kinds = [world.kill, world.kill, world.cut_off, world.cut_off, world.crash_database, world.move_clock]
    kinds += [world.pause, world.pause, world.kill_redis]
    while sum(world.counts.values()) < faults:
        if len(world.open_batches()) < batches:
            world.begin_batch()
        time.sleep(world.draw.uniform(0.3, 3.0))
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


def main() -> int:
    """Break, wait, judge and print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--faults", type=int, default=20)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--processes", type=int, default=4)
    asked.add_argument("--batches", type=int, default=2)
    asked.add_argument("--keep", type=Path)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="chaos-") as name, network(given.processes) as wires:
        folder = _made(given.keep) if given.keep else Path(name)
        folder.chmod(0o755)
        catalog(folder)
        vendors = VendorProcess("groq")
        if wires:
            vendors.module = ("tests.vendors", "--host", HOST)
        else:
            print("not root, or no `ip`: no server is cut off")
        with vendors:
            vendors.set("groq", latency_s=0.125, latency_spread=0.6)
            world = World(folder, vendors, given.processes, wires, given.seed)
            try:
                world.start()
                break_it(world, given.faults, given.batches)
                waited_s = wait_for_ends(world)
                calls = int(vendors.stats("groq")["calls"])
                found = judged(Evidence(world.servers, _known(world), world.rows, calls, world.readers))
                doubt = world.rows("SELECT sum(in_doubt), sum(samples_generated), count(*) FROM batches")[0]
            finally:
                world.close()
    for kind, count in sorted(world.counts.items()):
        print(f"{kind:40} {count}")
    print(f"{'batches, samples':40} {doubt[2]}, {doubt[1]}")
    print(f"{'calls at the vendor, in doubt':40} {calls}, {doubt[0]}")
    print(f"{'s from the last fault to all ends':40} {waited_s:.1f}")
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
