"""Clocks that can be passed in, so that time is a dependency like any other.

`SystemClock` serves the product; `ManualClock` stands still until it is advanced,
and ships with the product so that whoever builds on it can test without
waiting.
"""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the rest of the code may ask about time."""

    def now(self) -> datetime:
        """Return the current moment, UTC with offset."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards; only differences mean anything."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the current moment, UTC with offset."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the operating system's monotonic seconds."""
        return time.monotonic()


class ManualClock:
    """A clock that moves only by `advance`; safe to share between threads."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the start moment plus everything advanced so far."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Return the seconds advanced so far."""
        with self._lock:
            return self._elapsed_s

    def advance(self, seconds: float) -> None:
        """Move forward by *seconds*; >= 0."""
        if seconds < 0:
            raise ValueError(f"seconds: got {seconds:g}, want >= 0")
        with self._lock:
            self._elapsed_s += seconds


def stamp(moment: datetime) -> str:
    """Write *moment* (UTC) so that it can stand in a file's name: "20261121T093000Z"."""
    return moment.strftime("%Y%m%dT%H%M%SZ")


def iso(moment: datetime) -> str:
    """Write *moment* as ISO 8601 with milliseconds and offset."""
    return moment.isoformat(timespec="milliseconds")
