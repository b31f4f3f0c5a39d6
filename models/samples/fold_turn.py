"""Whose turn it is to fold, and when: one at a time in all processes, for a small share of the time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from models.engines.opening import alone
from models.engines.postgresql import FOLDING
from models.engines.writer import Writer
from utils.clock import Clock

_PAUSE_S, _SHARE = 10.0, 20.0


class FoldTurn:
    """The turn of one process. Thread-safe."""

    def __init__(self, writer: Writer, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._lock = threading.RLock()
        self._held = False
        self._last_ended = clock.monotonic()
        self._last_s = 0.0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let nobody else fold during the block, in this process or another; its own thread may hold it again.

        Raises:
            StorageError: the database cannot be reached, or another process takes longer than a minute.
        """
        with self._lock:
            if self._held:
                yield
                return
            with alone(self._writer.engine, FOLDING):
                self._held = True
                try:
                    yield
                finally:
                    self._held = False

    def is_due(self) -> bool:
        """Tell whether so much time has gone by since the last fold that folds take a small share of it."""
        return self._clock.monotonic() - self._last_ended >= max(_PAUSE_S, _SHARE * self._last_s)

    def ended(self, started_s: float) -> float:
        """Note the end of a fold that was begun then, by the monotonic clock; return how long it took, in seconds."""
        self._last_ended = self._clock.monotonic()
        self._last_s = self._last_ended - started_s
        return self._last_s
