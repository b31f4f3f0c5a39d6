"""How views reach the services: through the container that the factory put into the app."""

from collections.abc import Iterable, Mapping, Set
from typing import Any, TypeVar, cast

import orjson
from flask import Response, current_app, request
from pydantic import BaseModel
from werkzeug.exceptions import UnsupportedMediaType

from models.column_types import plain
from models.schemas import validated
from utils.errors import InputError

_YES, _NO = {"true", "1", "yes", "on"}, {"false", "0", "no", "off", ""}
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


def flag(name: str, given: Mapping[str, str] | None = None) -> bool:
    """Return the query argument *name* (or that of *given*) as yes or no."""
    text = (request.args if given is None else given).get(name, "").strip().lower()
    if text not in _YES | _NO:
        raise InputError(f"{name}: got {text[:40]!r}, want true or false")
    return text in _YES


def known_arguments(names: Set[str]) -> None:
    """Refuse query arguments that nobody reads; InputError names them."""
    unknown = sorted(set(request.args) - names)
    if unknown:
        raise InputError(f"{', '.join(unknown)[:100]}: unknown; want some of {', '.join(sorted(names))}")


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
