"""The limiter of one account: functions of the time they are given."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.llm.limits.concurrency import ConcurrencyLimit
from services.llm.limits.limit_headers import StatedLimit, Unit, Window
from services.llm.limits.meter import Learned
from services.llm.limits.rate_limiter import RateLimiter
from services.llm.limits.windows import DAY_S, HOUR_S, MINUTE_S, Entry


def limiter(**day: int) -> RateLimiter:
    """Return a limiter of 100 calls and 1,000 tokens a minute that does not pace them."""
    made = RateLimiter(ConcurrencyLimit(64))
    made.minute.calls_limit, made.minute.tokens_limit = 100, 1000
    made.day.calls_limit, made.day.tokens_limit = day.get("calls"), day.get("tokens")
    made.calls.rate = math.inf
    return made


def test_day_and_minute_are_kept_together_and_earlier_use_counts() -> None:
    made = limiter(calls=5)
    made.seed([], [Entry(-3600.0, 100, calls=4)])

    assert made.wait_s(10, 0.0) == 0.0
    made.admit(10, 0.0)

    assert made.wait_s(10, 1.0) == 0.0
    assert made.long_wait_s(10, 1.0) == pytest.approx(DAY_S - 3600 - 1)


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


def test_calls_of_the_last_hour_before_a_restart_count() -> None:
    made = limiter()
    made.hour.calls_limit = 5
    made.seed([], [Entry(-3_700.0, 90, calls=9), Entry(-600.0, 40, calls=4)])

    assert made.long_wait_s(10, 0.0) == 0.0
    assert (made.hour.calls, made.hour.tokens, made.day.calls) == (4, 40, 13)
    made.admit(10, 0.0)
    assert made.long_wait_s(10, 0.0) == pytest.approx(HOUR_S - 600)


def test_spent_day_holds_until_its_reset() -> None:
    made = limiter()

    made.learn([StatedLimit("requests", "day", 1000, 0, 500.0)], 100.0, 100.0)

    assert made.long_wait_s(1, 100.0) == pytest.approx(500.0)


# --- limiters --------------------------------------------------------------------------------


def test_limiter_waits_for_the_longer_of_its_windows() -> None:
    made = limiter(tokens=100)
    made.seed([Entry(-10.0, 950)], [Entry(-80_000.0, 90)])

    assert (made.wait_s(5, 0.0), made.long_wait_s(5, 0.0)) == (0.0, 0.0)
    assert made.wait_s(60, 0.0) == pytest.approx(MINUTE_S - 10)
    assert made.long_wait_s(60, 0.0) == pytest.approx(DAY_S - 80_000)
    assert made.long_wait_s(101, 0.0) == math.inf


def test_limiter_is_full_while_as_many_are_under_way_as_are_allowed() -> None:
    made = RateLimiter(ConcurrencyLimit(2))
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
def test_stated_limit_holds_but_never_above_the_users_own(unit: Unit, cap: int | None, stated: int, limit: int) -> None:
    made = limiter()
    made.tell(unit, 1000, cap)

    made.learn([StatedLimit(unit, "minute", stated, None, None)], 0.0, 0.0)

    assert (made.minute.tokens_limit if unit == "tokens" else made.minute.calls_limit) == limit


@pytest.mark.parametrize("where", ["hour", "day"])
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
def test_vendors_count_of_a_long_window_is_taken_where_it_is_well_above_ours(
    where: Window, remaining: int | None, reset_s: float | None, counted: int
) -> None:
    made = limiter()
    made.admit(100, 0.0)

    made.learn([StatedLimit("tokens", where, 1000, remaining, reset_s)], 0.0, 0.0)

    window = made.hour if where == "hour" else made.day
    assert (window.tokens, window.tokens_limit) == (counted, 1000)


def test_requests_of_others_are_calls_and_no_tokens() -> None:
    made = limiter()

    made.learn([StatedLimit("requests", "day", 50, 20, 10.0)], 0.0, 0.0)

    assert (made.day.calls, made.day.tokens) == (30, 0)


@pytest.mark.parametrize(
    ("row", "holds"),
    [
        pytest.param(StatedLimit("requests", "day", 1000, 0, 500.0), 500.0, id="spent"),
        pytest.param(StatedLimit("requests", "day", 1000, 1, 500.0), 0.0, id="one-is-left"),
        pytest.param(StatedLimit("requests", "minute", 1000, 0, 500.0), 0.0, id="a-minute-is-no-day"),
        pytest.param(StatedLimit("requests", "day", 1000, 0, None), 0.0, id="until-when-is-not-told"),
    ],
)
def test_spent_day_is_held_until_the_vendor_says(row: StatedLimit, holds: float) -> None:
    made = limiter()

    made.learn([row], 0.0, 0.0)

    assert made.day.hold_until == holds


def test_later_word_never_shortens_the_hold_of_a_spent_day() -> None:
    made = limiter()
    made.learn([StatedLimit("tokens", "day", 1000, 0, 500.0)], 0.0, 0.0)

    made.learn([StatedLimit("requests", "day", 1000, 0, 100.0)], 0.0, 0.0)

    assert made.long_wait_s(1, 0.0) == pytest.approx(500.0)


def test_limit_of_a_second_is_kept_as_a_pace() -> None:
    made = RateLimiter(ConcurrencyLimit(64))

    made.learn([StatedLimit("requests", "second", 5, None, None)], 0.0, 0.0)

    assert made.minute.calls_limit == 300
    assert made.calls.rate == pytest.approx(5.0)


def test_limit_of_a_second_leaves_the_users_own_in_force() -> None:
    made = RateLimiter(ConcurrencyLimit(64))
    made.tell("requests", 1000, cap=120)

    made.learn([StatedLimit("requests", "second", 5, None, None)], 0.0, 0.0)
    made.learn([StatedLimit("requests", "minute", 1000, None, None)], 1.0, 1.0)

    assert made.minute.calls_limit == 120


# --- what the vendor says is left of a minute -----------------------------------------------


def keeping(calls: int = 600) -> RateLimiter:
    made = RateLimiter(ConcurrencyLimit(64))
    made.tell("requests", calls)
    return made


def paced(made: RateLimiter, until: float, now: float = 0.0) -> float:
    """Send a call whenever one fits, until *until*; return when the last one left."""
    left = now
    while now < until:
        wait_s = made.wait_s(10, now)
        if wait_s == 0.0:
            made.sent(made.admit(10, now), now)
            left = now
        now += max(wait_s, 0.001)
    return left


def test_vendor_that_tells_room_while_our_minute_is_full_is_believed() -> None:
    made = keeping()
    for at in range(600):
        made.seed([Entry(at / 100, 10)], [])
    assert made.minute.wait_s(10, 10.0) > 40

    made.learn([StatedLimit("requests", "minute", 600, 30, 1.0)], 9.0, 10.0)

    assert made.wait_s(10, 10.0) == 0.0
    made.sent(made.admit(10, 10.0), 10.0)
    assert made.wait_s(10, 10.2) == 0.0
    assert made.wait_s(10, 16.0) > 40  # an old word is none


def test_room_that_is_told_is_less_what_was_sent_since() -> None:
    made = keeping()
    for at in range(600):
        made.seed([Entry(at / 100, 10)], [])

    made.learn([StatedLimit("requests", "minute", 600, 30, 1.0)], 5.0, 10.0)  # some hundred calls left after it

    assert made.wait_s(10, 10.0) > 40


def test_account_that_others_use_up_is_left_alone_until_its_minute_is_over_but_not_for_long() -> None:
    made = keeping()

    made.learn([StatedLimit("requests", "minute", 600, 0, 40.0)], 0.0, 0.0)
    assert made.wait_s(10, 0.0) == pytest.approx(5.0)

    made.learn([StatedLimit("requests", "minute", 600, 300, 40.0)], 1.0, 1.0)
    assert made.wait_s(10, 1.0) == 0.0


@pytest.mark.parametrize("reset_s", [0.1, 2.0])
def test_small_bucket_that_is_whole_again_at_once_is_paced_and_not_held(reset_s: float) -> None:
    made = keeping()

    made.learn([StatedLimit("requests", "minute", 600, 1, reset_s)], 0.0, 0.0)
    made.sent(made.admit(10, 0.0), 0.0)

    assert made.wait_s(10, 0.2) == 0.0


# --- pace ------------------------------------------------------------------------------------


def test_first_calls_follow_each_other_evenly() -> None:
    made, now = keeping(), 0.0
    left: list[float] = []
    while len(left) < 20:
        wait_s = made.wait_s(10, now)
        if wait_s == 0.0:
            made.sent(made.admit(10, now), now)
            left.append(now)
        now += wait_s

    gaps = [later - earlier for earlier, later in pairwise(left)]
    assert min(gaps) > 0.09
    assert max(gaps) < 0.11


def test_burst_deepens_while_more_is_wanted_and_a_refusal_takes_it_back_at_once() -> None:
    made = keeping()
    paced(made, 20.0)
    deep = made.calls.burst
    assert deep > 5

    now = 20.0
    while made.wait_s(10, now):
        now += 0.01
    entry = made.admit(10, now)
    made.sent(entry, now)
    made.refused(entry, "requests", None, now + 0.02)
    made.settle(entry, 0)

    assert made.calls.burst < deep
    assert made.wait_s(10, now + 0.02) > 0.25
    assert (made.minute.calls, made.in_flight) == (made.in_flight, made.minute.calls)


def test_refused_call_counts_for_nothing() -> None:
    made = keeping()
    entry = made.admit(100, 0.0)
    made.sent(entry, 0.0)

    made.refused(entry, "requests", 2.0, 0.1)
    made.settle(entry, 0)

    assert (made.minute.calls, made.minute.tokens, made.day.calls, made.in_flight) == (0, 0, 0, 0)


def test_who_looks_after_a_refusal_is_one_and_the_others_wait_for_its_fate() -> None:
    made = RateLimiter(ConcurrencyLimit(64))
    entry = made.admit(10, 0.0)
    made.sent(entry, 0.0)
    made.refused(entry, "requests", 3.0, 0.1)
    assert made.shut_s(0.1) == pytest.approx(3.0)

    assert made.shut_s(3.1) == 0.0
    looking = made.admit(10, 3.1)
    assert made.shut_s(3.1) > 0.0
    made.sent(looking, 3.4)  # the note of the call took its time
    assert made.shut_s(3.6) == pytest.approx(0.3)

    assert made.shut_s(3.95) == 0.0


def test_call_that_was_to_look_and_never_left_lets_another_look() -> None:
    made = RateLimiter(ConcurrencyLimit(64))
    entry = made.admit(10, 0.0)
    made.sent(entry, 0.0)
    made.refused(entry, "requests", 3.0, 0.1)
    looking = made.admit(10, 3.1)

    made.settle(looking, 0)

    assert made.shut_s(3.1) == 0.0


def test_what_was_learned_goes_on_in_the_next_process() -> None:
    made = RateLimiter(ConcurrencyLimit(64))
    made.calls.recall(Learned(rate=5.0, minute=300, is_coarse=True))

    other = RateLimiter(ConcurrencyLimit(64))
    other.recall(made.learned())

    assert other.minute.calls_limit == 300
    assert other.learned() == made.learned() == {"requests": Learned(5.0, 300, True)}


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
