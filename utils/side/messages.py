"""What goes between the service and a process beside it.

One socket pair joins the two, the child's standard input. Over it goes first how the child begins (`Beginning`),
then for each task one end of a socket pair of its own: the service sends the task there, and gets pairs of a `Kind`
and a value until `END` or `FAULT`. Whoever finds the other end closed knows that it is gone.
"""

from __future__ import annotations

import pickle  # nosec B403
import socket
import struct
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Any

_LENGTH = struct.Struct("!Q")
# What may wait in a socket: with the default each piece of an export wakes either end many times.
_WAITING_BYTES = 1 << 20


class Kind(Enum):
    """What a message holds: that work begins, one of many results, that bytes follow, the end, an error."""

    BEGUN = 0
    PART = 1
    END = 2
    FAULT = 3
    BYTES = 4


@dataclass(frozen=True)
class Beginning:
    """How a child begins.

    Attributes:
        make: Makes the tools, when the first task needs them; pickled by its name.
        nice: How far behind others its process stands (0 to 19).
        idle_s: Without a task for so long it ends.
    """

    make: Callable[[], object]
    nice: int
    idle_s: float


class Connection(AbstractContextManager["Connection"]):
    """Sends and receives values and bytes over a socket, which it owns. One thread at a time."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _WAITING_BYTES)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def send(self, value: object) -> None:
        """Send *value*; OSError if the other end is gone."""
        self.send_bytes(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))

    def recv(self) -> Any:  # whatever our own code sends from the other end
        """Wait for a value; EOFError or OSError if the other end is gone."""
        return pickle.loads(self.recv_bytes())  # noqa: S301  # our own code is at the other end  # nosec B301

    def send_bytes(self, content: bytes) -> None:
        """Send bytes; OSError if the other end is gone."""
        self._socket.sendall(_LENGTH.pack(len(content)))
        self._socket.sendall(content)

    def recv_bytes(self) -> bytes:
        """Wait for bytes; EOFError or OSError if the other end is gone."""
        return self._taken(_LENGTH.unpack(self._taken(_LENGTH.size))[0])

    def _taken(self, size: int) -> bytes:
        """Return the next *size* bytes, copied once: the system fills all of them in one call, as a rule."""
        content = b""
        while len(content) < size:
            more = self._socket.recv(size - len(content), socket.MSG_WAITALL)
            if not more:
                raise EOFError
            content = content + more if content else more
        return content
