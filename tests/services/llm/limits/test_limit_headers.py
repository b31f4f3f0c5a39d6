"""Limits as the vendors state them in headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.llm.limits.limit_headers import StatedLimit, Unit, Window, stated_limits


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
        pytest.param(
            {
                "date": "Sat, 28 Nov 2026 14:00:00 GMT",
                "anthropic-ratelimit-requests-limit": "1000",
                "anthropic-ratelimit-requests-remaining": "999",
                "anthropic-ratelimit-requests-reset": "2026-11-28T13:59:59Z",
                "anthropic-ratelimit-tokens-limit": "96000",
                "anthropic-ratelimit-tokens-remaining": "90000",
                "anthropic-ratelimit-tokens-reset": "2026-11-28T14:00:04Z",
                "anthropic-ratelimit-input-tokens-limit": "80000",
                "anthropic-ratelimit-output-tokens-limit": "16000",
            },
            "minute",
            [StatedLimit("requests", "minute", 1000, 999, 0.0), StatedLimit("tokens", "minute", 96000, 90000, 4.0)],
            id="anthropic",
        ),
        pytest.param(
            {"anthropic-ratelimit-tokens-limit": "many", "anthropic-ratelimit-requests-limit": "5"},
            "minute",
            [StatedLimit("requests", "minute", 5, None, None)],
            id="anthropic-odd",
        ),
        pytest.param({"x-ratelimit-limit-tokens": "many", "x-ratelimit-limit-requests": "0"}, "minute", [], id="odd"),
        pytest.param({}, "minute", [], id="none"),
    ],
)
def test_limits_are_read_from_the_headers_of_each_vendor(
    headers: dict[str, str], window: str, found: list[StatedLimit]
) -> None:
    assert stated_limits(headers, window) == found  # type: ignore[arg-type]  # one of the two literals


def headers(name: str, limit: str, remaining: str | None = None, reset: str | None = None) -> dict[str, str]:
    rows = {"limit": limit, "remaining": remaining, "reset": reset}
    return {f"x-ratelimit-{what}-{name}": value for what, value in rows.items() if value is not None}


@pytest.mark.parametrize(
    ("name", "unit", "window"),
    [
        pytest.param("requests", "requests", "minute", id="requests-mean-a-minute"),
        pytest.param("requests-minute", "requests", "minute", id="requests-minute"),
        pytest.param("requests-day", "requests", "day", id="requests-day"),
        pytest.param("tokens", "tokens", "minute", id="tokens-mean-a-minute"),
        pytest.param("tokens-minute", "tokens", "minute", id="tokens-minute"),
        pytest.param("tokens-day", "tokens", "day", id="tokens-day"),
    ],
)
def test_name_of_a_header_says_unit_and_window(name: str, unit: Unit, window: Window) -> None:
    assert stated_limits(headers(name, "10", "4", "1m")) == [StatedLimit(unit, window, 10, 4, 60.0)]


@pytest.mark.parametrize("name", ["tokens", "requests-minute", "tokens-minute"])
def test_bare_requests_alone_mean_what_the_catalogue_says(name: str) -> None:
    assert stated_limits(headers("requests", "10"), "day")[0].window == "day"
    assert stated_limits(headers(name, "10"), "day")[0].window == "minute"


@pytest.mark.parametrize(
    ("limit", "remaining", "reset", "found"),
    [
        pytest.param("10", "0", "0s", (10, 0, 0.0), id="nothing-is-left"),
        pytest.param(" 10 ", " 4 ", " 500ms ", (10, 4, 0.5), id="white-space"),
        pytest.param("10", "-1", "never", (10, None, None), id="what-cannot-be-read-is-not-known"),
        pytest.param("10", "4.5", "-3", (10, None, None), id="nor-parts-or-negative-times"),
        pytest.param("10", None, None, (10, None, None), id="limit-alone"),
        pytest.param("10", "20", "1h2m3.5s", (10, 20, 3723.5), id="more-left-than-the-limit"),
    ],
)
def test_rest_and_reset_are_read_where_they_can_be(
    limit: str, remaining: str | None, reset: str | None, found: tuple[int, int | None, float | None]
) -> None:
    row = stated_limits(headers("tokens", limit, remaining, reset))[0]

    assert (row.limit, row.remaining, row.reset_s) == found


@pytest.mark.parametrize("limit", ["", "0", "-5", "1e3", "unlimited", "10, 10", "½"])
def test_limit_that_is_no_number_above_zero_is_none(limit: str) -> None:
    assert stated_limits(headers("tokens", limit, "5", "1s")) == []


def test_rest_without_its_limit_says_nothing() -> None:
    assert stated_limits({"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "1s"}) == []


@given(st.dictionaries(st.sampled_from(sorted(headers("tokens", "1", "1", "1"))), st.text(max_size=8)))
def test_no_header_crashes(found: dict[str, str]) -> None:
    for row in stated_limits(found):
        assert row.limit > 0
        assert row.remaining is None or row.remaining >= 0
        assert row.reset_s is None or row.reset_s >= 0


@pytest.mark.parametrize(
    ("name", "unit", "window"),
    [
        ("requests-second", "requests", "second"),
        ("requests-per-hour", "requests", "hour"),
        ("tokens-hour", "tokens", "hour"),
        ("total-tokens-minute", "tokens", "minute"),
        ("tokens-per-day", "tokens", "day"),
    ],
)
def test_window_in_the_name_of_a_header_is_the_limits(name: str, unit: Unit, window: Window) -> None:
    assert stated_limits({f"x-ratelimit-limit-{name}": "7"}) == [StatedLimit(unit, window, 7, None, None)]


@pytest.mark.parametrize("name", ["input-tokens", "images", "requests-fortnight", "requests-minute-burst"])
def test_limit_of_something_else_is_none_of_ours(name: str) -> None:
    assert stated_limits({f"x-ratelimit-limit-{name}": "7"}) == []


@pytest.mark.parametrize(
    ("remaining", "reset", "window"),
    [
        pytest.param("14399", "6s", "day", id="one-of-a-day-is-back-soon"),
        pytest.param("7000", "5s", "minute", id="half-a-day-would-take-hours"),
        pytest.param("7000", "12h0m0s", "day", id="and-does"),
        pytest.param("7000", None, "day", id="not-told"),
    ],
)
def test_limit_that_is_whole_again_soon_is_no_days(remaining: str, reset: str | None, window: Window) -> None:
    found = stated_limits(headers("requests", "14400", remaining, reset), "day")

    assert [row.window for row in found] == [window]
