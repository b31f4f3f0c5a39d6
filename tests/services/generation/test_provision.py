"""Samples about one provision: which sentences are rules, that facts and outcome agree, what the model may write."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain import Job
from services.catalogue.rows import SlotValues
from services.drafts.parser import parse_answer
from services.generation.provision.case import Case, Turn, case_of, turns_of
from services.generation.provision.choosing import one_provision
from services.generation.provision.lead import ProvisionScaffold
from services.generation.provision.norms import Force, Norm, definite, norms
from services.grounding.ground import Ground, Grounder, Wish
from services.grounding.proof import Level, Prover
from services.grounding.retrieval_service import RetrievalService
from tests.fakes import CHECKER
from tests.services.grounding.shelves import Shelf
from tests.services.quality.test_validation import verdict_on
from utils.errors import AnswerFormatError, QualityError

SLOTS = {
    "uk": SlotValues(men=("Abe Moss",), women=("Ada Moss",), firms=("Bell Works",), sums=("£5",), places=("Hull",))
}
JOB = Job("Harbours", "Removal of vessels", "basic", "provision", "uk", 5, use_rag=True)
ACT = """Harbours and Moorings Act 2021
Section 1. Licence to moor
(1) The harbour master must grant a licence within 14 days if the owner of the vessel has paid the fee.
(2) Subsection (1) does not apply to a lifeboat.
Section 2. Removal of vessels
The harbour master may remove a vessel from the harbour if the owner has left the vessel for three months.
Section 3. Fees
“Fee” means a charge under section 4.
Section 4. Records
No person shall alter the register of moorings in the harbour office.
"""


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with Shelf(tmp_path) as made:
        made.add(ACT, "act.txt", licence="ogl-uk-3.0", jurisdiction="uk", title="Harbours and Moorings Act 2021")
        yield made


def _grounder(shelf: Shelf) -> Grounder:
    return Grounder(
        shelf.store,
        shelf.passages,
        RetrievalService(shelf.store, shelf.passages, shelf.vectors, lambda: None),
    )


# --- rules -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "force", "subject", "act", "condition"),
    [
        (
            "(1) The keeper must notify the owner in writing within 14 days if the vessel has been moved.",
            Force.DUTY,
            "The keeper",
            "notify the owner in writing within 14 days",
            "the vessel has been moved",
        ),
        (
            "Where an owner has paid the fee, the harbour master shall issue a receipt to the owner.",
            Force.DUTY,
            "the harbour master",
            "issue a receipt to the owner",
            "an owner has paid the fee",
        ),
        (
            "No person shall alter the register of moorings in the office.",
            Force.BAN,
            "No person",
            "alter the register of moorings in the office",
            "",
        ),
        (
            "The applicant may withdraw the application at any time before a decision.",
            Force.POWER,
            "The applicant",
            "withdraw the application at any time before a decision",
            "",
        ),
        (
            "Every worker shall have the right to a period of rest after six hours of work.",
            Force.POWER,
            "Every worker",
            "a period of rest after six hours of work",
            "",
        ),
    ],
)
def test_plain_rule_is_taken_apart(text: str, force: Force, subject: str, act: str, condition: str) -> None:
    (norm,) = norms(text)
    assert (norm.force, norm.subject, norm.act, norm.condition) == (force, subject, act, condition)


@pytest.mark.parametrize(
    "text",
    [
        "The keeper must notify the owner of the vessel in writing unless the owner is known to be abroad.",
        "Subject to what the court orders, the keeper must notify the owner of the vessel in writing.",
        "The keeper must notify the owner of the vessel in the manner set out in section 12 of the Act.",
        "It must notify the owner of the vessel in writing within two weeks of the removal.",
        "The keeper may allow or disallow the plans that were made by the owner.",
        "This Act may be cited as the Harbours and Moorings Act and extends to Wales.",
        "Such a notice shall be deemed to have been received by the owner of the vessel.",
        "The keeper must notify the owner and may charge a fee for the notice that was given.",
        "The right to compensation shall not affect the liability of the owner of the vessel.",
        "The keeper notifies the owner of the vessel in writing within two weeks.",
        "The keeper must—",
        "",
        "In either event the court may increase the damages up to three times the amount found.",
        "The keeper must inform the owner of the vessel of any significant change to the terms.",
        "The keeper may give a notice to a person who appears to him to have broken the terms.",
        "The keeper must notify the owner of the vessel in writing. But a lifeboat is not such a vessel.",
        "In section 4, after subsection (2) insert— The keeper must notify the owner of the vessel in writing.",
        "The Harbours Act 2011 is amended as follows. The keeper must notify the owner of the vessel in writing.",
    ],
)
def test_sentence_that_is_not_plain_is_no_rule(text: str) -> None:
    assert norms(text) == []


@given(st.lists(st.sampled_from([*ACT.split("\n"), "\n", "(a) ", "The keeper must pay. ", "§ 5", "“x”"]), max_size=12))
def test_rule_stands_word_for_word_where_it_is_said_to_stand(parts: list[str]) -> None:
    text = " ".join(parts)
    for norm in norms(text):
        assert text[norm.start : norm.start + len(norm.text)] == norm.text
        assert norm.subject in " ".join(norm.text.split())
        assert norm.act in " ".join(norm.text.split())


@pytest.mark.parametrize(
    ("subject", "known"),
    [
        ("Any person", "the person"),
        ("No person", "the person"),
        ("Member States", "Member States"),
        ("The Director", "the Director"),
        ("an applicant", "the applicant"),
    ],
)
def test_subject_is_definite_once_it_is_known(subject: str, known: str) -> None:
    assert definite(subject) == known


# --- cases -----------------------------------------------------------------------------------


def _cases(text: str) -> dict[Turn, Case]:
    (norm,) = norms(text)
    drawn = (case_of(norm, "Bell Works", random.Random(seed)) for seed in range(60))
    found = {case.turn: case for case in drawn}
    assert set(found) == set(turns_of(norm))
    return found


def test_duty_is_kept_broken_or_not_engaged_and_facts_and_outcome_say_the_same() -> None:
    cases = _cases("The keeper must notify the owner in writing within 14 days if the vessel has been moved.")
    kept, broken, off = cases[Turn.KEPT], cases[Turn.BROKEN], cases[Turn.NOT_ENGAGED]
    assert kept.conduct == "The keeper did notify the owner in writing within 14 days."
    assert "duty was respected" in kept.outcome
    assert broken.conduct == "The keeper did not notify the owner in writing within 14 days."
    assert "duty was broken" in broken.outcome
    assert off.condition.endswith("not to be the case that the vessel has been moved.")
    assert "not engaged" in off.outcome
    assert kept.condition == broken.condition == "It is agreed that the vessel has been moved."


def test_prohibition_is_broken_by_doing_and_kept_by_not_doing() -> None:
    cases = _cases("No person shall alter the register of moorings in the office.")
    assert cases[Turn.BROKEN].conduct == "The person did alter the register of moorings in the office."
    assert cases[Turn.KEPT].conduct == "The person did not alter the register of moorings in the office."


def test_power_and_right_are_used_or_denied_by_another() -> None:
    power = _cases("The applicant may withdraw the application at any time before a decision.")
    assert "decided to withdraw the application" in power[Turn.USED].conduct
    assert "Bell Works objected" in power[Turn.DENIED].conduct
    assert "objection of Bell Works fails" in power[Turn.DENIED].outcome
    right = _cases("Every worker shall have the right to a period of rest after six hours of work.")
    assert "relied on a right to a period of rest" in right[Turn.USED].conduct


def test_passive_rule_is_told_without_an_agent() -> None:
    norm = Norm("x", 0, Force.DUTY, "The notice", "be sent to the owner")
    told = {case.turn: case.conduct for case in (case_of(norm, "B", random.Random(seed)) for seed in range(20))}
    assert told[Turn.BROKEN] == "The notice did not come to be sent to the owner."


# --- the model -------------------------------------------------------------------------------


class Model:
    """Writes what it is told after the beginning that the schema demands."""

    def __init__(self, *endings: str) -> None:
        self.endings = list(endings)
        self.asked: list[str] = []

    def __call__(
        self, system: str, question: str, schema: dict[str, object], max_tokens: int, seed: int
    ) -> dict[str, str]:
        properties = schema["properties"]
        assert isinstance(properties, dict)
        pattern = properties["text"]["pattern"]
        assert "\\" not in pattern  # llama-cpp-python's server would end
        self.asked.append(question)
        ending = self.endings.pop(0) if len(self.endings) > 1 else self.endings[0]
        return {"text": pattern[1:].split("[a-z]", 1)[0] + ending}


SCENE = "boats in a harbour and what is owed for a mooring."
SOUND = "the words of the rule speak of the very same matter as the papers do."


def test_draft_of_every_provision_and_seed_is_valid_and_proved_against_the_law(shelf: Shelf) -> None:
    grounder = _grounder(shelf)
    seen = set()
    for seed in range(24):
        job = replace(JOB, seed=seed)
        ground = one_provision(grounder, Wish("harbour vessel licence register fee", "uk", seed=seed))
        written = ProvisionScaffold(SLOTS).draft(job, ground, Model(SOUND))
        draft = parse_answer(written)
        assert verdict_on(draft, job) is None
        proof = Prover(grounder).prove(
            {"answer": draft.answer, "reasoning": draft.reasoning}, ground, CHECKER.extractor
        )
        assert proof.refusals == []
        assert proof.level is Level.GROUNDED
        assert proof.quotations == 1
        quoted = draft.answer.split('"')[1]
        assert quoted in " ".join(ground.sources[0].text.split())
        assert ground.sources[0].label in draft.question
        seen.add(ground.sources[0].number)
    assert seen == {"1", "2", "4"}  # section 3 only defines a word


def test_only_one_provision_is_shown_and_it_is_the_same_for_a_seed(shelf: Shelf) -> None:
    grounder = _grounder(shelf)
    wish = Wish("removal of vessels", "uk", seed=3)
    assert len(one_provision(grounder, wish).sources) == 1
    assert one_provision(grounder, wish).units == one_provision(grounder, wish).units


def test_documents_without_a_rule_are_refused_with_the_reason(tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        shelf.add(
            "Section 1. Words\nA vessel is a thing that floats.\n", "act.txt", jurisdiction="uk", title="Words Act"
        )
        with pytest.raises(QualityError, match=r"no provision that answers .* holds a rule"):
            one_provision(_grounder(shelf), Wish("vessel that floats", "uk"))


def _brief(shelf: Shelf, turn: Turn) -> tuple[Job, Ground]:
    """Return a job and its ground of which the rule takes *turn*."""
    grounder = _grounder(shelf)
    for seed in range(80):
        ground = one_provision(grounder, Wish("harbour vessel licence register fee", "uk", seed=seed))
        found = norms(ground.sources[0].text)[0]
        draw = random.Random(seed)
        draw.choice(("Ada Moss", "Abe Moss"))
        draw.choice(("Hull",))
        if case_of(found, draw.choice(("Bell Works",)), draw).turn is turn:
            return replace(JOB, seed=seed), ground
    raise AssertionError(turn)


@pytest.mark.parametrize(
    ("turn", "fault"),
    [
        (Turn.KEPT, "the harbour master failed to look at what the rule says about it."),
        (Turn.KEPT, "the thing was done within forty days of the payment by the owner."),
        (Turn.KEPT, "the words of the rule speak of the matter as the Post Office Act does."),
        (Turn.KEPT, "the thing was done within 15 days of the payment by the owner."),
        (Turn.KEPT, "the rule and the rule and the rule and the rule and the rule and the rule."),
        (Turn.KEPT, "the words of the rule speak of the matter in the law of the U."),
        (Turn.KEPT, "the words of the rule speak of the very same matter as the."),
        (Turn.KEPT, "the words of the rule in art ial of the Act speak of the matter."),
        (Turn.USED, "the harbour master did not touch the boat that lay there so long."),
        (Turn.BROKEN, "all that was done is in accordance and fulfils what the rule asks for."),
        (Turn.BROKEN, "the owner was not asked about the colour of the boat in the harbour."),
        (Turn.NOT_ENGAGED, "the facts satisfy what the rule asks for in every single point."),
    ],
)
def test_reason_that_does_not_fit_the_case_is_asked_for_again_and_then_left_out(
    shelf: Shelf, turn: Turn, fault: str
) -> None:
    job, ground = _brief(shelf, turn)
    mended, stubborn = Model(SCENE, fault, SOUND), Model(SCENE, fault)
    with_reason = json.loads(ProvisionScaffold(SLOTS).draft(job, ground, mended))["answer"]
    without = ProvisionScaffold(SLOTS).draft(job, ground, stubborn)
    assert (len(mended.asked), len(stubborn.asked)) == (3, 4)
    assert fault not in with_reason
    assert SOUND in with_reason
    assert fault not in without
    assert verdict_on(parse_answer(without), job) is None


@pytest.mark.parametrize(
    "scene",
    [
        "which a keeper has looked at for a long time already.",
        "a boat that must be moved out of the harbour.",
        "two boats in a harbour and what is owed for them.",
        "climate change and the green regulations on it.",
    ],
)
def test_scene_that_tells_law_or_nothing_or_brings_a_number_gives_way_to_a_plain_one(shelf: Shelf, scene: str) -> None:
    job, ground = _brief(shelf, Turn.KEPT)
    model = Model(scene, scene, scene, SOUND)
    question = json.loads(ProvisionScaffold(SLOTS).draft(job, ground, model))["question"]
    assert scene not in question
    assert " of Hull keeps the papers of a matter. " in question


def test_sample_stands_without_the_models_sentences_only_when_a_second_try_was_read(shelf: Shelf) -> None:
    job, ground = _brief(shelf, Turn.KEPT)
    scaffold, useless = ProvisionScaffold(SLOTS), Model("which nobody could use in a sample at all.")
    with pytest.raises(AnswerFormatError, match="no sentence that could be used"):
        scaffold.draft(job, ground, useless, attempt=0)
    assert verdict_on(parse_answer(scaffold.draft(job, ground, useless, attempt=1)), job) is None

    def silent(*_: object) -> dict[str, str]:
        raise AnswerFormatError("no JSON")

    with pytest.raises(AnswerFormatError, match="no sentence that could be used"):
        scaffold.draft(job, ground, silent, attempt=1)


def test_number_of_the_law_may_be_said_again(shelf: Shelf) -> None:
    job, ground = _brief(shelf, Turn.KEPT)
    again = "the licence was granted within 14 days as the words of the rule say."
    assert again in json.loads(ProvisionScaffold(SLOTS).draft(job, ground, Model(SCENE, again)))["answer"]


def test_call_that_fails_is_made_again(shelf: Shelf) -> None:
    job, ground = _brief(shelf, Turn.KEPT)
    model = Model(SCENE, SOUND)
    failed: list[str] = []

    def once(system: str, question: str, schema: dict[str, object], max_tokens: int, seed: int) -> dict[str, str]:
        if not failed:
            failed.append(question)
            raise AnswerFormatError("no JSON")
        return model(system, question, schema, max_tokens, seed)

    answer = json.loads(ProvisionScaffold(SLOTS).draft(job, ground, once))["answer"]
    assert SOUND in answer
