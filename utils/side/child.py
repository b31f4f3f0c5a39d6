"""The process beside the service: takes tasks, runs each in a thread of its own, ends when idle or with the service.

Started by `utils.side.processes`. It writes nothing that counts: its death loses nothing.
"""

import gc
import logging
import os
import select
import socket
import threading
from collections.abc import Callable, Iterator
from functools import cache

from utils.errors import AppError
from utils.side.messages import Beginning, Connection, Kind

log = logging.getLogger(__name__)
_SHOWN = 300
_OBJECTS = 50_000


class _Work:
    """The tasks under way."""

    def __init__(self, make: Callable[[], object]) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self._making = threading.Lock()
        self._make = cache(make)
        # A pipe and not an event: the main thread waits for it and for the service at the same time.
        self.ended, self._told = os.pipe()

    @property
    def is_idle(self) -> bool:
        return not self._running

    def begin(self, connection: Connection) -> None:
        with self._lock:
            self._running += 1
        threading.Thread(target=self._do, args=(connection,), daemon=True).start()

    def _do(self, connection: Connection) -> None:
        try:
            with connection:
                self._answer(connection)
        except (OSError, EOFError):
            pass  # nobody wants the answer any more
        finally:
            with self._lock:
                self._running -= 1
            os.write(self._told, b".")

    def _answer(self, connection: Connection) -> None:
        try:
            connection.send((Kind.BEGUN, None))
            task = connection.recv()
            with self._making:
                tools = self._make()
            result = task.run(tools)
            if isinstance(result, Iterator):
                for part in result:
                    _pass_on(connection, part)
                result = None
        except (BrokenPipeError, ConnectionResetError):
            raise
        except AppError as error:
            connection.send((Kind.FAULT, error))
        except Exception as error:  # top of a thread: the service raises it
            log.exception("task failed")
            connection.send((Kind.FAULT, RuntimeError(f"{type(error).__name__}: {str(error)[:_SHOWN]}")))
        else:
            connection.send((Kind.END, result))


def _pass_on(connection: Connection, part: object) -> None:
    if isinstance(part, bytes):  # much of a file: it need not be pickled
        connection.send((Kind.BYTES, None))
        connection.send_bytes(part)
    else:
        connection.send((Kind.PART, part))


def main() -> None:
    """Serve until the service closes standard input, or nothing was to do for long."""
    control = socket.socket(fileno=0)
    beginning = _beginning(control)
    os.nice(beginning.nice)
    # Tasks make many values and hardly a cycle; looking for cycles as often as usual is a tenth of an import.
    gc.set_threshold(_OBJECTS)
    work = _Work(beginning.make)
    while True:
        patience_s = beginning.idle_s if work.is_idle else None
        ready, _, _ = select.select([control.fileno(), work.ended], [], [], patience_s)
        if work.ended in ready:
            os.read(work.ended, 1 << 12)
        if control.fileno() in ready:
            _, ends, _, _ = socket.recv_fds(control, 1, 1)
            if not ends:
                break
            work.begin(Connection(socket.socket(fileno=ends[0])))
        elif not ready:
            break
    # Not by an exception: threads in the middle of a task would hold the process.
    os._exit(0)


def _beginning(control: socket.socket) -> Beginning:
    with Connection(control.dup()) as connection:
        told = connection.recv()
    if not isinstance(told, Beginning):  # pragma: no cover  # only the service sends here
        raise TypeError(type(told).__name__)
    return told


if __name__ == "__main__":
    main()
