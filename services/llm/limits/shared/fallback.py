"""What one process may use of an account while it does not know what the others use.

A share, the limit by the number of processes, holds in sum once a whole window has passed without the ledger. Before,
somebody may have used most of it, and all of that counts still: so each goes on with as much as it used itself and with
its share of what nobody had used. Who used more than a share comes down to it after one window; the others go up to it
after two, when that has left the window.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.llm.limits.windows import SlidingWindow

# The others notice a little sooner or later.
_SLACK_S = 3.0

Pair = tuple[float, float]


def share(limit: int | None, first: float, processes: int, passed_spans: float) -> float:
    """Return how much of its own a window may hold; inf without a limit.

    Args:
        limit: What it holds in all.
        first: What it may hold at first: own use, and a share of what was free.
        processes: How many share it; each may make a call, however many they are, once a window has passed twice.
        passed_spans: For how long the ledger is away, in lengths of the window.
    """
    if limit is None:
        return math.inf
    whole, first = max(1.0, limit / processes), min(first, limit)
    return math.floor(whole if passed_spans > 2.0 else min(first, whole) if passed_spans > 1.0 else first)


@dataclass(frozen=True, slots=True)
class _Lost:
    since: float
    processes: int
    first: tuple[Pair, ...]  # calls and tokens of each window


class Shares:
    """Keeps the windows of one account to their shares. Not thread-safe: the gate holds the lock."""

    def __init__(self, windows: Sequence[SlidingWindow]) -> None:
        self._windows = windows
        self._lost: _Lost | None = None

    @property
    def are_kept(self) -> bool:
        """Whether they hold now."""
        return self._lost is not None

    def begin(self, used: Sequence[Pair] | None, growth: Pair, processes: int, now: float) -> None:
        """Keep to them from *now* on; where they are kept already, to what both times allow.

        Args:
            used: Calls and tokens of each window that all processes used together, as far as is known; None for what
                the windows hold themselves: it was read from the tables, which know of all.
            growth: What the others may have used since that was told.
            processes: How many share.
            now: The time.
        """
        rows: list[Pair] = []
        for window, of_all in zip(self._windows, used or (None, None, None), strict=True):
            window.expire(now)
            own = (window.calls, window.tokens)
            limits = (window.calls_limit, window.tokens_limit)
            total = own if of_all is None else (of_all[0] + growth[0], of_all[1] + growth[1])
            first = [
                mine + (math.inf if limit is None else max(0.0, limit - all_) / processes)
                for mine, all_, limit in zip(own, total, limits, strict=True)
            ]
            rows.append((first[0], first[1]))
        if self._lost is not None:
            both = zip(rows, self._lost.first, strict=True)
            rows = [(min(now_[0], then[0]), min(now_[1], then[1])) for now_, then in both]
        self._lost = _Lost(now, processes, tuple(rows))
        self.keep(now)

    def keep(self, now: float) -> None:
        """Move with the time; nothing when the ledger is there."""
        lost = self._lost
        if lost is None:
            return
        for window, first in zip(self._windows, lost.first, strict=True):
            spans = (now - lost.since) / (window.span_s + _SLACK_S)
            calls = share(window.calls_limit, first[0], lost.processes, spans)
            tokens = share(window.tokens_limit, first[1], lost.processes, spans)
            window.share = (calls, tokens, spans > 2.0)

    def end(self) -> None:
        """Let the ledger say again what may be used."""
        self._lost = None
        for window in self._windows:
            window.share = None
