"""Budgets: reserved before a call, settled after it, never exceeded."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.llm.limits.budget import Budget, DailyBudget, Room
from utils.clock import ManualClock


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


@pytest.mark.parametrize(
    ("used", "reserved", "wanted", "room"),
    [
        pytest.param(0, 0, 100, Room.YES, id="all-of-it"),
        pytest.param(0, 0, 101, Room.NO, id="one-more-than-all"),
        pytest.param(40, 0, 60, Room.YES, id="all-that-is-left"),
        pytest.param(40, 0, 61, Room.NO, id="one-more-than-is-left"),
        pytest.param(40, 30, 30, Room.YES, id="beside-what-is-under-way"),
        pytest.param(40, 30, 31, Room.WAIT, id="some-of-that-may-come-back"),
        pytest.param(40, 30, 60, Room.WAIT, id="all-of-that-may-come-back"),
        pytest.param(40, 30, 61, Room.NO, id="not-even-then"),
        pytest.param(100, 0, 1, Room.NO, id="spent"),
    ],
)
@pytest.mark.parametrize("unit", ["tokens", "money"])
def test_call_fits_waits_or_never_fits(unit: str, used: int, reserved: int, wanted: int, room: Room) -> None:
    if unit == "tokens":
        budget = Budget("b", max_tokens=100, tokens=used)
        budget.reserve(reserved, None)
        found = budget.room(wanted, None)
    else:
        budget = Budget("b", max_cost_usd=100.0, cost_usd=float(used))
        budget.reserve(0, float(reserved))
        found = budget.room(10**9, float(wanted))

    assert found is room


@pytest.mark.parametrize(
    ("tokens", "cost_usd", "room"),
    [
        pytest.param(50, 0.5, Room.YES, id="both"),
        pytest.param(51, 0.5, Room.WAIT, id="tokens-wait"),
        pytest.param(50, 0.6, Room.WAIT, id="money-waits"),
        pytest.param(101, 0.6, Room.NO, id="one-that-never-fits-decides"),
        pytest.param(51, None, Room.NO, id="unknown-price"),
    ],
)
def test_both_limits_of_a_budget_must_have_room(tokens: int, cost_usd: float | None, room: Room) -> None:
    budget = Budget("b", max_tokens=100, max_cost_usd=1.0)
    budget.reserve(50, 0.5)

    assert budget.room(tokens, cost_usd) is room


def test_call_that_used_less_gives_back_the_rest() -> None:
    budget = Budget("b", max_tokens=100, max_cost_usd=1.0)
    budget.reserve(100, 1.0)

    budget.settle(100, 1.0, 30, 0.25)

    assert (budget.tokens, budget.cost_usd) == (30, 0.25)
    assert budget.room(70, 0.75) is Room.YES
    assert budget.room(71, 0.75) is Room.NO


def test_call_that_failed_gives_everything_back() -> None:
    budget = Budget("b", max_tokens=100)
    budget.reserve(100, None)

    budget.settle(100, None, 0, None)

    assert budget == Budget("b", max_tokens=100)


@pytest.mark.parametrize(
    ("budget", "price", "tokens"),
    [
        pytest.param(Budget("b"), 1.0, math.inf, id="no-limits"),
        pytest.param(Budget("b", max_tokens=1000), 1.0, 900, id="tokens-less-the-prompt"),
        pytest.param(Budget("b", max_tokens=1000, tokens=300), 1.0, 600, id="less-what-is-used"),
        pytest.param(Budget("b", max_tokens=50), 1.0, -50, id="not-even-the-prompt"),
        pytest.param(Budget("b", max_cost_usd=0.002), 2.0, 950, id="money-less-the-prompt"),
        pytest.param(Budget("b", max_cost_usd=0.002, cost_usd=0.001), 2.0, 450, id="money-less-what-is-used"),
        pytest.param(Budget("b", max_cost_usd=0.002), None, math.inf, id="price-is-not-known"),
        pytest.param(Budget("b", max_cost_usd=0.002), 0.0, math.inf, id="free"),
        pytest.param(Budget("b", max_tokens=500, max_cost_usd=0.002), 2.0, 400, id="the-tighter-one"),
    ],
)
def test_answer_may_be_as_long_as_what_is_left_pays(budget: Budget, price: float | None, tokens: float) -> None:
    assert budget.affordable_tokens(0.0001, price, 100) == pytest.approx(tokens)


def test_what_is_reserved_is_not_left() -> None:
    budget = Budget("b", max_tokens=1000, max_cost_usd=0.002)
    budget.reserve(700, 0.001)

    assert budget.affordable_tokens(0.0, 2.0, 100) == 200
    assert budget.affordable_tokens(0.0, 20.0, 0) == pytest.approx(50)


@pytest.mark.parametrize(
    ("budget", "says"),
    [
        pytest.param(
            Budget("daily budget", max_tokens=100, tokens=80),
            "daily budget reached: 80 of 100 tokens used, another call could exceed it",
            id="tokens",
        ),
        pytest.param(
            Budget("budget of the batch", max_cost_usd=1.5, cost_usd=1.23456),
            "budget of the batch reached: 1.2346 of 1.5 USD used, another call could exceed it",
            id="money",
        ),
        pytest.param(
            Budget("b", max_tokens=9, max_cost_usd=2.0, tokens=1),
            "b reached: 1 of 9 tokens and 0.0000 of 2 USD used, another call could exceed it",
            id="both",
        ),
    ],
)
def test_spent_budget_says_what_was_used_of_what(budget: Budget, says: str) -> None:
    error = budget.spent()

    assert str(error) == says
    assert error.category == "budget_spent"
    assert not error.retryable


def test_call_that_began_yesterday_counts_for_the_day_on_which_it_ends() -> None:
    clock = ManualClock()
    budget = DailyBudget("daily budget", clock)
    budget.max_tokens = 100
    budget.settle(0, None, 90, None)
    clock.advance(86_000)
    budget.reserve(10, None)

    clock.advance(800)
    budget.settle(10, None, 10, None)

    assert budget.tokens == 10
    assert budget.room(90, None) is Room.YES


def test_what_is_under_way_at_midnight_stays_reserved() -> None:
    clock = ManualClock()
    budget = DailyBudget("daily budget", clock)
    budget.max_tokens = 100
    budget.reserve(60, None)

    clock.advance(86_400)

    assert budget.room(60, None) is Room.WAIT
    assert budget.room(40, None) is Room.YES


@given(st.lists(st.tuples(st.integers(1, 60), st.floats(0, 1), st.floats(0, 40_000), st.integers(0, 3)), max_size=40))
def test_no_day_ever_takes_more_than_its_budget(calls: list[tuple[int, float, float, int]]) -> None:
    clock = ManualClock()
    budget = DailyBudget("daily budget", clock)
    budget.max_tokens, budget.max_cost_usd = 200, 1.0
    by_day: dict[object, float] = {}
    under_way: list[tuple[int, float]] = []
    for tokens, share, pause, keep in calls:
        clock.advance(pause)
        if budget.room(tokens, tokens / 150) is Room.YES:
            budget.reserve(tokens, tokens / 150)
            under_way.append((tokens, share))
        while len(under_way) > keep:
            reserved, used_share = under_way.pop(0)
            used = int(reserved * used_share)
            budget.settle(reserved, reserved / 150, used, used / 150)
            by_day[clock.now().date()] = by_day.get(clock.now().date(), 0) + used

    assert all(used <= 200 and used / 150 <= 1.0 + 1e-9 for used in by_day.values())
