"""What calls take, learned from answers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.llm.limits.answer_sizes import AnswerSizes
from utils.histogram import Histogram


def test_cap_of_an_answer_follows_what_was_seen_and_rises_when_one_is_cut_off() -> None:
    sizes = AnswerSizes()
    for length in (700, 800, 1000):
        sizes.answered("t", "k", 4000, 1000, length)
    assert sizes.cap("t", "k", 4000) == 2032  # few: with very much headroom
    assert sizes.cap("t", "other", 4000) == 4000  # too few of other kinds to go by

    sizes.answered("t", "k", 4000, 1000, 900)
    assert sizes.cap("t", "k", 4000) == 1632  # few: with much headroom
    assert sizes.cap("t", "other", 4000) == 1632  # by what was seen of all kinds
    assert sizes.mean("t", "k") == pytest.approx(850)
    for _ in range(20):
        sizes.answered("t", "k", 4000, 1000, 900)

    assert sizes.cap("t", "k", 4000) == 1182
    sizes.cut_off("t", "k", 1182)
    assert 2700 < sizes.cap("t", "k", 4000) <= 4000


def test_prompt_is_estimated_by_what_the_vendor_counted() -> None:
    sizes = AnswerSizes()
    assert sizes.prompt_tokens("t", 3500) == 1016

    sizes.answered("t", "k", 4000, 1000, 10)

    assert sizes.prompt_tokens("t", 4000) == 1036
    assert sizes.latency_s("t", 0.5) is None


@given(st.lists(st.floats(0.001, 500), min_size=1, max_size=200), st.floats(0.01, 1))
def test_quantiles_are_within_a_tenth_of_the_exact_ones(values: list[float], share: float) -> None:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    exact = sorted(values)[max(0, math.ceil(share * len(values)) - 1)]

    found = Histogram(histogram.to_dict()).quantile(share)

    assert found is not None
    assert exact / 1.11 <= found <= exact * 1.11


def seen(*lengths: int, kind: str = "k") -> AnswerSizes:
    """Return sizes that learned from answers of *lengths*."""
    made = AnswerSizes()
    for length in lengths:
        made.answered("t", kind, 0, 0, length)
    return made


@pytest.mark.parametrize(
    ("sizes", "cap"),
    [
        pytest.param(seen(), 4000, id="none"),
        pytest.param(seen(1000), 2032, id="one-with-very-much-headroom"),
        pytest.param(seen(1000, 1000, 1000), 2032, id="three-likewise"),
        pytest.param(seen(*[1000] * 3, kind="other"), 4000, id="three-of-another-kind-are-too-few"),
        pytest.param(seen(1000, 10, 10, 10), 1632, id="four-with-much-headroom"),
        pytest.param(seen(*[1000] * 19), 1632, id="nineteen-are-few"),
        pytest.param(seen(*[1000] * 20), 1182, id="twenty-are-many"),
        pytest.param(seen(*[1000] * 4, kind=""), 1632, id="of-no-kind"),
        pytest.param(seen(*[1000] * 4, kind="other"), 1632, id="of-another-kind"),
        pytest.param(seen(*[3900] * 4), 4000, id="never-more-than-wanted"),
        pytest.param(seen(*[0] * 4), 32, id="empty-answers-leave-some-room"),
        pytest.param(seen(3000, *[100] * 199), 3482, id="two-hundred-are-kept"),
        pytest.param(seen(3000, *[100] * 200), 147, id="older-ones-are-not"),
    ],
)
def test_cap_is_a_little_more_than_the_longest_answer_that_was_seen(sizes: AnswerSizes, cap: int) -> None:
    assert sizes.cap("t", "k", 4000) == pytest.approx(cap, abs=1)


def test_kind_that_is_known_well_enough_goes_by_itself() -> None:
    sizes = seen(*[3000] * 10, kind="essay")
    for _ in range(4):
        sizes.answered("t", "note", 0, 0, 100)

    assert sizes.cap("t", "note", 4000) == 192
    assert sizes.cap("t", "letter", 4000) > 3000


def test_target_learns_nothing_from_another() -> None:
    sizes = seen(*[1000] * 20)

    assert sizes.cap("other", "k", 4000) == 4000
    assert sizes.mean("other", "k") is None
    assert sizes.latency_s("other", 0.5) is None


@pytest.mark.parametrize(
    ("answers", "tokens"),
    [
        pytest.param([], 1016, id="a-token-is-three-and-a-half-characters"),
        pytest.param([(1000, 500)], 1801, id="what-the-vendor-counted"),
        pytest.param([(1000, 200), (1000, 500), (1000, 100)], 1801, id="the-densest-seen"),
        pytest.param([(0, 500), (1000, 0)], 1016, id="vendor-that-states-nothing-teaches-nothing"),
        pytest.param([(1000, 500), *[(1000, 100)] * 50], 373, id="fifty-are-kept"),
    ],
)
def test_prompt_is_taken_as_dense_as_the_densest_that_was_counted(answers: list[tuple[int, int]], tokens: int) -> None:
    sizes = AnswerSizes()
    for chars, counted in answers:
        sizes.answered("t", "k", chars, counted, 10)

    assert sizes.prompt_tokens("t", 3500) == pytest.approx(tokens, abs=1)


def test_mean_is_of_one_kind_and_counts_what_was_cut_off_twice() -> None:
    sizes = seen(100, 200)
    assert sizes.mean("t", "k") == 150

    sizes.cut_off("t", "k", 300)
    sizes.answered("t", "other", 0, 0, 9000)

    assert sizes.mean("t", "k") == 300


def test_latency_is_that_which_a_share_of_the_answers_stayed_under() -> None:
    sizes = AnswerSizes()
    for _ in range(9):
        sizes.took("t", 1.0)
    sizes.took("t", 30.0)

    assert sizes.latency_s("t", 0.5) == pytest.approx(1.0, rel=0.1)
    assert sizes.latency_s("t", 0.9) == pytest.approx(1.0, rel=0.1)
    assert sizes.latency_s("t", 0.95) == pytest.approx(30.0, rel=0.1)


@given(st.lists(st.integers(0, 5000), max_size=60), st.integers(1, 5000), st.integers(1, 4000))
def test_cap_never_cuts_off_what_was_seen_and_always_rises_after_it_did(
    lengths: list[int], wanted: int, asked: int
) -> None:
    sizes = seen(*lengths)
    cap = sizes.cap("t", "k", wanted)
    assert cap <= wanted
    assert cap == wanted or cap > max(lengths)

    sizes.cut_off("t", "k", asked)

    assert sizes.cap("t", "k", 10**6) > 2 * asked


@pytest.mark.parametrize(
    ("sizes", "expected", "least"),
    [
        pytest.param(seen(), 0, None, id="nothing-is-known"),
        pytest.param(seen(), 1000, 1332, id="what-is-expected"),
        pytest.param(seen(2000), 1000, 2232, id="what-was-seen-counts-for-more"),
        pytest.param(seen(500), 1000, 582, id="less-too"),
    ],
)
def test_least_that_is_enough_is_what_was_seen_else_what_is_expected(
    sizes: AnswerSizes, expected: int, least: int | None
) -> None:
    assert sizes.least("t", "k", expected) == least


def test_short_answer_that_came_first_does_not_cut_off_the_next() -> None:
    assert seen(100).cap("t", "k", 4000, expected=1000) == 1332
