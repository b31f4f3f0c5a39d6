"""Work that is followed from another process: how far it came, then what came of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")
# Hears of a step how much of it is done, and how much it is in all; 0 where nobody knows.
Told: TypeAlias = Callable[[str, int, int], None]


def nobody(_step: str, _done: int, _total: int) -> None:
    """Hear how far it came, and tell nobody."""


def of(total: int, told: Told) -> Told:
    """Return what tells *told* that a step whose whole is not known is *total*."""
    return lambda step, done, known: told(step, done, known or total)


@dataclass(frozen=True)
class Progress:
    """How far it came."""

    step: str
    done: int
    total: int


@dataclass(frozen=True)
class Done(Generic[T]):
    """What came of it."""

    value: T


class _StoppedError(Exception):
    """Nobody follows any more."""


def followed(work: Callable[[Told], T]) -> Generator[Progress | Done[T], None, None]:
    """Do *work* in a thread; yield the newest of what it tells, and at last what it returned.

    Where nobody follows any more, it ends when it next tells something. Its errors are raised here.
    """
    news = threading.Condition()
    told: list[Progress] = []
    ended: list[Done[T] | BaseException] = []
    is_stopped = threading.Event()

    def tell(step: str, done: int, total: int) -> None:
        if is_stopped.is_set():
            raise _StoppedError
        with news:
            told[:] = [*(earlier for earlier in told if earlier.step != step), Progress(step, done, total)]
            news.notify()

    def do() -> None:
        try:
            end: Done[T] | BaseException = Done(work(tell))
        except BaseException as error:  # noqa: BLE001  # raised by who follows
            end = error
        with news:
            ended.append(end)
            news.notify()

    thread = threading.Thread(target=do, name="followed", daemon=True)
    thread.start()
    try:
        while True:
            with news:
                news.wait_for(lambda: told or ended)
                shown, told[:] = list(told), []
            yield from shown
            if ended and not told:
                end = ended[0]
                if isinstance(end, BaseException):
                    raise end
                yield end
                return
    finally:
        is_stopped.set()
        thread.join()


def outcome(parts: Iterator[Progress | Done[T]], told: Told = nobody) -> T:
    """Follow *parts*, as `followed` yields them, to the end; return what came of it. Where *told* raises, it ends."""
    with closing(parts):  # type: ignore[type-var]  # a generator, here and from another process
        for part in parts:
            if isinstance(part, Done):
                return part.value
            told(part.step, part.done, part.total)
    raise RuntimeError("ended without an outcome")  # pragma: no cover  # it comes last
