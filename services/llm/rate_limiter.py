"""Keeps a provider's limits: requests and tokens a minute, and calls at a time, taken together.

`SlidingWindow` decides, as a function of the clock alone: it keeps an exact log, one
entry a call, so that no sliding minute ever holds more than the limit, from the
first one on (a token bucket lets nearly twice the limit through after an idle
spell). `RateLimiter` waits: first come, first served, each waiter on its own event.
"""

import math
import threading
from collections import deque
from dataclasses import dataclass

from utils.cancellation import CancelToken
from utils.clock import Clock, SystemClock
from utils.errors import BadRequestError, CancelledError, RateLimitError

# The vendor counts arrivals, we count departures: a little more than a minute covers the difference.
WINDOW_S = 60.25
# A longer hold by the vendor is the router's business: the caller should try another target meanwhile.
LONGEST_HOLD_S = 1.0


@dataclass(slots=True)
class Entry:
    """One call in the window; `tokens` is the reservation until it is settled."""

    at: float
    tokens: int


class SlidingWindow:
    """The log of one minute. Not thread-safe: its owner holds a lock."""

    def __init__(self, requests_per_minute: int, tokens_per_minute: int) -> None:
        self.requests_per_minute = requests_per_minute
        self.tokens_per_minute = tokens_per_minute
        self.hold_until = 0.0
        self._entries: deque[Entry] = deque()
        self._tokens = 0

    def wait_s(self, tokens: int, now: float) -> float:
        """Return the seconds until a call of *tokens* fits; 0.0 when it fits now, inf when never."""
        if tokens > self.tokens_per_minute:
            return math.inf
        self._expire(now)
        until = self.hold_until
        surplus = len(self._entries) - self.requests_per_minute + 1
        if surplus > 0:
            until = max(until, self._entries[surplus - 1].at + WINDOW_S)
        excess = self._tokens + tokens - self.tokens_per_minute
        for entry in self._entries:
            if excess <= 0:
                break
            excess -= entry.tokens
            until = max(until, entry.at + WINDOW_S)
        return max(0.0, until - now)

    def admit(self, tokens: int, now: float) -> Entry:
        """Log a call; the caller has seen `wait_s` return 0.0."""
        entry = Entry(now, tokens)
        self._entries.append(entry)
        self._tokens += tokens
        return entry

    def settle(self, entry: Entry, tokens: int) -> None:
        """Replace the reservation of *entry* by what the call really used."""
        if self._entries and entry.at >= self._entries[0].at:
            self._tokens += tokens - entry.tokens
        entry.tokens = tokens

    def _expire(self, now: float) -> None:
        while self._entries and self._entries[0].at + WINDOW_S <= now:
            self._tokens -= self._entries.popleft().tokens


class RateLimiter:
    """One target's limits, shared by everybody who calls it. Thread-safe."""

    def __init__(
        self,
        requests_per_minute: int,
        tokens_per_minute: int,
        max_concurrency: int = 64,
        clock: Clock | None = None,
    ) -> None:
        self._window = SlidingWindow(requests_per_minute, tokens_per_minute)
        self._max_concurrency = max_concurrency
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._in_flight = 0

    @property
    def tokens_per_minute(self) -> int:
        """The limit in force, in tokens a minute."""
        return self._window.tokens_per_minute

    def acquire(self, tokens: int, cancel: CancelToken) -> Entry:
        """Wait until a call of *tokens* fits, in order of arrival; take a place.

        The caller must `settle` the entry.

        Raises:
            CancelledError: *cancel* was set while waiting.
            BadRequestError: *tokens* is more than a whole minute's limit.
            RateLimitError: the vendor holds the target.
        """
        turn = threading.Event()
        with self._lock:
            self._waiting.append(turn)
        try:
            with cancel.waking(turn.set):
                return self._wait_turn(turn, tokens, cancel)
        finally:
            with self._lock:
                self._waiting.remove(turn)
                self._wake_first()

    def settle(self, entry: Entry, tokens: int) -> None:
        """Give back what *entry* reserved beyond *tokens*, and its place."""
        with self._lock:
            self._window.settle(entry, tokens)
            self._in_flight -= 1
            self._wake_first()

    def set_tokens_per_minute(self, limit: int) -> None:
        """Go by the limit that the vendor states."""
        with self._lock:
            if limit != self._window.tokens_per_minute:
                self._window.tokens_per_minute = limit
                self._wake_first()

    def hold(self, seconds: float) -> None:
        """Let nothing through for *seconds*, as the vendor asked."""
        with self._lock:
            self._window.hold_until = max(self._window.hold_until, self._clock.monotonic() + seconds)

    def estimate_wait_s(self, tokens: int) -> float:
        """Estimate how long a new caller would wait, those before it included."""
        with self._lock:
            wait_s = self._window.wait_s(min(tokens, self._window.tokens_per_minute), self._clock.monotonic())
            ahead = len(self._waiting) + max(0, self._in_flight - self._max_concurrency + 1)
            return wait_s + ahead * 60.0 / self._window.requests_per_minute

    def _wait_turn(self, turn: threading.Event, tokens: int, cancel: CancelToken) -> Entry:
        while True:
            if cancel.is_cancelled:
                raise CancelledError("stopped while waiting for a rate limit")
            with self._lock:
                turn.clear()
                pause_s: float | None = None
                if self._waiting[0] is turn and self._in_flight < self._max_concurrency:
                    now = self._clock.monotonic()
                    pause_s = self._window.wait_s(tokens, now)
                    _refuse_endless(pause_s, self._window.hold_until - now, tokens, self._window.tokens_per_minute)
                    if pause_s == 0.0:
                        self._in_flight += 1
                        return self._window.admit(tokens, now)
            # Cancelled between the check and the clear: the waker has fired already, so look again.
            if not cancel.is_cancelled:
                turn.wait(pause_s)

    def _wake_first(self) -> None:
        if self._waiting:
            self._waiting[0].set()


def _refuse_endless(pause_s: float, held_s: float, tokens: int, tokens_per_minute: int) -> None:
    if math.isinf(pause_s):
        raise BadRequestError(
            f"request of {tokens} tokens is more than the limit of {tokens_per_minute} tokens a minute; "
            "lower the answer's length"
        )
    if held_s > LONGEST_HOLD_S:
        raise RateLimitError(f"held for {held_s:.0f} s by the provider", retry_after_s=held_s)
