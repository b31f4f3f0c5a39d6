"""The OpenAPI document: every route, an example for each, valid, and readable without the network."""

import re

import pytest
from flask.testing import FlaskClient

from api.edge.errors import STATUS
from api.edge.failures import FAILURES
from api.edge.openapi import examples
from models.contract.answers.base import Answer
from tests.api.conformance import described, operation, problem

_RECORD = "record it: .venv/bin/python -m tests.api.record_examples"


def test_every_route_is_in_the_document_with_its_summary(client: FlaskClient) -> None:
    app = client.application
    missing = []
    pages = ("ui.", "front")
    for rule in (one for one in app.url_map.iter_rules() if not one.endpoint.startswith(pages)):
        path = re.sub(r"<(?:\w+:)?(\w+)>", "x", str(rule))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            found = operation(app, method, path)
            if found is None or not found.get("summary"):
                missing.append(f"{method} {rule}")

    assert missing == []
    assert described(app)["openapi"].startswith("3.1")


def test_every_operation_has_its_own_id_and_an_example_that_fits(client: FlaskClient) -> None:
    document = described(client.application)
    ids, faults = [], []
    for path, operations in document["paths"].items():
        for method, found in operations.items():
            ids.append(found["operationId"])
            faults += _example_faults(client, f"{method.upper()} {path}", found)

    assert len(ids) == len(set(ids))
    assert faults == []


def _example_faults(client: FlaskClient, name: str, found: dict) -> list[str]:  # type: ignore[type-arg]  # JSON
    faults: list[str] = []
    content = found["responses"]["200"].get("content", {})
    told = content.get("application/json", {})
    if "schema" in told and "example" not in told:
        faults.append(f"{name}: no example of its answer; {_RECORD}")
    elif "schema" in told and (fault := problem(client.application, told["schema"], told["example"])):
        faults.append(f"{name}: the example does not fit: {fault}; {_RECORD}")
    body = found.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None and "example" not in body:
        faults.append(f"{name}: no example of its body; {_RECORD}")
    elif body is not None and (fault := problem(client.application, body["schema"], body["example"])):
        faults.append(f"{name}: body: {fault}")
    return faults


def test_examples_are_of_endpoints_that_exist_and_hold_no_secret(client: FlaskClient) -> None:
    document = described(client.application)
    known = {f"{method.upper()} {path}" for path, rows in document["paths"].items() for method in rows}

    assert set(examples()) <= known
    assert not re.search(r"gsk_|csk-|/tmp/|/root/|/home/", str(examples()))


def test_every_status_of_the_error_table_is_described_with_an_example(client: FlaskClient) -> None:
    shared = described(client.application)["components"]["responses"]

    assert {status for _, status in STATUS} <= set(FAILURES)
    for status in FAILURES:
        told = shared[str(status)]["content"]["application/json"]
        assert problem(client.application, told["schema"], told["example"]) == ""


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/api/files/upload", {"file", "title", "licence", "jurisdiction", "version", "url", "wait"}),
        ("/api/import", {"file", "mapping", "dry_run"}),
    ],
)
def test_a_form_with_a_file_is_described_with_its_fields(client: FlaskClient, path: str, fields: set[str]) -> None:
    told = described(client.application)["paths"][path]["post"]["requestBody"]["content"]["multipart/form-data"]

    assert fields <= set(told["schema"]["properties"])
    assert told["schema"]["required"] == ["file"]


def test_models_of_answers_have_names_of_their_own() -> None:
    names = [model.__name__ for model in _below(Answer)]

    assert sorted(names) == sorted(set(names))


def _below(model: type) -> set[type]:
    children: list[type] = model.__subclasses__()
    return {found for child in children for found in ({child} | _below(child))}


def test_page_needs_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/api/docs")
    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)

    assert all(source.startswith(("/api/", "data:")) for source in sources)
    for source in sources:
        if source.startswith("/api/"):
            assert client.get(source).status_code == 200
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert client.get("/api/docs/assets/../../stats").status_code in (200, 404)
    assert client.get("/api/docs/assets/secret.txt").status_code == 404


@pytest.mark.parametrize("path", ["/api/openapi.json"])
def test_document_is_the_same_at_each_call(client: FlaskClient, path: str) -> None:
    assert client.get(path).get_json() == client.get(path).get_json()
