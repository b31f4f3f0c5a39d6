"""Hides an optional package from another one that would load it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden(package: str) -> Iterator[None]:
    """Have imports of *package* fail meanwhile, unless it is loaded already. For imports of one thread only."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # as the import system has it for what must not be found
    try:
        yield
    finally:
        del sys.modules[package]
