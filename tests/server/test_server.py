"""The worker's connections, threads and patience, with small limits and an app of a few lines."""

import errno
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

from server.bodies import WholeBodies
from server.connection import Connection, ConnectionLimits
from server.front import Front
from server.pace import ClientLeftError, Crowd, Patience, PatientSocket, Stall, Stalls, queued_bytes
from server.worker import Serving, _Service, lanes, unavailable
from utils.wsgi import ON_CLIENT_LEFT

BUSY_S = 60
GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"


class App:
    """A WSGI app: `/large` is more than sockets take, `/stream` says one thing, `/body` reads all, others are short."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.left = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        path = environ["PATH_INFO"]
        self.entered.release()
        if path == "/body":
            payload = str(len(environ["wsgi.input"].read())).encode()
            start_response("200 OK", [("Content-Length", str(len(payload)))])
            yield payload
        elif path in ("/large", "/api/export"):
            start_response("200 OK", [("Content-Length", str(400 << 16))])
            for _ in range(400):
                yield b"x" * (1 << 16)
        elif path == "/stream":
            start_response("200 OK", [])
            environ[ON_CLIENT_LEFT](self.left.set)
            yield b"first"
            self.left.wait(BUSY_S)
        else:
            start_response("200 OK", [("Content-Length", "2")])
            yield b"ok"


class Running:
    """The service in a thread of its own, on a port of its own."""

    def __init__(self, app: App, serving: Serving) -> None:
        self.app = app
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        cfg = Config()
        self._worker = SimpleNamespace(cfg=cfg, alive=True, wsgi=WholeBodies(app))
        self.service = _Service(serving, self._worker)
        self._thread = threading.Thread(target=self._run, name="front")
        self._clients = ExitStack()
        self._thread.start()

    def _run(self) -> None:
        self.service.front.listen([self._listener])
        while self._worker.alive:
            self.service.turn(0.01)
        self.service.front.stop()
        while self.service.front.serving:
            self.service.turn(0.01)
        self.service.close()

    def connect(self, host: str = "127.0.0.1", receives: int = 0) -> socket.socket:
        client = self._clients.enter_context(socket.socket())
        if receives:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        client.settimeout(BUSY_S)
        client.bind((host, 0))
        client.connect(("127.0.0.1", self.port))
        return client

    def ask(self, path: bytes = b"/", host: str = "127.0.0.1") -> bytes:
        client = self.connect(host)
        client.sendall(GET % path)
        return client.recv(65536)

    def close(self) -> None:
        self.app.left.set()
        self._clients.close()
        self._worker.alive = False
        self._thread.join()


@contextmanager
def running(**changes: Any) -> Iterator[Running]:
    values = {"threads": 8, "read_timeout_s": 600.0, "idle_s": 600.0, "connections": 512, "per_address": 512, **changes}
    made = Running(App(), Serving(**values))
    try:
        yield made
    finally:
        made.close()


def is_closed(client: socket.socket) -> bool:
    """Read until the server closes."""
    try:
        while client.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


def test_request_and_its_followers_on_one_connection_are_answered() -> None:
    with running() as server:
        client = server.connect()
        client.sendall(GET % b"/" + GET % b"/")
        both = b""
        while both.count(b"ok") < 2:
            both += client.recv(65536)
        client.sendall(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" + GET % b"/")
        more = b""
        while not more.endswith(b"ok"):
            more += client.recv(65536)

    assert both.count(b"HTTP/1.1 200 OK") == 2
    assert b"\r\n\r\n5" in more


def test_request_whose_client_ended_its_side_is_answered() -> None:
    with running() as server:
        client = server.connect()
        client.sendall(GET % b"/")
        client.shutdown(socket.SHUT_WR)

        assert client.recv(65536).startswith(b"HTTP/1.1 200")


def test_clients_that_stay_after_their_answer_do_not_hold_up_the_next() -> None:
    with running() as server:
        for _ in range(100):
            client = server.connect()
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert is_closed(client)  # and its own side stays open

        assert server.ask().startswith(b"HTTP/1.1 200")
        assert server.service.front.count > 0


def test_health_with_a_body_that_follows_is_answered() -> None:
    with running() as server:
        client = server.connect()
        client.sendall(b"GET /api/health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n")
        answer = client.recv(65536)
        client.sendall(b"{}")

        assert answer.startswith(b"HTTP/1.1 200")


def test_half_sent_heads_take_no_thread() -> None:
    with running() as server:
        for _ in range(100):
            server.connect().sendall(b"GET / HTTP/1.1\r\nX-Slow: ")

        assert server.ask().startswith(b"HTTP/1.1 200")
        assert server.app.entered.acquire(blocking=False)
        assert not server.app.entered.acquire(blocking=False)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{", id="slow-bodies"),
        pytest.param(GET % b"/large", id="readers-that-stop"),
        pytest.param(GET % b"/" * 20_000, id="pipelined-and-unread"),
    ],
)
def test_clients_that_hold_up_their_thread_make_room_for_others(sent: bytes) -> None:
    with running() as server:
        for _ in range(24):
            client = server.connect(receives=4096)
            client.settimeout(1)
            try:
                client.sendall(sent)
            except OSError:  # it was cut, or takes no more
                continue

        assert [server.ask()[:12] for _ in range(5)] == [b"HTTP/1.1 200"] * 5


def test_slow_readers_of_files_leave_room_for_the_next_file() -> None:
    with running(threads=64) as server:
        for _ in range(24):
            server.connect(receives=4096).sendall(GET % b"/api/export")

        client = server.connect()
        client.sendall(GET % b"/api/export")
        received = 0
        while received < 400 << 16:
            piece = client.recv(1 << 20)
            assert piece, f"cut off after {received} bytes"
            received += len(piece)


def test_health_is_answered_when_every_thread_is_taken() -> None:
    with running() as server:
        for _ in range(8):
            server.connect().sendall(GET % b"/stream")
        for _ in range(8):
            assert server.app.entered.acquire(timeout=BUSY_S)
        waiting = server.connect()
        waiting.sendall(GET % b"/")

        assert server.ask(b"/api/health/live").startswith(b"HTTP/1.1 200")
        assert server.ask(b"/api/v1/health/ready?x=1").startswith(b"HTTP/1.1 200")
        server.app.left.set()
        assert waiting.recv(65536).startswith(b"HTTP/1.1 200")


def test_request_that_finds_no_thread_in_time_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.worker._WAIT_S", 0.0)
    with running() as server:
        for _ in range(8):
            server.connect().sendall(GET % b"/stream")
            assert server.app.entered.acquire(timeout=BUSY_S)

        head, _, body = server.ask().partition(b"\r\n\r\n")
        server.app.left.set()

    assert head.startswith(b"HTTP/1.1 503")
    assert b"\r\nRetry-After: 2\r\n" in head
    told = json.loads(body)
    assert (told["success"], told["type"], bool(told["request_id"])) == (False, "UnavailableError", True)


@pytest.mark.parametrize("how", ["close", "reset", "half-close", "other-requests"])
def test_stream_ends_as_soon_as_its_client_is_gone(how: str) -> None:
    with running() as server:
        client = server.connect()
        client.sendall(GET % b"/stream")
        while b"first" not in client.recv(65536):
            pass

        if how == "half-close":
            client.shutdown(socket.SHUT_WR)
        elif how == "other-requests":
            client.sendall(b"x" * (1 << 18))
        else:
            if how == "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()

        assert server.app.left.wait(BUSY_S)


def test_one_address_has_no_more_than_its_share() -> None:
    with running(per_address=3) as server:
        mine = [server.connect("127.0.0.2") for _ in range(4)]

        assert is_closed(mine[0])
        assert server.ask(host="127.0.0.3").startswith(b"HTTP/1.1 200")
        mine[3].sendall(GET % b"/")
        assert mine[3].recv(65536).startswith(b"HTTP/1.1 200")


def test_who_waits_longest_makes_room_when_all_places_are_taken() -> None:
    with running(connections=16) as server:
        idle = [server.connect(f"127.0.0.{2 + number}") for number in range(40)]

        assert [server.ask()[:12] for _ in range(3)] == [b"HTTP/1.1 200"] * 3
        assert all(is_closed(client) for client in idle[:24])
        assert server.service.front.count <= 16


def test_nobody_who_is_served_makes_room_and_the_next_is_refused() -> None:
    with running(connections=4) as server:
        for _ in range(4):
            server.connect().sendall(GET % b"/stream")
            assert server.app.entered.acquire(timeout=BUSY_S)

        answer = server.connect().recv(65536)
        server.app.left.set()

    assert answer.startswith(b"HTTP/1.1 503")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"].startswith("too many connections are open")


def test_head_without_an_end_is_refused() -> None:
    with running() as server:
        client = server.connect()
        client.sendall(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000)

        assert client.recv(65536).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nX"], ids=["silent", "half-a-head"])
def test_connection_without_a_request_is_closed_in_time(sent: bytes) -> None:
    with running(read_timeout_s=0.2) as server:
        client = server.connect()
        client.sendall(sent)

        assert is_closed(client)


def test_body_that_comes_too_slowly_is_answered_and_the_connection_closed() -> None:
    with running(read_timeout_s=0.2) as server:
        client = server.connect()
        client.sendall(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")

        assert is_closed(client)
        assert server.ask().startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOBUFS, errno.EPROTO, errno.EPERM])
def test_failure_to_accept_does_not_end_the_worker(number: int) -> None:
    listener, front = FailingListener(number), Front(ConnectionLimits(9, 9, 60, 60), lambda *_: None, unavailable)
    with listener, socket.create_connection(listener.getsockname()):
        front.listen([listener])
        while not listener.failed:
            front.turn(1)
        listener.number = 0
        while not front.count:
            front.turn(0.01)
        assert front.count == 1
        front.stop()
        front.close()


class FailingListener(socket.socket):
    """Fails to accept as long as it has a number of an error."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.bind(("127.0.0.1", 0))
        self.listen()
        self.number = number
        self.failed = 0

    def accept(self) -> tuple[socket.socket, Any]:
        if self.number:
            self.failed += 1
            raise OSError(self.number, "failed")
        return super().accept()


def test_no_open_file_left_closes_who_waits_longest() -> None:
    def accept() -> Any:
        raise OSError(errno.EMFILE, "too many open files")

    front = Front(ConnectionLimits(9, 9, 60, 60), lambda *_: None, unavailable)
    client, ours = socket.socketpair()
    with client, ours:
        front._welcome(Connection(ours, ("127.0.0.2", 1), ("127.0.0.1", 2)))
        front._accept(SimpleNamespace(accept=accept))  # type: ignore[arg-type]  # all that is asked of it

        assert client.recv(1) == b""
        assert front.count == 0
        front.close()


# --- patience ------------------------------------------------------------------------------


def stalls(borne_s: float = float("inf"), free: int = 9) -> Stalls:
    return Stalls(lambda crowd: borne_s, lambda: free)


def test_byte_now_and_then_does_not_keep_a_client_alive() -> None:
    patience = Patience(30)
    moments = 0
    while patience.left_s > 0:
        patience.spend(1)
        patience.earn(1, 500)
        moments += 1

    assert moments == 31


def test_fast_start_does_not_pay_for_a_long_silence() -> None:
    patience = Patience(30)

    patience.earn(10**9, 500)

    assert patience.left_s == 30


def test_client_that_takes_nothing_is_left_and_one_that_takes_is_served() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        with pytest.raises(ClientLeftError, match="too slow"):
            PatientSocket(ours, Patience(0.1), stalls()).sendall(b"x" * (1 << 23))
        with pytest.raises(ClientLeftError, match="too slow"):
            PatientSocket(ours, Patience(0.0), stalls()).recv(1)


def test_worst_client_is_cut_when_others_need_its_thread() -> None:
    ours, theirs = socket.socketpair()
    good, bad = Stall(ours, began=70.0, behind_at_first_s=0), Stall(theirs, began=60.0, behind_at_first_s=0)
    crowd = Stalls(lambda crowd: 5.0 if crowd.stalled > 1 else float("inf"), lambda: 1, now=lambda: 71.0)
    with ours, theirs, crowd.including(bad):
        alone = bad.is_cut
        with crowd.including(good):
            pass

    assert (alone, bad.is_cut, good.is_cut) == (False, True, False)


def test_client_that_takes_its_answer_slowly_is_not_taken_for_one_that_takes_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        ours, _ = listener.accept()
        with ours:
            ours.setblocking(False)
            with suppress(BlockingIOError):
                while True:
                    ours.send(b"x" * (1 << 16))
            stall = Stall(ours, began=0.0, behind_at_first_s=0.0, queued_bytes=queued_bytes(ours))
            asleep_s = stall.behind_s(now=20.0)
            while queued_bytes(ours) > stall.queued_bytes - 100_000:
                client.recv(1 << 16)

            assert asleep_s == 20.0
            assert stall.behind_s(now=20.0) <= 10.0


@pytest.mark.parametrize(
    ("crowd", "borne_s"),
    [
        pytest.param(Crowd(16, 0, 200), float("inf"), id="a-few"),
        pytest.param(Crowd(17, 0, 200), 1.0, id="a-crowd"),
        pytest.param(Crowd(1, 17 << 20, 200), 1.0, id="one-that-holds-much"),
        pytest.param(Crowd(33, 0, 190), 0.25, id="two-crowds"),
        pytest.param(Crowd(5, 0, 31), 0.25, id="few-threads-free"),
        pytest.param(Crowd(49, 0, 150), 0.0, id="three-crowds"),
        pytest.param(Crowd(1, 0, -1), 0.0, id="no-thread-free"),
    ],
)
def test_less_is_borne_of_slow_clients_the_more_they_are(crowd: Crowd, borne_s: float) -> None:
    rules = lanes(Serving(256, 30, 5, 4096, 2048))[2]

    assert rules.borne_s(crowd) == borne_s
