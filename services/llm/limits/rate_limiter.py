"""Keeps the limits of one account or model: requests and tokens, a minute and a day, taken together.

`SlidingWindow` is an exact log, one entry a call, so that no sliding minute ever holds
more than the limit, from the first one on (a token bucket lets nearly twice the limit
through after an idle spell). `RateLimiter` joins the windows. Both decide as functions
of the time they are given and wait for nothing: the gate waits, and holds the lock.
"""

import math
from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass

from services.llm.limits.concurrency import ConcurrencyLimit
from services.llm.limits.limit_headers import StatedLimit

# The vendor counts arrivals, we count departures: a little more than a minute covers the difference.
MINUTE_S = 60.25
DAY_S = 86_400.0 + 60.0
# Share of a limit by which the vendor's own count may differ before we adopt it.
_SLACK = 0.05


@dataclass(slots=True, eq=False)
class Entry:
    """One call in the windows; `tokens` is the reservation until it is settled.

    A granted call that is not `sent` yet counts as of now, however long that takes.
    """

    at: float
    tokens: int
    calls: int = 1
    sent: bool = True


class SlidingWindow:
    """The log of the last *span_s* seconds. None means no limit."""

    def __init__(self, span_s: float, calls_limit: int | None, tokens_limit: int | None) -> None:
        self.span_s = span_s
        self.calls_limit = calls_limit
        self.tokens_limit = tokens_limit
        # What users allow at most, whatever the vendor does.
        self.calls_cap: int | None = None
        self.tokens_cap: int | None = None
        self.hold_until = 0.0
        self._entries: list[Entry] = []
        self._first = 0
        self.calls = 0
        self.tokens = 0

    def wait_s(self, tokens: int, now: float) -> float:
        """Return the seconds until a call of *tokens* fits; 0.0 when it fits now, inf when never."""
        if self.tokens_limit is not None and tokens > self.tokens_limit:
            return math.inf
        self.expire(now)
        calls_over = self.calls + 1 - (self.calls_limit if self.calls_limit is not None else math.inf)
        tokens_over = self.tokens + tokens - (self.tokens_limit if self.tokens_limit is not None else math.inf)
        until = self.hold_until
        for entry in self._entries[self._first :] if calls_over > 0 or tokens_over > 0 else ():
            calls_over -= entry.calls
            tokens_over -= entry.tokens
            until = max(until, (entry.at if entry.sent else now) + self.span_s)
            if calls_over <= 0 and tokens_over <= 0:
                break
        return max(0.0, until - now)

    def add(self, entry: Entry) -> None:
        """Log *entry*, in order of time."""
        if self._entries and entry.at < self._entries[-1].at:
            insort(self._entries, entry, lo=self._first, key=lambda row: row.at)
        else:
            self._entries.append(entry)
        self.calls += entry.calls
        self.tokens += entry.tokens

    def settle(self, entry: Entry, tokens: int) -> None:
        """Count *tokens* for *entry* from now on; its owner sets `entry.tokens` afterwards."""
        if self._holds(entry):
            self.tokens += tokens - entry.tokens

    def move(self, entry: Entry, at: float) -> None:
        """Count *entry* from the later moment *at* on."""
        if self.remove(entry):
            entry.at = at
            self.add(entry)

    def remove(self, entry: Entry) -> bool:
        """Forget *entry*; False when it has left the window."""
        for place in range(len(self._entries) - 1, self._first - 1, -1):
            if self._entries[place] is entry:
                del self._entries[place]
                self.calls -= entry.calls
                self.tokens -= entry.tokens
                return True
        return False

    def expire(self, now: float) -> None:
        """Forget what is older than the window."""
        while self._first < len(self._entries) and self._entries[self._first].at + self.span_s <= now:
            entry = self._entries[self._first]
            self._first += 1
            self.calls -= entry.calls
            self.tokens -= entry.tokens
            if not entry.sent:
                entry.at = now
                self.add(entry)
        if self._first > 1000:
            del self._entries[: self._first]
            self._first = 0

    def used_share(self) -> float:
        """Return how much of the tighter limit is used, 0 to 1."""
        calls = self.calls / self.calls_limit if self.calls_limit else 0.0
        tokens = self.tokens / self.tokens_limit if self.tokens_limit else 0.0
        return max(calls, tokens)

    def _holds(self, entry: Entry) -> bool:
        return self._first < len(self._entries) and entry.at >= self._entries[self._first].at


class RateLimiter:
    """The limits of one model or account, and how many calls it takes at a time."""

    def __init__(self, minute: SlidingWindow, day: SlidingWindow, concurrency: ConcurrencyLimit) -> None:
        self.minute = minute
        self.day = day
        self.concurrency = concurrency
        self.in_flight = 0

    def seed(self, minute: Iterable[Entry], day: Iterable[Entry]) -> None:
        """Count what was used before this process began; oldest first."""
        for entry in minute:
            self.minute.add(entry)
        for entry in day:
            self.day.add(entry)

    def wait_s(self, tokens: int, now: float) -> float:
        """Return the seconds until a call of *tokens* fits the windows; inf when it never will."""
        return max(self.minute.wait_s(tokens, now), self.day.wait_s(tokens, now))

    def is_full(self) -> bool:
        """Say whether as many calls are under way as it takes at a time."""
        return self.in_flight >= self.concurrency.allowed

    def admit(self, tokens: int, now: float) -> Entry:
        """Log a call; the caller has seen that it fits, and must `settle` it."""
        entry = Entry(now, tokens, sent=False)
        self.minute.add(entry)
        self.day.add(entry)
        self.in_flight += 1
        return entry

    def sent(self, entry: Entry, now: float) -> None:
        """Count *entry* from *now* on: its request leaves only now."""
        self.minute.move(entry, now)
        entry.sent = True

    def settle(self, entry: Entry, tokens: int) -> None:
        """Replace the reservation of *entry* by what the call really used; one that never left is forgotten."""
        if not entry.sent:
            self.minute.remove(entry)
            self.day.remove(entry)
            self.in_flight -= 1
            return
        self.minute.settle(entry, tokens)
        self.day.settle(entry, tokens)
        entry.tokens = tokens
        self.in_flight -= 1

    def learn(self, stated: Iterable[StatedLimit], now: float) -> None:
        """Adopt the limits that the vendor states, and its count where it is well above ours."""
        for row in stated:
            window = self.day if row.window == "day" else self.minute
            if row.unit == "tokens":
                window.tokens_limit = min(row.limit, window.tokens_cap or row.limit)
            else:
                window.calls_limit = min(row.limit, window.calls_cap or row.limit)
            self._correct(window, row, now)

    @staticmethod
    def _correct(window: SlidingWindow, row: StatedLimit, now: float) -> None:
        """Log what others used of the same account, which our log lacks."""
        if row.remaining is None:
            return
        lasts_s = min(window.span_s, row.reset_s if row.reset_s is not None else window.span_s)
        ours = window.tokens if row.unit == "tokens" else window.calls
        unknown = row.limit - row.remaining - ours
        if unknown > max(1, _SLACK * row.limit) and lasts_s > 0:
            tokens, calls = (unknown, 0) if row.unit == "tokens" else (0, unknown)
            window.add(Entry(now - window.span_s + lasts_s, tokens, calls))
        if row.window == "day" and row.remaining == 0 and row.reset_s:
            window.hold_until = max(window.hold_until, now + row.reset_s)
