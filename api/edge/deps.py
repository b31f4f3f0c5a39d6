"""How views reach the services, read bodies and send answers."""

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Protocol

import orjson
from flask import Request, Response, current_app, request
from werkzeug.exceptions import UnsupportedMediaType

from models.samples.file.column_types import plain
from services.platform import Platform, Subscription
from utils.errors import InputError
from utils.wsgi import ON_CLIENT_LEFT

# The first line of a stream: until something is sent its reader does not know that it is open.
RETRY = b"retry: 2000\n\n"
_LONGEST_KEY = 200


def services() -> Platform:
    """Return the platform that the factory put into this app."""
    platform: Platform = current_app.extensions["platform"]
    return platform


def body_of(request: Request) -> dict[str, object]:
    """Return the JSON object of *request*; an absent or empty body is an empty object.

    Raises:
        InputError: it is not JSON, or not an object.
    """
    raw = request.get_data()
    if not raw.strip():
        return {}
    if not request.is_json:
        raise UnsupportedMediaType("body: want JSON; send the header Content-Type: application/json")
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InputError(f"body: is not valid JSON ({error})") from None
    if not isinstance(value, dict):
        kind = {list: "a list", str: "text", bool: "true or false", type(None): "null"}.get(type(value), "a number")
        raise InputError(f"body: got {kind}, want a JSON object")
    return value


def attachment(content: Iterable[bytes], name: str, mimetype: str) -> Response:
    """Answer with a file that browsers save under *name*."""
    response = Response(content, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def event_stream(content: Iterable[bytes]) -> Response:
    """Answer with server-sent events, which no proxy may hold back."""
    response = Response(content, mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Accel-Buffering"] = "no"
    return response


class Broker(Protocol):
    """What a stream asks of an event broker."""

    def unsubscribe(self, subscription: Subscription) -> None:
        """Give the place of *subscription* back."""


def broker_stream(broker: Broker, subscription: Subscription, content: Iterable[bytes]) -> Response:
    """Answer with *content*, made of the messages of *subscription*, whose place is free once its reader has left."""

    def leave() -> None:
        broker.unsubscribe(subscription)
        subscription.end()

    return watched_stream(chain((RETRY,), content), leave, lambda: broker.unsubscribe(subscription))


def watched_stream(content: Iterable[bytes], leave: Callable[[], None], close: Callable[[], None]) -> Response:
    """Answer with events; *leave* is called as soon as the reader is gone, *close* when the answer has ended."""
    when_left = request.environ.get(ON_CLIENT_LEFT)
    if when_left is not None:
        when_left(leave)
    response = event_stream(content)
    response.call_on_close(close)
    return response


def run_stream(run_id: str, after: int = 0, *, marks_end: bool = True) -> Response:
    """Answer with the events of a run behind number *after*; the last line says that no more come, if *marks_end*."""
    reading = services().runs.read(run_id, after)
    response = event_stream(reading.messages() if marks_end else reading.messages(last=b""))
    response.headers["X-Run-ID"] = run_id
    response.call_on_close(reading.close)
    return response


def idempotency_key() -> str | None:
    """Return the caller's own name for this request; InputError where it is too long."""
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > _LONGEST_KEY:
        raise InputError(f"Idempotency-Key: has {len(key)} characters, want {_LONGEST_KEY} at most")
    return key or None


def reply(payload: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with *payload* as JSON; a response is passed on as it is."""
    if isinstance(payload, Response):
        return payload
    response = Response(orjson.dumps(payload, default=plain), status, mimetype="application/json")
    response.headers.update(headers or {})
    return response
