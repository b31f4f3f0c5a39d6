"""Reads the limits that vendors state in the headers of every answer.

`x-ratelimit-{limit,remaining,reset}-{requests,tokens}`: tokens are a minute's; requests
are a day's at Groq and a minute's at OpenAI and its likes. Cerebras adds the window to
the name: `-requests-day`, `-tokens-minute`. Resets are Go durations or float seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from utils.durations import parse_duration_s

Unit = Literal["requests", "tokens"]
Window = Literal["minute", "day"]
_NAMES: tuple[tuple[str, Unit, Window | None], ...] = (
    ("requests", "requests", None),
    ("requests-minute", "requests", "minute"),
    ("requests-day", "requests", "day"),
    ("tokens", "tokens", "minute"),
    ("tokens-minute", "tokens", "minute"),
    ("tokens-day", "tokens", "day"),
)


@dataclass(frozen=True, slots=True)
class StatedLimit:
    """One limit as a vendor states it.

    Attributes:
        remaining: What is left of it, or None.
        reset_s: Seconds until it is fully available again, or None.
    """

    unit: Unit
    window: Window
    limit: int
    remaining: int | None
    reset_s: float | None


def stated_limits(headers: Mapping[str, str], requests_window: Window = "minute") -> list[StatedLimit]:
    """Return the limits in *headers* (lower case); *requests_window* is what a bare `requests` means there."""
    found: list[StatedLimit] = []
    if not any(name.startswith("x-ratelimit-limit") for name in headers):
        return found
    for name, unit, window in _NAMES:
        limit = _count(headers.get(f"x-ratelimit-limit-{name}"))
        if limit:
            remaining = _count(headers.get(f"x-ratelimit-remaining-{name}"))
            reset_s = parse_duration_s(headers.get(f"x-ratelimit-reset-{name}"))
            found.append(StatedLimit(unit, window or requests_window, limit, remaining, reset_s))
    return found


def _count(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isdecimal() else None
