"""From errors to HTTP: the only place that knows which failure is which status."""

import logging
import re
import uuid

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from api.deps import reply
from utils.errors import (
    AppError,
    ConfigurationError,
    DiskFullError,
    GenerationError,
    ImportRefusedError,
    InputError,
    NotFoundError,
    StorageError,
    UnavailableError,
)
from utils.logs import redact

log = logging.getLogger(__name__)
_STATUS: tuple[tuple[type[AppError], int], ...] = (
    (NotFoundError, 404),
    (InputError, 400),
    (GenerationError, 400),
    (UnavailableError, 503),
    (DiskFullError, 507),
    (StorageError, 503),
    (ConfigurationError, 500),
)
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}$")


def register_errors(app: Flask) -> None:
    """Give every request an id, and every failure the contract's envelope."""
    app.before_request(_begin)
    app.after_request(_finish)
    app.register_error_handler(AppError, _app_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _fallback)


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.match(given) else uuid.uuid4().hex


def _finish(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.get("request_id", "")
    return response


def _app_error(error: AppError) -> Response:
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    message = error.labelled() if isinstance(error, GenerationError) else str(error)
    details = (
        {"problems": error.problems, "problem_count": error.count} if isinstance(error, ImportRefusedError) else {}
    )
    response = _envelope(message, type(error).__name__, status, **details)
    if isinstance(error, UnavailableError):
        response.headers["Retry-After"] = str(int(error.retry_after_s))
    return response


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    message = {
        404: f"{request.method} {request.path}: there is no such address; GET /api/info lists them",
        405: f"{request.method} {request.path}: the method is not allowed here",
        413: "body: too large",
    }.get(status, error.description or error.name)
    response = _envelope(message, type(error).__name__, status)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _fallback(error: Exception) -> Response:
    log.exception("request failed", extra={"request_id": g.get("request_id"), "path": request.path})
    return _envelope("the service failed; its log has the details under this request_id", type(error).__name__, 500)


def _envelope(message: str, kind: str, status: int, **details: object) -> Response:
    if status < 500:
        log.info("request refused", extra={"request_id": g.get("request_id"), "path": request.path, "status": status})
    payload = {"success": False, "error": redact(message), "type": kind, "request_id": g.get("request_id", "")}
    payload.update(details)
    return reply(payload, status)
