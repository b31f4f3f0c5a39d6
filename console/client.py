"""Talks to a running service over its REST API, as any other client does."""

import json
import time
from collections.abc import Iterator
from typing import Any

import requests

from utils.errors import AppError, UnavailableError

_CONNECT_S = 5
# Longer than the heartbeat, so that silence means a dead server.
_STREAM_S = 45
_GENERATE_S = 1800
_AGAIN_S = 1.0


class RequestRefusedError(AppError):
    """The service answered with an error; the message is its own sentence."""

    code = "request_refused"


class Client:
    """The service at one address."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        # A proxy for the outside has no business with a service on this machine.
        self._session.trust_env = False

    def answers(self) -> bool:
        """True when a service of ours answers there."""
        try:
            response = self._session.get(f"{self.url}/api/health", timeout=_CONNECT_S)
            return bool(response.json().get("status") == "healthy")
        except (requests.RequestException, ValueError, AttributeError):
            return False

    def get(self, path: str, **query: object) -> Any:
        """GET *path* below /api and return the JSON."""
        return self._json("GET", path, params=query, timeout=60)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """POST *body* to *path* below /api and return the JSON."""
        return self._json("POST", path, json=body, timeout=(_CONNECT_S, _GENERATE_S))

    def follow(self, batch_id: str) -> Iterator[dict[str, Any]]:
        """Yield the batch object at every change until the batch has ended."""
        while True:
            try:
                for batch in self._stream(batch_id):
                    yield batch
                    if not batch["running"]:
                        return
            except requests.RequestException:
                # The stream broke; ask directly, which also says when the service is gone.
                time.sleep(_AGAIN_S)
                batch = self.get("generate/batch/status", batch_id=batch_id)
                yield batch
                if not batch["running"]:
                    return

    def _stream(self, batch_id: str) -> Iterator[dict[str, Any]]:
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

    def _json(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            response = self._session.request(method, f"{self.url}/api/{path}", **arguments)
            body = response.json()
        except (requests.RequestException, ValueError) as error:
            raise UnavailableError(f"{self.url}: the service does not answer ({type(error).__name__})") from None
        if not response.ok:
            raise RequestRefusedError(str(body.get("error", response.status_code)))
        return body
