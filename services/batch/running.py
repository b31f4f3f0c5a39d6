"""The batches that have a runner in this process, and the places for them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from services.batch.runner import BatchRunner
from utils.errors import InputError


class RunningBatches:
    """Runners by batch id. Thread-safe."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._running: dict[str, BatchRunner] = {}
        self._starting = 0
        self._lock = threading.Lock()

    def of(self, batch_id: str) -> BatchRunner | None:
        """Return the runner of a batch, if it has one."""
        with self._lock:
            return self._running.get(batch_id)

    def runners(self) -> list[BatchRunner]:
        """Return all runners."""
        with self._lock:
            return list(self._running.values())

    def add(self, runner: BatchRunner) -> None:
        """Remember a runner."""
        with self._lock:
            self._running[runner.live.batch_id] = runner

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
        return sum(runner.live.status.is_active for runner in self._running.values())
