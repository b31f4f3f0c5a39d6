"""One score from cosine and words: between 0 and 1, and higher for what is better."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.grounding.document import UnitKind
from services.grounding.retrieval.fusion import Calibration, most_possible, pooled, term_weight
from services.grounding.retrieval.legs import Place
from services.grounding.retrieval.rerank import Candidate, ordered

CALIBRATION = Calibration(mean_share=0.25, first_share=0.5, words=0.4, slope=8.0, offset=-4.0, floor=0.1)
SHARES = st.floats(0, 1)


def candidate(chunk: int, fused: float, cited: int | None = None) -> Candidate:
    return Candidate(chunk, chunk, fused, 0.0, fused, cited)


def places(*chunks: int) -> dict[int, Place]:
    """Chunks of instruments of their own."""
    return {chunk: Place(chunk, 100 + chunk, 100 + chunk, UnitKind.SECTION, "uk") for chunk in chunks}


@given(st.floats(-1, 1), SHARES)
def test_the_score_is_between_0_and_1(cosine: float, share: float) -> None:
    assert 0 <= CALIBRATION.score(cosine, share) <= 1


@given(st.floats(-1, 1), st.floats(-1, 1), SHARES)
def test_a_nearer_text_scores_no_less(one: float, other: float, share: float) -> None:
    low, high = sorted((one, other))

    assert CALIBRATION.score(low, share) <= CALIBRATION.score(high, share)


def test_a_rare_word_weighs_more_than_one_of_every_text() -> None:
    assert term_weight(1, 1000) > term_weight(400, 1000) > term_weight(990, 1000) > 0


def test_words_of_no_text_count_in_what_could_be_covered() -> None:
    assert most_possible(["toll", "spaceship"], {"toll": 3}, 100) > most_possible(["toll"], {"toll": 3}, 100)


def test_a_question_without_words_can_be_covered_by_nothing() -> None:
    assert most_possible([], {}, 100) == 1.0


def test_the_best_chunk_the_mean_and_the_first_make_the_nearness_of_a_provision() -> None:
    assert pooled([0.5, 0.9, 0.1], CALIBRATION) == pytest.approx(0.25 * 0.9 + 0.25 * 0.5 + 0.5 * 0.5)
    assert pooled([0.7], CALIBRATION) == pytest.approx(0.7)
    assert pooled([], CALIBRATION) == 0.0


def test_what_is_cited_comes_first_in_the_order_of_the_question() -> None:
    found = ordered([candidate(0, 0.9), candidate(1, 0.1, 1), candidate(2, 0.2, 0)], places(0, 1, 2), ())

    assert [one.chunk for one in found] == [2, 1, 0]


def test_the_named_instrument_comes_before_an_equal_one() -> None:
    known = places(0, 4)
    instrument = known[4].instrument
    assert instrument is not None

    found = ordered([candidate(0, 0.5), candidate(4, 0.45)], known, {instrument})

    assert [one.chunk for one in found] == [4, 0]


def test_a_chunk_that_is_gone_is_left_out() -> None:
    assert [one.chunk for one in ordered([candidate(0, 0.5), candidate(9999, 0.9)], places(0), ())] == [0]
