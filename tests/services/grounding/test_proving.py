from collections.abc import Iterator
from pathlib import Path

import pytest

from services.grounding.ground import Ground, Grounder, Wish
from services.grounding.proof import Level, Proof, Prover, without_markers
from services.grounding.retrieval_service import RetrievalService
from tests.fakes import CHECKER
from tests.services.grounding.shelves import Shelf
from utils.errors import InputError, NoGroundError

_ACT = """Harbours and Moorings Act 2021
Section 1. Licence to moor
(1) A person must not moor a vessel in a harbour for more than 14 days without a licence.
(2) The harbour master may grant a licence for a period of 12 months.
Section 2. Removal of vessels
The harbour master may remove a vessel that is moored without a licence, but only after giving its owner 7 days' \
notice in writing.
Section 3. Fees
The fee for a licence is £250. No fee is payable by a lifeboat.
"""


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with Shelf(tmp_path) as made:
        made.add(_ACT, "act.txt", licence="ogl-uk-3.0", jurisdiction="uk", title="Harbours and Moorings Act 2021")
        yield made


def _prover(shelf: Shelf) -> Prover:
    retrieval = RetrievalService(shelf.store, shelf.passages, shelf.vectors, lambda: None)
    return Prover(Grounder(shelf.store, shelf.passages, retrieval))


def _ground(prover: Prover) -> Ground:
    return prover.grounder.ground(Wish("licence to moor, removal, fees", "uk", most=12))


def _prove(shelf: Shelf, answer: str) -> Proof:
    prover = _prover(shelf)
    ground = _ground(prover)
    for source in ground.sources:
        answer = answer.replace(f"[s{source.number}]", f"[{source.marker}]")
    return prover.prove({"answer": answer}, ground, CHECKER.extractor)


_SOUND = (
    "Under the Harbours and Moorings Act 2021, s 2, the harbour master may remove a vessel that is moored without a "
    'licence only after giving its owner "7 days\' notice in writing" [s2]. '
    'Section 1(1) says: "A person must not moor a vessel in a harbour for more than 14 days without a licence." [s1]'
)


def test_a_sound_answer_is_grounded_with_its_sources_and_the_places_of_its_quotations(shelf: Shelf) -> None:
    proof = _prove(shelf, _SOUND)
    assert proof.refusals == []
    assert proof.level is Level.GROUNDED
    by_number = {source["number"]: source for source in proof.sources.values()}
    assert by_number["1"]["citation"] == "Harbours and Moorings Act 2021, s 1"
    assert by_number["1"]["licence"] == "ogl-uk-3.0"
    (start, end), *_ = by_number["1"]["spans"]
    document = shelf.store.find(by_number["1"]["file_id"])
    assert document is not None
    quoted = "A person must not moor a vessel in a harbour for more than 14 days without a licence."
    assert shelf.passages.text(document.number, start, end).rstrip(".") == quoted.rstrip(".")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Under s 1(1) of the Harbours and Moorings Act 2021 a vessel may lie for 40 days without a licence [s1].", ""),
        (
            'Section 2 of the Harbours and Moorings Act 2021 speaks of "9 days\' notice in writing to the owner" [s2].',
            "quotation",
        ),
        ("By the Harbours and Moorings Act 2021, s 9, a lifeboat pays no fee.", "wrong_section"),
        ("The fee for a licence is £250 [S99].", "marker"),
        ("A licence costs £900 [s3].", "number"),
        ("Under the Harbours and Moorings Act 2021, s 3, the fee for a licence is £900 [s3].", "number"),
    ],
)
def test_what_is_not_in_the_law_refuses_the_draft_and_says_why(shelf: Shelf, answer: str, reason: str) -> None:
    proof = _prove(shelf, answer)
    assert proof.refusals, proof
    assert proof.refusals[0].startswith(reason)


def test_law_that_is_not_here_makes_a_sample_partly_grounded(shelf: Shelf) -> None:
    proof = _prove(shelf, _SOUND + " Theft Act 1968, s 1, makes it an offence to steal the vessel.")
    assert proof.refusals == []
    assert (proof.level, proof.outside) == (Level.PARTLY, ["Theft Act 1968 1"])


def test_markers_are_taken_out_of_the_texts_that_are_stored() -> None:
    assert (
        without_markers("A rule [S1], and another [S1, S12]. See [1] and [Sic].")
        == "A rule, and another. See [1] and [Sic]."
    )


def test_a_ground_is_drawn_by_its_seed_and_comes_back_by_its_units(shelf: Shelf) -> None:
    grounder = _prover(shelf).grounder
    drawn = [grounder.ground(Wish("licence to moor a vessel", "uk", seed=seed, most=1)).units for seed in range(12)]
    assert drawn[3] == grounder.ground(Wish("licence to moor a vessel", "uk", seed=3, most=1)).units
    assert len(set(drawn)) > 1
    again = grounder.of_units(drawn[0])
    assert again.units == drawn[0]
    assert again.sources[0].marker == "S1"


def test_a_ground_that_cannot_be_found_is_refused(shelf: Shelf) -> None:
    grounder = _prover(shelf).grounder
    with pytest.raises(InputError, match="no document of the jurisdiction us is ready"):
        grounder.check((), "us")
    with pytest.raises(NoGroundError, match="nothing in the documents answers"):
        grounder.ground(Wish("licence to moor", "us"))
    grounder.check((), "uk")
