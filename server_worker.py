"""gunicorn's threaded worker, with a limit to how slowly a client may send its request.

A client that sends a byte now and then would hold a thread for ever: the worker reads the
head and the body of a request in the thread that serves it. It may be silent for a while,
and must send so many bytes a second on the whole (as Apache's mod_reqtimeout does it).
"""

import errno
import json
import time
import uuid
from contextlib import suppress
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import ThreadWorker

LEAST_BYTES_A_S = 500
LONGEST_LINE = 8190
_STATUS = {
    "LimitRequestLine": (414, "URI Too Long"),
    "LimitRequestHeaders": (431, "Request Header Fields Too Large"),
}


def patient_worker(read_timeout_s: float) -> type[ThreadWorker]:
    """Return the worker class; *read_timeout_s* is how long a client may be silent, and not take its answer."""

    class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
        def handle(self, conn: Any) -> Any:
            if not hasattr(conn, "slow"):
                conn.slow = _Pace(conn, read_timeout_s)
            conn.slow.begin()
            return super().handle(conn)

        def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
            """Answer what is no request in the contract's envelope; the rest is gunicorn's."""
            answer = refusal(exc)
            if answer is None:
                super().handle_error(req, client, addr, exc)
                return
            with suppress(OSError):
                client.sendall(answer)

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


def refusal(error: BaseException) -> bytes | None:
    """Return the whole answer to a request that cannot be read; None where *error* is another."""
    if not isinstance(error, ParseException):
        return None
    status, reason = _STATUS.get(type(error).__name__, (400, "Bad Request"))
    sentence = {
        414: f"the request line is longer than {LONGEST_LINE} bytes",
        431: f"the headers are too many, or one is longer than {LONGEST_LINE} bytes",
    }.get(status, "this is no HTTP request that could be read")
    request_id = uuid.uuid4().hex
    body = {"success": False, "error": sentence, "type": type(error).__name__, "request_id": request_id}
    payload = json.dumps(body).encode()
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"X-Content-Type-Options: nosniff\r\nX-Request-ID: {request_id}\r\nContent-Length: {len(payload)}\r\n\r\n"
    )
    return head.encode() + payload


def _gone() -> OSError:
    return ConnectionResetError(errno.ECONNRESET, "the request came too slowly")
