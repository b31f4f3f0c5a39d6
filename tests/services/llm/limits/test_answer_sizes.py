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
    assert sizes.cap("t", "k", 4000) == 4000  # too few to go by

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
