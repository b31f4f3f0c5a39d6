"""How many calls a server takes at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.llm.limits.concurrency import ConcurrencyLimit


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


def a_round(limit: ConcurrencyLimit, now: float, *, pace: float = 1.0, busy: bool = True) -> int:
    """Let one round of answers come, each *pace* seconds for a hundred tokens; return what is allowed then."""
    for _ in range(max(8, limit.allowed)):
        limit.answered(2 * pace, 100, limit.allowed if busy else 1, now)
    return limit.allowed


def test_while_nothing_is_known_the_number_doubles_round_by_round() -> None:
    limit = ConcurrencyLimit(64, start=4)

    assert [limit.allowed, *(a_round(limit, now) for now in range(5))] == [4, 8, 16, 32, 64, 64]


def test_number_does_not_grow_while_it_is_not_used() -> None:
    limit = ConcurrencyLimit(64, start=4)

    assert [a_round(limit, now, busy=False) for now in range(5)] == [4] * 5


def test_part_of_a_round_proves_nothing() -> None:
    limit = ConcurrencyLimit(64, start=4)

    for _ in range(7):
        limit.answered(1.0, 100, 4, 0.0)

    assert limit.allowed == 4


@pytest.mark.parametrize(
    ("pace", "allowed"),
    [
        pytest.param(2.4, 16, id="a-little-slower-is-borne"),
        pytest.param(2.6, 5, id="more-than-twice-as-slow-is-cut"),
    ],
)
def test_server_that_gets_slower_is_asked_less(pace: float, allowed: int) -> None:
    limit = ConcurrencyLimit(64, start=4)
    a_round(limit, 0.0)

    assert a_round(limit, 100.0, pace=pace) == allowed


def test_after_a_cut_the_number_grows_one_by_one() -> None:
    limit = ConcurrencyLimit(64, start=8)
    limit.overloaded(100.0, 1.0)

    assert [limit.allowed, *(a_round(limit, 200.0 + now) for now in range(3))] == [4, 5, 6, 7]


def test_length_of_the_answers_is_no_slowness() -> None:
    limit = ConcurrencyLimit(64, start=4)
    a_round(limit, 0.0)

    for _ in range(8):
        limit.answered(2.0 * 11, 2100, 8, 100.0)  # eleven times as long, by eleven times as many tokens

    assert limit.allowed == 16


@pytest.mark.parametrize(
    ("silence_s", "allowed"), [pytest.param(500.0, 5, id="short"), pytest.param(601.0, 16, id="ten-minutes")]
)
def test_after_a_long_silence_the_best_pace_counts_no_more(silence_s: float, allowed: int) -> None:
    limit = ConcurrencyLimit(64, start=4)
    a_round(limit, 0.0)

    assert a_round(limit, silence_s, pace=9.0) == allowed


def test_server_with_stated_limits_begins_at_its_most_and_slowness_does_not_cut_it() -> None:
    limit = ConcurrencyLimit(16)

    assert [a_round(limit, now, pace=1.0 + 10 * now) for now in range(4)] == [16] * 4


def test_overloaded_server_with_stated_limits_comes_back_by_one_a_round() -> None:
    limit = ConcurrencyLimit(16)
    limit.overloaded(100.0, 1.0)
    assert limit.allowed == 8

    for _ in range(9):
        limit.answered(1.0, 100, 1, 200.0)

    assert limit.allowed == 9


def test_overload_leaves_one_call_however_often_it_comes() -> None:
    limit = ConcurrencyLimit(64)

    for number in range(20):
        limit.overloaded(100.0 * number, 1.0)

    assert limit.allowed == 1
