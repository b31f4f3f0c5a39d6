"""A thousand viewers of a running batch: who gets the final state, how late messages come, what it takes.

.venv/bin/python bench/engine/streams.py [viewers]
"""

import asyncio
import json
import multiprocessing
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.engine.common import resident_mib, service
from tests.vendors.process import VendorProcess


async def view(port: int, batch_id: str, seen: list[dict[int, float]]) -> bool:
    """Follow the stream until the batch has ended; note when each message came. False when it broke off."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    writer.write(b"GET /api/generate/batch/stream HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
    mine: dict[int, float] = {}
    seen.append(mine)
    event = 0
    while line := await reader.readline():
        if line.startswith(b"id: "):
            event = int(line[4:])
        elif line.startswith(b"data: "):
            mine.setdefault(event, time.monotonic())
            if b'"batch_update"' in line and b'"status":"running"' not in line:
                message = json.loads(line[6:])
                if message["batch_id"] == batch_id and message["batch"]["status"] == "completed":
                    writer.close()
                    return True
    return False


async def follow(port: int, batch_id: str, count: int) -> tuple[int, list[float]]:
    """Follow with *count* viewers; return how many saw the end, and each message's delay behind the first viewer."""
    seen: list[dict[int, float]] = []
    ended = await asyncio.gather(*(view(port, batch_id, seen) for _ in range(count)))
    first: dict[int, float] = {}
    for mine in seen:
        for event, at in mine.items():
            first[event] = min(first.get(event, at), at)
    live = [at - first[event] for mine in seen for event, at in sorted(mine.items())[1:]]
    return sum(ended), live


def run(port: int, batch_id: str, count: int, result: Connection) -> None:
    """Be the process of the viewers."""
    result.send(asyncio.run(follow(port, batch_id, count)))


def main(viewers: int) -> None:
    """Start a batch, the viewers, and print what they saw."""
    with VendorProcess("groq") as vendors, service(vendors, threads=viewers + 88, max_workers=8) as server:
        vendors.set("groq", latency_s=0.5)
        batch_id = server.post("generate/batch/start", count=500, provider="groq", difficulty="basic")["batch_id"]
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.Process(target=run, args=(server.port, batch_id, viewers, theirs))
        process.start()
        most = 0.0
        while not ours.poll(0.5):
            most = max(most, resident_mib(server))
        ended, delays = ours.recv()
        process.join()
    delays.sort()
    print(f"{ended} of {viewers} viewers saw the final state; {len(delays)} messages")
    print(f"delay behind the first viewer: p50 {delays[len(delays) // 2] * 1000:.0f} ms, ", end="")
    print(f"p99 {delays[len(delays) * 99 // 100] * 1000:.0f} ms; most memory {most:.0f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
