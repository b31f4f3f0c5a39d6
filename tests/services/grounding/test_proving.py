from collections.abc import Iterator
from pathlib import Path

import pytest

from services.grounding.claims.judgement import Failure, Judgement, Label, Reason
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


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param("the harbour master must grant a licence for a period of 12 months", id="must for may"),
        pytest.param("the harbour master may not grant a licence for a period of 12 months", id="denied"),
        pytest.param(
            "the harbour master may grant a licence for a period of 12 months, except to a company", id="exception"
        ),
    ],
)
def test_a_sentence_of_the_law_that_is_repeated_with_a_change_refuses_the_draft(shelf: Shelf, changed: str) -> None:
    proof = _prove(shelf, f"Under the Harbours and Moorings Act 2021, s 1(2), {changed} [s1].")
    assert len(proof.refusals) == 1, proof


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(
            "if the summer is hot, the harbour master may grant a licence for a period of 12 months", id="fact"
        ),
        pytest.param("the lock keeper may grant a licence for a period of 12 months", id="who acts"),
    ],
)
def test_what_may_be_a_matter_of_words_or_of_the_case_marks_the_draft(shelf: Shelf, said: str) -> None:
    proof = _prove(shelf, f"Under the Harbours and Moorings Act 2021, s 1(2), {said} [s1].")
    assert proof.refusals == []
    assert len(proof.doubts) == 1


def test_a_marker_is_no_section_of_the_act_that_is_named_before_it(shelf: Shelf) -> None:
    proof = _prove(
        shelf,
        "Under the Harbours and Moorings Act 2021, s 1(1), a person must not moor a vessel in a harbour for more than "
        "14 days without a licence [S3] [s1].",
    )

    assert proof.refusals == []
    assert "2" not in {source["number"] for source in proof.sources.values()}
    assert "3" not in {source["number"] for source in proof.sources.values()}


def test_what_the_law_itself_refers_to_is_no_section_that_a_draft_made_up(tmp_path: Path) -> None:
    text = (
        "Harbours (Amendment) Act 2022\nSection 1. Period of a licence\n"
        "The harbour master may extend a licence under section 14A (2) of the principal Act or sections 15 and 38 "
        "of it.\n"
        "Section 2. Short title\nThis is the Harbours (Amendment) Act 2022.\n"
    )
    said = "the harbour master may extend a licence under section 14A (2) of the principal Act or section 38 of it"
    with Shelf(tmp_path) as made:
        made.add(text, "a.txt", licence="public-domain", jurisdiction="uk", title="Harbours (Amendment) Act 2022")
        proof = _prove(made, f"Under the Harbours (Amendment) Act 2022, s 1, {said} [s1].")
        assert proof.refusals == []
        wrong = _prove(made, f"Under the Harbours (Amendment) Act 2022, s 1, {said.replace('38', '39')} [s1].")
        assert wrong.refusals[0] == "wrong_section: Harbours (Amendment) Act 2022 has no provision 39"


def test_words_that_a_question_puts_into_a_section_are_proved_and_its_facts_are_not(shelf: Shelf) -> None:
    prover = _prover(shelf)
    ground = _ground(prover)
    said = (
        'Is it right that section 1 of the Harbours and Moorings Act 2021 says "a person may moor as long as he likes"?'
    )
    facts = 'The owner says "I have lain here for 90 days". May he, under the Harbours and Moorings Act 2021?'

    assert prover.prove({"question": said}, ground, CHECKER.extractor).refusals[0].startswith("quotation")
    assert prover.prove({"question": facts}, ground, CHECKER.extractor).refusals == []


@pytest.mark.parametrize("marker", ["[S?{}]", "[ S{} ]", "[Source {}]", "[s{}]"])
def test_a_misspelled_marker_is_read_and_taken_out(shelf: Shelf, marker: str) -> None:
    prover = _prover(shelf)
    ground = _ground(prover)
    number = next(source.marker for source in ground.sources if source.number == "3")[1:]
    wrong = f"A licence costs £900 {marker.format(number)}."

    assert prover.prove({"answer": wrong}, ground, CHECKER.extractor).refusals[0].startswith("number")
    assert without_markers(wrong) == "A licence costs £900."


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
    drawn = [grounder.ground(Wish("licence, removal, fees", "uk", seed=seed, most=1)).units for seed in range(12)]
    assert drawn[3] == grounder.ground(Wish("licence, removal, fees", "uk", seed=3, most=1)).units
    assert len(set(drawn)) > 1
    again = grounder.of_units(drawn[0])
    assert again.units == drawn[0]
    assert again.sources[0].marker == "S1"


def test_what_a_topic_cites_or_means_most_is_always_shown_and_what_is_of_another_matter_never(shelf: Shelf) -> None:
    grounder = _prover(shelf).grounder
    for seed in range(12):
        cited = grounder.ground(Wish("Harbours and Moorings Act 2021, s 3", "uk", seed=seed, most=2))
        assert "3" in {source.number for source in cited.sources}
        best = grounder.ground(Wish("removal of vessels", "uk", seed=seed, most=4))
        assert {source.number for source in best.sources} == {"2"}


def test_a_ground_that_cannot_be_found_is_refused(shelf: Shelf) -> None:
    grounder = _prover(shelf).grounder
    with pytest.raises(InputError, match="no document of the jurisdiction us is ready"):
        grounder.check((), "us")
    with pytest.raises(NoGroundError, match="nothing in the documents answers"):
        grounder.ground(Wish("licence to moor", "us"))
    grounder.check((), "uk")


# --- what a judge rules ----------------------------------------------------------------------

_ALLOWED = "Under s 1(1) of the Harbours and Moorings Act 2021 a vessel may lie for 40 days without a licence [s1]."
_NINE = 'Section 2 of the Harbours and Moorings Act 2021 speaks of "9 days\' notice in writing to the owner" [s2].'


def _ruled(shelf: Shelf, answer: str, label: Label) -> tuple[Proof, Proof]:
    """Return the proof by the rules, and the one after a judge has found everything *label* that it was asked."""
    prover = _prover(shelf)
    ground = _ground(prover)
    for source in ground.sources:
        answer = answer.replace(f"[s{source.number}]", f"[{source.marker}]")
    before = prover.prove({"answer": answer}, ground, CHECKER.extractor)
    failure = None if label is Label.SUPPORTED else Failure(label, Reason.PARTY, "not so (judge m)", sure=True)
    rulings = {one.id: Judgement(label, 1.0, failure=failure) for one in before.questions}
    return before, prover.prove({"answer": answer}, ground, CHECKER.extractor, rulings)


def test_a_judge_lifts_what_the_rules_refuse_and_the_sample_stands_on_the_provision(shelf: Shelf) -> None:
    before, after = _ruled(shelf, _ALLOWED, Label.SUPPORTED)

    assert (len(before.refusals), before.facts, before.level) == (1, [], Level.NONE)
    assert (after.refusals, after.doubts, after.level) == ([], [], Level.GROUNDED)
    assert [source["number"] for source in after.sources.values()] == ["1"]


def test_a_judge_refuses_what_the_rules_let_pass(shelf: Shelf) -> None:
    before, after = _ruled(shelf, _SOUND, Label.CONTRADICTED)

    assert (before.refusals, before.doubts) == ([], [])
    assert after.refusals[0] == "party: not so (judge m)"


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        (_NINE, "quotation: "),
        ("By the Harbours and Moorings Act 2021, s 9, a lifeboat pays no fee.", "wrong_section: "),
        ("The fee for a licence is £250 [S99].", "marker: "),
    ],
)
def test_no_judge_lifts_a_fact(shelf: Shelf, answer: str, fact: str) -> None:
    before, after = _ruled(shelf, answer, Label.SUPPORTED)

    assert before.facts == before.refusals == after.refusals
    assert after.refusals[0].startswith(fact)


def test_facts_refuse_a_draft_beside_what_a_judge_may_lift(shelf: Shelf) -> None:
    before, after = _ruled(shelf, f"{_ALLOWED} {_NINE}", Label.SUPPORTED)

    assert (len(before.refusals), len(before.facts), after.refusals) == (2, 1, before.facts)


def test_a_ruling_on_another_text_of_the_provision_does_not_count(shelf: Shelf) -> None:
    before, _ = _ruled(shelf, _ALLOWED, Label.SUPPORTED)
    prover = _prover(shelf)
    ground = _ground(prover)
    marker = next(source.marker for source in ground.sources if source.number == "1")
    answer = _ALLOWED.replace("[s1]", f"[{marker}]").replace("40", "50")
    rulings = {one.id: Judgement(Label.SUPPORTED, 1.0) for one in before.questions}

    assert prover.prove({"answer": answer}, ground, CHECKER.extractor, rulings).refusals
