"""Reads the durations and moments that vendors write in headers and messages."""

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_UNIT_S = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = re.compile(
    r"(\d+(?:\.\d+)?)(milliseconds?|ms|days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])", re.IGNORECASE
)
# A plain number above this is a moment, as Unix time; above the second, in milliseconds.
_EPOCH_S, _EPOCH_MS = 1e9, 1e12


def parse_duration_s(text: str | None) -> float | None:
    """Return the seconds in *text*, or None when it is no duration.

    Takes Go durations (`2m59.56s`, `172ms`), plain or floating seconds (`12`,
    `33011.38`), and words (`5 seconds`), with a space before the unit or not.
    """
    if not text:
        return None
    text = text.strip().replace(" ", "")
    try:
        seconds = float(text)
    except ValueError:
        parts = list(_PART.finditer(text))
        if not parts or "".join(part.group(0) for part in parts) != text:
            return None
        seconds = sum(float(part.group(1)) * _UNIT_S[_unit(part.group(2))] for part in parts)
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def seconds_until(text: str | None, now: datetime) -> float | None:
    """Return the seconds from *now* that *text* tells: a duration, Unix time, an HTTP date, an ISO time; 0 if past."""
    seconds = parse_duration_s(text)
    if seconds is not None:
        if seconds < _EPOCH_S:
            return seconds
        return max(0.0, (seconds / 1000 if seconds >= _EPOCH_MS else seconds) - now.timestamp())
    moment = parse_moment(text)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


def parse_moment(text: str | None) -> datetime | None:
    """Return the moment that an HTTP date or an ISO time names, or None."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read((text or "").strip())
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _unit(word: str) -> str:
    word = word.casefold()
    return "ms" if word.startswith(("ms", "milli")) else word[0]
