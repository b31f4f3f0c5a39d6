"""Lets only a few quick reads run at a time, and answers the same question once for all who wait for it.

With 64 readers at once every one of them asks for the interpreter's lock, and each answer, and each
step of a running batch, waits for all others. Here they wait in line, outside of that lock. Who asks what
somebody in line asks already gets the same answer: it is found out after both have asked, so
that it is as true for the one as for the other. Nobody waits long: who had no turn in time goes on without.
"""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from flask import Response

AT_A_TIME = 4
PATIENCE_S = 0.5
_SHARED_S = 10.0


@dataclass(slots=True)
class _Answer:
    """What all who wait for it will get; None while nobody knows it, or when it is an error."""

    known: threading.Event = field(default_factory=threading.Event)
    copy: Callable[[], Response] | None = None


class Turns:
    """The line of one app. Thread-safe."""

    def __init__(self, at_a_time: int = AT_A_TIME) -> None:
        self._places = threading.BoundedSemaphore(at_a_time)
        self._lock = threading.Lock()
        self._in_line: dict[Hashable, _Answer] = {}

    def answer(self, question: Hashable, find_out: Callable[[], Response]) -> Response:
        """Return what *find_out* returns, asked by this caller or by one who waits with the same *question*."""
        with self._lock:
            answer = self._in_line.get(question)
            is_first = answer is None
            if answer is None:
                answer = self._in_line[question] = _Answer()
        if is_first:
            return self._find_out(question, answer, find_out)
        answer.known.wait(_SHARED_S)
        return answer.copy() if answer.copy is not None else find_out()  # an error is each one's own

    def _find_out(self, question: Hashable, answer: _Answer, find_out: Callable[[], Response]) -> Response:
        has_place = self._places.acquire(timeout=PATIENCE_S)
        try:
            with self._lock:
                del self._in_line[question]  # who comes from here on must not get what was found out before
            response = find_out()
            answer.copy = _copier(response)
            return response
        finally:
            if has_place:
                self._places.release()
            answer.known.set()


def _copier(response: Response) -> Callable[[], Response] | None:
    if response.is_streamed:
        return None
    data, status, headers = response.get_data(), response.status_code, list(response.headers)
    return lambda: Response(data, status, headers)
