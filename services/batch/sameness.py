"""Notices when everything fails in one and the same way: then more calls only cost more."""

import re
import threading

from utils.errors import AnswerFormatError, GenerationError, QualityError, RefusedError

# Samples in a row that end alike. A refused request is the same for all; answers differ from draw to draw.
_REQUESTS, _ANSWERS = 5, 10
# What differs between messages that say the same: numbers, ids, what is quoted.
_VARIES = re.compile(r"\d+|'[^']*'|\"[^\"]*\"|\b[0-9a-f]{8,}\b")


class Sameness:
    """The samples in a row that failed alike. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[str, str] | None = None
        self._in_a_row = 0

    def broken(self) -> None:
        """Note a sample that was made."""
        with self._lock:
            self._last, self._in_a_row = None, 0

    def add(self, error: GenerationError) -> int:
        """Note how a sample failed; return how many failed so in a row once they are too many, else 0.

        Drafts that were read and are not good enough differ by nature.
        """
        words = "" if isinstance(error, RefusedError) else _VARIES.sub("", str(error))
        kind = (error.category, words)
        with self._lock:
            self._in_a_row = self._in_a_row + 1 if kind == self._last else 1
            self._last = kind
            most = _ANSWERS if isinstance(error, AnswerFormatError | RefusedError) else _REQUESTS
            return self._in_a_row if self._in_a_row >= most and not isinstance(error, QualityError) else 0
