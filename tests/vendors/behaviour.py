"""How a simulated vendor behaves: limits of any shape, faults by share and by script, latency, places.

The limits are kept as strictly as any vendor may: a call counts from its arrival
with everything it might use (prompt and the asked maximum of the answer), and with
what it used from its answer on. `shape` says how a minute's limit is kept (`tests/vendors/shapes.py`).
"""

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.vendors.shapes import Bucket, FixedWindow, Shape, SlidingWindow, Taken
from tests.vendors.wire import HTML_502, Reply, vendor_error

DAY_S, HOUR_S, MINUTE_S = 86_400.0, 3_600.0, 60.0
# How a limit of a minute is kept, by name; the number behind a colon is a bucket's capacity, or a window's phase.
SHAPES: dict[str, Callable[[float, float], Shape]] = {
    "sliding": lambda limit, _: SlidingWindow(limit),
    "fixed": lambda limit, phase_s: FixedWindow(limit, MINUTE_S, phase_s),
    "bucket": lambda limit, capacity: Bucket(capacity or limit, limit / MINUTE_S),
    "second": lambda limit, phase_s: FixedWindow(limit / MINUTE_S, 1.0, phase_s),
}


@dataclass
class Behaviour:
    """What a control request can set.

    Attributes:
        latency_s: Seconds an answer takes; `latency_spread` is the share by which it varies, or `latency_sigma`
            that of the logarithm of a lognormal latency, whose median it is then.
        slots: Calls worked on at a time; more wait, so that the vendor slows down without a word.
        faults: Share of requests by name of the fault (see `fault_reply`).
        script: Names of faults for the next requests, "ok" for none; consumed before the shares.
        down: A fault that every request gets.
        length_spread: Share by which the stated length of answers varies.
        requests_shape, tokens_shape: How the minute's limits are kept: a name of `SHAPES`, with `:number`.
        uncached_tokens: A second bucket, of tokens that no cache held: "a minute:capacity"; a tenth of them are cached.
        counts_refused: Whether refused calls count, too.
        tells: Which limits are told: "vendor" as that vendor does, only those of a "minute" or an "hour", "" none.
        hints: Whether a refusal says how long to wait.
        jitter_s: What the network takes at most, each way.
        skew_s: How far the vendor's clock is ahead.
    """

    latency_s: float = 0.0
    latency_spread: float = 0.0
    latency_sigma: float = 0.0
    slots: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    requests_per_hour: int | None = None
    tokens_per_hour: int | None = None
    requests_per_day: int | None = None
    tokens_per_day: int | None = None
    requests_shape: str = "sliding"
    tokens_shape: str = "sliding"
    uncached_tokens: str = ""
    counts_refused: bool = False
    tells: str = "vendor"
    hints: bool = True
    jitter_s: float = 0.0
    skew_s: float = 0.0
    faults: dict[str, float] = field(default_factory=dict)
    script: list[str] = field(default_factory=list)
    down: str = ""
    thinking: bool = False
    length_spread: float = 0.0
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Call:
    """What one call counts for, by limit."""

    taken: list[tuple["Limit", Taken]]


@dataclass
class Limit:
    """One limit of a vendor: what it counts, how it is told."""

    unit: str
    span: str
    a_span: int
    shape: Shape
    share: float = 1.0  # of the tokens that it counts

    def units(self, tokens: int) -> float:
        return 1.0 if self.unit == "requests" else self.share * tokens

    @property
    def words(self) -> str:
        return f"{self.unit} per {self.span}"


class Limits:
    """The vendor's own limiter."""

    def __init__(self) -> None:
        self.all: list[Limit] = []
        self._made_for: tuple[object, ...] = ()
        # For benchmarks: the calls and tokens of the last minute at most, by a sliding window.
        self._seen = {"requests": SlidingWindow(float("inf")), "tokens": SlidingWindow(float("inf"))}
        self.most = {"requests": 0.0, "tokens": 0.0}

    def admit(self, kind: str, behaviour: Behaviour, tokens: int, now: float) -> tuple[Call | None, Reply | None]:
        """Count the call, or refuse it in the vendor's words."""
        self._make(behaviour)
        waits = [(limit.shape.free_in_s(limit.units(tokens), now), limit) for limit in self.all]
        wait_s, limit = max(waits, key=lambda row: row[0], default=(0.0, None))
        if limit is not None and wait_s > 0.0:
            if behaviour.counts_refused:
                for counted in self.all:
                    counted.shape.take(1.0 if counted.unit == "requests" else 0.0, now)
            return None, self._refusal(kind, behaviour, limit, wait_s, tokens)
        taken = [(each, each.shape.take(each.units(tokens), now)) for each in self.all]
        for unit, units in (("requests", 1.0), ("tokens", float(tokens))):
            self._seen[unit].take(units, now)
            self.most[unit] = max(self.most[unit], self._seen[unit].used)
        return Call(taken), None

    def settle(self, call: Call, tokens: int, now: float) -> None:
        for limit, taken in call.taken:
            if limit.unit == "tokens":
                limit.shape.give_back(taken, limit.units(tokens), now)

    def headers(self, kind: str, behaviour: Behaviour, now: float) -> dict[str, str]:
        """State the limits as the vendor does."""
        found: dict[str, str] = {}
        if kind in ("ollama", "google") or not behaviour.tells:
            return found
        self._make(behaviour)
        if kind == "anthropic":
            return self._told_by_anthropic(now)
        for limit in self.all:
            name = _told_as(kind, behaviour.tells, limit)
            if name:
                reset_s = limit.shape.reset_s(now)
                found[f"x-ratelimit-limit-{name}"] = str(limit.a_span)
                found[f"x-ratelimit-remaining-{name}"] = str(int(limit.shape.remaining(now)))
                found[f"x-ratelimit-reset-{name}"] = f"{reset_s:.6f}" if kind == "cerebras" else go_duration(reset_s)
        return found

    def _told_by_anthropic(self, now: float) -> dict[str, str]:
        """State the limits of a minute; they are whole again at a moment."""
        found: dict[str, str] = {}
        for limit in self.all:
            if limit.span == "minute":
                moment = datetime.now(UTC) + timedelta(seconds=limit.shape.reset_s(now))
                name = f"anthropic-ratelimit-{limit.unit}"
                found[f"{name}-limit"] = str(limit.a_span)
                found[f"{name}-remaining"] = str(int(limit.shape.remaining(now)))
                found[f"{name}-reset"] = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
        return found

    def _make(self, behaviour: Behaviour) -> None:
        """Make the limits anew when they were changed."""
        values = vars(behaviour)
        wanted = tuple(
            value for name, value in values.items() if "_per_" in name or "shape" in name or "cached" in name
        )
        if wanted == self._made_for:
            return
        self._made_for, self.all = wanted, []
        for unit in ("requests", "tokens"):
            for span, span_s in (("minute", MINUTE_S), ("hour", HOUR_S), ("day", DAY_S)):
                limit = values[f"{unit}_per_{span}"]
                if limit is not None:
                    shape = (
                        SlidingWindow(limit, span_s) if span_s > MINUTE_S else _shape(values[f"{unit}_shape"], limit)
                    )
                    self.all.append(Limit(unit, span, limit, shape))
        if behaviour.uncached_tokens:
            limit, _, capacity = behaviour.uncached_tokens.partition(":")
            bucket = Bucket(float(capacity or limit), float(limit) / MINUTE_S)
            self.all.append(Limit("tokens", "uncached minute", int(limit), bucket, share=0.9))

    @staticmethod
    def _refusal(kind: str, behaviour: Behaviour, limit: Limit, wait_s: float, tokens: int) -> Reply:
        if wait_s == float("inf"):
            text = f"Request too large: Limit {limit.a_span}, Requested {tokens} {limit.words}"
            return vendor_error(kind, 413, text, "rate_limit_exceeded")
        text = f"Rate limit reached: {limit.words}"
        if not behaviour.hints:
            return vendor_error(kind, 429, text, "rate_limit_exceeded")
        hint = {"retry-after": str(int(wait_s) + 1)}
        told = f": Limit {limit.a_span}" if behaviour.tells else ""
        return vendor_error(
            kind, 429, f"{text}{told}. Please try again in {go_duration(wait_s)}", "rate_limit_exceeded", hint
        )


def _shape(told: str, limit: int) -> Shape:
    name, _, number = told.partition(":")
    return SHAPES[name](limit, float(number or 0))


def _told_as(kind: str, tells: str, limit: Limit) -> str:
    """Return the name of the header that states *limit*; "" where the vendor does not."""
    if tells in ("minute", "hour"):
        return f"{limit.unit}-{limit.span}" if limit.span == tells else ""
    if kind == "cerebras":
        return (
            f"{limit.unit}-{limit.span}"
            if (limit.unit, limit.span) in {("requests", "day"), ("tokens", "minute")}
            else ""
        )
    requests_span = "minute" if kind == "openai" else "day"
    return limit.unit if limit.span == (requests_span if limit.unit == "requests" else "minute") else ""


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
