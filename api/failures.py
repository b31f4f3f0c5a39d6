"""What each status means, for the OpenAPI document."""

# By status: its meaning, and the class and sentence of an example.
FAILURES: dict[int, tuple[str, str, str]] = {
    400: ("What was sent cannot be used", "InputError", "limit: got 'many', want a whole number"),
    401: ("The token is missing or not known", "Unauthorized", "token: is missing; send it in the header Authorization, after the word Bearer"),
    403: ("The token's role or the page's origin may not do this", "Forbidden", "the token has the role read, this needs write"),
    404: ("There is no such thing", "NotFoundError", "batch 'x1': not found; list them with GET /api/generate/batch/history"),
    405: ("The method is not allowed here", "MethodNotAllowed", "PATCH /api/stats: the method is not allowed here; GET, HEAD, OPTIONS are"),
    409: ("It collides with what is there", "ExistsError", "provider 'my-server': exists already; change it with PUT /api/providers/my-server"),
    413: ("The body is too large", "RequestEntityTooLarge", "body: is larger than MAX_BODY_MB allows (files: MAX_IMPORT_MB)"),
    414: ("The address is too long", "RequestLineTooLong", "the request line is longer than 8190 bytes"),
    415: ("The body is of another kind", "UnsupportedMediaType", "body: want JSON; send the header Content-Type: application/json"),
    429: ("Too many requests; Retry-After says how long to wait", "RateLimitExceeded", "too many requests: 1200 per 1 minute; wait as long as Retry-After says"),
    431: ("The headers are too large", "HeadersTooLarge", "a header is longer than 8190 bytes"),
    500: ("The service failed", "ValueError", "the service failed; its log has the details under this request_id"),
    503: ("Not now; Retry-After says when to ask again", "UnavailableError", "the service is stopping; connect again in a moment"),
    504: ("It took longer than one answer may", "TimeLimitError", "[timeout] the answer took longer than 600 s (setting ANSWER_TIMEOUT_S)"),
    507: ("No space is left on the disk", "DiskFullError", "database: no space left on the disk; free some and try again, nothing was lost"),
}  # fmt: skip
