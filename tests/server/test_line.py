"""Requests that wait together: one answer for all who sent the same, each with an id of its own, and no thread."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from server.connection import Connection, ConnectionLimits
from server.front import Front
from server.line import Copies, question_of
from server.worker import Serving
from tests.patience import until
from tests.server.test_server import BUSY_S, App, Running
from utils.wsgi import LINE

GET = b"GET /crowd HTTP/1.1\r\nHost: localhost\r\n\r\n"


class WaitingApp(App):
    """A WSGI app whose answers wait in line until they may go on; it counts its calls."""

    def __init__(self, body: bytes = b"ok", shares: bool = True, fails: bool = False) -> None:
        super().__init__()
        self.body, self.shares, self.fails = body, shares, fails
        self.dissolves = False
        self.go_on = threading.Event()
        self.calls: list[Any] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        line = environ[LINE]
        self.calls.append(line)
        assert self.go_on.wait(BUSY_S)
        line.close()
        if self.dissolves:
            line.dissolve()
            assert self.left.wait(BUSY_S)
        if self.shares and line.joined:
            line.share()
        if self.fails:
            raise ValueError("after all")
        start_response("200 OK", [("Content-Length", str(len(self.body))), ("X-Request-ID", "first")])
        yield self.body


@contextmanager
def running(app: WaitingApp) -> Iterator[Running]:
    made = Running(app, Serving(threads=32, read_timeout_s=600.0, idle_s=600.0, connections=512, per_address=512))
    try:
        yield made
    finally:
        app.go_on.set()
        made.close()


def wait_for(server: Running, app: WaitingApp, joined: int, sent: bytes = GET) -> list[socket.socket]:
    """Have one client ask and *joined* others join it."""
    clients = [server.connect()]
    clients[0].sendall(sent)
    until(lambda: app.calls)
    for _ in range(joined):
        clients.append(server.connect())
        clients[-1].sendall(sent)
    until(lambda: len(app.calls[0].joined) == joined)
    return clients


def read(client: socket.socket) -> tuple[bytes, bytes]:
    """Return head and body of an answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(65536)
        assert piece, "closed"
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        piece = client.recv(1 << 20)
        assert piece, f"closed after {len(body)} of {length}"
        body += piece
    return head, body


def test_all_who_ask_the_same_get_one_answer_each_with_an_id_of_its_own() -> None:
    app = WaitingApp()
    with running(app) as server:
        clients = wait_for(server, app, joined=20)
        app.go_on.set()
        answers = [read(client) for client in clients]
        again = []
        for client in clients[:2]:
            client.sendall(GET)
            again.append(read(client))

    ids = {head.partition(b"X-Request-ID: ")[2].split(b"\r\n")[0] for head, _ in answers}
    assert {body for _, body in answers} == {b"ok"}
    assert len(ids) == 21
    assert {head.replace(name, b"") for head, _ in answers for name in ids if name in head} == {
        answers[0][0].replace(b"first", b"")
    }
    assert len(app.calls) == 3  # the connections are kept, and who asks later gets a later answer
    assert [body for _, body in again] == [b"ok", b"ok"]


@pytest.mark.parametrize("how", ["not-shared", "failed"])
def test_who_joined_in_vain_asks_alone(how: str) -> None:
    app = WaitingApp(shares=how == "failed", fails=how == "failed")
    with running(app) as server:
        clients = wait_for(server, app, joined=5)
        app.go_on.set()
        first = clients[0].recv(100)
        until(lambda: len(app.calls) == 6)
        answered = [client.recv(100).split(b"\r\n")[0] for client in clients[1:]]

    wanted = b"HTTP/1.1 500 Internal Server Error" if how == "failed" else b"HTTP/1.1 200 OK"
    assert first.split(b"\r\n")[0] == wanted
    assert answered == [wanted] * 5


def test_who_joined_what_cannot_be_shared_does_not_wait_for_its_end() -> None:
    app = WaitingApp(shares=False)
    with running(app) as server:
        app.dissolves = True
        clients = wait_for(server, app, joined=5)
        app.go_on.set()
        until(lambda: len(app.calls) == 6)  # while the first is not answered yet
        app.left.set()

        assert [read(client)[1] for client in clients] == [b"ok"] * 6


@pytest.mark.parametrize(
    ("host", "sent"),
    [
        pytest.param("127.0.0.1", GET.replace(b"Host", b"Authorization: Bearer other\r\nHost"), id="token"),
        pytest.param("127.0.0.1", GET.replace(b"/crowd", b"/crowd?limit=2"), id="argument"),
        pytest.param("127.0.0.1", GET.replace(b"localhost", b"127.0.0.1"), id="host"),
        pytest.param("127.0.0.1", GET.replace(b"Host", b"X-Forwarded-For: 10.0.0.9\r\nHost"), id="forwarded"),
        pytest.param("127.0.0.1", GET.replace(b"GET", b"HEAD"), id="method"),
        pytest.param("127.0.0.2", GET, id="address"),
    ],
)
def test_who_asks_for_something_else_or_is_somebody_else_gets_an_answer_of_its_own(host: str, sent: bytes) -> None:
    app = WaitingApp()
    with running(app) as server:
        wait_for(server, app, joined=1)
        other = server.connect(host)
        other.sendall(sent)
        until(lambda: len(app.calls) == 2)
        app.go_on.set()

        assert other.recv(100).startswith(b"HTTP/1.1 200")
        assert len(app.calls[0].joined) == 1


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(GET.replace(b"GET", b"POST"), id="change"),
        pytest.param(GET.replace(b"Host", b"Content-Length: 0\r\nHost"), id="body"),
        pytest.param(GET.replace(b"Host", b"transfer-encoding: chunked\r\nHost"), id="chunked-body"),
        pytest.param(GET.replace(b"Host", b"Expect: 100-continue\r\nHost"), id="expects"),
        pytest.param(GET.replace(b"Host", b"X-Request-ID: mine\r\nHost"), id="own-id"),
        pytest.param(GET + b"GET /next", id="next-request-behind-it"),
        pytest.param(b"GET /" + b"x" * 100, id="no-end"),
    ],
)
def test_what_one_asks_alone_is_no_question_for_others(sent: bytes) -> None:
    with socket.socket() as sock:
        connection = Connection(sock, ("127.0.0.1", 1), ("127.0.0.1", 2))

        assert question_of(connection, sent) is None
        assert question_of(connection, GET) is not None


def test_slow_and_vanished_clients_of_a_shared_answer_hold_up_nobody() -> None:
    app = WaitingApp(body=b"x" * (4 << 20))
    with running(app) as server:
        slow = server.connect(receives=4096)
        wait_for_first = server.connect()
        wait_for_first.sendall(GET)
        until(lambda: app.calls)
        slow.sendall(GET)
        gone, quick = server.connect(), [server.connect() for _ in range(3)]
        for client in (gone, *quick):
            client.sendall(GET)
        until(lambda: len(app.calls[0].joined) == 5)
        gone.close()
        app.go_on.set()

        assert [len(read(client)[1]) for client in (*quick, wait_for_first, slow)] == [4 << 20] * 5
        assert len(app.calls) == 1
        slow.sendall(GET)
        assert len(read(slow)[1]) == 4 << 20


def test_others_are_answered_when_the_first_has_left() -> None:
    app = WaitingApp(body=b"x" * (1 << 20))
    with running(app) as server:
        clients = wait_for(server, app, joined=3)
        clients[0].close()
        app.go_on.set()

        assert [len(read(client)[1]) for client in clients[1:]] == [1 << 20] * 3


def test_connection_that_is_to_be_closed_is_closed_for_all() -> None:
    app = WaitingApp()
    with running(app) as server:
        clients = wait_for(server, app, joined=2, sent=GET.replace(b"Host", b"Connection: close\r\nHost"))
        app.go_on.set()

        assert [(read(client)[1], client.recv(1)) for client in clients] == [(b"ok", b"")] * 3


def test_rest_of_a_begun_answer_is_cut_off_and_not_turned_into_another() -> None:
    front = Front(ConnectionLimits(9, 9, 60, 60), lambda *_: None, lambda sentence: sentence.encode())
    for begun, wanted in ((False, b"no thread"), (True, b"")):
        client, ours = socket.socketpair()
        with client:
            connection = Connection(ours, ("127.0.0.2", 1), ("127.0.0.1", 2))
            front._welcome(connection)
            connection.room.remove(connection)  # type: ignore[union-attr]  # it waits for its first request
            front.serving += 1
            connection.is_partly_answered = begun
            front.turn_away(connection, "no thread")

            assert client.recv(100) == wanted
    front.close()


class TakesLittle:
    """A socket that takes a number of bytes and then no more."""

    def __init__(self, takes: int | None) -> None:
        self.takes, self.got = takes, b""

    def sendmsg(self, parts: tuple[bytes, ...]) -> int:
        if self.takes is None:
            raise BlockingIOError
        self.got = b"".join(parts)[: self.takes]
        return len(self.got)


@pytest.mark.parametrize("takes", [None, 0, 10, 80, 100, 10_000])
def test_copy_and_its_rest_are_the_whole_answer(takes: int | None) -> None:
    copies = Copies(b"HTTP/1.1 200 OK\r\nx-request-id: first\r\nContent-Length: 9\r\n\r\nbo\r\n\r\ndy", 2)
    sock: Any = TakesLittle(takes)

    rest = bytes(copies.send(sock, 1))
    head, _, body = (sock.got + rest).partition(b"\r\n\r\n")

    assert body == b"bo\r\n\r\ndy"
    assert head.startswith(b"HTTP/1.1 200 OK\r\nx-request-id: ")
    assert b"first" not in head
    assert head.endswith(b"\r\nContent-Length: 9")
