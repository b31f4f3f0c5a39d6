"""What calls really take, learned from answers: so that no more is reserved than is needed.

The vendors reserve the whole asked maximum of an answer. With 4,000 asked and 1,000
used, three quarters of a minute's tokens would stay unused. So a little more is asked for
than the longest answer of the kind that was seen, from the first one on, and before it than the catalogue
expects; one that is cut off raises it at once.
"""

import threading
from collections import deque
from collections.abc import Collection

from utils.histogram import Histogram

_SEEN = 200
# Answers of other kinds say something once there are so many.
_ENOUGH = 4
# With few answers seen the next may well be longer than all of them: how much longer, by the number seen.
_HEADROOMS = ((20, 1.15), (4, 1.6), (1, 2.0))
# Where a minute has little left, so much more than the longest seen, or than what is expected, is enough.
_HEADROOM_LEAST, _HEADROOM_EXPECTED = 1.1, 1.3
_HEADROOM_TOKENS = 32
_CHARS_PER_TOKEN = 3.5
_PROMPT_HEADROOM = 1.02
_PROMPT_TOKENS = 16


class AnswerSizes:
    """Sizes by target and kind of prompt. Thread-safe."""

    def __init__(self) -> None:
        self._lengths: dict[tuple[str, str], deque[int]] = {}
        self._ratios: dict[str, deque[float]] = {}
        self._latencies: dict[str, Histogram] = {}
        self._lock = threading.Lock()

    def cap(self, target: str, kind: str, wanted: int, expected: int = 0) -> int:
        """Return the maximum to ask for an answer of *kind*; at most *wanted*, in tokens.

        Where none was seen it is *wanted*; never is it less than what is *expected* of the kind, 0 for not known.
        """
        with self._lock:
            seen = self._seen(target, kind)
            if not seen:
                return wanted
            headroom = next(factor for count, factor in _HEADROOMS if len(seen) >= count)
            likely = max(int(max(seen) * headroom), int(expected * _HEADROOM_EXPECTED))
            return min(wanted, likely + _HEADROOM_TOKENS)

    def least(self, target: str, kind: str, expected: int = 0) -> int | None:
        """Return how many tokens are enough for an answer of *kind* where there are no more; None: not known."""
        with self._lock:
            seen = self._seen(target, kind)
            if seen:
                return int(max(seen) * _HEADROOM_LEAST) + _HEADROOM_TOKENS
            return int(expected * _HEADROOM_EXPECTED) + _HEADROOM_TOKENS if expected else None

    def prompt_tokens(self, target: str, chars: int) -> int:
        """Estimate a prompt's tokens from its length; a little high."""
        with self._lock:
            seen = self._ratios.get(target)
            ratio = max(seen) * _PROMPT_HEADROOM if seen else 1 / _CHARS_PER_TOKEN
        return int(chars * ratio) + _PROMPT_TOKENS

    def answered(self, target: str, kind: str, chars: int, prompt_tokens: int, answer_tokens: int) -> None:
        """Learn from a whole answer to a prompt of *chars* characters."""
        with self._lock:
            self._saw(target, kind, answer_tokens)
            if prompt_tokens and chars:
                self._ratios.setdefault(target, deque(maxlen=50)).append(prompt_tokens / chars)

    def cut_off(self, target: str, kind: str, asked: int) -> None:
        """Learn that *asked* tokens were not enough."""
        with self._lock:
            self._saw(target, kind, 2 * asked)

    def mean(self, target: str, kind: str) -> float | None:
        """Return the mean length of answers of *kind*; None before any was seen."""
        with self._lock:
            seen = self._lengths.get((target, kind))
            return sum(seen) / len(seen) if seen else None

    def took(self, target: str, latency_s: float) -> None:
        """Learn how long an answer took."""
        with self._lock:
            self._latencies.setdefault(target, Histogram()).add(latency_s)

    def latency_s(self, target: str, share: float) -> float | None:
        """Return the quantile *share* (0 to 1) of the latency, in seconds; None before any answer."""
        with self._lock:
            seen = self._latencies.get(target)
            return seen.quantile(share) if seen else None

    def _seen(self, target: str, kind: str) -> Collection[int]:
        """Return the lengths seen of *kind*, else of all kinds once those are some; the caller holds the lock."""
        seen = self._lengths.get((target, kind), ())
        others = self._lengths.get((target, ""), ())
        return seen or (others if len(others) >= _ENOUGH else ())

    def _saw(self, target: str, kind: str, tokens: int) -> None:
        """Keep a length for its kind and for all kinds; the caller holds the lock."""
        for name in {kind, ""}:
            self._lengths.setdefault((target, name), deque(maxlen=_SEEN)).append(tokens)
