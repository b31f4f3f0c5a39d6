"""What every error says on the wire: a sentence for people, `code`, `retryable` and `category` for programs."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException, default_exceptions

from api.edge.errors import register_errors, status_of
from api.edge.failures import FAILURES
from config import PROJECT_DIR
from models.contract.answers.base import Failure
from tests.api.conformance import described
from utils.errors import AppError, GenerationError, ImportRefusedError, NotReadyError

API = (PROJECT_DIR / "docs" / "api.md").read_text()


def below(kind: type[AppError]) -> Iterator[type[AppError]]:
    for child in kind.__subclasses__():
        yield child
        yield from below(child)


KINDS = sorted({kind for kind in below(AppError) if kind.__module__ == "utils.errors"}, key=lambda kind: kind.__name__)


def example_of(kind: type[AppError]) -> AppError:
    if kind is ImportRefusedError:
        return ImportRefusedError("line 1: bad", [{"place": "Line 1", "error": "bad"}], 1)
    return NotReadyError("disk: full", {}) if kind is NotReadyError else kind("it did not work")


def answered(error: Exception) -> Any:
    """Return the response of a view that raises *error*."""
    app = Flask(__name__)
    register_errors(app)

    @app.get("/")
    def failing() -> str:
        raise error

    return app.test_client().get("/")


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_of_ours_says_code_retryable_and_category(kind: type[AppError]) -> None:
    error = example_of(kind)
    response = answered(error)

    told = response.get_json()
    assert response.status_code == status_of(kind)
    assert (told["success"], told["type"], told["code"]) == (False, kind.__name__, kind.code)
    assert told["retryable"] is kind.retryable
    assert told["category"] == (error.category if isinstance(error, GenerationError) else None)
    assert set(Failure.__required_keys__) <= set(told)


@pytest.mark.parametrize("status", sorted(set(default_exceptions) | {418}))
def test_every_other_status_says_them_too(status: int) -> None:
    told = answered(default_exceptions.get(status, HTTPException)()).get_json()

    assert set(told) == set(Failure.__required_keys__)
    assert re.fullmatch(r"[a-z0-9_]+", told["code"])
    assert told["category"] is None
    if status in FAILURES:
        assert (told["code"], told["retryable"]) == (FAILURES[status].code, FAILURES[status].retryable)


def test_fault_of_our_own_says_them_and_nothing_of_itself() -> None:
    told = answered(ZeroDivisionError("division by zero")).get_json()

    assert (told["code"], told["retryable"], told["category"]) == ("internal_error", False, None)
    assert "division" not in told["error"]


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/api/nowhere", None, "not_found"),
        ("GET", "/api/sample/nobody", None, "not_found"),
        ("PATCH", "/api/stats", None, "method_not_allowed"),
        ("POST", "/api/add", {}, "input_error"),
        ("POST", "/api/import/jsonl", {"content": "{"}, "import_refused"),
        ("GET", "/api/data?limit=x", None, "input_error"),
        ("POST", "/api/generate", {"provider": "nobody"}, "input_error"),
    ],
)
def test_answers_of_the_service_say_them(client: FlaskClient, method: str, path: str, body: Any, code: str) -> None:
    told = client.open(path, method=method, json=body).get_json()

    assert (told["code"], told["retryable"], told["category"]) == (code, False, None)


def test_document_and_page_name_them(client: FlaskClient) -> None:
    components = described(client.application)["components"]

    assert {"code", "retryable", "category"} <= set(components["schemas"]["Failure"]["required"])
    for status, response in components["responses"].items():
        example = response["content"]["application/json"]["example"]
        assert (example["code"], example["retryable"]) == (FAILURES[int(status)].code, FAILURES[int(status)].retryable)


def test_table_of_codes_is_that_of_the_errors() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \| (\d+) \| (yes|no) \| `?([\w-]+|–)`? \|", API, re.MULTILINE))
    ours = {
        (kind.code, str(status_of(kind)), "yes" if kind.retryable else "no", kind.category or "–")
        for kind in KINDS
        # The base of the failed calls is never raised by itself.
        if kind is not GenerationError
    }
    others = {(row.code, str(status), "yes" if row.retryable else "no") for status, row in FAILURES.items()}

    assert ours <= rows
    assert others <= {row[:3] for row in rows}
    assert {row[0] for row in rows} == {row[0] for row in ours | others}
