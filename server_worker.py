"""gunicorn's threaded worker, with a limit to how slowly a client may send its request, and whole bodies only.

A client that sends a byte now and then would hold a thread for ever: the worker reads the
head and the body of a request in the thread that serves it. It may be silent for a while,
and must send so many bytes a second on the whole (as Apache's mod_reqtimeout does it).
"""

import errno
import io
import json
import time
import uuid
from contextlib import suppress
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import ThreadWorker
from werkzeug.exceptions import BadRequest

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


class WholeBodies:
    """WSGI middleware: a body that is cut off or broken on its way is refused, never taken for what came of it.

    gunicorn ends a body where the client left, without a word: half of a file would be imported, and
    a start without its fields would begin a batch that nobody asked for.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Serve one request."""
        length = environ.get("CONTENT_LENGTH", "")
        announced = int(length) if length.isdecimal() else None
        environ["wsgi.input"] = _Body(environ["wsgi.input"], announced)
        return self._app(environ, start_response)


class _Body(io.RawIOBase):
    """The body of one request."""

    def __init__(self, stream: Any, announced: int | None) -> None:
        self._stream = stream
        self._announced = announced
        self._received = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def read(self, size: int = -1) -> bytes:
        """Read at most *size* bytes; all that are left by default."""
        return self._checked(lambda: self._stream.read(*(() if size is None or size < 0 else (size,))), size)

    def readline(self, size: int | None = -1) -> bytes:
        """Read a line, of at most *size* bytes."""
        return self._checked(lambda: self._stream.readline(*(() if size is None or size < 0 else (size,))), size)

    def _checked(self, read: Any, size: int | None) -> bytes:
        try:
            data: bytes = read()
        except ParseException as error:
            raise BadRequest(f"body: is broken on its way ({error})"[:200]) from None
        self._received += len(data)
        ended = size is None or size < 0 or (not data and size > 0)
        if ended and self._announced is not None and self._received < self._announced:
            raise BadRequest(f"body: was cut off; got {self._received} of {self._announced} bytes; send it again")
        return data
