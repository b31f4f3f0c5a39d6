"""How long texts are, in words: counts that can be added up, of which the percentiles are exact."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.contract.answers.quality_report import Percentiles
from services.drafts.text import count_words
from utils.frames import NDArray, np, pl


@dataclass
class Lengths:
    """The number of texts of each length; `counts[n]` texts have n words."""

    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def count(self, texts: pl.Series) -> None:
        """Count the words of *texts*; an empty one has none."""
        words = np.array([count_words(text or "") for text in texts], dtype=np.int64)
        self._add(np.bincount(words).astype(np.int64) if len(words) else np.zeros(0, dtype=np.int64))

    def merge(self, other: Lengths) -> None:
        """Add what was counted elsewhere."""
        self._add(other.counts)

    def percentiles(self) -> Percentiles:
        """Return the percentiles of all lengths, as `numpy.percentile` has them; there must be one at least."""
        upto = np.cumsum(self.counts)
        p1, p25, p50, p75, p99 = (self._at(upto, share) for share in (0.01, 0.25, 0.5, 0.75, 0.99))
        return {"p1": p1, "p25": p25, "p50": p50, "p75": p75, "p99": p99}

    def _at(self, upto: NDArray[np.int64], share: float) -> int:
        place = share * (int(upto[-1]) - 1)
        lower, upper = (int(np.searchsorted(upto, n, side="right")) for n in (int(place), -int(-place // 1)))
        return int(lower + (upper - lower) * (place - int(place)))

    def _add(self, counts: NDArray[np.int64]) -> None:
        longest = max(len(self.counts), len(counts))
        self.counts = np.pad(self.counts, (0, longest - len(self.counts))) + np.pad(counts, (0, longest - len(counts)))
