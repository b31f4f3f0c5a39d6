"""Formats for training by rewards, for vendors' fine-tuning and for review have the schema that their takers want."""

import json
import re
from typing import Any

import polars as pl
import pytest
from openai.types.chat import ChatCompletionMessageParam
from pydantic import TypeAdapter

from services.dataset.pairs import PREFERENCE_OPENAI, in_form
from services.formats import exporters
from services.formats.export_format import ExportFormat, ExportOptions
from services.formats.recipes import recipes_of
from tests.fakes import sample
from utils.plugins import find_specs

SPECS = {spec.name: spec for spec in find_specs(exporters, ExportFormat)}
MESSAGES = TypeAdapter(list[ChatCompletionMessageParam])
ANSWERS = ["義務 ⚖️ «é» \U0001f469\u200d⚖️", "one\n\n- two\r\n\tthree", 'says "no" \\ \u2028 and <b>so</b>']
REASONING = ["Step 1: so\n\nStep 2: 則", "", "because"]
PAIR = {"prompt": "Q\n§ 1?", "chosen": ANSWERS[0], "rejected": ANSWERS[1], "reason": "wrong", "source": "review"}


def exported(name: str, options: ExportOptions | None = None) -> list[dict[str, Any]]:
    """Return the records of a file of three samples in the format *name*."""
    rows = [
        sample(id=f"s{n}", question=f"Q{n}\n§ {n}?", answer=answer, reasoning=reasoning, jurisdiction="uk", note=None)
        for n, (answer, reasoning) in enumerate(zip(ANSWERS, REASONING, strict=True))
    ]
    frame = pl.DataFrame([row | {"grounding": None} for row in rows])
    text = b"".join(SPECS[name].write(iter([frame]), dict(frame.schema), options or ExportOptions())).decode()
    records: list[dict[str, Any]] = (
        json.loads(text) if text.startswith("[") else list(map(json.loads, text.split("\n")[:-1]))
    )
    return records


@pytest.mark.parametrize("system", ["", "Be exact.\nAlways."])
@pytest.mark.parametrize("reasoning", ["omit", "answer", "think"])
def test_messages_are_those_of_openai_and_end_with_the_answer(system: str, reasoning: str) -> None:
    lines = exported("messages", ExportOptions((), system, reasoning))

    assert [set(line) for line in lines] == [{"messages"}] * 3  # OpenAI refuses any other key
    for line, answer, thought in zip(lines, ANSWERS, REASONING, strict=True):
        MESSAGES.validate_python(line["messages"])
        assert [turn["role"] for turn in line["messages"]] == ["system"] * bool(system) + ["user", "assistant"]
        said = line["messages"][-1]["content"]
        assert said.endswith(answer)
        assert said.startswith("<think>\n") == (reasoning == "think" and bool(thought))
        assert (said == answer) == (reasoning == "omit" or not thought)


@pytest.mark.parametrize("system", ["", "Be exact."])
@pytest.mark.parametrize("reasoning", ["omit", "think"])
def test_prompt_holds_nothing_of_its_answer(system: str, reasoning: str) -> None:
    lines = exported("prompts", ExportOptions((), system, reasoning))

    for number, (line, answer) in enumerate(zip(lines, ANSWERS, strict=True)):
        asked = [{"role": "system", "content": system}] * bool(system)
        assert line["prompt"] == [*asked, {"role": "user", "content": f"Q{number}\n§ {number}?"}]
        assert line["answer"].removeprefix(f"<think>\n{REASONING[number]}\n</think>\n\n") == answer
        assert ("<think>" in line["answer"]) == (reasoning == "think" and bool(REASONING[number]))


def test_preferences_of_openai_have_its_three_keys_and_messages() -> None:
    (line,) = in_form(PREFERENCE_OPENAI, [PAIR])

    assert line == {
        "input": {"messages": [{"role": "user", "content": PAIR["prompt"]}]},
        "preferred_output": [{"role": "assistant", "content": PAIR["chosen"]}],
        "non_preferred_output": [{"role": "assistant", "content": PAIR["rejected"]}],
    }
    MESSAGES.validate_python(line["preferred_output"])


def test_records_of_argilla_have_what_its_settings_name() -> None:
    records = exported("argilla", ExportOptions(("note", "grounding")))

    (recipe,) = recipes_of("argilla")
    fields = set(re.findall(r'Field\("(\w+)"', recipe.mapping))
    assert [record["id"] for record in records] == ["s0", "s1", "s2"]
    assert [record["fields"]["answer"] for record in records] == ANSWERS
    assert [record["fields"]["reasoning"] for record in records] == REASONING  # empty, not null
    assert all(set(record["fields"]) == fields for record in records)
    assert all({*record["suggestions"]} <= {*re.findall(r'Question\("(\w+)"', recipe.mapping)} for record in records)
    assert all(None not in record["metadata"].values() for record in records)  # Argilla refuses a null there


def test_tasks_of_label_studio_have_what_its_interface_shows() -> None:
    tasks = exported("label_studio", ExportOptions(("note",)))

    (recipe,) = recipes_of("label_studio")
    shown = set(re.findall(r'"\$(\w+)"', recipe.mapping))
    assert [task["data"]["sample_id"] for task in tasks] == ["s0", "s1", "s2"]
    assert [task["data"]["answer"] for task in tasks] == ANSWERS
    assert all(task["data"][name] is not None for task in tasks for name in shown)
    assert all("note" in task["data"] for task in tasks)


@pytest.mark.parametrize("name", ["argilla", "label_studio"])
def test_review_hides_thoughts_that_nobody_asked_for(name: str) -> None:
    frame = pl.DataFrame([sample(thinking="secret")])

    for fields, is_shown in (((), False), (("thinking",), True)):
        said = b"".join(SPECS[name].write(iter([frame]), dict(frame.schema), ExportOptions(fields)))
        assert (b"secret" in said) == is_shown
