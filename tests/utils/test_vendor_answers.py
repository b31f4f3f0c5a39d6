"""What failed calls say of waits, parameters, refusals and gateways, in the shapes of many vendors."""

from typing import Any

import pytest

from utils.error_handler import ErrorInAnswer, parse_error
from utils.errors import AuthenticationError, BadRequestError, GenerationError, RateLimitError, RefusedError, Scope


class Failed(Exception):
    """As the vendors' clients raise them."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"Error code: {status} - {body}")
        self.status_code, self.body = status, body
        self.response = type("Response", (), {"headers": headers or {}})()


def failure(status: int, body: Any, headers: dict[str, str] | None = None) -> GenerationError:
    return parse_error(Failed(status, body, headers), "openai", "m")


DATE = {"date": "Sat, 28 Nov 2026 14:00:00 GMT"}
LIMITED = {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"retry-after": "7"}, 7.0, id="seconds"),
        pytest.param({"retry-after-ms": "1500", "retry-after": "2"}, 1.5, id="milliseconds"),
        pytest.param({"retry-after": "Sat, 28 Nov 2026 14:00:30 GMT"}, 30.0, id="http-date"),
        pytest.param({"retry-after": "Sat, 28 Nov 2026 13:00:30 GMT"}, 0.0, id="http-date-past"),
        pytest.param({"llm_provider-retry-after": "9"}, 9.0, id="behind-a-gateway"),
        pytest.param({"llm_provider-retry-after-ms": "900"}, 0.9, id="behind-a-gateway-ms"),
        pytest.param({"x-ratelimit-reset": "1795874415"}, 15.0, id="unix-time"),
        pytest.param({"x-ratelimit-reset": "1795874415000"}, 15.0, id="unix-time-ms"),
        pytest.param({"x-ratelimit-reset": "2026-11-28T14:01:00Z"}, 60.0, id="iso-time"),
        pytest.param({"ratelimit-reset": "12"}, 12.0, id="of-the-standard"),
        pytest.param(
            {
                "x-ratelimit-remaining-requests": "3",
                "x-ratelimit-reset-requests": "8h",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "6m0s",
            },
            360.0,
            id="window-that-is-used-up",
        ),
        pytest.param({"x-ratelimit-reset": "soon"}, None, id="a-word"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_wait_is_read_from_headers(headers: dict[str, str], seconds: float | None) -> None:
    assert failure(429, LIMITED, {**DATE, **headers}).retry_after_s == (
        None if seconds is None else pytest.approx(seconds)
    )


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        pytest.param({"error": {"message": "Please try again in 1m3.5s."}}, 63.5, id="duration"),
        pytest.param({"error": {"message": "Please retry in 34.07 seconds"}}, 34.07, id="words"),
        pytest.param({"error": {"message": "Wait for 2 minutes"}}, 120.0, id="minutes"),
        pytest.param([{"error": {"details": [{"@type": "RetryInfo", "retryDelay": "34s"}]}}], 34.0, id="google"),
        pytest.param({"error": {"metadata": {"retry_after_seconds": 4}}}, 4.0, id="metadata"),
        pytest.param({"error": {"metadata": {"headers": {"Retry-After": "5"}}}}, 5.0, id="repeated-headers"),
        pytest.param({"message": "busy", "retry_after_ms": 250}, 0.25, id="milliseconds"),
    ],
)
def test_wait_is_read_from_bodies(body: Any, seconds: float) -> None:
    assert failure(429, body).retry_after_s == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("status", "body", "refused"),
    [
        (400, {"error": {"message": "Unknown parameter: 'top_p'.", "param": "top_p"}}, ("top_p",)),
        (
            400,
            {
                "error": {
                    "message": "Unsupported value: 'temperature' does not support 0.6 with this model. "
                    "Only the default (1) value is supported.",
                    "param": "temperature",
                    "code": "unsupported_value",
                }
            },
            ("temperature",),
        ),
        (
            400,
            {
                "error": {
                    "message": "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
                }
            },
            ("top_p",),
        ),
        (400, {"error": {"message": "Give `temperature` or `top_p` to this model, not both."}}, ("top_p",)),
        (400, {"error": {"message": "`temperature` is deprecated for this model."}}, ("temperature",)),
        (400, {"error": {"message": "Unsupported parameters: temperature, top_p"}}, ("temperature", "top_p")),
        (
            400,
            {
                "error": {
                    "message": "Unsupported parameter: 'max_tokens' is not supported with this model. "
                    "Use 'max_completion_tokens' instead.",
                    "param": "max_tokens",
                }
            },
            ("max_tokens",),
        ),
        (
            400,
            {"error": {"message": "max_completion_tokens is not supported, use max_tokens"}},
            ("max_completion_tokens",),
        ),
        (
            422,
            {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]},
            ("seed",),
        ),
        (
            400,
            [
                {
                    "error": {
                        "message": 'Invalid JSON payload received. Unknown name "seed": Cannot find field.',
                        "status": "INVALID_ARGUMENT",
                    }
                }
            ],
            ("seed",),
        ),
        (
            400,
            {"error": {"message": "This response_format type is unavailable now", "type": "invalid_request_error"}},
            ("json_schema",),
        ),
        (400, {"error": "'response_format.type' must be 'json_object' or 'text'"}, ("json_schema",)),
        (400, {"error": {"message": "Unrecognized request argument supplied: response_format"}}, ("response_format",)),
        (
            500,
            {
                "error": {
                    "message": "1 validation error:\n  {'type': 'literal_error', 'loc': ('body', 'response_format', "
                    "'type'), 'msg': \"Input should be 'text' or 'json_object'\", 'input': 'json_schema'}",
                    "type": "internal_server_error",
                    "param": None,
                }
            },
            ("json_schema",),
        ),
        (500, {"error": {"message": "the grammar of response_format crashed the worker: must be a bug"}}, ()),
        (
            400,
            {
                "error": {
                    "message": "Invalid parameter: 'response_format' of type 'json_schema' is not "
                    "supported with this model."
                }
            },
            ("json_schema",),
        ),
        (
            400,
            {
                "error": {
                    "message": "litellm.UnsupportedParamsError: gpt-5 models don't support "
                    "temperature=0.6. Only temperature=1 is supported.",
                    "code": "400",
                }
            },
            ("temperature",),
        ),
        (
            400,
            {
                "error": {
                    "message": "Please reduce the length of the messages: max_tokens is invalid beside a "
                    "context length of 4096"
                }
            },
            (),
        ),
        (400, {"error": {"message": "messages: is required"}}, ()),
        (500, {"error": {"message": "unsupported parameter temperature"}}, ()),
    ],
)
def test_parameter_that_is_refused_is_named(status: int, body: Any, refused: tuple[str, ...]) -> None:
    error = failure(status, body)

    assert getattr(error, "parameters", ()) == refused
    assert not refused or isinstance(error, BadRequestError)


@pytest.mark.parametrize(
    ("message", "most"),
    [
        ("max_tokens is too large: 40000. This model supports at most 16384 completion tokens", 16384),
        ("`max_tokens` must be less than or equal to `8,192`, the maximum value for `max_tokens`", 8192),
        ("max_completion_tokens: the maximum allowed is 4096", 4096),
    ],
)
def test_longest_answer_is_read(message: str, most: int) -> None:
    error = failure(400, {"error": {"message": message}})

    assert isinstance(error, BadRequestError)
    assert error.most_tokens == most


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (
            400,
            {
                "error": {
                    "code": "content_filter",
                    "message": "The response was filtered due to the prompt triggering Azure OpenAI's "
                    "content management policy.",
                }
            },
        ),
        (
            403,
            {
                "error": {
                    "code": 403,
                    "message": 'Your chosen model requires moderation and your input was flagged for "violence".',
                }
            },
        ),
        (400, {"error": {"message": "litellm.ContentPolicyViolationError: no", "code": "400"}}),
        (
            400,
            {"error": {"code": "data_inspection_failed", "message": "Input data may contain inappropriate content."}},
        ),
    ],
)
def test_filter_of_a_vendor_is_a_refusal(status: int, body: Any) -> None:
    error = failure(status, body)

    assert isinstance(error, RefusedError)
    assert error.category == "refused"
    assert not error.retryable


BEHIND = {"llm_provider-content-type": "application/json"}
LITELLM = "litellm.{}: {} - {}\n\nLiteLLM: model group 'm' failed with the error above. No fallback was attempted."


@pytest.mark.parametrize(
    ("status", "body", "headers", "scope"),
    [
        pytest.param(
            401, {"error": {"message": "Incorrect API key", "code": "401"}}, BEHIND, Scope.MODEL, id="headers"
        ),
        pytest.param(
            402,
            {"error": {"message": LITELLM.format("APIError", "OpenAIException", "Insufficient Balance")}},
            {},
            Scope.MODEL,
            id="litellm",
        ),
        pytest.param(
            403,
            {"error": {"message": "Forbidden", "code": 403, "metadata": {"provider_name": "Azure"}}},
            {},
            Scope.MODEL,
            id="openrouter",
        ),
        pytest.param(
            401, {"error": {"message": "unauthorized", "type": "upstream_error"}}, {}, Scope.MODEL, id="upstream"
        ),
        pytest.param(
            401, {"error": {"message": "Invalid API Key", "code": "invalid_api_key"}}, {}, Scope.KEY, id="own"
        ),
        pytest.param(
            400,
            {"error": {"message": "No connected db.", "type": "no_db_connection", "code": "400"}},
            {},
            Scope.KEY,
            id="proxy-without-database",
        ),
    ],
)
def test_refusal_says_whose_key_it_is_about(status: int, body: Any, headers: dict[str, str], scope: Scope) -> None:
    error = failure(status, body, headers)

    assert isinstance(error, AuthenticationError)
    assert error.scope is scope


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": 429, "message": "Provider returned error", "metadata": {"raw": "slow down"}}},
        {"error": {"code": "429", "message": "Provider returned error"}},
        {"status_code": 429, "message": "no"},
    ],
)
def test_limit_within_a_success_is_a_limit(body: Any) -> None:
    error = parse_error(ErrorInAnswer(body, {"retry-after": "3"}), "openai", "m")

    assert isinstance(error, RateLimitError)
    assert (error.status, error.retry_after_s) == (429, 3.0)


def test_answer_that_the_vendor_could_not_read_is_kept() -> None:
    error = failure(400, {"error": {"code": "json_validate_failed", "message": "no", "failed_generation": '{"a": 1'}})

    assert isinstance(error, BadRequestError)
    assert error.generation == '{"a": 1'
