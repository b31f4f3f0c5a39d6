"""The server's worker: gunicorn's parent watches it, gunicorn's parser and response speak HTTP in its threads.

`server_front.py` has the connections, `server_threads.py` the threads, `server_pace.py` what a client may cost them.
gunicorn's own threaded worker closes connections, with up to two seconds each, in the thread that accepts and that
tells the parent that the worker lives, and holds a thread for each slow client (ADR 18).
"""

import io
import json
import logging
import os
import re
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Any

from gunicorn.http import wsgi
from gunicorn.http.errors import LimitRequestHeaders, NoMoreData, ParseException
from gunicorn.http.parser import RequestParser
from gunicorn.workers.base import Worker
from werkzeug.exceptions import BadRequest, RequestTimeout

from server_connection import Connection, Limits, Outcome
from server_front import HEAD_BYTES, Front
from server_pace import ClientLeftError, Crowd, Patience, PatientSocket
from server_threads import Lane, LaneRules
from utils.wsgi import ON_CLIENT_LEFT

log = logging.getLogger(__name__)
LONGEST_LINE = 8190
# Supervisors ask for it, and restart what does not answer: it has threads of its own, and no client holds them up.
_HEALTH = re.compile(rb"(?:GET|HEAD) /api(?:/v1)?/health(?:/live|/ready)?[? ]")
_HEALTH_THREADS = 4
# Answers of any length. One that is taken slowly holds some megabytes.
_FILES = re.compile(rb"(?:GET /api(?:/v1)?/(?:export|data)|POST /api(?:/v1)?/samples/download)/?[? ]")
_FILE_THREADS = 8
_STATUS = {
    "LimitRequestLine": (414, "URI Too Long"),
    "LimitRequestHeaders": (431, "Request Header Fields Too Large"),
}
# Requests that join the running ones in a turn of the loop.
_STARTED_AT_ONCE = 2
# A request that found no thread so long is answered with 503.
_WAIT_S, _FILE_WAIT_S = 10.0, 30.0
# So many that stall, as a share of the threads, or so much that is kept for them, is a crowd.
_CROWD_SHARE = 16
_CROWD_BYTES = 16 << 20
# How far behind, in seconds, the worst client may be: in a crowd, in two, when files wait for a thread.
_CROWDED_S, _THRONGED_S, _FILES_WAIT_S = 1.0, 0.25, 0.5
# For what an answer left unread of its request.
_DRAIN_S, _DRAIN_BYTES = 5.0, 1 << 16


@dataclass(frozen=True, slots=True)
class Serving:
    """How a worker serves.

    Attributes:
        threads: Requests served at once.
        read_timeout_s: How long a client may be silent, and not take its answer.
        idle_s: How long a connection without a request is kept.
        connections: Most connections at once.
        per_address: Most of one address.
    """

    threads: int
    read_timeout_s: float
    idle_s: float
    connections: int
    per_address: int


def patient_worker(serving: Serving) -> type[Worker]:
    """Return the worker class that serves so."""

    class PatientWorker(Worker):  # type: ignore[misc]  # gunicorn has no types
        def run(self) -> None:
            """Serve until told to stop; then end what is under way, within the grace that gunicorn gives."""
            service = _Service(serving, self)
            front = service.front
            front.listen(self.sockets)
            front.wake_on(self.PIPE[0])
            while self.alive and self.ppid == os.getppid():
                self.notify()
                service.turn(1.0)
            front.stop()
            ends = time.monotonic() + self.cfg.graceful_timeout
            while not front.is_empty and time.monotonic() < ends:
                self.notify()
                service.turn(0.1)
            service.close()

    return PatientWorker


class _Service:
    """Takes requests from the front to the threads and back."""

    def __init__(self, serving: Serving, worker: Any) -> None:
        self._worker = worker
        self._health, self._files, self._others = self._lanes = [Lane(rules) for rules in lanes(serving)]
        limits = Limits(serving.connections, serving.per_address, serving.read_timeout_s, serving.idle_s)
        self.front = Front(limits, self._begin, unavailable)
        self._has_more = False

    def turn(self, timeout_s: float) -> None:
        """Do what there is to do; wait *timeout_s* at most.

        Each turn needs the interpreter's lock once more, and gets it late when many threads want it: so the
        threads themselves set the pace at which new requests join them, and a burst does not silence all.
        """
        self.front.turn(0 if self._has_more else timeout_s)
        self._has_more = sum(lane.start(_STARTED_AT_ONCE) for lane in self._lanes) > 0
        for lane in self._lanes:
            for connection in lane.overdue():
                self.front.turn_away(connection, "all threads are busy; try again in a moment")

    def close(self) -> None:
        """Close all connections but those in threads, and end the threads that have nothing to do."""
        self.front.close()
        for lane in self._lanes:
            lane.close()

    def _begin(self, connection: Connection, head: bytes) -> None:
        lane = self._health if _HEALTH.match(head) else self._files if _FILES.match(head) else self._others
        lane.begin(connection, lambda: self._serve(connection, head, lane))

    def _serve(self, connection: Connection, head: bytes, lane: Lane) -> None:
        """Serve one request, and give the connection back whatever happens."""
        client = PatientSocket(connection.sock, Patience(lane.rules.patience_s), lane.stalls)
        outcome, rest = Outcome.ABORT, b""
        try:
            outcome, rest = self._exchange(connection, head, client)
        except ClientLeftError:
            pass
        except Exception:  # the top of a thread
            log.exception("request failed outside of the app")
            with suppress(OSError):
                if not client.sent_bytes:
                    client.sendall(failed())
                    outcome = Outcome.CLOSE
        finally:
            self.front.finished(connection, outcome, rest, lane.ended)

    def _exchange(self, connection: Connection, head: bytes, client: PatientSocket) -> tuple[Outcome, bytes]:
        """Read the request, answer it; return what becomes of the connection, and what was read beyond."""
        parser = RequestParser(self._worker.cfg, client, connection.address)
        parser.unreader.unread(head)
        try:
            if b"\r\n\r\n" not in head:
                raise LimitRequestHeaders(f"more than {HEAD_BYTES} bytes")
            keep = self._answer(next(parser), connection, client)
        except (NoMoreData, StopIteration):
            return Outcome.CLOSE, b""
        except ParseException as error:
            client.sendall(refusal(error))
            return Outcome.CLOSE, b""
        if not keep or not _is_read(parser, client):
            return Outcome.CLOSE, b""
        return Outcome.KEEP, parser.unreader.take_buffered()

    def _answer(self, request: Any, connection: Connection, client: PatientSocket) -> bool:
        """Have the app answer; return whether the connection is kept."""
        response, environ = wsgi.create(request, client, connection.address, connection.server, self._worker.cfg)
        environ["wsgi.multithread"] = True
        environ[ON_CLIENT_LEFT] = connection.watch
        if not self._worker.alive:
            response.force_close()
        pieces = self._worker.wsgi(environ, response.start_response)
        try:
            for piece in pieces:
                response.write(piece)
            response.close()
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
        return not response.should_close()


def _is_read(parser: RequestParser, client: PatientSocket) -> bool:
    """Read what the app left of the request, if it is little and soon there; tell whether the next may follow."""
    client.patience.cap(_DRAIN_S)
    try:
        return bool(parser.finish_body(max_bytes=_DRAIN_BYTES))
    except ClientLeftError:  # what it was told is on its way; the front closes
        return False


def lanes(serving: Serving) -> tuple[LaneRules, LaneRules, LaneRules]:
    """Return the lanes: health, files, all others."""
    share = max(2, serving.threads // _CROWD_SHARE)
    reserve = 2 * share

    def of_others(now: Crowd) -> float:
        crowds = max(now.stalled / share, now.held_bytes / _CROWD_BYTES)
        if now.free < 0 or crowds > 3:
            return 0.0
        if now.free < reserve or crowds > 2:
            return _THRONGED_S
        return _CROWDED_S if crowds > 1 else inf

    def of_files(now: Crowd) -> float:
        return _FILES_WAIT_S if now.free < 0 else inf

    return (
        LaneRules("health", _HEALTH_THREADS, _WAIT_S, 0.0, lambda _: inf),
        LaneRules("files", min(_FILE_THREADS, serving.threads), _FILE_WAIT_S, serving.read_timeout_s, of_files),
        LaneRules("request", serving.threads, _WAIT_S, serving.read_timeout_s, of_others),
    )


def refusal(error: ParseException) -> bytes:
    """Return the whole answer to a request that cannot be read."""
    status, reason = _STATUS.get(type(error).__name__, (400, "Bad Request"))
    sentence = {
        414: f"the request line is longer than {LONGEST_LINE} bytes",
        431: f"the headers are too many, or one is longer than {LONGEST_LINE} bytes",
    }.get(status, "this is no HTTP request that could be read")
    return _envelope(f"{status} {reason}", sentence, type(error).__name__)


def unavailable(sentence: str) -> bytes:
    """Return the whole answer to somebody for whom there is no place now."""
    return _envelope("503 Service Unavailable", sentence, "UnavailableError", "Retry-After: 2\r\n")


def failed() -> bytes:
    """Return the whole answer to a request that the server itself could not serve."""
    return _envelope("500 Internal Server Error", "the service failed; its log has the details", "InternalServerError")


# As docs/api.md names them.
_CODES = {"400": "input_error", "414": "address_too_long", "431": "headers_too_large", "503": "unavailable"}


def _envelope(status: str, sentence: str, kind: str, headers: str = "") -> bytes:
    request_id, code = uuid.uuid4().hex, _CODES.get(status[:3], "internal_error")
    told = {"code": code, "retryable": code == "unavailable", "category": None}
    body = {"success": False, "error": sentence, "type": kind, **told, "request_id": request_id}
    payload = json.dumps(body).encode()
    head = (
        f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: application/json\r\n{headers}"
        f"X-Content-Type-Options: nosniff\r\nX-Request-ID: {request_id}\r\nContent-Length: {len(payload)}\r\n\r\n"
    )
    return head.encode() + payload


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
        except ClientLeftError:
            raise RequestTimeout(f"body: came too slowly; got {self._received} bytes; send it again") from None
        self._received += len(data)
        ended = size is None or size < 0 or (not data and size > 0)
        if ended and self._announced is not None and self._received < self._announced:
            raise BadRequest(f"body: was cut off; got {self._received} of {self._announced} bytes; send it again")
        return data
