"""How slowly a client may send its request and take its answer, and how many may keep a request thread waiting.

Each client has a patience, in seconds: the time that a thread waits for it uses it up, each byte
that moves earns some back. A client at a fair pace never runs out of it; one that stalls, or moves a byte
now and then, does. When too many stall at once, or no thread is left for others, the worst is cut off early.
"""

import fcntl
import select
import socket
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import inf

# A client that sends, or takes, less on the whole runs out of patience.
LEAST_SENT_BYTES_A_S = 500
LEAST_TAKEN_BYTES_A_S = 10_000


class ClientLeftError(ConnectionResetError):
    """The client is gone, was too slow, or had to make room for others."""


class Patience:
    """How much longer one client may keep a thread waiting."""

    def __init__(self, full_s: float) -> None:
        self.full_s = full_s
        self.left_s = full_s

    def earn(self, size_bytes: int, bytes_a_s: float) -> None:
        """Earn what *size_bytes* are worth at that pace; never more than there was at first."""
        self.left_s = min(self.full_s, self.left_s + size_bytes / bytes_a_s)

    def spend(self, seconds: float) -> None:
        """Use up the *seconds* that a thread waited."""
        self.left_s -= seconds

    def cap(self, seconds: float) -> None:
        """Leave no more than *seconds* from now on."""
        self.full_s = min(self.full_s, seconds)
        self.left_s = min(self.left_s, seconds)


@dataclass(eq=False, slots=True)
class Stall:
    """A thread that waits for a client now.

    Attributes:
        began: Since when, by the clock of `time.monotonic`.
        behind_at_first_s: How far behind the client was then.
        queued_bytes: What its socket had not sent then.
        held_bytes: What else is kept in memory for it.
        is_cut: Whether it had to make room.
    """

    sock: socket.socket
    began: float
    behind_at_first_s: float
    queued_bytes: int = 0
    held_bytes: int = 0
    is_cut: bool = False

    def behind_s(self, now: float) -> float:
        """Return how far behind the client is; what it took since then counts, though no thread was woken for it."""
        taken_bytes = max(0, self.queued_bytes - queued_bytes(self.sock)) if self.queued_bytes else 0
        return self.behind_at_first_s + now - self.began - taken_bytes / LEAST_TAKEN_BYTES_A_S

    def cut(self) -> None:
        """Wake the thread, which finds its client gone."""
        self.is_cut = True
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)


def queued_bytes(sock: socket.socket) -> int:
    """Return how many bytes the kernel keeps for the client of *sock*; 0 where it does not say."""
    try:
        return int.from_bytes(fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0" * 4), sys.byteorder)
    except OSError:
        return 0


@dataclass(frozen=True, slots=True)
class Crowd:
    """The threads that wait for clients now, and those that are left.

    Attributes:
        stalled: How many wait.
        held_bytes: What is kept in memory for them.
        free: Threads left for others; below 0 as many as wait for one.
    """

    stalled: int
    held_bytes: int
    free: int


class Stalls:
    """All threads of one kind that wait for a client. Thread-safe."""

    def __init__(
        self, borne_s: Callable[[Crowd], float], free: Callable[[], int], now: Callable[[], float] = time.monotonic
    ) -> None:
        """Cut the worst client when it is further behind, in seconds, than *borne_s* allows in such a crowd."""
        self._borne_s = borne_s
        self._free = free
        self._now = now
        self._lock = threading.Lock()
        self._stalls: set[Stall] = set()

    @contextmanager
    def including(self, stall: Stall) -> Iterator[None]:
        """Count *stall* while the block runs; it or another one may be cut to make room."""
        with self._lock:
            self._stalls.add(stall)
        self.make_room()
        try:
            yield
        finally:
            with self._lock:
                self._stalls.discard(stall)

    def make_room(self) -> None:
        """Cut the worst one off, when too many stall or too few threads are free."""
        with self._lock:
            if not self._stalls:
                return
            crowd = Crowd(len(self._stalls), sum(stall.held_bytes for stall in self._stalls), self._free())
            borne_s = self._borne_s(crowd)
            if borne_s == inf:
                return
            now = self._now()
            worst = max(self._stalls, key=lambda stall: stall.behind_s(now))
            if worst.behind_s(now) >= borne_s:
                self._stalls.discard(worst)
                worst.cut()


class PatientSocket:
    """A client's socket as gunicorn's parser and response use one: waits no longer than the client has patience.

    The socket itself does not block. One thread at a time.
    """

    def __init__(self, sock: socket.socket, patience: Patience, stalls: Stalls) -> None:
        self._sock = sock
        self._stalls = stalls
        self.patience = patience
        self.sent_bytes = 0

    def recv(self, size: int) -> bytes:
        """Return what came, at most *size* bytes; b"" when the client has ended.

        Raises:
            ClientLeftError: nothing came in time.
        """
        while True:
            try:
                data = self._sock.recv(size)
            except BlockingIOError:
                self._wait(select.POLLIN)
                continue
            except OSError as error:
                raise ClientLeftError(str(error)) from error
            self.patience.earn(len(data), LEAST_SENT_BYTES_A_S)
            return data

    def sendall(self, data: bytes | memoryview) -> None:
        """Send *data*.

        Raises:
            ClientLeftError: the client did not take it in time.
        """
        view = memoryview(data)
        while view:
            try:
                sent = self._sock.send(view)
            except BlockingIOError:
                self._wait(select.POLLOUT, len(view))
                continue
            except OSError as error:
                raise ClientLeftError(str(error)) from error
            self.sent_bytes += sent
            self.patience.earn(sent, LEAST_TAKEN_BYTES_A_S)
            view = view[sent:]

    def send(self, data: bytes) -> int:
        """Send all of *data*."""
        self.sendall(data)
        return len(data)

    def _wait(self, event: int, held_bytes: int = 0) -> None:
        left_s = self.patience.left_s
        if left_s <= 0:
            raise ClientLeftError("the client is too slow")
        began = time.monotonic()
        queued = queued_bytes(self._sock) if event == select.POLLOUT else 0
        stall = Stall(self._sock, began, self.patience.full_s - left_s, queued, held_bytes)
        poller = select.poll()
        poller.register(self._sock, event)
        with self._stalls.including(stall):
            is_ready = poller.poll(left_s * 1000)
        self.patience.spend(time.monotonic() - began)
        if stall.is_cut:
            raise ClientLeftError("the client is too slow, and others wait")
        if not is_ready:
            self.patience.left_s = 0.0
            raise ClientLeftError("the client is too slow")
