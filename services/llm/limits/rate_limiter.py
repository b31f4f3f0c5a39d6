"""The limits of one account or model: windows, pace and places, taken together.

`windows.py` logs each call, so that no minute, hour or day ever holds more than its limit.
`meter.py` paces requests and tokens, and learns from refusals. All are functions of the time
they are given and wait for nothing: the gate waits, and holds the lock.
"""

from collections.abc import Iterable
from typing import Protocol

from services.llm.limits.concurrency import ConcurrencyLimit
from services.llm.limits.limit_headers import StatedLimit, Unit
from services.llm.limits.meter import Learned, Meter
from services.llm.limits.remaining import Remaining
from services.llm.limits.vendor_clock import VendorClock
from services.llm.limits.windows import DAY_S, HOUR_S, MINUTE_S, Entry, SlidingWindow

# Share of a limit by which the vendor's own count of a day or an hour may differ before we adopt it.
_SLACK = 0.05
# A call that left so long before another may still arrive after it.
_UNSEEN_S = 1.0
# A refusal with so much of the minute used is one of its edge; the minute is taken to be longer by so much, at most.
_FULL, _WIDER_S, _WIDEST_S = 0.97, 0.5, 2.0


class Lease(Protocol):
    """What all processes together leave to this one (`shared.lease.Lease`)."""

    own_share: float
    """How much of all use of the account is this process's, 0 to 1."""

    def shut_s(self, now: float) -> float:
        """Return for how long another process's refusal holds calls up."""

    def wait_s(self, tokens: int, now: float) -> float:
        """Return the seconds until a call of *tokens* fits what is leased; asks for more where it does not."""

    def long_wait_s(self, now: float) -> float:
        """Return the seconds until the hour or the day of all has room."""

    def take(self, entry: Entry, now: float) -> None:
        """Use a call that fits."""

    def sent(self, entry: Entry, now: float) -> None:
        """The call leaves now."""

    def settle(self, entry: Entry, calls: int, tokens: int) -> None:
        """Count *calls* and *tokens* for *entry* instead of what it was taken for."""

    def end(self, entry: Entry) -> None:
        """The call is over; it changes no more."""

    def tell(self) -> None:
        """The others should know what was learned, soon."""


class RateLimiter:
    """The limits of one model or account, and how many calls it takes at a time. Not thread-safe."""

    def __init__(self, concurrency: ConcurrencyLimit, day: SlidingWindow | None = None) -> None:
        self.concurrency = concurrency
        self.minute = SlidingWindow(MINUTE_S)
        self.hour = SlidingWindow(HOUR_S)
        self.day = day or SlidingWindow(DAY_S)
        self.in_flight = 0
        self.lease: Lease | None = None
        self.clock = VendorClock()
        self.calls = Meter(self._calls_log, self.clock, of_calls=True)
        self.tokens = Meter(self._tokens_log, self.clock, of_calls=False)
        self._caps: dict[Unit, int | None] = {"requests": None, "tokens": None}
        self._remaining: dict[Unit, Remaining] = {"requests": Remaining(), "tokens": Remaining()}

    def tell(self, unit: Unit, a_minute: int | None, cap: int | None = None, guess: int | None = None) -> None:
        """Take over the limit of a minute.

        Args:
            unit: Of what.
            a_minute: The limit that the vendor states; None for none.
            cap: What users allow at most, whatever the vendor says.
            guess: Where to begin when nothing is stated.
        """
        self._caps[unit] = cap
        self._meter(unit).tell(a_minute if cap is None else min(cap, a_minute or cap), guess)
        self._narrow()

    def seed(self, minute: Iterable[Entry], day: Iterable[Entry]) -> None:
        """Count what was used before this process began, oldest first; the newest of the *day* are in the hour too."""
        for entry in minute:
            self.minute.add(entry)
        for entry in day:
            self.hour.add(entry)
            self.day.add(entry)

    def recall(self, learned: dict[str, Learned]) -> None:
        """Go on with what was learned before this process began, by unit."""
        for unit, row in learned.items():
            self._meter("tokens" if unit == "tokens" else "requests").recall(row)
        self._narrow()

    def learned(self) -> dict[str, Learned]:
        """Return what was learned from refusals, by unit."""
        rows = {"requests": self.calls.learned(), "tokens": self.tokens.learned()}
        return {unit: row for unit, row in rows.items() if row is not None}

    # --- a call --------------------------------------------------------------------------

    def shut_s(self, now: float) -> float:
        """Return the seconds until somebody may look whether the vendor takes calls again; 0.0 while it does."""
        shut_s = max(self.calls.shut_s(now), self.tokens.shut_s(now))
        if self.calls.is_new or self.tokens.is_new:
            self._narrow()
        return shut_s if self.lease is None else max(shut_s, self.lease.shut_s(now))

    def wait_s(self, tokens: int, now: float) -> float:
        """Return the seconds until a call of *tokens* fits the minute and the pace; inf when it never will."""
        window_s = self.minute.wait_s(tokens, now)
        if 0.0 < window_s < float("inf") and self._leaves_room(tokens, now):
            window_s = 0.0
        wait_s = max(self.calls.wait_s(1, now), self.tokens.wait_s(tokens, now), window_s)
        if wait_s == 0.0:
            wait_s = max(row.hold_s(1 if unit == "requests" else tokens, now) for unit, row in self._remaining.items())
        if wait_s == 0.0 and self.lease is not None:
            wait_s = self.lease.wait_s(tokens, now)
        return wait_s

    def long_wait_s(self, tokens: int, now: float) -> float:
        """Return the seconds until a call of *tokens* fits the hour and the day; inf when it never will."""
        wait_s = max(self.hour.wait_s(tokens, now), self.day.wait_s(tokens, now))
        return wait_s if self.lease is None else max(wait_s, self.lease.long_wait_s(now))

    def room(self, now: float) -> float:
        """Return the tokens that the minute has left; inf without a limit."""
        return self.minute.room(now)

    def is_full(self) -> bool:
        """Say whether as many calls are under way as it takes at a time."""
        return self.in_flight >= self.concurrency.allowed

    def admit(self, tokens: int, now: float) -> Entry:
        """Log a call; the caller has seen that it fits, and must `settle` it."""
        entry = Entry(now, tokens, sent=False)
        for window in (self.minute, self.hour, self.day):
            window.add(entry)
        self.calls.take(1, now)
        self.tokens.take(tokens, now)
        self._remaining["requests"].took(1)
        self._remaining["tokens"].took(tokens)
        self.in_flight += 1
        if self.lease is not None:
            self.lease.take(entry, now)
        return entry

    def sent(self, entry: Entry, now: float) -> None:
        """Count *entry* from *now* on: its request leaves only now."""
        self.minute.move(entry, now)
        entry.sent = True
        self.calls.sent(now)
        self.tokens.sent(now)
        if self.lease is not None:
            self.lease.sent(entry, now)

    def settle(self, entry: Entry, tokens: int) -> None:
        """Replace the reservation of *entry* by what the call really used; one that never left is forgotten."""
        self.in_flight -= 1
        if self.lease is not None:
            self.lease.settle(entry, entry.calls if entry.sent else 0, tokens if entry.sent else 0)
            self.lease.end(entry)
        if not entry.sent:
            self.calls.never_sent(1)
            self.tokens.never_sent(entry.tokens)
            self._remaining["requests"].took(-1)
            self._remaining["tokens"].took(-entry.tokens)
            for window in (self.minute, self.hour, self.day):
                window.remove(entry)
            return
        self.calls.answered()
        self.tokens.answered()
        for window in (self.minute, self.hour, self.day):
            window.settle(entry, tokens)
        self.tokens.give_back(entry.tokens - tokens)
        entry.tokens = tokens

    # --- what the vendor says ------------------------------------------------------------

    def refused(self, entry: Entry, unit: Unit, hint_s: float | None, now: float) -> None:
        """Learn that the vendor refused *entry* for its limit of *unit*; it counts for nothing."""
        limit = self.minute.tokens_limit if unit == "tokens" else self.minute.calls_limit
        if limit is not None and self._count(self.minute, unit) >= _FULL * limit:
            # Not the pace was wrong but the edge of the minute: calls take longer to arrive than we thought.
            self.minute.span_s = min(self.minute.span_s + _WIDER_S, MINUTE_S + _WIDEST_S)
        self.calls.counts_not(1)
        self.tokens.counts_not(entry.tokens)
        if self.lease is not None:
            self.lease.settle(entry, 0, 0)
            self.lease.tell()
        self._void(entry)
        self._meter(unit).refused(entry.granted_at, entry.at, hint_s, now)

    def learn(self, stated: Iterable[StatedLimit], sent_at: float, now: float) -> None:
        """Adopt the limits that the vendor states in the answer to a call that left at *sent_at*."""
        for row in stated:
            self.concurrency.stated()
            if row.window == "second":
                most = 60 * row.limit
                self.tell(row.unit, min(most, self._meter(row.unit).told or most), self._caps[row.unit])
            elif row.window == "minute":
                self.tell(row.unit, row.limit, self._caps[row.unit])
                log = self._tokens_log if row.unit == "tokens" else self._calls_log
                since = sum(units for _, units in log(sent_at - _UNSEEN_S, now))
                self._remaining[row.unit].stated(row, self._count(self.minute, row.unit), since, sent_at, now)
            else:
                self._long(self.hour if row.window == "hour" else self.day, row, now)

    def _long(self, window: SlidingWindow, row: StatedLimit, now: float) -> None:
        """Adopt the limit of an hour or a day, and the vendor's count where others plainly use the account too."""
        window.limit(row.unit, row.limit)
        if row.remaining is None:
            return
        lasts_s = min(window.span_s, row.reset_s if row.reset_s is not None else window.span_s)
        unknown = row.limit - row.remaining - self._count(window, row.unit)
        if unknown > max(1, _SLACK * row.limit) and lasts_s > 0:
            tokens, calls = (unknown, 0) if row.unit == "tokens" else (0, unknown)
            window.add(Entry(now - window.span_s + lasts_s, tokens, calls))
        if row.remaining == 0 and row.reset_s:
            window.hold_until = max(window.hold_until, now + row.reset_s)

    # --- inside --------------------------------------------------------------------------

    def _leaves_room(self, tokens: int, now: float) -> bool:
        """Say whether the vendor has just told more room than a sliding minute would leave: it counts otherwise."""
        rows, minute = self._remaining, self.minute
        by_calls = minute.calls_limit is None or rows["requests"].leaves(1, now)
        return by_calls and (minute.tokens_limit is None or rows["tokens"].leaves(tokens, now))

    def _meter(self, unit: Unit) -> Meter:
        return self.tokens if unit == "tokens" else self.calls

    def _count(self, window: SlidingWindow, unit: Unit) -> int:
        return round(self._of_all(window.tokens if unit == "tokens" else window.calls))

    def _of_all(self, own: float) -> float:
        """Return what all processes use, about, by what this one does."""
        return own if self.lease is None else own / self.lease.own_share

    def _calls_log(self, since: float, until: float) -> list[tuple[float, float]]:
        """Return the calls of all processes, about: what they used together is what the vendor let through."""
        log = self.minute.calls_log(since, until)
        return log if self.lease is None else [(at, self._of_all(units)) for at, units in log]

    def _tokens_log(self, since: float, until: float) -> list[tuple[float, float]]:
        log = self.minute.tokens_log(since, until)
        return log if self.lease is None else [(at, self._of_all(units)) for at, units in log]

    def _void(self, entry: Entry) -> None:
        for window in (self.minute, self.hour, self.day):
            window.void(entry)
        entry.calls = entry.tokens = 0

    def _narrow(self) -> None:
        """Let the minute hold what is told, or what was learned where that is less."""
        self.calls.is_new = self.tokens.is_new = False
        self.minute.calls_limit, self.minute.tokens_limit = self.calls.a_minute(), self.tokens.a_minute()
