"""A histogram of durations in buckets that grow by a tenth: quantiles within 5 %, in constant memory."""

import math
from collections.abc import Mapping

_GROWTH = 1.1
_LEAST_S = 0.001


class Histogram:
    """Counts by bucket. Not thread-safe: its owner holds a lock."""

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        """Start from *counts*, as `to_dict` returned them."""
        self._counts = {int(bucket): count for bucket, count in (counts or {}).items()}

    def add(self, seconds: float) -> None:
        """Count one duration."""
        bucket = max(0, math.ceil(math.log(max(seconds, _LEAST_S) / _LEAST_S, _GROWTH)))
        self._counts[bucket] = self._counts.get(bucket, 0) + 1

    def join(self, other: "Histogram") -> None:
        """Count what *other* counted, too."""
        for bucket, count in other._counts.items():
            self._counts[bucket] = self._counts.get(bucket, 0) + count

    @property
    def count(self) -> int:
        """Durations counted."""
        return sum(self._counts.values())

    def quantile(self, share: float) -> float | None:
        """Return the quantile *share* (0 to 1), in seconds: the middle of its bucket; None without durations."""
        wanted = share * self.count
        for bucket in sorted(self._counts):
            wanted -= self._counts[bucket]
            if wanted <= 0:
                return float(f"{_LEAST_S * _GROWTH ** (bucket - 0.5):.3g}")
        return None

    def to_dict(self) -> dict[str, int]:
        """Return the counts, for storage."""
        return {str(bucket): count for bucket, count in self._counts.items()}
