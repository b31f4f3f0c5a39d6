"""What the vendor's clock says, from the `Date` of its answers: some count by its minutes."""

import math

_MINUTE_S = 60.0


class VendorClock:
    """How far the vendor's clock (UTC, seconds) is ahead of ours (monotonic), between two bounds."""

    def __init__(self) -> None:
        self._least, self._most = -math.inf, math.inf

    def heard(self, date_s: float, sent_at: float, now: float) -> None:
        """Take note of an answer dated *date_s*, in whole seconds, to a call that left at *sent_at* and ends *now*."""
        least, most = max(self._least, date_s - now), min(self._most, date_s + 1.0 - sent_at)
        if least > most:  # one of the clocks was set
            least, most = date_s - now, date_s + 1.0 - sent_at
        self._least, self._most = least, most

    def minute_ends_at(self, now: float) -> float | None:
        """Return when, on our clock, a minute of the vendor's has surely ended next; None when nothing was heard."""
        if math.isinf(self._least):
            return None
        return (math.floor((now + self._least) / _MINUTE_S) + 1) * _MINUTE_S - self._least
