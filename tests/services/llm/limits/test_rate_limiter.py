"""Windows and limiters: functions of the time they are given."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.llm.limits.concurrency import ConcurrencyLimit
from services.llm.limits.limit_headers import StatedLimit, Unit, Window
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


# --- limiters --------------------------------------------------------------------------------


def test_limiter_waits_for_the_longer_of_its_windows() -> None:
    made = limiter(tokens=100)
    made.seed([Entry(-10.0, 950)], [Entry(-80_000.0, 90)])

    assert made.wait_s(5, 0.0) == 0.0
    assert made.wait_s(60, 0.0) == pytest.approx(86_400 - 80_000)
    assert made.wait_s(101, 0.0) == math.inf


def test_limiter_is_full_while_as_many_are_under_way_as_are_allowed() -> None:
    made = RateLimiter(SlidingWindow(60, None, None), SlidingWindow(86_400, None, None), ConcurrencyLimit(2))
    first, second = made.admit(1, 0.0), made.admit(1, 0.0)
    assert made.is_full()

    made.sent(first, 0.0)
    made.settle(first, 1)
    assert (made.in_flight, made.is_full()) == (1, False)
    made.settle(second, 0)

    assert made.in_flight == 0


def test_call_counts_what_it_used_in_minute_and_day() -> None:
    made = limiter()
    entry = made.admit(500, 0.0)
    made.sent(entry, 1.0)

    made.settle(entry, 120)

    assert (made.minute.tokens, made.day.tokens, made.minute.calls, made.day.calls) == (120, 120, 1, 1)
    assert entry.at == 1.0


@pytest.mark.parametrize(
    ("cap", "stated", "limit"),
    [
        pytest.param(None, 500, 500, id="vendor-says-less"),
        pytest.param(None, 50_000, 50_000, id="vendor-says-more"),
        pytest.param(300, 500, 300, id="user-says-less-than-the-vendor"),
        pytest.param(800, 500, 500, id="user-says-more-than-the-vendor"),
    ],
)
@pytest.mark.parametrize("unit", ["tokens", "requests"])
@pytest.mark.parametrize("where", ["minute", "day"])
def test_stated_limit_holds_but_never_above_the_users_own(
    unit: Unit, where: Window, cap: int | None, stated: int, limit: int
) -> None:
    made = limiter(calls=100, tokens=100)
    window = made.day if where == "day" else made.minute
    window.tokens_cap = window.calls_cap = cap

    made.learn([StatedLimit(unit, where, stated, None, None)], 0.0)

    assert (window.tokens_limit if unit == "tokens" else window.calls_limit) == limit


@pytest.mark.parametrize(
    ("remaining", "reset_s", "counted"),
    [
        pytest.param(900, 30.0, 100, id="as-many-as-ours"),
        pytest.param(850, 30.0, 100, id="a-twentieth-more-is-borne"),
        pytest.param(849, 30.0, 151, id="more-than-that-is-taken-over"),
        pytest.param(0, 30.0, 1000, id="nothing-is-left"),
        pytest.param(1000, 30.0, 100, id="less-than-ours-is-not-believed"),
        pytest.param(None, 30.0, 100, id="rest-is-not-told"),
        pytest.param(0, 0.0, 100, id="it-is-whole-again-at-once"),
        pytest.param(0, None, 1000, id="reset-is-not-told"),
    ],
)
def test_vendors_count_is_taken_where_it_is_well_above_ours(
    remaining: int | None, reset_s: float | None, counted: int
) -> None:
    made = limiter()
    made.admit(100, 0.0)

    made.learn([StatedLimit("tokens", "minute", 1000, remaining, reset_s)], 0.0)

    assert made.minute.tokens == counted


def test_use_of_others_leaves_when_the_vendor_says_so() -> None:
    made = limiter()

    made.learn([StatedLimit("tokens", "minute", 1000, 100, 20.0)], 1000.0)

    assert made.wait_s(200, 1000.0) == pytest.approx(20.0)
    assert made.wait_s(200, 1020.1) == 0.0


def test_requests_of_others_are_calls_and_no_tokens() -> None:
    made = limiter()

    made.learn([StatedLimit("requests", "minute", 50, 20, 10.0)], 0.0)

    assert (made.minute.calls, made.minute.tokens) == (30, 0)


@pytest.mark.parametrize(
    ("row", "holds"),
    [
        pytest.param(StatedLimit("requests", "day", 1000, 0, 500.0), 500.0, id="spent"),
        pytest.param(StatedLimit("requests", "day", 1000, 1, 500.0), 0.0, id="one-is-left"),
        pytest.param(StatedLimit("requests", "minute", 1000, 0, 500.0), 0.0, id="minutes-hold-nothing"),
        pytest.param(StatedLimit("requests", "day", 1000, 0, None), 0.0, id="until-when-is-not-told"),
    ],
)
def test_spent_day_is_held_until_the_vendor_says(row: StatedLimit, holds: float) -> None:
    made = limiter()

    made.learn([row], 0.0)

    assert made.day.hold_until == holds


def test_later_word_never_shortens_the_hold_of_a_spent_day() -> None:
    made = limiter()
    made.learn([StatedLimit("tokens", "day", 1000, 0, 500.0)], 0.0)

    made.learn([StatedLimit("requests", "day", 1000, 0, 100.0)], 0.0)

    assert made.wait_s(1, 0.0) == pytest.approx(500.0)


@given(
    st.lists(
        st.tuples(st.sampled_from(["admit", "send", "settle", "give up"]), st.floats(0, 30), st.integers(1, 300)),
        max_size=60,
    )
)
def test_limiter_counts_exactly_those_who_are_under_way(steps: list[tuple[str, float, int]]) -> None:
    made, now = limiter(), 0.0
    admitted: list[Entry] = []
    sent: list[Entry] = []
    for what, pause, tokens in steps:
        now += pause
        if what == "admit" and made.wait_s(tokens, now) == 0.0:
            admitted.append(made.admit(tokens, now))
        elif what == "send" and admitted:
            sent.append(admitted.pop(0))
            made.sent(sent[-1], now)
        elif what == "settle" and sent:
            made.settle(sent.pop(0), min(tokens, 100))
        elif what == "give up" and admitted:
            made.settle(admitted.pop(), 0)
        assert made.in_flight == len(admitted) + len(sent)
        assert 0 <= made.minute.tokens <= 1000
    for entry in admitted:
        made.settle(entry, 0)
    for entry in sent:
        made.settle(entry, 0)

    made.minute.expire(now + MINUTE_S)

    assert (made.in_flight, made.minute.calls, made.minute.tokens) == (0, 0, 0)
