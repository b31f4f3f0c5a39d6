"""The day's budget of all processes together."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.llm.limits.budget import Room
from services.llm.limits.shared.budget import SharedBudget
from tests.redis_server import RedisServer
from tests.services.llm.limits.shared.simulation import Process, World

MOST = 10_000


def reserved(process: Process, budget: SharedBudget, tokens: int, cost_usd: float | None = 0.01) -> bool:
    """Reserve a call, as the gate does; the ledger is asked once."""
    for _ in range(2):
        if budget.room(tokens, cost_usd) is Room.YES:
            budget.reserve(tokens, cost_usd)
            return True
        process.rounds.make()
    return False


def started(world: World, count: int, most: int = MOST) -> list[tuple[Process, SharedBudget]]:
    rows = []
    for _ in range(count):
        process = world.start(10_000)
        rows.append((process, process.budget(most)))
    world.advance(1.5)
    return rows


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    count=st.integers(1, 4),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["call"] * 5 + ["answer", "time", "away", "emptied"]),
            st.integers(0, 3),
            st.integers(1, 900),
        ),
        max_size=60,
    ),
)
def test_budget_is_never_exceeded_by_all_together(
    redis_server: RedisServer, count: int, steps: list[tuple[str, int, int]]
) -> None:
    world = World(redis_server)
    rows = started(world, count)
    open_calls: list[list[int]] = [[] for _ in rows]
    spent = 0
    for kind, which, amount in steps:
        process, budget = rows[which % count]
        mine = open_calls[which % count]
        if kind == "call" and reserved(process, budget, amount):
            mine.append(amount)
        elif kind == "answer" and mine:
            tokens = mine.pop()
            used = tokens * (amount % 100) // 99
            budget.settle(tokens, 0.01, used, 0.01)
            spent += used
        elif kind == "time":
            world.advance(amount / 300)
        elif kind == "away":
            world.cut(amount % 2 == 0)
            world.advance(1.0)
        elif kind == "emptied":
            world.empty()

        assert spent + sum(map(sum, open_calls)) <= MOST


def test_budget_is_used_to_its_end(redis_server: RedisServer) -> None:
    world = World(redis_server)
    (first, mine), (second, yours) = started(world, 2)

    while reserved(first, mine, 100):
        mine.settle(100, 0.01, 100, 0.01)
        world.advance(0.05)
    world.advance(3.0)

    assert mine.tokens >= MOST - 100
    assert yours.room(200, 0.01) is Room.WAIT  # it asks
    second.rounds.make()
    assert yours.room(200, 0.01) is Room.NO
    assert "of 10000 tokens used" in str(yours.spent())


def test_caller_waits_while_others_may_give_back(redis_server: RedisServer) -> None:
    world = World(redis_server)
    (first, mine), (second, yours) = started(world, 2)
    assert reserved(first, mine, 9_500)
    assert not reserved(second, yours, 1_000)
    assert yours.room(1_000, 0.01) is Room.WAIT

    mine.settle(9_500, 0.01, 100, 0.01)
    world.advance(3.0)

    assert reserved(second, yours, 1_000)


def test_cost_is_kept_too_and_calls_of_unknown_price_do_not_fit(redis_server: RedisServer) -> None:
    world = World(redis_server)
    first, second = (world.start(10_000) for _ in range(2))
    mine, yours = first.budget(None, 1.0), second.budget(None, 1.0)
    world.advance(1.5)

    assert mine.room(10, None) is Room.NO
    assert reserved(first, mine, 10, 0.75)
    assert not reserved(second, yours, 10, 0.5)
    assert reserved(second, yours, 10, 0.25)


def test_what_the_tables_know_of_today_counts_once(redis_server: RedisServer) -> None:
    world = World(redis_server)
    rows = []
    for _ in range(2):
        process = world.start(10_000)
        rows.append((process, process.budget(MOST, past=(9_000, 0.0))))
    world.advance(1.5)

    assert reserved(*rows[0], 600)
    assert reserved(*rows[1], 400)
    assert not reserved(*rows[1], 1)


def test_budget_begins_again_at_midnight(redis_server: RedisServer) -> None:
    world = World(redis_server)
    (first, mine), (second, yours) = started(world, 2)
    assert reserved(first, mine, MOST)
    mine.settle(MOST, 0.01, MOST, 0.01)
    world.advance(1.0)
    assert not reserved(second, yours, 1)

    world.jump(timedelta(days=1).total_seconds())
    world.advance(2.0)

    assert reserved(second, yours, MOST)


def test_shares_hold_in_sum_while_redis_is_away(redis_server: RedisServer) -> None:
    world = World(redis_server)
    rows = started(world, 4)
    world.advance(1.0)

    world.cut(True)
    world.advance(1.0)

    assert [sum(reserved(*row, 100) for _ in range(100)) for row in rows] == [25, 25, 25, 25]


@pytest.mark.parametrize("tokens", [1, 5_000])
def test_process_that_dies_takes_with_it_only_what_it_held(redis_server: RedisServer, tokens: int) -> None:
    world = World(redis_server)
    (first, mine), (second, yours) = started(world, 2)
    assert reserved(first, mine, tokens)
    world.processes.remove(first)
    world.advance(40.0)

    held = 8 * tokens if 8 * tokens <= MOST else tokens
    assert reserved(second, yours, MOST - held)
    yours.settle(MOST - held, 0.01, MOST - held, 0.01)
    world.advance(1.5)
    assert not reserved(second, yours, 1)
    assert yours.room(1, 0.01) is Room.NO
