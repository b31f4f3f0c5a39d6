"""A simulated vendor: the wire of Groq, Cerebras, Ollama, Anthropic, Google or an OpenAI-compatible server.

The product's real SDK adapters talk to it. It plays faults by script, by share or by a
function of the request's number, keeps limits, and counts what it saw. It runs in a
thread of the test, or in a process of its own (`python -m tests.vendors`).
"""

import asyncio
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import fields
from email.utils import formatdate
from typing import Any

from tests.vendors.behaviour import Behaviour, Limits, fault_reply, pick_fault
from tests.vendors.wire import (
    HTML_502,
    PATHS,
    Answer,
    Reply,
    completion,
    error,
    heard,
    model_list,
    not_taken,
    of_path,
    vendor_error,
)
from tests.vendors.writer import write_json

__all__ = ["HTML_502", "Behaviour", "Reply", "SimulatedVendor", "error"]
Fault = Callable[[int, dict[str, Any]], Reply | None]
_KEPT = 20_000
# Of the call that is being answered: who sent it, since when its connection was silent, and when it was here.
_WIRE: ContextVar[tuple[str, float, float]] = ContextVar("wire", default=("", 0.0, 0.0))
# So many turns of the loop until a connection that is being accepted is there, and closed.
_TURNS = 5


class SimulatedVendor:
    """One vendor on a port of its own; a context manager, or `serve` inside a running loop."""

    def __init__(self, kind: str, models: Sequence[str] = (), fault: Fault | None = None) -> None:
        self.kind = kind
        self.models = list(models)
        self.fault: Fault = fault or (lambda number, body: None)
        self.listing: Reply | None = None
        self.content: Callable[[str, int], str] = write_json
        self.behaviour = Behaviour()
        self.limits = Limits()
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.arrivals: list[float] = []
        self.latencies: list[float] = []
        self.refusals: list[float] = []
        self.log: list[tuple[float, int, str, float]] = []  # when a call was here, tokens, who, silent since
        self.outcomes: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()  # models
        self.answered = 0
        self.received = 0
        self.connections = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.host = "127.0.0.1"
        self.port = 0
        self._draw = random.Random(0)
        self._places: asyncio.Semaphore | None = None
        self._connections: set[asyncio.Transport] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()

    @property
    def url(self) -> str:
        """The base URL as the product's settings want it."""
        address = f"http://{self.host}:{self.port}"
        return f"{address}/v1" if self.kind == "openai" else address

    @property
    def calls(self) -> int:
        """Completions asked for so far."""
        return self.received

    def set(self, **changes: Any) -> None:
        """Change the behaviour."""
        known = {field.name for field in fields(Behaviour)}
        if set(changes) - known:
            raise ValueError(f"{set(changes) - known}: no such behaviour")
        for name, value in changes.items():
            setattr(self.behaviour, name, value)
        if "slots" in changes:
            self._places = asyncio.Semaphore(changes["slots"]) if changes["slots"] else None
        if "seed" in changes:
            self._draw = random.Random(changes["seed"])

    def stats(self) -> dict[str, Any]:
        """Return what was seen so far."""
        return {
            "calls": self.received,
            "answered": self.answered,
            "in_flight": self.in_flight,
            "most_in_flight": self.most_in_flight,
            "outcomes": dict(self.outcomes),
            "most_calls_a_minute": int(self.limits.most["requests"]),
            "most_tokens_a_minute": int(self.limits.most["tokens"]),
            "arrivals": self.arrivals[-_KEPT:],
            "latencies": self.latencies[-_KEPT:],
            "refusals": self.refusals[-_KEPT:],
            "models": dict(self.asked),
        }

    # --- as a context manager: a loop in a thread ------------------------------------------

    def __enter__(self) -> "SimulatedVendor":
        self._thread = threading.Thread(target=self._run, name=f"vendor {self.kind}", daemon=True)
        self._thread.start()
        assert self._ready.wait(60), "the simulated vendor did not start"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop
        assert self._thread
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        loop = self._loop = asyncio.new_event_loop()
        server = loop.run_until_complete(self.serve(0))
        self._ready.set()
        loop.run_forever()
        loop.run_until_complete(self._end(server))
        loop.close()

    async def _end(self, server: asyncio.Server) -> None:
        """Close every connection, then the server: asyncio leaves one open that is accepted while it is closed."""
        for listener in server.sockets:
            asyncio.get_running_loop().remove_reader(listener.fileno())
        for _ in range(_TURNS):
            for transport in list(self._connections):
                transport.abort()
            await asyncio.sleep(0)
        server.close()
        await _end_tasks()
        await asyncio.sleep(0)

    async def serve(self, port: int) -> asyncio.Server:
        """Listen on *port* (0 for any) of the running loop."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(self), self.host, port, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        return server

    # --- answering -------------------------------------------------------------------------

    async def answer(self, path: str, headers: dict[str, str], raw: bytes | None) -> Reply:
        """Answer one request; *raw* is None for a GET."""
        path = path.partition("?")[0]
        self.paths.append(path)
        if raw is None:
            self.headers.append(headers)
            if self.listing is not None:
                return self.listing
            if path == PATHS[self.kind][1]:
                return model_list(self.kind, self.models)
            return error(404, f"Unknown request URL: GET {path}")
        body = json.loads(raw)
        self.received += 1
        number = self.received
        self.arrivals.append(time.monotonic())
        if number <= _KEPT:
            self.requests.append(body)
            self.headers.append(headers)
        asked = of_path(self.kind, path, body)
        if asked is None:
            return error(404, f"Unknown request URL: POST {path}")
        body, wrong = heard(self.kind, asked), not_taken(self.kind, asked)
        self.asked[body["model"]] += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            scripted = self.fault(number, body)
            if scripted is None and wrong:
                return vendor_error(self.kind, 400, wrong)
            return scripted if scripted is not None else await self._completion(body, number)
        finally:
            self.in_flight -= 1

    async def _completion(self, body: dict[str, Any], number: int) -> Reply:
        fault = pick_fault(self.behaviour, self._draw)
        reply = fault_reply(fault, self.kind, body["model"]) if fault else None
        prompt = "\n".join(part["content"] for part in body["messages"])
        await self._network()
        now = time.monotonic()
        call, refused = self.limits.admit(self.kind, self.behaviour, len(prompt) // 4 + _asked(body), now)
        if refused is not None:
            self.outcomes["over_limit"] += 1
            self.refusals.append(now)
            await self._network()
            return refused
        assert call
        made = None if reply is not None else self._answer(body, prompt, number, fault)
        who, silent_since, at = _WIRE.get()
        self.log.append((at, made.prompt_tokens + made.completion_tokens if made else 0, who, silent_since))
        await self._work(now)
        if made is None or reply is not None:
            self.limits.settle(call, 0, time.monotonic())
            self.outcomes[fault] += 1
            return reply or Reply(500)
        self.limits.settle(call, made.prompt_tokens + made.completion_tokens, time.monotonic())
        self.outcomes[fault or "ok"] += 1
        stated = self.limits.headers(self.kind, self.behaviour, time.monotonic())
        await self._network()
        return completion(self.kind, made, stated, bool(body.get("stream")))

    async def _network(self) -> None:
        """Take what the network takes."""
        if self.behaviour.jitter_s:
            await asyncio.sleep(self.behaviour.jitter_s * self._draw.random())

    async def _work(self, arrived: float) -> None:
        """Take as long as the vendor takes, the writing of the answer included."""
        behaviour = self.behaviour
        spread = behaviour.latency_spread * (2 * self._draw.random() - 1)
        latency_s = behaviour.latency_s * (1 + spread)
        if behaviour.latency_sigma:
            latency_s = behaviour.latency_s * self._draw.lognormvariate(0.0, behaviour.latency_sigma)
        self.latencies.append(latency_s)
        if self._places is not None:
            async with self._places:
                await asyncio.sleep(latency_s)
        elif latency_s:
            await asyncio.sleep(max(0.0, arrived + latency_s - time.monotonic()))

    def _answer(self, body: dict[str, Any], prompt: str, number: int, fault: str) -> Answer:
        text = self.content(prompt, number)
        tokens = int(len(text) / 4 * (1 + self.behaviour.length_spread * (2 * self._draw.random() - 1)))
        finish = "stop"
        if fault == "truncated_json":
            text = text[: len(text) // 2]
        elif fault == "prose":
            text = f"Of course. Here is the sample you asked for:\n\n```json\n{text}\n```\nI hope it helps!"
        elif fault in ("empty", "length"):
            text, finish = ("", "length") if fault == "length" else ("", "stop")
        if tokens > _asked(body):
            tokens, finish, text = _asked(body), "length", text[: _asked(body) * 4]
        if not fault:
            self.answered += 1
        thinking = "First the rule, then the facts." if self.behaviour.thinking else ""
        # Ollama cuts a prompt to its context without a word.
        read = min(len(prompt) // 4, (body.get("options") or {}).get("num_ctx", sys.maxsize))
        return Answer(body["model"], text, thinking, read, tokens, finish)

    def completion(self, body: dict[str, Any], number: int, text: str | None = None, **message: str) -> Reply:
        """Build a good answer with *text*, for a fault that answers after all."""
        self.answered += 1
        prompt = "\n".join(part["content"] for part in body["messages"])
        thinking = message.get("thinking") or message.get("reasoning") or ""
        made = Answer(body["model"], self.content(prompt, number) if text is None else text, thinking)
        return completion(self.kind, made, {"x-ratelimit-remaining-tokens": "4000"})


class _Connection(asyncio.Protocol):
    """One keep-alive connection: reads requests one after the other, writes replies."""

    def __init__(self, vendor: SimulatedVendor) -> None:
        self._vendor = vendor
        self._buffer = b""
        self._busy = False
        self._silent_since = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._who = str((transport.get_extra_info("peername") or ("",))[0])
        self._vendor.connections += 1
        self._vendor._connections.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._vendor._connections.discard(self._transport)
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._next()

    def _next(self) -> None:
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if self._busy or not separator:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        path = path.removeprefix(f"http://{path.split('/')[2]}") if path.startswith("http://") else path  # as a proxy
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        self._busy = True
        _WIRE.set((self._who, self._silent_since, time.monotonic()))
        raw = None if method == "GET" else rest[:length]
        self._task = asyncio.get_running_loop().create_task(self._reply(path, headers, raw))

    async def _reply(self, path: str, headers: dict[str, str], raw: bytes | None) -> None:
        work = control(self._vendor, path, raw) if path.startswith("/_") else self._vendor.answer(path, headers, raw)
        reply = await work
        if reply.hang:
            return
        if reply.reset:
            self._transport.abort()
            return
        await self._send(reply)
        self._silent_since = time.monotonic()
        self._busy = False
        self._next()

    async def _send(self, reply: Reply) -> None:
        payload = b"".join(reply.chunks) if reply.chunks else reply.payload
        kind = reply.headers.get("content-type", "text/event-stream" if reply.chunks else "application/json")
        head = f"HTTP/1.1 {reply.status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(payload)}\r\n"
        dated = formatdate(time.time() + self._vendor.behaviour.skew_s, usegmt=True)
        head += f"date: {dated}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items() if name != "content-type")
        head_bytes = head.encode() + b"\r\n"
        if reply.cut:
            self._transport.write(head_bytes + payload[: len(payload) // 2])
            self._transport.close()
        elif reply.drip:
            self._transport.write(head_bytes)
            for position in range(len(payload)):
                self._transport.write(payload[position : position + 1])
                await asyncio.sleep(0.02)
        else:
            self._transport.write(head_bytes + payload)


async def control(vendor: SimulatedVendor, path: str, raw: bytes | None) -> Reply:
    """Serve `POST /_set` (fields of `Behaviour`), `GET /_stats` and `GET /_log`."""
    if path == "/_set" and raw is not None:
        try:
            vendor.set(**json.loads(raw))
        except (ValueError, TypeError) as fault:
            return Reply(400, {"error": str(fault)})
        return Reply(body=vendor.behaviour.to_dict())
    if path == "/_log":
        return Reply(body={"log": vendor.log})
    return Reply(body=vendor.stats()) if path == "/_stats" else vendor_error("ollama", 404, path)


async def _end_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _asked(body: dict[str, Any]) -> int:
    """How many tokens of answer the request allows; what vendors reserve when it says nothing."""
    options = body.get("options") or {}
    asked = body.get("max_completion_tokens") or body.get("max_tokens") or options.get("num_predict")
    return int(asked or 16_384)
