"""Runs on the real server: words while the vendor still writes, clients that drop, a worker that is killed."""

import json
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server import BUSY_S, RunningServer
from tests.services.streams.house import read, words
from tests.vendors.dripping import DrippingVendor

Event = dict[str, Any]
CHAT = {"messages": [{"role": "user", "content": "What is consideration?"}], "provider": "openai", "stream": True}
WORDS = [f"word{number} " for number in range(40)]


@pytest.fixture
def vendor() -> Iterator[DrippingVendor]:
    with DrippingVendor(WORDS) as dripping:
        yield dripping


@pytest.fixture
def server(tmp_path: Path, vendor: DrippingVendor) -> Iterator[RunningServer]:
    with RunningServer(tmp_path, openai_base_url=vendor.url, openai_api_key="k", embedder="off") as running:
        yield running


class Client:
    """A client of a stream on a bare socket, so that it drops where the test says."""

    def __init__(self, port: int, method: str, path: str, body: Any = None, last: int | None = None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=BUSY_S)
        payload = json.dumps(body).encode() if body is not None else b""
        resume = f"Last-Event-ID: {last}\r\n" if last is not None else ""
        head = f"{method} /api/v1/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{resume}"
        self._socket.sendall(f"{head}Content-Length: {len(payload)}\r\n\r\n".encode() + payload)
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers = {}
        while line := self._file.readline().strip():
            name, _, value = line.decode().partition(": ")
            self.headers[name.lower()] = value

    def events(self) -> Iterator[tuple[int, Event]]:
        """Yield events as they come, until the last line."""
        message = b""
        for line in self._lines():
            if line == b"data: [DONE]\n":
                return
            message += line
            if line == b"\n":
                yield from read([message])
                message = b""

    def drop(self) -> None:
        self._file.close()
        self._socket.close()

    def _lines(self) -> Iterator[bytes]:
        rest = b""
        while size := int(self._file.readline().strip() or b"0", 16):
            *lines, rest = (rest + self._file.read(size)).split(b"\n")
            self._file.readline()
            yield from (line + b"\n" for line in lines)


def test_first_word_is_at_the_client_before_the_vendor_wrote_its_last(
    server: RunningServer, vendor: DrippingVendor
) -> None:
    client = Client(server.port, "POST", "chat/completions", CHAT)
    vendor.release()

    first = next(event for _, event in client.events() if event["type"] == "token")

    assert first["content"] == WORDS[0]
    assert client.headers["cache-control"] == "no-cache"
    assert client.headers["x-accel-buffering"] == "no"
    run = server.get(f"runs/{client.headers['x-run-id']}")["run"]
    assert (run["state"], run["result"]) == ("running", None)
    vendor.release(len(WORDS))
    client.drop()


def test_client_that_drops_at_random_and_resumes_gets_every_event_once(
    server: RunningServer, vendor: DrippingVendor
) -> None:
    drawn = random.Random(11)
    vendor.release(len(WORDS) * 10)
    for _ in range(5):
        client = Client(server.port, "POST", "chat/completions", CHAT)
        run_id = client.headers["x-run-id"]
        got: list[tuple[int, Event]] = []
        while not got or got[-1][1]["type"] != "done":
            left = drawn.randint(1, 12)
            for event in client.events():
                got.append(event)
                left -= 1
                if not left:
                    break
            client.drop()
            client = Client(server.port, "GET", f"runs/{run_id}/events", last=got[-1][0] if got else 0)
        client.drop()
        stored = server.get(f"runs/{run_id}")["run"]
        assert [number for number, _ in got] == list(range(1, len(got) + 1))
        assert words(got) == got[-1][1]["response"] == stored["result"]["response"] == "".join(WORDS)
        assert stored["events"] == len(got)


def test_killed_server_ends_the_run_in_an_error_and_counts_what_was_paid(
    server: RunningServer, vendor: DrippingVendor
) -> None:
    client = Client(server.port, "POST", "chat/completions", CHAT)
    run_id = client.headers["x-run-id"]
    vendor.release(10)
    seen = []
    for event in client.events():
        seen.append(event)
        if words(seen) == "".join(WORDS[:10]):
            break
    server.kill()
    server.start()

    resumed = list(Client(server.port, "GET", f"runs/{run_id}/events", last=seen[-1][0]).events())
    usage = server.get("usage")["total"]

    assert [(number, event["type"], event["code"]) for number, event in resumed] == [
        (seen[-1][0] + 1, "error", "unavailable")
    ]
    assert server.get(f"runs/{run_id}")["run"]["state"] == "error"
    assert usage["completion_tokens"] == -(-len("".join(WORDS[:10])) // 4)
    assert (usage["calls"], usage["in_doubt"]) == (1, 0)
    assert usage["prompt_tokens"] > 0


def test_cancelled_run_ends_at_once_though_the_vendor_hangs(server: RunningServer, vendor: DrippingVendor) -> None:
    client = Client(server.port, "POST", "chat/completions", CHAT)
    vendor.release(3)
    events = client.events()
    got = [next(events) for _ in range(3)]

    server.post(f"runs/{client.headers['x-run-id']}/cancel")
    got += list(events)

    assert (got[-1][1]["type"], got[-1][1]["code"]) == ("error", "cancelled")
    assert server.get("usage")["total"]["completion_tokens"] > 0
