"""The search for a rate that nobody tells, from refusal to refusal.

It lies between what was accepted from one refusal to the next and the rate that was refused.
A vendor with a bucket accepts between two refusals exactly what the bucket filled with, our pauses
included, so the first of the two is the rate. A vendor that counts by the second gives nothing for a
pause: there the search goes half-way, and stays below what was refused.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

# What was accepted after one moment and up to another, oldest first: when it left, and how much it took.
Log = Callable[[float, float], list[tuple[float, float]]]

# How much faster a second later, from refusal to refusal.
_STEPS = (1.10, 1.03, 1.015, 1.01)
# After so long what was accepted is a bucket's rate, nearly.
_EXACT_S, _NEAR = 6.0, 0.05
# Where it is not a bucket's, it stays below what was refused.
_BELOW = 0.98
# A rate that was borne for so long is only a little too fast.
_HELD_S, _STEP_DOWN = 2.5, 0.97
# When it ends: a bucket's after so long and so many refusals, any other after so long or so many.
_SETTLED_AFTER_S, _SETTLED_REFUSALS = 20.0, 4
_AT_MOST_S, _REFUSALS_AT_MOST = 45.0, 8
# What was refused longer ago says less than that it was borne since.
_RECENT_S = 15.0
# More borne at once than that many seconds' rate and calls is a bucket's.
_DEEP_S, _DEEP_CALLS = 1.0, 2.0


@dataclass(slots=True)
class RateSearch:
    """One search.

    Attributes:
        since: When the first refused call had left.
        refusals: How many there were.
        ceiling: The fastest rate that is tried.
        is_deep: Whether it is a bucket's.
        paused_s: How long we paused in it.
    """

    since: float
    refusals: int = 1
    ceiling: float = math.inf
    is_deep: bool = False
    paused_s: float = 0.0
    _found: float = math.inf

    @classmethod
    def again(cls, since: float, rate: float) -> "RateSearch":
        """Begin anew with a *rate* that was found before and is refused now."""
        return cls(since, refusals=2, ceiling=_BELOW * rate)

    def refused(self, at: float, rate: float, held_s: float, log: Log, size: float) -> float:
        """Return the rate to go on with.

        Args:
            at: When the refused call had left.
            rate: The rate that was refused, in units a second.
            held_s: For how long it had been borne.
            log: What was accepted.
            size: Units of a call.
        """
        took_s = at - self.since
        accepted = sum(units for _, units in log(self.since, at)) / max(took_s, 0.1)
        self.is_deep = self.is_deep or self._looks_deep(accepted, took_s, log, size)
        self.refusals += 1
        exact = self.is_deep and took_s > _EXACT_S
        self._found = accepted if exact else rate
        self.ceiling = _BELOW * rate
        least = accepted if self.is_deep or held_s < _HELD_S else _STEP_DOWN * rate
        return max(least, accepted + (_NEAR if exact else 0.5) * max(0.0, rate - accepted))

    def is_over(self, now: float) -> bool:
        """Say whether a refusal just now ends it."""
        exact = self.is_deep and now - self.since >= _SETTLED_AFTER_S and self.refusals >= _SETTLED_REFUSALS
        return exact or self.refusals >= _REFUSALS_AT_MOST

    def is_late(self, now: float) -> bool:
        """Say whether it has taken long enough."""
        return now - self.since > _AT_MOST_S

    def faster(self, rate: float, for_s: float) -> float:
        """Return *rate* after it was borne for so long."""
        rate *= _STEPS[min(self.refusals, len(_STEPS)) - 1] ** for_s
        return rate if self.is_deep else min(rate, self.ceiling)

    def settled(self, rate: float, quiet_s: float) -> float:
        """Return the rate that was found, *quiet_s* seconds after the last refusal."""
        if quiet_s >= _RECENT_S:
            return rate
        return min(rate, self._found if self.is_deep else self.ceiling)

    def _looks_deep(self, accepted: float, took_s: float, log: Log, size: float) -> bool:
        """Say whether more was borne before the first refusal than any second would."""
        before = log(self.since - 60.0, self.since)
        if not before:
            return False
        # What our pauses lost lies between nothing and all that would have come in them.
        likely = accepted * (1 + took_s / max(took_s - self.paused_s, 0.1)) / 2
        bore = sum(units for _, units in before) - likely * (self.since - before[0][0])
        return bore > _DEEP_S * likely + _DEEP_CALLS * size
