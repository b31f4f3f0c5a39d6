"""How fast one unit of an account, requests or tokens, may be used, and how the vendor's refusals teach it.

A limit of 600 a minute may be kept by the vendor as a sliding minute, a minute of the
clock, a bucket of 60 that fills at ten a second, or ten in each second. Calls that follow
each other evenly at the limit's rate fit all of them. So that is what a `Meter` does: a
bucket (GCRA in other words) whose depth, the burst, begins at one call. It deepens slowly while more is
wanted, and a refusal takes it back at once. The log of the last minute
(`SlidingWindow`) stands beside it, so that no minute ever holds more than its limit.

What is not told is found. `OPEN`: no limit is known, calls come ever faster. A refusal
closes (`Closure`). How long it stayed closed says what it was: for a long time, a
minute that was spent, whose calls are the limit; for a moment, a rate, which `SEARCHING`
finds: between two refusals exactly as much was accepted as the vendor's bucket filled.
`KEEPING`: a rate is told or found.

All methods are functions of the time they are given (seconds of a monotonic clock).
"""

import math
from dataclasses import dataclass
from enum import Enum

from services.llm.limits.closure import Closure
from services.llm.limits.rate_search import Log, RateSearch
from services.llm.limits.round_numbers import roundest
from services.llm.limits.vendor_clock import VendorClock

# Calls a second at which an unknown vendor is first asked, and how much faster a second later.
_FIRST_CALLS = 10.0
_OPENING = 1.5
# The pace is looked at so often; it held calls up where so much of it was used.
_GROWS_EVERY_S, _PUSHED_SHARE = 0.1, 0.8
# Share of the rate by which the burst deepens in a second, as long as it is used.
_DEEPENING = 0.05
# Kept below the rate where the vendor may count by the second: what a network's jitter may push together.
_MARGIN_FINE, _MORE_MARGIN = 0.02, 0.01
_MARGIN = 0.005
# The pause after a refusal without a hint; twice as long when the next call is refused again.
_HOLD_S = 0.3
# So much of what a minute held is a minute spent.
_SPENT = 0.8
# Shut for longer than that: a window was spent, not a moment's rate.
MOMENT_S = 4.5
# For so long what was learned is not doubted; then it is tried by a hundredth a minute.
CALM_S = 600.0
_DOUBT_A_MINUTE = 0.01
# A burst of more calls than that shows that seconds are not counted.
_COARSE_CALLS = 4.0
# What a coarse timer lets pass at once.
_TICK_S = 0.02
# A thread that wakes so much late calls the sooner the next time.
_LATE_S = 0.01


class State(Enum):
    """What is known of the rate."""

    OPEN = "open"
    KEEPING = "keeping"
    SEARCHING = "searching"


@dataclass(frozen=True, slots=True)
class Learned:
    """What survives a restart.

    Attributes:
        rate: Units a second.
        minute: Units that a minute takes, or None where it was a rate that was found.
        is_coarse: Whether bursts were borne that no second would.
    """

    rate: float
    minute: int | None
    is_coarse: bool


class Meter:
    """One unit of one account. Not thread-safe: the gate holds the lock."""

    def __init__(self, log: Log, clock: VendorClock, of_calls: bool) -> None:
        """Measure use by *log*; *of_calls* for requests, else tokens."""
        self._log = log
        self._clock = clock
        self.state = State.OPEN
        self.told: int | None = None
        self._guess: int | None = None
        self.minute: int | None = None  # learned: what a minute takes
        self.burst = 0.0
        self.rate = _FIRST_CALLS if of_calls else math.inf
        self._level = 1.0 if of_calls else 0.0
        self._at = -math.inf
        self._size = 1.0  # of the last call
        self._bound = False  # somebody had to wait for the pace
        self._grown_at = -math.inf
        self._calm_until = -math.inf
        self._changed_at = -math.inf
        self.closure: Closure | None = None
        self._border: float | None = None  # when the last closure ended
        self._search = RateSearch(0.0)
        self._pushed = 0.0  # units in the second before the refusal that closed
        self._is_coarse = False
        self._strikes = 0
        self._misses = 0
        self._recalled = False  # goes on with what another process learned; it holds from the first call on
        self._is_heard = False  # the first answer came: what a vendor tells of its limits is known
        self.is_new = False  # something was learned that is not kept yet

    # --- what is told --------------------------------------------------------------------

    def tell(self, a_minute: int | None, guess: int | None = None) -> None:
        """Take over the limit *a_minute* that the vendor states or the user sets; *guess* is only likely."""
        self._guess = guess
        if guess is not None and self.state is State.OPEN:
            self.rate = max(self.rate, guess / 60)
        if a_minute == self.told:
            return
        self.told = a_minute
        if a_minute is not None and not (self.state is State.KEEPING and self._strikes):
            self.state, self.rate = State.KEEPING, a_minute / 60
        self.rate = min(self.rate, self._limit())

    def a_minute(self) -> int | None:
        """Return what a minute holds: what is told, or what was learned where that is less; None when not known."""
        known = [limit for limit in (self.told, self.minute) if limit is not None]
        return min(known, default=None)

    def learned(self) -> Learned | None:
        """Return what refusals taught; None before any."""
        if self.state is not State.KEEPING or not self._strikes:
            return None
        return Learned(self.rate, self.minute, self._is_coarse)

    def recall(self, row: Learned) -> None:
        """Go on with what was learned before this process began."""
        self.state, self.minute, self._is_coarse, self._strikes = State.KEEPING, row.minute, row.is_coarse, 1
        self._recalled = True
        self.rate = min(row.rate, self._limit())

    def retell(self, a_minute: int) -> None:
        """Take over the limit that another process was told; what is only likely stays so."""
        self.tell(a_minute, self._guess)

    # --- with other processes ------------------------------------------------------------

    @property
    def paced(self) -> tuple[float, float]:
        """The units a second that all processes together may use, and how many more at once; 0 for no pace."""
        return (0.0, 0.0) if math.isinf(self.rate) else (self._pace, self.burst)

    def bound(self) -> None:
        """Somebody had to wait for the pace of all."""
        self._bound = True

    def held_s(self, now: float) -> float:
        """Return for how long nobody may call after a refusal; 0.0 when none holds, or anybody may look again."""
        shut_s = self.shut_s(now)
        return max(shut_s, self._at - now if self.closure is None else 0.0)

    def yield_to_others(self, now: float) -> None:
        """Leave it to another process to find out when the vendor takes calls again."""
        if self.closure is not None:
            self.closure = None
            self._pause(now, now)

    # --- a call --------------------------------------------------------------------------

    def shut_s(self, now: float) -> float:
        """Return the seconds until a call may look whether the vendor takes any again; 0.0 while it does."""
        if self.closure is None:
            return 0.0
        if self.closure.is_over(now):
            self._reopened(self.closure)
            return 0.0
        return self.closure.wait_s(self._size, now)

    def wait_s(self, units: float, now: float) -> float:
        """Return the seconds until a call of *units* fits the pace; 0.0 when it fits now."""
        self._size = units
        if math.isinf(self.rate) or self.closure is not None:
            return 0.0
        self._fill(now)
        missing = units - self._level
        if missing <= 1e-9 and now >= self._at:
            return 0.0
        self._bound = True
        return max(0.0, self._at - now) + missing / self._pace

    def take(self, units: float, now: float) -> None:
        """Use *units*; the caller has seen that they fit."""
        if self._recalled:
            self._recalled, self._calm_until = False, now + CALM_S
        if self.closure is not None:
            self.closure.look(units, now)
        if math.isinf(self.rate):
            return
        self._fill(now)
        self._level -= units
        for_s = now - self._grown_at
        if self.closure is None and for_s >= _GROWS_EVERY_S:
            if self.state is State.KEEPING and self._strikes and now >= self._calm_until:
                self._doubt(min(1.0, for_s))
            if self._bound and self._is_pushed(now):
                self._grow(min(1.0, for_s), now)
            self._bound, self._grown_at = False, now

    def sent(self, now: float) -> None:
        """The call that was taken leaves only now."""
        if self.closure is not None:
            self.closure.left(now)

    def never_sent(self, units: float) -> None:
        """The call of *units* that was taken does not leave."""
        self._level += units
        if self.closure is not None:
            self.closure.given_up()

    def give_back(self, units: float) -> None:
        """Take back what was not used after all; a negative number uses more.

        Who counts by the second has forgotten the call by then, and gives nothing back.
        """
        self.counts_not(units)
        if self.closure is not None:
            self.closure.returned.give(units)

    def answered(self) -> None:
        """A call has come back."""
        self._is_heard = True

    def counts_not(self, units: float) -> None:
        """Take back what a refused call would have used."""
        if not self.may_be_fine:
            self._level += units

    # --- what refusals teach -------------------------------------------------------------

    def refused(self, granted_at: float, sent_at: float, hint_s: float | None, now: float) -> None:
        """Learn from the refusal of a call; *hint_s* is how long the vendor asks to wait."""
        if self.closure is not None:
            self.closure.refused(granted_at, sent_at, hint_s, now)
            return
        if granted_at < self._changed_at:
            return  # it was on its way before we knew better
        again = self._used(self._changed_at, sent_at) <= self._size
        self._misses = self._misses + 1 if again else 0
        hold_s = max(_HOLD_S * 2**self._misses, hint_s or 0.0)
        if hold_s > MOMENT_S or self._is_no_rate:
            self._close(sent_at, hint_s, now)
            return
        if self.state is State.SEARCHING:
            self._searched(sent_at, now)
        elif self._is_held_to_the_rate:
            self._begin_search(sent_at)
        else:
            self._shorten(now)
        self._pause(now, now + hold_s)
        self._search.paused_s += hold_s

    def _close(self, sent_at: float, hint_s: float | None, now: float) -> None:
        self._pushed = self._used(sent_at - 1.0, sent_at)
        border = None if self._border is None else self._border + 60.0 * math.ceil((sent_at - self._border) / 60.0)
        log = self._log(sent_at - 60.0, sent_at)
        self.closure = Closure(sent_at, hint_s, now, log, self._clock.minute_ends_at(now), border)

    @property
    def _is_no_rate(self) -> bool:
        """Whether a refusal may be of something else than the rate: none is known, or a minute may be spent."""
        if self.state is State.KEEPING and self.minute is not None:
            return True
        return self.state is State.OPEN or (self._is_held_to_the_rate and not self._strikes)

    @property
    def _is_held_to_the_rate(self) -> bool:
        """Whether no burst is let through that could be taken back."""
        return self.state is State.KEEPING and self.burst == 0.0

    def _pause(self, now: float, until: float) -> None:
        self._level, self._at, self._grown_at, self._changed_at = 0.0, until, until, now
        self.is_new = True

    def _reopened(self, closure: Closure) -> None:
        at = closure.reopened_at
        self.closure, self._border = None, at
        self._pause(at, at)
        if self.state is State.OPEN and self._guess is not None and self._is_likely(self._guess, closure):
            self.rate, self.minute = self._guess / 60, self._guess
            self._keep(at)
            self._strikes = 0
        elif closure.shut_for_s > MOMENT_S or self._is_spent(closure):
            self._window(closure, at)
        elif self.burst > 0.0:
            self._shorten(at)
        elif self.state is State.KEEPING and not self._strikes:
            self._strikes = 1
            self.rate *= 1 - _MORE_MARGIN
            self._calm_until = at + CALM_S
        else:
            self._begin_search(closure.closed_at)
            self._search.paused_s = at + closure.grace_s - closure.closed_at

    def _is_likely(self, guess: int, closure: Closure) -> bool:
        """Say whether nothing speaks against *guess*: neither what was accepted, nor how fast."""
        return closure.accepted(-math.inf) <= 1.02 * guess and 0.5 <= self._pushed / (guess / 60) <= 4.0

    def _shorten(self, at: float) -> None:
        """The burst was too deep."""
        self.burst = max(0.0, 0.85 * self.burst - self._base())
        self._is_coarse = self.burst > _COARSE_CALLS * self._size
        self._calm_until = at + CALM_S

    def _is_spent(self, closure: Closure) -> bool:
        """Say whether a minute as it was learned was spent, nearly."""
        return self.minute is not None and closure.held()[1] >= _SPENT * self.minute

    def _window(self, closure: Closure, at: float) -> None:
        """A minute was spent: what it held is the limit."""
        least, most = closure.held()
        held = max(1, roundest(least, most + self._size))
        self.minute = held if self.told is None else min(self.told, held)
        self.rate = self.minute / 60
        self._is_coarse = True
        self._keep(at)

    def _begin_search(self, since: float) -> None:
        """Search from the refusal at *since* on: a little below the rate that was kept, or that was sent at."""
        if self.state is State.KEEPING:
            self._search, rate = RateSearch.again(since, self.rate), 0.97 * self.rate
        else:
            self._search, rate = RateSearch(since), 0.95 * max(self._pushed, self._size)
        self.state, self.rate = State.SEARCHING, min(self._limit(), rate)

    def _searched(self, refused_at: float, now: float) -> None:
        rate = self._search.refused(refused_at, self.rate, refused_at - self._at, self._log, self._size)
        self.rate, self._is_coarse = min(self._limit(), rate), self._search.is_deep
        if self._search.is_over(now):
            self._settle(now)

    def _settle(self, now: float) -> None:
        self.rate = self._search.settled(self.rate, now - self._changed_at)
        self._keep(now)

    def _keep(self, at: float) -> None:
        self.state, self.burst, self._strikes = State.KEEPING, 0.0, 1
        self._calm_until = at + CALM_S

    # --- inside --------------------------------------------------------------------------

    def _used(self, since: float, until: float) -> float:
        return sum(units for _, units in self._log(since, until))

    @property
    def _pace(self) -> float:
        """The rate less what jitter needs."""
        if self.state is not State.KEEPING:
            return self.rate
        return self.rate * (1 - (_MARGIN_FINE if self.may_be_fine and self.told is not None else _MARGIN))

    @property
    def may_be_fine(self) -> bool:
        """Whether the vendor may count by the second: several calls fit into one, and more was not borne yet."""
        return self._size <= self.rate and not self._is_coarse

    def _limit(self) -> float:
        return math.inf if self.told is None else self.told / 60

    def _base(self) -> float:
        """The burst without any learning: one call, or two where one takes longer than a second to come back."""
        return max(self._size * (1.0 if self._size <= self.rate else 2.0), self.rate * _TICK_S)

    def _fill(self, now: float) -> None:
        if now > self._at:
            passed = now - self._at
            # The bucket holds the last call at least, however large.
            depth = max(self._size, self._base() + self.burst) + self.rate * _LATE_S
            self._level = min(depth, self._level + self._pace * passed if passed < 1e6 else math.inf)
            self._at = now

    def _doubt(self, for_s: float) -> None:
        """Try a little more: what was learned may be another limit by now."""
        self.rate = min(self._limit(), self.rate * (1 + _DOUBT_A_MINUTE / 60 * for_s))
        if self.minute is not None:
            self.minute = max(self.minute, round(60 * self.rate))
            self.is_new = True

    def _is_pushed(self, now: float) -> bool:
        """Whether the pace is what holds calls up: what they do not use says nothing of a faster one."""
        since = max(now - 1.0, self._grown_at - _GROWS_EVERY_S, self._changed_at)
        return self._used(since, now) >= _PUSHED_SHARE * self.rate * (now - since) - self._size

    def _grow(self, for_s: float, now: float) -> None:
        """Go a little further, for more is wanted."""
        if self.state is State.OPEN:
            self.rate *= _OPENING**for_s if self._is_heard else 1.0
        elif self.state is State.SEARCHING:
            self.rate = min(self._limit(), self._search.faster(self.rate, for_s))
            if self._search.is_late(now):
                self._settle(now)
        elif now >= self._calm_until:
            whole = 60 * self.rate
            deeper = min(whole, self.burst + _DEEPENING * self.rate * max(0.0, for_s))
            self._level += deeper - self.burst
            self.burst = deeper
            self._is_coarse |= deeper > _COARSE_CALLS * self._size
