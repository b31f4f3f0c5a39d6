"""Discovery: the catalogue met with what each provider lists."""

import pytest

from services.llm.routing.model_catalogue import ModelCatalogue
from tests.fakes import ROSTER, provider_info
from utils.clock import ManualClock
from utils.errors import (
    ProviderConnectionError,
)

GROQ = provider_info("groq")


def catalogue_listing(*names: str) -> ModelCatalogue:
    made = ModelCatalogue(ROSTER, lambda _: list(names))
    made.refresh(["groq", "ollama"])
    return made


def test_without_discovery_dead_models_are_left_out() -> None:
    models = ModelCatalogue(ROSTER, lambda _: []).usable(GROQ)

    assert models[0].id == GROQ.default_model
    assert "llama-3.3-70b-versatile" not in {model.id for model in models}


def test_discovery_brings_a_dead_model_back_and_takes_an_unlisted_one_away() -> None:
    models = catalogue_listing("llama-3.3-70b-versatile", "never-heard-of").usable(GROQ)

    assert [model.id for model in models] == ["llama-3.3-70b-versatile"]


def test_server_of_the_users_own_offers_what_it_lists() -> None:
    models = catalogue_listing("mistral:7b").usable(provider_info("ollama"))

    assert [model.id for model in models] == ["mistral:7b"]


def test_failed_discovery_is_remembered_and_the_catalogue_stands() -> None:
    def fail(_: str) -> list[str]:
        raise ProviderConnectionError("refused")

    made = ModelCatalogue(ROSTER, fail)
    made.refresh(["groq"])

    assert made.discovery("groq").reason == "refused"
    assert made.usable(GROQ)


def test_list_is_asked_for_again_when_it_is_old_or_a_model_of_it_was_missing() -> None:
    clock, asked = ManualClock(), []

    def listing(name: str) -> list[str]:
        asked.append(name)
        return []

    made = ModelCatalogue(ROSTER, listing, clock=clock)
    made.refresh(["groq", "cerebras"])
    made.doubt("groq")
    made.refresh_due(["groq", "cerebras"])  # just asked: a dead model must not become a storm of lists
    clock.advance(301)
    made.refresh_due(["groq", "cerebras"])
    clock.advance(6 * 3600 - 300)
    made.refresh_due(["groq", "cerebras"])

    assert asked == ["groq", "cerebras", "groq", "cerebras"]


def test_dead_model_asked_for_by_name_is_tried_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    made = ModelCatalogue(ROSTER, lambda _: [])

    assert made.find(GROQ, "llama-3.3-70b-versatile").retired
    assert made.find(GROQ, "brand-new").context_window == 8192
    assert [record.__dict__["replacement"] for record in caplog.records] == ["openai/gpt-oss-120b"]
