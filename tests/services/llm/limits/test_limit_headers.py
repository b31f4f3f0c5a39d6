"""Limits as the vendors state them in headers."""

import pytest

from services.llm.limits.limit_headers import StatedLimit, stated_limits


@pytest.mark.parametrize(
    ("headers", "window", "found"),
    [
        pytest.param(
            {
                "x-ratelimit-limit-requests": "14400",
                "x-ratelimit-remaining-requests": "14370",
                "x-ratelimit-reset-requests": "2m59.56s",
                "x-ratelimit-limit-tokens": "18000",
                "x-ratelimit-remaining-tokens": "17997",
                "x-ratelimit-reset-tokens": "7.66s",
            },
            "day",
            [
                StatedLimit("requests", "day", 14400, 14370, 179.56),
                StatedLimit("tokens", "minute", 18000, 17997, 7.66),
            ],
            id="groq",
        ),
        pytest.param(
            {
                "x-ratelimit-limit-requests-day": "14400",
                "x-ratelimit-remaining-requests-day": "0",
                "x-ratelimit-reset-requests-day": "33011.382867",
                "x-ratelimit-limit-tokens-minute": "60000",
            },
            "minute",
            [
                StatedLimit("requests", "day", 14400, 0, 33011.382867),
                StatedLimit("tokens", "minute", 60000, None, None),
            ],
            id="cerebras",
        ),
        pytest.param(
            {"x-ratelimit-limit-requests": "60", "x-ratelimit-reset-requests": "1s"},
            "minute",
            [StatedLimit("requests", "minute", 60, None, 1.0)],
            id="openai",
        ),
        pytest.param({"x-ratelimit-limit-tokens": "many", "x-ratelimit-limit-requests": "0"}, "minute", [], id="odd"),
        pytest.param({}, "minute", [], id="none"),
    ],
)
def test_limits_are_read_from_the_headers_of_each_vendor(
    headers: dict[str, str], window: str, found: list[StatedLimit]
) -> None:
    assert stated_limits(headers, window) == found  # type: ignore[arg-type]  # one of the two literals
