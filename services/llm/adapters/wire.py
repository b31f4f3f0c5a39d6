"""Makes requests as the vendor's client makes them, without its own cost of each.

The client builds the first request; its address and headers are kept, and the next ones differ by their body alone.
What is no success is handed to the client as if it had made the request itself: errors, their types and what is read
out of them stay its own. A client spends more on building and reading a request than the HTTP library on making it.
Cookies, which no vendor needs, are not sent back.

The library's pool looks at every connection at the beginning and at the end of each request, which for 64 costs as much
as the request. So every request under way has a pool of its own, the one that ended last used first; a pool that was
not needed for long is closed.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module

from services.llm.adapters.transport import IDLE_S, Request, Response, Transport

_MOST_SHAPES = 8
_REFUSED_FROM = 300


@dataclass(frozen=True, slots=True)
class _Shape:
    """A request without its body."""

    url: object
    headers: list[tuple[bytes, bytes]]
    extensions: Mapping[str, object]


@dataclass(slots=True)
class _Pool:
    """A transport with a connection of its own, and when its last request ended."""

    transport: Transport
    ended: float = 0.0


class Wire:
    """A transport for a vendor's client, which also makes requests by itself. Thread-safe."""

    def __init__(self, make: Callable[[], Transport], library: str) -> None:
        """Call by the transports that *make* returns, of *library* ("httpx" or "httpx2"), each with its own pool."""
        self._make = make
        self._pools: list[_Pool] = []
        self._idle: list[_Pool] = []  # the one that ended last is the last
        self._choosing = threading.Lock()
        self._request = import_module(library).Request
        self._shapes: dict[float, _Shape] = {}
        self._now = threading.local()

    def post(self, by_client: Callable[[], Response], timeout_s: float, content: bytes) -> Response:
        """Post *content* to where the client posts it.

        Args:
            by_client: Has the client post it; always to the same address, and with the same headers.
            timeout_s: How long the client waits for each step, in seconds.
            content: The body.

        Raises:
            Exception: what the client makes of a failure.
        """
        shape = self._shapes.get(timeout_s)
        if shape is None:
            return self._with(by_client, learning=timeout_s)
        headers, extensions = shape.headers, dict(shape.extensions)
        request = self._request("POST", shape.url, headers=headers, content=content, extensions=extensions)
        failure: object
        try:
            with self._pool() as transport:
                response: Response = transport.handle_request(request)
                if response.status_code < _REFUSED_FROM:
                    response.read()
                    response.close()
                    return response
            failure = response
        except Exception as error:  # noqa: BLE001  # whatever it is: the client says what it means
            failure = error
        return self._with(by_client, failure=failure)

    def handle_request(self, request: Request) -> Response:
        """Make a request of the client; or give it the answer to it that is there already."""
        failure: Response | Exception | None = getattr(self._now, "failure", None)
        if isinstance(failure, Exception):
            raise failure
        if failure is not None:
            return failure
        timeout_s = getattr(self._now, "learning", None)
        if timeout_s is not None and len(self._shapes) < _MOST_SHAPES:
            headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"content-length"]
            self._shapes[timeout_s] = _Shape(request.url, headers, dict(request.extensions))
        with self._pool() as transport:
            return transport.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        with self._choosing:
            for pool in self._pools:
                pool.transport.close()

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @contextmanager
    def _pool(self) -> Iterator[Transport]:
        """Lend a pool that is not busy."""
        with self._choosing:
            if self._idle:
                pool = self._idle.pop()
            else:
                pool = _Pool(self._make())
                self._pools.append(pool)
            unused = self._unused()
        try:
            for one in unused:
                one.transport.close()
            yield pool.transport
        finally:
            pool.ended = time.monotonic()
            with self._choosing:
                self._idle.append(pool)

    def _unused(self) -> list[_Pool]:
        """Take out the pools that nobody needed for long."""
        unused, since = [], time.monotonic() - IDLE_S
        while self._idle and self._idle[0].ended < since:
            unused.append(self._idle.pop(0))
            self._pools.remove(unused[-1])
        return unused

    def _with(self, by_client: Callable[[], Response], **now: object) -> Response:
        """Have the client post, in this thread, with *now* known to `handle_request`."""
        vars(self._now).update(now)
        try:
            return by_client()
        finally:
            vars(self._now).clear()
