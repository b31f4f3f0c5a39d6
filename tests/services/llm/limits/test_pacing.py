"""The limiter against vendors that keep their limits in every shape, in simulated time."""

import random
from collections.abc import Callable

import pytest

from services.llm.limits.rate_limiter import RateLimiter
from tests.vendors.shapes import Bucket, FixedWindow, Shape, SlidingWindow
from tests.vendors.virtual import AHEAD_S, Run, Vendor, run

CALLS = 600
SHAPES: dict[str, Callable[[random.Random], Shape]] = {
    "sliding-minute": lambda _: SlidingWindow(CALLS),
    "fixed-minute": lambda draw: FixedWindow(CALLS, 60.0, draw.uniform(0, 60)),
    "bucket-of-5": lambda _: Bucket(5, 10),
    "bucket-of-60": lambda _: Bucket(60, 10),
    "bucket-of-a-minute": lambda _: Bucket(CALLS, 10),
    "ten-in-each-second": lambda draw: FixedWindow(10, 1.0, draw.random()),
}
TOKENS = 48_000
TOKEN_SHAPES: dict[str, Callable[[], Shape]] = {
    "sliding-minute": lambda: SlidingWindow(TOKENS),
    "fixed-minute": lambda: FixedWindow(TOKENS, 60.0, 17.0),
    "bucket-of-8000": lambda: Bucket(8_000, TOKENS / 60),
}
shapes = pytest.mark.parametrize("shape", SHAPES)
refusals_count = pytest.mark.parametrize("counts_refused", [False, True], ids=["not-counted", "refused-count-too"])
hints = pytest.mark.parametrize("hints", ["", "whole"], ids=["no-hint", "hint"])
seeds = pytest.mark.parametrize("seed", [1, 2])


def told(limiter: RateLimiter) -> None:
    limiter.tell("requests", CALLS)


def share(made: Run) -> float:
    return len(made.accepted) / (3 * CALLS)


@shapes
@hints
@refusals_count
@seeds
def test_limit_that_is_told_is_used_whatever_its_shape(shape: str, hints: str, counts_refused: bool, seed: int) -> None:
    draw = random.Random(seed)
    made = run(Vendor(SHAPES[shape](draw), hints=hints, counts_refused=counts_refused, draw=draw), tell=told)

    assert share(made) >= 0.97
    assert len(made.refused) <= 2


@shapes
@seeds
def test_threads_that_wake_late_lose_nothing_of_it(shape: str, seed: int) -> None:
    draw = random.Random(seed)
    made = run(Vendor(SHAPES[shape](draw), draw=draw), tell=told, late_s=0.003)

    assert share(made) >= 0.97
    assert len(made.refused) <= 2


@pytest.mark.parametrize("shape", ["sliding-minute", "fixed-minute", "bucket-of-60", "ten-in-each-second"])
@pytest.mark.parametrize("seed", range(6))
def test_limit_that_answers_tell_is_used_from_the_first_of_them_on(shape: str, seed: int) -> None:
    draw = random.Random(seed)
    made = run(Vendor(SHAPES[shape](draw), states=CALLS, dates=True, draw=draw), late_s=0.003)

    assert share(made) >= 0.965
    assert len(made.refused) <= 2


@pytest.mark.parametrize("phase_s", range(0, 60, 6))
def test_minute_whose_end_the_vendor_tells_is_not_overdrawn_before_it(phase_s: int) -> None:
    draw = random.Random(phase_s)
    made = run(Vendor(FixedWindow(CALLS, 60.0, phase_s), states=CALLS, draw=draw), tell=told, late_s=0.003)

    assert share(made) >= 0.97
    assert not made.refused


@pytest.mark.parametrize("dates", [True, False], ids=["dated", "undated"])
@pytest.mark.parametrize("phase_s", range(0, 60, 6))
def test_minute_that_begins_at_any_moment_is_found(phase_s: int, dates: bool) -> None:
    draw = random.Random(phase_s)
    made = run(Vendor(FixedWindow(CALLS, 60.0, phase_s), dates=dates, draw=draw), late_s=0.003)

    assert share(made) >= 0.97
    spent_at_its_end = phase_s == 0  # so it looks like a moment's rate at first
    assert len(made.refused) <= (20 if spent_at_its_end else 16)
    assert (made.limiter.minute.calls_limit or CALLS) == pytest.approx(CALLS, abs=2)


@shapes
@refusals_count
@seeds
def test_limit_that_nobody_tells_is_found_within_a_minute(shape: str, counts_refused: bool, seed: int) -> None:
    draw = random.Random(seed)
    made = run(Vendor(SHAPES[shape](draw), counts_refused=counts_refused, draw=draw))

    assert share(made) >= 0.95
    assert len(made.refused) <= 15


@refusals_count
def test_minute_of_the_vendors_clock_is_found_by_the_dates_of_its_answers(counts_refused: bool) -> None:
    made = run(Vendor(FixedWindow(CALLS, 60.0, -AHEAD_S % 60), dates=True, counts_refused=counts_refused))

    assert share(made) >= 0.97
    assert len(made.refused) <= 15
    assert 0.97 * CALLS <= (made.limiter.minute.calls_limit or 0) <= CALLS


def test_hint_that_says_when_a_minute_is_over_leaves_nothing_to_search() -> None:
    made = run(Vendor(SlidingWindow(CALLS), hints="whole"))

    assert share(made) >= 0.97
    assert made.limiter.minute.calls_limit == pytest.approx(CALLS, abs=2)
    assert len(made.refused) <= 5
    assert not [at for at in made.refused if at > 60]


@pytest.mark.parametrize("shape", ["bucket-of-60", "bucket-of-a-minute"])
def test_room_that_a_vendor_tells_is_used_beyond_what_a_sliding_minute_would_hold(shape: str) -> None:
    made = run(Vendor(SHAPES[shape](random.Random(0)), states=CALLS), tell=told)

    assert share(made) > 1.01
    assert len(made.refused) <= 2


@pytest.mark.parametrize("shape", ["bucket-of-5", "ten-in-each-second"])
def test_little_that_a_vendor_tells_to_be_left_of_a_small_bucket_does_not_slow_us_down(shape: str) -> None:
    made = run(Vendor(SHAPES[shape](random.Random(0)), states=CALLS), tell=told)

    assert share(made) >= 0.96


@pytest.mark.parametrize("guess", [60, 600, 6000])
@pytest.mark.parametrize("shape", ["sliding-minute", "bucket-of-60", "ten-in-each-second"])
def test_guess_helps_where_it_is_right_and_does_no_harm_where_it_is_wrong(shape: str, guess: int) -> None:
    draw = random.Random(3)
    made = run(Vendor(SHAPES[shape](draw), draw=draw), tell=lambda limiter: limiter.tell("requests", None, guess=guess))

    assert share(made) >= 0.93
    assert len(made.refused) <= (8 if guess == CALLS else 15)


@pytest.mark.parametrize("shape", TOKEN_SHAPES)
@hints
def test_tokens_that_are_told_are_used_whatever_their_shape(shape: str, hints: str) -> None:
    made = run(Vendor(tokens=TOKEN_SHAPES[shape](), hints=hints), tell=lambda limiter: limiter.tell("tokens", TOKENS))

    assert made.tokens >= 0.97 * 3 * TOKENS
    assert len(made.refused) <= 2


@pytest.mark.parametrize("shape", TOKEN_SHAPES)
def test_tokens_that_nobody_tells_are_found(shape: str) -> None:
    made = run(Vendor(tokens=TOKEN_SHAPES[shape]()))

    assert made.tokens >= 0.93 * 3 * TOKENS
    assert len(made.refused) <= 15


@pytest.mark.parametrize("shape", ["sliding-minute", "fixed-minute", "bucket-of-8000"])
@hints
def test_what_calls_give_back_is_used_while_a_minute_of_tokens_is_spent(shape: str, hints: str) -> None:
    shapes: dict[str, Shape] = {
        "sliding-minute": SlidingWindow(120_000),
        "fixed-minute": FixedWindow(120_000, 60.0, 25.0),
        "bucket-of-8000": Bucket(8_000, 2_000),
    }
    made = run(Vendor(tokens=shapes[shape], hints=hints), late_s=0.003)

    assert made.tokens >= 0.95 * 3 * 120_000
    assert len(made.refused) <= 12


def test_requests_and_tokens_in_shapes_of_their_own_are_kept_together() -> None:
    def tell(limiter: RateLimiter) -> None:
        limiter.tell("requests", CALLS)
        limiter.tell("tokens", 1_000_000)

    made = run(Vendor(Bucket(60, 10), SlidingWindow(1_000_000)), tell=tell)

    assert share(made) >= 0.97
    assert made.refused == []


def test_limit_that_is_told_too_high_is_corrected() -> None:
    made = run(Vendor(SlidingWindow(300), hints="whole"), tell=told)

    assert len(made.accepted) >= 0.95 * 3 * 300
    assert len(made.refused) <= 6


def test_limit_found_before_is_kept_from_the_first_call_on() -> None:
    first = run(Vendor(Bucket(60, 10)))
    learned = first.limiter.learned()

    second = run(Vendor(Bucket(60, 10)), tell=lambda limiter: limiter.recall(learned))

    assert share(second) >= 0.97
    assert len(second.refused) <= 1


def test_vendor_without_limits_gets_all_that_the_workers_can_send() -> None:
    made = run(Vendor(), minutes=1.0)

    assert len(made.accepted) >= 0.9 * 60 * 64 / 2


@seeds
def test_first_calls_are_spread(seed: int) -> None:
    made = run(Vendor(SlidingWindow(CALLS), draw=random.Random(seed)), minutes=0.1, tell=told)

    assert sum(at < 1.0 for at in made.accepted) <= 11


def test_what_was_learned_holds_for_ten_minutes_and_is_doubted_slowly_afterwards() -> None:
    vendor = Vendor(SlidingWindow(CALLS), hints="whole")
    first = run(vendor)
    vendor.calls = None  # the limit is gone

    second = run(vendor, minutes=30.0, tell=lambda limiter: limiter.recall(first.limiter.learned()))

    per_minute = [sum(60 * n <= at < 60 * n + 60 for at in second.accepted) for n in range(30)]
    assert max(per_minute[:9]) <= CALLS
    assert 1.1 * CALLS < per_minute[29] < 1.6 * CALLS


@pytest.mark.parametrize("shape", ["sliding-minute", "fixed-minute"])
@seeds
def test_calls_that_overtake_each_other_on_the_way_are_counted_where_the_vendor_may_not_have_seen_them(
    shape: str, seed: int
) -> None:
    draw = random.Random(seed)
    made = run(Vendor(SHAPES[shape](draw), states=CALLS, jitter_s=0.3, draw=draw), tell=told)

    assert share(made) >= 0.97
    assert len(made.refused) <= 2
