"""Several processes together: no sliding minute, hour or day holds more than the limit, whatever happens."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.llm.limits.windows import DAY_S, HOUR_S, MINUTE_S, Entry
from tests.redis_server import RedisServer
from tests.services.llm.limits.shared.simulation import Process, World

CALLS, TOKENS = 240, 24_000
Step = Callable[[World, int, float], None]


def some_calls(world: World, which: int, amount: float) -> None:
    process = world.processes[which % len(world.processes)]
    for _ in range(round(80 * amount)):
        process.call(50 + round(100 * amount))
        if world.is_paced:
            world.advance(0.1)


def late_call(world: World, which: int, amount: float) -> None:
    """It leaves long after it was let through: the disk was slow."""
    process = world.processes[which % len(world.processes)]
    call = process.admit(100)
    if call is not None:
        world.advance(100 * amount)
        process.leave(call)


def answers(world: World, which: int, amount: float) -> None:
    process = world.processes[which % len(world.processes)]
    for call in process.calls[:40]:
        process.settle(call, round(call.tokens * amount))


def call_that_never_leaves(world: World, which: int, amount: float) -> None:
    process = world.processes[which % len(world.processes)]
    call = process.admit(100)
    world.advance(3 * amount)
    if call is not None:
        process.settle(call, 0)


def time_passes(world: World, _: int, amount: float) -> None:
    world.advance(20 * amount)


def nobody_looks(world: World, _: int, amount: float) -> None:
    """A machine sleeps; not just while others come back from an outage."""
    world.advance(4.0)
    world.jump(90 * amount)


def redis_is_away(world: World, which: int, amount: float) -> None:
    world.cut(True)
    world.advance(2 * amount)
    for other in range(len(world.processes)):
        some_calls(world, which + other, amount)
        world.advance(2 * amount)
    world.cut(False)


def redis_is_emptied(world: World, which: int, amount: float) -> None:
    redis_is_away(world, which, amount)
    world.empty()


def redis_is_emptied_unseen(world: World, _: int, __: float) -> None:
    world.empty()


def process_is_killed(world: World, which: int, _: float) -> None:
    world.kill(world.processes[which % len(world.processes)])


def process_is_killed_while_redis_is_away(world: World, which: int, amount: float) -> None:
    world.cut(True)
    world.advance(2 * amount)
    process_is_killed(world, which, amount)
    for other in range(len(world.processes)):
        some_calls(world, which + other, amount)
    world.cut(False)
    world.empty()


STEPS: list[Step] = [
    some_calls,
    late_call,
    answers,
    call_that_never_leaves,
    time_passes,
    nobody_looks,
    redis_is_away,
    redis_is_emptied,
    redis_is_emptied_unseen,
    process_is_killed,
    process_is_killed_while_redis_is_away,
]
schedules = st.lists(
    st.tuples(st.sampled_from([*[some_calls] * 4, *STEPS]), st.integers(0, 3), st.floats(0.0, 1.0)), max_size=25
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(processes=st.integers(1, 4), is_paced=st.booleans(), schedule=schedules)
def test_no_sliding_minute_holds_more_than_the_limit_for_any_schedule(
    redis_server: RedisServer, processes: int, is_paced: bool, schedule: list[tuple[Step, int, float]]
) -> None:
    world = World(redis_server, is_paced, has_tables=True)
    for _ in range(processes):
        world.start(CALLS, TOKENS)
    world.advance(1.5)

    for step, which, amount in schedule:
        step(world, which, amount)

    calls, tokens = world.worst(60.0)
    assert calls <= CALLS
    assert tokens <= TOKENS


def test_limit_is_used_whole_by_whoever_calls(redis_server: RedisServer) -> None:
    world = World(redis_server)
    busy, _, late = (world.start(100) for _ in range(3))
    world.advance(4.0)

    first = [busy.call(10) for _ in range(150)]
    second = [late.call(10) for _ in range(20)]

    assert sum(call is not None for call in first) == 100
    assert not any(second)
    world.advance(MINUTE_S - 1.0)
    assert late.call(10) is None
    world.advance(2.0)
    assert sum(late.call(10) is not None for _ in range(150)) == 100


def test_units_that_are_leased_and_not_used_go_back(redis_server: RedisServer) -> None:
    world = World(redis_server)
    first, second = (world.start(240) for _ in range(2))
    world.advance(4.0)

    assert first.call(10) is not None  # with it a block of two
    world.advance(3.0)

    assert sum(second.call(10) is not None for _ in range(300)) == 239


def test_tokens_that_an_answer_did_not_use_serve_others(redis_server: RedisServer) -> None:
    world = World(redis_server)
    first, second = (world.start(1000, 1000) for _ in range(2))
    world.advance(4.0)
    call = first.call(900)
    assert call is not None
    assert second.call(200) is None

    first.settle(call, 300)
    world.advance(1.5)

    assert second.call(200) is not None


def test_process_that_dies_gives_back_only_what_no_minute_counts(redis_server: RedisServer) -> None:
    world = World(redis_server)
    dead, other = (world.start(60) for _ in range(2))
    world.advance(4.0)
    assert sum(dead.call(10) is not None for _ in range(60)) == 60

    world.processes.remove(dead)
    world.advance(MINUTE_S - 1.0)

    assert other.call(10) is None
    world.advance(4.0)
    assert other.call(10) is not None


@pytest.mark.parametrize("starts_again", [True, False])
def test_what_a_killed_process_used_is_not_forgotten_with_redis(redis_server: RedisServer, starts_again: bool) -> None:
    world = World(redis_server, has_tables=True)
    processes = [world.start(60) for _ in range(3)]
    world.advance(6.0)
    assert sum(processes[0].call(10) is not None for _ in range(50)) == 50

    world.kill(processes[0], starts_again)
    world.advance(10.0)
    world.empty()
    for _ in range(40):
        world.advance(1.0)
        for process in world.processes:
            process.call(10)

    assert world.worst(60.0)[0] <= 60
    world.advance(MINUTE_S)
    assert sum(process.call(10) is not None for _ in range(60) for process in world.processes) == 60


def test_what_a_process_used_that_is_cut_off_is_not_forgotten_with_redis(redis_server: RedisServer) -> None:
    world = World(redis_server)
    processes = [world.start(60) for _ in range(3)]
    world.advance(6.0)
    assert sum(processes[0].call(10) is not None for _ in range(50)) == 50

    processes[0].line.is_cut = True
    world.advance(2.0)
    world.empty()
    for _ in range(20):
        world.advance(1.0)
        for process in processes[1:]:
            process.call(10)
    processes[0].line.is_cut = False
    world.advance(4.0)

    assert processes[1].limiter.minute.share is None  # all have told
    for _ in range(20):
        processes[1].call(10)
    assert world.worst(60.0)[0] == 60


def test_process_that_starts_while_redis_is_away_uses_only_a_share_of_what_was_free(redis_server: RedisServer) -> None:
    world = World(redis_server, has_tables=True)
    busy = world.start(60)
    world.advance(6.0)
    assert sum(busy.call(10) is not None for _ in range(40)) == 40

    world.cut(True)
    world.advance(50.0)
    late = Process(world, (60, 10**9))
    late.line.is_cut = True
    world.processes.append(late)
    world.advance(20.0)  # what was used has left the window

    assert sum(late.call(10) is not None for _ in range(60)) <= 60 // 4


def test_process_that_ends_gives_back_what_it_holds(redis_server: RedisServer) -> None:
    world = World(redis_server)
    ends, other = (world.start(1000, 1000) for _ in range(2))
    world.advance(4.0)
    call = ends.admit(900)
    assert call is not None

    ends.settle(call, 0)
    ends.rounds.leave()
    world.processes.remove(ends)

    assert other.call(1000) is not None
    assert world.ledger.live("p1") == (1, 2)


@pytest.mark.parametrize(("span_s", "unit"), [(HOUR_S, "hour"), (DAY_S, "day")])
def test_hour_and_day_hold_in_sum(redis_server: RedisServer, span_s: float, unit: str) -> None:
    world = World(redis_server)
    first, second = (world.start(1000) for _ in range(2))
    for process in (first, second):
        getattr(process.limiter, unit).calls_limit = 30
    world.advance(4.0)

    used = sum(process.call(10) is not None for _ in range(20) for process in (first, second))

    assert used == 30
    world.jump(span_s - 10.0)
    world.advance(1.0)
    assert first.call(10) is None
    world.jump(0.01 * span_s + 20.0)
    world.advance(1.0)
    assert first.call(10) is not None


@pytest.mark.parametrize("unit", ["minute", "hour", "day"])
def test_emptied_redis_opens_no_fresh_window(redis_server: RedisServer, unit: str) -> None:
    world = World(redis_server)
    processes = [world.start(1000) for _ in range(3)]
    for process in processes:
        getattr(process.limiter, unit).calls_limit = 30
    world.advance(4.0)
    assert sum(process.call(10) is not None for _ in range(20) for process in processes) == 30

    world.cut(True)
    world.advance(2.0)
    world.empty()
    world.cut(False)
    world.advance(8.0)

    assert not any(process.call(10) for process in processes)


def test_what_the_tables_know_counts_once_for_all_that_start(redis_server: RedisServer) -> None:
    world = World(redis_server)

    def past() -> tuple[list[Entry], list[Entry]]:
        now = 17.0 * (1 + len(world.processes))
        return [Entry(now - 30.0, 10) for _ in range(20)], [Entry(now - 3000.0, 400, calls=40)]

    processes = [world.start(60, past=past) for _ in range(2)]
    for process in processes:
        process.limiter.hour.calls_limit = 100
    world.advance(6.0)

    assert sum(process.call(10) is not None for _ in range(50) for process in processes) == 40
    world.advance(MINUTE_S)
    assert sum(process.call(10) is not None for _ in range(50) for process in processes) == 20
