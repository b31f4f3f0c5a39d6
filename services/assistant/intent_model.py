"""Learns to tell kinds of phrases apart: multinomial logistic regression over sparse vectors, with L2.

It is solved in the space of the phrases (their products are a small matrix), by Nesterov's accelerated gradient from
zero: no chance is in it, so the same phrases give the same weights. numpy is imported with the first training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix: TypeAlias = npt.NDArray[np.float64]

Vector: TypeAlias = Mapping[str, float]
# By cross-validation; between a third and three times of it nothing changes by more than the noise.
_L2 = 1e-3
_STEPS = 60
# Weights held down by L2 are too modest: points times this are honest log-odds (`bench/assistant/intents.py` fits it
# on folds that were held out).
SHARPNESS = 2.2


@dataclass(frozen=True)
class IntentModel:
    """The weights: a row for each feature, a column for each kind."""

    places: Mapping[str, int]
    weights: Matrix

    def points(self, vector: Vector) -> list[float]:
        """Return the log-odds of each kind."""
        known = [(self.places[name], value) for name, value in vector.items() if name in self.places]
        points = [0.0] * self.weights.shape[1]
        if known:
            rows, values = zip(*known, strict=True)
            points = (SHARPNESS * (values @ self.weights[list(rows)])).tolist()
        return points

    def pulls(self, vector: Vector, kind: int, other: int) -> list[tuple[str, float]]:
        """Return the features that speak for *kind* against *other*, the strongest first."""
        found = []
        for name, value in vector.items():
            if name in self.places:
                row = self.weights[self.places[name]]
                found.append((name, float(value * (row[kind] - row[other]))))
        return sorted((pull for pull in found if pull[1] > 0), key=lambda pull: (-pull[1], pull[0]))


class Training:
    """Phrases to learn from: their vectors, and for each the number of its kind."""

    def __init__(self, vectors: Sequence[Vector], kinds: Sequence[int]) -> None:
        """Multiply all *vectors* with each other, once for any number of folds."""
        import numpy as np

        self._rows: dict[str, list[int]] = {}
        self._values: dict[str, list[float]] = {}
        for row, vector in enumerate(vectors):
            for name, value in vector.items():
                self._rows.setdefault(name, []).append(row)
                self._values.setdefault(name, []).append(value)
        self._kinds = np.asarray(kinds)
        self._products: Matrix = np.zeros((len(vectors), len(vectors)))
        for name, rows in self._rows.items():
            if len(rows) > 1:
                values = np.asarray(self._values[name])
                self._products[np.ix_(rows, rows)] += values[:, None] * values
            else:  # most features: the matrix is no place to look them up one by one
                self._products[rows[0], rows[0]] += self._values[name][0] ** 2

    def model(self) -> IntentModel:
        """Learn from all phrases."""
        import numpy as np

        shares = self._learn(np.arange(len(self._kinds)))
        rows = np.concatenate([np.asarray(rows) for rows in self._rows.values()])
        values = np.concatenate([np.asarray(values) for values in self._values.values()])
        sizes = np.asarray([len(rows) for rows in self._rows.values()])
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        weights = np.add.reduceat(shares[rows] * values[:, None], starts, axis=0)
        return IntentModel({name: place for place, name in enumerate(self._rows)}, weights)

    def held_out(self, held: Sequence[int]) -> list[list[float]]:
        """Return the points of the rows *held*, learned from all others."""
        import numpy as np

        rest = np.setdiff1d(np.arange(len(self._kinds)), held)
        points = self._products[np.ix_(np.asarray(held), rest)] @ self._learn(rest)
        return [list(map(float, row)) for row in SHARPNESS * points]

    def _learn(self, rows: npt.NDArray[np.int64]) -> Matrix:
        """Return how much each phrase of *rows* adds to the weights of each kind."""
        import numpy as np

        products, count = self._products[np.ix_(rows, rows)], len(rows)
        wanted = np.eye(int(self._kinds.max()) + 1)[self._kinds[rows]]
        # The step is safe for the greatest eigenvalue; no row sum is smaller than it.
        step = 1 / (0.5 * float(np.abs(products).sum(axis=1).max()) / count + _L2)
        now: Matrix = np.zeros_like(wanted)
        ahead: Matrix = now
        pace = 1.0
        for _ in range(_STEPS):
            points = products @ ahead
            chances = np.exp(points - points.max(axis=1, keepdims=True))
            chances /= chances.sum(axis=1, keepdims=True)
            after = ahead - step * ((chances - wanted) / count + _L2 * ahead)
            next_pace = (1 + (1 + 4 * pace * pace) ** 0.5) / 2
            ahead = after + (pace - 1) / next_pace * (after - now)
            now, pace = after, next_pace
        return now
