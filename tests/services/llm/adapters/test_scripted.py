"""The provider that answers from a script, and what every provider is."""

import pytest

from services.llm.adapters.base import CompletionRequest, ProviderConfig
from services.llm.adapters.scripted import ScriptedProvider
from utils.errors import (
    ProviderConnectionError,
)


def test_generate_answers_as_a_dictionary_and_limits_are_told() -> None:
    provider = ScriptedProvider(ProviderConfig("x", "http://x"), ["hello there"], ["m1"])

    assert provider.generate("m", "prompt") == {
        "text": "hello there",
        "thinking": "",
        "model": "m",
        "tokens_used": 102,
        "finish_reason": "stop",
    }
    assert provider.get_rate_limits() == {"requests_per_minute": 60, "tokens_per_minute": 10_000}
    assert provider.list_models() == ["m1"]
    assert isinstance(provider.requests[0], CompletionRequest)


def test_scripted_failure_comes_out_typed_with_provider_and_model() -> None:
    provider = ScriptedProvider(ProviderConfig("x", "http://x"), [ConnectionRefusedError("no")])

    with pytest.raises(ProviderConnectionError) as caught:
        provider.generate("m", "prompt")

    assert (caught.value.provider, caught.value.model) == ("x", "m")
