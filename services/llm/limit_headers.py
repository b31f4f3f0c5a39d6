"""Reads the limits that vendors state in the headers of every answer.

Groq and OpenAI: `x-ratelimit-limit-tokens` is per minute (Groq's `requests` pair is per
day and says nothing of the minute). Cerebras: `x-ratelimit-limit-tokens-minute`.
"""

from collections.abc import Mapping

_TOKENS_A_MINUTE = ("x-ratelimit-limit-tokens-minute", "x-ratelimit-limit-tokens")


def tokens_per_minute(headers: Mapping[str, str]) -> int | None:
    """Return the stated limit of tokens a minute, or None when *headers* (lower case) hold none."""
    for name in _TOKENS_A_MINUTE:
        text = headers.get(name, "").strip()
        if text.isdecimal() and int(text) > 0:
            return int(text)
    return None
