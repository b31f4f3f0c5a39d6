"""The shapes in which vendors keep a limit: functions of the time they are given.

Each takes units (requests or tokens) as they arrive, and gives back what a call did not
use. All hold the same rate in the long run; what they bear at once differs.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(eq=False)
class Taken:
    """What one call counts for."""

    at: float
    units: float


class Shape(Protocol):
    """One limit on one unit."""

    def free_in_s(self, units: float, now: float) -> float:
        """Return the seconds until *units* fit; 0.0 when they do, inf when never."""

    def take(self, units: float, now: float) -> Taken:
        """Count *units*, whether they fit or not."""

    def give_back(self, taken: Taken, units: float, now: float) -> None:
        """Count *units* for *taken* in place of what it was taken for."""

    def remaining(self, now: float) -> float:
        """Return what fits now."""

    def reset_s(self, now: float) -> float:
        """Return the seconds until all of it is free again."""


@dataclass
class SlidingWindow:
    """At most *limit* in any *span_s* seconds."""

    limit: float
    span_s: float = 60.0
    held: deque[Taken] = field(default_factory=deque)
    used: float = 0.0

    def free_in_s(self, units: float, now: float) -> float:
        self._expire(now)
        if units > self.limit:
            return math.inf
        over, until = self.used + units - self.limit, now
        for taken in self.held:
            if over <= 0:
                break
            over -= taken.units
            until = taken.at + self.span_s
        return max(0.0, until - now)

    def take(self, units: float, now: float) -> Taken:
        self._expire(now)
        taken = Taken(now, units)
        self.held.append(taken)
        self.used += units
        return taken

    def give_back(self, taken: Taken, units: float, now: float) -> None:
        self._expire(now)
        if taken.at + self.span_s > now:
            self.used += units - taken.units
            taken.units = units

    def remaining(self, now: float) -> float:
        self._expire(now)
        return max(0.0, self.limit - self.used)

    def reset_s(self, now: float) -> float:
        self._expire(now)
        return max(0.0, self.held[-1].at + self.span_s - now) if self.held else 0.0

    def _expire(self, now: float) -> None:
        while self.held and self.held[0].at + self.span_s <= now:
            self.used -= self.held.popleft().units


@dataclass
class FixedWindow:
    """At most *limit* in each window of *span_s* seconds; one begins at *phase_s* and at every multiple after it."""

    limit: float
    span_s: float = 60.0
    phase_s: float = 0.0
    window: float = -1.0
    used: float = 0.0

    def free_in_s(self, units: float, now: float) -> float:
        self._turn(now)
        if units > self.limit:
            return math.inf
        return 0.0 if self.used + units <= self.limit else self.reset_s(now)

    def take(self, units: float, now: float) -> Taken:
        self._turn(now)
        self.used += units
        return Taken(now, units)

    def give_back(self, taken: Taken, units: float, now: float) -> None:
        self._turn(now)
        if math.floor((taken.at - self.phase_s) / self.span_s) == self.window:
            self.used += units - taken.units

    def remaining(self, now: float) -> float:
        self._turn(now)
        return max(0.0, self.limit - self.used)

    def reset_s(self, now: float) -> float:
        self._turn(now)
        return (self.window + 1) * self.span_s + self.phase_s - now

    def _turn(self, now: float) -> None:
        window = math.floor((now - self.phase_s) / self.span_s)
        if window != self.window:
            self.window, self.used = window, 0.0


@dataclass
class Bucket:
    """A token bucket: holds *capacity*, fills at *rate* a second."""

    capacity: float
    rate: float
    level: float = field(init=False)
    at: float = -math.inf

    def __post_init__(self) -> None:
        self.level = self.capacity

    def free_in_s(self, units: float, now: float) -> float:
        self._fill(now)
        if units > self.capacity:
            return math.inf
        return max(0.0, (units - self.level) / self.rate)

    def take(self, units: float, now: float) -> Taken:
        self._fill(now)
        self.level = max(0.0, self.level - units)
        return Taken(now, units)

    def give_back(self, taken: Taken, units: float, now: float) -> None:
        self._fill(now)
        self.level = min(self.capacity, self.level + taken.units - units)

    def remaining(self, now: float) -> float:
        self._fill(now)
        return self.level

    def reset_s(self, now: float) -> float:
        self._fill(now)
        return (self.capacity - self.level) / self.rate

    def _fill(self, now: float) -> None:
        if now > self.at:
            passed = now - self.at
            self.level = self.capacity if math.isinf(passed) else min(self.capacity, self.level + self.rate * passed)
            self.at = now
