"""Limits are round numbers."""

import math


def roundest(least: float, below: float) -> int:
    """Return the number from *least* up to *below* with the most zeros at its end, the highest of them.

    A vendor's limit lies between what it accepted and what it refused on top. One that is taken
    for too high is found out within a minute, one that is taken for too low is kept for long.
    """
    step = 10.0 ** math.floor(math.log10(max(below, 1.0)))
    while step > 1.0:
        found = (math.ceil(below / step) - 1) * step
        if found >= max(least, 1.0):
            return int(found)
        step /= 10.0
    return math.floor(least)
