"""What the pages of providers and models show."""

from typing import Any, cast

import pytest

from models.contract.answers.management import EmbeddedModelState, KeyCheck, ModelView, ProviderSummary
from models.contract.answers.monitoring import TargetState
from web.parts.providers import changed_fields, moves, now_of, outcome, state_of

EMBEDDED = cast("EmbeddedModelState", {"provider": "local", "stage": "absent"})


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        pytest.param({"id": "a", "enabled": True}, "Ready", id="ready"),
        pytest.param({"id": "local", "enabled": True}, "Not fetched yet", id="embedded, no file"),
        pytest.param({"id": "a", "needs_key": True}, "Needs a key", id="no key"),
        pytest.param({"id": "a"}, "Not in use", id="no address"),
        pytest.param({"id": "a", "needs_key": True, "has_api_key": True}, "Off", id="switched off"),
    ],
)
def test_the_state_of_a_provider_is_told_in_words(facts: dict[str, Any], words: str) -> None:
    row = cast("ProviderSummary", {"enabled": False, "needs_key": False, "has_api_key": False, **facts})

    assert state_of(row, EMBEDDED)[0] == words


def test_a_step_in_the_order_goes_over_models_that_are_off() -> None:
    on = [("a", True), ("b", False), ("c", True), ("d", False), ("e", True)]
    models = cast(
        "list[ModelView]",
        [{"id": name, "enabled": is_on, "fallback_priority": n} for n, (name, is_on) in enumerate(on)],
    )

    assert [(one.model["id"], one.up, one.down) for one in moves(models)] == [
        ("a", None, 2),
        ("c", 0, 4),
        ("e", 2, None),
    ]


def test_a_form_changes_only_what_differs_and_an_emptied_field_gets_its_first_value_back() -> None:
    before = {"name": "Groq", "requests_per_minute": 25, "base_url": "https://a.example"}
    form = {"name": "Groq", "requests_per_minute": " 30 ", "base_url": "", "other": "x"}

    assert changed_fields(form, before, ("name", "requests_per_minute", "base_url", "default_model_id")) == {
        "requests_per_minute": "30",
        "base_url": None,
    }


def test_what_became_of_a_key_is_told_with_the_reason_of_the_vendor() -> None:
    assert outcome(None) == ""
    assert outcome(cast("KeyCheck", {"result": "accepted", "reason": ""})) == "The vendor accepted the key."
    assert "It says: no such key" in outcome(cast("KeyCheck", {"result": "refused", "reason": "no such key"}))


def test_why_a_model_may_not_be_called_now_is_told_in_words() -> None:
    assert now_of(None)[0] == "–"
    assert now_of(cast("TargetState", {"open": True, "reason": None}))[0] == "Open"
    assert now_of(cast("TargetState", {"open": False, "reason": "rate_limit"}))[0] == "Limit reached"
