"""Intervals of 95 %: between what more samples of the same kind would put a share, a mean or a median.

Each is (low, high) and holds its estimate; None where there is too little to say anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import TypeAlias

from utils.frames import NDArray, np
from utils.histogram import Histogram

Interval: TypeAlias = tuple[float, float] | None
_Z = NormalDist().inv_cdf(0.975)
# Degrees of freedom up to which Student's distribution is summed; from there on two terms of its expansion are exact
# to three digits.
_SUMMED = 100
# Fewer say too little of how they spread for a bootstrap: what all five of five pairs say happens by chance too often.
_FEWEST, _FEWEST_GROUPS = 10, 5
_DRAWS, _SEED = 2_000, 20_261_130
# From so many on the means of draws are normal, and drawing them would take seconds.
_MANY = 10_000


def of_share(hits: int, count: int) -> Interval:
    """Return Wilson's interval of the share *hits* of *count*; it is within 0 to 1 and has a width even at its ends."""
    return _wilson(hits / count, count) if count else None


def of_mean(mean: float, deviation: float, count: int, most: float | None = None) -> Interval:
    """Return Student's interval of a mean.

    Args:
        mean: Of the values.
        deviation: Their standard deviation, as a sample's (divided by n - 1).
        count: How many there are.
        most: Their upper bound where they lie between 0 and that. Values that are all alike tell nothing of how they
            spread: then the interval is Wilson's, whose variance no values within bounds exceed.
    """
    if count < 2:  # one value says nothing of how they spread
        return None
    if not deviation:
        if most is None:
            return None
        low, high = _wilson(mean / most, count)
        return low * most, high * most
    half = student(count - 1) * deviation / math.sqrt(count)
    low, high = mean - half, mean + half
    return (low, high) if most is None else (min(max(0.0, low), mean), max(min(most, high), mean))


def of_median(seen: Histogram) -> Interval:
    """Return the interval of the median of durations by their ranks, whatever their distribution; in seconds."""
    if seen.count < _FEWEST:
        return None
    reach = _Z / 2 / math.sqrt(seen.count)
    low, high = seen.quantile(0.5 - reach), seen.quantile(0.5 + reach)
    return None if low is None or high is None else (low, high)


def of_ratio(amounts: Sequence[float], counts: Sequence[int]) -> Interval:
    """Return the interval of sum(*amounts*) / sum(*counts*), over groups that are drawn as wholes; both by group."""
    if len(counts) < _FEWEST_GROUPS or not all(counts):
        return None
    rows = np.random.default_rng(_SEED).integers(0, len(counts), (_DRAWS, len(counts)))
    drawn = np.asarray(amounts, dtype=np.float64)[rows].sum(axis=1) / np.asarray(counts)[rows].sum(axis=1)
    ratio = sum(amounts) / sum(counts)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return min(float(low), ratio), max(float(high), ratio)


def of_differences(differences: Sequence[float]) -> Interval:
    """Return the interval of the mean of paired *differences*, by a bootstrap of the pairs (seeded)."""
    values: NDArray[np.float64] = np.asarray(differences, dtype=np.float64)
    count = len(values)
    if count < _FEWEST:
        return None
    mean = float(values.mean())
    if count >= _MANY:
        return of_mean(mean, float(values.std(ddof=1)), count) or (mean, mean)
    draw = np.random.default_rng(_SEED)
    # A few at a time: all at once would take gigabytes.
    means = np.concatenate([values[draw.integers(0, count, (100, count))].mean(axis=1) for _ in range(_DRAWS // 100)])
    low, high = np.quantile(means, (0.025, 0.975))
    return min(float(low), mean), max(float(high), mean)


def overlap(one: Interval, other: Interval) -> bool | None:
    """Tell whether two intervals overlap; None where one is not known."""
    if one is None or other is None:
        return None
    return one[0] <= other[1] and other[0] <= one[1]


@lru_cache(maxsize=1_000)
def student(freedom: int) -> float:
    """Return how many standard errors hold 95 % of Student's distribution with *freedom* degrees of freedom."""
    if freedom > _SUMMED:
        return _Z + (_Z**3 + _Z) / (4 * freedom) + (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / (96 * freedom**2)
    low, high = 1.0, 20.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < 0.95 else (low, middle)
    return high


def _within(t: float, freedom: int) -> float:
    """Return the probability that |T| is below *t*: the finite sum for whole degrees of freedom."""
    angle = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term, total = (cosine if odd else 1.0), 0.0
    for n in range(2 + odd, freedom + 1, 2):
        total += term
        term *= cosine * cosine * (n - 1) / n
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


def _wilson(share: float, count: int) -> tuple[float, float]:
    z2 = _Z * _Z
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    return min(max(0.0, middle - half), share), max(min(1.0, middle + half), share)
