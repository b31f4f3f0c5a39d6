"""What a batch is measured by, and when its owner is told: waits, latency, timeouts, refusals, changes of model.

Kept with the batch about once a second, so that it goes on after a restart. Each kind of alert is raised once a batch.
"""

import threading
from dataclasses import dataclass
from typing import Literal

from models.batches.batch_store import KeptMeasures, KeptWatch
from models.contract.answers.batch_reports import TargetLatency
from models.contract.answers.batches import Alert
from services.llm_service import Outcome
from utils.clock import Clock, iso
from utils.histogram import Histogram

AlertKind = Literal["model_switches", "timeouts", "rejection_rate"]
_PLACES = 3
# Below so many examined drafts a share says little.
_FEWEST_EXAMINED = 10
_REFUSALS = ("json_error", "quality_error")


@dataclass(frozen=True, slots=True)
class AlertThresholds:
    """From where on an alert is raised; 0 = never.

    Attributes:
        rejection_rate: Share of the examined drafts that were refused, 0 to 1.
    """

    model_switches: int = 10
    timeouts: int = 20
    rejection_rate: float = 0.5


class BatchMeasures:
    """Measurements and alerts of one batch. Thread-safe."""

    def __init__(self, kept: KeptMeasures, thresholds: AlertThresholds, clock: Clock) -> None:
        """Go on from *kept*, as `to_dict` returned it."""
        watch: KeptWatch = kept.get("watch", {})
        self._thresholds = thresholds
        self._clock = clock
        self._lock = threading.Lock()
        self._waited_s: dict[str, float] = dict(kept.get("waited_s", {}))
        self._latency = {name: Histogram(counts) for name, counts in kept.get("latency", {}).items()}
        self._timeouts = watch.get("timeouts", 0)
        self._refusals = watch.get("refusals", 0)
        self._switches = watch.get("switches", 0)
        self._alerts: list[Alert] = list(watch.get("alerts", ()))

    def waited(self, cause: str, seconds: float) -> None:
        """Count seconds in which a worker waited for *cause*."""
        if seconds > 0:
            with self._lock:
                self._waited_s[cause] = self._waited_s.get(cause, 0.0) + seconds

    def called(self, outcome: Outcome) -> None:
        """Count a call's time."""
        with self._lock:
            self._latency.setdefault(outcome.target.name, Histogram()).add(outcome.latency_s)

    def failed(self, category: str) -> None:
        """Count a failure."""
        with self._lock:
            self._timeouts += category == "timeout"
            self._refusals += category in _REFUSALS

    def switched(self) -> None:
        """Count a change of model."""
        with self._lock:
            self._switches += 1

    def raised(self, samples: int) -> list[Alert]:
        """Return the alerts that are new, *samples* being stored so far."""
        with self._lock:
            examined = self._refusals + samples
            rate = self._refusals / examined if examined >= _FEWEST_EXAMINED else 0.0
            most = self._thresholds
            found: tuple[tuple[AlertKind, float, float, str], ...] = (
                ("model_switches", self._switches, most.model_switches, "changes of model"),
                ("timeouts", self._timeouts, most.timeouts, "timeouts"),
                ("rejection_rate", round(rate, 3), most.rejection_rate, "of the drafts refused"),
            )
            known = {alert["kind"] for alert in self._alerts}
            new = [
                self._alert(kind, value, limit, what)
                for kind, value, limit, what in found
                if limit and value > limit and kind not in known
            ]
            self._alerts += new
            return new

    def alerts(self) -> list[Alert]:
        """Return all alerts, oldest first."""
        with self._lock:
            return list(self._alerts)

    def p95_s(self) -> float | None:
        """Return the slowest target's 95th percentile; None before any call."""
        with self._lock:
            found = [histogram.quantile(0.95) or 0.0 for histogram in self._latency.values()]
        return max(found) if found else None

    def waits(self) -> dict[str, float]:
        """Return the seconds waited, by cause."""
        with self._lock:
            return {name: round(value, _PLACES) for name, value in sorted(self._waited_s.items())}

    def latency(self) -> dict[str, TargetLatency]:
        """Return how long the answers of each target took."""
        with self._lock:
            return {
                name: {"p50_s": seen.quantile(0.5) or 0.0, "p95_s": seen.quantile(0.95) or 0.0, "calls": seen.count}
                for name, seen in sorted(self._latency.items())
            }

    def to_dict(self) -> KeptMeasures:
        """Return everything, for storage."""
        with self._lock:
            return {
                "waited_s": {name: round(value, _PLACES) for name, value in self._waited_s.items()},
                "latency": {name: histogram.to_dict() for name, histogram in self._latency.items()},
                "watch": {
                    "timeouts": self._timeouts,
                    "refusals": self._refusals,
                    "switches": self._switches,
                    "alerts": list(self._alerts),
                },
            }

    def _alert(self, kind: AlertKind, value: float, limit: float, what: str) -> Alert:
        shown = f"{value:.0%}" if kind == "rejection_rate" else f"{value}"
        most = f"{limit:.0%}" if kind == "rejection_rate" else f"{limit}"
        return {
            "kind": kind,
            "message": f"{shown} {what}, more than {most}",
            "value": value,
            "limit": limit,
            "timestamp": iso(self._clock.now()),
        }
