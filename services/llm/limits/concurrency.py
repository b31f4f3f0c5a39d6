"""How many calls a server takes at a time: additive increase, multiplicative decrease.

A server that is overloaded and sends no 429 only gets slower. After each round of
answers the pace (seconds an answer, by its length) is compared with the best seen: as
long as it holds, one more call is tried at a time, doubled while nothing is known yet;
when it has more than doubled, the number is cut (Chiu and Jain 1989; slow start as in
TCP). Servers with stated limits begin at their most, and only a refusal cuts it:
the limits bound the calls, and what slows them down may be this machine.
"""

import math
from statistics import median

_SLOW = 2.5
_CUT_SLOW = 0.7
_CUT_OVERLOAD = 0.5
_ROUND = 8
# After so long a silence the server may have changed: its best pace is forgotten.
_FORGET_S = 600.0
# An answer of few tokens still takes its round trip.
_BASE_TOKENS = 100


class ConcurrencyLimit:
    """The number of calls at a time. Not thread-safe: its owner holds a lock."""

    def __init__(self, most: int, start: int | None = None) -> None:
        self.most = most
        self._value = float(min(most, start or most))
        self._exploring = self._probing = start is not None
        self._round: list[float] = []
        self._busiest = 0
        self._best: float | None = None
        self._cut_at = self._heard_at = -math.inf

    @property
    def allowed(self) -> int:
        """Calls that may be under way now."""
        return max(1, int(self._value))

    def answered(self, latency_s: float, completion_tokens: int, in_flight: int, now: float) -> None:
        """Learn from an answer; *in_flight* counts it."""
        if not self._probing:
            self._value = min(self.most, self._value + 1 / self._value)
            return
        if now - self._heard_at > _FORGET_S:
            self._best = None
        self._heard_at = now
        self._round.append(latency_s / (completion_tokens + _BASE_TOKENS))
        self._busiest = max(self._busiest, in_flight)
        if len(self._round) < max(_ROUND, self.allowed):
            return
        pace, busy = median(self._round), self._busiest >= self.allowed
        self._round, self._busiest = [], 0
        best = self._best = pace if self._best is None else min(self._best, pace)
        if busy and pace > _SLOW * best:
            self._cut(_CUT_SLOW, now, latency_s)
        elif busy:
            self._value = min(self.most, self._value * 2 if self._exploring else self._value + 1)

    def stated(self) -> None:
        """Begin at the most: the server states limits, as vendors do."""
        if self._probing:
            self._probing = self._exploring = False
            self._value = float(self.most)

    def overloaded(self, now: float, latency_s: float) -> None:
        """Learn that the server refused: too many calls at a time."""
        self._cut(_CUT_OVERLOAD, now, latency_s)

    def _cut(self, factor: float, now: float, latency_s: float) -> None:
        """Cut once for what was sent together."""
        if now - self._cut_at < latency_s:
            return
        self._cut_at = now
        self._exploring = False
        self._value = max(1.0, self._value * factor)
