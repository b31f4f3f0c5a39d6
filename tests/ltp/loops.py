"""An event loop for one test: in a thread of its own, since a browser of another test may have one open in this."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Return what *work* returns."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()
