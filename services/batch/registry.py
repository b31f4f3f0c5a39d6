"""The batches that have a runner in this process, and the places for them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from services.batch.runner import BatchRunner
from utils.circuit_breaker import CircuitBreaker
from utils.errors import InputError


@dataclass(frozen=True, slots=True)
class Running:
    """A batch that has a runner."""

    runner: BatchRunner
    breaker: CircuitBreaker


class Registry:
    """Runners by batch id. Thread-safe."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._running: dict[str, Running] = {}
        self._starting = 0
        self._lock = threading.Lock()

    def of(self, batch_id: str) -> Running | None:
        """Return the batch if it has a runner."""
        with self._lock:
            return self._running.get(batch_id)

    def all(self) -> list[Running]:
        """Return all that have a runner."""
        with self._lock:
            return list(self._running.values())

    def runners(self) -> list[BatchRunner]:
        """Return all runners."""
        with self._lock:
            return [running.runner for running in self._running.values()]

    def add(self, batch_id: str, running: Running) -> None:
        """Remember a runner."""
        with self._lock:
            self._running[batch_id] = running

    def remove(self, batch_id: str) -> None:
        """Forget a runner."""
        with self._lock:
            self._running.pop(batch_id, None)

    def active_count(self) -> int:
        """How many batches run now."""
        with self._lock:
            return self._active()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the places for concurrent batches until its runner is there.

        Raises:
            InputError: all places are taken.
        """
        with self._lock:
            active = self._starting + self._active()
            if active >= self._places:
                raise InputError(
                    f"{active} batch generations are already running, which is the limit; "
                    "wait for one, stop one, or raise MAX_CONCURRENT_BATCHES"
                )
            self._starting += 1
        try:
            yield
        finally:
            with self._lock:
                self._starting -= 1

    def _active(self) -> int:
        return sum(row.runner.progress.status.is_active for row in self._running.values())
