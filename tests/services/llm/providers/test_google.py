"""Google's own wire: what is asked of which model, thoughts apart from text, usage, endings, errors, quotas."""

import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

import services.llm.providers
from services.generation.prompts import SAMPLE_SCHEMA
from services.llm.adapters.base import AdapterSpec, BaseLLMProvider, Completion, CompletionRequest, ProviderConfig
from tests.vendors import gemini_wire as wire
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
    ProviderTimeoutError,
    RateLimitError,
    RefusedError,
)
from utils.google_quota import until_midnight_s
from utils.plugins import find_specs

SPEC = {spec.id: spec for spec in find_specs(services.llm.providers, AdapterSpec)}["google"]
KEY = "-".join(("AI", "za", "key", "of", "nobody"))
MODEL = "gemini-3.8-flash"
USER = {"role": "user", "content": "hi"}
Told = list[tuple[str, str]]


@pytest.fixture
def vendor() -> Iterator[SimulatedVendor]:
    with SimulatedVendor("google", [MODEL]) as simulated:
        simulated.content = lambda prompt, number: "fine"
        yield simulated


@pytest.fixture
def provider(vendor: SimulatedVendor) -> Iterator[BaseLLMProvider]:
    with closing(SPEC.factory(ProviderConfig("google", vendor.url, KEY))) as made:
        yield made


def ask(**changes: Any) -> CompletionRequest:
    return CompletionRequest(**{"model": MODEL, "messages": (USER,), "timeout_s": 60, **changes})


def asked(vendor: SimulatedVendor) -> dict[str, Any]:
    """Return the settings of the first request."""
    return dict(vendor.requests[0].get("generationConfig", {}))


def response(*parts: dict[str, Any], finish: str | None = "STOP", **changes: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    return {
        "candidates": [candidate | ({"finishReason": finish} if finish else {})],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5, "thoughtsTokenCount": 15},
        "modelVersion": MODEL,
        **changes,
    }


def chunks(whole: dict[str, Any]) -> Iterator[bytes]:
    """Yield an answer as the API streams it: a letter at a time, the end with the last one."""
    candidate = whole["candidates"][0]
    pieces = [part | {"text": letter} for part in candidate["content"]["parts"] for letter in part["text"]]
    for piece in pieces:
        yield wire.chunk(response(piece, finish=None, usageMetadata={"promptTokenCount": 10}))
    last = {"content": {"role": "model", "parts": [{"text": ""}]}, "finishReason": candidate.get("finishReason")}
    yield wire.chunk(whole | {"candidates": [last]})


def both(provider: BaseLLMProvider, vendor: SimulatedVendor, whole: dict[str, Any]) -> tuple[Completion, Told]:
    """Have *whole* answered at once and as a stream, which must say the same; return it and what was told."""
    told: Told = []
    vendor.fault = lambda _number, body: Reply(chunks=tuple(chunks(whole))) if body["stream"] else Reply(body=whole)
    at_once = provider.complete(ask())
    streamed = provider.complete(ask(listener=lambda kind, piece: told.append((kind, piece))))
    counts = ("prompt_tokens", "completion_tokens", "reasoning_tokens")
    for name in ("text", "thinking", "finish_reason", "model", *counts):
        assert getattr(at_once, name) == getattr(streamed, name)
    return at_once, told


def failing(provider: BaseLLMProvider, vendor: SimulatedVendor, reply: Reply, **changes: Any) -> GenerationError:
    vendor.fault = lambda _number, _body: reply
    with pytest.raises(GenerationError) as caught:
        provider.complete(ask(**changes))
    return caught.value


# --- what is asked --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "sampling", "thinking"),
    [
        pytest.param("gemini-3.8-flash", {}, {"include_thoughts": True}, id="own-temperature"),
        pytest.param("gemini-12-flash", {}, {"include_thoughts": True}, id="of-the-future"),
        pytest.param(
            "gemini-2.5-pro", {"temperature": 0.9, "topP": 0.5}, {"include_thoughts": True}, id="takes-a-temperature"
        ),
        pytest.param("gemini-1.5-pro", {"temperature": 0.9, "topP": 0.5}, None, id="never-thought"),
        pytest.param("gemini-2.0-flash", {"temperature": 0.9, "topP": 0.5}, None, id="never-thinks"),
        pytest.param("gemma-3-27b-it", {"temperature": 0.9, "topP": 0.5}, None, id="of-another-family"),
    ],
)
def test_model_is_asked_for_what_it_takes(
    provider: BaseLLMProvider, vendor: SimulatedVendor, model: str, sampling: dict[str, Any], thinking: object
) -> None:
    provider.complete(ask(model=model, temperature=0.9, top_p=0.5, max_tokens=99, seed=2**40 + 3))

    sent = asked(vendor)
    assert {name: sent[name] for name in ("temperature", "topP") if name in sent} == sampling
    assert sent.get("thinkingConfig") == thinking
    assert (sent["maxOutputTokens"], sent["seed"]) == (99, 3)


def test_words_of_the_system_stand_where_the_vendor_wants_them(
    provider: BaseLLMProvider, vendor: SimulatedVendor
) -> None:
    turns = (
        {"role": "system", "content": "Be brief."},
        USER,
        {"role": "assistant", "content": "yes"},
        {"role": "user", "content": " "},
        {"role": "user", "content": "why?"},
    )

    provider.complete(ask(messages=turns))

    sent = vendor.requests[0]
    assert [part["text"] for part in sent["systemInstruction"]["parts"]] == ["Be brief."]
    assert [(turn["role"], turn["parts"][0]["text"]) for turn in sent["contents"]] == [
        ("user", "hi"),
        ("model", "yes"),
        ("user", "why?"),
    ]


def test_words_of_the_system_alone_are_the_question(provider: BaseLLMProvider, vendor: SimulatedVendor) -> None:
    provider.complete(ask(messages=({"role": "system", "content": "Define estoppel."},)))

    assert vendor.requests[0]["contents"][0]["parts"] == [{"text": "Define estoppel."}]
    assert "systemInstruction" not in vendor.requests[0]


@pytest.mark.parametrize(
    ("left_out", "format_"),
    [
        pytest.param(set(), ("application/json", True), id="schema"),
        pytest.param({"json_schema"}, ("application/json", False), id="plain-json"),
        pytest.param({"json_schema", "response_format"}, (None, False), id="nothing"),
    ],
)
def test_schema_is_sent_as_far_as_the_model_takes_it(
    provider: BaseLLMProvider, vendor: SimulatedVendor, left_out: set[str], format_: tuple[str | None, bool]
) -> None:
    provider.complete(ask(schema=SAMPLE_SCHEMA, left_out=frozenset({*left_out, "thinking", "seed"}), seed=1))

    sent = asked(vendor)
    assert (sent.get("responseMimeType"), sent.get("responseJsonSchema") == SAMPLE_SCHEMA) == format_
    assert not {"thinkingConfig", "seed"} & set(sent)


@pytest.mark.parametrize(
    ("said", "parameter"),
    [
        ("Unable to submit request because thinking is not supported by this model.", "thinking"),
        ("Thinking level is not supported for this model.", "thinking"),
        ("Invalid JSON payload received. Unknown name \"responseJsonSchema\" at 'generation_config'", "json_schema"),
        ("temperature is deprecated and not supported for this model", "temperature"),
    ],
)
def test_refused_parameter_is_known_by_the_vendors_sentence(
    provider: BaseLLMProvider, vendor: SimulatedVendor, said: str, parameter: str
) -> None:
    error = failing(provider, vendor, vendor_error("google", 400, said))

    assert isinstance(error, BadRequestError)
    assert error.parameters == (parameter,)


# --- what is answered -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "said", "thinking"),
    [
        pytest.param([{"text": "So."}], "So.", "", id="text"),
        pytest.param([{"text": "I weigh.", "thought": True}, {"text": "So."}], "So.", "I weigh.", id="thought"),
        pytest.param(
            [{"text": "a", "thought": True}, {"text": "b", "thought": True}, {"text": "c", "thoughtSignature": "eA=="}],
            "c",
            "ab",
            id="thoughts-and-a-signature",
        ),
        pytest.param([{"text": '{"a": '}, {"text": '"é"}'}], '{"a": "é"}', "", id="parts-of-json"),
        pytest.param([], "", "", id="nothing"),
    ],
)
def test_text_and_thoughts_are_apart_whole_and_streamed(
    provider: BaseLLMProvider, vendor: SimulatedVendor, parts: list[dict[str, Any]], said: str, thinking: str
) -> None:
    answer, told = both(provider, vendor, response(*parts))

    assert (answer.text, answer.thinking) == (said, thinking)
    assert "".join(piece for kind, piece in told if kind == "token") == said
    assert "".join(piece for kind, piece in told if kind == "thought") == thinking


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        pytest.param(
            {"promptTokenCount": 7, "candidatesTokenCount": 5, "thoughtsTokenCount": 15}, (7, 20), id="thoughts"
        ),
        pytest.param(
            {"promptTokenCount": 7, "cachedContentTokenCount": 4, "candidatesTokenCount": 5}, (7, 5), id="cache-within"
        ),
        pytest.param(
            {"promptTokenCount": 7, "toolUsePromptTokenCount": 3, "thoughtsTokenCount": 9}, (10, 9), id="tool"
        ),
        pytest.param({"promptTokenCount": 7}, (7, 1), id="answer-not-counted"),
    ],
)
def test_usage_is_what_the_vendor_bills(
    provider: BaseLLMProvider, vendor: SimulatedVendor, usage: dict[str, int], counted: tuple[int, int]
) -> None:
    vendor.fault = lambda _number, _body: Reply(body=response({"text": "fine"}, usageMetadata=usage))

    answer = provider.complete(ask())

    assert (answer.prompt_tokens, answer.completion_tokens) == counted


@pytest.mark.parametrize(("finish", "told"), [("STOP", "stop"), ("MAX_TOKENS", "length"), ("CONTINUATION", "length")])
def test_reason_of_the_end_is_told_in_the_words_of_the_service(
    provider: BaseLLMProvider, vendor: SimulatedVendor, finish: str, told: str
) -> None:
    answer, _ = both(provider, vendor, response({"text": "fine"}, finish=finish))

    assert answer.finish_reason == told


@pytest.mark.parametrize("stream", [False, True])
def test_unfinished_answer_is_not_continued_behind_our_back(
    provider: BaseLLMProvider, vendor: SimulatedVendor, stream: bool
) -> None:
    begun = response({"text": "half"}, finish="CONTINUATION")
    begun["candidates"][0]["continuationToken"] = "bmV4dA=="
    reply = Reply(chunks=(wire.chunk(begun),)) if stream else Reply(body=begun)
    vendor.fault = lambda number, _body: reply

    answer = provider.complete(ask(listener=(lambda _kind, _piece: None) if stream else None))

    assert (answer.text, vendor.calls) == ("half", 1)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("finish", "wanted"),
    [
        *((finish, RefusedError) for finish in ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII")),
        *((finish, RefusedError) for finish in ("LANGUAGE", "ESCALATION", "IMAGE_SAFETY")),
        *((finish, AnswerFormatError) for finish in ("OTHER", "MALFORMED_RESPONSE", "MALFORMED_FUNCTION_CALL")),
    ],
)
def test_answer_that_was_stopped_is_a_typed_failure(
    provider: BaseLLMProvider, vendor: SimulatedVendor, finish: str, wanted: type[GenerationError], stream: bool
) -> None:
    stopped = response({"text": "so far"}, finish=finish)
    reply = Reply(chunks=tuple(chunks(stopped))) if stream else Reply(body=stopped)

    error = failing(provider, vendor, reply, listener=(lambda _kind, _piece: None) if stream else None)

    assert type(error) is wanted
    assert finish in str(error)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("reason", ["SAFETY", "PROHIBITED_CONTENT", "OTHER"])
def test_blocked_prompt_is_a_refusal(
    provider: BaseLLMProvider, vendor: SimulatedVendor, reason: str, stream: bool
) -> None:
    blocked = {"promptFeedback": {"blockReason": reason}, "usageMetadata": {"promptTokenCount": 3}}
    reply = Reply(chunks=(wire.chunk(blocked),)) if stream else Reply(body=blocked)

    error = failing(provider, vendor, reply, listener=(lambda _kind, _piece: None) if stream else None)

    assert isinstance(error, RefusedError)
    assert reason in str(error)


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_stream_without_its_end_is_an_error(provider: BaseLLMProvider, vendor: SimulatedVendor, kept: int) -> None:
    cut = tuple(chunks(response({"text": "ab"})))[:kept]

    error = failing(provider, vendor, Reply(chunks=cut or (b"\r\n",)), listener=lambda _kind, _piece: None)

    assert isinstance(error, ProviderConnectionError)


def test_error_within_a_stream_is_that_error(provider: BaseLLMProvider, vendor: SimulatedVendor) -> None:
    begun = tuple(chunks(response({"text": "half"})))[:1]
    broken = wire.chunk(wire.refusal(503, "The model is overloaded. Please try again later."))
    told: Told = []

    error = failing(
        provider, vendor, Reply(chunks=(*begun, broken)), listener=lambda kind, piece: told.append((kind, piece))
    )

    assert (type(error), error.status, told) == (ProviderServerError, 503, [("token", "h")])


# --- errors and quotas ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "said", "wanted"),
    [
        pytest.param(400, "API key not valid. Please pass a valid API key.", AuthenticationError, id="key"),
        pytest.param(400, "API key expired. Please renew the API key.", AuthenticationError, id="expired"),
        pytest.param(400, "User location is not supported for the API use.", AuthenticationError, id="location"),
        pytest.param(403, "Your project has been denied access.", AuthenticationError, id="project"),
        pytest.param(
            404,
            "models/gemini-9 is not found for API version v1beta, or is not supported for generateContent.",
            ModelUnavailableError,
            id="model",
        ),
        pytest.param(
            404, "This model models/gemini-2.0-flash is no longer available.", ModelUnavailableError, id="shut-down"
        ),
        pytest.param(
            400, "The input token count (2000000) exceeds the maximum number of tokens", BadRequestError, id="context"
        ),
        pytest.param(500, "An internal error has occurred.", ProviderServerError, id="internal"),
        pytest.param(503, "The model is overloaded. Please try again later.", ProviderServerError, id="overloaded"),
        pytest.param(504, "Deadline expired before operation could complete.", ProviderTimeoutError, id="late"),
    ],
)
def test_error_of_the_vendor_is_one_request_and_its_category(
    provider: BaseLLMProvider, vendor: SimulatedVendor, status: int, said: str, wanted: type[GenerationError]
) -> None:
    error = failing(provider, vendor, vendor_error("google", status, said))

    assert type(error) is wanted
    assert (error.status, vendor.calls) == (status, 1)
    assert said in str(error)


def quota(*ids: tuple[str, str], delay: str = "34.07s") -> Reply:
    """Return a refusal as Google writes it: one sentence for every quota, their ids in the details."""
    body = wire.refusal(429, "You exceeded your current quota, please check your plan and billing details.")
    body["error"]["details"] = [
        {
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [{"quotaId": name, "quotaValue": value} for name, value in ids],
        },
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay},
    ]
    return Reply(429, body)


MINUTE_CALLS = ("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "15")
MINUTE_TOKENS = ("GenerateContentInputTokensPerModelPerMinute-FreeTier", "250000")
DAY_CALLS = ("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "50")


@pytest.mark.parametrize(
    ("ids", "unit", "limits"),
    [
        pytest.param([MINUTE_CALLS], "requests", (None, 15), id="calls"),
        pytest.param([MINUTE_TOKENS], "tokens", (250_000, None), id="tokens"),
        pytest.param([MINUTE_CALLS, MINUTE_TOKENS], None, (250_000, 15), id="both"),
    ],
)
def test_quota_of_a_minute_is_one_that_passes(
    provider: BaseLLMProvider,
    vendor: SimulatedVendor,
    ids: list[tuple[str, str]],
    unit: str | None,
    limits: tuple[int | None, int | None],
) -> None:
    error = failing(provider, vendor, quota(*ids))

    assert isinstance(error, RateLimitError)
    assert (error.quota, error.unit, error.retry_after_s, error.is_of_a_window) == (False, unit, 34.07, True)
    assert (error.limit, error.calls_limit) == limits


def test_quota_of_a_day_lasts_until_the_vendors_midnight(provider: BaseLLMProvider, vendor: SimulatedVendor) -> None:
    error = failing(provider, vendor, quota(MINUTE_CALLS, DAY_CALLS))

    assert isinstance(error, RateLimitError)
    assert error.quota
    assert error.retry_after_s == pytest.approx(until_midnight_s(datetime.now(UTC)), abs=120)


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        pytest.param(datetime(2026, 11, 28, 7, 0, tzinfo=UTC), 1, id="winter"),
        pytest.param(datetime(2026, 7, 1, 7, 0, tzinfo=UTC), 24, id="summer"),
        pytest.param(datetime(2026, 11, 1, 7, 0, tzinfo=UTC), 25, id="day-of-25-hours"),
    ],
)
def test_vendors_day_ends_at_midnight_in_california(now: datetime, hours: int) -> None:
    assert until_midnight_s(now) == hours * 3600


def test_key_is_in_no_log_and_no_error(
    provider: BaseLLMProvider, vendor: SimulatedVendor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    error = failing(provider, vendor, vendor_error("google", 400, "API key not valid."))

    assert vendor.headers[0]["x-goog-api-key"] == KEY
    assert KEY not in str(error)
    assert KEY not in caplog.text


def test_settings_of_the_environment_are_not_taken(monkeypatch: pytest.MonkeyPatch, vendor: SimulatedVendor) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "of-the-environment")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:9")

    with closing(SPEC.factory(ProviderConfig("google", vendor.url))) as keyless:
        assert keyless.complete(ask()).text == "fine"

    assert "of-the-environment" not in str(vendor.headers)


@pytest.mark.parametrize("suffix", ["", "/", "/v1beta", "/v1beta/openai", "/v1beta/openai/"])
def test_address_of_before_leads_to_the_same_place(vendor: SimulatedVendor, suffix: str) -> None:
    with closing(SPEC.factory(ProviderConfig("google", vendor.url + suffix, KEY))) as made:
        assert made.complete(ask()).text == "fine"
        assert made.list_models(60) == [MODEL]


def test_models_that_answer_nothing_are_not_listed(provider: BaseLLMProvider, vendor: SimulatedVendor) -> None:
    listing = wire.models([MODEL, "gemini-embedding-2"])
    listing["models"][1]["supportedGenerationMethods"] = ["embedContent"]
    vendor.listing = Reply(body=listing)

    assert provider.list_models(60) == [MODEL]
