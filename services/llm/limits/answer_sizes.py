"""What calls really take, learned from answers: so that no more is reserved than is needed.

The vendors reserve the whole asked maximum of an answer. With 4,000 asked and 1,000
used, three quarters of a minute's tokens would stay unused. Once enough
answers of a kind were seen, a little more than the longest of them is asked for; one
that is cut off raises it at once.
"""

import threading
from collections import deque

from utils.histogram import Histogram

_SEEN = 200
_ENOUGH = 4
# With few answers seen the next may well be longer than all of them.
_MANY = 20
_HEADROOM = 1.15
_HEADROOM_FEW = 1.6
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

    def cap(self, target: str, kind: str, wanted: int) -> int:
        """Return the maximum to ask for an answer of *kind*; at most *wanted*, in tokens."""
        with self._lock:
            seen = self._lengths.get((target, kind), ())
            if len(seen) < _ENOUGH:
                seen = self._lengths.get((target, ""), ())  # of all kinds
            if len(seen) < _ENOUGH:
                return wanted
            headroom = _HEADROOM if len(seen) >= _MANY else _HEADROOM_FEW
            return min(wanted, int(max(seen) * headroom) + _HEADROOM_TOKENS)

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

    def _saw(self, target: str, kind: str, tokens: int) -> None:
        """Keep a length for its kind and for all kinds; the caller holds the lock."""
        for name in {kind, ""}:
            self._lengths.setdefault((target, name), deque(maxlen=_SEEN)).append(tokens)
