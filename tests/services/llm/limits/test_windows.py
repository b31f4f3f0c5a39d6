"""The log of a window: a function of the time it is given."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.llm.limits.windows import MINUTE_S, Entry, SlidingWindow


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


# --- borders of a window ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("calls", "tokens", "wanted", "wait_s"),
    [
        pytest.param(3, None, 1, 0.0, id="room-for-a-call"),
        pytest.param(2, None, 1, 10.0, id="calls-are-used-up"),
        pytest.param(None, 100, 40, 0.0, id="room-for-the-tokens"),
        pytest.param(None, 100, 41, 10.0, id="one-token-too-many"),
        pytest.param(None, 100, 71, 20.0, id="both-must-leave"),
        pytest.param(None, 100, 100, 20.0, id="all-of-the-minute"),
        pytest.param(None, 100, 101, math.inf, id="more-than-the-minute"),
        pytest.param(2, 100, 71, 20.0, id="the-tighter-one-decides"),
        pytest.param(0, None, 0, 20.0, id="no-call-at-all"),
        pytest.param(None, None, 10**9, 0.0, id="no-limits"),
    ],
)
def test_call_waits_until_just_enough_has_left_the_window(
    calls: int | None, tokens: int | None, wanted: int, wait_s: float
) -> None:
    window = SlidingWindow(60, calls, tokens)
    window.add(Entry(-50.0, 30))
    window.add(Entry(-40.0, 30))

    assert window.wait_s(wanted, 0.0) == wait_s


def test_entry_leaves_at_the_end_of_the_span_and_not_before() -> None:
    window = SlidingWindow(60, 1, None)
    window.add(Entry(0.0, 10))

    assert window.wait_s(1, 59.9) == pytest.approx(0.1)
    assert window.wait_s(1, 60.0) == 0.0
    assert (window.calls, window.tokens) == (0, 0)


def test_entries_are_kept_in_order_of_time_however_they_come() -> None:
    window = SlidingWindow(60, 1, None)
    for at in (5.0, 1.0, 3.0):
        window.add(Entry(at, 10))

    waits = []
    for now in (61.0, 63.0):
        window.expire(now)
        waits.append(window.calls)

    assert waits == [2, 1]


def test_removed_entry_counts_no_more_and_is_removed_once() -> None:
    window, entry = SlidingWindow(60, 5, 100), Entry(0.0, 40)
    window.add(entry)
    window.add(Entry(0.0, 40))  # one just like it stays

    assert (window.remove(entry), window.remove(entry)) == (True, False)
    assert (window.calls, window.tokens) == (1, 40)


def test_entry_that_has_left_the_window_is_not_moved_back_into_it() -> None:
    window, entry = SlidingWindow(60, 5, 100), Entry(0.0, 40)
    window.add(entry)
    window.expire(60.0)

    window.move(entry, 61.0)

    assert (window.calls, entry.at) == (0, 0.0)


@pytest.mark.parametrize(
    ("calls", "tokens", "share"),
    [
        pytest.param(10, 1000, 0.2, id="calls"),
        pytest.param(100, 100, 0.6, id="tokens"),
        pytest.param(None, 100, 0.6, id="no-limit-of-calls"),
        pytest.param(None, None, 0.0, id="no-limits"),
    ],
)
def test_used_share_is_that_of_the_tighter_limit(calls: int | None, tokens: int | None, share: float) -> None:
    window = SlidingWindow(60, calls, tokens)
    window.add(Entry(0.0, 30))
    window.add(Entry(0.0, 30))

    assert window.used_share() == pytest.approx(share)


def test_thousands_of_calls_leave_nothing_behind() -> None:
    window = SlidingWindow(60, None, None)
    for second in range(5000):
        window.add(Entry(float(second), 1))
        window.expire(float(second))

    assert (window.calls, window.tokens) == (60, 60)
    assert len(window._entries) < 1200


def test_voided_call_counts_for_nothing_and_stays_out_of_the_logs() -> None:
    window, entry = SlidingWindow(60, 5, 100), Entry(1.0, 40)
    window.add(entry)
    window.add(Entry(2.0, 30))

    window.void(entry)
    entry.calls = entry.tokens = 0

    assert (window.calls, window.tokens, window.room(3.0)) == (1, 30, 70)
    assert window.calls_log(0.0, 3.0) == [(2.0, 1.0)]
    window.settle(entry, 0)
    window.expire(1000.0)
    assert (window.calls, window.tokens) == (0, 0)


def test_logs_tell_what_left_between_two_moments_oldest_first() -> None:
    window = SlidingWindow(60)
    for at, tokens in ((1.0, 10), (2.0, 20), (3.0, 30)):
        window.add(Entry(at, tokens))

    assert window.tokens_log(1.0, 2.5) == [(2.0, 20.0)]
    assert window.tokens_log(0.0, 3.0) == [(1.0, 10.0), (2.0, 20.0), (3.0, 30.0)]
    assert SlidingWindow(60).room(0.0) == math.inf
