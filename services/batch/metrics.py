"""What a batch is measured by: waits by cause, latency by target. Kept with the batch, about once a second."""

import threading
from typing import Any

from services.llm_service import Outcome
from utils.histogram import Histogram

_PLACES = 3


class BatchMetrics:
    """Measurements of one batch. Thread-safe."""

    def __init__(self, kept: dict[str, Any]) -> None:
        """Go on from *kept*, as `to_dict` returned it."""
        self._lock = threading.Lock()
        self._waited_s: dict[str, float] = dict(kept.get("waited_s", {}))
        self._latency = {name: Histogram(counts) for name, counts in kept.get("latency", {}).items()}

    def waited(self, cause: str, seconds: float) -> None:
        """Count seconds in which a worker waited for *cause*."""
        if seconds > 0:
            with self._lock:
                self._waited_s[cause] = self._waited_s.get(cause, 0.0) + seconds

    def called(self, outcome: Outcome) -> None:
        """Count a call's time."""
        with self._lock:
            self._latency.setdefault(outcome.target.name, Histogram()).add(outcome.latency_s)

    def p95_s(self) -> float | None:
        """Return the slowest target's 95th percentile; None before any call."""
        with self._lock:
            found = [histogram.quantile(0.95) or 0.0 for histogram in self._latency.values()]
        return max(found) if found else None

    def to_dict(self) -> dict[str, Any]:
        """Return everything, for storage."""
        with self._lock:
            return {
                "waited_s": {name: round(value, _PLACES) for name, value in self._waited_s.items()},
                "latency": {name: histogram.to_dict() for name, histogram in self._latency.items()},
            }

    def told(self) -> dict[str, Any]:
        """Return the part of the report: seconds waited by cause, latency by target."""
        with self._lock:
            return {
                "waited_s": {name: round(value, _PLACES) for name, value in sorted(self._waited_s.items())},
                "latency": {
                    name: {"p50_s": seen.quantile(0.5), "p95_s": seen.quantile(0.95), "calls": seen.count}
                    for name, seen in sorted(self._latency.items())
                },
            }
