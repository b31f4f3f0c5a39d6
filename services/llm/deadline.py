"""Runs a blocking call under one total deadline that a stop can cut short.

The vendors' clients time out per read, so a server that drips bytes never times
out there, and none of them can be cancelled. The call therefore runs in a thread
of its own: at the deadline, or when the work is cancelled, we stop waiting and the
thread is left to end by the client's own read timeout. Its answer is dropped.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from utils.cancellation import CancelToken
from utils.errors import CancelledError, ProviderTimeoutError

T = TypeVar("T")


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


def call_with_deadline(work: Callable[[], T], timeout_s: float, cancel: CancelToken, what: str) -> T:
    """Return what *work* returns, or raise what it raises, within *timeout_s* seconds.

    Raises:
        ProviderTimeoutError: the deadline passed.
        CancelledError: *cancel* was set.
    """
    call = _Call(work)
    threading.Thread(target=call.run, name=f"call {what}", daemon=True).start()
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
