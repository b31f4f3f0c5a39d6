"""Quality inside batches: invented authorities, the judge, duplicates, and what is exported of it."""

import itertools
import json
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bootstrap import Service
from config import PROJECT_DIR
from models.contract.bodies import BatchRequest, Review
from models.samples.sample_query import SampleQuery
from services.dataset.exporting import ExportRequest
from services.dataset.publishable import Choice
from services.generation.judge import POINTS
from services.llm.adapters.base import CompletionRequest
from tests.fakes import CATALOGUE, Start, good_answer, judgement_for, run, sample
from tests.patience import PATIENCE_S
from tests.vendors.writer import write_sample
from utils.errors import ConfigurationError, InputError, ProviderServerError

INVENTED = "Marsh v Baird [2007] UKSC 4"
UK = {"jurisdiction": "uk", "topic": "Tort Law - Nuisance"}


def prompt_of(request: CompletionRequest) -> str:
    return str(request.messages[-1]["content"])


def is_judging(request: CompletionRequest) -> bool:
    return "Score the sample below" in prompt_of(request)


class Inventor:
    """Answers as a good model would, with an invented authority in each tenth answer."""

    def __init__(self) -> None:
        self._count = itertools.count(1)
        self._lock = threading.Lock()
        self.invented = 0
        self.told = 0

    def __call__(self, request: CompletionRequest) -> str:
        with self._lock:
            number = next(self._count)
            self.told += "citation invalid: " in prompt_of(request)
            inventing = number % 10 == 0
            self.invented += inventing
        fields = write_sample(prompt_of(request), number)
        if inventing:
            fields["case_citation"] += f"; {INVENTED}"
        return json.dumps(fields)


def test_batch_with_a_model_that_invents_a_tenth_exports_none_of_it_and_counts_all(start: Start) -> None:
    model = Inventor()
    platform = start({"groq": [model]})

    batch = run(platform, count=60)

    export = b"".join(platform.publish.export(ExportRequest(format="jsonl")).content).decode()
    report = platform.quality.report()
    refused = [row for row in platform.reviews._reviews.refusals() if "citation invalid" in row["reason"]]
    assert (batch["status"], batch["progress"]) == ("completed", 60)
    assert model.invented >= 6
    assert INVENTED not in export
    assert len(export.splitlines()) == 60
    assert len(refused) == model.invented
    assert model.told >= model.invented - 1  # the last one may have been somebody's last try
    assert report["citations"]["by_verdict"].get("invalid", 0) == 0
    assert report["samples"] == 60
    assert {row["citation_verdict"] for row in platform.dataset.find(SampleQuery())[1]} == {"verified"}


def test_invented_authorities_that_came_in_by_other_ways_are_left_out_and_counted(start: Start, tmp_path: Path) -> None:
    pl.DataFrame([sample(id="file", case_citation=INVENTED), sample(id="fine")]).write_parquet(
        tmp_path / "train.parquet"
    )
    platform = start({"groq": [good_answer]})
    platform.dataset.add(sample(id="added", case_citation=INVENTED, question="Another?"))
    platform.dataset.update("fine", {"answer": f"See {INVENTED}."})
    platform.dataset.add(sample(id="good", question="A third?"))
    platform.dataset.add(sample(id="out", question="A fourth?"))
    platform.reviews.review("out", Review(decision="reject", reason="thin"))

    fit = platform.publish.export(ExportRequest(format="jsonl"))
    everything = platform.publish.export(ExportRequest(format="jsonl", wanted=Choice(include="all")))
    report = platform.quality.report()

    assert [json.loads(line)["id"] for line in b"".join(fit.content).splitlines()] == ["good"]
    assert fit.left_out == {"invalid_citation": 3, "rejected_by_review": 1}
    assert (fit.samples, everything.samples, everything.left_out) == (1, 5, {})
    assert report["citations"]["samples_by_verdict"]["invalid"] == 3


def test_refused_draft_and_its_successor_make_a_pair_when_the_question_stayed(start: Start) -> None:
    tries = itertools.count()

    def model(request: CompletionRequest) -> str:
        fields = write_sample(prompt_of(request), 1)
        if next(tries) == 0:
            return json.dumps({**fields, "answer": f"{fields['answer']} See {INVENTED}."})
        assert f"The question was: {fields['question']}" in prompt_of(request)
        return json.dumps(fields)

    platform = start({"groq": [model]}, max_workers=1)

    run(platform, count=1, **UK)

    pairs = list(platform.reviews.pairs())
    assert len(pairs) == 1
    assert INVENTED in pairs[0]["rejected"]
    assert INVENTED not in pairs[0]["chosen"]
    assert pairs[0]["reason"].startswith("[quality_error] citation invalid: Marsh v Baird")


def test_model_that_repeats_itself_gets_its_copies_refused(start: Start) -> None:
    answers, first = itertools.count(), []

    def repeating(request: CompletionRequest) -> str:
        first.append(prompt_of(request))
        return json.dumps(write_sample(first[0], next(answers) // 3))

    platform = start({"groq": [repeating]}, max_workers=1)

    batch = run(platform, count=3, difficulty="basic", **UK)

    reasons = [error["error"] for error in batch["errors"] if "duplicate" in error["error"]]
    assert batch["progress"] == 3
    assert len(reasons) >= 4
    assert all("similarity 1.00" in reason or "similarity 0.9" in reason for reason in reasons)


# --- the judge -------------------------------------------------------------------------------


def judged(value: int) -> Any:
    return lambda request: judgement_for(request, value) if is_judging(request) else good_answer(request)


def test_judge_scores_every_sample_and_its_calls_are_counted(start: Start) -> None:
    platform = start({"groq": [good_answer], "cerebras": [judged(4)]})

    batch = run(platform, count=4, judge={"provider": "cerebras"}, allow_failover=False, **UK)

    rows = list(platform.dataset.find(SampleQuery())[1])
    assert batch["progress"] == 4
    assert {row["judge_score"] for row in rows} == {0.75}
    assert {json.loads(row["judgement"] or "")["clarity"]["score"] for row in rows} == {4}
    usage = {
        row["provider"]: row["calls"]
        for row in platform.stores.tables.usage.summary(["provider"], "", batch["batch_id"])
    }
    assert usage == {"groq": 4, "cerebras": 4}


def test_sample_below_the_least_score_is_refused(start: Start) -> None:
    seen = itertools.count()

    def strict(request: CompletionRequest) -> str:
        return judgement_for(request, 2 if next(seen) == 0 else 5)

    platform = start({"groq": [good_answer], "cerebras": [strict]}, max_workers=1)

    batch = run(platform, count=2, judge={"provider": "cerebras", "min_score": 0.5}, allow_failover=False, **UK)

    assert batch["progress"] == 2
    assert [error["error"] for error in batch["errors"]] == ["judge: score 0.25, want at least 0.5"]
    assert {row["judge_score"] for row in platform.dataset.find(SampleQuery())[1]} == {1.0}


@pytest.mark.parametrize("answer", ["no json", ProviderServerError("down", status=500, provider="cerebras")])
def test_sample_that_the_judge_cannot_score_is_kept_and_says_so(start: Start, answer: Any) -> None:
    platform = start({"groq": [good_answer], "cerebras": [answer]}, retry_after_cap_s=0)

    batch = run(platform, count=1, judge={"provider": "cerebras"}, allow_failover=False, **UK)

    row = next(iter(platform.dataset.find(SampleQuery())[1]))
    assert (batch["progress"], row["judge_score"]) == (1, None)
    assert "not judged" in str(row["quality_issues"])
    assert row["judgement"] is None
    assert [waiting["id"] for waiting in platform.reviews.queue(10, 0, {})[0]] == [row["id"]]


def test_answer_of_the_judge_is_not_asked_for_twice(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    judge_calls = itertools.count()

    def judge(request: CompletionRequest) -> str:
        next(judge_calls)
        return judgement_for(request, 5)

    platform = start({"groq": [good_answer], "cerebras": [judge]}, max_workers=1)
    ledger, finish = platform.stores.ledger, platform.stores.ledger.finish
    failed = itertools.count()

    def once(*arguments: Any) -> int:
        if next(failed) == 0:
            raise AssertionError("killed between judgement and commit")
        return finish(*arguments)

    monkeypatch.setattr(ledger, "finish", once)
    batch = platform.batches.start(
        BatchRequest.model_validate({"count": 1, "provider": "groq", "judge": {"provider": "cerebras"}, **UK})
    )
    platform.batches.wait(batch["batch_id"], PATIENCE_S)
    row = platform.batches._stores.work.upcoming(batch["batch_id"], -1, 5)
    kept = [item.answer for item in row if item.answer]

    assert next(judge_calls) == 1
    assert all(answer.judgement for answer in kept)


def test_draft_is_not_asked_for_twice_when_the_batch_pauses_while_it_is_judged(start: Start) -> None:
    drafts, judging = itertools.count(), itertools.count()
    paused = threading.Event()

    def author(request: CompletionRequest) -> str:
        next(drafts)
        return good_answer(request)

    def judge(request: CompletionRequest) -> str:
        if next(judging) == 0:
            platform.batches.pause(str(platform.batches.get_status()["batch_id"]))
            paused.set()
            raise ProviderServerError("down", status=503, provider="cerebras")
        return judgement_for(request, 5)

    platform = start({"groq": [author], "cerebras": [judge]}, max_workers=1, retry_after_cap_s=0)
    request = {"count": 1, "provider": "groq", "judge": {"provider": "cerebras"}, "allow_failover": False, **UK}
    name = platform.batches.start(BatchRequest.model_validate(request))["batch_id"]
    assert paused.wait(PATIENCE_S)
    platform.batches.resume(name)
    assert platform.batches.wait(name, PATIENCE_S)

    row = next(iter(platform.dataset.find(SampleQuery())[1]))
    assert (platform.batches.get_status(name)["status"], next(drafts)) == ("completed", 1)
    assert row["judge_score"] == 1.0


class SlowJudge:
    """A judge that answers only once it is released; `asked` is set when it was asked so many times."""

    def __init__(self, calls: int) -> None:
        self.count = itertools.count(1)
        self.calls = calls
        self.asked, self.released = threading.Event(), threading.Event()

    def __call__(self, request: CompletionRequest) -> str:
        if next(self.count) >= self.calls:
            self.asked.set()
        self.released.wait(PATIENCE_S)
        return judgement_for(request, 5)


def counted(platform: Service, batch_id: str | None = None) -> dict[str, tuple[int, int]]:
    """Return calls that came to an end and calls in doubt, by provider."""
    rows = platform.stores.tables.usage.summary(["provider"], "", batch_id)
    return {row["provider"]: (row["calls"], row["in_doubt"]) for row in rows}


def test_stop_keeps_the_drafts_that_wait_for_their_judge_and_doubts_its_calls(start: Start) -> None:
    judge = SlowJudge(calls=3)
    platform = start({"groq": [good_answer], "cerebras": [judge]}, max_workers=3)
    wanted = {"count": 9, "provider": "groq", "judge": {"provider": "cerebras"}, "allow_failover": False, **UK}
    name = platform.batches.start(BatchRequest.model_validate(wanted))["batch_id"]
    assert judge.asked.wait(PATIENCE_S)

    platform.batches.stop_batch(name)
    assert platform.batches.wait(name, PATIENCE_S)
    judge.released.set()

    row, rows = platform.batches.get_status(name), list(platform.dataset.find(SampleQuery())[1])
    assert (row["status"], row["progress"], row["in_doubt"]) == ("stopped", 3, 3)
    assert ["the batch ended first" in str(sample["quality_issues"]) for sample in rows] == [True] * 3
    assert counted(platform, name) == {"groq": (3, 0), "cerebras": (0, 3)}
    assert row["attempts"] == 6
    assert platform.monitor.report(name)["items"]["done"] == 3


def test_stop_of_a_batch_that_nobody_runs_keeps_its_drafts(start: Start) -> None:
    judge = SlowJudge(calls=2)
    first = start({"groq": [good_answer], "cerebras": [judge]}, max_workers=2)
    wanted = {"count": 4, "provider": "groq", "judge": {"provider": "cerebras"}, "allow_failover": False, **UK}
    name = first.batches.start(BatchRequest.model_validate(wanted))["batch_id"]
    assert judge.asked.wait(PATIENCE_S)
    first.close()
    judge.released.set()

    second = start({"groq": [good_answer], "cerebras": [judged(5)]}, resume_batches=False)

    row = second.batches.get_status(name)
    assert (row["status"], row["progress"], row["in_doubt"], second.dataset.count()) == ("stopped", 2, 2, 2)
    assert counted(second, name) == {"groq": (2, 0), "cerebras": (0, 2)}


def test_call_to_a_judge_that_an_end_of_the_process_cuts_off_is_in_doubt_and_asked_again(start: Start) -> None:
    judge = SlowJudge(calls=2)
    first = start({"groq": [good_answer], "cerebras": [judge]}, max_workers=2)
    wanted = {"count": 2, "provider": "groq", "judge": {"provider": "cerebras"}, "allow_failover": False, **UK}
    name = first.batches.start(BatchRequest.model_validate(wanted))["batch_id"]
    assert judge.asked.wait(PATIENCE_S)
    first.close()
    judge.released.set()

    second = start({"groq": [good_answer], "cerebras": [judged(5)]})
    assert second.batches.wait(name, PATIENCE_S)

    row = second.batches.get_status(name)
    assert (row["status"], row["progress"], row["in_doubt"]) == ("completed", 2, 2)
    assert counted(second, name) == {"groq": (2, 0), "cerebras": (2, 2)}
    assert {sample["judge_score"] for sample in second.dataset.find(SampleQuery())[1]} == {1.0}


@pytest.mark.parametrize(
    ("judge", "error", "told"),
    [
        ({"provider": "nobody"}, InputError, "nobody"),
        ({"provider": "groq", "model": None}, ConfigurationError, "would judge its own samples"),
        ({"provider": "cerebras", "min_score": 3}, InputError, "min_score"),
        ({"model": "x"}, InputError, "judge.provider"),
    ],
)
def test_judge_that_cannot_be_is_refused_at_the_start(
    start: Start, judge: dict[str, Any], error: Any, told: str
) -> None:
    platform = start({"groq": [good_answer], "cerebras": [judged(4)]})

    with pytest.raises(error, match=told):
        platform.batches.start_batch(count=1, provider="groq", judge=judge, allow_failover=False)


def test_prompt_of_the_judge_names_every_point() -> None:
    text = (PROJECT_DIR / "catalog" / "prompts" / "judge.md").read_text()

    assert all(f"- {name}: " in text for name in POINTS)


# --- prompts ---------------------------------------------------------------------------------


def test_prompt_gives_the_authorities_of_its_topic_and_an_example_of_another(start: Start) -> None:
    platform = start({"groq": [good_answer]})

    run(platform, count=1, **UK)

    asked = platform.llm.factory._made["groq"]
    text = prompt_of(asked.requests[0])  # type: ignore[attr-defined]
    topic = CATALOGUE.topic("Tort Law", "Nuisance", "uk")
    assert all(row.cite in text for row in CATALOGUE.authorities_of(topic))
    examples = [row for row in CATALOGUE.starter if row.question in text]
    assert len(examples) == 1
    assert examples[0].topic != "Tort Law - Nuisance"
