"""Lets only a few quick reads run at a time; the others wait in line outside of Python's lock.

With 64 readers at once every one of them asks for the interpreter's lock, and each answer, and each
step of a running batch, waits for all others. In line they wait for nothing but their turn. Nobody
waits long: who had no turn in time goes on without.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

AT_A_TIME = 4
PATIENCE_S = 0.5
_places = threading.BoundedSemaphore(AT_A_TIME)


@contextmanager
def turn() -> Iterator[None]:
    """Wait for a turn, or for as long as patience lasts."""
    has_place = _places.acquire(timeout=PATIENCE_S)
    try:
        yield
    finally:
        if has_place:
            _places.release()
