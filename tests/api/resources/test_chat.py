"""Chat: whole and streamed, with failover, accounting and limits; by the real clients over a simulated wire."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask.testing import FlaskClient

from api_server import create_app
from bootstrap import Service
from services.llm.adapters.scripted import ScriptedProvider
from tests.api.calls import get, post
from tests.api.conformance import checked_client, problem
from tests.fakes import Start
from tests.patience import PATIENCE_S
from tests.services.streams.house import read
from tests.vendors.simulator import SimulatedVendor
from tests.vendors.wire import error
from utils.errors import ProviderServerError

# Within it a call must have left, on a machine that does much else.
TO_BE_SENT_S = 2.0
HELLO = {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"}]}


def of(platform: Service) -> FlaskClient:
    return checked_client(create_app(platform=platform))


def events(client: FlaskClient, **body: Any) -> list[dict[str, Any]]:
    response = client.post("/api/chat/completions", json={**HELLO, "stream": True, **body})
    assert response.mimetype == "text/event-stream"
    told = [event for _, event in read([response.data])]
    schema = {"$ref": "#/components/schemas/ChatMessage"}
    assert [fault for message in told if (fault := problem(client.application, schema, message))] == []
    return [event for event in told if event["type"] != "status"]


def test_all_messages_are_sent_and_the_answer_is_accounted_for(start: Start) -> None:
    platform = start({"groq": ["Good day."]})
    answer = post(of(platform), "chat/completions", {**HELLO, "temperature": 0.1, "max_tokens": 50})

    groq: Any = platform.llm.factory.get_provider("groq")
    assert (answer["response"], answer["provider"], answer["finish_reason"]) == ("Good day.", "groq", "stop")
    assert [dict(row) for row in groq.requests[0].messages] == HELLO["messages"]
    assert (groq.requests[0].temperature, groq.requests[0].max_tokens) == (0.1, 50)
    assert get(of(platform), "usage")["total"]["total_tokens"] == answer["tokens_used"]


def test_chat_fails_over_like_everything_else(start: Start) -> None:
    platform = start({"groq": [ProviderServerError("down", provider="groq")], "cerebras": ["From another."]})

    assert post(of(platform), "chat/completions", HELLO)["provider"] in ("groq", "cerebras")


def test_model_that_is_named_is_not_replaced(start: Start) -> None:
    platform = start({"groq": [ProviderServerError("down", provider="groq")], "cerebras": ["From another."]})
    body = {**HELLO, "provider": "groq", "model": "openai/gpt-oss-120b"}

    assert "down" in post(of(platform), "chat/completions", body, 400)["error"]


def test_stream_sends_pieces_and_then_what_it_took(start: Start) -> None:
    told = events(of(start({"groq": ["Good day to you."]})))

    assert [row["type"] for row in told] == ["token"] * 4 + ["done"]
    assert "".join(row["content"] for row in told[:-1]).split() == ["Good", "day", "to", "you."]
    assert (told[-1]["provider"], told[-1]["tokens_used"] > 0) == ("groq", True)


def test_stream_that_fails_before_its_first_word_goes_on_elsewhere(start: Start) -> None:
    broken = [ProviderServerError("down", provider="groq")]
    told = events(of(start({"groq": broken, "cerebras": ["Here I am."]})), provider="auto")

    assert (told[-1]["type"], told[-1]["provider"]) == ("done", "cerebras")


def test_stream_that_fails_says_so_in_its_last_message(start: Start) -> None:
    body = {"provider": "groq", "model": "openai/gpt-oss-120b"}
    told = events(of(start({"groq": [ProviderServerError("the vendor is down", provider="groq")]})), **body)

    facts = {"code": "server_error", "retryable": True, "category": "server_error"}
    assert told == [{"type": "error", "error": "the vendor is down", **facts}]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "messages: is missing"),
        ({"messages": []}, "messages: got a list, want at least 1"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages.0.role: got 'robot', want 'system', 'user'"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages.0.content: is empty"),
        ({**HELLO, "temperature": 3}, "temperature: got 3, want at most 2"),
        ({**HELLO, "provider": "nobody"}, "Invalid provider: nobody"),
        ({**HELLO, "provider": "nobody", "stream": True}, "Invalid provider: nobody"),
    ],
)
def test_bad_request_is_a_sentence(start: Start, body: dict[str, Any], says: str) -> None:
    assert says in post(of(start({"groq": ["x"]})), "chat/completions", body, 400)["error"]


def test_test_prompts_providers_and_system_prompts_are_as_clients_know_them(start: Start) -> None:
    client = of(start({"groq": ["Yes."]}))

    assert post(client, "chat/test", {"prompt": "x", "system_instruction": "y"})["response"] == "Yes."
    assert [row["id"] for row in get(client, "chat/providers")["providers"]][:2] == ["groq", "cerebras"]
    assert set(get(client, "chat/system-prompts")["prompts"]) == {
        "legal_assistant", "contract_expert", "tort_expert", "general_assistant", "thinking_model", "educational",
    }  # fmt: skip


# --- the wire --------------------------------------------------------------------------------


@pytest.fixture
def vendors() -> Iterator[dict[str, SimulatedVendor]]:
    made = {kind: SimulatedVendor(kind) for kind in ("groq", "cerebras", "openai")}
    made["ollama"] = SimulatedVendor("ollama", ["llama3"])
    with ExitStack() as stack:
        yield {kind: stack.enter_context(vendor) for kind, vendor in made.items()}


def real(start: Start, vendors: dict[str, SimulatedVendor], **changes: Any) -> Service:
    urls = {
        "groq_base_url": vendors["groq"].url,
        "cerebras_base_url": vendors["cerebras"].url,
        "openai_base_url": vendors["openai"].url,
        "ollama_host": vendors["ollama"].url,
    }
    return start({}, **urls, **changes)


@pytest.mark.parametrize("kind", ["groq", "cerebras", "openai", "ollama"])
def test_every_client_streams_words_thoughts_and_usage(
    kind: str, start: Start, vendors: dict[str, SimulatedVendor]
) -> None:
    vendors[kind].set(thinking=True)
    told = events(of(real(start, vendors)), provider=kind)

    words = "".join(row["content"] for row in told if row["type"] == "token")
    thoughts = "".join(row["content"] for row in told if row["type"] == "thought")
    assert words == "OK, that is understood."
    assert thoughts == "First the rule, then the facts."
    assert (told[-1]["type"], told[-1]["provider"], told[-1]["tokens_used"] > 0) == ("done", kind, True)
    assert vendors[kind].requests[0]["stream"] is True
    assert [row["role"] for row in vendors[kind].requests[0]["messages"]] == ["system", "user"]


@pytest.mark.parametrize("kind", ["groq", "cerebras", "openai"])
def test_stream_that_is_cut_is_an_error_and_not_an_answer(
    kind: str, start: Start, vendors: dict[str, SimulatedVendor]
) -> None:
    def cut(number: int, body: dict[str, Any]) -> Any:
        reply = vendors[kind].completion(body, number, "half of it", stream="yes")
        from dataclasses import replace

        return replace(reply, chunks=(b'data: {"choices": [{"delta": {"content": "half"}}]}\n\n',))

    vendors[kind].fault = cut
    told = events(of(real(start, vendors)), provider=kind, model="some-model")

    assert told[0] == {"type": "token", "content": "half"}
    assert told[-1]["type"] == "error"
    assert "ended before the answer did" in told[-1]["error"]


def test_vendors_refusal_of_a_stream_is_told(start: Start, vendors: dict[str, SimulatedVendor]) -> None:
    vendors["groq"].fault = lambda _number, _body: error(401, "Invalid API Key", code="invalid_api_key")

    told = events(of(real(start, vendors)), provider="groq", model="openai/gpt-oss-120b")

    assert told[-1]["type"] == "error"
    assert "Invalid API Key" in told[-1]["error"]


def test_scripted_provider_is_what_the_service_uses_in_these_tests(start: Start) -> None:
    assert isinstance(start({"groq": ["x"]}).llm.factory.get_provider("groq"), ScriptedProvider)


def test_call_that_nobody_waits_for_any_more_is_in_doubt(start: Start) -> None:
    asked, released = threading.Event(), threading.Event()

    def slow(_request: object) -> str:
        asked.set()
        released.wait(PATIENCE_S)
        return "too late"

    platform = start({"groq": [slow]}, answer_timeout_s=TO_BE_SENT_S)
    post(of(platform), "chat/completions", {**HELLO, "provider": "groq"}, 504)
    released.set()

    total = get(of(platform), "usage")["total"]
    assert (asked.is_set(), total["calls"], total["in_doubt"]) == (True, 0, 1)


def test_single_sample_whose_time_is_over_is_in_doubt(start: Start) -> None:
    released = threading.Event()

    def slow(_request: object) -> str:
        released.wait(PATIENCE_S)
        return "too late"

    platform = start({"groq": [slow]}, answer_timeout_s=TO_BE_SENT_S)
    post(of(platform), "generate", {"provider": "groq", "practice_area": "Tort Law", "topic": "Nuisance"}, 504)
    released.set()

    total = get(of(platform), "usage")["total"]
    assert (total["calls"], total["in_doubt"]) == (0, 1)


def test_call_that_an_end_of_the_process_cut_off_is_in_doubt_at_the_next_start(start: Start) -> None:
    first = start({"groq": ["x"]})
    first.stores.calls.open_call("groq/m")  # it left, and then the process was killed
    first.close()

    total = get(of(start({"groq": ["x"]})), "usage")["total"]
    assert (total["calls"], total["in_doubt"]) == (0, 1)
