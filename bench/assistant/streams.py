"""Many streams at once: are all whole, how late is a word, what do they cost?

`.venv/bin/python -m bench.assistant.streams [STREAMS] [WORDS]`.

A vendor in a process of its own says a word every 50 ms to each stream; each word is the moment at which it was said,
so that its delay is what passes until a client has read it. Then the CPU time of the service up to the first word, one
stream after the other.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from tests.e2e.server import RunningServer, free_port
from tests.services.streams.house import read, words
from tests.vendors.dripping import MODEL

_GAP_S = 0.05
_BODY = json.dumps(
    {"messages": [{"role": "user", "content": "?"}], "provider": "openai", "model": MODEL, "stream": True}
).encode()
_QUERY = json.dumps({"query": "hello there", "model_provider": "openai", "model_name": MODEL}).encode()
_TICKS = 100.0


async def stream(
    port: int, only_first: bool = False, path: bytes = b"chat/completions", body: bytes = _BODY
) -> tuple[bytes, list[float]]:
    """Read one stream; return it with the delay of each of its words, in seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = b"POST /api/v1/%s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n" % path
    writer.write(b"%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body))
    await reader.readuntil(b"\r\n\r\n")
    whole, delays = b"", []
    while size := int(await reader.readline() or b"0", 16):
        piece = (await reader.readexactly(size + 2))[:-2]
        now = time.monotonic()
        delays += [now - float(event["content"]) for _, event in read([piece]) if event["type"] == "token"]
        whole += piece
        if only_first and delays:
            break
    writer.close()
    return whole, delays


async def many(port: int, count: int) -> list[tuple[bytes, list[float]]]:
    """Read *count* streams at once."""
    return await asyncio.gather(*(stream(port) for _ in range(count)))


def worker_of(server: RunningServer) -> int:
    """Return the process that serves."""
    assert server.process is not None
    parent = server.process.pid
    return int(Path(f"/proc/{parent}/task/{parent}/children").read_text().split()[0])


def cpu_s(pid: int) -> float:
    """Return the CPU time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_mib(pid: int, name: str) -> float:
    """Return a figure of a process's memory: VmRSS or VmHWM, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1]) / 1024


def at_once(streams: Sequence[bytes]) -> int:
    """Return how many streams spoke at the same time at most."""
    spoken = [[float(event["content"]) for _, event in read([one]) if event["type"] == "token"] for one in streams]
    marks = sorted([(times[0], 1) for times in spoken] + [(times[-1], -1) for times in spoken])
    return max(accumulate(step for _, step in marks))


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def measure(count: int, said: int) -> None:
    port = free_port()
    vendor = subprocess.Popen([sys.executable, "-m", "tests.vendors.dripping", str(port), str(said), str(_GAP_S)])
    with tempfile.TemporaryDirectory() as folder:
        settings = {"openai_base_url": f"http://127.0.0.1:{port}/v1", "openai_api_key": "k", "embedder": "off"}
        limits = {"rate_limit": "off", "max_workers": 256}
        with RunningServer(Path(folder), **settings, **limits) as server:
            pid = worker_of(server)
            model = {"requests_per_minute": 1_000_000, "tokens_per_minute": 2_000_000_000}
            server.session.put(f"{server.url}/providers/openai", json=model, timeout=10)
            for _ in range(3):  # how many calls at a time a server of one's own takes is learned
                asyncio.run(many(server.port, count))
            before_s, began = cpu_s(pid), time.monotonic()
            told = asyncio.run(many(server.port, count))
            took_s, used_s = time.monotonic() - began, cpu_s(pid) - before_s
            whole = sum(words(read([one])) == read([one])[-1][1].get("response") for one, _ in told)
            delays = [delay for _, some in told for delay in some]
            print(
                f"{count} streams of {said} words, one each {1000 * _GAP_S:g} ms: {whole} whole, in {took_s:.1f} s, "
                f"{at_once([one for one, _ in told])} of them at once"
            )
            print(
                f"delay of a word: median {1000 * percentile(delays, 0.5):.0f} ms, "
                f"p99 {1000 * percentile(delays, 0.99):.0f} ms, worst {1000 * max(delays):.0f} ms"
            )
            print(
                f"CPU {used_s:.1f} s ({1e6 * used_s / max(1, len(delays)):.0f} us a word), "
                f"memory at most {memory_mib(pid, 'VmHWM'):.0f} MiB"
            )
    vendor.kill()


def measure_first() -> None:
    """Measure the CPU time up to the first word: the vendor says one word only, so that nothing goes on behind it."""
    port = free_port()
    vendor = subprocess.Popen([sys.executable, "-m", "tests.vendors.dripping", str(port), "1", "0"])
    settings = {"openai_base_url": f"http://127.0.0.1:{port}/v1", "openai_api_key": "k", "embedder": "off"}
    with tempfile.TemporaryDirectory() as folder, RunningServer(Path(folder), **settings, rate_limit="off") as server:
        pid = worker_of(server)
        for path, body in ((b"chat/completions", _BODY), (b"query/stream", _QUERY)):
            for _ in range(3):
                asyncio.run(stream(server.port, path=path, body=body))
            before_s = cpu_s(pid)
            for _ in range(100):
                asyncio.run(stream(server.port, path=path, body=body))
            print(f"CPU of a stream of one word by {path.decode()}: {10 * (cpu_s(pid) - before_s):.1f} ms")
    vendor.kill()


if __name__ == "__main__":
    measure(*(int(number) for number in [*sys.argv[1:], "200", "60"][:2]))
    measure_first()
