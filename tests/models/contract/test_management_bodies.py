"""Bodies that change providers and models: both sides of each limit, nulls, and keys that are never repeated."""

from typing import Any

import pytest
from pydantic import BaseModel

from models.contract.management_bodies import (
    ModelChange,
    ModelOrder,
    ModelPriority,
    NewProvider,
    ProviderChange,
    ProviderConfigChange,
    ProviderTest,
)
from models.fields import LARGEST, validated
from utils.errors import InputError

OWN = {"name": "Own", "base_url": "https://own.example/v1"}
KEY = "sk-secret-0123456789"


@pytest.mark.parametrize(
    ("model", "rest", "field", "taken", "refused", "says"),
    [
        pytest.param(ProviderChange, {}, "requests_per_minute", 1, 0, "more than 0", id="requests-low"),
        pytest.param(
            ProviderChange, {}, "requests_per_minute", LARGEST, LARGEST + 1, f"at most {LARGEST}", id="requests-high"
        ),
        pytest.param(NewProvider, OWN, "tokens_per_minute", 1, 0, "more than 0", id="tokens-low"),
        pytest.param(NewProvider, OWN, "id", "a" * 40, "a" * 41, "text of the form", id="id-long"),
        pytest.param(NewProvider, OWN, "id", "0-own_a", "-own", "text of the form", id="id-first"),
        pytest.param(NewProvider, OWN, "id", "own", "Own", "text of the form", id="id-case"),
        pytest.param(NewProvider, OWN, "name", "n" * 200, "n" * 201, "at most 200 characters", id="name-long"),
        pytest.param(NewProvider, OWN, "base_url", "u" * 2000, "u" * 2001, "at most 2000 characters", id="url-long"),
        pytest.param(NewProvider, OWN, "base_url", "u", "", "at least 1 characters", id="url-short"),
        pytest.param(NewProvider, OWN, "api_key", "k" * 1000, "k" * 1001, "at most 1000 characters", id="key-long"),
        pytest.param(NewProvider, OWN, "api_key", "k", "", "at least 1 characters", id="key-short"),
        pytest.param(ModelChange, {}, "fallback_priority", 0, -1, "at least 0", id="priority-low"),
        pytest.param(ModelChange, {}, "fallback_priority", 10_000, 10_001, "at most 10000", id="priority-high"),
        pytest.param(ModelPriority, {}, "priority", 10_000, 10_001, "at most 10000", id="older-priority"),
        pytest.param(ModelChange, {}, "max_tokens", 1, 0, "more than 0", id="max-tokens"),
        pytest.param(ModelOrder, {"provider_id": "p"}, "model_order", ["m"], [], "at least 1 of them", id="order-low"),
        pytest.param(
            ModelOrder,
            {"provider_id": "p"},
            "model_order",
            ["m"] * 10_000,
            ["m"] * 10_001,
            "at most 10000 of them",
            id="order-high",
        ),
    ],
)
def test_value_at_the_limit_is_taken_and_the_next_one_refused(
    model: type[BaseModel], rest: dict[str, Any], field: str, taken: object, refused: object, says: str
) -> None:
    assert getattr(validated(model, {**rest, field: taken}), field) == taken
    with pytest.raises(InputError, match=f"^{field}: .*{says}"):
        validated(model, {**rest, field: refused})


@pytest.mark.parametrize(("model", "rest"), [(NewProvider, OWN), (ProviderTest, {})], ids=["new", "test"])
def test_unknown_field_is_refused_and_the_known_ones_are_named(model: type[BaseModel], rest: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"^(colour|a field): unknown; want some of .*[a-z]$"):
        validated(model, {**rest, "colour": "red"})


def test_null_and_a_field_that_is_not_sent_can_be_told_apart() -> None:
    assert validated(ProviderChange, {"name": None}).model_fields_set == {"name"}
    assert validated(ProviderChange, {}).model_fields_set == set()


@pytest.mark.parametrize("blank", ["", "  ", None])
def test_blank_key_removes_the_stored_one(blank: str | None) -> None:
    change = validated(ProviderConfigChange, {"api_key": blank})

    assert (change.api_key, change.model_fields_set) == (None, {"api_key"})


def test_key_is_stripped_and_one_with_a_line_break_is_refused_without_being_repeated() -> None:
    assert validated(ProviderConfigChange, {"api_key": f" {KEY}\n"}).api_key == KEY
    with pytest.raises(InputError, match=r"^api_key: holds a space, line break or non-ASCII") as refused:
        validated(ProviderConfigChange, {"api_key": f"{KEY}\n{KEY}"})

    assert KEY not in str(refused.value)


def test_key_that_is_sent_to_the_wrong_address_is_sent_on_in_words() -> None:
    with pytest.raises(InputError, match="api_key: is not stored here; send it to PUT") as refused:
        validated(ProviderChange, {"api_key": KEY})

    assert KEY not in str(refused.value)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x7fb"])
def test_name_is_neither_blank_nor_holds_control_characters(name: str) -> None:
    with pytest.raises(InputError, match=r"^name: (is empty|holds a control character)"):
        validated(NewProvider, {**OWN, "name": name})
