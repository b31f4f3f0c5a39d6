"""Lets one quick read run at a time, and answers the same question once for all who wait for it.

With 64 readers at once all of them contend for the interpreter's lock, and each answer, and each
step of a running batch, waits for all others. Here they queue outside of that lock. A reader
with the same question as one in the queue gets the same answer: it is computed after both have asked, so
that it is current for both. Nobody waits for long behind another question: a reader that got no
turn within `PATIENCE_S` seconds goes on without one.

While batches run, the question of a crowd is answered some sixteen times a second: readers that ask again at once
would slow the batch down for answers that hardly differ.
"""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from flask import Response

from utils.clock import Clock, SystemClock
from utils.wsgi import Line

AT_A_TIME = 1
PATIENCE_S = 0.5
# So many readers of one answer are a crowd; its next answer comes PAUSE_S seconds later.
CROWD = 8
PAUSE_S = 0.06
_SHARED_S = 10.0


@dataclass(slots=True)
class _Answer:
    """The answer for all who wait; None until it is known, or when it is an error."""

    known: threading.Event = field(default_factory=threading.Event)
    copy: Callable[[], Response] | None = None
    sharers: int = 0
    lines: list[Line] = field(default_factory=list)


class Turns:
    """The line of one app. Thread-safe."""

    def __init__(
        self,
        is_busy: Callable[[], bool] = lambda: False,
        at_a_time: int = AT_A_TIME,
        clock: Clock | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """Serve *at_a_time* readers at once; crowds less often while the service *is_busy* with batches."""
        self._is_busy = is_busy
        self._places = threading.BoundedSemaphore(at_a_time)
        self._clock = clock or SystemClock()
        self._wait = wait
        self._lock = threading.Lock()
        self._in_line: dict[Hashable, _Answer] = {}
        # When each crowd's question was last answered.
        self._crowds: dict[Hashable, float] = {}

    def answer(self, question: Hashable, find_out: Callable[[], Response], line: Line | None = None) -> Response:
        """Return what *find_out* returns, called here or for another caller with the same *question*.

        The *line* of the server is closed before the answer is found out.
        """
        with self._lock:
            answer = self._in_line.get(question)
            is_first = answer is None
            if answer is None:
                answer = self._in_line[question] = _Answer()
            answer.sharers += 1
            if line is not None:
                answer.lines.append(line)
        if is_first:
            return self._find_out(question, answer, find_out)
        answer.known.wait(_SHARED_S)
        return answer.copy() if answer.copy is not None else find_out()  # errors are not shared

    def _find_out(self, question: Hashable, answer: _Answer, find_out: Callable[[], Response]) -> Response:
        has_place = False
        try:
            self._pause(question)
            has_place = self._places.acquire(timeout=PATIENCE_S)
            self._leave(question, answer)  # later callers must not get an older answer
            response = find_out()
            answer.copy = _copier(response)
            return response
        finally:
            self._leave(question, answer)
            if has_place:
                self._places.release()
            answer.known.set()

    def _pause(self, question: Hashable) -> None:
        """Let some time pass between two answers to a crowd; more readers join the line meanwhile."""
        last = self._crowds.get(question)
        if last is None or not self._is_busy():
            return
        left_s = last + PAUSE_S - self._clock.monotonic()
        if left_s > 0:
            self._wait(left_s)

    def _leave(self, question: Hashable, answer: _Answer) -> None:
        """Close the line of a question; remember when a crowd was answered, as long as that matters."""
        now = self._clock.monotonic()
        with self._lock:
            if self._in_line.get(question) is not answer:
                return
            del self._in_line[question]
            for line in answer.lines:
                line.close()
                answer.sharers += len(line.joined)
            self._crowds = {asked: at for asked, at in self._crowds.items() if asked != question and now - at < PAUSE_S}
            if answer.sharers >= CROWD:
                self._crowds[question] = now


def _copier(response: Response) -> Callable[[], Response] | None:
    if response.is_streamed:
        return None
    data, status, headers = response.get_data(), response.status_code, list(response.headers)
    return lambda: Response(data, status, headers)
