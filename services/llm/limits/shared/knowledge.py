"""What one process learned of an account's limits, for the others: from headers, and from refusals."""

import json
from dataclasses import asdict, dataclass
from typing import cast

from services.llm.limits.meter import Learned, Meter, State
from services.llm.limits.rate_limiter import RateLimiter

# A rate that is only so much another is not worth telling.
_ALIKE = 0.02
_UNITS = ("requests", "tokens")


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The limits of one account.

    Attributes:
        told: Calls and tokens of a minute, as the vendor states them.
        learned: The same, as refusals taught.
        long: Calls and tokens of an hour, then of a day.
    """

    told: tuple[int | None, ...]
    learned: tuple[Learned | None, ...]
    long: tuple[int | None, ...]

    @classmethod
    def of(cls, limiter: RateLimiter) -> "Knowledge":
        """Return what *limiter* knows."""
        meters, windows = _meters(limiter), (limiter.hour, limiter.day)
        long = [limit for window in windows for limit in (window.calls_limit, window.tokens_limit)]
        return cls(tuple(each.told for each in meters), tuple(each.learned() for each in meters), tuple(long))

    @classmethod
    def read(cls, text: str) -> "Knowledge":
        """Return what another process wrote."""
        told, learned, long = cast(
            "tuple[list[int | None], list[dict[str, float]], list[int | None]]", json.loads(text)
        )
        rows = tuple(Learned(**row) if row else None for row in learned)  # type: ignore[arg-type]  # its own fields
        return cls(tuple(told), rows, tuple(long))

    def text(self) -> str:
        """Write it for the ledger."""
        return json.dumps([self.told, [row and asdict(row) for row in self.learned], self.long])

    def is_news(self, before: "Knowledge") -> bool:
        """Say whether it is more than a little other than *before*."""
        if (self.told, self.long) != (before.told, before.long):
            return True
        return any(not _alike(mine, its) for mine, its in zip(self.learned, before.learned, strict=True))

    def teach(self, limiter: RateLimiter) -> None:
        """Have *limiter* go by it; what nobody knows of stays as it is there."""
        rows: dict[str, Learned] = {}
        for unit, meter, told, learned in zip(_UNITS, _meters(limiter), self.told, self.learned, strict=True):
            if told is not None and told != meter.told:
                meter.retell(told)
            if learned is not None and meter.closure is None and meter.state is not State.SEARCHING:
                rows[unit] = learned
        limiter.recall(rows)
        hour_calls, hour_tokens, day_calls, day_tokens = self.long
        for window, calls, tokens in ((limiter.hour, hour_calls, hour_tokens), (limiter.day, day_calls, day_tokens)):
            window.calls_limit = window.calls_limit if calls is None else calls
            window.tokens_limit = window.tokens_limit if tokens is None else tokens


def _meters(limiter: RateLimiter) -> tuple[Meter, Meter]:
    return limiter.calls, limiter.tokens


def _alike(mine: Learned | None, its: Learned | None) -> bool:
    if mine is None or its is None:
        return mine is its
    if (mine.minute is None, mine.is_coarse) != (its.minute is None, its.is_coarse):
        return False
    is_near = abs((mine.minute or 0) - (its.minute or 0)) <= _ALIKE * (its.minute or 0)
    return is_near and abs(mine.rate - its.rate) <= _ALIKE * its.rate
