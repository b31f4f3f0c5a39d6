"""Shared by the adapters that post JSON through their vendor's client and read the raw answer themselves.

The clients' own models return a string for HTML, drop what they do not know, or raise for what we can still use.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from importlib import import_module
from typing import Any, Protocol

import orjson

from services.llm.adapters.base import BaseLLMProvider, Completion
from services.llm.adapters.transport import Response, connections, transports
from services.llm.adapters.wire import Wire

# Reads an answer as it is written: its lines, and its headers in lower case.
Reader = Callable[[Iterator[str], Mapping[str, str]], Completion]


class Opened(Protocol):
    """An answer that is being written, as the clients give it."""

    @property
    def headers(self) -> Mapping[str, str]:
        """What came before it."""

    def iter_lines(self) -> Iterator[str]:
        """Yield its lines as they come."""


class PostingProvider(BaseLLMProvider):
    """Base of the adapters whose client can post to a path (those that Stainless generates)."""

    http_library = "httpx"
    _wire: Wire | None = None

    def _http_client(self) -> Any:  # each vendor wants that of its own library
        """Return the HTTP client for the vendor's client, whose requests `Wire` then makes as that one does."""
        self._wire = Wire(transports(self.http_library, self.config), self.http_library)
        arguments = connections(self.http_library, self.config, transport=self._wire)
        return import_module(self.http_library).Client(**arguments)

    def _post(  # a client of whichever vendor
        self, client: Any, path: str, body: Mapping[str, object], timeout_s: float
    ) -> Response:
        """Post by the client's general method, at half the CPU: its typed one walks through every message."""
        content = orjson.dumps(body)

        def by_client() -> Response:
            response: Response = client.post(
                path,
                cast_to=import_module(self.http_library).Response,
                content=content,
                options={"timeout": timeout_s},
            )
            return response

        return self._wire.post(by_client, timeout_s, content) if self._wire is not None else by_client()

    def _listen(self, opened: AbstractContextManager[Opened], read: Reader) -> Completion:
        """Have *read* read an answer as it is written; the client's own pieces drop what some vendors send."""
        with ExitStack() as held:
            response = held.enter_context(opened)
            lines = response.iter_lines()
            answer = read(lines, lower(response.headers))
            ended = held.pop_all()
        # A connection is used again only if its answer was read to the end, which some servers are slow to write.
        self._threads.afterwards(lambda: _read_out(lines, ended))
        return answer


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    """Return *headers* with their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}


def _read_out(lines: Iterator[str], ended: ExitStack) -> None:
    """Read what follows the last piece of an answer, and let go of its connection."""
    with ended:
        deque(lines, maxlen=0)
