"""The time after a refusal: when to look again, and whether it is over.

One call at a time looks. That it was let through is seen when no refusal has come
back for a moment: refusals come at once, answers take their time.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.llm.limits.returned import Returned

# A call that looks is let through when it was not refused for so long, or for some times what a refusal took.
GRACE_S, _GRACE_TIMES, _GRACE_AT_MOST_S = 0.5, 3.0, 5.0
# Without a hint: so long after the refusal; then at the moments when a spent minute would end, or every few seconds.
_LOOKS_S = (0.3, 1.2, 4.0)
_EVERY_S, _LOOKS_AT_MOST, _LOOKS_BY_CLOCK = 6.0, 3, 2
_LATER_S = 60.0
# A little after the vendor's clock has come to a new minute.
_CLOCK_S = 0.15
# So much later than it left a call may have arrived.
_LATE_S = 0.1
# A minute begins with the arrival of a call and ends a little after a minute; later where refused calls count too.
_MINUTES_S = (61.2, 64.0)


@dataclass(slots=True)
class Closure:
    """One closure of one meter.

    Attributes:
        closed_at: When the refused call had left.
        hint_s: How long the vendor asks to wait, counted from *now*, the moment when the refusal came.
        log: What was accepted in the minute before: when it left, and how much, oldest first.
        minute_ends_at: When the minute of the vendor's clock ends; None when not known.
        border_at: When the next minute would begin if one began where the last closure ended; None when there was none.
        returned: What calls gave back since.
    """

    closed_at: float
    hint_s: float | None
    now: float
    log: Sequence[tuple[float, float]]
    minute_ends_at: float | None
    border_at: float | None = None
    refusals: int = 1
    _next: float = field(init=False)
    _looking: float | None = field(default=None, init=False)
    _left: float = field(default=0.0, init=False)
    _took_s: float = field(default=0.0, init=False)
    returned: Returned = field(default_factory=Returned, init=False)
    _lent: float = field(default=0.0, init=False)
    _slides: bool = field(default=True, init=False)
    _refused_at: float = field(default=0.0, init=False)
    _passed_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._refused_at = self._passed_at = self.closed_at
        self._took_s = self.now - self.closed_at
        self._next = self._following(self.hint_s, self.now)

    def wait_s(self, size: float, now: float) -> float:
        """Return the seconds until a call of *size* may look, or until it is seen what became of who does."""
        if self.returned.fits(size):
            return 0.0
        if self._looking is None:
            return max(0.0, self._next - now)
        return max(0.0, self._left + self.grace_s - now) if self._left else self.grace_s

    def look(self, units: float, now: float) -> None:
        """A call of *units* is granted: it looks, unless it only takes what others gave back."""
        if self.returned.fits(units):
            self.returned.lend(units)
            self.returned.used += units
            self._passed_at = now
            return
        self._looking, self._left = now, 0.0
        self._lent = units if self.returned.may_let_in else 0.0
        self.returned.lend(self._lent)

    def left(self, now: float) -> None:
        """A call leaves."""
        if self._looking is not None and not self._left:
            self._left = now

    def given_up(self) -> None:
        """A call was given up before it left: if it was the one that looks, another may."""
        if not self._left:
            self._looking = None

    def is_over(self, now: float) -> bool:
        """Say whether the call that looked was let through, and not only for what others gave back."""
        if self._looking is None or not self._left or now < self._left + self.grace_s:
            return False
        if not self._lent:
            return True
        self.returned.used += self._lent
        self._passed_at = self._left
        self._looking, self._next = None, now
        return False

    @property
    def grace_s(self) -> float:
        """How long a refusal may take, in seconds."""
        return min(_GRACE_AT_MOST_S, max(GRACE_S, _GRACE_TIMES * self._took_s))

    @property
    def reopened_at(self) -> float:
        """When the call left that was let through."""
        return self._left or self.now

    def refused(self, granted_at: float, sent_at: float, hint_s: float | None, now: float) -> None:
        """Take note of a refusal: of the call that looks, or of one that was on its way before."""
        self._took_s = max(self._took_s, now - sent_at)
        self.returned.refused(granted_at > self.now and (self._lent > 0.0 or self._looking is None))
        if self._looking is None:
            if hint_s is not None:
                self._next = max(self._next, now + hint_s)
            return
        if granted_at >= self._looking:
            self.refusals += 1
            self._refused_at = sent_at
            # A minute that slides would have let it in: more than the refused calls, if they count, had left it.
            freed = sum(units for at, units in self.log if at < sent_at - 60.0 - _LATE_S)
            self._slides = self._slides and freed <= self.refusals
            self._looking = None
            self._next = self._following(hint_s, now)

    @property
    def shut_for_s(self) -> float:
        """For how long it let nothing through at the end, or said so."""
        return max(self.reopened_at - self._passed_at, self.hint_s or 0.0)

    def accepted(self, since: float) -> float:
        """Return what was accepted after *since* and before it closed."""
        return sum(units for at, units in self.log if at > since)

    @property
    def oldest(self) -> float | None:
        """When the oldest call of the minute before left."""
        return self.log[0][0] if self.log else None

    def held(self) -> tuple[float, float]:
        """Return what the minute that was spent held, at least and at most: it began between two of the looks."""
        if self._is_of_oldest:
            whole = self.accepted(-math.inf)
            return whole, whole
        least = self.accepted(self.reopened_at - 60.0) - self.returned.given + self.returned.used
        return max(0.0, least), self.accepted(self._refused_at - 60.0)

    @property
    def _is_of_oldest(self) -> bool:
        """Say whether the minute began with the oldest call."""
        by_clock = self.minute_ends_at is not None and 0.0 <= self.reopened_at - self.minute_ends_at < 0.3
        by_oldest = self._slides and self.oldest is not None and -0.5 < self.reopened_at - self.oldest - 60.0 < 5.0
        return by_oldest and not by_clock

    def _following(self, hint_s: float | None, now: float) -> float:
        if hint_s is not None:  # and where it is too short, each time twice as long
            return now + max(hint_s, _LOOKS_S[0] * 2.0 ** (self.refusals - 1))
        ahead = [self._passed_at + after for after in _LOOKS_S]
        if self.oldest is not None:
            ahead += [self.oldest + after for after in _MINUTES_S]
        borders = [] if self.minute_ends_at is None else [self.minute_ends_at, self.minute_ends_at + 60.0]
        if self.border_at is not None:  # what was seen says more than the vendor's clock
            borders = [self.border_at]
        ahead += [at + _CLOCK_S for at in borders]
        later = [at for at in ahead if at > now + 0.1]
        left_s = _MINUTES_S[0] if self.oldest is None else self.oldest + _MINUTES_S[0] - self.closed_at
        looks = _LOOKS_BY_CLOCK if borders else _LOOKS_AT_MOST
        every_s = max(_EVERY_S, left_s / looks) if now - self.closed_at < 2 * _LATER_S else _LATER_S
        return min([*later, now + every_s])
