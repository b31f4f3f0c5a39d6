"""What goes between the service and a process beside it.

One socket pair joins the two, the child's standard input. Over it goes first how the child begins (`Beginning`),
then for each task one end of a socket pair of its own: the service sends the task there, and gets pairs of a `Kind`
and a value until `END` or `FAULT`. Whoever finds the other end closed knows that it is gone.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from multiprocessing.connection import Connection


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


def connection_of(end: socket.socket) -> "Connection":
    """Return *end* as a connection that sends and receives values; it owns the descriptor."""
    return Connection(end.detach())
