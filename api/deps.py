"""How views reach the services: through the container that the factory put into the app."""

from typing import Any, TypeVar, cast

import orjson
from flask import Response, current_app, request
from pydantic import BaseModel
from werkzeug.exceptions import UnsupportedMediaType

from models.schemas import validated
from utils.errors import InputError

M = TypeVar("M", bound=BaseModel)


def services() -> Any:
    """Return the container of this app (see `bootstrap.Container`)."""
    return current_app.extensions["container"]


def body() -> dict[str, Any]:
    """Return the request's JSON object; an absent or empty body is an empty object.

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
        raise InputError(f"body: got {type(value).__name__}, want a JSON object")
    return cast("dict[str, Any]", value)


def body_as(model: type[M]) -> M:
    """Return the request's body as *model*; InputError names every fault."""
    return validated(model, body())


def number(name: str, default: int | None, least: int = 0) -> int | None:
    """Return the query argument *name* as a whole number >= *least*."""
    text = request.args.get(name, "").strip()
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        raise InputError(f"{name}: got {text[:40]!r}, want a whole number") from None
    if not least <= value <= 2**53:
        raise InputError(f"{name}: got {text[:40]}, want {least} to {2**53}")
    return value


def reply(payload: object, status: int = 200) -> Response:
    """Answer with *payload* as JSON."""
    return Response(orjson.dumps(payload, default=str), status, mimetype="application/json")


def success(**fields: object) -> Response:
    """Answer `{"success": true, …}`."""
    return reply({"success": True, **fields})
