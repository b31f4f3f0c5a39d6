"""What one process learns, all know: limits, refusals, who is there, and that Redis is away."""

import logging
import threading

import pytest

from services.llm.limits.limit_headers import StatedLimit
from services.llm.limits.meter import Learned
from services.llm.limits.shared.fallback import share
from services.llm.limits.shared.ledger import Ledger, LedgerAwayError
from services.llm.limits.shared.rounds import UNKNOWN_PROCESSES
from tests.redis_server import RedisServer
from tests.services.llm.limits.shared.simulation import Process, World


def refused(process: Process, hint_s: float | None) -> None:
    call = process.call(10)
    assert call is not None
    process.limiter.refused(call.entry, "requests", hint_s, process.clock.monotonic())
    process.settle(call, 0)


@pytest.fixture
def world(redis_server: RedisServer) -> World:
    return World(redis_server)


def test_refusal_with_a_hint_stops_all_within_a_second_until_its_end(world: World) -> None:
    first, second = (world.start(600) for _ in range(2))
    world.advance(4.0)
    assert second.call(10) is not None

    refused(first, 30.0)
    world.advance(1.0)

    assert second.limiter.shut_s(second.clock.monotonic()) == pytest.approx(29.0, abs=1.5)
    assert second.call(10) is None
    world.advance(31.0)
    assert first.call(10) is not None  # looks whether the vendor takes calls again
    world.advance(3.0)
    assert second.limiter.shut_s(second.clock.monotonic()) == 0.0


def test_hold_ends_with_the_hint_when_nobody_looks(world: World) -> None:
    first, second = (world.start(600) for _ in range(2))
    world.advance(4.0)

    refused(first, 30.0)
    world.advance(33.0)

    assert second.call(10) is not None


def test_process_that_was_refused_too_leaves_the_looking_to_the_first(world: World) -> None:
    first, second = (world.start(600) for _ in range(2))
    world.advance(4.0)
    refused(first, 20.0)
    world.advance(0.1)
    second.limiter.calls.refused(second.clock.monotonic(), second.clock.monotonic(), 20.0, second.clock.monotonic())

    world.advance(1.0)

    assert first.limiter.calls.closure is not None
    assert second.limiter.calls.closure is None


def test_limits_that_a_vendor_states_to_one_hold_for_all(world: World) -> None:
    first, second = (world.start(600) for _ in range(2))
    world.advance(4.0)

    stated = [StatedLimit("requests", "minute", 90, None, None), StatedLimit("tokens", "day", 5000, None, None)]
    first.limiter.learn(stated, first.clock.monotonic(), first.clock.monotonic())
    world.advance(1.0)

    assert second.limiter.minute.calls_limit == 90
    assert second.limiter.day.tokens_limit == 5000


def test_limits_that_refusals_taught_one_hold_for_all(world: World) -> None:
    first, second = (world.start(600) for _ in range(2))
    world.advance(4.0)

    first.limiter.recall({"requests": Learned(2.0, 120, True)})
    world.advance(1.0)

    assert second.limiter.learned()["requests"] == Learned(2.0, 120, True)
    assert second.limiter.minute.calls_limit == 120


def test_process_that_starts_later_knows_what_was_learned(world: World) -> None:
    first = world.start(600)
    world.advance(4.0)
    first.limiter.recall({"requests": Learned(2.0, 120, True)})
    world.advance(1.0)

    late = world.start(600)

    assert late.limiter.minute.calls_limit == 120


def test_all_log_what_the_account_used_together(world: World) -> None:
    """What a spent minute held is the sum: else each would learn its own part as the limit."""
    first, second = (world.start(600) for _ in range(2))
    world.advance(4.0)
    for _ in range(30):
        assert first.call(10) is not None
        world.advance(0.1)
    for _ in range(10):
        assert second.call(10) is not None
        world.advance(0.1)
    world.advance(3.0)

    now = second.clock.monotonic()
    seen = sum(units for _, units in second.limiter._calls_log(now - 60.0, now))

    assert seen == pytest.approx(40.0, abs=1.0)


def test_processes_are_counted_while_they_are_heard_of(world: World) -> None:
    first, second, third = (world.start(600) for _ in range(3))
    world.advance(2.0)
    assert [process.rounds.state.processes for process in world.processes] == [3, 3, 3]

    world.processes.remove(third)
    world.advance(12.0)

    assert first.rounds.state.processes == second.rounds.state.processes == 2


def test_redis_that_goes_away_is_told_once_and_seen_in_the_state(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    process = world.start(600)
    world.start(600)
    world.advance(2.0)

    world.cut(True)
    world.advance(10.0)
    assert not process.rounds.state.is_joined
    world.cut(False)
    world.advance(1.0)

    assert process.rounds.state.is_joined
    told = [record.message for record in caplog.records]
    assert told.count("redis is away: this process keeps to its share of all limits") == 2  # once a process
    assert told.count("limits are shared again") == 2


def test_each_process_uses_its_share_once_redis_is_away_for_long(world: World) -> None:
    processes = [world.start(40) for _ in range(4)]
    world.advance(4.0)
    assert sum(processes[0].call(10) is not None for _ in range(40)) == 40

    world.cut(True)
    world.advance(130.0)

    assert [sum(process.call(10) is not None for _ in range(40)) for process in processes] == [10, 10, 10, 10]


def test_process_that_never_met_redis_assumes_some_others(redis_server: RedisServer) -> None:
    world = World(redis_server)
    process = Process(world, (40, 10**9))
    process.line.is_cut = True
    world.processes.append(process)
    world.advance(1.0)

    assert sum(process.call(10) is not None for _ in range(40)) == 40 // UNKNOWN_PROCESSES


@pytest.mark.parametrize(
    ("limit", "first", "processes", "spans", "most"),
    [
        pytest.param(100, 70.9, 4, 0.5, 70, id="own-and-spare-at-first"),
        pytest.param(100, 70.9, 4, 1.5, 25, id="down-to-the-share"),
        pytest.param(100, 5.0, 4, 1.5, 5, id="not-up-yet"),
        pytest.param(100, 5.0, 4, 2.5, 25, id="up-to-the-share"),
        pytest.param(2, 0.0, 4, 2.5, 1, id="one-at-least"),
        pytest.param(None, 0.0, 4, 0.5, float("inf"), id="no-limit"),
    ],
)
def test_share_goes_from_own_use_to_an_equal_part(
    limit: int | None, first: float, processes: int, spans: float, most: float
) -> None:
    assert share(limit, first, processes, spans) == most


def test_ledger_that_does_not_answer_is_away_soon() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        ledger = Ledger(f"redis://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.05)
        with pytest.raises(LedgerAwayError, match="Redis: "):
            ledger.live("p0")
        ledger.close()


def test_password_stands_in_no_message() -> None:
    ledger = Ledger("redis://:hunter2secret@127.0.0.1:1/0", timeout_s=0.05)

    with pytest.raises(LedgerAwayError) as error:
        ledger.live("p0")

    assert "hunter2secret" not in str(error.value)
    ledger.close()


def test_no_lease_no_redis() -> None:
    """Who has no ledger does not load the client, nor starts a thread."""
    import subprocess
    import sys

    code = "import sys, bootstrap, services.llm.limits.shared.keeper; print('redis' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "False"
    assert not [thread for thread in threading.enumerate() if thread.name == "shared limits"]
