"""How long a test waits for what must happen: as long as a busy machine needs. What is waited for is an event."""

import threading
import time
from collections.abc import Callable

# Below pytest's own limit for a test (pyproject.toml), so that the assertion speaks, not the limit.
PATIENCE_S = 240.0
_PAUSE_S = 0.002
_PAUSE = threading.Event()


def until(reached: Callable[[], object]) -> None:
    """Ask again and again until *reached* is true, leaving the processor to others in between.

    Raises:
        AssertionError: it was not reached, however patient one was.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < deadline, f"not reached within {PATIENCE_S:g} s"
        _PAUSE.wait(_PAUSE_S)
