"""How a simulated vendor behaves: limits by sliding window, faults by share and by script, latency, places.

The limits are kept as strictly as any vendor may: a call counts from its arrival
with everything it might use (prompt and the asked maximum of the answer), and with
what it used from its answer on.
"""

import random
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.vendors.wire import HTML_502, Reply, vendor_error

DAY_S = 86_400.0


@dataclass
class Behaviour:
    """What a control request can set.

    Attributes:
        latency_s: Seconds an answer takes; `latency_spread` is the share by which it varies.
        slots: Calls worked on at a time; more wait, so that the vendor slows down without a word.
        faults: Share of requests by name of the fault (see `fault_reply`).
        script: Names of faults for the next requests, "ok" for none; consumed before the shares.
        down: A fault that every request gets.
        length_spread: Share by which the stated length of answers varies.
    """

    latency_s: float = 0.0
    latency_spread: float = 0.0
    slots: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    requests_per_day: int | None = None
    tokens_per_day: int | None = None
    faults: dict[str, float] = field(default_factory=dict)
    script: list[str] = field(default_factory=list)
    down: str = ""
    thinking: bool = False
    length_spread: float = 0.0
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Counted:
    """One call in a window."""

    at: float
    tokens: int


class Window:
    """Calls and tokens of the last *span_s* seconds."""

    def __init__(self, span_s: float) -> None:
        self.span_s = span_s
        self.calls: deque[Counted] = deque()
        self.tokens = 0
        self.most_calls = 0
        self.most_tokens = 0

    def add(self, call: Counted, now: float) -> None:
        self.expire(now)
        self.calls.append(call)
        self.tokens += call.tokens
        self.most_calls = max(self.most_calls, len(self.calls))
        self.most_tokens = max(self.most_tokens, self.tokens)

    def settle(self, call: Counted, tokens: int) -> None:
        if self.calls and call.at >= self.calls[0].at:
            self.tokens += tokens - call.tokens

    def expire(self, now: float) -> None:
        while self.calls and self.calls[0].at + self.span_s <= now:
            self.tokens -= self.calls.popleft().tokens

    def free_in_s(self, now: float) -> float:
        return max(0.0, self.calls[0].at + self.span_s - now) if self.calls else 0.0


class Limits:
    """The vendor's own limiter."""

    def __init__(self) -> None:
        self.minute = Window(60.0)
        self.day = Window(DAY_S)

    def admit(self, kind: str, behaviour: Behaviour, tokens: int, now: float) -> tuple[Counted | None, Reply | None]:
        """Count the call, or refuse it in the vendor's words."""
        self.minute.expire(now)
        self.day.expire(now)
        refused = self._refusal(kind, behaviour, tokens, now)
        if refused is not None:
            return None, refused
        call = Counted(now, tokens)
        self.minute.add(call, now)
        self.day.add(call, now)
        return call, None

    def settle(self, call: Counted, tokens: int) -> None:
        self.minute.settle(call, tokens)
        self.day.settle(call, tokens)
        call.tokens = tokens

    def headers(self, kind: str, behaviour: Behaviour, now: float) -> dict[str, str]:
        """State the limits as the vendor does."""
        found: dict[str, str] = {}
        if kind == "ollama":
            return found
        day, tokens = ("requests-day", "tokens-minute") if kind == "cerebras" else ("requests", "tokens")
        rows = (
            (day, behaviour.requests_per_day, len(self.day.calls), self.day.free_in_s(now)),
            (tokens, behaviour.tokens_per_minute, self.minute.tokens, self.minute.free_in_s(now)),
        )
        if kind == "openai":
            rows = (("requests", behaviour.requests_per_minute, len(self.minute.calls), 1.0), rows[1])
        for name, limit, used, reset_s in rows:
            if limit is not None:
                found[f"x-ratelimit-limit-{name}"] = str(limit)
                found[f"x-ratelimit-remaining-{name}"] = str(max(0, limit - used))
                found[f"x-ratelimit-reset-{name}"] = f"{reset_s:.6f}" if kind == "cerebras" else go_duration(reset_s)
        return found

    def _refusal(self, kind: str, behaviour: Behaviour, tokens: int, now: float) -> Reply | None:
        minute_tokens = behaviour.tokens_per_minute
        if minute_tokens is not None and tokens > minute_tokens:
            text = f"Request too large: Limit {minute_tokens}, Requested {tokens} tokens per minute (TPM)"
            return vendor_error(kind, 413, text, "rate_limit_exceeded")
        rows = (
            (self.minute, "requests per minute", behaviour.requests_per_minute, len(self.minute.calls) + 1),
            (self.minute, "tokens per minute", minute_tokens, self.minute.tokens + tokens),
            (self.day, "requests per day", behaviour.requests_per_day, len(self.day.calls) + 1),
            (self.day, "tokens per day", behaviour.tokens_per_day, self.day.tokens + tokens),
        )
        for window, what, limit, wanted in rows:
            if limit is not None and wanted > limit:
                wait_s = window.free_in_s(now)
                text = f"Rate limit reached: {what}: Limit {limit}. Please try again in {go_duration(wait_s)}"
                return vendor_error(kind, 429, text, "rate_limit_exceeded", {"retry-after": str(int(wait_s) + 1)})
        return None


def fault_reply(name: str, kind: str, model: str) -> Reply | None:
    """Return how vendor *kind* shows the fault *name*; None for faults of the answer itself.

    Raises:
        KeyError: no such fault.
    """
    if name in ("truncated_json", "prose", "empty", "length"):
        return None
    if name in _RAW:
        return _RAW[name]
    status, message, code, headers = _FAULTS[name]
    return vendor_error(kind, status, message.format(model=model), code, headers)


_RAW = {
    "hang": Reply(hang=True),
    "drip": Reply(body=b" " * 4000, drip=True),
    "reset": Reply(reset=True),
    "502": Reply(502, HTML_502, {"content-type": "text/html"}),
    "200_error": Reply(200, {"error": {"message": "upstream overloaded", "type": "server_error", "code": None}}),
}
_FAULTS: dict[str, tuple[int, str, str, dict[str, str]]] = {
    "400_decommissioned": (400, "The model `{model}` has been decommissioned", "model_decommissioned", {}),
    "401": (401, "Invalid API Key", "invalid_api_key", {}),
    "403": (403, "The model `{model}` is blocked at the organization level", "model_permission_blocked_org", {}),
    "404": (404, "The model `{model}` does not exist or you do not have access to it", "model_not_found", {}),
    "413": (413, "Request too large for model `{model}`: tokens per minute (TPM)", "rate_limit_exceeded", {}),
    "429": (429, "Rate limit reached for model `{model}`", "rate_limit_exceeded", {}),
    "429_hint": (429, "Rate limit reached for model `{model}`", "rate_limit_exceeded", {"retry-after": "2"}),
    "429_day": (429, "Rate limit reached: tokens per day", "rate_limit_exceeded", {"retry-after": "8549"}),
    "498": (498, "flex tier capacity exceeded", "capacity_exceeded", {}),
    "500": (500, "Internal server error", "", {}),
    "503": (503, "Service unavailable, try again later", "", {}),
}


def pick_fault(behaviour: Behaviour, draw: random.Random) -> str:
    """Choose the fault of the next request: "" for none."""
    if behaviour.down:
        return behaviour.down
    if behaviour.script:
        name = behaviour.script.pop(0)
        return "" if name == "ok" else name
    point = draw.random()
    for name, share in behaviour.faults.items():
        if point < share:
            return name
        point -= share
    return ""


def go_duration(seconds: float) -> str:
    """Write *seconds* as Groq does: `2m59.56s`, `172ms`."""
    if seconds < 1:
        return f"{int(seconds * 1000)}ms"
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}m{rest:.2f}s" if minutes else f"{rest:.2f}s"
