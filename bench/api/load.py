"""What readers cost a running batch, and how long readers wait meanwhile.

Usage: python bench/api/load.py [seconds] [--rate requests]    (default: 60, as fast as wrk can)

First a batch alone; then the same batch with 200 open streams while wrk reads `/api/stats` and
`/api/samples/filter?limit=50`, 32 connections and a thread each. wrk drives as fast as it can, which no client
does; with `--rate` it sends so many requests a second in all (a request that is late is sent at once, and its
latency counts from then). The longer the first phase, the more samples the batch has to compare new ones with in
the second. Server, simulated vendors, streams and wrk share this machine's cores.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.engine.common import catalog, cpu_s, resident_mib
from bench.store.corpus import Corpus
from tests.e2e.server import RunningServer
from tests.vendors.process import VendorProcess

SAMPLES, STREAMS, CONNECTIONS, WORKERS, LATENCY_S = 2_000, 200, 32, 16, 0.5
# Generous limits: what is measured is work, not refusals. 64 threads are not for streams (bootstrap.py).
SETTINGS: dict[str, Any] = {
    "rate_limit": "1000000 per second",
    "threads": STREAMS + 88,
    "max_workers": WORKERS,
    "backup_every_h": 0,
    "log_level": "WARNING",
}
PATHS = ("/api/stats", "/api/samples/filter?limit=50")
_SETTLE_S = 5.0
_TICKS = os.sysconf("SC_CLK_TCK")
# `delay` is asked before each request of a connection; all connections of a thread share one timetable.
_LUA = """
local every_ms, due_ms = EVERY_MS, nil
if every_ms > 0 then
  local ffi = require("ffi")
  ffi.cdef("typedef struct { long s; long ns; } moment; int clock_gettime(int, moment *);")
  local moment = ffi.new("moment")
  function delay()
    ffi.C.clock_gettime(1, moment)
    local now_ms = tonumber(moment.s) * 1000 + tonumber(moment.ns) / 1e6
    due_ms = (due_ms or now_ms) + every_ms
    return math.max(0, due_ms - now_ms)
  end
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.3f,"p50":%.1f,"p99":%.1f,"max":%.1f,"status":%d,"socket":%d,"timeout":%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    latency.max / 1e3, e.status, e.connect + e.read + e.write, e.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was used and made up to a moment."""

    at: float
    made: int
    cpu_s: float
    machine_s: float


def read(server: RunningServer, batch_id: str) -> Reading:
    """Take a reading; its moment is the middle of the call that asks for the progress."""
    asked = time.monotonic()
    batch = server.get(f"generate/batch/status?batch_id={batch_id}")
    assert batch["status"] == "running", batch
    busy = [int(text) for text in Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
    idle = busy[3] + busy[4]
    used = (sum(busy[:8]) - idle) / _TICKS
    return Reading((asked + time.monotonic()) / 2, batch["samples_generated"], cpu_s(server), used)


def tell(name: str, before: Reading, after: Reading, server: RunningServer) -> float:
    """Print what a phase made and used; return its samples a minute."""
    took_s = after.at - before.at
    pace = (after.made - before.made) / took_s * 60
    cores = (os.cpu_count() or 1) * took_s
    print(
        f"{name}: {pace:.0f} samples a minute in {took_s:.0f} s; server {after.cpu_s - before.cpu_s:.1f} CPU s, ",
        end="",
    )
    print(f"machine {after.machine_s - before.machine_s:.1f} of {cores:.0f}; ", end="")
    print(f"worker {resident_mib(server):.0f} MiB resident", flush=True)
    return pace


# --- streams -------------------------------------------------------------------------------


class Viewers:
    """Follow the stream with many connections; connect again as a browser does."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.told: Counter[str] = Counter()
        self._first: dict[bytes, float] = {}
        self.delays: list[float] = []

    async def follow(self, opened: asyncio.Event | None) -> None:
        """Be one viewer until cancelled; *opened* is set by its first message."""
        while True:
            try:
                await self._connect(opened)
                self.told["ended by the server"] += 1
            except (OSError, asyncio.LimitOverrunError, ValueError):
                self.told["broken"] += 1
            await asyncio.sleep(2)

    async def _connect(self, opened: asyncio.Event | None) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 22)
        try:
            writer.write(b"GET /api/generate/batch/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            status = await reader.readline()
            if b" 200 " not in status:
                self.told[f"refused: {status.decode().strip()}"] += 1
                return
            while line := await reader.readline():
                if line.startswith(b"id: "):
                    self._note(line)
                if opened is not None and line.startswith(b"data: "):
                    opened.set()
        finally:
            writer.close()

    def _note(self, line: bytes) -> None:
        now = time.monotonic()
        self.told["messages"] += 1
        if line in self._first:
            self.delays.append(now - self._first[line])
        self._first.setdefault(line, now)


async def view(port: int, count: int, pipe: Connection) -> None:
    """Follow with *count* viewers; tell when all are open, and at the end what they saw."""
    viewers = Viewers(port)
    opened = [asyncio.Event() for _ in range(count)]
    tasks = [asyncio.create_task(viewers.follow(event)) for event in opened]
    await asyncio.wait_for(asyncio.gather(*(event.wait() for event in opened)), 60)
    viewers.delays.clear()
    pipe.send("open")
    await asyncio.to_thread(pipe.recv)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    pipe.send((dict(viewers.told), sorted(viewers.delays)))


def _be_viewers(port: int, count: int, pipe: Connection) -> None:
    asyncio.run(view(port, count, pipe))


@contextmanager
def streams(port: int) -> Iterator[None]:
    """Keep streams open in a process of their own; print at the end what came through them."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_be_viewers, args=(port, STREAMS, theirs), daemon=True)
    process.start()
    try:
        assert ours.poll(90), "the streams did not open"
        ours.recv()
        yield
        ours.send("stop")
        told, delays = ours.recv()
        late = [delays[len(delays) * share // 100] * 1000 if delays else 0.0 for share in (50, 99)]
        print(f"{STREAMS} streams: {told}; behind the first viewer p50 {late[0]:.0f} ms, p99 {late[1]:.0f} ms")
    finally:
        process.kill()
        process.join()


# --- wrk -----------------------------------------------------------------------------------


@contextmanager
def wrk(path: str, port: int, seconds: int, rate: float) -> Iterator["subprocess.Popen[str]"]:
    """Start wrk on *path*; *rate* requests a second, 0 for as many as it can."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_LUA.replace("EVERY_MS", f"{1000 / rate:.6f}" if rate else "0"))
        script.flush()
        options = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s", "-s", script.name]
        process = subprocess.Popen(
            ["wrk", *options, f"http://127.0.0.1:{port}{path}"],  # noqa: S607
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def show(path: str, process: "subprocess.Popen[str]") -> None:
    """Wait for wrk and print what it measured."""
    output = process.communicate()[0]
    found = json.loads(output.strip().splitlines()[-1])
    print(f"{path}: {found['requests'] / found['seconds']:.0f} requests/s; p50 {found['p50']:.0f} ms, ", end="")
    print(f"p99 {found['p99']:.0f} ms, most {found['max']:.0f} ms; not 2xx {found['status']}, ", end="")
    print(f"socket errors {found['socket']}, timeouts {found['timeout']}", flush=True)


# --- the phases ----------------------------------------------------------------------------


@contextmanager
def service(vendors: VendorProcess) -> Iterator[RunningServer]:
    """Run the service on a data set of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-load-") as name:
        folder = Path(name)
        Corpus().write(folder, SAMPLES)
        with RunningServer(folder, catalog_dir=catalog(folder), **vendors.settings(), **SETTINGS) as server:
            while server.get("quality/duplicates")["indexed"] < SAMPLES:
                time.sleep(0.5)
            yield server


def main(seconds: int, rate: float) -> None:
    """Measure both phases on one service."""
    print(f"{os.cpu_count()} cores, load average before {os.getloadavg()[0]:.2f}; {SAMPLES} samples, ", end="")
    print(f"{WORKERS} workers, answers of {LATENCY_S} s: at most {WORKERS / LATENCY_S * 60:.0f} samples a minute")
    with VendorProcess("groq") as vendors, service(vendors) as server:
        vendors.set("groq", latency_s=LATENCY_S)
        started = server.post("generate/batch/start", count=50_000, provider="groq", difficulty="basic")
        time.sleep(_SETTLE_S)
        before = read(server, started["batch_id"])
        time.sleep(seconds)
        alone = tell("the batch alone", before, read(server, started["batch_id"]), server)
        with streams(server.port):
            before = read(server, started["batch_id"])
            with (
                wrk(PATHS[0], server.port, seconds, rate / 2) as one,
                wrk(PATHS[1], server.port, seconds, rate / 2) as two,
            ):
                show(PATHS[0], one)
                show(PATHS[1], two)
            pace = tell("with streams and wrk", before, read(server, started["batch_id"]), server)
        print(f"the batch made {pace / alone - 1:+.1%}")
        server.post("generate/batch/stop", batch_id=started["batch_id"])


if __name__ == "__main__":
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing; on Debian: apt-get install wrk")
    parser = argparse.ArgumentParser()
    parser.add_argument("seconds", nargs="?", type=int, default=60)
    parser.add_argument("--rate", type=float, default=0, help="requests a second in all; 0: as many as wrk can")
    given = parser.parse_args()
    main(given.seconds, given.rate)
