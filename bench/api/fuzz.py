"""Sends malformed requests to the real server: who takes one, fails, dies, swells or changes the data.

Usage: python bench/api/fuzz.py [requests] [seed] [number]    (default: 20000 0)

Request n of a seed is always the same; with *number* only that one is sent and its answer shown. The status
is 1 after a 5xx, a malformed change that was taken, an answer that does not come, a worker that had to be
replaced, more than 50 MiB of growth, or a changed data set. No fault are 503 with Retry-After where the route's
line in docs/api.md speaks of 503, and 501 for an unknown transfer coding, which RFC 9112 (6.1) asks for.
"""

import hashlib
import re
import socket
import struct
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import orjson
import pyarrow.parquet as pq

from bench.api.malformed import Case, Route, make
from bench.engine.common import processes, service
from bench.store.corpus import Corpus
from config import PROJECT_DIR
from services.streams.broker import HEARTBEAT_S
from tests.e2e.server import RunningServer
from tests.vendors.process import VendorProcess

# What would refuse requests for their number is off; nothing leaves this machine.
SETTINGS: dict[str, Any] = {
    "rate_limit": "1000000 per second",
    "threads": 512,  # a stream that was left is noticed at its next heartbeat
    "hf_endpoint": "http://127.0.0.1:9",
    "backup_every_h": 0,
}
SAMPLES, THREADS, WARM_UP = 48, 4, 500
# What these load at their first call stays: the tokenizer alone takes 134 MiB.
_LOADED_ONCE = ("stats/tokens", "quality/report", "quality/duplicates", "search?q=offer", "openapi.json", "data")
PATIENCE_S, SLOW_S, MAX_GROWTH_MIB = 20.0, 2.0, 50.0
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; status 0 when what came is none."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes
    is_whole: bool = True

    @property
    def is_envelope(self) -> bool:
        """Whether it is a failure as the API promises it."""
        try:
            told = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return False
        return isinstance(told, dict) and told.get("success") is False and {"error", "type", "request_id"} <= set(told)

    @property
    def kind(self) -> str:
        """The class of the failure, or who else wrote it."""
        if self.is_envelope:
            return str(orjson.loads(self.body)["type"])
        title = re.search(rb"<title>(.{,60})</title>", self.body)
        return f"page {title.group(1).decode('latin-1')!r}" if title else repr(self.body[:60])


@dataclass
class Tally:
    """What came of all requests."""

    sent: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    failures: dict[str, list[tuple[int, Case, Answer]]] = field(default_factory=lambda: defaultdict(list))
    bare: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    silent: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    slow: list[tuple[float, int, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, number: int, case: Case, answers: list[Answer], took_s: float) -> None:
        """Judge the answers to *case*."""
        with self.lock:
            self.sent += 1
            if took_s > SLOW_S:
                self.slow.append((took_s, number, case.kind))
            if not answers:
                self._no_answer(number, case, took_s)
            for answer in answers[1:]:
                if answer.status < 400:
                    self.failures["a piece of it was taken for a request"].append((number, case, answer))
            for answer in answers[:1]:
                self._one(number, case, answer)

    def _no_answer(self, number: int, case: Case, took_s: float) -> None:
        if case.end in ("close", "reset"):
            self.classes["left by us"] += 1
        elif took_s >= PATIENCE_S:
            self.classes["none in time"] += 1
            self.failures[f"no answer in {PATIENCE_S:g} s"].append((number, case, Answer(0, {}, b"")))
        else:
            self.classes["closed without"] += 1
            self.silent[case.kind].append(number)

    def _one(self, number: int, case: Case, answer: Answer) -> None:
        not_now = answer.status == 503 and b"retry-after" in answer.headers and case.route in documented_503()
        is_coding = answer.status == 501 and b"Unsupported transfer coding" in answer.body
        self.classes["not now" if not_now else "501" if is_coding else f"{answer.status // 100}xx"] += 1
        told = (number, case, answer)
        if not answer.status or (answer.status >= 500 and not not_now and not is_coding):
            self.failures[f"{answer.status} {answer.kind}"].append(told)
        if case.refused and answer.status < 400:
            self.failures[f"taken though malformed ({case.kind}, {case.route})"].append(told)
        if b"x-injected" in answer.headers:
            self.failures["a header was injected"].append(told)
        if not answer.is_whole:
            self.failures["the answer was cut off"].append(told)
        if answer.status >= 400 and not answer.is_envelope and not case.data.startswith(b"HEAD"):
            self.bare[f"{answer.status} {answer.kind}"].append(number)


def documented_503() -> set[str]:
    """Return the routes whose line in docs/api.md speaks of 503."""
    lines = (PROJECT_DIR / "docs" / "api.md").read_text().splitlines()
    return {name for line in lines if "503" in line for name in re.findall(r"^\| `([A-Z]+ /\S+)`", line)}


# --- the wire ------------------------------------------------------------------------------


def send(port: int, case: Case) -> list[Answer]:
    """Send *case*; return its answers, none when the connection was closed without."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
        try:
            connection.sendall(case.data)
            if case.end == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            if case.end in ("close", "reset"):
                return []
            if case.end == "half":
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before all was sent: the answer is there
        data, was_reset = _received(connection)
        answers = list(parse(data, case.data.startswith(b"HEAD")))
        # Who still sends when it is closed loses the end of the answer: that is TCP, not the server.
        return [replace(answer, is_whole=True) for answer in answers] if was_reset else answers


def _received(connection: socket.socket) -> tuple[bytes, bool]:
    """Read to the end, of an event stream its beginning; say whether the connection was reset."""
    data = bytearray()
    deadline = time.monotonic() + PATIENCE_S
    try:
        while time.monotonic() < deadline and (piece := connection.recv(1 << 16)):
            data += piece
            if b"\r\n\r\n" in data and b"text/event-stream" in data[:1000]:
                break
    except OSError as error:
        return bytes(data), isinstance(error, ConnectionResetError)
    return bytes(data), False


def parse(data: bytes, is_head: bool) -> Iterator[Answer]:
    """Read the answers that *data* holds."""
    while data:
        head, found, rest = data.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        status = re.match(rb"HTTP/\d\.\d (\d{3})", first)
        if not status or not found:
            yield Answer(0, {}, data)
            return
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        if status.group(1).startswith(b"1"):
            data = rest
            continue
        body, is_whole, data = _body(headers, rest, is_head)
        yield Answer(int(status.group(1)), headers, body, is_whole)


def _body(headers: dict[bytes, bytes], rest: bytes, is_head: bool) -> tuple[bytes, bool, bytes]:
    """Return the body at the beginning of *rest*, whether it is whole, and what follows."""
    if is_head or headers.get(b"content-type", b"").startswith(b"text/event-stream"):
        return b"", True, b""
    if b"chunked" not in headers.get(b"transfer-encoding", b""):
        length = int(headers.get(b"content-length", b"0"))
        return rest[:length], len(rest) >= length, rest[length:]
    pieces: list[bytes] = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size or b"0", 16)
        if not length:
            return b"".join(pieces), True, rest[2:]
        pieces.append(rest[:length])
        rest = rest[length + 2 :]
    return b"".join(pieces), False, b""


# --- the service ---------------------------------------------------------------------------


def fill(server: RunningServer) -> None:
    """Put samples in, so that there is something to find and to lose."""
    corpus = Corpus()
    rows = (corpus.sample(number) for number in range(SAMPLES))
    content = "\n".join(orjson.dumps({**row, "batch_id": None}).decode() for row in rows)
    assert server.post("import", content=content)["added"] == SAMPLES
    server.post("dataset/fold")


def state(server: RunningServer) -> dict[str, object]:
    """Return what must be the same at the end."""
    data = server.session.get(f"{server.url}/data", timeout=30).content
    return {
        "data": hashlib.sha256(data).hexdigest()[:16],
        "samples": len(orjson.loads(data)),
        "rows of train.parquet": pq.ParquetFile(server.folder / "train.parquet").metadata.num_rows,
        "batches": server.get("generate/batch/history")["count"],
        "backups": len(server.get("dataset/backups")["backups"]),
    }


def memory_mib(server: RunningServer, name: str = "VmRSS") -> float:
    """Return the resident memory of parent and worker, or with "VmHWM" the most that it was."""
    texts = [Path(f"/proc/{pid}/status").read_text() for pid in processes(server)]
    return sum(int(kb) for text in texts for kb in re.findall(rf"{name}:\s+(\d+) kB", text)) / 1024


def threads(server: RunningServer) -> int:
    """Return the number of the worker's threads: a stream that was left has made one more."""
    return len(list(Path(f"/proc/{processes(server)[-1]}/task").iterdir()))


def attack(server: RunningServer, routes: list[Route], seed: str, count: int) -> Tally:
    """Send requests 0 to *count* of *seed* from some threads, as long as the server is there."""
    tally = Tally()

    def work(first: int) -> None:
        for number in range(first, count, THREADS):
            case = make(routes, f"{seed}:{number}")
            begun = time.monotonic()
            try:
                answers = send(server.port, case)
            except ConnectionRefusedError:
                tally.failures["the server is gone"].append((number, case, Answer(0, {}, b"")))
                return
            tally.count(number, case, answers, time.monotonic() - begun)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    return tally


def tracebacks(log: str) -> Counter[str]:
    """Count the errors whose tracebacks stand in the server's log."""
    return Counter(re.findall(r"^Traceback .*\n(?:[ \t].*\n)*([\w.]+)", log, re.MULTILINE))


# --- the report ----------------------------------------------------------------------------


def show(number: int, case: Case, answer: Answer, log: str) -> None:
    """Print a request with its answer and the end of its traceback, shortened."""
    print(f"    request {number} ({case.kind}, {len(case.data)} bytes, then {case.end}): {case.data[:300]!r}")
    print(f"    answered: {answer.status} {answer.body[:300]!r}")
    request_id = re.escape(answer.headers.get(b"x-request-id", b"none").decode("latin-1"))
    trace = re.search(rf"request_id={request_id}\b.*\nTraceback.*\n((?:[ \t].*\n)*\S.*)$", log, re.MULTILINE)
    for line in trace.group(1).splitlines()[-5:] if trace else ():
        print(f"    | {line[:160]}")


def report(tally: Tally, log: str) -> bool:
    """Print what came of the requests; True without a fault."""
    print(f"{tally.sent} requests: " + ", ".join(f"{count} {name}" for name, count in sorted(tally.classes.items())))
    print("failures that are not in the envelope:" + _listed(tally.bare))
    print("closed without an answer:" + _listed(tally.silent))
    slow = sorted(tally.slow, reverse=True)[:5]
    print(f"slower than {SLOW_S:g} s: {len(tally.slow)} " + ", ".join(f"{s:.1f} s: {n} ({k})" for s, n, k in slow))
    for what, found in sorted(tally.failures.items()):
        found.sort(key=lambda item: item[0])
        kinds = Counter(f"{case.kind}, {case.route}" for _, case, _ in found)
        print(f"FAULT {what}: {len(found)} times; {len(kinds)} kinds and routes, first {kinds.most_common(3)}")
        show(*found[0], log)
    return not tally.failures


def _listed(found: dict[str, list[int]]) -> str:
    if not found:
        return " none"
    rows = sorted(found.items(), key=lambda item: -len(item[1]))
    return "".join(f"\n    {len(numbers)} x {what} (first: request {min(numbers)})" for what, numbers in rows)


def measure(server: RunningServer, routes: list[Route], count: int, seed: str) -> bool:
    """Send all requests and print what came of them; True without a fault."""
    for path in _LOADED_ONCE:
        server.session.get(f"{server.url}/{path}", timeout=60)
    attack(server, routes, f"warm up {seed}", WARM_UP)
    before, memory, pids = state(server), memory_mib(server), processes(server)
    begun = time.monotonic()
    tally = attack(server, routes, seed, count)
    took_s = time.monotonic() - begun
    is_fine = report(tally, server.log())
    for error, times in tracebacks(server.log()).most_common():
        print(f"traceback in the log, {times} times: {error}")
    if "the server is gone" in tally.failures:
        assert server.process
        print(f"it ended with status {server.process.wait(20)} (0: somebody asked it to): {server.log()[-2000:]}")
        return False
    if pids != processes(server):
        print(f"FAULT processes replaced: {pids} -> {processes(server)}")
        is_fine = False
    time.sleep(HEARTBEAT_S + 1)  # until the streams that were left have ended
    after, grown, most = state(server), memory_mib(server) - memory, memory_mib(server, "VmHWM")
    print(
        f"{took_s:.0f} s; resident {memory:.0f} MiB after {WARM_UP} requests, {memory + grown:.0f} at the end, ", end=""
    )
    print(
        f"{most:.0f} at most, {threads(server)} threads"
        + (f": FAULT more than {MAX_GROWTH_MIB:.0f} MiB of growth" * (grown > MAX_GROWTH_MIB))
    )
    print("the data set is unchanged" if before == after else f"FAULT changed: {before} -> {after}")
    return is_fine and before == after and grown <= MAX_GROWTH_MIB


def one(server: RunningServer, routes: list[Route], seed: str, number: int) -> bool:
    """Send one request and show it with its answers and the log."""
    case = make(routes, f"{seed}:{number}")
    print(f"{case.route}: {len(case.data)} bytes, then {case.end}\n{case.data[:2000]!r}")
    for answer in send(server.port, case):
        print(answer.status, answer.headers, answer.body[:2000])
    time.sleep(0.5)
    print(server.log())
    return True


def main(arguments: list[str]) -> int:
    """Start the service and send what was asked for."""
    numbers: list[Any] = [int(text) for text in arguments] + [20_000, 0, None][len(arguments) :]
    count, seed, number = numbers
    with VendorProcess("groq", "cerebras") as vendors, service(vendors, **SETTINGS) as server:
        fill(server)
        for kind in vendors.urls:  # a batch that should not have begun makes nothing
            vendors.set(kind, down="503")
        routes = [Route(*line.split(" ", 1)) for line in server.get("info")["endpoints"]]
        if number is not None:
            return 0 if one(server, routes, str(seed), number) else 1
        is_fine = measure(server, routes, count, str(seed))
        kept = Path(tempfile.gettempdir()) / f"fuzz-{seed}.log"
        kept.write_text(server.log())
        print(f"the server's log: {kept}")
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
