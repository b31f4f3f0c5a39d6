"""Chat without HTTP: whole answers, streams and their end, readers that leave, and failures as messages."""

import threading
from collections.abc import Generator
from typing import Any

import pytest

from models.contract.answers.management import ChatMessage
from models.contract.bodies import ChatRequest
from models.fields import validated
from services.assistant.chat_service import ChatService
from services.catalogue.rows import ChatPrompt
from services.llm.adapters.base import CompletionRequest
from services.llm.adapters.scripted import ScriptedProvider, Step
from tests.fakes import provider_info, scripted_llm
from tests.patience import PATIENCE_S, until
from tests.services.llm.test_single_calls import Notes
from utils.clock import ManualClock
from utils.errors import InputError, ProviderServerError, TimeLimitError

MODEL = "openai/gpt-oss-120b"
PROMPTS = {"brief": ChatPrompt(name="Brief", prompt="Be brief.")}


class Chat:
    """A chat service whose only provider plays *script*; keeps what was noted of its calls."""

    def __init__(self, *script: Step, time_limit_s: float = PATIENCE_S) -> None:
        clock = ManualClock()
        llm, made = scripted_llm({"groq": script}, clock)
        self.notes = Notes()
        self.groq: ScriptedProvider = made["groq"]
        self.service = ChatService(llm, self.notes, clock, time_limit_s, PROMPTS)

    def told(self, **fields: Any) -> list[ChatMessage | None]:
        return list(self.service.stream(wanted(**fields)))


def wanted(**fields: Any) -> ChatRequest:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"}]
    return validated(ChatRequest, {"messages": messages, "provider": "groq", "model": MODEL, **fields})


def test_whole_answer_says_who_gave_it_and_its_call_is_counted() -> None:
    chat = Chat("Good day to you.")

    answer = chat.service.complete(wanted())

    assert answer == {
        "response": "Good day to you.",
        "thinking": None,
        "provider": "groq",
        "model": MODEL,
        "tokens_used": 104,
        "finish_reason": "stop",
        "elapsed_time": 0.0,
    }
    assert chat.notes.rows == [("open", f"groq/{MODEL}"), ("used", 1, False, True)]


def test_conversation_and_its_settings_reach_the_provider() -> None:
    chat = Chat("Yes.")

    chat.service.complete(wanted(temperature=0.1, max_tokens=50))

    (request,) = chat.groq.requests
    assert [(row["role"], row["content"]) for row in request.messages] == [("system", "Be brief."), ("user", "Hello?")]
    assert (request.model, request.temperature, request.max_tokens) == (MODEL, 0.1, 50)


def test_stream_gives_the_pieces_in_order_and_ends_with_who_answered() -> None:
    chat = Chat("Good day to you.")

    *pieces, last = chat.told()

    assert pieces == [{"type": "token", "content": word} for word in ("Good ", "day ", "to ", "you. ")]
    assert last == {
        "type": "done",
        "provider": "groq",
        "model": MODEL,
        "tokens_used": 104,
        "finish_reason": "stop",
        "elapsed_time": 0.0,
    }
    assert chat.notes.rows[-1] == ("used", 1, False, True)


def test_stream_of_a_model_that_thinks_is_kept_open_by_nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.assistant.chat_service.HEARTBEAT_S", 0.01)
    thought = threading.Event()

    def slow(_request: CompletionRequest) -> str:
        assert thought.wait(PATIENCE_S)
        return "Yes."

    stream = Chat(slow).service.stream(wanted())
    silence = next(stream)
    thought.set()
    told = [piece for piece in stream if piece is not None]

    assert silence is None
    assert [piece["type"] for piece in told] == ["token", "done"]


def test_call_is_ended_when_the_reader_of_its_stream_leaves() -> None:
    released, under_way = threading.Event(), threading.Event()

    def slow(request: CompletionRequest) -> str:
        assert request.listener is not None
        under_way.set()
        request.listener("token", "First")
        try:
            assert released.wait(PATIENCE_S)
        finally:
            under_way.clear()
        return "too late"

    chat = Chat(slow)
    stream = chat.service.stream(wanted())
    first = next(stream)
    assert isinstance(stream, Generator)
    stream.close()

    until(lambda: chat.notes.rows[-1] == ("lost", 1, True))
    assert under_way.is_set(), "the call came to its end by itself"
    released.set()
    assert first == {"type": "token", "content": "First"}
    assert len(chat.groq.requests) == 1


def test_failure_is_the_last_message_of_a_stream_and_tells_its_code() -> None:
    chat = Chat(ProviderServerError("the vendor is down", provider="groq"))

    told = chat.told()

    facts = {"code": "server_error", "retryable": True, "category": "server_error"}
    assert told == [{"type": "error", "error": "the vendor is down", **facts}]
    assert chat.notes.rows[-1] == ("used", 1, True, False)


def test_failure_of_a_whole_answer_is_raised_when_its_model_was_named() -> None:
    with pytest.raises(ProviderServerError, match="the vendor is down"):
        Chat(ProviderServerError("the vendor is down", provider="groq")).service.complete(wanted())


def test_failure_after_the_first_words_is_not_hidden_by_another_answer() -> None:
    def broken(request: CompletionRequest) -> str:
        assert request.listener is not None
        request.listener("token", "Half")
        raise ProviderServerError("cut", provider="groq")

    chat = Chat(broken, "Another answer.")

    told = chat.told(model=None)

    assert [piece and piece["type"] for piece in told] == ["token", "error"]
    assert len(chat.groq.requests) == 1


def test_failure_before_the_first_word_goes_on_with_another_model() -> None:
    chat = Chat(ProviderServerError("down", provider="groq"), "Here.")

    told = chat.told(model=None)

    assert [piece and piece["type"] for piece in told] == ["token", "done"]
    assert len({request.model for request in chat.groq.requests}) == 2


def test_answer_that_takes_too_long_names_the_setting_that_limits_it() -> None:
    released = threading.Event()

    def slow(_request: CompletionRequest) -> str:
        released.wait(PATIENCE_S)
        return "too late"

    chat = Chat(slow, time_limit_s=0.05)

    with pytest.raises(TimeLimitError, match=r"the answer \(setting ANSWER_TIMEOUT_S\) took longer than 0.05 s"):
        chat.service.complete(wanted())
    (message,) = chat.told()
    released.set()

    assert message
    assert (message["type"], message["code"]) == ("error", TimeLimitError.code)


def test_stream_of_an_unknown_provider_is_refused_before_it_begins() -> None:
    chat = Chat("x")

    with pytest.raises(InputError, match="Invalid provider: nobody"):
        chat.service.stream(wanted(provider="nobody", model=None))

    assert chat.notes.rows == []


def test_providers_are_those_with_a_key_and_each_names_its_best_model() -> None:
    (groq,) = Chat("x").service.providers()

    info = provider_info("groq")
    assert (groq["id"], groq["name"], groq["champion_model"]) == ("groq", info.name, info.champion_model)
    assert MODEL in {model["id"] for model in groq["models"]}


def test_system_prompts_are_told_by_name_and_text_alone() -> None:
    assert Chat("x").service.system_prompts == {"brief": {"name": "Brief", "prompt": "Be brief."}}
