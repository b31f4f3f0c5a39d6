"""Watches a batch for what its owner should look at: many switches, many timeouts, many refusals.

Each kind is raised once a batch. What was counted goes on after a restart.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from utils.clock import Clock, iso

# Below so many judged drafts a share says little.
_FEWEST_JUDGED = 10
_REFUSALS = ("json_error", "quality_error")


@dataclass(frozen=True, slots=True)
class AlertLimits:
    """From where on an alert is raised; 0 = never.

    Attributes:
        rejection_rate: Share of the judged drafts that were refused, 0 to 1.
    """

    model_switches: int = 10
    timeouts: int = 20
    rejection_rate: float = 0.5


class AlertWatch:
    """Counts and alerts of one batch. Thread-safe."""

    def __init__(self, kept: Mapping[str, Any], limits: AlertLimits, clock: Clock) -> None:
        """Go on from *kept*, as `to_dict` returned it."""
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._timeouts: int = kept.get("timeouts", 0)
        self._refusals: int = kept.get("refusals", 0)
        self._switches: int = kept.get("switches", 0)
        self._alerts: list[dict[str, Any]] = list(kept.get("alerts", ()))

    def failed(self, category: str) -> None:
        """Count a failure."""
        with self._lock:
            self._timeouts += category == "timeout"
            self._refusals += category in _REFUSALS

    def switched(self) -> None:
        """Count a change of model."""
        with self._lock:
            self._switches += 1

    def raised(self, samples: int) -> list[dict[str, Any]]:
        """Return the alerts that are new, *samples* being stored so far."""
        with self._lock:
            judged = self._refusals + samples
            rate = self._refusals / judged if judged >= _FEWEST_JUDGED else 0.0
            found = (
                ("model_switches", self._switches, self._limits.model_switches, "changes of model"),
                ("timeouts", self._timeouts, self._limits.timeouts, "timeouts"),
                ("rejection_rate", round(rate, 3), self._limits.rejection_rate, "of the drafts refused"),
            )
            known = {alert["kind"] for alert in self._alerts}
            new = [
                self._alert(kind, value, limit, what)
                for kind, value, limit, what in found
                if limit and value > limit and kind not in known
            ]
            self._alerts += new
            return new

    def alerts(self) -> list[dict[str, Any]]:
        """Return all alerts, oldest first."""
        with self._lock:
            return list(self._alerts)

    def to_dict(self) -> dict[str, Any]:
        """Return everything, for storage."""
        with self._lock:
            return {
                "timeouts": self._timeouts,
                "refusals": self._refusals,
                "switches": self._switches,
                "alerts": list(self._alerts),
            }

    def _alert(self, kind: str, value: float, limit: float, what: str) -> dict[str, Any]:
        shown = f"{value:.0%}" if kind == "rejection_rate" else f"{value}"
        most = f"{limit:.0%}" if kind == "rejection_rate" else f"{limit}"
        return {
            "kind": kind,
            "message": f"{shown} {what}, more than {most}",
            "value": value,
            "limit": limit,
            "timestamp": iso(self._clock.now()),
        }
