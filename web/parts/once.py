"""Does once what a form asks, however often it is sent: a second click gets what came of the first."""

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

V = TypeVar("V")
_KEPT = 500


class Once:
    """What came of the forms that were sent last, by their keys. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[str, str] = OrderedDict()
        self._turns: OrderedDict[str, threading.Lock] = OrderedDict()

    @staticmethod
    def key() -> str:
        """Return a key for one showing of a form."""
        return secrets.token_urlsafe(12)

    def run(self, key: str, make: Callable[[], str]) -> str:
        """Return what *make* returned for *key*; it is called again only after it has raised, or without a key."""
        if not key:
            return make()
        key = hashlib.sha256(key.encode()).hexdigest()
        with self._lock:
            turn = self._turns.setdefault(key, threading.Lock())
            _shorten(self._turns)
        with turn:
            with self._lock:
                if key in self._made:
                    return self._made[key]
            made = make()
            with self._lock:
                self._made[key] = made
                _shorten(self._made)
            return made


def _shorten(kept: OrderedDict[str, V]) -> None:
    while len(kept) > _KEPT:
        kept.popitem(last=False)
