"""What a process tells the ledger of an account's limits and pace, and how large a block it wants."""

import math
from collections.abc import Sequence

from services.llm.limits.rate_limiter import RateLimiter
from services.llm.limits.windows import SlidingWindow

# A block is what is used in a second of the process's pace; it may be used a little longer, and begins so soon.
BLOCK_S, LASTS_S, _AHEAD_S = 1.0, 1.5, 1.0
_CALLS_AT_MOST = 200
# So much of a process's share of what an hour or a day has left is held at most.
_PART = 0.25
# An hour and a day are counted in so many steps.
_STEPS = (240, 288)
# Who waits and does not ask for so long waits no more.
STALE_S = 1.0


def limits_of(windows: Sequence[SlidingWindow]) -> list[tuple[float, float, int, int]]:
    """Return span, step, calls and tokens of minute, hour and day; -1 for no limit."""
    rows = []
    for window, steps in zip(windows, (1, *_STEPS), strict=True):
        limits = (window.calls_limit, window.tokens_limit)
        calls, tokens = (-1 if limit is None else limit for limit in limits)
        rows.append((window.span_s, window.span_s / steps, calls, tokens))
    return rows


def rates_of(limiter: RateLimiter) -> tuple[float, float]:
    """Return at which pace unused calls and tokens come back; 0 for never."""
    return limiter.calls.paced[0], 0.0 if limiter.tokens.may_be_fine else limiter.tokens.paced[0]


def want(limiter: RateLimiter, tokens: int, processes: int, scale: float) -> dict[str, object]:
    """Return the block that is wanted: what a second of a process's pace takes, at least a call of *tokens*.

    Args:
        limiter: The account.
        tokens: Of the call that waits.
        processes: How many share the pace.
        scale: How long its minute is, in minutes.
    """
    minute, calls_pace, tokens_pace = limiter.minute, limiter.calls.paced, limiter.tokens.paced
    rates = (
        calls_pace[0] or math.inf,
        (tokens_pace[0] or math.inf) / tokens,
        math.inf if minute.calls_limit is None else minute.calls_limit / minute.span_s,
        math.inf if minute.tokens_limit is None else minute.tokens_limit / minute.span_s / tokens,
    )
    calls = max(1, round(min(_CALLS_AT_MOST, min(rates) * BLOCK_S * scale / processes)))
    return {
        "calls": calls,
        "tokens": calls * tokens,
        "least": tokens,
        "part": _PART / processes,
        "pace_calls": calls_pace,
        "pace_tokens": tokens_pace,
        "lasts_s": LASTS_S * scale,
        "ahead_s": _AHEAD_S * scale,
        "stale_s": STALE_S,
    }
