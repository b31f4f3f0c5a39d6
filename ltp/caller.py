"""Makes calls, and waits for their answers."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from ltp.calls import STREAM_S, Call, FileLike, Place, Saved, Service, Tries, check, is_path, opened, parsed, target
from ltp.errors import RefusedError

_PIECE = 1 << 20


class Caller:
    """Makes the calls of one client. Thread-safe, as httpx is."""

    def __init__(self, http: httpx.Client, service: Service, pause: Callable[[float], None]) -> None:
        self._http, self._service, self._pause = http, service, pause

    def json(self, call: Call) -> Any:  # JSON of any endpoint; the generated methods say which
        """Return the JSON that answers *call*; errors as `LtpError`."""
        return parsed(self._answer(call))

    def text(self, call: Call) -> str:
        """Return the text that answers *call*."""
        return self._answer(call).text

    def save(self, call: Call, to: FileLike) -> Saved:
        """Write the file that answers *call* to *to*."""
        # What was written into a file of the caller's cannot be taken back.
        tries = Tries(call, self._service.retries if is_path(to) else 0)
        while True:
            try:
                with target(to) as file, self._stream(call) as response:
                    size = sum(file.write(piece) for piece in response.iter_bytes(_PIECE))
                return Saved(size, dict(response.headers))
            except (httpx.TransportError, RefusedError) as error:
                self._pause(tries.wait_s(error))

    def pages(self, call: Call, items: str, by: str) -> Iterator[Any]:  # what the pages list; as above
        """Yield the *items* of each page; the argument *by* leads to the next."""
        offset = 0
        while True:
            page = self.json(call)
            yield from page[items]
            offset += len(page[items])
            following = (offset if page[items] else None) if by == "offset" else page[f"next_{by}"]
            if following is None:
                return
            call = Call(call.method, call.path, {**call.query, by: following})

    # The messages are JSON, as above.
    def events(self, call: Call, look: Callable[[], None] = lambda: None) -> Generator[Any, None, None]:
        """Yield the messages of a stream; one that breaks off is joined again behind the last message.

        *look* is called at every line, of which the service sends one at least every ten seconds.
        """
        place = Place(call, self._service.retries)
        while True:
            error: httpx.TransportError | RefusedError = httpx.RemoteProtocolError("the stream ended")
            try:
                with self._stream(place.call, STREAM_S) as response:
                    place.joined(response)
                    lines: list[str] = []
                    for line in response.iter_lines():
                        look()
                        if line:
                            lines.append(line)
                            continue
                        yield from place.taken(lines)
                        lines = []
                        if place.is_over:
                            return
            except (httpx.TransportError, RefusedError) as broken:
                error = broken
            self._pause(place.tries.wait_s(error))

    def _answer(self, call: Call) -> httpx.Response:
        tries = Tries(call, self._service.retries)
        while True:
            try:
                with opened(call, self._service.arguments(call)) as arguments:
                    response = self._http.request(**arguments)
                check(response)
                return response
            except (httpx.TransportError, RefusedError) as error:
                self._pause(tries.wait_s(error))

    @contextmanager
    def _stream(self, call: Call, read_s: float | None = None) -> Iterator[httpx.Response]:
        """Lend an answer whose body is still to be read; errors as `check`."""
        with self._http.stream(**self._service.arguments(call, read_s)) as response:
            if not response.is_success:
                response.read()
                check(response)
            yield response
