"""A connection of the server's worker, and where it waits while no thread serves it."""

import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

# Small, so that a stream's client that reads too little is noticed before the kernel holds megabytes.
_STREAM_BUFFER_BYTES = 1 << 16


class Outcome(Enum):
    """What becomes of a connection after a request."""

    KEEP = 1
    CLOSE = 2
    ABORT = 3


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Limits of what clients may take.

    Attributes:
        connections: Most open at once.
        per_address: Most from one address.
        head_s: Seconds for the head of a request, from its first byte on.
        idle_s: Seconds that a kept connection stays without a request.
    """

    connections: int
    per_address: int
    head_s: float
    idle_s: float


class Connection:
    """One client's connection. Only the front's thread touches it, but for `watch`.

    Attributes:
        buffer: What was read and belongs to no request yet.
        room: Where it waits; None while a thread serves it.
        has_ended: Whether the client sends nothing any more; it may still be reading.
        has_left: Whether the client of a stream counts as gone.
        is_partly_answered: Whether a part of an answer was sent, whose rest waits for a thread.
    """

    def __init__(self, sock: socket.socket, address: tuple[str, int], server: tuple[str, int]) -> None:
        self.sock = sock
        self.address = address
        self.server = server
        self.buffer = bytearray()
        self.room: Room | None = None
        self.is_registered = False
        self.has_ended = False
        self.has_left = False
        self.is_partly_answered = False
        self.drained_bytes = 0
        self._on_left: Callable[[], None] | None = None

    def watch(self, on_left: Callable[[], None]) -> None:
        """Call *on_left* as soon as the client of the answer under way is gone; for streams. May be called twice."""
        with suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _STREAM_BUFFER_BYTES)
        self._on_left = on_left
        if self.has_left:
            on_left()

    def leave(self) -> None:
        """Note that the client has ended, or sends what the client of a stream would not."""
        self.has_left = True
        if self._on_left is not None:
            self._on_left()

    def forget_watch(self) -> None:
        """Stop watching; the answer is sent."""
        self._on_left = None
        self.has_left = self.has_ended


class UpgradedSocket:
    """A client's socket once the connection speaks another protocol: what reads and writes it may block.

    It is closed by the front, as every connection.
    """

    def __init__(self, sock: socket.socket, patience_s: float) -> None:
        """Use *sock*; a client that takes nothing for *patience_s* has left."""
        self._sock = sock
        self._patience_s = patience_s

    def begin(self) -> None:
        """Let it block from now on."""
        self._sock.settimeout(self._patience_s)

    def fileno(self) -> int:
        """Return its descriptor, to wait for what comes."""
        return self._sock.fileno()

    def recv(self, size: int) -> bytes:
        """Return what came, at most *size* bytes."""
        return self._sock.recv(size)

    def send(self, data: bytes) -> int:
        """Send all of *data*; OSError if the client does not take it."""
        self._sock.sendall(data)
        return len(data)

    def close(self) -> None:
        """Leave it to the front."""


class Room:
    """Connections that wait for the same thing for the same time: the first in is the first whose time is up."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self._deadlines: OrderedDict[Connection, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._deadlines)

    def add(self, connection: Connection) -> None:
        """Add *connection*."""
        connection.room = self
        self._deadlines[connection] = time.monotonic() + self.limit_s

    def remove(self, connection: Connection) -> None:
        """Remove *connection*."""
        connection.room = None
        self._deadlines.pop(connection, None)

    def oldest(self, host: str | None = None) -> Connection | None:
        """Return the connection that waits longest, of those from *host* if one is given."""
        return next((one for one in self._deadlines if host is None or one.address[0] == host), None)

    def overdue(self) -> list[Connection]:
        """Return those whose time is up."""
        now, found = time.monotonic(), []
        for connection, deadline in self._deadlines.items():
            if deadline > now:
                break
            found.append(connection)
        return found

    def hurry(self, limit_s: float) -> None:
        """Let no connection wait for more than *limit_s* from now on."""
        self.limit_s = min(self.limit_s, limit_s)
        latest = time.monotonic() + limit_s
        for connection, deadline in self._deadlines.items():
            self._deadlines[connection] = min(deadline, latest)
