"""The real server beside clients that are slow, silent, or gone: others are served, the worker lives."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.e2e.server import BUSY_S, STOP_S, RunningServer
from tests.fakes import SAMPLE

# Patience that no test waits for: what makes room for others must be something else.
SETTINGS = {"threads": 8, "read_timeout_s": 3600}


class Clients:
    """Connections of clients, closed at the end."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open = ExitStack()

    def __enter__(self) -> "Clients":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def connect(self, sent: bytes, host: str = "127.0.0.1") -> socket.socket:
        client = self._open.enter_context(socket.socket())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(BUSY_S)
        client.bind((host, 0))
        client.connect(("127.0.0.1", self._port))
        client.sendall(sent)
        return client


def get(path: str, headers: str = "") -> bytes:
    return f"GET /api/{path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode()


def worker_of(server: RunningServer) -> str:
    assert server.process
    return subprocess.run(
        ["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True, check=True
    ).stdout.strip()


def answers(server: RunningServer) -> list[int]:
    """Ask health and a short question, each over a connection of its own, as long as a busy machine may take."""
    found = []
    for path in ("health/live", "health/ready", "stats"):
        with requests.get(f"{server.url}/{path}", timeout=BUSY_S) as answer:
            found.append(answer.status_code)
    return found


@pytest.fixture
def large(tmp_path: Path) -> Iterator[RunningServer]:
    """A server whose export is more than sockets take."""
    with RunningServer(tmp_path, **SETTINGS) as server:
        rows = ({**SAMPLE, "id": f"s{number}", "answer": f"answer {number} " * 20_000} for number in range(60))
        body = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        url = f"{server.url}/import?format=jsonl"
        with requests.post(url, data=body, timeout=BUSY_S) as imported:
            assert imported.status_code == 200, imported.text
        yield server


def test_clients_that_keep_their_side_open_do_not_hold_up_the_accepting_thread(tmp_path: Path) -> None:
    with RunningServer(tmp_path, **SETTINGS) as server, Clients(server.port) as clients:
        asked = [clients.connect(b"") for _ in range(100)]
        for client in asked:
            client.sendall(get("health/live", "Connection: close\r\n"))
        for client in asked[:4]:
            client.recv(1)

        assert answers(server) == [200] * 3


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET /api/stats HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", id="half-heads"),
        pytest.param(
            b"POST /api/add HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 9000\r\n\r\n{",
            id="slow-bodies",
        ),
    ],
)
def test_slow_senders_do_not_lock_out_others(tmp_path: Path, sent: bytes) -> None:
    with RunningServer(tmp_path, **SETTINGS) as server, Clients(server.port) as clients:
        for number in range(100):
            clients.connect(sent, f"127.0.0.{2 + number}")

        assert answers(server) == [200] * 3


def test_readers_that_stop_reading_lock_nobody_out_and_the_worker_lives(large: RunningServer) -> None:
    worker = worker_of(large)
    with Clients(large.port) as clients:
        for number in range(60):
            clients.connect(get(("export?include=all", "data", "samples/filter?limit=50")[number % 3]))

        assert answers(large) == [200] * 3
        with requests.get(f"{large.url}/export?include=all", timeout=BUSY_S) as export:
            assert len(export.content) > 60 * 20_000

    assert worker_of(large) == worker


@pytest.mark.parametrize("path", ["generate/batch/stream", "files/stream"])
def test_place_of_a_stream_is_free_as_soon_as_its_client_is_gone(tmp_path: Path, path: str) -> None:
    stream = get(path)
    with RunningServer(tmp_path, **SETTINGS) as server, Clients(server.port) as clients:
        first = clients.connect(stream)
        seen = first.recv(65536)
        for _ in range(3):
            client = clients.connect(stream)
            assert b" 200 " in client.recv(65536)
            client.shutdown(socket.SHUT_WR)

        first.setblocking(False)
        while b" 200 " not in clients.connect(stream).recv(4096):
            try:
                seen += first.recv(65536)
            except BlockingIOError:
                continue
            # Without being told the server finds out only when it sends the next comment.
            assert b"heartbeat" not in seen


def test_limits_of_connections_are_kept_and_the_service_stays_open(tmp_path: Path) -> None:
    limits = {"max_connections": 40, "max_connections_per_address": 10}
    with RunningServer(tmp_path, **SETTINGS, **limits) as server, Clients(server.port) as clients:
        many = [clients.connect(b"", "127.0.0.2") for _ in range(11)]
        assert many[0].recv(1) == b""
        first = clients.connect(b"", "127.0.0.3")
        for number in range(60):
            clients.connect(b"", f"127.0.1.{1 + number}")

        assert first.recv(1) == b""
        assert answers(server) == [200] * 3


def test_stop_does_not_wait_for_slow_clients(large: RunningServer) -> None:
    with Clients(large.port) as clients:
        for number in range(20):
            clients.connect(get(("export?include=all", "generate/batch/stream")[number % 2]))
        clients.connect(b"GET /api/stats HTTP/1.1\r\n")

        seconds = large.end()

    assert seconds < STOP_S
