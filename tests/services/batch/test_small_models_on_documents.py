"""Batches on documents by a small model, which can write about one provision only: refused before they start."""

import io
from typing import Any

import pytest

from bootstrap import Service
from models.contract.bodies import BatchRequest
from models.contract.management_bodies import ModelChange
from services.grounding.document_service import Told
from tests.fakes import Start
from tests.patience import PATIENCE_S
from tests.vendors.moorings import ACT, TITLE
from utils.errors import InputError

WANTED: dict[str, Any] = {"provider": "local", "jurisdiction": "uk", "count": 2}


@pytest.fixture
def platform(start: Start) -> Service:
    platform = start({"local": ["{}"], "groq": ["{}"]}, retry_after_cap_s=0)
    made = platform.documents.upload(io.BytesIO(ACT.encode()), Told("act.txt", "own", "uk", TITLE))
    platform.documents.wait(made.id, PATIENCE_S)
    return platform


def request(**wanted: Any) -> BatchRequest:
    return BatchRequest.model_validate({**WANTED, **wanted})


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [
        ({"sample_type": "simple_qa", "use_rag": True}, "simple_qa"),
        ({"sample_type": "balance", "use_rag": True}, "case_analysis"),
        ({"smart_mode": True, "use_rag": True}, "case_analysis"),
        ({"mix": {"sample_types": {"provision": 0.9, "simple_qa": 0.1}}, "use_rag": True}, "simple_qa"),
        ({"provider": "groq", "model": "small-one", "sample_type": "simple_qa", "use_rag": True}, "simple_qa"),
    ],
)
def test_batch_of_a_type_that_a_small_model_cannot_found_on_documents_is_refused_at_once(
    platform: Service, wanted: dict[str, Any], kind: str
) -> None:
    platform.models.know("groq", "small-one")
    platform.models.update("small-one", ModelChange(provider_id="groq", guided=True))
    says = f"about one provision only, and {kind!r} is none; ask for sample_type 'provision'"
    for take in (platform.batches.plan, platform.batches.start):
        with pytest.raises(InputError, match=says):
            take(request(**wanted))
    assert platform.batches.running_count() == 0


@pytest.mark.parametrize(
    "wanted",
    [
        {"sample_type": "provision", "use_rag": True},
        {"use_rag": True},
        {"sample_type": "simple_qa"},
        {"mix": {"sample_types": {"provision": 1}}, "use_rag": True},
        {"provider": "groq", "sample_type": "simple_qa", "use_rag": True},
    ],
)
def test_batch_that_the_model_can_write_is_planned(platform: Service, wanted: dict[str, Any]) -> None:
    assert platform.batches.plan(request(**wanted))["total"] == 2


@pytest.mark.parametrize("wanted", [{"use_rag": True}, {"sample_type": "provision"}])
def test_plan_of_a_batch_on_documents_that_are_not_there_is_refused_as_its_start(
    platform: Service, wanted: dict[str, Any]
) -> None:
    for take in (platform.batches.plan, platform.batches.start):
        with pytest.raises(InputError, match="use_rag: no document of the jurisdiction us is ready"):
            take(request(**wanted, jurisdiction="us"))
