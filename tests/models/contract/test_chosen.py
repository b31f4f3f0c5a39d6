"""A list that chooses some of many means all when it is left out, and may not be empty."""

import pytest
from pydantic import BaseModel

from models.contract.bodies import BatchRequest, GenerateRequest, PlanRequest, RetrieveBody
from models.fields import validated
from services.batch.objects import new_row, request_of
from utils.errors import InputError


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (GenerateRequest, "file_ids"),
        (RetrieveBody, "file_ids"),
        (BatchRequest, "file_ids"),
        (BatchRequest, "providers"),
        (BatchRequest, "models"),
        (PlanRequest, "file_ids"),
    ],
)
def test_an_empty_list_is_refused_with_what_to_do(model: type[BaseModel], name: str) -> None:
    with pytest.raises(InputError, match=f"{name}: got an empty list, want at least one value; leave the field out"):
        validated(model, {"query": "tolls", name: []} if model is RetrieveBody else {name: []})


def test_a_list_that_is_left_out_means_all() -> None:
    assert validated(RetrieveBody, {"query": "tolls"}).file_ids is None
    assert validated(GenerateRequest, {}).file_ids == ()


def test_a_kept_batch_that_chose_nothing_can_be_read_again() -> None:
    request = validated(BatchRequest, {"count": 3, "models": ["a/b"]})

    assert request_of(new_row("batch_1", "2026-11-21T09:30:00+00:00", request, 3, None)) == request
