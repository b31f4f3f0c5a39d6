"""Anthropic's own wire: what is asked of which model, thoughts apart from text, usage, endings, errors, limits."""

import json
import logging
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

import services.llm.providers
from services.generation.judge import WITH_CLAIMS
from services.generation.prompts import SAMPLE_SCHEMA
from services.llm.adapters.base import AdapterSpec, BaseLLMProvider, Completion, CompletionRequest, ProviderConfig
from services.llm.limits.limit_headers import stated_limits
from tests.vendors import anthropic_wire as wire
from tests.vendors.replies import Reply
from tests.vendors.simulator import SimulatedVendor
from tests.vendors.wire import vendor_error
from utils.errors import (
    AnswerFormatError,
    AuthenticationError,
    BadRequestError,
    GenerationError,
    ModelUnavailableError,
    ProviderConnectionError,
    ProviderServerError,
    RateLimitError,
    RefusedError,
)
from utils.plugins import find_specs

SPEC = {spec.id: spec for spec in find_specs(services.llm.providers, AdapterSpec)}["anthropic"]
KEY = "-".join(("sk", "ant", "of", "nobody", "at", "all"))
MODEL = "claude-sonnet-5-5"
USER = {"role": "user", "content": "hi"}
Told = list[tuple[str, str]]


@pytest.fixture
def vendor() -> Iterator[SimulatedVendor]:
    with SimulatedVendor("anthropic", [MODEL]) as simulated:
        simulated.content = lambda prompt, number: "fine"
        yield simulated


@pytest.fixture
def provider(vendor: SimulatedVendor) -> Iterator[BaseLLMProvider]:
    with closing(SPEC.factory(ProviderConfig("anthropic", vendor.url, KEY))) as made:
        yield made


def ask(**changes: Any) -> CompletionRequest:
    return CompletionRequest(**{"model": MODEL, "messages": (USER,), "timeout_s": 60, **changes})


def both(provider: BaseLLMProvider, vendor: SimulatedVendor, message: dict[str, Any]) -> tuple[Completion, Told]:
    """Have *message* answered whole and as a stream, which must say the same; return it and what was told."""
    told: Told = []
    answers = []
    for stream, request in (
        (False, ask()),
        (True, ask(listener=lambda kind, piece: told.append((kind, piece)))),
    ):
        reply = Reply(chunks=tuple(events(message))) if stream else Reply(body=message)
        vendor.fault = lambda _number, _body, reply=reply: reply  # type: ignore[misc]
        answers.append(provider.complete(request))
    whole, streamed = answers
    assert (whole.text, whole.thinking, whole.finish_reason, whole.prompt_tokens, whole.completion_tokens) == (
        streamed.text,
        streamed.thinking,
        streamed.finish_reason,
        streamed.prompt_tokens,
        streamed.completion_tokens,
    )
    return whole, told


def message(*content: dict[str, Any], stop: str | None = "end_turn", **changes: Any) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": list(content),
        "stop_reason": stop,
        "usage": {"input_tokens": 10, "output_tokens": 20},
        **changes,
    }


def events(whole: dict[str, Any]) -> Iterator[bytes]:
    """Yield a message as the API streams it: empty blocks, their pieces, then how it ended and what it took."""
    start = whole | {"content": [], "stop_reason": None, "stop_details": None}
    start["usage"] = {**(whole.get("usage") or {}), "output_tokens": 1} if whole.get("usage") else None
    yield wire.event({"type": "message_start", "message": start})
    for place, block in enumerate(whole["content"]):
        kind = block["type"]
        pieces = {"text": "text", "thinking": "thinking"}.get(kind)
        empty = block | ({pieces: ""} if pieces else {})
        yield wire.event({"type": "content_block_start", "index": place, "content_block": empty})
        for letter in block[pieces] if pieces else "":
            delta = {"type": f"{kind}_delta", pieces: letter}
            yield wire.event({"type": "content_block_delta", "index": place, "delta": delta})
        if kind == "thinking":
            signed = {"type": "signature_delta", "signature": "c2lnbmVk"}
            yield wire.event({"type": "content_block_delta", "index": place, "delta": signed})
        yield wire.event({"type": "content_block_stop", "index": place})
    end = {"stop_reason": whole["stop_reason"], "stop_details": whole.get("stop_details")}
    usage = {"output_tokens": whole["usage"]["output_tokens"]} if whole.get("usage") else None
    yield wire.event({"type": "message_delta", "delta": end, "usage": usage})
    yield wire.event({"type": "message_stop"})


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def thought(said: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": said, "signature": "c2lnbmVk"}


REDACTED = {"type": "redacted_thinking", "data": "c2VjcmV0"}


def failing(provider: BaseLLMProvider, vendor: SimulatedVendor, reply: Reply, **changes: Any) -> GenerationError:
    vendor.fault = lambda _number, _body: reply
    with pytest.raises(GenerationError) as caught:
        provider.complete(ask(**changes))
    return caught.value


# --- what is asked --------------------------------------------------------------------------


def test_nothing_is_asked_that_the_api_version_refuses(provider: BaseLLMProvider, vendor: SimulatedVendor) -> None:
    provider.complete(ask(temperature=0.9, top_p=0.5, seed=7))

    sent = vendor.requests[0]
    assert not {"temperature", "top_p", "top_k", "seed"} & set(sent)
    assert vendor.headers[0]["anthropic-version"] == wire.VERSION


def test_words_of_the_system_stand_where_the_vendor_wants_them(
    provider: BaseLLMProvider, vendor: SimulatedVendor
) -> None:
    turns = (
        {"role": "system", "content": "Be brief."},
        USER,
        {"role": "assistant", "content": "yes"},
        {"role": "user", "content": "   "},
        {"role": "developer", "content": "Cite the law."},
        {"role": "user", "content": "why?"},
    )

    provider.complete(ask(messages=turns))

    sent = vendor.requests[0]
    assert sent["system"] == "Be brief.\n\nCite the law."
    assert sent["messages"] == [USER, {"role": "assistant", "content": "yes"}, {"role": "user", "content": "why?"}]


def test_words_of_the_system_alone_are_the_question(provider: BaseLLMProvider, vendor: SimulatedVendor) -> None:
    provider.complete(ask(messages=({"role": "system", "content": "Define estoppel."},)))

    assert vendor.requests[0]["messages"] == [{"role": "user", "content": "Define estoppel."}]
    assert "system" not in vendor.requests[0]


ADAPTS = {"type": "adaptive", "display": "summarized"}


@pytest.mark.parametrize(
    ("model", "max_tokens", "thinking"),
    [
        pytest.param("claude-sonnet-5-5", 4000, ADAPTS, id="always-adapts"),
        pytest.param("claude-opus-4-6", 4000, ADAPTS, id="first-that-adapts"),
        pytest.param("claude-haiku-5-5", 64, ADAPTS, id="short-answer"),
        pytest.param("claude-of-the-future", 4000, ADAPTS, id="unknown"),
        pytest.param("claude-haiku-4-5", 4000, {"type": "enabled", "budget_tokens": 2000}, id="by-budget"),
        pytest.param("claude-opus-4-1-20250805", 4000, {"type": "enabled", "budget_tokens": 2000}, id="dated"),
        pytest.param("claude-sonnet-4-20250514", 64000, {"type": "enabled", "budget_tokens": 8192}, id="at-most"),
        pytest.param("claude-haiku-4-5-20251001", 2000, None, id="too-short-for-a-budget"),
        pytest.param("claude-3-5-haiku-20241022", 4000, None, id="never-thinks"),
        pytest.param("claude-3-haiku-20240307", 4000, None, id="never-thought"),
    ],
)
def test_thoughts_are_asked_for_as_the_model_wants_it(
    provider: BaseLLMProvider, vendor: SimulatedVendor, model: str, max_tokens: int, thinking: object
) -> None:
    vendor.fault = lambda _number, _body: Reply(body=message(text("fine")))  # whatever was asked

    provider.complete(ask(model=model, max_tokens=max_tokens))

    assert vendor.requests[0].get("thinking") == thinking


@pytest.mark.parametrize("schema", [SAMPLE_SCHEMA, WITH_CLAIMS])
def test_schemas_of_the_service_are_taken(
    provider: BaseLLMProvider, vendor: SimulatedVendor, schema: dict[str, object]
) -> None:
    assert provider.complete(ask(schema=schema)).text == "fine"

    asked = vendor.requests[0]["output_config"]["format"]
    assert (asked["type"], asked["schema"]["required"]) == ("json_schema", schema["required"])


@pytest.mark.parametrize("refused", ["json_schema", "response_format"])
def test_what_a_model_does_not_take_is_left_out(
    provider: BaseLLMProvider, vendor: SimulatedVendor, refused: str
) -> None:
    provider.complete(ask(schema=SAMPLE_SCHEMA, left_out=frozenset({refused, "thinking"})))

    assert not {"output_config", "thinking"} & set(vendor.requests[0])


@pytest.mark.parametrize(
    ("said", "parameters"),
    [
        pytest.param(
            '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and'
            ' "output_config.effort" to control thinking behavior.',
            ("thinking",),
            id="budget",
        ),
        pytest.param("adaptive thinking is not supported on this model", ("thinking",), id="adaptive"),
        pytest.param(
            "thinking: Input tag 'adaptive' found using 'type' does not match any of the expected tags: 'disabled',"
            " 'enabled'",
            ("thinking",),
            id="tags",
        ),
        pytest.param("output_config.format: Extra inputs are not permitted", ("json_schema",), id="schema"),
    ],
)
def test_refused_parameter_is_known_by_the_vendors_sentence(
    provider: BaseLLMProvider, vendor: SimulatedVendor, said: str, parameters: tuple[str, ...]
) -> None:
    error = failing(provider, vendor, vendor_error("anthropic", 400, said))

    assert isinstance(error, BadRequestError)
    named = {"json_schema" if name == "response_format" else name for name in error.parameters}
    assert named == set(parameters)


# --- what is answered -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said", "thinking"),
    [
        pytest.param([thought("I weigh."), text("So it is.")], "So it is.", "I weigh.", id="thought-before-text"),
        pytest.param([REDACTED, text("fine")], "fine", "", id="redacted"),
        pytest.param([thought("a"), REDACTED, thought("b"), text("c")], "c", "a\n\nb", id="redacted-between"),
        pytest.param([thought(""), text("fine")], "fine", "", id="omitted"),
        pytest.param([text("First."), thought("Hm."), text("Second.")], "First.\n\nSecond.", "Hm.", id="between-texts"),
        pytest.param([text('{"a": '), text('"b"}')], '{"a": "b"}', "", id="adjacent-texts"),
        pytest.param([{"type": "of_the_future", "text": "no"}, text("fine")], "fine", "", id="unknown-block"),
        pytest.param([], "", "", id="nothing"),
    ],
)
def test_text_and_thoughts_are_apart_whole_and_streamed(
    provider: BaseLLMProvider, vendor: SimulatedVendor, content: list[dict[str, Any]], said: str, thinking: str
) -> None:
    answer, told = both(provider, vendor, message(*content))

    assert (answer.text, answer.thinking) == (said, thinking)
    assert "".join(piece for kind, piece in told if kind == "token") == said
    assert "".join(piece for kind, piece in told if kind == "thought") == thinking


@pytest.mark.parametrize(
    ("usage", "prompt", "answer", "thoughts"),
    [
        pytest.param({"input_tokens": 7, "output_tokens": 30}, 7, 30, None, id="plain"),
        pytest.param(
            {
                "input_tokens": 7,
                "cache_creation_input_tokens": 100,
                "cache_read_input_tokens": 1000,
                "output_tokens": 30,
                "output_tokens_details": {"thinking_tokens": 20},
            },
            1107,
            30,
            20,
            id="cache-and-thoughts",
        ),
        pytest.param({"input_tokens": 7, "cache_read_input_tokens": None, "output_tokens": 30}, 7, 30, None, id="null"),
        pytest.param(None, 0, 1, None, id="none-stated"),
    ],
)
def test_usage_is_what_the_vendor_bills(
    provider: BaseLLMProvider,
    vendor: SimulatedVendor,
    usage: dict[str, Any] | None,
    prompt: int,
    answer: int,
    thoughts: int | None,
) -> None:
    got, _ = both(provider, vendor, message(text("fine"), usage=usage))

    assert (got.prompt_tokens, got.completion_tokens, got.reasoning_tokens) == (prompt, answer, thoughts)


@pytest.mark.parametrize(
    ("stop", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("of_the_future", "of_the_future"),
    ],
)
def test_reason_of_the_end_is_told_in_the_words_of_the_service(
    provider: BaseLLMProvider, vendor: SimulatedVendor, stop: str, finish: str
) -> None:
    answer, _ = both(provider, vendor, message(text("fine"), stop=stop))

    assert answer.finish_reason == finish


REFUSAL = {"type": "refusal", "category": "cyber", "explanation": "This could harm."}


@pytest.mark.parametrize(
    ("details", "told"),
    [
        pytest.param(REFUSAL, "This could harm.", id="explained"),
        pytest.param(REFUSAL | {"explanation": None}, "cyber", id="by-category"),
        pytest.param(None, "refusal", id="without-details"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_refusal_is_a_typed_failure(
    provider: BaseLLMProvider, vendor: SimulatedVendor, stream: bool, details: dict[str, Any] | None, told: str
) -> None:
    refused = message(stop="refusal", stop_details=details)
    reply = Reply(chunks=tuple(events(refused))) if stream else Reply(body=refused)

    error = failing(provider, vendor, reply, listener=(lambda _kind, _piece: None) if stream else None)

    assert isinstance(error, RefusedError)
    assert told in str(error)


@pytest.mark.parametrize("stream", [False, True])
def test_paused_turn_is_no_answer(provider: BaseLLMProvider, vendor: SimulatedVendor, stream: bool) -> None:
    paused = message(text("so far"), stop="pause_turn")
    reply = Reply(chunks=tuple(events(paused))) if stream else Reply(body=paused)

    error = failing(provider, vendor, reply, listener=(lambda _kind, _piece: None) if stream else None)

    assert isinstance(error, AnswerFormatError)
    assert "paused" in str(error)


# --- streams --------------------------------------------------------------------------------


@pytest.mark.parametrize("left", range(1, 6))
def test_stream_without_its_end_is_an_error(provider: BaseLLMProvider, vendor: SimulatedVendor, left: int) -> None:
    cut = tuple(events(message(thought("I"), text("ab"))))[:-left]

    error = failing(provider, vendor, Reply(chunks=cut), listener=lambda _kind, _piece: None)

    assert isinstance(error, ProviderConnectionError)


@pytest.mark.parametrize(
    ("kind", "said", "wanted"),
    [
        ("overloaded_error", "Overloaded", ProviderServerError),
        ("api_error", "Internal server error", ProviderServerError),
        ("rate_limit_error", "This request would exceed the rate limit", RateLimitError),
    ],
)
def test_error_within_a_stream_is_that_error(
    provider: BaseLLMProvider, vendor: SimulatedVendor, kind: str, said: str, wanted: type[GenerationError]
) -> None:
    begun = tuple(events(message(text("half"))))[:3]
    broken = wire.event({"type": "error", "error": {"type": kind, "message": said}})
    told: Told = []

    error = failing(
        provider, vendor, Reply(chunks=(*begun, broken)), listener=lambda kind, piece: told.append((kind, piece))
    )

    assert isinstance(error, wanted)
    assert told == [("token", "h")]


# --- errors and limits ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "said", "wanted"),
    [
        pytest.param(401, "invalid x-api-key", AuthenticationError, id="key"),
        pytest.param(402, "There is an issue with your billing", AuthenticationError, id="billing"),
        pytest.param(
            400, "Your credit balance is too low to access the Anthropic API.", AuthenticationError, id="credit"
        ),
        pytest.param(403, "Your API key does not have permission", AuthenticationError, id="permission"),
        pytest.param(404, "model: claude-9", ModelUnavailableError, id="model"),
        pytest.param(404, "Not Found", BadRequestError, id="path"),
        pytest.param(413, "Request exceeds the maximum size", RateLimitError, id="too-large"),
        pytest.param(400, "prompt is too long: 1200000 tokens > 1000000 maximum", BadRequestError, id="context"),
        pytest.param(500, "Internal server error", ProviderServerError, id="internal"),
        pytest.param(529, "Overloaded", ProviderServerError, id="overloaded"),
    ],
)
def test_error_of_the_vendor_is_one_request_and_its_category(
    provider: BaseLLMProvider, vendor: SimulatedVendor, status: int, said: str, wanted: type[GenerationError]
) -> None:
    error = failing(provider, vendor, vendor_error("anthropic", status, said))

    assert type(error) is wanted
    assert (error.status, vendor.calls) == (status, 1)
    assert said in str(error)


def test_used_up_minute_says_what_and_how_long(provider: BaseLLMProvider, vendor: SimulatedVendor) -> None:
    said = "This request would exceed the rate limit for your organization (a) of 30,000 input tokens per minute."

    error = failing(provider, vendor, vendor_error("anthropic", 429, said, headers={"retry-after": "17"}))

    assert isinstance(error, RateLimitError)
    assert (error.retry_after_s, error.unit, error.quota, error.is_of_a_window) == (17.0, "tokens", False, True)


def test_limit_of_spending_is_a_quota_until_the_day_that_is_told(
    provider: BaseLLMProvider, vendor: SimulatedVendor
) -> None:
    said = (
        "You have reached your specified workspace API usage limits. You will regain access on 2999-01-01 at 00:00 UTC."
    )

    error = failing(provider, vendor, vendor_error("anthropic", 400, said))

    assert isinstance(error, RateLimitError)
    assert error.quota
    assert error.retry_after_s is not None
    assert error.retry_after_s > 86_400


def test_limit_of_spending_by_its_code_is_a_quota(provider: BaseLLMProvider, vendor: SimulatedVendor) -> None:
    reply = vendor_error("anthropic", 429, "Spending is at its limit.")
    assert isinstance(reply.body, dict)
    reply.body["error"]["details"] = {"error_code": "enforced_spend_limit_reached"}

    error = failing(provider, vendor, reply)

    assert isinstance(error, RateLimitError)
    assert error.quota


@pytest.mark.parametrize("stream", [False, True])
def test_limits_are_read_from_the_headers_of_answers(
    provider: BaseLLMProvider, vendor: SimulatedVendor, stream: bool
) -> None:
    vendor.set(requests_per_minute=50, tokens_per_minute=90_000)

    answer = provider.complete(ask(listener=(lambda _kind, _piece: None) if stream else None))

    rows = {row.unit: row for row in stated_limits(answer.headers)}
    assert (rows["requests"].limit, rows["requests"].remaining, rows["requests"].window) == (50, 49, "minute")
    assert rows["tokens"].limit == 90_000
    assert 0 <= (rows["tokens"].reset_s or 0) <= 61


def test_key_is_in_no_log_and_no_error(
    provider: BaseLLMProvider, vendor: SimulatedVendor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    error = failing(provider, vendor, vendor_error("anthropic", 401, f"invalid key {KEY}"))

    assert vendor.headers[0]["authorization"] == f"Bearer {KEY}"
    assert KEY not in str(error)
    assert KEY not in caplog.text


def test_keys_of_the_environment_are_nobodys(monkeypatch: pytest.MonkeyPatch, vendor: SimulatedVendor) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.setenv(name, "of-the-environment")

    with closing(SPEC.factory(ProviderConfig("anthropic", vendor.url))) as keyless:
        keyless.complete(ask())

    assert "of-the-environment" not in json.dumps(vendor.headers)


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
def test_version_in_a_base_url_is_not_doubled(vendor: SimulatedVendor, suffix: str) -> None:
    with closing(SPEC.factory(ProviderConfig("anthropic", vendor.url + suffix, KEY))) as made:
        assert made.complete(ask()).text == "fine"
        assert made.list_models(60) == [MODEL]
