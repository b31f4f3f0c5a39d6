"""From errors to HTTP: the only place that knows which failure is which status."""

import logging
import re
import uuid

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from api.edge.deps import reply
from api.edge.failures import FAILURES
from utils.errors import (
    AppError,
    ConfigurationError,
    DiskFullError,
    DuplicateDocumentError,
    ExistsError,
    GenerationError,
    InputError,
    NotFoundError,
    StorageError,
    TimeLimitError,
    UnavailableError,
)
from utils.logs import bind, redact, unbind

log = logging.getLogger(__name__)
# The first that fits decides.
STATUS: tuple[tuple[type[AppError], int], ...] = (
    (NotFoundError, 404),
    (ExistsError, 409),
    (DuplicateDocumentError, 409),
    (InputError, 400),
    (TimeLimitError, 504),
    (GenerationError, 400),
    (UnavailableError, 503),
    (DiskFullError, 507),
    (StorageError, 503),
    (ConfigurationError, 503),
    (AppError, 500),
)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def register_errors(app: Flask) -> None:
    """Give every request an id, and every failure the contract's envelope."""
    app.before_request(_begin)
    app.after_request(_finish)
    app.teardown_request(lambda _: unbind())
    app.register_error_handler(AppError, _app_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _fallback)


def status_of(kind: type[AppError]) -> int:
    """Return the status that failures of *kind* are answered with."""
    return next(status for known, status in STATUS if issubclass(kind, known))


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    bind(request_id=g.request_id)


def _finish(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.get("request_id", "")
    if response.status_code < 400:  # the limiter always sends it
        response.headers.pop("Retry-After", None)
    return response


def _app_error(error: AppError) -> Response:
    message = error.labelled() if isinstance(error, GenerationError) else str(error)
    status = status_of(type(error))
    response = _envelope(message, type(error).__name__, status, **error.facts, **error.details)
    if isinstance(error, UnavailableError):
        response.headers["Retry-After"] = str(max(1, int(error.retry_after_s)))
    return response


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    message = {
        404: f"{request.method} {request.path[:200]}: there is no such address; GET /api/info lists them",
        405: f"{request.method} {request.path[:200]}: the method is not allowed here{_allowed(error)}",
        413: "body: is larger than MAX_BODY_MB allows (files: MAX_IMPORT_MB)",
        429: f"too many requests: {error.description}; wait as long as Retry-After says",
    }.get(status, error.description or error.name)
    response = _envelope(message, type(error).__name__, status, **_facts_of_status(status))
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _allowed(error: HTTPException) -> str:
    methods = sorted(getattr(error, "valid_methods", None) or ())
    return f"; {', '.join(methods)} are" if methods else ""


def _fallback(error: Exception) -> Response:
    log.exception("request failed", extra={"path": request.path})
    message = "the service failed; its log has the details under this request_id"
    return _envelope(message, type(error).__name__, 500, **_facts_of_status(500))


def _facts_of_status(status: int) -> dict[str, object]:
    known = FAILURES.get(status)
    code, retryable = (known.code, known.retryable) if known is not None else (f"http_{status}", False)
    return {"code": code, "retryable": retryable, "category": None}


def _envelope(message: str, kind: str, status: int, /, **details: object) -> Response:
    if status < 500:
        log.info("request refused", extra={"path": request.path[:200], "status": status, "reason": message[:200]})
    payload = {"success": False, "error": redact(message), "type": kind, "request_id": g.get("request_id", "")}
    return reply({**payload, **details}, status)
