"""gunicorn's threaded worker, with a limit to how slowly a client may send its request.

A client that sends a byte now and then would hold a thread for ever: the worker reads the
head and the body of a request in the thread that serves it. It may be silent for a while,
and must send so many bytes a second on the whole (as Apache's mod_reqtimeout does it).
"""

import errno
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

LEAST_BYTES_A_S = 500


def patient_worker(read_timeout_s: float) -> type[ThreadWorker]:
    """Return the worker class; *read_timeout_s* is how long a client may be silent, and not take its answer."""

    class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
        def handle(self, conn: Any) -> Any:
            if not hasattr(conn, "slow"):
                conn.slow = _Pace(conn, read_timeout_s)
            conn.slow.begin()
            return super().handle(conn)

    return PatientWorker


class _Pace:
    """Keeps one connection to the pace, request by request."""

    def __init__(self, conn: Any, read_timeout_s: float) -> None:
        self._conn = conn
        self._read_timeout_s = read_timeout_s
        self._began = 0.0
        self._received = 0
        self._init, conn.init = conn.init, self._begin_reading
        self._chunk: Any = None

    def begin(self) -> None:
        """A request begins."""
        self._began = time.monotonic()
        self._received = 0

    def _begin_reading(self) -> None:
        """Stand in for the connection's own `init`, after which its parser is there."""
        self._init()
        if self._chunk is None and not self._conn.is_http2:
            unreader = self._conn.parser.unreader
            self._chunk, unreader.chunk = unreader.chunk, self._read
        self._conn.sock.settimeout(self._read_timeout_s)

    def _read(self, *size: int) -> bytes:
        """Read a piece of the request (at most *size* bytes) in the time that is left for it."""
        ends = self._began + self._read_timeout_s + self._received / LEAST_BYTES_A_S
        left_s = ends - time.monotonic()
        if left_s <= 0:
            raise _gone()
        self._conn.sock.settimeout(left_s)
        try:
            data: bytes = self._chunk(*size)
        except TimeoutError:
            raise _gone() from None
        finally:
            self._conn.sock.settimeout(self._read_timeout_s)
        self._received += len(data)
        return data


def _gone() -> OSError:
    return ConnectionResetError(errno.ECONNRESET, "the request came too slowly")
