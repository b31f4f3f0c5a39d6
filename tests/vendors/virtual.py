"""Vendors without a clock: the limiter against any shape of limit, in simulated time.

A heap of events takes the place of threads and network; three minutes take a tenth of a
second. What is real: `RateLimiter`, as the gate uses it.
"""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from services.llm.limits.concurrency import ConcurrencyLimit
from services.llm.limits.limit_headers import StatedLimit, Unit
from services.llm.limits.rate_limiter import RateLimiter
from services.llm.limits.windows import Entry
from tests.vendors.shapes import Shape, Taken

WORKERS = 64
# When a run begins, on our clock, and how far the vendor's clock is ahead.
BEGIN_S, AHEAD_S = 1000.0, 12_305.6


@dataclass
class Vendor:
    """One vendor.

    Attributes:
        calls, tokens: Its limits.
        hints: How a refusal says how long to wait: "" not at all, "whole" in whole seconds, "exact".
        counts_refused: Whether refused calls count.
        states: Whether answers state what is left of the requests of a minute, of so many.
        dates: Whether answers are dated.
    """

    calls: Shape | None = None
    tokens: Shape | None = None
    hints: str = ""
    counts_refused: bool = False
    states: int | None = None
    dates: bool = False
    latency_s: float = 2.0
    jitter_s: float = 0.02
    size: int = 1305
    draw: random.Random = field(default_factory=lambda: random.Random(0))

    def answer(self, units: int, now: float) -> tuple[Unit, float] | tuple[Taken | None, None]:
        """Return what was counted for an accepted call, or the limit that refuses it and for how long."""
        for unit, shape, wanted in (("requests", self.calls, 1), ("tokens", self.tokens, units)):
            wait_s = 0.0 if shape is None else shape.free_in_s(wanted, now)
            if wait_s > 0.0:
                if self.counts_refused and self.calls is not None:
                    self.calls.take(1, now)
                return ("tokens" if unit == "tokens" else "requests"), wait_s
        if self.calls is not None:
            self.calls.take(1, now)
        return (None if self.tokens is None else self.tokens.take(units, now)), None


@dataclass
class Run:
    """What came of it.

    Attributes:
        accepted: When each accepted call arrived, in seconds from the begin.
        tokens: What they used.
        refused: When each refused call arrived.
    """

    limiter: RateLimiter
    accepted: list[float] = field(default_factory=list)
    tokens: int = 0
    refused: list[float] = field(default_factory=list)


def run(
    vendor: Vendor, minutes: float = 3.0, tell: Callable[[RateLimiter], None] = lambda _: None, late_s: float = 0.0
) -> Run:
    """Call *vendor* as often as the limiter lets us, with `WORKERS` workers.

    Args:
        vendor: Whom to call.
        minutes: For how long.
        tell: Sets what is known at the begin.
        late_s: How late a thread wakes, and a request leaves after that, on average; at times four times as late.
    """
    made = Run(RateLimiter(ConcurrencyLimit(WORKERS)))
    tell(made.limiter)
    _Simulation(vendor, made, late_s).go(BEGIN_S + 60 * minutes)
    return made


class _Simulation:
    def __init__(self, vendor: Vendor, made: Run, late_s: float) -> None:
        self.vendor, self.made, self.limiter, self.draw = vendor, made, made.limiter, vendor.draw
        self.late_s = late_s
        self.events: list[tuple[float, int, Callable[[float], None]]] = []
        self.armed = float("inf")

    def go(self, until: float) -> None:
        self.at(BEGIN_S, self.send)
        while self.events and self.events[0][0] < until:
            now, _, act = heapq.heappop(self.events)
            act(now)

    def at(self, when: float, act: Callable[[float], None]) -> None:
        heapq.heappush(self.events, (when, len(self.made.accepted) + len(self.made.refused) + len(self.events), act))

    def send(self, now: float) -> None:
        if now >= self.armed:
            self.armed = float("inf")
        while not self.limiter.is_full():
            vendor = self.vendor
            used, asked = int(vendor.size * self.draw.uniform(0.9, 1.1)), int(vendor.size * 1.26)
            wait_s = self.limiter.shut_s(now) or self.limiter.wait_s(asked, now)
            if wait_s > 0.0:
                when = now + max(wait_s, 0.0005) + self.late()
                if when < self.armed - 1e-4:
                    self.armed = when
                    self.at(when, self.send)
                return
            entry = self.limiter.admit(asked, now)
            if self.late_s:
                self.at(now + self.late(), partial(self.leave, entry, asked, used))
            else:
                self.leave(entry, asked, used, now)

    def leave(self, entry: Entry, asked: int, used: int, now: float) -> None:
        self.limiter.sent(entry, now)
        self.at(now + 0.001 + self.jitter(), partial(self.arrive, entry, asked, used))

    def arrive(self, entry: Entry, asked: int, used: int, now: float) -> None:
        counted, wait_s = self.vendor.answer(asked, now)
        if wait_s is not None:
            assert isinstance(counted, str)
            self.made.refused.append(now - BEGIN_S)
            hint_s = {"": None, "whole": float(int(wait_s) + 1), "exact": wait_s}[self.vendor.hints]
            self.at(now + 0.002 + self.jitter(), lambda at: self.refuse(entry, counted, hint_s, at))
            return
        assert not isinstance(counted, str)
        self.made.accepted.append(now - BEGIN_S)
        self.made.tokens += used
        calls = self.vendor.calls
        left = None if calls is None else (int(calls.remaining(now)), calls.reset_s(now))
        takes_s = self.vendor.latency_s * self.draw.uniform(0.8, 1.2)
        self.at(now + takes_s, lambda at: self.finish(entry, counted, used, left, at))

    def refuse(self, entry: Entry, unit: Unit, hint_s: float | None, now: float) -> None:
        self.date(entry, now)
        self.limiter.refused(entry, unit, hint_s, now)
        self.limiter.settle(entry, 0)
        self.send(now)

    def finish(
        self, entry: Entry, counted: Taken | None, used: int, left: tuple[int, float] | None, now: float
    ) -> None:
        if counted is not None and self.vendor.tokens is not None:
            self.vendor.tokens.give_back(counted, used, now)
        self.limiter.settle(entry, used)
        self.date(entry, now)
        if self.vendor.states and left is not None:
            self.limiter.learn([StatedLimit("requests", "minute", self.vendor.states, *left)], entry.at, now)
        self.send(now)

    def date(self, entry: Entry, now: float) -> None:
        if self.vendor.dates:
            self.limiter.clock.heard(float(int(now + AHEAD_S)), entry.at, now)

    def late(self) -> float:
        return 4 * self.late_s * self.draw.random() ** 3 if self.late_s else 0.0

    def jitter(self) -> float:
        return self.vendor.jitter_s * self.draw.random()
