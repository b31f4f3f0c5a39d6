"""What samples are compared by, kept: to read one and its law takes milliseconds, and the next draft needs both."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.quality.duplicates.sketch import exact_key
from services.quality.duplicates.veto import Law

_KEPT = 5_000


@dataclass(slots=True)
class Known:
    """What a sample is compared by; `key` is "" until needed."""

    law: Law
    key: str = ""


class KnownSamples:
    """The samples that were compared last, by id. Thread-safe."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        self._lock = threading.Lock()
        self._changes = 0

    def get(self, name: str, read: Callable[[str], Known | None]) -> Known | None:
        """Return what the sample *name* is compared by, from *read* if it is not kept; None when it is not there."""
        with self._lock:
            kept = self._known.pop(name, None)
            if kept is not None:
                self._known[name] = kept  # the newest again
                return kept
            before = self._changes
        known = read(name)
        if known is not None:
            with self._lock:
                if before == self._changes:  # it may have been changed while it was read
                    self._keep(name, known)
        return known

    def changed(self, name: str, known: Known | None) -> None:
        """Replace what a sample is compared by with *known*; None to read it when needed."""
        with self._lock:
            self._changes += 1
            self._known.pop(name, None)
            if known is not None:
                self._keep(name, known)

    def _keep(self, name: str, known: Known) -> None:
        while len(self._known) >= _KEPT:
            del self._known[next(iter(self._known))]
        self._known[name] = known


def key_of(sample: Mapping[str, object]) -> str:
    """Return a key that samples share whose texts differ in case, accents and blanks only."""
    return exact_key(str(sample.get("question") or ""), str(sample.get("answer") or ""))
