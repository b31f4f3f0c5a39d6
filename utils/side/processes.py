"""Runs tasks in processes beside the service, at low priority (docs/adr/0024-processes-beside.md).

A process is started when a task finds none free, ends when it was idle for a while, and ends with the service. When one
dies, its tasks end with an error; the next task starts another. Thread-safe.
"""

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar, cast

from utils.errors import SideError
from utils.side.messages import Beginning, Connection, Kind
from utils.side.tasks import Stream, Task

log = logging.getLogger(__name__)
ToolsT = TypeVar("ToolsT")
T = TypeVar("T")
_ROOT = Path(__file__).resolve().parents[2]
# Whatever is waited for behind them is done by others; they get what is left of the machine.
_NICE = 10
_IDLE_S = 20.0
_END_S = 3.0


@dataclass
class _Child:
    """A process, and how many tasks it has."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    tasks: int = 0

    def reach(self) -> Connection | None:
        """Return a connection for a new task; None if the process has ended."""
        mine, its = socket.socketpair()
        try:
            with its:
                socket.send_fds(self.control, [b"t"], [its.fileno()])
        except OSError:
            mine.close()
            return None
        return Connection(mine)


class SideProcesses(Generic[ToolsT]):
    """At most *most* processes with tools of their own; a task goes to the one with the least to do."""

    def __init__(self, make: Callable[[], ToolsT], most: int = 2, nice: int = _NICE, idle_s: float = _IDLE_S) -> None:
        """Prepare; nothing is started yet. *make* is pickled, and called in each process at its first task."""
        self._beginning = Beginning(make, nice, idle_s)
        self._most = most
        self._lock = threading.Lock()
        self._children: list[_Child] = []
        self._is_closed = False

    @property
    def pids(self) -> list[int]:
        """The processes that run now."""
        with self._lock:
            return [child.process.pid for child in self._children if child.process.poll() is None]

    def run(self, task: Task[ToolsT, T]) -> T:
        """Run *task* and return its result; errors as `Side`."""
        with self._begun(task) as (child, connection):
            kind, value = self._next(child, connection)
            return cast("T", self._value(kind, value))

    def stream(self, task: Stream[ToolsT, T]) -> Iterator[T]:
        """Yield the results of *task*; errors as `Side`."""
        with self._begun(task) as (child, connection):
            while True:
                kind, value = self._next(child, connection)
                if kind is Kind.END:
                    return
                yield cast("T", self._value(kind, value))

    def close(self) -> None:
        """End all processes, whatever they do; later tasks are refused."""
        with self._lock:
            self._is_closed = True
            children, self._children = self._children, []
        for child in children:
            child.control.close()
        for child in children:
            try:
                child.process.wait(_END_S)
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()

    @contextmanager
    def _begun(self, task: object) -> Iterator[tuple[_Child, Connection]]:
        """Lend the connection to a process that has *task*."""
        child, connection = self._taken()
        try:
            with closing(connection):
                try:
                    connection.send(task)
                except OSError:
                    raise self._ended(child) from None
                yield child, connection
        finally:
            with self._lock:
                child.tasks -= 1

    def _taken(self) -> tuple[_Child, Connection]:
        """Return a process that takes a task; one that ended idly meanwhile is replaced."""
        while True:
            child = self._chosen()
            connection = child.reach()
            try:
                if connection is not None and connection.recv()[0] is Kind.BEGUN:
                    return child, connection
            except (EOFError, OSError):
                pass
            if connection is not None:
                connection.close()
            with self._lock:
                child.tasks -= 1
            self._drop(child)
            if child.process.wait(_END_S):  # an idle one ends with 0
                raise self._ended(child)

    def _chosen(self) -> _Child:
        """Return the process with the least to do, a new one if all are busy; it counts the task."""
        with self._lock:
            if self._is_closed:
                raise SideError("the service is stopping")
            child = min(self._children, key=lambda one: one.tasks, default=None)
            if child is None or (child.tasks and len(self._children) < self._most):
                child = self._start()
            child.tasks += 1
            return child

    def _start(self) -> _Child:
        mine, its = socket.socketpair()
        with its:
            process = subprocess.Popen(  # our own interpreter and module
                [sys.executable, "-P", "-m", "utils.side.child"],
                stdin=its.fileno(),
                stdout=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), *_paths()])},
                # A Ctrl-C at the terminal is for the service, which ends its processes in its own time.
                start_new_session=True,
            )
        # It waits, so that one that ends by itself leaves nothing behind.
        threading.Thread(target=process.wait, name="side process", daemon=True).start()
        with Connection(mine.dup()) as connection:
            connection.send(self._beginning)
        child = _Child(process, mine)
        self._children.append(child)
        log.info("side process started", extra={"pid": process.pid})
        return child

    def _next(self, child: _Child, connection: Connection) -> tuple[Kind, object]:
        try:
            kind, value = connection.recv()
            if kind is Kind.BYTES:
                value = connection.recv_bytes()
        except (EOFError, OSError):
            raise self._ended(child) from None
        return kind, value

    @staticmethod
    def _value(kind: Kind, value: object) -> object:
        if kind is Kind.FAULT and isinstance(value, Exception):
            raise value
        return value

    def _ended(self, child: _Child) -> SideError:
        self._drop(child)
        if self._is_closed:
            return SideError("the service is stopping")
        log.warning("side process ended", extra={"pid": child.process.pid, "returncode": child.process.poll()})
        return SideError("the process that did this was ended; nothing was changed, ask again")

    def _drop(self, child: _Child) -> None:
        with self._lock:
            if child in self._children:
                self._children.remove(child)
        child.control.close()


def _paths() -> list[str]:
    given = os.environ.get("PYTHONPATH", "")
    return [given] if given else []
