"""An OpenAI-compatible server that says one word at a time: when it is told to, or after each gap.

An empty word is the moment at which it is said, by the machine's monotonic clock.

One event loop serves hundreds of streams. As a process of its own: `python -m tests.vendors.dripping PORT WORDS GAP_S`.
"""

import argparse
import asyncio
import json
import threading
import time
from collections.abc import Sequence
from typing import Any

MODEL = "dripping-model"


class DrippingVendor:
    """Streams *words* to whoever asks; a context manager. With *gap_s* None each word waits for `release`."""

    def __init__(self, words: Sequence[str], gap_s: float | None = None, port: int = 0) -> None:
        self.words = list(words)
        self.asked = 0
        self.bodies: list[dict[str, Any]] = []
        self._gap_s = gap_s
        self._port = port
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event
        self._tasks: set[asyncio.Task[None]] = set()
        self._may_speak: asyncio.Semaphore = asyncio.Semaphore(0)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dripping vendor", daemon=True)

    @property
    def url(self) -> str:
        """The address for OPENAI_BASE_URL."""
        return f"http://127.0.0.1:{self._port}/v1"

    def __enter__(self) -> "DrippingVendor":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def release(self, words: int = 1) -> None:
        """Let *words* words be said."""
        for _ in range(words):
            self._loop.call_soon_threadsafe(self._may_speak.release)

    def serve_forever(self) -> None:
        """Serve in this thread."""
        self._run()

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        async with await asyncio.start_server(self._serve, "127.0.0.1", self._port, backlog=1024) as server:
            self._port = server.sockets[0].getsockname()[1]
            self._ready.set()
            await self._stopping.wait()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((int(line[15:]) for line in head.splitlines() if line.lower().startswith("content-length:")), 0)
        body = json.loads(await reader.readexactly(length) or b"{}")
        if head.startswith("GET"):
            models = json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]}).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
            writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(models), models))
            return True
        self.asked += 1
        self.bodies.append(body)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for word in self.words:
            if self._gap_s is None:
                await self._may_speak.acquire()
            else:
                await asyncio.sleep(self._gap_s)
            writer.write(_chunk({"choices": [{"index": 0, "delta": {"content": word or f"{time.monotonic():.6f} "}}]}))
            await writer.drain()
        used = {"prompt_tokens": 20, "completion_tokens": len(self.words), "total_tokens": 20 + len(self.words)}
        writer.write(_chunk({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": used}))
        writer.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
        return True


def _chunk(part: dict[str, Any]) -> bytes:
    event = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": MODEL, **part}
    data = b"data: %s\n\n" % json.dumps(event).encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("words", type=int)
    parser.add_argument("gap_s", type=float)
    given = parser.parse_args()
    DrippingVendor([""] * given.words, given.gap_s, given.port).serve_forever()
