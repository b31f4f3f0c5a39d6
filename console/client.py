"""Talks to a running service over its REST API, as any other client does."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import requests

from utils.errors import AppError, UnavailableError

if TYPE_CHECKING:
    from models.contract.answers.batches import Batch

_CONNECT_S = 5
# Longer than the heartbeat, so that silence means a dead server.
_STREAM_S = 45
_GENERATE_S = 1800
_AGAIN_S = 1.0
_FINAL = ("completed", "stopped", "failed")
_ENDS = ("done", "error")
# JSON whose fields go by its type.
Event: TypeAlias = Mapping[str, Any]
_RUN = (_CONNECT_S, _STREAM_S)
# A service that is started again is there within that.
_PATIENCE_S = 60.0


class RequestRefusedError(AppError):
    """The service answered with an error; the message is the service's.

    Attributes:
        answer: The whole answer.
    """

    code = "request_refused"

    def __init__(self, message: str, answer: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.answer = answer or {}


class Upload(Protocol):
    """A file of known length that is read while it is sent."""

    def __len__(self) -> int:
        """Return its size in bytes."""

    def read(self, size: int = -1) -> bytes:
        """Read the next piece."""


class Client:
    """The service at one address."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"
        # A service on this machine is not reached through a proxy.
        self._session.trust_env = False

    def answers(self) -> bool:
        """True if the service answers there."""
        try:
            response = self._session.get(f"{self.url}/api/health/live", timeout=_CONNECT_S)
            return bool(response.json().get("status") == "alive")
        except (requests.RequestException, ValueError, AttributeError):
            return False

    def get(self, path: str, **query: object) -> Any:  # JSON of any endpoint
        """GET *path* below /api and return the JSON."""
        return self._json("GET", path, params=query, timeout=60)

    def post(self, path: str, body: Mapping[str, object]) -> Any:  # as above
        """POST *body* to *path* below /api and return the JSON."""
        return self._json("POST", path, json=body, timeout=(_CONNECT_S, _GENERATE_S))

    def delete(self, path: str) -> Any:  # as above
        """DELETE *path* below /api and return the JSON."""
        return self._json("DELETE", path, timeout=60)

    def upload(self, path: str, source: Upload, **query: object) -> Any:  # as above
        """POST the file *source* to *path* below /api, as it is read, and return the JSON."""
        headers = {"Content-Type": "application/octet-stream"}
        return self._json("POST", path, data=source, params=query, headers=headers, timeout=(_CONNECT_S, _GENERATE_S))

    def download(self, path: str, received: Callable[[bytes], object], **query: object) -> Mapping[str, str]:
        """GET *path* below /api as a file, a piece at a time; return the headers."""
        arguments: dict[str, Any] = {"params": query, "stream": True, "timeout": (_CONNECT_S, _GENERATE_S)}  # as there
        try:
            with self._session.get(f"{self.url}/api/{path}", **arguments) as response:
                if not response.ok:
                    body = response.json()
                    raise RequestRefusedError(str(body.get("error", response.status_code)), body)
                for piece in response.iter_content(1 << 20):
                    received(piece)
                return response.headers
        except (requests.RequestException, ValueError) as error:
            raise UnavailableError(f"{self.url}: the service does not answer ({type(error).__name__})") from None

    def follow(self, batch_id: str) -> "Iterator[Batch]":
        """Yield the batch object at every change until the batch has ended."""
        while True:
            try:
                for batch in self._stream(batch_id):
                    yield batch
                    if batch["status"] in _FINAL:
                        return
            except requests.RequestException:
                # The stream broke; ask directly, which also says when the service is gone.
                time.sleep(_AGAIN_S)
                batch = self.get("generate/batch/status", batch_id=batch_id)
                yield batch
                if batch["status"] in _FINAL:
                    return

    def run(self, path: str, body: Mapping[str, object]) -> Iterator[Event]:
        """POST *body* to *path* below /api, and yield the events of the run that it begins.

        A connection that breaks off is made again, and the run goes on behind the last event.

        Raises:
            RequestRefusedError: it was refused.
            UnavailableError: the service does not answer any more.
        """
        run_id, last = "", 0
        try:
            with self._session.post(f"{self.url}/api/{path}", json=body, stream=True, timeout=_RUN) as response:
                _check(response)
                run_id = response.headers["X-Run-ID"]
                for number, event in _events(response):
                    last = number
                    yield event
                    if event["type"] in _ENDS:
                        return
        except requests.RequestException as error:
            if not run_id:
                raise UnavailableError(f"{self.url}: the service does not answer ({type(error).__name__})") from None
        yield from self._resumed(run_id, last)

    def _resumed(self, run_id: str, last: int) -> Iterator[Event]:
        gone_s = 0.0
        while True:
            time.sleep(_AGAIN_S)
            url, since = f"{self.url}/api/runs/{run_id}/events", {"Last-Event-ID": str(last)}
            try:
                with self._session.get(url, headers=since, stream=True, timeout=_RUN) as response:
                    _check(response)
                    for number, event in _events(response):
                        last, gone_s = number, 0.0
                        yield event
                        if event["type"] in _ENDS:
                            return
            except requests.RequestException as error:
                gone_s += _AGAIN_S
                if gone_s > _PATIENCE_S:
                    raise UnavailableError(f"{self.url}: the service is gone ({type(error).__name__})") from None

    def _stream(self, batch_id: str) -> "Iterator[Batch]":
        url = f"{self.url}/api/generate/batch/stream"
        with self._session.get(url, stream=True, timeout=(_CONNECT_S, _STREAM_S)) as response:
            response.raise_for_status()
            for line in response.iter_lines():
                if not line.startswith(b"data: "):
                    continue
                message = json.loads(line[6:])
                if message["type"] == "all_batches" and batch_id in message["batches"]:
                    yield message["batches"][batch_id]
                elif message.get("batch_id") == batch_id:
                    yield message["batch"]

    def _json(self, method: str, path: str, **arguments: Any) -> Any:  # what requests takes; as above
        try:
            response = self._session.request(method, f"{self.url}/api/{path}", **arguments)
            body = response.json()
        except (requests.RequestException, ValueError) as error:
            raise UnavailableError(f"{self.url}: the service does not answer ({type(error).__name__})") from None
        if not response.ok:
            raise RequestRefusedError(str(body.get("error", response.status_code)), body)
        return body


def _check(response: requests.Response) -> None:
    if not response.ok:
        try:
            body = response.json()
        except ValueError:
            raise UnavailableError(f"{response.url}: answered {response.status_code}") from None
        raise RequestRefusedError(str(body.get("error", response.status_code)), body)


def _events(response: requests.Response) -> Iterator[tuple[int, Event]]:
    """Yield the numbered events of a stream."""
    number = 0
    for line in response.iter_lines():
        if line.startswith(b"id: "):
            number = int(line[4:])
        elif line.startswith(b"data: {"):
            yield number, json.loads(line[6:])
