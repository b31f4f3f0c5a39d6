"""Reads the limits that vendors state in the headers of every answer.

`x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, some with the window behind it (`-requests-day`,
`-tokens-minute`). Without one tokens are a minute's; requests are a day's at Groq and a minute's at OpenAI and its
likes. Resets are Go durations or float seconds.

Anthropic's are `anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}`, each of a minute; its resets are
moments, and its `tokens` are those of prompt and answer together, beside which it states each alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast

from utils.durations import parse_duration_s, parse_moment, seconds_until

Unit = Literal["requests", "tokens"]
Window = Literal["second", "minute", "hour", "day"]
_PREFIX = "x-ratelimit-limit-"
_OF_ANTHROPIC = "anthropic-ratelimit"
_UNITS: tuple[Unit, ...] = ("requests", "tokens")
_NAME = re.compile(r"(?:total-)?(requests|tokens)(?:-(?:per-)?(second|minute|hour|day))?")
# A day of which more than that was used takes longer than a minute to be whole again.
_USED, _MINUTE_S = 0.01, 60.0


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
    for header, value in headers.items():
        if not header.startswith(_PREFIX):
            continue
        name = header.removeprefix(_PREFIX)
        parts, limit = _NAME.fullmatch(name), _count(value)
        if parts is None or not limit:
            continue
        unit, window = cast("Unit", parts[1]), cast("Window | None", parts[2])
        remaining = _count(headers.get(f"x-ratelimit-remaining-{name}"))
        reset_s = parse_duration_s(headers.get(f"x-ratelimit-reset-{name}"))
        if window is None:
            window = "minute" if unit == "tokens" else requests_window
            if window == "day" and _is_a_minute(limit, remaining, reset_s):
                window = "minute"
        found.append(StatedLimit(unit, window, limit, remaining, reset_s))
    return found or _of_anthropic(headers)


def _of_anthropic(headers: Mapping[str, str]) -> list[StatedLimit]:
    now = parse_moment(headers.get("date")) or datetime.now(UTC)
    told = {unit: _count(headers.get(f"{_OF_ANTHROPIC}-{unit}-limit")) for unit in _UNITS}
    return [
        StatedLimit(
            unit,
            "minute",
            limit,
            _count(headers.get(f"{_OF_ANTHROPIC}-{unit}-remaining")),
            seconds_until(headers.get(f"{_OF_ANTHROPIC}-{unit}-reset"), now),
        )
        for unit, limit in told.items()
        if limit
    ]


def _is_a_minute(limit: int, remaining: int | None, reset_s: float | None) -> bool:
    """Say whether a limit that is a day's at that vendor cannot be one: it is whole again too soon for that."""
    if remaining is None or reset_s is None:
        return False
    return limit - remaining > _USED * limit and reset_s <= _MINUTE_S


def _count(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isdecimal() else None
