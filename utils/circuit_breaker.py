"""Circuit breaker: stops asking for what keeps failing (Nygard, "Release It!", 2007).

One breaker holds many circuits, one per key (here: a topic). Closed lets through;
`failure_threshold` failures in a row open it for `open_for_s` seconds; then it is
half-open until `success_threshold` successes close it or one failure opens it again.
"""

import threading
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from utils.clock import Clock, SystemClock

State = Literal["closed", "open", "half_open"]
Key = Annotated[str, Field(description='"jurisdiction: Area - Topic"')]


class OpenCircuit(TypedDict):
    """A topic that is put aside for a time."""

    topic: Key
    failures: int
    opened_for_seconds: float


class HalfOpenCircuit(TypedDict):
    """A topic that is tried again."""

    topic: Key
    successes: int


class ClosedCircuit(TypedDict):
    """A topic that failed lately and is still used."""

    topic: Key
    failures: int


class CircuitSummary(TypedDict):
    """The circuits that are not plainly healthy; all empty once a batch has ended."""

    open_circuits: list[OpenCircuit]
    half_open_circuits: list[HalfOpenCircuit]
    closed_with_failures: list[ClosedCircuit]


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    successes: int = 0
    opened_at: float | None = None


class CircuitBreaker:
    """Thread-safe circuits by key."""

    def __init__(
        self,
        failure_threshold: int = 3,
        open_for_s: float = 300.0,
        success_threshold: int = 2,
        clock: Clock | None = None,
    ) -> None:
        self._failure_threshold = failure_threshold
        self._open_for_s = open_for_s
        self._success_threshold = success_threshold
        self._clock = clock or SystemClock()
        self._circuits: dict[str, _Circuit] = {}
        self._lock = threading.Lock()

    def is_open(self, topic: str) -> bool:
        """Say whether *topic* must be left alone now."""
        with self._lock:
            return self._state(self._circuits.get(topic)) == "open"

    def open_topics(self) -> frozenset[str]:
        """Return every key that must be left alone now."""
        with self._lock:
            if not self._circuits:
                return frozenset()
            return frozenset(key for key, circuit in self._circuits.items() if self._state(circuit) == "open")

    def record_success(self, topic: str) -> None:
        """Count a success: it forgives earlier failures, or works towards closing."""
        with self._lock:
            circuit = self._circuits.get(topic)
            if circuit is None:
                return
            if self._state(circuit) == "half_open":
                circuit.successes += 1
                if circuit.successes < self._success_threshold:
                    return
            del self._circuits[topic]

    def record_failure(self, topic: str) -> None:
        """Count a failure; the threshold opens the circuit, one is enough when half-open."""
        with self._lock:
            circuit = self._circuits.setdefault(topic, _Circuit())
            state = self._state(circuit)
            circuit.failures += 1
            if state == "half_open" or (state == "closed" and circuit.failures >= self._failure_threshold):
                circuit.opened_at = self._clock.monotonic()
                circuit.successes = 0

    def reopens_in_s(self, topic: str) -> float:
        """Return the seconds until *topic* may be tried again; 0.0 when it may be now."""
        with self._lock:
            circuit = self._circuits.get(topic)
            if circuit is None or circuit.opened_at is None:
                return 0.0
            return max(0.0, circuit.opened_at + self._open_for_s - self._clock.monotonic())

    def get_summary(self) -> CircuitSummary:
        """List the circuits that are not plainly healthy, by state."""
        summary: CircuitSummary = {"open_circuits": [], "half_open_circuits": [], "closed_with_failures": []}
        with self._lock:
            now = self._clock.monotonic()
            for topic, circuit in self._circuits.items():
                state = self._state(circuit)
                if state == "open":
                    opened_for_s = round(now - (circuit.opened_at or now), 1)
                    summary["open_circuits"].append(
                        {"topic": topic, "failures": circuit.failures, "opened_for_seconds": opened_for_s}
                    )
                elif state == "half_open":
                    summary["half_open_circuits"].append({"topic": topic, "successes": circuit.successes})
                else:
                    summary["closed_with_failures"].append({"topic": topic, "failures": circuit.failures})
        return summary

    def _state(self, circuit: _Circuit | None) -> State:
        if circuit is None or circuit.opened_at is None:
            return "closed"
        elapsed_s = self._clock.monotonic() - circuit.opened_at
        return "open" if elapsed_s < self._open_for_s else "half_open"
