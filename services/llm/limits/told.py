"""What an answer tells of the vendor's limits: its headers, or the words of a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.llm.limits.limit_headers import StatedLimit, Unit, Window, stated_limits
from services.llm.limits.rate_limiter import RateLimiter
from utils.durations import parse_moment
from utils.errors import RateLimitError


@dataclass(frozen=True, slots=True)
class Told:
    """What headers tell: of the vendor's limits, or else of its clock (seconds since 1970)."""

    stated: list[StatedLimit]
    dated_s: float | None

    def teach(self, limiter: RateLimiter, sent_at: float, now: float) -> None:
        """Have *limiter* learn it from the answer to a call that left at *sent_at*; under the gate's lock."""
        if self.stated:
            limiter.learn(self.stated, sent_at, now)
        elif self.dated_s is not None:
            limiter.clock.heard(self.dated_s, sent_at, now)


def told_by(headers: Mapping[str, str], requests_window: Window) -> Told:
    """Read the headers of an answer; not under the gate's lock, which all callers wait for."""
    stated = stated_limits(headers, requests_window)
    dated = parse_moment(headers["date"]) if not stated and "date" in headers else None
    return Told(stated, None if dated is None else dated.timestamp())


def stated_in(error: RateLimitError) -> list[StatedLimit]:
    """Return the limits that the error's message states."""
    rows: tuple[tuple[Unit, int | None], ...] = (("tokens", error.limit), ("requests", error.calls_limit))
    return [StatedLimit(unit, "minute", limit, None, None) for unit, limit in rows if limit]
