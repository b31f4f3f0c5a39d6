"""Reads the durations that vendors write in headers and messages."""

import math
import re

_UNIT_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")


def parse_duration_s(text: str | None) -> float | None:
    """Return the seconds in *text*, or None when it is no duration.

    Takes Go durations (`2m59.56s`, `172ms`), plain or floating seconds (`12`,
    `33011.38`), with a space before the unit or not.
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
        seconds = sum(float(part.group(1)) * _UNIT_S[part.group(2)] for part in parts)
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
