"""Evidence that provisions answer a question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assistant.research.answering import (
    MEANING_FLOOR,
    WORDS_FLOOR,
    Evidence,
    Wording,
    distance,
    likelihood,
    log_odds,
)
from services.grounding.ground import Source

FEES = "The fee for mooring a vessel is fixed by the authority. Unpaid fees may be recovered as a debt."


def source(text: str, heading: str = "", title: str = "Harbours Act 2021") -> Source:
    return Source("S1", f"{title}, s 1", heading, text, 0, 1, 1, "f", title, "1", "", "own", "uk", "")


def wording(query: str, **frequencies: int) -> Wording:
    from services.grounding.retrieval.words import tokens_of

    return Wording(query, {token: frequencies.get(token, 0) for token in tokens_of(query)}, 100)


def evidence(odds: float = -3.0, above: float = 0.5, words: int = 1, share: float = 0.4) -> Evidence:
    return Evidence(odds, above, words, share, share)


@pytest.mark.parametrize("by_meaning", [True, False])
@given(
    st.floats(-9, 9), st.floats(0, 5), st.integers(0, 3), st.floats(0, 0.9), st.floats(0.01, 3), st.floats(0.01, 0.1)
)
def test_more_of_any_evidence_never_makes_an_answer_less_likely(
    by_meaning: bool, odds: float, above: float, words: int, share: float, more: float, little: float
) -> None:
    less = likelihood(evidence(odds, above, words, share), by_meaning=by_meaning)

    for better in (
        evidence(odds + more, above, words, share),
        evidence(odds, above + more, words, share),
        evidence(odds, above, words + 1, share),
        evidence(odds, above, words, share + little),
    ):
        assert 0 < less <= likelihood(better, by_meaning=by_meaning) <= 1


def test_score_that_stands_alone_is_an_answer_and_one_of_many_alike_is_none() -> None:
    odds = log_odds(0.07)

    assert likelihood(evidence(odds, above=1.5, words=2), by_meaning=True) > MEANING_FLOOR
    assert likelihood(evidence(odds, above=0.1, words=0), by_meaning=True) < MEANING_FLOOR


def test_question_whose_words_stand_in_one_sentence_is_answered_by_words_alone() -> None:
    read = wording("Who fixes the mooring fees of vessels?", fee=3, vessel=20).read([source(FEES)])

    assert likelihood(Evidence(0.0, 0.0, *read), by_meaning=False) > WORDS_FLOOR


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("Who fixes the interest on a mortgage?", id="one word in common"),
        pytest.param("Is a debt of a bankrupt vessel owner discharged by insolvency?", id="words of several sentences"),
        pytest.param("How do I bake sourdough bread?", id="nothing in common"),
        pytest.param("What does it say?", id="nothing asked"),
    ],
)
def test_question_of_other_words_is_not_answered_by_words_alone(query: str) -> None:
    read = wording(query, fee=3, vessel=20, debt=4).read([source(FEES)])

    assert likelihood(Evidence(0.0, 0.0, *read), by_meaning=False) < WORDS_FLOOR


def test_rare_words_count_more_than_common_ones() -> None:
    asked = wording("vessel fees", vessel=90, fees=1)

    _, with_rare, _ = asked.read([source("Fees are due.")])
    _, with_common, _ = asked.read([source("A vessel is seaworthy.")])

    assert with_rare > 0.9
    assert with_common < 0.1


def test_words_of_heading_and_title_count_for_the_provision_but_make_no_sentence() -> None:
    words, share, sentence = wording("harbour mooring").read([source("It is fixed by order.", heading="Mooring")])

    assert (words, share, sentence) == (0, 1.0, 0.5)


def test_words_behind_what_is_searched_for_are_left_out() -> None:
    asked = Wording("fees zebra", {"fees": 1}, 100)

    assert asked.read([source("Fees are due.")]) == (1, 1.0, 1.0)


@given(st.lists(st.floats(-9, 9), min_size=4))
def test_distance_is_that_of_the_best_whatever_the_order(odds: list[float]) -> None:
    turned = odds[::-1]

    assert distance(odds) == pytest.approx(distance(turned))
    assert distance(odds) >= -1e-9


def test_best_of_few_stands_at_an_unknown_distance() -> None:
    assert distance([3.0, -9.0]) == distance([-3.0]) == 1.0
