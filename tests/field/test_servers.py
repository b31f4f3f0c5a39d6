"""What servers answered in the field: a sample comes of it in as few calls, or the error says what is wrong."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api_server import create_app
from bootstrap import build
from tests.fakes import settings_for
from tests.field.cases import FieldCase, field_cases
from tests.vendors.simulator import Reply, SimulatedVendor

WANTED = {"topic": "Nuisance", "practice_area": "Tort Law", "difficulty": "basic", "sample_type": "simple_qa"}


@pytest.fixture
def vendor() -> Iterator[SimulatedVendor]:
    with SimulatedVendor("openai", ["m1"]) as made:
        yield made


@pytest.fixture
def client(vendor: SimulatedVendor, tmp_path: Path) -> Iterator[FlaskClient]:
    platform = build(settings_for(tmp_path, openai_base_url=vendor.url, retry_after_cap_s=0))
    platform.start()
    yield create_app(platform=platform).test_client()
    platform.close()


def filled(value: Any, sample: str) -> Any:
    """Put *sample* where the case says {SAMPLE}."""
    if isinstance(value, dict):
        return {name: filled(item, sample) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, sample) for item in value]
    return sample if value == "{SAMPLE}" else value


def applies(when: str, body: dict[str, Any]) -> bool:
    named = [name for name in ("temperature", "top_p", "seed", "max_tokens", "response_format") if name in when]
    return all(name in body for name in named)


@field_cases("POST /api/generate with an OpenAI-compatible server")
def test_answer_of_a_server_from_the_field_is_used_or_told(
    case: FieldCase, client: FlaskClient, vendor: SimulatedVendor
) -> None:
    told = case.input

    def fault(number: int, body: dict[str, Any]) -> Reply | None:
        step = told.get("first" if number == 1 else "then", told)
        if "when" in told and not applies(told["when"], body):
            return None
        sample = vendor.content("\n".join(part["content"] for part in body["messages"]), number)
        return Reply(step["status"], filled(step["body"], sample))

    vendor.fault = fault

    answer = client.post("/api/generate", json={**WANTED, "provider": "openai", "model": "m1"})

    body = answer.get_json()
    wanted = case.wanted
    assert "status" not in wanted or answer.status_code == wanted["status"], body
    assert vendor.calls <= wanted.get("calls_max", 3)
    assert wanted.get("error_says", "") in json.dumps(body).lower()
    assert wanted.get("error_kind") in {None, body.get("category")}
    if "remembered" in wanted["say"]:
        assert client.post("/api/generate", json={**WANTED, "provider": "openai", "model": "m1"}).status_code == 200
        assert vendor.calls <= wanted["calls_max"] + 1
