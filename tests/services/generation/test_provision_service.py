"""Who gets samples about a provision: those who ask for them, and small models where the law that is here answers."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from models.contract.bodies import BatchRequest, GenerateRequest
from models.domain import CallUsage, Job
from services.batch.planner import plan
from services.catalogue.rows import SlotValues
from services.generation.guided import Guide
from services.generation.judge import Judge
from services.generation.making import Maker
from services.generation.provision.lead import ProvisionScaffold
from services.generation.scaffold import Scaffold
from services.generation_service import GenerationService, GenerationSettings
from services.grounding.ground import Grounder, Wish
from services.grounding.proof import Prover
from services.grounding.retrieval_service import RetrievalService
from services.llm.adapters.base import CompletionRequest
from services.llm.adapters.scripted import Step
from services.llm_service import Preference
from services.quality.benchmarks import Benchmarks
from services.quality.examiner import Examiner, ExaminerSettings
from tests.fakes import CATALOG, CATALOGUE, CHECKER, NoDuplicates, scripted_llm
from tests.services.grounding.shelves import Shelf
from utils.clock import ManualClock
from utils.errors import AnswerFormatError, InputError, NoGroundError

SLOTS = {
    name: SlotValues(men=("Abe Moss",), women=("Ada Moss",), firms=("Bell Works",), sums=("£5",), places=("Hull",))
    for name in ("uk", "us")
}
ACT = """Misrepresentation (Harbours) Act 2021
Section 1. Misrepresentation in contract law
The harbour master must grant a licence within 14 days if the owner of the vessel has paid the fee.
"""
LOCAL = Preference("local")


class NoLog:
    def open_call(self, target: str) -> int:
        return 1

    def used(self, usage: CallUsage, call: int) -> None:
        """Keep nothing."""

    def lose_call(self, call: int, sent: bool) -> None:
        """Keep nothing."""


def _sound(request: CompletionRequest) -> str:
    assert request.schema
    pattern = request.schema["properties"]["text"]["pattern"]  # type: ignore[index]  # JSON
    return json.dumps({"text": pattern[1:].split("[a-z]", 1)[0] + "the words speak of the matter in the papers."})


def _service(shelf: Shelf, *answers: Step) -> GenerationService:
    clock = ManualClock()
    llm, _ = scripted_llm({"local": list(answers) or ["no json"], "groq": ["no json"]}, clock)
    retrieval = RetrievalService(shelf.store, shelf.passages, shelf.vectors, lambda: None)
    prover = Prover(Grounder(shelf.store, shelf.passages, retrieval))
    examiner = Examiner(CHECKER, NoDuplicates(), Benchmarks(Path("/nowhere")), prover, ExaminerSettings("no_invalid"))
    guide = Guide(llm, Scaffold(CATALOGUE, SLOTS), ProvisionScaffold(SLOTS), clock)
    maker = Maker(CATALOGUE, llm, guide, examiner, Judge(llm, CATALOG / "prompts"), clock)
    return GenerationService(CATALOGUE, llm, maker, clock, GenerationSettings(wait_cap_s=0.01), NoLog())


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with Shelf(tmp_path) as made:
        made.add(ACT, "act.txt", jurisdiction="uk", title="Misrepresentation (Harbours) Act 2021", version="2021-05-01")
        yield made


def _wish(**changes: object) -> GenerateRequest:
    values: dict[str, object] = {
        "provider": "local",
        "practice_area": "Contract Law",
        "topic": "Misrepresentation",
        "difficulty": "basic",
        "jurisdiction": "uk",
    }
    return GenerateRequest.model_validate({**values, **changes})


def test_small_model_makes_a_sample_about_a_provision_with_its_source(shelf: Shelf) -> None:
    made = _service(shelf, _sound).make(_wish(sample_type="provision"))
    sample = made.sample
    assert sample["sample_type"] == "provision"
    assert sample["grounding"] == "grounded"
    (source,) = json.loads(sample["sources"] or "[]")
    assert (source["number"], source["version"]) == ("1", "2021-05-01")
    assert source["quotes"] == [
        "The harbour master must grant a licence within 14 days if the owner of the vessel has paid the fee."
    ]
    assert "[S1]" not in sample["answer"]


def test_model_that_writes_nothing_of_use_makes_no_sample(shelf: Shelf) -> None:
    with pytest.raises(AnswerFormatError, match="no sentence that could be used"):
        _service(shelf, "no json").make(_wish(sample_type="provision"))


def test_provision_sample_without_documents_is_refused_with_the_next_step(tmp_path: Path) -> None:
    with Shelf(tmp_path) as empty, pytest.raises(InputError, match=r"no document .* is ready; upload one"):
        _service(empty).make(_wish(sample_type="provision"))


def test_provision_sample_of_a_jurisdiction_without_law_is_refused(shelf: Shelf) -> None:
    with pytest.raises(InputError, match="jurisdiction us"):
        _service(shelf).make(_wish(sample_type="provision", jurisdiction="us"))


def test_small_model_asked_for_another_type_on_documents_is_told_what_it_can_do(shelf: Shelf) -> None:
    with pytest.raises(InputError, match="sample_type 'provision'"):
        _service(shelf).make(_wish(sample_type="case_analysis", use_rag=True))


JOB = Job("Contract Law", "Misrepresentation", "basic", "case_analysis", "uk", 5)


def test_small_model_gets_a_provision_where_documents_are_asked_for_and_no_type_is(shelf: Shelf) -> None:
    fitted = _service(shelf).maker.fitted(replace(JOB, use_rag=True), LOCAL)
    assert (fitted.sample_type, fitted.use_rag) == ("provision", True)


@pytest.mark.parametrize(("answers", "kind"), [(True, "provision"), (False, "case_analysis")])
def test_type_that_nobody_asked_for_follows_whether_the_law_answers_the_topic(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, answers: bool, kind: str
) -> None:
    asked: list[str] = []

    def says(_: Grounder, wish: Wish) -> bool:
        asked.append(wish.query)
        return answers

    monkeypatch.setattr(Grounder, "answers", says)
    jobs = [replace(JOB, seed=seed) for seed in range(3)]
    fitted = list(_service(shelf).fitted(iter(jobs), LOCAL))
    assert [(job.sample_type, job.use_rag, job.seed) for job in fitted] == [(kind, answers, seed) for seed in range(3)]
    assert asked == ["Misrepresentation. Contract Law"]  # once a topic


def test_sample_without_law_is_made_on_another_topic_that_the_documents_answer(shelf: Shelf) -> None:
    service = _service(shelf)
    groundless = replace(JOB, topic="Zebras", sample_type="provision", use_rag=True)

    other = service.elsewhere(groundless, {groundless.circuit})

    assert other is not None
    assert (other.topic_key, other.jurisdiction) == ("Contract Law - Misrepresentation", "uk")
    assert (other.sample_type, other.use_rag, other.seed) == ("provision", True, JOB.seed)
    every = [replace(JOB, practice_area=one.practice_area, topic=one.topic) for one in CATALOGUE.topics_of("uk")]
    assert service.elsewhere(groundless, {one.circuit for one in every}) is None


def test_provision_without_a_rule_that_can_be_quoted_answers_no_small_model(tmp_path: Path) -> None:
    title = "Misrepresentation (Harbours) Act 2021"
    text = f"{title}\nSection 1. Misrepresentation in contract law\nMisrepresentation in contract law, see part 2.\n"
    (topic,) = [one for one in CATALOGUE.topics_of("uk") if one.key == JOB.topic_key]
    with Shelf(tmp_path) as made:
        made.add(text, "act.txt", jurisdiction="uk", title=title)
        service = _service(made)
        assert service.answers((), is_small=False)(topic)
        assert not service.answers((), is_small=True)(topic)
        with pytest.raises(NoGroundError, match="holds a rule that can be quoted"):
            service.make(_wish(sample_type="provision"))


def test_law_of_another_topic_answers_nothing(shelf: Shelf) -> None:
    prover = _service(shelf).maker._grounder
    assert not prover.answers(Wish("zebra astronomy telescopes", "uk"))
    assert not prover.answers(Wish("Misrepresentation. Contract Law", "us"))


def test_large_model_keeps_its_type(shelf: Shelf) -> None:
    assert _service(shelf).maker.fitted(JOB, Preference("groq")) == JOB


def test_small_model_keeps_the_scaffold_where_no_law_is(tmp_path: Path) -> None:
    with Shelf(tmp_path) as empty:
        assert _service(empty).maker.fitted(JOB, LOCAL) == JOB


def test_balance_draws_no_provision_and_who_asks_for_it_stands_on_documents() -> None:
    balanced = list(plan(BatchRequest(sample_type="balance", seed=1), CATALOGUE, 200))
    assert not [job for job in balanced if job.sample_type == "provision"]
    asked = list(plan(BatchRequest(sample_type="provision", seed=1), CATALOGUE, 5))
    assert all(job.use_rag for job in asked)
