"""Work in several processes at a time, the results in the order of what was given."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

GivenT = TypeVar("GivenT")
T = TypeVar("T")


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ahead(work: Callable[[GivenT], T], given: Iterable[GivenT], at_a_time: int = 0) -> Iterator[T]:
    """Yield what *work* makes of each of *given*, in their order, a few at a time and a few ahead.

    *work* waits for another process in a thread of its own; at most *at_a_time* (0: twice the cores) are under way, so
    that what was read and not yet worked on stays small. Where the caller stops, what has not begun is not begun.
    """
    at_a_time = at_a_time or 2 * cores()
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(at_a_time, thread_name_prefix="ahead") as threads:
        try:
            for one in given:
                waiting.append(threads.submit(work, one))
                if len(waiting) >= at_a_time:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
