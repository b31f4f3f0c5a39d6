"""What answers of services say: where to go, what to choose, how long to wait."""

import re
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from services.grounding.law.sources import host_of

if TYPE_CHECKING:
    import httpx

# Services make large documents on demand, and say when to come back; so long at most, each time.
_LEAST_WAIT_S, _MOST_WAIT_S = 1.0, 120.0
_MAKING_S, _BUSY_S = 5.0, 15.0
_LINK = re.compile(r"""(?:href\s*=\s*["']|\n|^)\s*(https?://[^\s"'<>]+|/[^\s"'<>]+)""", re.I)


def is_same_service(target: str, address: str) -> bool:
    """Tell whether a redirect stays at the service: on its host, or from http to https of it, or below its name."""
    here, there = urlsplit(address).hostname or "", urlsplit(target).hostname or ""
    if host_of(target) == host_of(address) or (here == there and urlsplit(target).port is None):
        return True
    own = here.removeprefix("www.")
    return there.endswith(f".{own}") or there == own


def choice(answer: "httpx.Response", address: str) -> str:
    """Return the first of several files that a service offers (300 Multiple Choices); "" for none."""
    page = start(answer).decode("utf-8", "replace")
    links = [urljoin(address, found) for found in _LINK.findall(page)]
    links = [one for one in links if is_same_service(one, address) and one != address]
    return min(links, key=lambda one: (not re.search(r"/DOC_1$", one), links.index(one)), default="")


def start(answer: "httpx.Response", most: int = 8 << 20) -> bytes:
    """Return the first bytes of an answer."""
    gathered = bytearray()
    for piece in answer.iter_bytes():
        gathered += piece
        if len(gathered) > most:
            break
    return bytes(gathered[:most])


def begins_at(answer: "httpx.Response", part: Path) -> bool:
    """Tell whether a part of an answer begins where what is kept ends."""
    found = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return found is not None and part.exists() and int(found[1]) == part.stat().st_size


def wait_of(answer: "httpx.Response") -> float:
    """Return how long a service asks to wait, within bounds: seconds or a date."""
    given = answer.headers.get("Retry-After", "").strip()
    otherwise = _MAKING_S if answer.status_code == 202 else _BUSY_S
    if given.isascii() and given.isdigit():
        seconds = float(given[:9])
    else:
        try:
            seconds = parsedate_to_datetime(given).timestamp() - time.time() if given else otherwise
        except (TypeError, ValueError):
            seconds = otherwise
    return min(max(seconds, _LEAST_WAIT_S), _MOST_WAIT_S)
