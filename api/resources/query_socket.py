"""Queries over a WebSocket: the same runs and events as `POST /api/query/stream`, one message each."""

import logging
import threading
from contextlib import suppress
from typing import NoReturn

import orjson
from flask import Blueprint, Response, request
from simple_websocket import ConnectionClosed, Server

from api.edge.deps import services
from api.edge.endpoint import Endpoint, File
from api.edge.users import user_of
from models.contract.query_bodies import QueryBody
from models.fields import validated
from services.platform import Platform, Reading
from utils.access_tokens import Role
from utils.errors import AppError, InputError, UnavailableError

log = logging.getLogger(__name__)
_PING_S = 10.0
_LONGEST_MESSAGE = 32 << 20
_END = '{"type":"end"}'


def blueprint() -> Blueprint:
    """Build the blueprint, for the root of the server."""
    routes = Blueprint("query_socket", __name__)
    routes.add_url_rule("/ws/query", view_func=converse, websocket=True)
    return routes


@Endpoint(answers=File("application/octet-stream"), role=Role.WRITE, tag="Assistant")
def converse() -> Response:
    """Answer queries, one after the other, until the client leaves; what is under way then goes on without it."""
    try:
        socket = Server.accept(request.environ, ping_interval=_PING_S, max_message_size=_LONGEST_MESSAGE)
    except RuntimeError:
        raise UnavailableError("this server has no WebSockets; use POST /api/v1/query/stream") from None
    with suppress(ConnectionClosed, OSError):
        _Conversation(socket, services(), user_of(None)).serve()
    return _Taken()


class _Taken(Response):
    """The connection spoke another protocol, and ends."""

    def __call__(self, *_: object) -> NoReturn:
        raise StopIteration


class _Conversation:
    """One client: this thread takes its messages, another sends it the events of its run."""

    def __init__(self, socket: Server, platform: Platform, user_id: str) -> None:
        self._socket = socket
        self._platform = platform
        self._user_id = user_id
        self._sending = threading.Lock()
        self._run_id = ""
        self._reader: threading.Thread | None = None

    def serve(self) -> None:
        """Take messages; ConnectionClosed when the client leaves."""
        while True:
            text = self._socket.receive()
            try:
                self._take(text)
            except AppError as error:
                self._send(orjson.dumps({"type": "error", "error": str(error), **error.facts}).decode())

    def _take(self, text: str | bytes | None) -> None:
        message = _object(text)
        kind = message.pop("type", "query")
        if kind == "cancel":
            if not self._run_id:
                raise InputError("cancel: nothing was asked yet")
            self._platform.runs.cancel(self._run_id)
        elif kind == "resume":
            self._follow(str(message.get("run_id", "")), _number(message.get("last_event_id", 0)))
        elif kind == "query":
            wanted = validated(QueryBody, message)
            self._follow(self._platform.queries.start(wanted, wanted.user_id or self._user_id))
        else:
            raise InputError(f"type: got {str(kind)[:40]!r}, want query, resume or cancel")

    def _follow(self, run_id: str, after: int = 0) -> None:
        if self._reader is not None and self._reader.is_alive():
            raise InputError("type: an answer is under way; cancel it, or wait for its end")
        reading = self._platform.runs.read(run_id, after)
        self._run_id = run_id
        self._reader = threading.Thread(target=self._read, args=(reading,), name="websocket", daemon=True)
        self._reader.start()

    def _read(self, reading: Reading) -> None:
        with suppress(ConnectionClosed, OSError):
            try:
                for some in reading.events():
                    for number, data in some:
                        self._send(f'{{"id":{number},{data[1:]}')
                self._send(_END)
            finally:
                reading.close()

    def _send(self, text: str) -> None:
        with self._sending:
            self._socket.send(text)


def _object(text: str | bytes | None) -> dict[str, object]:
    try:
        value = orjson.loads(text or b"")
    except orjson.JSONDecodeError as error:
        raise InputError(f"message: is not valid JSON ({error})") from None
    if not isinstance(value, dict):
        raise InputError("message: want a JSON object, as the body of POST /api/v1/query/stream")
    return value


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError("last_event_id: want the number of the last event received")
    return value
