"""Reads what a failed call's answer says, in the shapes that vendors and gateways use: bodies, headers, waits."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from utils.durations import parse_duration_s, parse_moment, seconds_until

MAX_TEXT = 4000
# A gateway's name for the headers of the vendor behind it (LiteLLM).
_BEHIND = "llm_provider-"
_WAITS = ("retry-after", "x-retry-after")
_RESETS = ("x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset")
_UNITS = ("requests", "tokens", "requests-minute", "tokens-minute", "requests-day", "tokens-day")
_BODY_WAITS = ("retry_after", "retry_after_seconds", "retry_after_s", "retryAfter", "retryDelay", "retry_delay")
_BODY_WAITS_MS = ("retry_after_ms", "retryAfterMs")
_DURATION = (
    r"(?:\d+(?:\.\d+)? ?(?:milliseconds?|ms|days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z]) ?)+"
)
_WAIT_IN_TEXT = re.compile(
    rf"(?:try again|retry(?:ing)?|wait|reset(?:s|ting)?) (?:in|after|for)?:? ?(?:about |approximately )?({_DURATION})",
    re.I,
)
# Anthropic, when a limit of spending is reached.
_MOMENT_IN_TEXT = re.compile(r"regain access on (\d{4}-\d\d-\d\d)(?: at (\d\d:\d\d))? UTC", re.I)
_DEEPEST = 4


class ErrorInAnswer(Exception):
    """An error that came as the answer of a 200, or within its stream."""

    def __init__(self, body: object, headers: Mapping[str, str]) -> None:
        super().__init__(json.dumps(body, default=str)[:2000])
        self.body = body
        self.headers = headers


def bodies_of(body: object) -> Iterator[Mapping[str, object]]:
    """Yield the error object of any shape vendors use: bare, wrapped, listed, or as text."""
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            return
    if isinstance(body, list):
        body = body[0] if body else None
    if isinstance(body, Mapping):
        inner = body.get("error")
        if isinstance(inner, Mapping):
            yield inner
        yield body


def status_in(body: object) -> int | None:
    """Return the HTTP status that a body states, or None."""
    for part in bodies_of(body):
        for name in ("status_code", "code", "status"):
            value = part.get(name)
            number = int(value) if isinstance(value, str) and value.isdecimal() and len(value) == 3 else value
            if isinstance(number, int) and 400 <= number < 600:
                return number
    return None


def messages_of(body: object) -> Iterator[str]:
    """Yield the sentences of a body: first those of the vendor behind a gateway."""
    for part in bodies_of(body):
        details = part.get("metadata")
        raw = details.get("raw") if isinstance(details, Mapping) else None
        for value in (raw, part.get("message"), part.get("error")):
            if isinstance(value, str) and value:
                yield value[:MAX_TEXT]


def parameters_in(body: object) -> list[str]:
    """Return the names of parameters that a body gives in a field of its own."""
    found = [part["param"] for part in bodies_of(body) if isinstance(part.get("param"), str)]
    for part in bodies_of(body):
        detail = part.get("detail")
        for item in detail if isinstance(detail, list) else ():
            place = item.get("loc") if isinstance(item, Mapping) else None
            found += [name for name in place if isinstance(name, str)] if isinstance(place, list) else []
    return [str(name).rpartition(".")[2] for name in found]


def text_in(body: object, name: str) -> str | None:
    """Return the text that a body holds under *name*, or None."""
    return next((value for part in bodies_of(body) if isinstance(value := part.get(name), str)), None)


def names_a_vendor(body: object) -> bool:
    """Tell whether a gateway's body says which vendor behind it failed."""
    return any(
        isinstance(details := part.get("metadata"), Mapping) and bool(details.get("provider_name"))
        for part in bodies_of(body)
    )


def headers_of(chain: Iterator[BaseException]) -> dict[str, str]:
    """Return the headers of the answer in lower case, those within its body too; a gateway's prefix is dropped."""
    found: dict[str, str] = {}
    for link in chain:
        headers = getattr(getattr(link, "response", None), "headers", None) or getattr(link, "headers", None)
        if headers is not None:
            found = {str(name).lower(): str(value) for name, value in headers.items()}
            break
    behind = {name.removeprefix(_BEHIND): value for name, value in found.items() if name.startswith(_BEHIND)}
    return {**behind, **found}


def headers_in(body: object) -> dict[str, str]:
    """Return the headers that a body repeats (OpenRouter's `metadata.headers`), in lower case."""
    for part in bodies_of(body):
        details = part.get("metadata")
        headers = details.get("headers") if isinstance(details, Mapping) else None
        if isinstance(headers, Mapping):
            return {str(name).lower(): str(value) for name, value in headers.items()}
    return {}


def is_from_behind(headers: Mapping[str, str]) -> bool:
    """Tell whether a gateway passes on the answer of a vendor."""
    return any(name.startswith(_BEHIND) for name in headers)


def wait_s(headers: Mapping[str, str], body: object, text: str) -> float | None:
    """Return how many seconds an answer asks to wait, in whichever way it says so; None when it does not."""
    now = parse_moment(headers.get("date")) or datetime.now(UTC)
    waits = [_milliseconds(headers.get(f"{name}-ms")) for name in _WAITS]
    waits += [seconds_until(headers.get(name), now) for name in _WAITS]
    waits.append(_wait_in(body, 0))
    found = _WAIT_IN_TEXT.search(text)
    waits.append(parse_duration_s(found.group(1)) if found else None)
    again = _MOMENT_IN_TEXT.search(text)
    waits.append(seconds_until(f"{again[1]}T{again[2] or '00:00'}+00:00", now) if again else None)
    waits.append(_reset_s(headers, now))
    return next((wait for wait in waits if wait is not None), None)


def _reset_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return when the window that is used up is free again."""
    used_up = [unit for unit in _UNITS if headers.get(f"x-ratelimit-remaining-{unit}", "").strip() == "0"]
    resets = [seconds_until(headers.get(f"x-ratelimit-reset-{unit}"), now) for unit in used_up]
    resets = [reset for reset in resets if reset is not None] or [
        seconds_until(headers.get(name), now) for name in _RESETS
    ]
    return max((reset for reset in resets if reset is not None), default=None)


def _wait_in(value: object, depth: int) -> float | None:
    if depth > _DEEPEST or not isinstance(value, Mapping | list):
        return None
    if isinstance(value, Mapping):
        for name in _BODY_WAITS:
            found = parse_duration_s(str(value[name])) if name in value else None
            if found is not None:
                return found
        for name in _BODY_WAITS_MS:
            found = _milliseconds(str(value[name])) if name in value else None
            if found is not None:
                return found
    inner = value.values() if isinstance(value, Mapping) else value
    return next((found for item in inner if (found := _wait_in(item, depth + 1)) is not None), None)


def _milliseconds(text: str | None) -> float | None:
    found = parse_duration_s(text)
    return None if found is None else found / 1000
