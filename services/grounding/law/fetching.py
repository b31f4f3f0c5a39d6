"""Fetches texts from the official services: one request at a time, slowly, never twice what has not changed.

What came is kept with its marks (ETag, Last-Modified), so that a service is only asked whether it changed; a large
transfer that broke off goes on where it was. Redirects are followed within the service alone.
"""

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from services.grounding.law.answers import begins_at, choice, is_same_service, start, wait_of
from services.grounding.law.kept import Marks, forget_marks, keep_marks, marks_of, place_of, tidy
from services.grounding.law.sources import Ask, Packing, Wanted
from services.grounding.law.unpacking import unpack
from utils.cancellation import CancelToken
from utils.errors import CancelledError, InputError, NotFoundError, UnavailableError

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)
_AGENT = "Legal-Training-Platform (adds single texts of law on request; one request at a time)"
_TIMEOUT_S = 60.0
_TRIES = 8
_MOST_REDIRECTS = 8
_LATER = (202, 425, 429, 500, 502, 503, 504)
_NOT_SO = (300, 404, 406, 410, 415)
_HTML = re.compile(rb"\s*(?:<!doctype html|<html)", re.I)


@dataclass(frozen=True, slots=True)
class Limits:
    """What fetching may cost.

    Attributes:
        most_bytes: Of one text, as it comes and unpacked.
        most_kept: Of all that is kept to ask whether it changed.
        pause_s: Between two requests.
    """

    most_bytes: int
    most_kept: int = 1 << 30
    pause_s: float = 1.0


class Fetcher:
    """Fetches into one folder. Thread-safe: requests wait for each other."""

    def __init__(self, folder: Path, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder = folder
        self._limits = limits
        self._clock = clock
        self._one_at_a_time = threading.Lock()
        self._next = 0.0

    @contextmanager
    def fetched(self, what: Wanted, token: CancelToken | None = None) -> Iterator[Path]:
        """Lend the file with the text, unpacked.

        Raises:
            NotFoundError: the service has no such text.
            InputError: it is too large, or not what was asked for.
            UnavailableError: the service cannot be reached, or is busy for longer than one waits.
            CancelledError: *token* was cancelled.
        """
        token = token or CancelToken()
        with self._one_at_a_time:
            self.folder.mkdir(parents=True, exist_ok=True)
            path, ask = self._any(what, token)
            if ask.packing is Packing.NONE:
                _check(path, what)
                yield path
                return
            target = path.with_suffix(".unpacked")
            try:
                unpack(path, ask.packing, target, self._limits.most_bytes, what.told.name)
                yield target
            finally:
                target.unlink(missing_ok=True)
                tidy(self.folder, path, self._limits.most_kept)

    def _any(self, what: Wanted, token: CancelToken) -> tuple[Path, Ask]:
        """Return what the first way of asking brings that the service has."""
        import httpx

        address = what.address
        with httpx.Client(follow_redirects=False, timeout=_TIMEOUT_S, headers={"User-Agent": _AGENT}) as client:
            call = _Call(self, client, what, token)
            if what.listing:
                address = call.listed()
            for ask in what.asks:
                if call.get(address, ask):
                    return call.path(ask), ask
        raise NotFoundError(f"{what.service}: has no text at {address}; look it up there, and check the reference")

    def pause(self, token: CancelToken) -> None:
        """Wait until the next request may be made."""
        self.wait(self._next - self._clock(), token)
        self._next = self._clock() + self._limits.pause_s

    def wait(self, seconds: float, token: CancelToken) -> None:
        """Wait; CancelledError when *token* ends it."""
        if token.is_cancelled or (seconds > 0 and token.wait(seconds)):
            raise CancelledError("the fetching was stopped")

    @property
    def limits(self) -> Limits:
        """What fetching may cost."""
        return self._limits


class _Call:
    """The requests for one text."""

    def __init__(self, fetcher: Fetcher, client: "httpx.Client", what: Wanted, token: CancelToken) -> None:
        self._fetcher = fetcher
        self._client = client
        self._what = what
        self._token = token

    def path(self, ask: Ask) -> Path:
        """Return where the answer to *ask* is kept."""
        return place_of(self._fetcher.folder, f"{self._what.address} {sorted(ask.headers.items())}")

    def listed(self) -> str:
        """Return the address that the service's own page lists.

        Raises:
            UnavailableError: the page does not list it any more.
        """
        with self._answer(self._what.address, {}) as answer:
            page = start(answer).decode("utf-8", "replace") if answer.status_code == 200 else ""
        found = re.search(self._what.listing, page)
        if found is None:
            raise UnavailableError(
                f"{self._what.service}: its page {self._what.address} does not list the text; name the release "
                "(uscode/17@118-42), or fetch the file in a browser and upload it"
            )
        return urljoin(self._what.address, found.group())

    def get(self, address: str, ask: Ask) -> bool:
        """Fetch to `path(ask)`; return whether the service has it in this form."""
        path = self.path(ask)
        for _ in range(_TRIES):
            found = self._once(address, ask, path)
            if isinstance(found, bool):
                return found
            address = found or address
        raise UnavailableError(f"{self._what.service}: broke off again and again; what came is kept, add it once more")

    def _once(self, address: str, ask: Ask, path: Path) -> bool | str:
        """Return whether the service has it, or where to ask next: "" for the same address."""
        part = path.with_suffix(".part")
        headers = {**ask.headers, **(marks_of(path).asking if path.exists() else {}), **self._resuming(part)}
        if self._what.is_large:
            headers["Accept-Encoding"] = "identity"  # places count in the bytes as they are
        with self._answer(address, headers) as answer:
            status = answer.status_code
            if status in (200, 206):
                return self._store(answer, part, path) or ""
            if status == 304 and path.exists():
                os.utime(path)
                return True
            if status == 416:
                part.unlink(missing_ok=True)
                return ""
            if status in _NOT_SO:
                return (choice(answer, address) if status == 300 else "") or False
            raise self._refused(answer)

    def _resuming(self, part: Path) -> dict[str, str]:
        mark = marks_of(part).strong
        if not self._what.is_large or not part.exists() or not mark:
            return {}
        return {"Range": f"bytes={part.stat().st_size}-", "If-Range": mark}

    def _store(self, answer: "httpx.Response", part: Path, path: Path) -> bool:
        """Keep the answer; False when it broke off and may be taken up again."""
        import httpx

        goes_on = answer.status_code == 206
        if goes_on and not begins_at(answer, part):
            part.unlink(missing_ok=True)
            return False
        marks = Marks(answer.headers.get("ETag", ""), answer.headers.get("Last-Modified", ""))
        keep_marks(part, marks)
        size = part.stat().st_size if goes_on else 0
        try:
            with part.open("ab" if goes_on else "wb") as file:
                for piece in answer.iter_bytes():
                    size += len(piece)
                    if size > self._fetcher.limits.most_bytes:
                        raise self._too_large(part)
                    file.write(piece)
        except httpx.HTTPError as error:
            log.info("a transfer broke off", extra={"service": self._what.service, "bytes": size, "reason": str(error)})
            return False
        os.replace(part, path)
        keep_marks(path, marks)
        forget_marks(part)
        return True

    def _too_large(self, part: Path) -> InputError:
        part.unlink(missing_ok=True)
        most = self._fetcher.limits.most_bytes >> 20
        return InputError(
            f"{self._what.told.name}: is larger than {most} MB; raise MAX_DOCUMENT_MB, or add a part of it"
        )

    @contextmanager
    def _answer(self, address: str, headers: Mapping[str, str]) -> Iterator["httpx.Response"]:
        """Lend the answer to a request, redirects followed and busy times waited for."""
        hops = tries = 0
        while True:
            with self._sent(address, headers) as answer:
                if answer.has_redirect_location:
                    hops += 1
                    address = self._redirected(answer, address, hops)
                    continue
                if answer.status_code not in _LATER:
                    yield answer
                    return
                tries += 1
                if tries >= _TRIES:
                    raise self._refused(answer)
                wait_s = wait_of(answer)
            log.info("a service asks to wait", extra={"service": self._what.service, "seconds": wait_s})
            self._fetcher.wait(wait_s, self._token)

    @contextmanager
    def _sent(self, address: str, headers: Mapping[str, str]) -> Iterator["httpx.Response"]:
        import httpx

        for one in range(_TRIES):
            self._fetcher.pause(self._token)
            try:
                answer = self._client.send(
                    self._client.build_request("GET", address, headers=dict(headers)), stream=True
                )
            except httpx.HTTPError as error:
                if one + 1 < _TRIES // 2 and isinstance(error, httpx.RemoteProtocolError):
                    continue
                raise UnavailableError(
                    f"{self._what.service}: cannot be reached ({type(error).__name__}: {str(error)[:120]}); check the "
                    "network, or fetch the file elsewhere and upload it"
                ) from error
            try:
                yield answer
            finally:
                answer.close()
            return

    def _redirected(self, answer: "httpx.Response", address: str, hops: int) -> str:
        target: str = urljoin(address, str(answer.headers.get("Location", "")))
        if hops > _MOST_REDIRECTS:
            raise UnavailableError(f"{self._what.service}: redirects in a circle; try it again later")
        if urlsplit(target).scheme not in ("http", "https") or not is_same_service(target, self._what.address):
            raise InputError(f"{self._what.service}: leads elsewhere, to {target[:200]!r}, which is not followed")
        return target

    def _refused(self, answer: "httpx.Response") -> UnavailableError:
        return UnavailableError(
            f"{self._what.service}: answers {answer.status_code} for {self._what.address}; try it again later"
        )


def _check(path: Path, what: Wanted) -> None:
    """Refuse a page that a service sends instead of data."""
    if what.told.name.endswith((".xml", ".json", ".csv")):
        with path.open("rb") as file:
            if _HTML.match(file.read(512)):
                path.unlink(missing_ok=True)
                raise InputError(f"{what.service}: sent a page instead of the text; open {what.told.url} to see why")
