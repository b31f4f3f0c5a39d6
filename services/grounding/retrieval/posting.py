"""Posts JSON to a server of embeddings or of reranking: with a deadline, and again where that may help."""

import logging
import time
from collections.abc import Callable, Mapping
from threading import Event

import httpx

from utils.errors import ConfigurationError, InputError, UnavailableError
from utils.redaction import redact

log = logging.getLogger(__name__)
_PASSING = frozenset((408, 429, 500, 502, 503, 504))
_REFUSED = frozenset((401, 403))
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 20.0
_TOLD = 200


def _pause(seconds: float) -> None:
    Event().wait(seconds)


class JsonPoster:
    """One server and its key; any thread may post."""

    def __init__(
        self,
        base_url: str,
        api_key: str = "",
        *,
        timeout_s: float,
        wait: Callable[[float], None] = _pause,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(headers=headers, timeout=timeout_s)
        self._base = base_url.rstrip("/")
        self._timeout_s = timeout_s
        self._wait = wait
        self._monotonic = monotonic

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def post(self, path: str, body: Mapping[str, object]) -> object:
        """Return the JSON that the server answers within the time limit, asking again while it is busy.

        Raises:
            ConfigurationError: the server refuses the key.
            InputError: it refuses the request itself.
            UnavailableError: it does not answer in time, or not with JSON.
        """
        until = self._monotonic() + self._timeout_s
        wait = _FIRST_WAIT_S
        while True:
            left = until - self._monotonic()
            response, reason = self._once(path, body, max(left, 0.01))
            if response is not None:
                return _read(response, self._base)
            pause = max(wait, reason.retry_after_s)
            if self._monotonic() + pause >= until:
                raise reason
            log.debug("server is busy, asked again", extra={"server": self._base, "wait_s": pause})
            self._wait(pause)
            wait = min(wait * 2, _LONGEST_WAIT_S)

    def _once(
        self, path: str, body: Mapping[str, object], left_s: float
    ) -> tuple[httpx.Response | None, UnavailableError]:
        """Return the answer, or None and why it is worth asking again."""
        try:
            response = self._client.post(f"{self._base}{path}", json=body, timeout=left_s)
        except httpx.HTTPError as error:
            return None, UnavailableError(f"{self._base}: does not answer ({error or type(error).__name__})", 0.0)
        if response.status_code not in _PASSING:
            return response, UnavailableError("")
        told = response.headers.get("retry-after", "")
        after = float(told) if told.replace(".", "", 1).isdigit() else 0.0
        return None, UnavailableError(f"{self._base}: busy (status {response.status_code})", after)


def _read(response: httpx.Response, server: str) -> object:
    if response.status_code in _REFUSED:
        raise ConfigurationError(f"{server}: refuses the key (status {response.status_code}); check it in the settings")
    if response.status_code >= 400:
        told = redact(response.text[:_TOLD].strip())
        raise InputError(f"{server}: refuses the request (status {response.status_code}): {told}")
    try:
        return response.json()
    except ValueError:
        raise UnavailableError(f"{server}: answered no JSON; check that the address is that of the API") from None
