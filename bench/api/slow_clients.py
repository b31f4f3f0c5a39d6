"""What slow and vanished clients do to a running batch and to honest clients.

Usage: python bench/api/slow_clients.py [seconds] [--connections 2000] [--addresses 200]

A batch runs on a simulated vendor; so many connections of all slow kinds (`KINDS`, in equal shares) are held from so
many loopback addresses, each opened again a moment after it was closed. Meanwhile honest clients ask, each time
over a new connection: health several times a second, statistics, a page, a plan, an export. Printed are their
times, restarts of the worker, the vendor's calls beside what the batch knows of, how the worker's memory grew.
Loopback only; all share this machine's cores. It needs `ulimit -n` of twice the connections.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import socket
import statistics
import struct
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.engine.common import catalog, finish, processes, resident_mib
from bench.store.corpus import Corpus
from tests.e2e.server import RunningServer
from tests.vendors.process import VendorProcess

SAMPLES, WORKERS, LATENCY_S = 2_000, 8, 1.0
# The batch and the honest clients alone, before memory is taken note of.
_SETTLE_S = 20.0
# How long a client leaves its side open when the server has closed: it does not read, so it does not know.
_DEAF_S = 4.0
_AGAIN_S = 1.0
_TIMEOUT_S = 60.0
_HOST = b"Host: localhost\r\n"


# --- slow kinds ----------------------------------------------------------------------------


@dataclass
class Slow:
    """One slow client's connection."""

    sock: socket.socket
    told: Counter[str]

    async def send(self, data: bytes) -> None:
        """Send all of *data*."""
        await asyncio.get_running_loop().sock_sendall(self.sock, data)

    async def closed(self) -> None:
        """Read, all of it, until the server closes."""
        while data := await asyncio.get_running_loop().sock_recv(self.sock, 65536):
            self.told[data.split(b"\r\n", 1)[0][:30].decode("latin-1")] += data.startswith(b"HTTP/1.1 ")

    async def trickle(self, data: bytes, every_s: float = 1.0) -> None:
        """Send byte by byte until the server closes."""
        reader = asyncio.ensure_future(self.closed())
        try:
            for position in range(len(data)):
                await self.send(data[position : position + 1])
                done, _ = await asyncio.wait([reader], timeout=every_s)
                if done:
                    return
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def never_reads(self) -> None:
        """Be there and take nothing; notices only a reset."""
        for _ in range(600):
            await asyncio.sleep(1)
            if self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                return
            with suppress(BlockingIOError):
                # State 8 is CLOSE_WAIT: the server closed, and what it sent is still unread.
                if self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) == b"\x08":
                    return


async def idle(slow: Slow) -> None:
    await slow.closed()


async def half_head(slow: Slow) -> None:
    await slow.send(b"GET /api/stats HTTP/1.1\r\n" + _HOST)
    await slow.trickle(b"X-Slow: " + b"x" * 600)


async def slow_body(slow: Slow) -> None:
    await slow.send(b"POST /api/add HTTP/1.1\r\n" + _HOST)
    await slow.send(b"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    await slow.trickle(b"{" * 600)


async def stopped_export(slow: Slow) -> None:
    await slow.send(b"GET /api/export HTTP/1.1\r\n" + _HOST + b"\r\n")
    await slow.never_reads()


async def trickled_answer(slow: Slow) -> None:
    await slow.send(b"GET /api/data HTTP/1.1\r\n" + _HOST + b"\r\n")
    while await asyncio.get_running_loop().sock_recv(slow.sock, 1):
        await asyncio.sleep(1)


async def dropped_stream(slow: Slow) -> None:
    await slow.send(b"GET /api/generate/batch/stream HTTP/1.1\r\n" + _HOST + b"\r\n")
    await asyncio.sleep(2)
    slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def half_closed_stream(slow: Slow) -> None:
    await slow.send(b"GET /api/generate/batch/stream HTTP/1.1\r\n" + _HOST + b"\r\n")
    await asyncio.sleep(1)
    slow.sock.shutdown(socket.SHUT_WR)
    await slow.never_reads()


async def unread_stream(slow: Slow) -> None:
    await slow.send(b"GET /api/generate/batch/stream HTTP/1.1\r\n" + _HOST + b"\r\n")
    await slow.never_reads()


async def pipelined(slow: Slow) -> None:
    await slow.send((b"GET /api/samples/filter?limit=50 HTTP/1.1\r\n" + _HOST + b"\r\n") * 50)
    await slow.never_reads()


async def kept_alive(slow: Slow) -> None:
    await slow.send(b"GET /api/health/live HTTP/1.1\r\n" + _HOST + b"\r\n")
    await slow.closed()


KINDS: dict[str, Callable[[Slow], Awaitable[None]]] = {
    kind.__name__: kind
    for kind in (
        idle,
        half_head,
        slow_body,
        stopped_export,
        trickled_answer,
        dropped_stream,
        half_closed_stream,
        unread_stream,
        pipelined,
        kept_alive,
    )
}


@dataclass
class Attack:
    """All slow clients of a run."""

    port: int
    connections: int
    addresses: int
    kinds: tuple[str, ...]
    opened: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    open_now: int = 0

    async def run(self, pipe: Connection) -> None:
        """Hold the connections until told to stop."""
        tasks = []
        for number in range(self.connections):
            tasks.append(asyncio.create_task(self._hold(number)))
            if number % 50 == 49:
                await asyncio.sleep(0.05)
        pipe.send("open")
        while not pipe.poll():
            await asyncio.sleep(0.5)
        held = self.open_now
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        pipe.send((held, dict(self.opened), dict(self.told)))

    async def _hold(self, number: int) -> None:
        kind = self.kinds[number % len(self.kinds)]
        address = f"127.0.{1 + number % self.addresses // 250}.{1 + number % self.addresses % 250}"
        while True:
            with suppress(OSError):
                await self._once(KINDS[kind], address)
            await asyncio.sleep(_AGAIN_S)

    async def _once(self, kind: Callable[[Slow], Awaitable[None]], address: str) -> None:
        with socket.socket() as sock:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.bind((address, 0))
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
            self.opened[kind.__name__] += 1
            self.open_now += 1
            try:
                await kind(Slow(sock, self.told))
                if kind is not dropped_stream:
                    await asyncio.sleep(_DEAF_S)
            finally:
                self.open_now -= 1


def _attack(attack: Attack, pipe: Connection) -> None:
    asyncio.run(attack.run(pipe))


# --- honest clients ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Question:
    """What an honest client asks again and again."""

    name: str
    head: str
    every_s: float
    body: bytes = b""


QUESTIONS = (
    Question("live", "GET /api/health/live", 0.2),
    Question("ready", "GET /api/health/ready", 0.5),
    Question("health", "GET /api/health", 0.5),
    Question("stats", "GET /api/stats", 0.5),
    Question("page", "GET /api/samples/filter?limit=50", 0.5),
    Question("plan", "POST /api/generate/batch/plan", 1.0, b'{"count": 10}'),
    Question("export", "GET /api/export?include=all", 5.0),
)
_HEALTH, _FILES = ("live", "ready", "health"), ("export",)


@dataclass
class Honest:
    """Asks the questions; keeps each one's times in seconds, and what went wrong."""

    port: int
    times: dict[str, list[float]] = field(default_factory=dict)
    slowest: list[tuple[float, float, str]] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)

    async def run(self, seconds: float) -> None:
        """Ask all of them for so long."""
        begins = time.monotonic()
        await asyncio.gather(*(self._ask_again(question, begins, begins + seconds) for question in QUESTIONS))

    async def _ask_again(self, question: Question, begins: float, ends: float) -> None:
        times = self.times.setdefault(question.name, [])
        while time.monotonic() < ends:
            began = time.monotonic()
            try:
                status = await asyncio.wait_for(self._ask(question), _TIMEOUT_S)
                if status != 200:
                    self.wrong[f"{question.name}: {status}"] += 1
            except (OSError, TimeoutError, ValueError, IndexError) as error:
                self.wrong[f"{question.name}: {type(error).__name__}"] += 1
            times.append(time.monotonic() - began)
            self.slowest = sorted([*self.slowest, (times[-1], began - begins, question.name)], reverse=True)[:8]
            await asyncio.sleep(max(0.0, began + question.every_s - time.monotonic()))

    async def _ask(self, question: Question) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            kind = "Content-Type: application/json\r\n" if question.body else ""
            head = f"{question.head} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{kind}"
            writer.write(f"{head}Content-Length: {len(question.body)}\r\n\r\n".encode() + question.body)
            answer = await reader.read()
            return int(answer.split(b" ", 2)[1])
        finally:
            writer.close()


def _ask(port: int, seconds: float, pipe: Connection) -> None:
    honest = Honest(port)
    asyncio.run(honest.run(seconds))
    slowest = "; ".join(f"{name} {took:.1f} s at {at:.0f} s" for took, at, name in honest.slowest)
    pipe.send((honest.times, dict(honest.wrong), slowest))


# --- the run -------------------------------------------------------------------------------


class Process:
    """A function in a process of its own that talks through a pipe; a context manager."""

    def __init__(self, function: Callable[..., None], *arguments: object) -> None:
        self.pipe, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=function, args=(*arguments, theirs), daemon=True)

    def __enter__(self) -> Connection:
        self._process.start()
        return self.pipe

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()


def show(name: str, times: list[float]) -> None:
    ordered = sorted(times)
    share = [ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000 for percent in (50, 99)]
    print(
        f"{name}: {len(ordered)} asked; p50 {share[0]:.0f} ms, p99 {share[1]:.0f} ms, most {ordered[-1] * 1000:.0f} ms"
    )


def watch(server: RunningServer, pipe: Connection) -> tuple[Any, list[float], int]:
    """Wait for the honest clients; return what they saw, the worker's memory in MiB each half second, its restarts."""
    memory, workers = [], {processes(server)[-1]}
    while not pipe.poll(0.5):
        with suppress(OSError, AssertionError):
            workers.add(processes(server)[-1])
            memory.append(resident_mib(server))
    return pipe.recv(), memory, len(workers) - 1


def measure(server: RunningServer, vendors: VendorProcess, seconds: float, given: argparse.Namespace) -> None:
    vendors.set("groq", latency_s=LATENCY_S)
    batch_id = server.post("generate/batch/start", count=50_000, provider="groq", difficulty="basic")["batch_id"]
    with Process(_ask, server.port, _SETTLE_S) as honest:
        honest.recv()
    before = resident_mib(server)
    attack = Attack(server.port, given.connections, given.addresses, tuple(given.kinds.split(",")))
    with Process(_attack, attack) as slow:
        assert slow.poll(120), "the slow connections did not open"
        slow.recv()
        with Process(_ask, server.port, seconds) as honest:
            (times, wrong, slowest), memory, restarts = watch(server, honest)
        slow.send("stop")
        held, opened, told = slow.recv() if slow.poll(60) else (0, {}, {})
    print(f"slow connections: {held} open at the end; opened {opened}; answers {told}")
    for name, asked in times.items():
        show(name, asked)
    show("all health", [taken for name in _HEALTH for taken in times[name]])
    show("all others", [taken for name, asked in times.items() if name not in (*_HEALTH, *_FILES) for taken in asked])
    print(f"slowest: {slowest}")
    print(f"went wrong: {wrong or 'nothing'}")
    print(f"worker restarts: {restarts}; resident {before:.0f} MiB before, ", end="")
    print(f"{statistics.median(memory):.0f} in the middle, {memory[-1]:.0f} at the end, ", end="")
    most = max(memory)
    print(f"{most:.0f} at most (+{most - before:.0f}, after {memory.index(most) / 2:.0f} s)")
    tell_calls(server, vendors, batch_id)


def tell_calls(server: RunningServer, vendors: VendorProcess, batch_id: str) -> None:
    """Stop the batch and compare the vendor's own count with what the batch knows of."""
    server.post("generate/batch/stop", batch_id=batch_id)
    batch = finish(server, batch_id)
    stats = vendors.stats("groq")
    named = {name: batch.get(name) for name in ("samples_generated", "failed_items", "in_doubt", "usage")}
    print(f"vendor: {stats['calls']} calls, {stats['answered']} answered; the batch: {json.dumps(named)}")


def main(given: argparse.Namespace) -> None:
    cores, load = os.cpu_count(), os.getloadavg()[0]
    print(f"{cores} cores, load average before {load:.2f}; {given.connections} slow connections, ", end="")
    print(f"{given.addresses} addresses, {given.seconds} s; settings {given.setting}", flush=True)
    settings = dict(text.split("=", 1) for text in given.setting)
    with VendorProcess("groq") as vendors, _service(vendors, settings) as server:
        measure(server, vendors, given.seconds, given)
        print(f"load average after {os.getloadavg()[0]:.2f}", flush=True)
        words = ("error", "warning", "timeout", "critical")
        lines = [line for line in server.log().splitlines() if any(word in line.casefold() for word in words)]
        print(f"log: {len(lines)} lines of warnings and errors", *lines[:5], sep="\n  ")


def _service(vendors: VendorProcess, settings: dict[str, str]) -> Any:
    import contextlib
    import tempfile

    @contextlib.contextmanager
    def started() -> Any:
        with tempfile.TemporaryDirectory(prefix="bench-slow-") as name:
            folder = Path(name)
            Corpus().write(folder, SAMPLES)
            values = {"max_workers": WORKERS, "backup_every_h": 0, "log_level": "WARNING", **settings}
            with RunningServer(folder, catalog_dir=catalog(folder), **vendors.settings(), **values) as server:
                while server.get("quality/duplicates")["indexed"] < SAMPLES:
                    time.sleep(0.5)
                yield server

    return started()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("seconds", nargs="?", type=int, default=300)
    parser.add_argument("--connections", type=int, default=2_000)
    parser.add_argument("--addresses", type=int, default=200, help="loopback addresses they come from")
    parser.add_argument("--kinds", default=",".join(KINDS), help="comma-separated")
    parser.add_argument("--setting", action="append", default=[], help="NAME=value of the service")
    main(parser.parse_args())
