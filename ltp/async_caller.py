"""Makes calls; asyncio goes on with others while they wait. The same as `ltp.caller`, line by line."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from ltp.calls import STREAM_S, Call, FileLike, Place, Saved, Service, Tries, check, is_path, opened, parsed, target
from ltp.errors import RefusedError

_PIECE = 1 << 20


class AsyncCaller:
    """Makes the calls of one client, in one event loop."""

    def __init__(self, http: httpx.AsyncClient, service: Service, pause: Callable[[float], Awaitable[object]]) -> None:
        self._http, self._service, self._pause = http, service, pause

    async def json(self, call: Call) -> Any:  # JSON of any endpoint; the generated methods say which
        """Return the JSON that answers *call*; errors as `LtpError`."""
        return parsed(await self._answer(call))

    async def text(self, call: Call) -> str:
        """Return the text that answers *call*."""
        return (await self._answer(call)).text

    async def save(self, call: Call, to: FileLike) -> Saved:
        """Write the file that answers *call* to *to*."""
        # What was written into a file of the caller's cannot be taken back.
        tries = Tries(call, self._service.retries if is_path(to) else 0)
        while True:
            try:
                size = 0
                with target(to) as file:
                    async with self._stream(call) as response:
                        async for piece in response.aiter_bytes(_PIECE):
                            size += file.write(piece)
                return Saved(size, dict(response.headers))
            except (httpx.TransportError, RefusedError) as error:
                await self._pause(tries.wait_s(error))

    async def pages(self, call: Call, items: str, by: str) -> AsyncIterator[Any]:  # what the pages list; as above
        """Yield the *items* of each page; the argument *by* leads to the next."""
        offset = 0
        while True:
            page = await self.json(call)
            for item in page[items]:
                yield item
            offset += len(page[items])
            following = (offset if page[items] else None) if by == "offset" else page[f"next_{by}"]
            if following is None:
                return
            call = Call(call.method, call.path, {**call.query, by: following})

    # The messages are JSON, as above.
    async def events(self, call: Call, look: Callable[[], None] = lambda: None) -> AsyncGenerator[Any, None]:
        """Yield the messages of a stream; one that breaks off is joined again behind the last message.

        *look* is called at every line, of which the service sends one at least every ten seconds.
        """
        place = Place(call, self._service.retries)
        while True:
            error: httpx.TransportError | RefusedError = httpx.RemoteProtocolError("the stream ended")
            try:
                async with self._stream(place.call, STREAM_S) as response:
                    place.joined(response)
                    lines: list[str] = []
                    async for line in response.aiter_lines():
                        look()
                        if line:
                            lines.append(line)
                            continue
                        for event in place.taken(lines):
                            yield event
                        lines = []
                        if place.is_over:
                            return
            except (httpx.TransportError, RefusedError) as broken:
                error = broken
            await self._pause(place.tries.wait_s(error))

    async def _answer(self, call: Call) -> httpx.Response:
        tries = Tries(call, self._service.retries)
        while True:
            try:
                with opened(call, self._service.arguments(call)) as arguments:
                    response = await self._http.request(**arguments)
                check(response)
                return response
            except (httpx.TransportError, RefusedError) as error:
                await self._pause(tries.wait_s(error))

    @asynccontextmanager
    async def _stream(self, call: Call, read_s: float | None = None) -> AsyncIterator[httpx.Response]:
        """Lend an answer whose body is still to be read; errors as `check`."""
        async with self._http.stream(**self._service.arguments(call, read_s)) as response:
            if not response.is_success:
                await response.aread()
                check(response)
            yield response
