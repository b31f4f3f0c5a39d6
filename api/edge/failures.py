"""What each status means: for answers without an `AppError` behind them, and for the OpenAPI document."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """What a status means.

    Attributes:
        meaning: A sentence for the document.
        kind: Class of an example.
        sentence: Message of an example.
        code: Stable word for programs; that of the usual error with this status.
        retryable: Whether the same call may work later.
        category: That of a model's call, of an example; None for other errors.
    """

    meaning: str
    kind: str
    sentence: str
    code: str
    retryable: bool = False
    category: str | None = None


FAILURES: dict[int, Known] = {
    400: Known("What was sent cannot be used", "InputError", "limit: got 'many', want a whole number", "input_error"),
    401: Known("The token is missing or not known", "Unauthorized", "token: is missing; send it in the header Authorization, after the word Bearer", "unauthorized"),
    403: Known("The token's role or the page's origin may not do this", "Forbidden", "the token has the role read, this needs write", "forbidden"),
    404: Known("Not found", "NotFoundError", "batch 'x1': not found; list them with GET /api/generate/batch/history", "not_found"),
    405: Known("The method is not allowed here", "MethodNotAllowed", "PATCH /api/stats: the method is not allowed here; GET, HEAD, OPTIONS are", "method_not_allowed"),
    409: Known("It conflicts with what exists", "ExistsError", "provider 'my-server': exists already; change it with PUT /api/providers/my-server", "exists"),
    413: Known("The body is too large", "RequestEntityTooLarge", "body: is larger than MAX_BODY_MB allows (files: MAX_IMPORT_MB)", "body_too_large"),
    414: Known("The address is too long", "RequestLineTooLong", "the request line is longer than 8190 bytes", "address_too_long"),
    415: Known("The body is of another kind", "UnsupportedMediaType", "body: want JSON; send the header Content-Type: application/json", "unsupported_media_type"),
    429: Known("Too many requests; Retry-After says how long to wait", "RateLimitExceeded", "too many requests: 1200 per 1 minute; wait as long as Retry-After says", "too_many_requests", True),
    431: Known("The headers are too large", "HeadersTooLarge", "a header is longer than 8190 bytes", "headers_too_large"),
    500: Known("The service failed", "ValueError", "the service failed; its log has the details under this request_id", "internal_error"),
    503: Known("Not now; Retry-After says when to ask again", "UnavailableError", "the service is stopping; connect again in a moment", "unavailable", True),
    504: Known("It took longer than one answer may", "TimeLimitError", "[timeout] the answer took longer than 600 s (setting ANSWER_TIMEOUT_S)", "time_limit", True, category="timeout"),
    507: Known("No space is left on the disk", "DiskFullError", "database: no space left on the disk; free some and try again, nothing was lost", "disk_full", True),
}  # fmt: skip
