"""The catalogue, the settings and what users changed, joined into one state."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import Unpack

from models.catalogue.provider_store import KeptModel, KeptProvider, ModelFields, ProviderFields
from services.catalogue.catalogue import ModelInfo, ProviderInfo
from services.llm.routing.credentials import Given
from services.llm.routing.overrides import (
    CUSTOM_REQUESTS,
    CUSTOM_TOKENS,
    credentials_by_settings,
    custom_provider,
    roster_state,
)
from services.llm.routing.roster import Credentials, RosterState
from tests.fakes import CATALOGUE
from utils.secret_box import SecretBox

GROQ_MODELS = [model.id for model in CATALOGUE.models_of("groq")]


def kept(identity: str, /, custom: bool = False, **fields: Unpack[ProviderFields]) -> KeptProvider:
    return KeptProvider(identity, custom, fields, None, None, "", "")


def kept_model(name: str, /, **fields: Unpack[ModelFields]) -> KeptModel:
    return KeptModel(1, "groq", name, fields, "", "")


def joined(*rows: KeptProvider, models: list[KeptModel] | None = None, **given: Given) -> RosterState:
    return roster_state(CATALOGUE, given, {row.id: row for row in rows}, models or [], SecretBox())


def provider_of(state: RosterState, name: str) -> ProviderInfo:
    return next(row for row in state.providers if row.id == name)


def model_of(state: RosterState, name: str, provider: str = "groq") -> ModelInfo:
    return next(row for row in state.models if (row.provider, row.id) == (provider, name))


def test_without_changes_the_catalogue_stands_as_it_is() -> None:
    state = joined()

    assert list(state.providers) == list(CATALOGUE.providers)
    assert list(state.models) == list(CATALOGUE.models)
    assert state.credentials == {"local": Credentials()}


@pytest.mark.parametrize(
    ("fields", "changed"),
    [
        pytest.param(
            {"requests_per_minute": 7},
            {"requests_per_minute": 7, "requests_cap": 7},
            id="limit-of-requests-is-also-the-most",
        ),
        pytest.param(
            {"tokens_per_minute": 900}, {"tokens_per_minute": 900, "tokens_cap": 900}, id="limit-of-tokens-too"
        ),
        pytest.param({"default_model_id": "m"}, {"default_model": "m"}, id="default-model"),
        pytest.param({"champion_model_id": "m"}, {"champion_model": "m"}, id="champion-model"),
        pytest.param({"enabled": False}, {"enabled": False}, id="switched-off"),
        pytest.param({"name": "Our Groq"}, {"name": "Our Groq"}, id="name"),
        pytest.param({"base_url": "https://x.test"}, {"base_url": "https://x.test"}, id="address"),
        pytest.param({"name": None, "enabled": None, "requests_per_minute": None}, {}, id="none-takes-nothing-away"),
        pytest.param({"extra_config": {"timeout_s": 1, "weight": 9}}, {}, id="free-settings-are-no-fields"),
    ],
)
def test_what_a_user_set_of_a_provider_stands_over_the_catalogue_and_the_rest_stays(
    fields: ProviderFields, changed: Mapping[str, Any]
) -> None:
    before = provider_of(joined(), "groq")

    after = provider_of(joined(kept("groq", **fields)), "groq")

    assert after == before.model_copy(update=dict(changed))


def test_provider_that_was_added_stands_behind_the_catalogues_and_before_the_last_resort() -> None:
    state = joined(kept("acme", custom=True, base_url="https://acme.test/v1"))

    assert [row.id for row in state.providers][-2:] == ["acme", "local"]
    assert state.credentials["acme"] == Credentials("", "https://acme.test/v1", True)


def test_added_provider_begins_with_careful_limits_that_the_vendor_may_raise() -> None:
    made = custom_provider(kept("acme", custom=True, base_url="https://acme.test/v1"))

    assert (made.adapter, made.name, made.default_model, made.enabled) == ("openai_compatible", "acme", "", True)
    assert (made.requests_per_minute, made.tokens_per_minute) == (CUSTOM_REQUESTS, CUSTOM_TOKENS)
    assert (made.requests_cap, made.tokens_cap) == (None, None)


def test_added_provider_is_what_the_user_said() -> None:
    made = custom_provider(
        kept(
            "acme",
            custom=True,
            name="Acme",
            base_url="https://acme.test/v1",
            enabled=False,
            requests_per_minute=5,
            tokens_per_minute=600,
            default_model_id="m1",
            champion_model_id="m2",
        )
    )

    assert (made.name, made.base_url, made.enabled) == ("Acme", "https://acme.test/v1", False)
    assert (made.requests_per_minute, made.requests_cap, made.tokens_per_minute, made.tokens_cap) == (5, 5, 600, 600)
    assert (made.default_model, made.champion_model) == ("m1", "m2")


def test_added_provider_is_not_changed_by_its_own_row_a_second_time() -> None:
    row = kept("acme", custom=True, base_url="https://acme.test/v1", requests_per_minute=5)

    assert provider_of(joined(row), "acme") == custom_provider(row)


# --- models ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "changed"),
    [
        pytest.param({"enabled": False}, {"enabled": False}, id="switched-off"),
        pytest.param({"max_tokens": 100}, {"max_output": 100}, id="longest-answer"),
        pytest.param({"context_window": 5000}, {"context_window": 5000}, id="context"),
        pytest.param({"supports_json_schema": False}, {"json_schema": False}, id="schema"),
        pytest.param({"extra_config": {"supports_vision": True}}, {}, id="free-settings-say-nothing-of-it"),
        pytest.param({"display_name": "The large one"}, {"display_name": "The large one"}, id="name"),
        pytest.param({"max_tokens": None, "enabled": None}, {}, id="none-takes-nothing-away"),
        pytest.param({"extra_config": {"price_input": 0}}, {}, id="free-settings-are-no-fields"),
    ],
)
def test_what_a_user_set_of_a_model_stands_over_the_catalogue_and_the_rest_stays(
    fields: ModelFields, changed: Mapping[str, Any]
) -> None:
    name = "openai/gpt-oss-120b"
    before = model_of(joined(), name)

    after = model_of(joined(models=[kept_model(name, **fields)]), name)

    assert after == before.model_copy(update=dict(changed))


@pytest.mark.parametrize(
    ("fields", "cot", "vision"),
    [
        pytest.param({"supports_cot": False}, False, False, id="cot"),
        pytest.param({"is_thinking_model": False}, False, False, id="as-earlier-versions-kept-it"),
        pytest.param({"supports_cot": False, "is_thinking_model": True}, False, False, id="both"),
        pytest.param({"supports_vision": True}, True, True, id="vision"),
    ],
)
def test_capability_that_a_user_set_says_that_a_user_did(fields: ModelFields, cot: bool, vision: bool) -> None:
    name = "openai/gpt-oss-120b"
    before = model_of(joined(), name)

    after = model_of(joined(models=[kept_model(name, **fields)]), name)

    assert (after.supports_cot, after.supports_vision, after.supports_streaming) == (cot, vision, True)
    assert after.evidence == f"{before.evidence}; set by a user: {'supports_vision' if vision else 'supports_cot'}"


def test_nothing_is_guessed_of_a_model_that_nobody_knows() -> None:
    wanted = model_of(joined(models=[kept_model("qwen-vl-thinking", context_window=4096)]), "qwen-vl-thinking")

    assert (wanted.supports_cot, wanted.supports_vision, wanted.evidence) == (None, None, "")
    assert (wanted.supports_streaming, wanted.thinks) == (True, False)


def test_model_that_no_catalogue_knows_is_kept_only_when_something_was_set_of_it() -> None:
    state = joined(models=[kept_model("seen-once"), kept_model("wanted", context_window=4096)])

    assert "seen-once" not in {row.id for row in state.models}
    wanted = model_of(state, "wanted")
    assert (wanted.context_window, wanted.discovered, wanted.price_input) == (4096, True, None)


def test_models_that_were_ordered_come_first_and_the_others_as_in_the_catalogue() -> None:
    rows = [kept_model(GROQ_MODELS[2], fallback_priority=0), kept_model(GROQ_MODELS[1], fallback_priority=1)]

    names = [row.id for row in joined(models=rows).models if row.provider == "groq"]

    assert names == [GROQ_MODELS[2], GROQ_MODELS[1], GROQ_MODELS[0], *GROQ_MODELS[3:]]


def test_order_of_one_provider_moves_no_model_of_another() -> None:
    state = joined(models=[kept_model(GROQ_MODELS[-1], fallback_priority=0)])

    cerebras = [row.id for row in state.models if row.provider == "cerebras"]

    assert cerebras == [row.id for row in CATALOGUE.models_of("cerebras")]


@given(st.permutations(GROQ_MODELS), st.integers(0, len(GROQ_MODELS)))
def test_any_order_holds_every_model_once_and_is_the_one_given(order: list[str], count: int) -> None:
    rows = [kept_model(name, fallback_priority=place) for place, name in enumerate(order[:count])]

    names = [row.id for row in joined(models=rows).models if row.provider == "groq"]

    assert names[:count] == order[:count]
    assert names[count:] == [name for name in GROQ_MODELS if name not in order[:count]]


# --- by the settings alone -------------------------------------------------------------------


def test_settings_alone_reach_those_with_a_key_or_a_server_of_the_users_own() -> None:
    found = credentials_by_settings(
        CATALOGUE,
        {
            "groq": Given("key-for-groq"),
            "cerebras": Given("", "http://127.0.0.1:1"),
            "ollama": Given("", "http://127.0.0.1:11434"),
            "acme": Given("key-for-nobody"),
        },
    )

    assert list(found) == ["groq", "ollama", "local"]
    assert found["groq"] == Credentials("key-for-groq")
    assert found["ollama"] == Credentials("", "http://127.0.0.1:11434")
