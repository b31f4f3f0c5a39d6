"""Retrieval over a small shelf of law."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.grounding.document import UnitKind
from services.grounding.retrieval.legs import Filter
from services.grounding.retrieval.retriever import Found, Retriever
from tests.services.grounding.retrieval.shelf import WordsEmbedder, index, names_of
from utils.errors import UnavailableError

RETRIEVER = Retriever(index(), WordsEmbedder())


class SilentEmbedder(WordsEmbedder):
    """An embedder whose server is away."""

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Fail."""
        raise UnavailableError("http://embedder: does not answer")


def names(found: tuple[Found, ...]) -> list[str]:
    return names_of(one.chunk.provision for one in found)


def test_the_cited_provision_comes_first_and_others_follow() -> None:
    found = RETRIEVER.retrieve("Does Article 7 KSR apply to pilots who keep a lookout?", 3).found

    assert names(found)[0] == "Regulation (EU) 2017/1999|Article 7"
    assert (found[0].score, found[0].is_cited) == (1.0, True)
    assert "Harbours (Pilotage and Tolls) Act 2019|1" in names(found)[1:]


def test_words_find_what_has_them() -> None:
    assert names(RETRIEVER.retrieve("toll lifeboat", 1).found) == ["Harbours (Pilotage and Tolls) Act 2019|2A"]


def test_meaning_finds_what_has_none_of_the_words() -> None:
    assert names(RETRIEVER.retrieve("ships", 1).found)[0].startswith("Harbours")


@pytest.mark.parametrize("jurisdiction", ["uk", "us", "eu", "international"])
def test_a_filter_lets_through_its_jurisdiction_alone(jurisdiction: str) -> None:
    found = RETRIEVER.retrieve(
        "Article 7 KSR, beacons, lamps, keepers, toll", 50, Filter(jurisdiction=jurisdiction)
    ).found

    assert {one.chunk.jurisdiction for one in found} == {jurisdiction}


def test_a_filter_lets_through_its_kind_alone() -> None:
    found = RETRIEVER.retrieve("strings of kites", 50, Filter(kind=UnitKind.RECITAL)).found

    assert names(found) == ["Regulation (EU) 2017/1999|6"]


def test_scores_fall_and_lie_between_0_and_1() -> None:
    scores = [one.score for one in RETRIEVER.retrieve("May a kite string be long?", 20).found]

    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_a_floor_leaves_out_what_scores_less() -> None:
    everything = RETRIEVER.retrieve("May a kite string be long?", 50).found
    floor = everything[2].score

    assert [one.score for one in RETRIEVER.retrieve("May a kite string be long?", 50, floor=floor).found] == [
        one.score for one in everything if one.score >= floor
    ]


def test_an_explanation_tells_place_and_score_in_each_leg() -> None:
    found = RETRIEVER.retrieve("KSR art 6: how long may a kite string be?", 3, explain=True).found
    told = {standing.leg: standing for standing in found[0].standings}

    assert told["words"].rank == 1
    assert told["vectors"].rank is not None
    assert told["citation"].rank == 1
    assert not RETRIEVER.retrieve("kite", 1).found[0].standings


def test_words_alone_answer_while_the_embedder_is_away() -> None:
    answer = Retriever(index(), SilentEmbedder()).retrieve("toll lifeboat", 1)

    assert names(answer.found) == ["Harbours (Pilotage and Tolls) Act 2019|2A"]
    assert "does not answer" in answer.notes["vectors"]


def test_words_alone_answer_without_an_embedder() -> None:
    answer = Retriever(index()).retrieve("toll lifeboat", 1)

    assert names(answer.found) == ["Harbours (Pilotage and Tolls) Act 2019|2A"]
    assert not answer.notes


@pytest.mark.parametrize("query", ["", "   ", "???", "xyzzy", "section 9999 of the Harbours Act 2019"])
def test_a_question_that_says_nothing_breaks_nothing(query: str) -> None:
    assert Retriever(index()).retrieve(query, 5).notes == {}
