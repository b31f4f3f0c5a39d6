"""A value that is computed from the data set, kept until the data set changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from models.samples.snapshot import Snapshot, Snapshots

T = TypeVar("T")


class WhileUnchanged(Generic[T]):
    """The last value computed from the data set. Thread-safe."""

    def __init__(self, samples: Snapshots) -> None:
        self._samples = samples
        self._kept: tuple[object, T] | None = None

    def current(self, make: Callable[[Snapshot], T]) -> T:
        """Return the kept value, or that of *make* if the data set has changed."""
        snapshot = self._samples.snapshot()
        kept = self._kept
        if kept is not None and kept[0] == snapshot.state:
            return kept[1]
        made = make(snapshot)
        self._kept = (snapshot.state, made)
        return made
