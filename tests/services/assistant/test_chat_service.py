"""Chat without HTTP: whole answers, streams and their end, readers that leave, and failures as messages."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.contract.bodies import ChatRequest
from models.fields import validated
from services.assistant.chat_service import ChatService
from services.catalogue.rows import ChatPrompt
from services.llm.adapters.base import CompletionRequest
from services.llm.adapters.scripted import Step
from tests.fakes import provider_info
from tests.patience import PATIENCE_S
from tests.services.streams.house import MODEL, Event, RunHouse, read, words
from utils.errors import InputError, ProviderServerError, TimeLimitError

PROMPTS = {"brief": ChatPrompt(name="Brief", prompt="Be brief.")}


class Chat:
    """A chat service whose only provider plays *script*, over real runs; its calls are kept in the database."""

    def __init__(self, folder: Path, *script: Step, time_limit_s: float = PATIENCE_S) -> None:
        self.house = RunHouse(folder, *script)
        self.groq = self.house.groq
        calls = self.house.stores.calls
        self.service = ChatService(self.house.llm, calls, self.house.service, self.house.clock, time_limit_s, PROMPTS)

    def told(self, **fields: Any) -> list[Event]:
        """Stream an answer; its messages but those of its state."""
        events = self.house.events(self.service.stream(wanted(**fields)))
        return [event for _, event in events if event["type"] != "status"]

    def counted(self) -> list[tuple[int, int, int]]:
        """How many calls were counted, failed, or are in doubt."""
        return [(row["calls"], row["failed"], row["in_doubt"]) for row in self.house.used()]


Make = Callable[..., Chat]


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Make]:
    made: list[Chat] = []

    def make(*script: Step, **limits: float) -> Chat:
        made.append(Chat(tmp_path, *script, **limits))
        return made[-1]

    yield make
    for one in made:
        one.house.close()


def wanted(**fields: Any) -> ChatRequest:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"}]
    return validated(ChatRequest, {"messages": messages, "provider": "groq", "model": MODEL, **fields})


def test_whole_answer_says_who_gave_it_and_its_call_is_counted(chat: Make) -> None:
    talk = chat("Good day to you.")

    answer = talk.service.complete(wanted())

    assert answer == {
        "response": "Good day to you.",
        "thinking": None,
        "provider": "groq",
        "model": MODEL,
        "tokens_used": 104,
        "finish_reason": "stop",
        "elapsed_time": 0.0,
    }
    assert talk.counted() == [(1, 0, 0)]


def test_conversation_and_its_settings_reach_the_provider(chat: Make) -> None:
    talk = chat("Yes.")

    talk.service.complete(wanted(temperature=0.1, max_tokens=50))

    (request,) = talk.groq.requests
    assert [(row["role"], row["content"]) for row in request.messages] == [("system", "Be brief."), ("user", "Hello?")]
    assert (request.model, request.temperature, request.max_tokens) == (MODEL, 0.1, 50)


def test_stream_gives_the_pieces_in_order_and_ends_with_who_answered(chat: Make) -> None:
    talk = chat("Good day to you.")

    *pieces, last = talk.told()

    assert pieces == [{"type": "token", "content": word} for word in ("Good ", "day ", "to ", "you.")]
    assert last == {
        "type": "done",
        "provider": "groq",
        "model": MODEL,
        "tokens_used": 104,
        "finish_reason": "stop",
        "elapsed_time": 0.0,
        "response": "Good day to you.",
        "thinking": None,
    }
    assert talk.counted() == [(1, 0, 0)]


def test_answer_goes_on_when_the_reader_of_its_stream_leaves_and_is_there_when_it_comes_back(chat: Make) -> None:
    released = threading.Event()

    def slow(_request: CompletionRequest) -> str:
        assert released.wait(PATIENCE_S)
        return "Here I am."

    talk = chat(slow)
    run_id = talk.service.stream(wanted())
    reading = talk.house.service.read(run_id)
    first = read([next(reading.messages())])
    reading.close()
    released.set()

    rest = talk.house.events(run_id, after=first[-1][0])

    assert words(rest) == "Here I am."
    assert rest[-1][1]["response"] == "Here I am."
    assert len(talk.groq.requests) == 1


def test_same_key_does_not_ask_again(chat: Make) -> None:
    talk = chat("Good day.")

    first, again = (talk.service.stream(wanted(), "k1") for _ in range(2))
    talk.house.events(first)

    assert first == again
    assert len(talk.groq.requests) == 1


def test_failure_is_the_last_message_of_a_stream_and_tells_its_code(chat: Make) -> None:
    talk = chat(ProviderServerError("the vendor is down", provider="groq"))

    told = talk.told()

    facts = {"code": "server_error", "retryable": True, "category": "server_error"}
    assert told == [{"type": "error", "error": "the vendor is down", **facts}]
    assert talk.counted() == [(1, 1, 0)]


def test_failure_of_a_whole_answer_is_raised_when_its_model_was_named(chat: Make) -> None:
    with pytest.raises(ProviderServerError, match="the vendor is down"):
        chat(ProviderServerError("the vendor is down", provider="groq")).service.complete(wanted())


def test_failure_after_the_first_words_is_not_hidden_by_another_answer(chat: Make) -> None:
    def broken(request: CompletionRequest) -> str:
        assert request.listener is not None
        request.listener("token", "Half")
        raise ProviderServerError("cut", provider="groq")

    talk = chat(broken, "Another answer.")

    told = talk.told(model=None)

    assert [piece["type"] for piece in told] == ["token", "error"]
    assert len(talk.groq.requests) == 1


def test_failure_before_the_first_word_goes_on_with_another_model(chat: Make) -> None:
    talk = chat(ProviderServerError("down", provider="groq"), "Here.")

    told = talk.told(model=None)

    assert [piece["type"] for piece in told] == ["token", "done"]
    assert len({request.model for request in talk.groq.requests}) == 2


def test_answer_that_takes_too_long_names_the_setting_that_limits_it(chat: Make) -> None:
    released = threading.Event()

    def slow(_request: CompletionRequest) -> str:
        released.wait(PATIENCE_S)
        return "too late"

    talk = chat(slow, time_limit_s=0.05)

    with pytest.raises(TimeLimitError, match=r"the answer \(setting ANSWER_TIMEOUT_S\) took longer than 0.05 s"):
        talk.service.complete(wanted())
    (message,) = talk.told()
    released.set()

    assert message
    assert (message["type"], message["code"]) == ("error", TimeLimitError.code)


def test_stream_of_an_unknown_provider_is_refused_before_it_begins(chat: Make) -> None:
    talk = chat("x")

    with pytest.raises(InputError, match="Invalid provider: nobody"):
        talk.service.stream(wanted(provider="nobody", model=None))

    assert talk.counted() == []


def test_providers_are_those_with_a_key_and_each_names_its_best_model(chat: Make) -> None:
    (groq,) = chat("x").service.providers()

    info = provider_info("groq")
    assert (groq["id"], groq["name"], groq["champion_model"]) == ("groq", info.name, info.champion_model)
    assert MODEL in {model["id"] for model in groq["models"]}


def test_system_prompts_are_told_by_name_and_text_alone(chat: Make) -> None:
    assert chat("x").service.system_prompts == {"brief": {"name": "Brief", "prompt": "Be brief."}}
