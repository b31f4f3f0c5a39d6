"""The exact log of the calls of a minute, an hour or a day.

One entry a call, so that no sliding window ever holds more than the limit, from the first one on
(a token bucket lets nearly twice the limit through after an idle spell).
"""

import math
from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass, field

from services.llm.limits.limit_headers import Unit

# The vendor counts arrivals, we count departures: a little more than a minute covers the difference.
MINUTE_S = 60.25
HOUR_S = 3_600.0 + 5.0
DAY_S = 86_400.0 + 60.0
_LOOK_S = 1.0


@dataclass(slots=True, eq=False)
class Entry:
    """One call in the windows; `tokens` is the reservation until it is settled.

    A granted call that is not `sent` yet counts as of now, however long that takes.
    `granted_at` stays what it was.
    """

    at: float
    tokens: int
    calls: int = 1
    sent: bool = True
    granted_at: float = field(init=False)

    def __post_init__(self) -> None:
        """Keep when it was granted: `at` moves."""
        self.granted_at = self.at


class SlidingWindow:
    """The log of the last *span_s* seconds. None means no limit."""

    def __init__(self, span_s: float, calls_limit: int | None = None, tokens_limit: int | None = None) -> None:
        self.span_s = span_s
        self.calls_limit = calls_limit
        self.tokens_limit = tokens_limit
        self.hold_until = 0.0
        # How many calls and tokens of the limits this process may use while it cannot ask what others do, and whether
        # a call larger than that fits when there is no other: see `shared.fallback`.
        self.share: tuple[float, float, bool] | None = None
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
        if self.share is not None:
            most_calls, most_tokens, takes_one = self.share
            calls_over = max(calls_over, self.calls + 1 - most_calls)
            tokens_over = max(
                tokens_over, self.tokens + tokens - (max(most_tokens, tokens) if takes_one else most_tokens)
            )
        until = self.hold_until
        for entry in self._entries[self._first :] if calls_over > 0 or tokens_over > 0 else ():
            if not entry.calls and not entry.tokens:
                continue  # refused
            calls_over -= entry.calls
            tokens_over -= entry.tokens
            until = max(until, (entry.at if entry.sent else now) + self.span_s)
            if calls_over <= 0 and tokens_over <= 0:
                break
        else:
            if calls_over > 0 or tokens_over > 0:  # more than the share, which changes with the time
                until = max(until, now + _LOOK_S)
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

    def void(self, entry: Entry) -> None:
        """Count nothing for *entry* from now on; its owner sets its amounts to 0 afterwards."""
        if self._holds(entry):
            self.calls -= entry.calls
            self.tokens -= entry.tokens

    def limit(self, unit: Unit, limit: int | None) -> None:
        """Set the limit of *unit*."""
        if unit == "tokens":
            self.tokens_limit = limit
        else:
            self.calls_limit = limit

    def room(self, now: float) -> float:
        """Return the tokens that still fit now; inf without a limit."""
        self.expire(now)
        return math.inf if self.tokens_limit is None else self.tokens_limit - self.tokens

    def has_room(self, used: tuple[int, int], tokens: int) -> bool:
        """Say whether a call of *tokens* fits the limits when so many calls and tokens are *used*."""
        calls_fit = self.calls_limit is None or used[0] < self.calls_limit
        return calls_fit and (self.tokens_limit is None or used[1] + tokens <= self.tokens_limit)

    def calls_log(self, since: float, until: float) -> list[tuple[float, float]]:
        """Return the calls that left after *since* and up to *until*, oldest first, each with 1."""
        return [(entry.at, float(entry.calls)) for entry in self._recent(since, until) if entry.calls][::-1]

    def tokens_log(self, since: float, until: float) -> list[tuple[float, float]]:
        """Return the same with the tokens of each."""
        return [(entry.at, float(entry.tokens)) for entry in self._recent(since, until) if entry.tokens][::-1]

    def entries(self) -> list[Entry]:
        """Return what the window holds, oldest first."""
        return self._entries[self._first :]

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

    def _recent(self, since: float, until: float) -> Iterator[Entry]:
        for place in range(len(self._entries) - 1, self._first - 1, -1):
            entry = self._entries[place]
            if entry.at <= since:
                return
            if entry.at <= until:
                yield entry

    def _holds(self, entry: Entry) -> bool:
        return self._first < len(self._entries) and entry.at >= self._entries[self._first].at
