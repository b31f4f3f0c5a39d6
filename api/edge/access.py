"""Who may call: host, origin, token, role, and how often.

In this order, before any view: the host that is named (a foreign name that resolves to this
machine is DNS rebinding), the token, the limit of requests, the role that the endpoint asks
for, and for changes the origin of the page that sends them.
"""

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from flask import Flask, Response, g, request
from flask_limiter import Limiter
from werkzeug.exceptions import BadRequest, Forbidden, Unauthorized
from werkzeug.middleware.proxy_fix import ProxyFix

from api.edge.endpoint import declaration_of
from utils.access_tokens import AccessToken, Role, find_token
from utils.errors import ConfigurationError
from utils.installation import COMMAND

_SAFE = ("GET", "HEAD", "OPTIONS")
# The only paths that take their token in the query: browsers' EventSource cannot send headers.
_STREAM = re.compile(r"/api(/v1)?/(generate/batch/stream|runs/[^/]+/events)/?|/ws/query/?")
_MISSING = "is missing; send it in the header Authorization, after the word Bearer"
_UNKNOWN = f"is not known; its hash must be in API_TOKENS (`{COMMAND} tokens new` makes both)"
_API_POLICY = "default-src 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class AccessRules:
    """What is allowed.

    Attributes:
        tokens: Accepted tokens; if empty, every caller may do everything.
        hosts: Names that requests may name as their host, besides addresses; "*" for any.
        origins: Pages that may call, as regular expressions.
        rate_limit: Requests of one client, such as "1200 per minute"; "" for no limit.
        proxies: How many reverse proxies stand in front.
    """

    tokens: Sequence[AccessToken] = ()
    hosts: Sequence[str] = ()
    origins: Sequence[re.Pattern[str]] = ()
    rate_limit: str = ""
    proxies: int = 0


def guard(app: Flask, rules: AccessRules) -> None:
    """Make *app* enforce *rules*.

    Raises:
        ConfigurationError: the limit of requests cannot be read.
    """
    if rules.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, rules.proxies, rules.proxies)  # type: ignore[method-assign]  # as Flask documents it
    names = {"localhost", socket.gethostname().casefold(), *(name.casefold() for name in rules.hosts)}
    app.before_request(lambda: _check_host(names))
    app.before_request(lambda: _identify(rules.tokens))
    if rules.rate_limit:
        _limit(app, rules.rate_limit)
    if rules.tokens:
        app.before_request(_authorize)
    app.before_request(lambda: _refuse_foreign_pages(rules.origins))
    app.after_request(_protect)


def _check_host(names: set[str]) -> None:
    """Refuse a host name that is not allowed; an address cannot be rebound to another."""
    host = request.host.rpartition(":")[0] if re.search(r":\d*$", request.host) else request.host
    host = host.strip("[]").casefold().rstrip(".")
    if "*" in names or host in names or host.endswith(".localhost"):
        return
    try:
        ip_address(host)
    except ValueError:
        raise BadRequest(f"host {host[:100]!r}: is not served here; add it to ALLOWED_HOSTS") from None


def _identify(tokens: Sequence[AccessToken]) -> None:
    """Identify the token; its role is checked after the limit of requests."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if not given and _STREAM.fullmatch(request.path):
        scheme, given = "bearer", request.args.get("access_token", "")
    g.token = find_token(tokens, given.strip()) if given and scheme.casefold() == "bearer" else None
    g.gave_token = bool(given)


def _authorize() -> None:
    """Refuse a caller without a token of the role that the endpoint needs."""
    if request.method == "OPTIONS":  # a browser's preflight carries no token
        return
    declared = declaration_of(request.endpoint)
    needed = declared.role_of(request.method) if declared else _undeclared()
    token: AccessToken | None = g.token
    if needed is Role.NONE:
        return
    if token is None:
        raise Unauthorized(f"token: {_UNKNOWN if g.gave_token else _MISSING}")
    if token.role < needed:
        raise Forbidden(f"the token has the role {token.role.name.lower()}, this needs {needed.name.lower()}")


def _undeclared() -> Role:
    """The pages of the dashboard need no token; the data that they show does."""
    return Role.READ if request.path.startswith(("/api/", "/metrics")) else Role.NONE


def _refuse_foreign_pages(origins: Sequence[re.Pattern[str]]) -> None:
    """Refuse changes that a page of another site asks for; browsers send some of them without a preflight."""
    origin = request.headers.get("Origin")
    # Browsers open a WebSocket to any site, and no preflight asks first.
    if origin is None or (request.method in _SAFE and not request.headers.get("Upgrade")):
        return
    if origin != request.host_url.rstrip("/") and not any(allowed.match(origin) for allowed in origins):
        raise Forbidden(f"origin {origin[:100]!r}: not allowed to change anything; add it to CORS_ORIGINS")


def _limit(app: Flask, rate_limit: str) -> None:
    """Count requests by client in memory: the service is one process."""
    from limits import parse_many

    try:
        parse_many(rate_limit)
    except ValueError:
        raise ConfigurationError(f"RATE_LIMIT: got {rate_limit!r}, want for example '1200 per minute'") from None
    limiter = Limiter(
        _client,
        app=app,
        application_limits=[rate_limit],
        storage_uri="memory://",
        strategy="sliding-window-counter",
        headers_enabled=True,
    )
    limiter.request_filter(_is_unlimited)


def _client() -> str:
    return g.token.name if g.get("token") else request.remote_addr or "unknown"


def _is_unlimited() -> bool:
    """Whether it comes from this machine without a token, or asks for health."""
    if request.path.startswith("/api/health/"):
        return True
    try:
        return g.get("token") is None and ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _protect(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Content-Security-Policy", _API_POLICY)
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if request.path.startswith("/api"):
        headers.setdefault("Cache-Control", "no-store")
    return response
