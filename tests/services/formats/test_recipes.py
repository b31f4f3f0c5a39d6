"""Every format has a recipe for every trainer, and each can be used as it is written."""

import ast
import json
import shlex
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from lxml import etree

from services.dataset.pairs import PAIR_FORMATS, PREFERENCE_MESSAGES, PREFERENCES
from services.formats import exporters
from services.formats.export_format import ExportFormat
from services.formats.recipes import FLAT, RECIPES, TRAINERS, Recipe, as_markdown, recipes_of
from utils.plugins import find_specs

NAMES = ["parquet", "jsonl", "json", "csv", "messages", "sharegpt", "alpaca", PREFERENCES, PREFERENCE_MESSAGES]


@pytest.mark.parametrize("name", NAMES)
def test_format_says_how_each_trainer_takes_it(name: str) -> None:
    found = recipes_of(name)

    assert {recipe.trainer for recipe in found} >= set(TRAINERS)
    assert len(found) == len({recipe.trainer for recipe in found})
    assert any(recipe.is_taken for recipe in found)
    for recipe in found:
        assert f"**{recipe.trainer}**" in as_markdown(name)
        assert recipe.is_taken or (recipe.note and not recipe.mapping)


def test_every_format_tells_somebody_how_it_is_taken() -> None:
    names = {*(spec.name for spec in find_specs(exporters, ExportFormat)), *PAIR_FORMATS}

    assert [name for name in sorted(names) if not any(recipe.is_taken for recipe in recipes_of(name))] == []


@pytest.mark.parametrize(
    "recipe", [recipe for recipe in RECIPES if recipe.mapping], ids=lambda r: f"{r.format}-{r.trainer}"
)
def test_recipe_is_sound_in_its_language(recipe: Recipe) -> None:
    read: dict[str, Callable[[str], object]] = {
        "json": json.loads,
        "yaml": yaml.safe_load,
        "python": ast.parse,
        "xml": etree.fromstring,
        "shell": lambda text: json.loads(shlex.split(text)[1]),
    }

    assert read[recipe.language](recipe.mapping) is not None
    assert recipe.language in ("python", "shell", "xml") or "FILE" in recipe.mapping


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
        "messages": {"messages": [{"role": "user", "content": "Q?"}, {"role": "assistant", "content": "A."}]},
        "sharegpt": {"conversations": [{"from": "human", "value": "Q?"}, {"from": "gpt", "value": "A."}]},
    }
    for name, row in given.items():
        (recipe,) = [one for one in recipes_of(name) if one.trainer.startswith("TRL")]
        space = {"rows": Rows([row])}
        exec(recipe.mapping, space)  # noqa: S102  # the recipe is code
        (made,) = space["rows"]
        assert made["prompt"] == [{"role": "user", "content": "Q?"}]
        assert made["completion"] == [{"role": "assistant", "content": "A."}]
