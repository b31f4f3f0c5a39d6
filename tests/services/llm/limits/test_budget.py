"""Budgets: reserved before a call, settled after it, never exceeded."""

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
