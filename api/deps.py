"""How views reach the services: through the container that the factory put into the app."""

from collections.abc import Iterable
from typing import Any, cast

import orjson
from flask import Request, Response, current_app
from werkzeug.exceptions import UnsupportedMediaType

from models.column_types import plain
from utils.errors import InputError


def services() -> Any:
    """Return the container of this app (see `container.Container`)."""
    return current_app.extensions["container"]


def body_of(request: Request) -> dict[str, Any]:
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
    return cast("dict[str, Any]", value)


def attachment(content: Iterable[bytes], name: str, mimetype: str) -> Response:
    """Answer with a file that browsers save under *name*."""
    response = Response(content, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def reply(payload: object, status: int = 200) -> Response:
    """Answer with *payload* as JSON."""
    return Response(orjson.dumps(payload, default=plain), status, mimetype="application/json")


def success(**fields: object) -> Response:
    """Answer `{"success": true, …}`."""
    return reply({"success": True, **fields})
