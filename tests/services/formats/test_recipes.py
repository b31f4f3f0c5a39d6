"""Every format has a recipe for every trainer, and each can be used as it is written."""

import ast
import json
import shlex
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from services.dataset.pairs import PAIR_FORMATS
from services.formats.recipes import FLAT, RECIPES, Recipe, as_markdown, recipes_of

NAMES = ["parquet", "jsonl", "json", "csv", "messages", "sharegpt", "alpaca", *PAIR_FORMATS]
TRAINERS = {recipe.trainer for recipe in RECIPES}


@pytest.mark.parametrize("name", NAMES)
def test_format_says_how_each_trainer_takes_it(name: str) -> None:
    found = recipes_of(name)

    assert {recipe.trainer for recipe in found} == TRAINERS
    assert len(found) == len(TRAINERS)
    assert any(recipe.is_taken for recipe in found)
    for recipe in found:
        assert f"**{recipe.trainer}**" in as_markdown(name)
        assert recipe.is_taken or (recipe.note and not recipe.mapping)


@pytest.mark.parametrize(
    "recipe", [recipe for recipe in RECIPES if recipe.mapping], ids=lambda r: f"{r.format}-{r.trainer}"
)
def test_recipe_is_sound_in_its_language(recipe: Recipe) -> None:
    read: dict[str, Callable[[str], object]] = {
        "json": json.loads,
        "yaml": yaml.safe_load,
        "python": ast.parse,
        "shell": lambda text: json.loads(shlex.split(text)[1]),
    }

    assert read[recipe.language](recipe.mapping)
    assert recipe.language in ("python", "shell") or "FILE" in recipe.mapping


def test_formats_with_a_column_for_each_field_share_their_recipes() -> None:
    assert recipes_of("csv") == recipes_of("jsonl") == recipes_of(FLAT)
    assert "data/train-*" in as_markdown(FLAT, "data/train-*")


def test_format_that_was_tried_with_no_trainer_has_no_recipe() -> None:
    assert recipes_of("my_own") == []


def test_python_recipes_make_conversations() -> None:
    class Rows(list[dict[str, Any]]):
        column_names = ()

        def map(self, change: Callable[[dict[str, Any]], dict[str, Any]], remove_columns: object) -> "Rows":
            return Rows(change(row) for row in self)

    given: dict[str, dict[str, Any]] = {
        FLAT: {"question": "Q?", "answer": "A."},
        "alpaca": {"instruction": "Q?", "input": "", "output": "A.", "system": None},
        "sharegpt": {"conversations": [{"from": "human", "value": "Q?"}, {"from": "gpt", "value": "A."}]},
    }
    for name, row in given.items():
        (recipe,) = [one for one in recipes_of(name) if one.trainer.startswith("TRL")]
        space = {"rows": Rows([row])}
        exec(recipe.mapping, space)  # noqa: S102  # the recipe is code
        (made,) = space["rows"]
        told = made["messages"] if name == "sharegpt" else [*made["prompt"], *made["completion"]]
        assert told == [{"role": "user", "content": "Q?"}, {"role": "assistant", "content": "A."}]
