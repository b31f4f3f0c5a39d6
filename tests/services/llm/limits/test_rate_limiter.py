"""Windows and limiters: functions of the time they are given."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.llm.limits.concurrency import ConcurrencyLimit
from services.llm.limits.limit_headers import StatedLimit
from services.llm.limits.rate_limiter import MINUTE_S, Entry, RateLimiter, SlidingWindow


@given(
    calls=st.lists(
        st.tuples(st.integers(1, 500), st.floats(0, 40), st.integers(0, 500), st.floats(0, 2)), min_size=1, max_size=60
    ),
    requests=st.integers(1, 8),
)
def test_no_sliding_minute_ever_holds_more_than_the_limit(
    calls: list[tuple[int, float, int, float]], requests: int
) -> None:
    window, now, log = SlidingWindow(MINUTE_S, requests, 1000), 0.0, []
    for tokens, pause, used, delay in calls:
        now += pause
        now += window.wait_s(tokens, now)
        assert window.wait_s(tokens, now) < 1e-6
        entry = Entry(now, tokens)
        window.add(entry)
        now += delay
        window.move(entry, now)  # the request left a little later
        log.append(entry)
        if used % 2:
            settled = min(used, tokens)
            window.settle(entry, settled)
            entry.tokens = settled

    for first in log:
        minute = [entry for entry in log if first.at <= entry.at < first.at + 60]
        assert len(minute) <= requests
        assert sum(entry.tokens for entry in minute) <= 1000


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(0, 50)), max_size=80))
def test_sums_of_a_window_are_those_of_its_entries(steps: list[tuple[float, int]]) -> None:
    window, now = SlidingWindow(60, None, None), 0.0
    for pause, tokens in steps:
        now += pause
        window.add(Entry(now - pause / 2, tokens))
        window.expire(now)

    window.expire(now + 1000)

    assert (window.calls, window.tokens) == (0, 0)


def test_request_above_a_whole_minute_never_fits() -> None:
    assert math.isinf(SlidingWindow(60, 10, 100).wait_s(101, 0))
    assert SlidingWindow(60, None, None).wait_s(10**9, 0) == 0.0


def test_settling_gives_back_what_was_not_used() -> None:
    window = SlidingWindow(MINUTE_S, 10, 100)
    entry = Entry(0.0, 100)
    window.add(entry)
    assert window.wait_s(50, 1.0) == pytest.approx(MINUTE_S - 1)

    window.settle(entry, 20)
    entry.tokens = 20

    assert window.wait_s(50, 1.0) == 0.0
    assert window.wait_s(1, 1000.0) == 0.0
    window.settle(entry, 90)  # long gone: nothing is counted any more
    assert window.wait_s(100, 1000.0) == 0.0


def limiter(**day: int) -> RateLimiter:
    return RateLimiter(
        SlidingWindow(MINUTE_S, 100, 1000),
        SlidingWindow(86_400, day.get("calls"), day.get("tokens")),
        ConcurrencyLimit(64),
    )


def test_day_and_minute_are_kept_together_and_earlier_use_counts() -> None:
    made = limiter(calls=5)
    made.seed([], [Entry(-3600.0, 100, calls=4)])

    assert made.wait_s(10, 0.0) == 0.0
    made.admit(10, 0.0)

    assert made.wait_s(10, 1.0) == pytest.approx(86_400 - 3600 - 1)


def test_call_that_has_not_left_yet_counts_until_it_does() -> None:
    made = limiter()
    made.minute.calls_limit = 2
    entries = [made.admit(10, 0.0) for _ in range(2)]

    assert made.wait_s(10, 500.0) == pytest.approx(MINUTE_S)  # the disk is full: nobody has left
    made.sent(entries[0], 500.0)
    made.settle(entries[1], 0)  # given up before it left
    assert made.wait_s(10, 500.0) == 0.0
    made.admit(10, 500.0)
    assert made.wait_s(10, 510.0) == pytest.approx(MINUTE_S - 10)


def test_calls_of_the_last_minute_before_a_restart_count() -> None:
    made = limiter()
    made.minute.calls_limit = 1
    made.seed([Entry(-20.0, 10)], [])

    assert made.wait_s(10, 0.0) == pytest.approx(MINUTE_S - 20)


def test_what_others_used_of_the_account_is_learned_from_what_remains() -> None:
    made = limiter()
    made.admit(100, 0.0)

    made.learn([StatedLimit("tokens", "minute", 1000, 300, 30.0)], 0.0)

    assert made.minute.tokens == 700
    assert made.wait_s(400, 0.0) == pytest.approx(30.0, abs=0.5)
    made.learn([StatedLimit("tokens", "minute", 1000, 290, 30.0)], 0.0)
    assert made.minute.tokens == 700  # within the slack: our own count stands


def test_spent_day_holds_until_its_reset() -> None:
    made = limiter()

    made.learn([StatedLimit("requests", "day", 1000, 0, 500.0)], 100.0)

    assert made.wait_s(1, 100.0) == pytest.approx(500.0)
