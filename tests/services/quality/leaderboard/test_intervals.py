"""Intervals hold what they are of, get narrower with more samples, and are those of the textbooks."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.quality.leaderboard.intervals import (
    of_differences,
    of_mean,
    of_median,
    of_ratio,
    of_share,
    overlap,
    student,
)
from utils.histogram import Histogram


def width(interval: tuple[float, float] | None) -> float:
    assert interval is not None
    return interval[1] - interval[0]


@pytest.mark.parametrize(
    ("freedom", "known"),
    [(1, 12.7062), (2, 4.3027), (3, 3.1824), (5, 2.5706), (10, 2.2281), (30, 2.0423), (100, 1.9840), (1000, 1.9623)],
)
def test_quantiles_of_student_are_those_of_tables(freedom: int, known: float) -> None:
    assert student(freedom) == pytest.approx(known, abs=5e-5)


def test_quantiles_of_student_fall_towards_the_normal_one() -> None:
    found = [student(freedom) for freedom in range(1, 300)]

    assert all(one > other for one, other in pairwise(found))
    assert found[-1] > 1.9599


def test_intervals_are_those_of_scipy_where_it_is_there() -> None:
    stats = pytest.importorskip("scipy.stats", reason="is installed by other packages, or not at all")
    for freedom in (1, 2, 3, 4, 9, 29, 99, 100, 101, 250, 10_000):
        assert student(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-5)
    for hits, count in ((0, 3), (1, 1), (7, 10), (499, 1000), (20, 20)):
        exact = stats.binomtest(hits, count).proportion_ci(method="wilson")
        assert of_share(hits, count) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_interval_of_a_share_is_the_published_one() -> None:
    # Newcombe 1998, table I: 81 of 263, and 0 of 20.
    assert of_share(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert of_share(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert of_share(0, 0) is None


@given(st.integers(1, 5_000).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
def test_interval_of_a_share_holds_it_and_narrows_with_ten_times_the_samples(counts: tuple[int, int]) -> None:
    hits, count = counts
    low, high = of_share(hits, count) or (math.nan, math.nan)

    assert 0.0 <= low <= hits / count <= high <= 1.0
    assert 0.0 < width(of_share(10 * hits, 10 * count)) < high - low


@given(st.floats(0, 1), st.floats(0.001, 0.5), st.integers(2, 2_000))
def test_interval_of_a_mean_holds_it_and_narrows_with_more_samples(mean: float, deviation: float, count: int) -> None:
    low, high = of_mean(mean, deviation, count, 1.0) or (math.nan, math.nan)

    assert 0.0 <= low <= mean <= high <= 1.0
    assert width(of_mean(mean, deviation, 2 * count)) < width(of_mean(mean, deviation, count))


def test_scores_that_are_all_alike_are_no_certainty() -> None:
    few, many = of_mean(1.0, 0.0, 3, 1.0), of_mean(1.0, 0.0, 300, 1.0)

    assert few == pytest.approx((0.4385, 1.0), abs=5e-5)
    assert width(many) < width(few)
    assert of_mean(900.0, 0.0, 3) is None
    assert of_mean(0.7, 0.0, 1, 1.0) is None


def test_bootstrap_of_pairs_is_the_same_every_time_and_near_the_interval_of_student() -> None:
    values = [((7 * n) % 11) / 11 - 0.3 for n in range(400)]
    mean = sum(values) / 400
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / 399)

    found = of_differences(values)

    assert found == of_differences(values)
    assert found == pytest.approx(of_mean(mean, deviation, 400), abs=0.004)


@given(st.lists(st.floats(-1, 1), min_size=10, max_size=60))
def test_bootstrap_of_pairs_holds_their_mean(values: list[float]) -> None:
    low, high = of_differences(values) or (math.nan, math.nan)

    assert low <= sum(values) / len(values) + 1e-12
    assert high >= sum(values) / len(values) - 1e-12


def test_too_few_pairs_groups_or_calls_give_no_interval() -> None:
    few = Histogram({"10": 9})

    assert of_differences([1.0] * 9) is None
    assert of_ratio([1.0] * 4, [2] * 4) is None
    assert of_ratio([1.0] * 5, [2, 2, 2, 2, 0]) is None
    assert of_median(few) is None


def test_very_many_pairs_are_not_drawn() -> None:
    found = of_differences([0.0, 1.0] * 20_000)

    assert found == pytest.approx((0.4951, 0.5049), abs=1e-4)


def test_ratio_of_groups_varies_as_the_groups_do() -> None:
    alike, different = of_ratio([10.0] * 8, [5] * 8), of_ratio([1.0, 19.0] * 4, [5] * 8)

    assert alike == (2.0, 2.0)
    assert different is not None
    assert different[0] < 1.5
    assert different[1] > 2.5


def test_median_lies_between_the_ranks_around_it() -> None:
    seen = Histogram()
    for n in range(1, 101):
        seen.add(n / 10)

    low, high = of_median(seen) or (0.0, 0.0)

    # The ranks 41 and 60 of a hundred, within 5 %.
    assert low == pytest.approx(4.1, rel=0.05)
    assert high == pytest.approx(6.0, rel=0.05)


def test_overlap_is_not_known_without_an_interval() -> None:
    assert overlap((0.1, 0.2), (0.2, 0.3)) is True
    assert overlap((0.1, 0.2), (0.21, 0.3)) is False
    assert overlap(None, (0.2, 0.3)) is None
