"""What the vendor says is left of a minute's limit, less what was sent since."""

import math

from services.llm.limits.limit_headers import StatedLimit

# Share of a limit by which the vendor's count may differ from ours before others are assumed to use it too.
_SLACK = 0.05
# For so long a statement is fresh; nobody waits longer for the end of a window on its word alone.
_FRESH_S = 5.0
_UNTOLD_S = 1.0
# What is whole again so soon is paced, and needs no hold.
_SOON_S = 3.0
# A minute whose end was the same moment in all statements of so long, but for rounding, ends at once.
_STEADY_S, _ROUNDED_S = 4.0, 1.2


class Remaining:
    """The newest statement on one unit."""

    def __init__(self) -> None:
        self._left = 0.0
        self._sent_at = self._at = self._hold_until = -math.inf
        # The first call by whose answer the minute ends within these moments.
        self._first_at = self._ends_from = self._ends_by = math.inf

    def stated(self, row: StatedLimit, counted: float, since: float, sent_at: float, now: float) -> None:
        """Take over *row*, of an answer to a call that left at *sent_at*.

        Args:
            row: What the vendor states.
            counted: What our log of the minute holds now.
            since: What left after *sent_at*: the vendor may not have known of it.
            sent_at: When the call left.
            now: When the answer came.
        """
        if row.remaining is None or sent_at < self._sent_at:
            return
        self._left, self._sent_at, self._at = row.remaining - since, sent_at, now
        self._hold_until = self._end_of_minute(row.reset_s, sent_at)
        if row.limit - row.remaining - counted > max(1.0, _SLACK * row.limit):
            # A bucket that is smaller than a minute's limit, or others who use the account.
            untold_s = _UNTOLD_S if row.remaining == 0 else 0.0
            hold_s = untold_s if row.reset_s is None else row.reset_s if row.reset_s >= _SOON_S else 0.0
            self._hold_until = max(self._hold_until, now + min(hold_s, _FRESH_S))

    def _end_of_minute(self, reset_s: float | None, sent_at: float) -> float:
        """Return when all is free again at once; -inf where it comes back bit by bit, or is not known to do so.

        A vendor with a bucket, or a sliding minute, tells of a later moment with each call.
        """
        if reset_s is None:
            return -math.inf
        ends_at = sent_at + reset_s
        self._ends_from, self._ends_by = min(self._ends_from, ends_at), max(self._ends_by, ends_at)
        if not self._ends_by - self._ends_from <= _ROUNDED_S:
            self._first_at, self._ends_from, self._ends_by = sent_at, ends_at, ends_at
        return self._ends_by if sent_at - self._first_at >= _STEADY_S else -math.inf

    def took(self, units: float) -> None:
        """Count a call that is let through; less than 0 for one that does not leave after all."""
        self._left -= units

    def hold_s(self, units: float, now: float) -> float:
        """Return for how long the vendor has no room for *units*, by its own word; 0.0 when it has, or did not say."""
        return 0.0 if units <= self._left else max(0.0, self._hold_until - now)

    def leaves(self, units: float, now: float) -> bool:
        """Say whether the vendor told just now that it has room for *units*."""
        return units <= self._left and now - self._at < _FRESH_S
