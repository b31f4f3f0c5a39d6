"""The client for asyncio. The same as `ltp.client`, line by line."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

import httpx

from ltp import types
from ltp.async_caller import AsyncCaller
from ltp.async_operations import Operations
from ltp.calls import BATCHES, TIMEOUT_S, Service, events_of
from ltp.waiting import Deadline, batch_in, ended_batch, ended_run, has_ended


class AsyncClient(Operations):
    """A client of the service at *base_url*; the API's groups of operations are its attributes. For one event loop.

    Close it, or use it in an `async with`. Every method raises `LtpError`: `RefusedError` where the service refuses,
    `UnreachableError` where it does not answer.
    """

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:5001",
        token: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        retries: int = 3,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        """Make a client; nothing is asked yet.

        Args:
            base_url: Where the service is, without /api.
            token: Token of the API, where the service has tokens.
            timeout_s: How long an answer may let one wait; the default is longer than the service's own limit.
            retries: How often a call is repeated that was refused at the door (429), never reached the service, or
                may be made twice; a stream is joined again up to ten times as often.
            http: Sends the requests, instead of one made here; who gives it closes it.
        """
        service = Service(base_url, token, timeout_s, retries)
        self._owned = httpx.AsyncClient(trust_env=service.trust_env) if http is None else None
        self._caller = AsyncCaller(http or cast("httpx.AsyncClient", self._owned), service, self.pause)
        super().__init__(self._caller)

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._owned is not None:
            await self._owned.aclose()

    async def pause(self, seconds: float) -> None:
        """Wait between two tries; a subclass may do something else meanwhile."""
        await asyncio.sleep(seconds)

    async def follow_batch(self, batch_id: str, timeout_s: float | None = None) -> AsyncGenerator[types.Batch, None]:
        """Yield the batch as it is and at every change until it has ended, over broken connections too.

        Raises:
            TooLateError: *timeout_s* passed, which is looked at every ten seconds at least; it goes on.
        """
        deadline = Deadline(f"batch {batch_id}", timeout_s)
        batch = cast("types.Batch", await self.batches.status(batch_id=batch_id))  # of one batch it is no other type
        yield batch
        async with aclosing(self._caller.events(BATCHES, deadline.check)) as messages:
            while not has_ended(batch):
                told = batch_in(await anext(messages), batch_id)
                if told is not None:
                    batch = told
                    yield batch

    async def wait_for_batch(self, batch_id: str, timeout_s: float | None = None) -> types.Batch:
        """Return the batch when it has ended, also one that was stopped; a paused one is waited for.

        Raises:
            RunFailedError: it failed.
            TooLateError: as `follow_batch`.
        """
        async for batch in self.follow_batch(batch_id, timeout_s):
            last = batch
        return ended_batch(last)

    async def wait_for_run(self, run_id: str, timeout_s: float | None = None) -> types.RunFacts:
        """Return the run, with its `result`, when it is done: a job, a query, a sample.

        Raises:
            RunFailedError: it ended with an error, or was cancelled.
            TooLateError: as `follow_batch`.
        """
        async for _ in self._caller.events(events_of(run_id), Deadline(f"run {run_id}", timeout_s).check):
            pass
        return ended_run((await self.runs.get(run_id))["run"])
