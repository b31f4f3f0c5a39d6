"""Calls of the service, whoever makes them: what is sent, what the answer means, and when it is tried again.

Nothing is sent here; `ltp.caller` and `ltp.async_caller` do that.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, TypeGuard
from urllib.parse import quote
from uuid import uuid4

import httpx

from ltp.errors import LtpError, RefusedError, UnreachableError

# A file by its path, or open for bytes.
FileLike: TypeAlias = str | os.PathLike[str] | BinaryIO
# The service sends something at least every ten seconds while a stream is open.
STREAM_S = 45.0
# Longer than a sample or an answer may take (ANSWER_TIMEOUT_S of the service).
TIMEOUT_S = 630.0
_CONNECT_S = 5.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 5.0
# What the service asks for beyond that is for the caller to decide.
_LONGEST_WAIT_S = 60.0
# A stream is joined again for some two minutes: as long as a service may take to start.
_STREAM_TRIES = 10
_ENDS = ("done", "error")
_LAST = "[DONE]"


@dataclass(frozen=True)
class Call:
    """One call of the API.

    Attributes:
        query: Arguments; None leaves one out.
        body: Sent as JSON.
        file: Sent as a form instead.
        key: Idempotency-Key: with it a repeated request joins what the first one began.
        since: Number of the last event received.
    """

    method: str
    path: str
    query: Mapping[str, object] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    file: FileLike | None = None
    key: str = ""
    since: int | None = None

    @property
    def is_safe(self) -> bool:
        """Whether it may be repeated when nobody knows what became of it."""
        return self.method == "GET" or bool(self.key)


@dataclass(frozen=True)
class Service:
    """Where a client's service is, and how patient the client is with it."""

    base_url: str
    token: str | None = field(repr=False)
    timeout_s: float
    retries: int

    @property
    def trust_env(self) -> bool:
        """Whether proxies of the environment count: not for a service on this machine."""
        return httpx.URL(self.base_url).host not in ("127.0.0.1", "localhost", "::1")

    def arguments(self, call: "Call", read_s: float | None = None) -> dict[str, Any]:  # as httpx names and types them
        """Return what httpx is given to make *call*, whose answer may be silent for *read_s* (else `timeout_s`)."""
        headers = {"Accept": "*/*"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if call.key:
            headers["Idempotency-Key"] = call.key
        if call.since is not None:
            headers["Last-Event-ID"] = str(call.since)
        return {
            "method": call.method,
            "url": self.base_url.rstrip("/") + call.path,
            "params": {name: value for name, value in call.query.items() if value is not None},
            "headers": headers,
            "timeout": httpx.Timeout(read_s or self.timeout_s, connect=_CONNECT_S),
            **({} if call.body is None else {"json": dict(call.body)}),
        }


def is_path(file: FileLike) -> "TypeGuard[str | os.PathLike[str]]":
    """Say whether *file* is named, not open."""
    return isinstance(file, str | os.PathLike)


def new_key() -> str:
    """Return an Idempotency-Key for one call and its repetitions."""
    return uuid4().hex


def part(value: object) -> str:
    """Return *value* as a part of a path. Ids of models hold slashes, which the service takes as they are."""
    return quote(str(value), safe="/")


def events_of(run_id: str, since: int | None = None) -> Call:
    """Return the call for the events of a run: all, or those behind the number *since*."""
    return Call("GET", f"/api/runs/{part(run_id)}/events", since=since)


def check(response: httpx.Response) -> None:
    """Raise what *response*, read to its end, says went wrong."""
    if response.is_success:
        return
    try:
        body = response.json()
    except ValueError:
        body = None
    given = response.headers.get("Retry-After", "")
    told = body if isinstance(body, dict) else {"request_id": response.headers.get("X-Request-ID", "")}
    raise RefusedError(response.status_code, told, float(given) if given.isdigit() else None)


def parsed(response: httpx.Response) -> Any:  # JSON of any endpoint; the generated methods say which
    """Return the JSON of *response*; errors as `check`."""
    check(response)
    try:
        return response.json()
    except ValueError:
        raise UnreachableError(f"{response.url}: what answers there is not the service") from None


BATCHES = Call("GET", "/api/generate/batch/stream")


class Tries:
    """How often a call is tried again, and when."""

    def __init__(self, call: Call, most: int) -> None:
        self._call, self._most = call, most
        self.again()

    def again(self) -> None:
        """Count from nothing: something was received."""
        self._left, self._pause_s = self._most, _FIRST_PAUSE_S

    def wait_s(self, error: httpx.TransportError | RefusedError) -> float:
        """Return the seconds until the next try after *error*.

        Raises:
            LtpError: there is none.
        """
        pause_s = max(self._pause_s, error.retry_after_s or 0 if isinstance(error, RefusedError) else 0)
        if not self._left or not self._may_repeat(error) or pause_s > _LONGEST_WAIT_S:
            raise _told(error, self._call) from (error if isinstance(error, httpx.TransportError) else None)
        self._left -= 1
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        return pause_s

    def _may_repeat(self, error: httpx.TransportError | RefusedError) -> bool:
        if isinstance(error, RefusedError):
            # 429 is said at the door, before anything is begun.
            return error.status == 429 or (error.status == 503 and error.is_retryable and self._call.is_safe)
        never_sent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
        return never_sent or self._call.is_safe


def _told(error: httpx.TransportError | RefusedError, call: Call) -> LtpError:
    if isinstance(error, RefusedError):
        return error
    why = str(error) or type(error).__name__
    return UnreachableError(f"{call.method} {call.path}: the service does not answer ({why})")


class Place:
    """Where a stream is: what asks for its rest, and whether there is one."""

    def __init__(self, call: Call, retries: int) -> None:
        self.call = call
        self.tries = Tries(call, _STREAM_TRIES * retries)
        self.is_over = False
        self._is_run = False

    def joined(self, response: httpx.Response) -> None:
        """Note what *response*, whose head alone was read, is a stream of."""
        if run_id := response.headers.get("X-Run-ID", ""):
            self._is_run = True
            self.call = events_of(run_id, self.call.since)
        self._is_run |= self.call.path.startswith("/api/runs/")

    def taken(self, lines: list[str]) -> Iterator[Any]:  # the message's JSON
        """Yield what one message, its *lines*, says; a comment says nothing."""
        told = dict(line.split(": ", 1) for line in lines if ": " in line and line[0] != ":")
        if told.get("data") == _LAST:
            self.is_over = True
        elif "data" in told:
            if told.get("id", "").isdigit():
                self.call = replace(self.call, since=int(told["id"]))
            event = json.loads(told["data"])
            self.is_over = self._is_run and event.get("type") in _ENDS
            self.tries.again()
            yield event


@contextmanager
def opened(call: Call, arguments: dict[str, Any]) -> Iterator[dict[str, Any]]:  # as above
    """Lend *arguments* with the file of *call*, if it has one, at its beginning."""
    file = call.file
    if file is None:
        yield arguments
    elif isinstance(file, str | os.PathLike):
        with Path(file).open("rb") as source:
            yield {**arguments, "files": {"file": (Path(file).name, source)}}
    else:
        if file.seekable():
            file.seek(0)
        name = Path(str(call.query.get("name") or getattr(file, "name", "") or "file")).name
        yield {**arguments, "files": {"file": (name, file)}}


@dataclass(frozen=True)
class Saved:
    """A file that was received.

    Attributes:
        size_bytes: Its size.
        headers: What the service said of it, such as X-Left-Out and X-Data-Version of an export.
    """

    size_bytes: int
    headers: Mapping[str, str]


@contextmanager
def target(to: FileLike) -> Iterator[BinaryIO]:
    """Lend what a download is written into; a path has the whole file or what it had before."""
    if not isinstance(to, str | os.PathLike):
        yield to
        return
    path = Path(to)
    part_of = path.with_name(f"{path.name}.part")
    try:
        with part_of.open("wb") as file:
            yield file
        part_of.replace(path)
    finally:
        part_of.unlink(missing_ok=True)
