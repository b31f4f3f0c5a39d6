"""One signal that ends every wait of a piece of work.

Whatever blocks (a rate limit, a slow vendor, a pause) registers a wake-up with
the token instead of polling it, so a stop takes effect at once.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from utils.errors import CancelledError, TimeLimitError


class CancelToken:
    """Set once, by any thread; seen by every thread that waits on it. Thread-safe."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._wakers: list[Callable[[], None]] = []

    @property
    def is_cancelled(self) -> bool:
        """True from the first `cancel` on."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Cancel and wake all waiters; calling it again does nothing."""
        with self._lock:
            if self._event.is_set():
                return
            self._event.set()
            wakers, self._wakers = self._wakers, []
        for wake in wakers:
            wake()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Sleep up to *timeout_s* seconds; return True if cancelled meanwhile."""
        return self._event.wait(timeout_s)

    @contextmanager
    def waking(self, wake: Callable[[], None]) -> Iterator[None]:
        """Call *wake* on cancellation while the block runs; at once if it already happened."""
        with self._lock:
            cancelled = self._event.is_set()
            if not cancelled:
                self._wakers.append(wake)
        if cancelled:
            wake()
        try:
            yield
        finally:
            with self._lock:
                if wake in self._wakers:
                    self._wakers.remove(wake)


@contextmanager
def time_limit(seconds: float, what: str, outer: CancelToken | None = None) -> Iterator[CancelToken]:
    """Lend a token that is cancelled after *seconds*, or with *outer*.

    Raises:
        TimeLimitError: the block ended because the time was over.
    """
    token, over = CancelToken(), threading.Event()

    def end() -> None:
        over.set()
        token.cancel()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        with (outer or CancelToken()).waking(token.cancel):
            yield token
    except CancelledError:
        if over.is_set():
            raise TimeLimitError(f"{what} took longer than {seconds:g} s") from None
        raise
    finally:
        timer.cancel()
