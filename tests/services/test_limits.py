"""Windows, concurrency, learned sizes, stated limits, budgets: functions of the time they are given."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.llm.answer_sizes import AnswerSizes
from services.llm.budget import Budget, DailyBudget, Room
from services.llm.concurrency import ConcurrencyLimit
from services.llm.limit_headers import StatedLimit, stated_limits
from services.llm.rate_limiter import MINUTE_S, Entry, RateLimiter, SlidingWindow
from utils.clock import ManualClock
from utils.histogram import Histogram

# --- windows ---------------------------------------------------------------------------------


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


# --- concurrency -----------------------------------------------------------------------------


def settled(limit: ConcurrencyLimit, slots: int, rounds: int = 60) -> list[int]:
    """Let a server with *slots* places answer as many calls as are allowed, round after round."""
    seen, now = [], 0.0
    for _ in range(rounds):
        at_once = limit.allowed
        latency_s = max(1.0, at_once / slots)
        now += latency_s
        for _ in range(max(8, at_once)):
            limit.answered(latency_s, 500, at_once, now)
        seen.append(limit.allowed)
    return seen


def test_server_that_only_slows_down_gets_about_as_many_calls_as_it_has_places() -> None:
    seen = settled(ConcurrencyLimit(64, start=4), slots=6)

    assert max(seen[20:]) <= 3 * 6
    assert min(seen[20:]) >= 6


def test_server_that_keeps_its_pace_gets_all() -> None:
    assert settled(ConcurrencyLimit(64, start=4), slots=1000, rounds=10)[-1] == 64


def test_overload_halves_once_for_what_was_sent_together() -> None:
    limit = ConcurrencyLimit(64)
    for _ in range(10):
        limit.overloaded(100.0, 2.0)
    assert limit.allowed == 32

    limit.overloaded(103.0, 2.0)

    assert limit.allowed == 16


@given(st.lists(st.tuples(st.floats(0.001, 100), st.integers(0, 4000), st.booleans()), max_size=200))
def test_one_call_is_always_allowed_and_never_more_than_the_most(steps: list[tuple[float, int, bool]]) -> None:
    limit, now = ConcurrencyLimit(8, start=2), 0.0
    for latency_s, tokens, overload in steps:
        now += latency_s
        if overload:
            limit.overloaded(now, latency_s)
        else:
            limit.answered(latency_s, tokens, limit.allowed, now)
        assert 1 <= limit.allowed <= 8


# --- sizes -----------------------------------------------------------------------------------


def test_cap_of_an_answer_follows_what_was_seen_and_rises_when_one_is_cut_off() -> None:
    sizes = AnswerSizes()
    for length in (700, 800, 1000):
        sizes.answered("t", "k", 4000, 1000, length)
    assert sizes.cap("t", "k", 4000) == 4000  # too few to go by

    sizes.answered("t", "k", 4000, 1000, 900)
    assert sizes.cap("t", "k", 4000) == 1632  # few: with much headroom
    assert sizes.cap("t", "other", 4000) == 1632  # by what was seen of all kinds
    assert sizes.mean("t", "k") == pytest.approx(850)
    for _ in range(20):
        sizes.answered("t", "k", 4000, 1000, 900)

    assert sizes.cap("t", "k", 4000) == 1182
    sizes.cut_off("t", "k", 1182)
    assert 2700 < sizes.cap("t", "k", 4000) <= 4000


def test_prompt_is_estimated_by_what_the_vendor_counted() -> None:
    sizes = AnswerSizes()
    assert sizes.prompt_tokens("t", 3500) == 1016

    sizes.answered("t", "k", 4000, 1000, 10)

    assert sizes.prompt_tokens("t", 4000) == 1036
    assert sizes.latency_s("t", 0.5) is None


@given(st.lists(st.floats(0.001, 500), min_size=1, max_size=200), st.floats(0.01, 1))
def test_quantiles_are_within_a_tenth_of_the_exact_ones(values: list[float], share: float) -> None:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    exact = sorted(values)[max(0, math.ceil(share * len(values)) - 1)]

    found = Histogram(histogram.to_dict()).quantile(share)

    assert found is not None
    assert exact / 1.11 <= found <= exact * 1.11


# --- budgets ---------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(1, 60), st.floats(0, 1)), max_size=50), st.booleans())
def test_budget_is_never_exceeded(calls: list[tuple[int, float]], at_once: bool) -> None:
    budget = Budget("b", max_tokens=200, max_cost_usd=1.0)
    open_calls: list[tuple[int, float]] = []
    for tokens, share in calls:
        cost = tokens / 150
        if budget.room(tokens, cost) is Room.YES:
            budget.reserve(tokens, cost)
            open_calls.append((tokens, share))
        if not at_once or len(open_calls) > 3:
            for reserved, used in open_calls:
                budget.settle(reserved, reserved / 150, int(reserved * used), reserved * used / 150)
            open_calls.clear()

    assert budget.tokens <= 200
    assert budget.cost_usd <= 1.0 + 1e-9


def test_call_waits_for_what_others_may_give_back_and_is_refused_when_they_cannot() -> None:
    budget = Budget("budget of the batch", max_tokens=100)
    budget.reserve(60, None)

    assert budget.room(60, None) is Room.WAIT
    assert budget.room(101, None) is Room.NO
    budget.settle(60, None, 60, None)
    assert budget.room(60, None) is Room.NO
    assert "60 of 100 tokens" in str(budget.spent())


def test_call_of_unknown_price_does_not_fit_a_budget_in_money() -> None:
    assert Budget("b", max_cost_usd=1.0).room(1, None) is Room.NO
    assert Budget("b").room(10**9, None) is Room.YES


def test_day_turns_by_itself() -> None:
    clock = ManualClock()
    budget = DailyBudget("daily budget", clock)
    budget.max_tokens = 10
    budget.settle(0, 0.0, 10, 0.1)
    clock.advance(86_399)
    assert budget.room(1, None) is Room.NO

    clock.advance(1)

    assert budget.room(1, None) is Room.YES
