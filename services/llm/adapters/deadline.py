"""Runs blocking calls under one total deadline that a stop can cut short.

The vendors' clients time out per read, so a server that drips bytes never times
out there, and none of them can be cancelled. A call therefore runs in a thread of its
own: at the deadline, or when the work is cancelled, we stop waiting and the thread is
left to end by the client's own read timeout. Its answer is dropped. Threads that are
done are used again: to start one costs a tenth of a whole call.
"""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from utils.cancellation import CancelToken
from utils.errors import CancelledError, ProviderTimeoutError

log = logging.getLogger(__name__)
T = TypeVar("T")
_Work = Callable[[], None]
_IDLE_S = 30.0


class _Call(Generic[T]):
    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self.done = threading.Event()
        self.result: T | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self._work()
        except BaseException as error:  # noqa: BLE001  # top of a worker thread; clients raise outside their own trees
            self.error = error
        finally:
            self.done.set()


class CallThreads:
    """Threads for calls. Thread-safe; an idle one ends by itself."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._idle: list[queue.SimpleQueue[_Work]] = []
        self._lock = threading.Lock()
        self._mine = threading.local()

    def call(self, work: Callable[[], T], timeout_s: float, cancel: CancelToken, what: str) -> T:
        """Return what *work* returns, or raise what it raises, within *timeout_s* seconds.

        Raises:
            ProviderTimeoutError: the deadline passed.
            CancelledError: *cancel* was set.
        """
        if cancel.is_cancelled:
            raise CancelledError(f"{what}: stopped before the call")
        call = _Call(work)
        self._give(call.run)
        with cancel.waking(call.done.set):
            in_time = call.done.wait(timeout_s)
        if call.error is not None:
            raise call.error
        if call.result is not None:
            return call.result
        if cancel.is_cancelled:
            raise CancelledError(f"{what}: stopped while waiting for the answer", in_flight=True)
        if in_time:
            raise TypeError(f"{what}: the call returned nothing, want a value")
        raise ProviderTimeoutError(f"{what}: no complete answer within {timeout_s:g} s")

    def afterwards(self, work: _Work) -> None:
        """Have the thread of this call do *work* once the caller has its result; within a call only."""
        self._mine.left.append(work)

    def _give(self, work: _Work) -> None:
        with self._lock:
            waiting = self._idle.pop() if self._idle else None
        if waiting is None:
            threading.Thread(target=self._run, args=(work,), name=f"call {self._name}", daemon=True).start()
        else:
            waiting.put(work)

    def _run(self, work: _Work | None) -> None:
        mine: queue.SimpleQueue[_Work] = queue.SimpleQueue()
        left: list[_Work] = []
        self._mine.left = left
        while work is not None:
            work()
            work = None  # its answer must not live on here
            while left:
                _tidied(left.pop())
            with self._lock:
                self._idle.append(mine)
            work = self._next(mine)

    def _next(self, mine: queue.SimpleQueue[_Work]) -> _Work | None:
        """Wait for work; None when none came for a while."""
        try:
            return mine.get(timeout=_IDLE_S)
        except queue.Empty:
            with self._lock:
                if mine in self._idle:
                    self._idle.remove(mine)
                    return None
            return mine.get()  # work was given to this thread just now


def _tidied(work: _Work) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001  # the call has its answer; clients raise outside their own trees
        log.debug("not tidied up after a call", extra={"reason": str(error)[:200]})
