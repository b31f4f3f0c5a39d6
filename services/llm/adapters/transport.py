"""The connections of every adapter: no redirect is followed, and addresses from the network are checked when called.

The vendors' clients follow redirects by themselves, so that a server could send the
service anywhere, even into its own network. And a name that was checked when it was set may
lead elsewhere later: for an address that came over the API the name is looked up at every
connection, each address found is checked, and that very address is connected to. TLS and the
header Host keep the name.

Two generations of the HTTP library are in use (httpx, httpx2), alike in what is used here.
Where the environment names a proxy (HTTPS_PROXY, NO_PROXY), the proxy looks names up and decides
what may be reached.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from services.llm.adapters.base import ProviderConfig
from utils.addresses import AddressRule
from utils.errors import InputError, ProviderConnectionError

CONNECT_TIMEOUT_S = 5.0
# One pool for each provider, and room in it for all that may be called at once: batches, single samples, chats.
# Idle ones are ended by age alone: the library ends any idle one while more are open than may be idle.
_MAX_CONNECTIONS = 1024
# Shorter than the minute after which most servers and proxies end an idle connection.
IDLE_S = 55.0
# What the clients add from the environment (OPENAI_ORG_ID, GROQ_CUSTOM_HEADERS, …) is for the vendor's own address.
_SENT = (
    "accept",
    "anthropic-version",
    "connection",
    "content-",
    "host",
    "transfer-",
    "user-agent",
    "webhook-",
    "x-litellm-",
    "x-stainless-",
)
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")


class Headers(Protocol):
    """Headers of a request, in either generation of the library."""

    @property
    def raw(self) -> list[tuple[bytes, bytes]]:
        """Names and values as they are sent."""

    def __iter__(self) -> Iterator[str]: ...
    def __delitem__(self, name: str, /) -> None: ...

    def update(self, headers: Mapping[str, str], /) -> None:
        """Set *headers*."""


class Request(Protocol):
    """A request of either generation of the library."""

    @property
    def url(self) -> object:
        """Where it goes."""

    @property
    def headers(self) -> Headers:
        """What goes before its body."""

    @property
    def extensions(self) -> Mapping[str, object]:
        """What the library is told beside it: how long to wait."""


class Response(Protocol):
    """An answer of either generation of the library."""

    status_code: int

    @property
    def headers(self) -> Mapping[str, str]:
        """What came before its body."""

    @property
    def content(self) -> bytes:
        """Its body, once it was read."""

    def read(self) -> bytes:
        """Read the whole body."""

    def close(self) -> None:
        """Give the connection back."""


class Transport(Protocol):
    """What makes requests, in either generation of the library."""

    def handle_request(self, request: Request, /) -> Response:
        """Make one request."""

    def close(self) -> None:
        """Close the connections."""


class _Inner(Transport, Protocol):
    def __enter__(self) -> object: ...
    def __exit__(self, *error: object) -> object: ...


class _Network(Protocol):
    """What opens the connections of a transport."""

    def connect_tcp(self, host: str, port: int, *args: object, **options: object) -> object: ...
    def sleep(self, seconds: float) -> None: ...


def transports(
    library: str, config: ProviderConfig, key_headers: Mapping[str, str] | None = None
) -> "Callable[[], Door]":
    """Return what makes transports to the address of *config*, each with connections of its own.

    All share one TLS context: to make one takes 20 ms of CPU and a megabyte.

    Args:
        library: "httpx" or "httpx2"; new adapters take httpx2.
        config: Where to call, with which key.
        key_headers: The headers that carry the key, in lower case; None for a bearer token, {} for no key.
    """
    # openai takes names from `sys.modules["httpx"]` before and after each call: a thread just importing it would
    # make a paid answer an AttributeError (findings/openai-meets-httpx-half-imported.sh).
    import_module("httpx")
    http = import_module(library)
    if key_headers is None:
        key_headers = {"authorization": f"Bearer {config.api_key}"} if config.api_key else {}
    sent = None if config.rule is None else key_headers
    context, proxy = http.create_ssl_context(), _proxy(config.base_url)
    limits = http.Limits(max_connections=_MAX_CONNECTIONS, max_keepalive_connections=None, keepalive_expiry=IDLE_S)

    def make() -> Door:
        inner = http.HTTPTransport(verify=context, limits=limits, proxy=proxy)
        if config.rule is not None and proxy is None:
            core = import_module(library.replace("httpx", "httpcore"))
            inner._pool.close()
            # The library has no argument for it.
            inner._pool = core.ConnectionPool(
                ssl_context=context,
                max_connections=limits.max_connections,
                max_keepalive_connections=limits.max_keepalive_connections,
                keepalive_expiry=limits.keepalive_expiry,
                network_backend=PinnedBackend(
                    core.SyncBackend(), config.rule, (core.ConnectError, core.ConnectTimeout)
                ),
            )
        return Door(inner, sent)

    return make


def connections(
    library: str,
    config: ProviderConfig,
    key_headers: Mapping[str, str] | None = None,
    transport: object = None,
) -> dict[str, object]:
    """Return the arguments of a client of *library* that calls the address of *config*, by *transport* if given.

    The others are those of `transports`.
    """
    return {
        "transport": transport or transports(library, config, key_headers)(),
        "follow_redirects": False,
        "timeout": import_module(library).Timeout(config.timeout_s, connect=CONNECT_TIMEOUT_S),
    }


def http_client(
    library: str, config: ProviderConfig, key_headers: Mapping[str, str] | None = None
) -> Any:  # each vendor wants that of its own library
    """Return a client of *library* with `connections`."""
    return import_module(library).Client(**connections(library, config, key_headers))


class Door:
    """A transport that answers a redirect with an error. Thread-safe."""

    def __init__(self, inner: _Inner, foreign_headers: Mapping[str, str] | None) -> None:
        """Call by *inner*; to an address from the network go the headers of the call and these; None elsewhere."""
        self._inner = inner
        self._foreign_headers = foreign_headers

    def handle_request(self, request: Request) -> Response:
        """Make one request; ProviderConnectionError when the answer leads elsewhere."""
        if self._foreign_headers is not None:
            for name in [name for name in request.headers if not name.startswith(_SENT)]:
                del request.headers[name]
            request.headers.update(self._foreign_headers)
        response = self._inner.handle_request(request)
        if 300 <= response.status_code < 400:
            response.close()
            raise ProviderConnectionError(_redirected(response), status=response.status_code)
        return response

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

    def __enter__(self) -> "Door":
        self._inner.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._inner.__exit__(*error)


class PinnedBackend:
    """Connects to the addresses that were checked, and to no other. Thread-safe."""

    def __init__(self, inner: _Network, rule: AddressRule, unreachable: tuple[type[Exception], ...]) -> None:
        """Connect by *inner*, which raises one of *unreachable* when an address cannot be reached."""
        self._inner = inner
        self._rule = rule
        self._unreachable = unreachable

    def connect_tcp(self, host: str, port: int, *args: object, **options: object) -> object:
        """Connect to the first address of *host* that answers; ProviderConnectionError when one must not be called."""
        try:
            *others, last = self._rule.addresses(host)
        except InputError as error:
            raise ProviderConnectionError(str(error)) from None
        for address in others:
            try:
                return self._inner.connect_tcp(address, port, *args, **options)
            except self._unreachable:
                continue
        return self._inner.connect_tcp(last, port, *args, **options)

    def connect_unix_socket(self, *_args: object, **_options: object) -> object:
        """Refuse: no provider is reached by a file."""
        raise ProviderConnectionError("a socket file is no address of a provider")

    def sleep(self, seconds: float) -> None:
        """Wait between tries of a connection."""
        self._inner.sleep(seconds)


def _proxy(base_url: str) -> str | None:
    """Return the proxy that the environment names for *base_url*."""
    parts = urlsplit(base_url)
    if parts.hostname in _THIS_MACHINE:
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _redirected(response: Response) -> str:
    """Describe a redirect: its host and status, not the rest of the address."""
    try:
        host = urlsplit(response.headers.get("location", "")).hostname or ""
    except ValueError:
        host = ""
    to = f" to {host}" if _HOST.fullmatch(host) else ""
    return (
        f"the answer is a redirect{to} (status {response.status_code}), and none is followed;"
        " set the address that answers by itself"
    )
