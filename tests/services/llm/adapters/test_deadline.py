"""Calls under one deadline that a stop can cut short."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from services.llm.adapters.deadline import CallThreads
from tests.patience import PATIENCE_S, until
from utils.cancellation import CancelToken
from utils.errors import (
    CancelledError,
    ProviderTimeoutError,
)


def test_call_that_answers_is_passed_on() -> None:
    assert CallThreads("x").call(lambda: 7, 5, CancelToken(), "x") == 7
    with pytest.raises(ZeroDivisionError):
        CallThreads("x").call(lambda: 1 // 0, 5, CancelToken(), "x")
    with pytest.raises(TypeError, match="returned nothing"):
        CallThreads("x").call(lambda: None, 5, CancelToken(), "x")


def test_call_is_left_at_its_deadline_and_at_a_stop() -> None:
    forever = threading.Event()
    cancel = CancelToken()
    threading.Timer(0.05, cancel.cancel).start()

    with pytest.raises(ProviderTimeoutError, match=r"within 0\.01 s"):
        CallThreads("x").call(lambda: forever.wait(PATIENCE_S), 0.01, CancelToken(), "x")
    with pytest.raises(CancelledError) as caught:
        CallThreads("x").call(lambda: forever.wait(PATIENCE_S), 10, cancel, "x")

    assert caught.value.in_flight
    forever.set()


def test_call_that_is_stopped_already_is_not_made() -> None:
    cancel, made = CancelToken(), threading.Event()
    cancel.cancel()

    with pytest.raises(CancelledError, match="stopped before the call") as caught:
        CallThreads("x").call(made.set, 5, cancel, "x")

    assert not caught.value.in_flight
    assert not made.is_set()


def test_answer_that_came_stands_though_the_caller_was_stopped_meanwhile() -> None:
    answered = CallThreads("x")

    class Late(CancelToken):
        """Is set while the answer comes."""

        @contextmanager
        def waking(self, wake: Callable[[], None]) -> Iterator[None]:
            until(lambda: answered._idle)
            self.cancel()
            yield

    assert answered.call(lambda: "fine", PATIENCE_S, Late(), "x") == "fine"


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(3)])
def test_whatever_a_call_raises_is_raised_where_it_was_made(error: BaseException) -> None:
    def fail() -> str:
        raise error

    with pytest.raises(type(error)) as caught:
        CallThreads("x").call(fail, PATIENCE_S, CancelToken(), "x")

    assert caught.value is error


def test_thread_that_came_back_is_used_again() -> None:
    threads = CallThreads("reused")
    idents = set()
    for _ in range(5):
        idents.add(threads.call(threading.get_ident, PATIENCE_S, CancelToken(), "x"))
        until(lambda: threads._idle)

    assert len(idents) == 1


def test_call_that_was_left_keeps_nobody_else_waiting() -> None:
    threads, release = CallThreads("left"), threading.Event()
    with pytest.raises(ProviderTimeoutError):
        threads.call(lambda: release.wait(PATIENCE_S), 0.01, CancelToken(), "x")

    assert threads.call(lambda: "next", PATIENCE_S, CancelToken(), "x") == "next"

    release.set()


def test_calls_at_the_same_time_have_threads_of_their_own() -> None:
    threads, together = CallThreads("many"), threading.Barrier(4)
    got: list[int] = []
    callers = [
        threading.Thread(
            target=lambda: got.append(
                threads.call(lambda: together.wait(PATIENCE_S) + 1, PATIENCE_S, CancelToken(), "x")
            )
        )
        for _ in range(4)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(PATIENCE_S)

    assert sorted(got) == [1, 2, 3, 4]


def test_what_is_left_for_afterwards_is_done_behind_the_answer_and_its_fault_disturbs_nobody() -> None:
    threads, may_end, ended = CallThreads("x"), threading.Event(), threading.Event()

    def tidy() -> None:
        assert may_end.wait(PATIENCE_S)
        ended.set()
        raise OSError("the connection is gone")

    def work() -> int:
        threads.afterwards(tidy)
        return 7

    assert threads.call(work, PATIENCE_S, CancelToken(), "x") == 7
    assert not ended.is_set()
    may_end.set()
    until(lambda: threads._idle)
    assert ended.is_set()
    assert threads.call(lambda: 8, PATIENCE_S, CancelToken(), "x") == 8
