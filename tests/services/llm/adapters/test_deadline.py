"""Calls under one deadline that a stop can cut short."""

import threading

import pytest

from services.llm.adapters.deadline import CallThreads
from tests.patience import PATIENCE_S
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
