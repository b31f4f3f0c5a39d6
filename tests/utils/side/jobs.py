"""Tasks for tests: they are run in other processes, which import this module."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from utils.errors import ImportRefusedError


@dataclass
class Tools:
    """Tools that know how often they were made in their process."""

    pid: int = field(default_factory=os.getpid)


@dataclass(frozen=True)
class WhereAmI:
    """Returns the process of the tools and how nice it is."""

    def run(self, tools: Tools) -> tuple[int, int]:
        return tools.pid, os.nice(0)


@dataclass(frozen=True)
class Count:
    """Yields numbers; notes in a file which it is at."""

    upto: int
    note: Path | None = None

    def run(self, _tools: Tools) -> Iterator[int]:
        for number in range(self.upto):
            yield number
            if self.note is not None:
                written = self.note.with_suffix(".new")
                written.write_text(str(number))
                written.rename(self.note)  # who reads it finds a whole number


@dataclass(frozen=True)
class Refuse:
    """Raises a foreseen error that carries more than its message."""

    def run(self, _tools: Tools) -> None:
        raise ImportRefusedError("Line 1: is empty", [{"place": "Line 1", "error": "is empty"}], 7)


@dataclass(frozen=True)
class Break:
    """Raises an error that nobody foresaw."""

    def run(self, _tools: Tools) -> None:
        raise KeyError("missing")


@dataclass(frozen=True)
class Die:
    """Ends its process at once, as the kernel does when memory is short."""

    def run(self, _tools: Tools) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Hold:
    """Waits until a file is there."""

    path: Path

    def run(self, tools: Tools) -> int:
        while not self.path.exists():
            time.sleep(0.01)
        return tools.pid


@dataclass(frozen=True)
class Pieces:
    """Yields bytes and other values."""

    def run(self, _tools: Tools) -> Iterator[bytes | str]:
        yield from (b"", b"x" * 3_000_000, "between", b"end")
