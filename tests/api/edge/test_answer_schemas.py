"""What all answers promise: no other keys than those that are named."""

import pkgutil
from importlib import import_module

import pytest
from pydantic import TypeAdapter
from typing_extensions import is_typeddict

from api.edge.openapi import ClosedSchema
from models.contract import answers
from models.contract.answers.base import Failure, StoredSample, Success
from models.contract.answers.runs import RunMessage

MODULES = [import_module(f"{answers.__name__}.{found.name}") for found in pkgutil.iter_modules(answers.__path__)]
ANSWERS = [
    kind
    for module in MODULES
    for kind in vars(module).values()
    if is_typeddict(kind) and kind.__module__ == module.__name__
]


@pytest.mark.parametrize("kind", ANSWERS, ids=lambda kind: kind.__name__)
def test_answer_has_no_other_keys_but_a_stored_sample_and_an_event_may(kind: type[object]) -> None:
    made = TypeAdapter(kind).json_schema(schema_generator=ClosedSchema)
    reference = made.get("$ref", "").rpartition("/")[2]
    schema = made["$defs"][reference] if reference else made

    assert schema["additionalProperties"] is (kind in (StoredSample, RunMessage))


def test_all_answers_are_found() -> None:
    assert {Success, Failure, StoredSample} < set(ANSWERS)
    assert len({kind.__name__ for kind in ANSWERS}) == len(ANSWERS)
