"""Requests that wait together: who sends the same bytes as a request that waits gets its answer, and takes no thread.

A request may be joined from the moment that it gets a thread until the app begins to find out its answer; the app also
says whether that is for all (`utils.wsgi.Line`). It is sent in the thread of the first, as far as the sockets take it.
"""

import os
import re
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from server.connection import Connection
from server.pace import PatientSocket
from utils.wsgi import OWN_HEADER

_END = b"\r\n\r\n"
_NAME = OWN_HEADER.lower().encode()
_ID = re.compile(rb"(?i)\r\n%s: ([^\r\n]*)" % re.escape(_NAME))


@dataclass(frozen=True, slots=True)
class Question:
    """A request that may be shared: its head, and who asks.

    The head holds all that the app knows of the client, but for its address.
    """

    host: str
    head: bytes


def question_of(connection: Connection, head: bytes) -> Question | None:
    """Return what is asked; None for what is asked by one alone.

    That is what changes something, has a body, is followed by the next request, or names its own id.
    """
    if not head.startswith(b"GET ") or head.find(_END) != len(head) - len(_END):
        return None
    lower = head.lower()
    if any(b"\r\n" + name in lower for name in (_NAME, b"content-length", b"transfer-encoding", b"expect")):
        return None
    return Question(connection.address[0], head)


class Line:
    """One request and those who joined it."""

    def __init__(
        self, lines: "Lines", question: Question | None, let_go: Callable[[Question, Sequence[Connection]], None]
    ) -> None:
        """Prepare for *question*, None if nobody may join; *let_go* has those ask on their own who joined in vain."""
        self.question = question
        self._connections: list[Connection] = []
        self._joined: list[float] = []
        self._lines = lines
        self._let_go = let_go
        self._is_shared = False

    @property
    def joined(self) -> Sequence[float]:
        """When each came, by the clock of `time.perf_counter`."""
        return self._joined

    @property
    def is_shared(self) -> bool:
        """Whether the answer is for all."""
        return self._is_shared

    def close(self) -> None:
        """Let nobody join any more."""
        if self.question is not None:
            self._lines.close(self.question, self)

    def dissolve(self) -> None:
        """Let nobody join any more, and let those go who did."""
        if self.question is not None:
            self.close()
            self._let_go(self.question, self.taken())

    def share(self) -> None:
        """Give all the answer."""
        self._is_shared = True

    def add(self, connection: Connection) -> None:
        """Take *connection* in; for `Lines`."""
        self._connections.append(connection)
        self._joined.append(time.perf_counter())

    def taken(self) -> Sequence[Connection]:
        """Return those who joined and got nothing yet, once; for the thread that answers, after `close`."""
        connections, self._connections = self._connections, []
        return connections


class Lines:
    """The lines that are open. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[Question, Line] = {}

    def close(self, question: Question, line: Line) -> None:
        """Let nobody join *line* any more."""
        with self._lock:
            if self._open.get(question) is line:
                del self._open[question]

    def join(self, connection: Connection, own: Line) -> bool:
        """Have *connection* wait in the line that is open for its question; if there is none, *own* is opened."""
        if own.question is None:
            return False
        with self._lock:
            line = self._open.setdefault(own.question, own)
            if line is not own:
                line.add(connection)
            return line is not own


class HeldAnswer:
    """A client's socket that keeps what is sent as long as the answer is for others too."""

    def __init__(self, client: PatientSocket, line: Line) -> None:
        self._client = client
        self._line = line
        self._held: list[bytes] = []

    def recv(self, size: int) -> bytes:
        """Receive."""
        return self._client.recv(size)

    def sendall(self, data: bytes) -> None:
        """Send *data*, or keep it; nobody waits for the end of what was begun and is not shared."""
        if self._line.is_shared:
            self._held.append(data)
        else:
            self._line.dissolve()
            self._client.sendall(data)

    def send(self, data: bytes) -> int:
        """Send all of *data*."""
        self.sendall(data)
        return len(data)

    def taken(self) -> bytes:
        """Return what was kept."""
        data = b"".join(self._held)
        self._held.clear()
        return data


class Copies:
    """Makes the answers of those who joined of the first one's."""

    def __init__(self, answer: bytes, count: int) -> None:
        """Take a whole answer apart, for *count* copies."""
        head, _, self._body = answer.partition(_END)
        found = _ID.search(head)
        start, end = found.span(1) if found is not None else (len(head), len(head))
        self._before, self._after = head[:start], head[end:] + _END
        # All at once: each call to the system gives the interpreter away.
        self._ids = os.urandom(16 * count).hex() if found is not None else ""

    def send(self, sock: socket.socket, number: int) -> memoryview:
        """Send copy *number* as far as *sock* takes it now; return the rest.

        Raises:
            OSError: the client has left.
        """
        head = b"".join((self._before, self._ids[32 * number : 32 * number + 32].encode(), self._after))
        try:
            sent = sock.sendmsg((head, self._body))
        except BlockingIOError:
            sent = 0
        if sent >= len(head):
            return memoryview(self._body)[sent - len(head) :]
        return memoryview(head[sent:] + self._body)
