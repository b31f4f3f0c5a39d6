"""The server's worker: gunicorn's parent watches it, gunicorn's parser and response speak HTTP in its threads.

`server/front.py` has the connections, `server/threads.py` the threads, `server/pace.py` what a client may cost them.
gunicorn's own threaded worker closes connections, with up to two seconds each, in the thread that accepts and that
tells the parent that the worker lives, and holds a thread for each slow client (ADR 18).
"""

import json
import logging
import re
import socket
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from math import inf

from gunicorn.workers.base import Worker

from server.connection import Connection, ConnectionLimits, Outcome, UpgradedSocket
from server.front import HEAD_BYTES, Front
from server.gunicorn_parts import Exchange, Host, NoMoreData, ParseException, too_large, worker_class
from server.line import Copies, HeldAnswer, Line, Lines, Question, question_of
from server.pace import ClientLeftError, Crowd, Patience, PatientSocket
from server.threads import Lane, LaneRules

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
# A request that waited so long for a thread is answered with 503.
_WAIT_S, _FILE_WAIT_S = 10.0, 30.0
# A crowd: one thread in so many stalls, or so many bytes are kept for those that do.
_CROWD_SHARE = 16
_CROWD_BYTES = 16 << 20
# How far behind, in seconds, the worst client may be: in a crowd, in one twice as large, when files wait for a thread.
_CROWDED_S, _THRONGED_S, _FILES_WAIT_S = 1.0, 0.25, 0.5
# Limits for reading what an answer left unread of its request.
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
    """Return gunicorn's worker class that serves by *serving*."""
    return worker_class(lambda host: _Service(serving, host))


class _Service:
    """Passes requests from the front to the threads and back."""

    def __init__(self, serving: Serving, host: Host) -> None:
        self._host = host
        self._health, self._files, self._others = self._lanes = [Lane(rules) for rules in lanes(serving)]
        limits = ConnectionLimits(serving.connections, serving.per_address, serving.read_timeout_s, serving.idle_s)
        self.front = Front(limits, self._begin, unavailable)
        self._has_more = False
        self._lines = Lines()
        # Who joined a line in vain, and asks alone.
        self._alone: set[Connection] = set()

    @property
    def is_empty(self) -> bool:
        """True when no connection is left."""
        return self.front.is_empty

    def listen(self, sockets: Sequence[socket.socket], wake_fd: int) -> None:
        """Take connections of *sockets*; *wake_fd* becomes readable when a signal came."""
        self.front.listen(sockets)
        self.front.wake_on(wake_fd)

    def stop(self) -> None:
        """Take no more requests."""
        self.front.stop()

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
        may_join = lane is self._others and connection not in self._alone
        self._alone.discard(connection)
        line = Line(self._lines, question_of(connection, head) if may_join else None, self._let_go)
        lane.begin(
            connection, lambda: self._serve(connection, head, lane, line), lambda: self._lines.join(connection, line)
        )

    def _serve(self, connection: Connection, head: bytes, lane: Lane, line: Line) -> None:
        """Serve one request and those who joined it; give the connections back whatever happens."""
        client = PatientSocket(connection.sock, Patience(lane.rules.patience_s), lane.stalls)
        outcome, rest = Outcome.ABORT, b""
        try:
            outcome, rest = self._exchange(connection, head, client, line)
        except ClientLeftError:
            pass
        except Exception:  # the top of a thread
            log.exception("request failed outside of the app")
            with suppress(OSError):
                if not client.sent_bytes:
                    client.sendall(failed())
                    outcome = Outcome.CLOSE
        finally:
            line.dissolve()
            self.front.finished(connection, outcome, rest, lane.ended)

    def _exchange(
        self, connection: Connection, head: bytes, client: PatientSocket, line: Line
    ) -> tuple[Outcome, bytes]:
        """Read the request, answer it; return what becomes of the connection, and the bytes read after the request."""
        held = HeldAnswer(client, line)
        exchange = Exchange(self._host, held, connection.address, head)
        try:
            if b"\r\n\r\n" not in head:
                raise too_large(HEAD_BYTES)
            upgraded = UpgradedSocket(connection.sock, client.patience.full_s)
            keep = exchange.answer(connection.server, connection.watch, line, upgraded)
            if answer := held.taken():
                self._answer_others(line.taken(), answer, Outcome.KEEP if keep else Outcome.CLOSE)
                client.sendall(answer)
        except (NoMoreData, StopIteration):
            return Outcome.CLOSE, b""
        except ParseException as error:
            client.sendall(refusal(error))
            return Outcome.CLOSE, b""
        if not keep or not _is_read(exchange, client):
            return Outcome.CLOSE, b""
        return Outcome.KEEP, exchange.rest

    def _answer_others(self, connections: Sequence[Connection], answer: bytes, outcome: Outcome) -> None:
        """Answer those who joined; a client that does not take all at once gets a thread of its own."""
        copies = Copies(answer, len(connections))
        for number, connection in enumerate(connections):
            try:
                rest = copies.send(connection.sock, number)
            except OSError:
                self.front.finished(connection, Outcome.ABORT, b"", lambda: None)
                continue
            if rest:
                self.front.soon(partial(self._begin_rest, connection, rest, outcome))
            else:
                self.front.finished(connection, outcome, b"", lambda: None)

    def _let_go(self, question: Question, connections: Sequence[Connection]) -> None:
        """Have those who waited in vain ask on their own."""
        for connection in connections:
            self.front.finished(connection, Outcome.KEEP, question.head, partial(self._alone.add, connection))

    def _begin_rest(self, connection: Connection, rest: memoryview, outcome: Outcome) -> None:
        connection.is_partly_answered = True
        self._others.begin(connection, lambda: self._send_rest(connection, rest, outcome))

    def _send_rest(self, connection: Connection, rest: memoryview, outcome: Outcome) -> None:
        lane = self._others
        try:
            PatientSocket(connection.sock, Patience(lane.rules.patience_s), lane.stalls).sendall(rest)
            connection.is_partly_answered = False
        except ClientLeftError:
            outcome = Outcome.ABORT
        finally:
            self.front.finished(connection, outcome, b"", lane.ended)


def _is_read(exchange: Exchange, client: PatientSocket) -> bool:
    """Read what the app left of the request, if it is little and soon there; say whether the next may follow."""
    client.patience.cap(_DRAIN_S)
    try:
        return exchange.finish(_DRAIN_BYTES)
    except ClientLeftError:  # its answer is on its way; the front closes
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
    """Return the whole answer to a client for which there is no place now."""
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
