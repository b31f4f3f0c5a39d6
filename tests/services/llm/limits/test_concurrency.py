"""How many calls a server takes at a time."""

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
