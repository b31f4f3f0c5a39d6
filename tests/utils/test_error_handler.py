"""The categorizer on real vendors' messages, on exceptions, and on what it must not fall for."""

import json
import socket
import ssl
from collections import defaultdict
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.error_handler import (
    CATEGORIES,
    categorize_error,
    error_for,
    parse_error,
    should_switch_immediately,
)
from utils.errors import (
    AuthenticationError,
    ModelUnavailableError,
    ProviderConnectionError,
    ProviderTimeoutError,
    RateLimitError,
    Scope,
    UnclassifiedError,
)


def test_real_messages_are_categorized_as_people_label_them(shared_data: Path) -> None:
    rows = [json.loads(line) for line in (shared_data / "errors_dev.jsonl").read_text().splitlines()]
    exact, close = 0, 0
    by_class: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        named = row["exception"] and row["exception"] not in row["text"]
        text = f"{row['exception']}: {row['text']}" if named else row["text"]
        got = categorize_error(text, row["provider"], row["status"])
        exact += got == row["category"]
        close += got == row["category"] or got in row["also_ok"]
        by_class[row["category"]][0] += got == row["category"]
        by_class[row["category"]][1] += 1

    assert exact / len(rows) >= 0.80
    assert close / len(rows) >= 0.92
    assert all(right / total >= 0.70 for right, total in by_class.values() if total >= 8)


@pytest.mark.parametrize(
    ("text", "status", "category"),
    [
        pytest.param(
            "Expecting ',' delimiter: line 1 column 504 (char 503)", None, "general", id="char-503-is-no-status"
        ),
        pytest.param(
            "Rate limit reached for model `x` in organization `y`", 429, "rate_limit", id="429-that-names-the-model"
        ),
        pytest.param("The model `x` has been decommissioned", 400, "model_unavailable", id="decommissioned-is-a-400"),
        pytest.param("The model `x` does not exist", 404, "model_unavailable", id="missing-model"),
        pytest.param("Unknown request URL: POST /x", 404, "bad_request", id="missing-path"),
        pytest.param(
            "this model requires a subscription, upgrade for access", 403, "model_unavailable", id="403-per-model"
        ),
        pytest.param("forbidden", 403, "authentication", id="403-per-key"),
        pytest.param("Organization has been restricted", 400, "authentication", id="suspended-organisation-is-a-400"),
        pytest.param("Request too large for model x on tokens per minute", 413, "rate_limit", id="413"),
        pytest.param("Capacity exceeded", 498, "model_unavailable", id="groqs-own-498"),
        pytest.param("{}", 418, "bad_request", id="unknown-4xx"),
        pytest.param("{}", 507, "server_error", id="unknown-5xx"),
        pytest.param("nothing that we know", None, "general", id="unknown"),
        pytest.param("", None, "general", id="empty"),
    ],
)
def test_message_gets_its_category(text: str, status: int | None, category: str) -> None:
    assert categorize_error(text, "groq", status) == category


@pytest.mark.parametrize(
    ("error", "category"),
    [
        (httpx.ReadTimeout("read"), "timeout"),
        (TimeoutError(), "timeout"),
        (ConnectionRefusedError(111, "refused"), "connection_error"),
        (socket.gaierror(-2, "Name or service not known"), "connection_error"),
        (ssl.SSLCertVerificationError("bad"), "connection_error"),
        (httpx.RemoteProtocolError("peer closed"), "connection_error"),
        (httpx.LocalProtocolError("Illegal header value"), "authentication"),
        (json.JSONDecodeError("Expecting value", "", 0), "general"),
        (AttributeError("x"), "general"),
        (RateLimitError("x"), "rate_limit"),
    ],
)
def test_exception_gets_the_category_of_its_class(error: BaseException, category: str) -> None:
    assert categorize_error(error, "groq") == category


def test_cause_decides_when_a_client_hides_it() -> None:
    try:
        try:
            raise httpx.LocalProtocolError("Illegal header value b'Bearer '")
        except httpx.LocalProtocolError as cause:
            raise RuntimeError("Connection error.") from cause
    except RuntimeError as error:
        parsed = parse_error(error, "groq")

    assert isinstance(parsed, AuthenticationError)
    assert parsed.scope is Scope.KEY


class VendorError(Exception):
    def __init__(self, body: object, status_code: int, headers: dict[str, str] | None = None) -> None:
        super().__init__("Error code")
        self.body = body
        self.status_code = status_code
        self.response = httpx.Response(status_code, headers=headers or {})


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"error": {"message": "gone", "code": "model_not_found"}}, id="enveloped"),
        pytest.param({"message": "gone", "code": "model_not_found"}, id="flat"),
        pytest.param([{"error": {"message": "gone", "code": "model_not_found"}}], id="listed"),
        pytest.param('{"error": {"message": "gone", "code": "model_not_found"}}', id="text"),
    ],
)
def test_code_is_found_in_every_shape_of_body(body: object) -> None:
    parsed = parse_error(VendorError(body, 404), "cerebras", "m")

    assert isinstance(parsed, ModelUnavailableError)
    assert (str(parsed), parsed.status, parsed.model, parsed.scope) == ("gone", 404, "m", Scope.MODEL)


@pytest.mark.parametrize("body", [None, "not json", [], {}, {"error": None}, 7])
def test_body_without_a_message_still_gives_a_typed_error(body: object) -> None:
    assert parse_error(VendorError(body, 500), "groq").category == "server_error"


def test_retry_after_is_read_from_the_header_before_the_text() -> None:
    parsed = parse_error(
        VendorError({"message": "try again in 9m38.016s", "code": "rate_limit_exceeded"}, 429, {"retry-after": "7"})
    )
    from_text = parse_error(VendorError({"message": "Please try again in 9m38.016s"}, 429))

    assert parsed.retry_after_s == 7
    assert from_text.retry_after_s == pytest.approx(578.016)


def test_html_page_is_reduced_to_its_title_and_keys_are_hidden() -> None:
    page = parse_error(VendorError("<html><title>x | 502: Bad gateway</title></html>", 502))
    leaky = parse_error(RuntimeError("Incorrect API key provided: gsk_abcdefghijkl"))

    assert page.category == "server_error"
    assert "gsk_abc" not in str(leaky)


def test_typed_errors_pass_through_unchanged() -> None:
    error = ProviderTimeoutError("late")

    assert parse_error(error) is error
    assert error.labelled() == "[timeout] late"


def test_unknown_category_becomes_unclassified() -> None:
    assert isinstance(error_for("no such", "x"), UnclassifiedError)
    assert isinstance(error_for("connection_error", "x"), ProviderConnectionError)


def test_switching_helps_everywhere_but_for_requests_that_are_wrong() -> None:
    assert {name for name in CATEGORIES if not should_switch_immediately(name)} == {"bad_request", "general"}


@given(st.text(max_size=300), st.none() | st.integers(100, 999))
def test_any_text_gets_a_known_category(text: str, status: int | None) -> None:
    assert categorize_error(text, "groq", status) in CATEGORIES
