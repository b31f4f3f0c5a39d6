"""Provisions that answer a question, in a real library; words alone find."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.assistant.research.answering import WORDS_FLOOR
from services.assistant.research.provisions import ProvisionFinder
from services.grounding.ground import Grounder
from services.grounding.retrieval_service import RetrievalService
from tests.services.grounding.shelves import Shelf

HARBOURS = """Harbours Act 2021

1 Licences for boats
A person must not keep a boat in a harbour without a licence granted by the harbour master.

2 Fees
The harbour master may charge a fee for a licence.

3 Lighthouses
The harbour master must keep every lighthouse in repair.
"""
CANALS = HARBOURS.replace("Harbours", "Canals").replace("harbour", "canal").replace("fee", "toll")


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with Shelf(tmp_path) as shelf:
        yield shelf


def finder(shelf: Shelf) -> ProvisionFinder:
    retrieval = RetrievalService(shelf.store, shelf.passages, shelf.vectors, lambda: None)
    return ProvisionFinder(retrieval, Grounder(shelf.store, shelf.passages, retrieval))


def test_provision_that_says_what_is_asked_is_first_and_its_likelihood_is_told(shelf: Shelf) -> None:
    shelf.add(HARBOURS, "harbours.txt")

    found = finder(shelf).find("May I keep a boat in a harbour without a licence?", (), None)

    assert found.sources[0].number == "1"
    assert found.best is not None
    assert found.best >= found.floor == WORDS_FLOOR


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("How do I bake sourdough bread?", id="another matter"),
        pytest.param("What licence does a restaurant need to sell alcohol?", id="a noun in common"),
        pytest.param("How much does a dog licence cost for a pensioner?", id="a noun in common, another rule"),
    ],
)
def test_nothing_is_returned_for_what_the_documents_do_not_answer(shelf: Shelf, query: str) -> None:
    shelf.add(HARBOURS, "harbours.txt")

    found = finder(shelf).find(query, (), None)

    assert found.sources == ()
    assert found.best is None or found.best < found.floor
    assert "words alone" in found.notes["vectors"]


def test_question_that_names_one_document_gets_no_provision_of_another(shelf: Shelf) -> None:
    shelf.add(HARBOURS, "harbours.txt")
    canals = shelf.add(CANALS, "canals.txt")
    query = "Under the Canals Act 2021, may I keep a boat without a licence?"

    found = finder(shelf).find(query, (), None)

    assert {one.file_id for one in found.sources} == {canals.id}


def test_question_that_names_two_documents_or_none_gets_provisions_of_both(shelf: Shelf) -> None:
    both = {shelf.add(HARBOURS, "harbours.txt").id, shelf.add(CANALS, "canals.txt").id}
    asked = finder(shelf)

    for query in (
        "Who must keep lighthouses in repair?",
        "Do the Harbours Act 2021 and the Canals Act 2021 say that every lighthouse is kept in repair?",
    ):
        assert {one.file_id for one in asked.find(query, (), None).sources} == both


def test_named_document_that_the_caller_left_out_is_not_looked_at(shelf: Shelf) -> None:
    harbours = shelf.add(HARBOURS, "harbours.txt")
    shelf.add(CANALS, "canals.txt")

    found = finder(shelf).find("Canals Act 2021: may I keep a boat without a licence?", (harbours.id,), None)

    assert {one.file_id for one in found.sources} <= {harbours.id}


def test_provision_that_is_cited_is_an_answer_whatever_else_is_asked(shelf: Shelf) -> None:
    shelf.add(HARBOURS, "harbours.txt")

    found = finder(shelf).find("Explain section 2 of the Harbours Act 2021 to a pastry cook", (), None)

    assert (found.sources[0].number, found.best) == ("2", 1.0)
