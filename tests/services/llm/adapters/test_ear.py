"""A call that was given up says nothing more, whatever its thread still reads."""

import threading

import pytest

from services.llm.adapters.base import CompletionRequest, ProviderConfig
from services.llm.adapters.scripted import ScriptedProvider
from tests.patience import PATIENCE_S
from utils.errors import CancelledError, ProviderTimeoutError


def test_words_that_come_after_the_deadline_reach_nobody_and_end_the_call() -> None:
    given_up, ended = threading.Event(), threading.Event()
    heard: list[str] = []
    raised: list[BaseException] = []

    def late(request: CompletionRequest) -> str:
        assert request.listener is not None
        request.listener("token", "in time")
        assert given_up.wait(PATIENCE_S)
        try:
            request.listener("token", "too late")
        except CancelledError as error:
            raised.append(error)
        finally:
            ended.set()
        return "too late"

    provider = ScriptedProvider(ProviderConfig("groq", ""), [late])
    request = CompletionRequest("m", (), timeout_s=0.05, listener=lambda _, text: heard.append(text))

    with pytest.raises(ProviderTimeoutError):
        provider.complete(request)
    given_up.set()
    assert ended.wait(PATIENCE_S)

    assert heard == ["in time"]
    assert len(raised) == 1
