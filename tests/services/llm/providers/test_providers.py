"""What is a provider's own: paths, lists of models, limits in headers, keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

import services.llm.providers
from services.llm.adapters.base import AdapterSpec, BaseLLMProvider, CompletionRequest, ProviderConfig
from services.llm.limits.limit_headers import stated_limits
from tests.fakes import CATALOGUE
from tests.vendors.simulator import Reply, SimulatedVendor, error
from tests.vendors.wire import ADAPTERS, PATHS
from utils.errors import GenerationError
from utils.plugins import find_specs

SPECS = {spec.id: spec for spec in find_specs(services.llm.providers, AdapterSpec)}
KINDS = {adapter: wire.kind for adapter, wire in ADAPTERS.items()}
ASK = CompletionRequest("m1", ({"role": "user", "content": "hi"},), max_tokens=9, timeout_s=60)


@contextmanager
def calling(
    adapter: str, models: tuple[str, ...] = ("m1",), **config: Any
) -> Iterator[tuple[BaseLLMProvider, SimulatedVendor]]:
    """Lend an adapter and the simulated vendor that it calls."""
    with SimulatedVendor(KINDS[adapter], models) as vendor:
        vendor.content = lambda prompt, number: "fine"
        made = SPECS[adapter].factory(ProviderConfig(adapter, vendor.url, **{"api_key": "key-123", **config}))
        yield made, vendor
        made.close()


def test_every_provider_of_the_catalogue_has_its_adapter() -> None:
    assert {info.adapter for info in CATALOGUE.providers} <= set(SPECS)


@pytest.mark.parametrize("adapter", sorted(KINDS))
def test_answers_and_lists_are_asked_for_where_the_vendor_has_them(adapter: str) -> None:
    with calling(adapter) as (provider, vendor):
        provider.complete(ASK)
        provider.list_models(60)

        assert vendor.paths == list(PATHS[KINDS[adapter]])


def test_speech_and_moderation_models_are_none_of_groqs_for_samples() -> None:
    models = ("openai/gpt-oss-120b", "whisper-large-v3", "llama-guard-4", "llama-5-vision", "qwen/qwen3.8-27b")

    with calling("groq", models) as (provider, _):
        assert provider.list_models(60) == ["openai/gpt-oss-120b", "llama-5-vision", "qwen/qwen3.8-27b"]


@pytest.mark.parametrize(
    ("listing", "models"),
    [
        pytest.param({"data": [{"id": "models/gemini"}, {"id": "m"}]}, ["gemini", "m"], id="google"),
        pytest.param([{"id": "m"}], ["m"], id="bare-list"),
        pytest.param({"data": [{"id": 7}, "odd", {}, {"id": "m"}]}, ["m"], id="odd-rows"),
        pytest.param({"data": []}, [], id="empty"),
        pytest.param({"models": []}, [], id="of-another-form"),
    ],
)
def test_list_of_a_compatible_server_is_read_in_every_form(listing: Any, models: list[str]) -> None:
    with calling("openai_compatible") as (provider, vendor):
        vendor.listing = Reply(body=listing)

        assert provider.list_models(60) == models


@pytest.mark.parametrize("adapter", sorted(KINDS))
def test_list_that_is_refused_is_one_typed_error(adapter: str) -> None:
    with calling(adapter) as (provider, vendor):
        vendor.listing = error(401, "Invalid API Key", "invalid_api_key")

        with pytest.raises(GenerationError) as caught:
            provider.list_models(60)

    assert (caught.value.category, caught.value.provider) == ("authentication", adapter)


@pytest.mark.parametrize(
    ("adapter", "behaviour", "windows"),
    [
        pytest.param(
            "groq", {"requests_per_day": 50, "tokens_per_minute": 9000}, {"day": 50, "minute": 9000}, id="groq"
        ),
        pytest.param(
            "cerebras", {"requests_per_day": 50, "tokens_per_minute": 9000}, {"day": 50, "minute": 9000}, id="cerebras"
        ),
        pytest.param("anthropic", {"tokens_per_minute": 9000}, {"minute": 9000}, id="anthropic"),
        pytest.param("ollama", {"requests_per_day": 50}, {}, id="ollama-states-none"),
    ],
)
def test_limits_of_an_answer_are_read_as_its_vendor_means_them(
    adapter: str, behaviour: dict[str, int], windows: dict[str, int]
) -> None:
    info = next(info for info in CATALOGUE.providers if info.adapter == adapter)
    with calling(adapter) as (provider, vendor):
        vendor.set(**behaviour)

        stated = stated_limits(provider.complete(ASK).headers, info.requests_header)

    assert {row.window: row.limit for row in stated} == windows


@pytest.mark.parametrize(
    ("adapter", "key", "header"),
    [
        pytest.param("openai_compatible", "", "Bearer none", id="compatible-server-without-a-key"),
        pytest.param("ollama", "", "none", id="ones-own-ollama"),
        pytest.param("ollama", "key-of-the-cloud", "Bearer key-of-the-cloud", id="cloud"),
    ],
)
def test_key_is_sent_where_there_is_one(adapter: str, key: str, header: str) -> None:
    with calling(adapter, api_key=key) as (provider, vendor):
        provider.complete(ASK)

        assert vendor.headers[0]["authorization"] == header


@pytest.mark.parametrize("adapter", sorted(KINDS))
@pytest.mark.parametrize("thinking", ["", "I think"])
def test_streamed_answer_is_the_one_that_comes_whole(adapter: str, thinking: str) -> None:
    told: list[tuple[str, str]] = []
    heard = CompletionRequest("m1", ASK.messages, timeout_s=60, listener=lambda kind, text: told.append((kind, text)))
    with calling(adapter) as (provider, vendor):
        vendor.content = lambda prompt, number: "a text of some length"
        vendor.set(thinking=bool(thinking))
        whole, pieces = provider.complete(CompletionRequest("m1", ASK.messages, timeout_s=60)), provider.complete(heard)

    assert (pieces.text, pieces.finish_reason) == (whole.text, whole.finish_reason) == ("a text of some length", "stop")
    assert (pieces.thinking, pieces.completion_tokens) == (whole.thinking, whole.completion_tokens)
    assert "".join(text for kind, text in told if kind == "token") == whole.text
    assert bool([kind for kind, _ in told if kind == "thought"]) is bool(thinking)


@pytest.mark.parametrize("fails", [False, True])
def test_embedded_engine_is_held_for_the_call_and_let_go_however_it_ends(fails: bool) -> None:
    steps: list[str] = []
    with SimulatedVendor("openai", ["local"]) as vendor:
        vendor.content = lambda prompt, number: str(steps)
        if fails:
            vendor.fault = lambda number, body: error(500, "the engine fell over")

        def acquire() -> Any:
            steps.append("held")
            return SimpleNamespace(base_url=vendor.url, api_key="key-of-this-run")

        engine = SimpleNamespace(acquire=acquire, release=lambda: steps.append("let go"))
        provider = SPECS["local"].factory(ProviderConfig("local", "http://127.0.0.1", embedded=engine))
        if fails:
            with pytest.raises(GenerationError, match="fell over"):
                provider.complete(ASK)
        else:
            assert provider.complete(ASK).text == "['held']"
        provider.close()

        assert vendor.headers[0]["authorization"] == "Bearer key-of-this-run"
    assert steps == ["held", "let go"]


def test_embedded_engine_is_not_started_for_a_list() -> None:
    engine = SimpleNamespace(acquire=lambda: pytest.fail("it was started"), release=lambda: None)

    assert SPECS["local"].factory(ProviderConfig("local", "http://127.0.0.1", embedded=engine)).list_models() == []
