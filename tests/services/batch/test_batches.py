"""Batches from plan to end: with scripted providers, real threads, a real database."""

import itertools
import json
import shutil
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.batches.ledger import Ledger
from models.batches.work_item import WorkItem
from models.batches.work_store import WorkStore
from models.contract.answers.batches import Batch
from models.contract.bodies import BatchReference, BatchRequest
from models.domain import Job
from models.fields import validated
from models.samples.sample_query import SampleQuery
from models.samples.statistics import Present
from models.schemas import Sample
from services.batch.live import LiveBatch
from services.batch.objects import new_row
from services.batch.planner import fill, plan, replacement
from services.batch.report import why_stuck
from services.catalogue.catalogue import Topic
from services.generation_service import Making
from services.llm.adapters.base import CompletionRequest
from services.llm_service import Preference
from tests.fakes import CATALOGUE, Start, good_answer, run, sample
from tests.patience import PATIENCE_S, until
from utils.clock import ManualClock
from utils.errors import (
    AuthenticationError,
    BadRequestError,
    DataFolderGoneError,
    DiskFullError,
    InputError,
    ModelUnavailableError,
    NoGroundError,
    NotFoundError,
    NotReadyError,
    ProviderConnectionError,
    ProviderServerError,
    RateLimitError,
    StorageError,
    UnclassifiedError,
)

# --- planner ---------------------------------------------------------------------------------


def jobs_of(request: BatchRequest, count: int, present: Present | None = None) -> list[Job]:
    return list(plan(request, CATALOGUE, count, present))


@given(count=st.integers(1, 200), seed=st.integers(0, 10**6), smart=st.booleans())
def test_plan_is_repeatable_and_even(count: int, seed: int, smart: bool) -> None:
    request = BatchRequest(count=count, seed=seed, smart_mode=smart, jurisdiction="all")
    jobs = jobs_of(request, count)

    by_topic = Counter((job.jurisdiction, job.topic_key) for job in jobs)
    by_level = Counter(job.difficulty for job in jobs)
    by_type = Counter(job.sample_type for job in jobs)
    shares = {kind.id: kind.mix_percent / 100 for kind in CATALOGUE.core_types} if smart else {"case_analysis": 1.0}

    share = count // len(CATALOGUE.topics)

    assert jobs == jobs_of(request, count)
    assert len(jobs) == count
    assert {by_topic[(topic.jurisdiction, topic.key)] for topic in CATALOGUE.topics} <= {share, share + 1}
    assert {by_level[name] for name in ("basic", "intermediate", "advanced", "expert")} <= {count // 4, count // 4 + 1}
    assert all(abs(by_type[kind] - share * count) <= 1 for kind, share in shares.items())


@given(
    shares=st.dictionaries(st.sampled_from("abcde"), st.floats(0.01, 100), min_size=1),
    present=st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 500)),
    count=st.integers(0, 500),
)
def test_filling_takes_all_and_no_other_choice_comes_closer(
    shares: dict[str, float], present: dict[str, int], count: int
) -> None:
    got = fill(shares, present, count)

    assert sum(got.values()) == count
    assert min(got.values()) >= 0
    # What got samples ends at about the same level; what got none is above it already.
    levels = {key: (present.get(key, 0) + got[key]) / shares[key] for key in got}
    for key, other in itertools.permutations(got, 2):
        if got[key] > 1:
            assert levels[other] + 1 / shares[other] >= levels[key] - 1 / shares[key] - 1e-6


def test_plan_fills_what_the_data_set_lacks() -> None:
    present = Present(
        topics={("uk", "Tort Law - Nuisance"): 50},
        difficulties={"foundational": 20, "expert": 40},
        sample_types={"case_analysis": 500},
    )

    jobs = jobs_of(BatchRequest(sample_type="balance", fill_gaps=True), 100, present)

    assert "Tort Law - Nuisance" not in {job.topic_key for job in jobs}
    assert Counter(job.difficulty for job in jobs) == {"intermediate": 40, "advanced": 40, "basic": 20}
    assert Counter(job.sample_type for job in jobs) == {
        "educational": 50,
        "client_interaction": 33,
        "statutory_interpretation": 17,
    }


@given(
    count=st.integers(1, 100),
    held=st.dictionaries(st.sampled_from(["basic", "advanced", "expert"]), st.integers(0, 900)),
)
def test_levels_are_spread_whatever_the_data_set_holds(count: int, held: dict[str, int]) -> None:
    jobs = jobs_of(BatchRequest(), count, Present({}, held, {}))

    by_level = Counter(job.difficulty for job in jobs)

    assert {by_level[name] for name in ("basic", "intermediate", "advanced", "expert")} <= {count // 4, count // 4 + 1}


def test_batch_that_names_no_jurisdiction_is_for_the_default_one() -> None:
    american = CATALOGUE.with_default_jurisdiction("us")
    mixed = BatchRequest.model_validate({"mix": {"topics": {CATALOGUE.topics_of("eu")[0].key: 1}}})

    assert {job.jurisdiction for job in jobs_of(BatchRequest(), 300)} == {"uk"}
    assert {job.jurisdiction for job in plan(BatchRequest(), american, 300)} == {"us"}
    assert {job.jurisdiction for job in jobs_of(BatchRequest(jurisdiction="all"), 300)} == {
        "uk",
        "us",
        "eu",
        "international",
    }
    assert {job.jurisdiction for job in jobs_of(mixed, 3)} == {"eu"}
    with pytest.raises(InputError, match="moon"):
        CATALOGUE.with_default_jurisdiction("moon")


def test_mix_of_the_request_is_followed() -> None:
    mix = {
        "topics": {"Tort Law - Nuisance": 3, "Criminal Law - Fraud": 1},
        "difficulties": {"expert": 1},
        "sample_types": {"simple_qa": 1, "hypothetical": 1},
    }

    jobs = jobs_of(BatchRequest.model_validate({"mix": mix}), 40)

    assert Counter(job.topic_key for job in jobs) == {"Tort Law - Nuisance": 30, "Criminal Law - Fraud": 10}
    assert Counter(job.sample_type for job in jobs) == {"simple_qa": 20, "hypothetical": 20}
    assert {job.difficulty for job in jobs} == {"expert"}


def test_batch_that_ends_early_has_about_the_same_mix() -> None:
    first = jobs_of(BatchRequest(sample_type="balance"), 1000)[:100]

    by_type = Counter(job.sample_type for job in first)

    assert by_type["case_analysis"] == pytest.approx(40, abs=8)
    assert by_type["statutory_interpretation"] == pytest.approx(10, abs=6)


def test_plan_meets_every_filter() -> None:
    request = BatchRequest(
        count=5, topic="Criminal Law - Fraud", difficulty="expert", sample_type="simple_qa", reasoning_instruction="x"
    )

    jobs = jobs_of(request, 5)

    assert {(j.topic_key, j.difficulty, j.sample_type, j.jurisdiction, j.instruction) for j in jobs} == {
        ("Criminal Law - Fraud", "expert", "simple_qa", "uk", "x")
    }
    assert {job.jurisdiction for job in jobs_of(BatchRequest(jurisdiction="eu"), 30)} == {"eu"}
    assert {job.sample_type for job in jobs_of(BatchRequest(sample_type="balance"), 8)} == {
        kind.id for kind in CATALOGUE.core_types
    }


def test_one_topic_gets_every_type_in_turn() -> None:
    jobs = jobs_of(BatchRequest(topic="Tort Law - Nuisance", sample_type="balance"), 8)

    assert Counter(job.sample_type for job in jobs) == {
        "case_analysis": 3,
        "educational": 2,
        "client_interaction": 2,
        "statutory_interpretation": 1,
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"topic": "Nuisance"},
        {"topic": " - x"},
        {"difficulty": "hard"},
        {"sample_type": "poem"},
        {"jurisdiction": "moon"},
        {"mix": {"topics": {"Tort Law - Nothing": 1}}},
        {"mix": {"difficulties": {"hard": 1}}},
        {"mix": {"sample_types": {"poem": 1}}},
    ],
)
def test_plan_refuses_what_it_does_not_know(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="want"):
        jobs_of(BatchRequest.model_validate(wrong), 1)


def _is_of_tort(topic: Topic) -> bool:
    return topic.practice_area == "Tort Law"


@pytest.mark.parametrize(
    ("wanted", "answers", "areas"),
    [
        pytest.param({}, _is_of_tort, {"Tort Law"}, id="what the documents answer"),
        pytest.param({"topic": "Contract Law - Misrepresentation"}, _is_of_tort, {"Contract Law"}, id="named topic"),
        pytest.param(
            {"mix": {"topics": {"Contract Law - Misrepresentation": 1}}}, _is_of_tort, {"Contract Law"}, id="mix"
        ),
        pytest.param({}, lambda _topic: False, {row.practice_area for row in CATALOGUE.topics_of("uk")}, id="none"),
    ],
)
def test_topics_that_the_documents_answer_are_planned_unless_a_caller_names_them(
    wanted: dict[str, Any], answers: Callable[[Topic], bool], areas: set[str]
) -> None:
    request = BatchRequest.model_validate({"jurisdiction": "uk", "use_rag": True, "count": 60, **wanted})

    assert {job.practice_area for job in plan(request, CATALOGUE, 60, answers=answers)} == areas


def test_topic_of_the_callers_own_is_planned() -> None:
    assert jobs_of(BatchRequest(topic="Space Law - Moon Mining"), 1)[0].jurisdiction == "uk"


def test_replacement_keeps_the_wish_and_changes_the_draw() -> None:
    job = jobs_of(BatchRequest(), 1)[0]

    other = replacement(job, 3)

    assert other.seed != job.seed
    assert other.topic_key == job.topic_key


# --- running ---------------------------------------------------------------------------------


def test_batch_ends_completed_with_exactly_its_target(start: Start, tmp_path: Path) -> None:
    platform = start({"groq": [good_answer]})

    batch = run(platform, count=12)

    assert (batch["status"], batch["progress"], batch["total"], batch["running"]) == ("completed", 12, 12, False)
    frame = pl.read_parquet(tmp_path / "train.parquet")
    assert frame["batch_id"].to_list() == [batch["batch_id"]] * 12
    assert frame["id"].n_unique() == 12
    history = platform.monitor.history(None, 0, None)
    assert (history[0]["samples_generated"], history[0]["status"]) == (12, "completed")
    assert platform.dataset.count() == 12


def test_target_count_is_the_size_that_the_data_set_shall_reach(start: Start) -> None:
    platform = start({"groq": [good_answer]})
    run(platform, count=3)

    assert run(platform, count=None, target_count=5)["total"] == 2
    with pytest.raises(InputError, match=r"Target count \(5\) must be greater than current samples \(5\)"):
        platform.batches.start_batch(target_count=5)


def test_dead_model_is_switched_and_the_switch_is_told(start: Start) -> None:
    def gone(request: CompletionRequest) -> str:
        if request.model == "openai/gpt-oss-120b":
            raise ModelUnavailableError("gone", status=404, provider="groq", model=request.model)
        return good_answer(request)

    batch = run(start({"groq": [gone]}), count=8)

    assert batch["progress"] == 8
    assert [(s["from_model"], s["to_model"], s["reason"]) for s in batch["model_switches"]] == [
        ("openai/gpt-oss-120b", "openai/gpt-oss-20b", "model_unavailable")
    ]
    assert batch["failed_models_by_provider"] == {"groq": ["openai/gpt-oss-120b"]}


def test_provider_that_dies_half_way_is_left_and_every_sample_names_its_author(start: Start) -> None:
    served = threading.Semaphore(20)

    def dying(request: CompletionRequest) -> str:
        if not served.acquire(blocking=False):
            raise ProviderConnectionError("refused", provider="groq")
        return good_answer(request)

    platform = start({"groq": [dying], "cerebras": [good_answer]})

    batch = run(platform, count=60)
    authors = [row["provider"] for row in platform.dataset.find(SampleQuery())[1]]

    assert (batch["status"], batch["progress"]) == ("completed", 60)
    assert authors.count("groq") == 20
    assert authors.count("cerebras") == 40
    assert batch["provider_switches"]


def test_bad_drafts_are_replaced_and_counted(start: Start) -> None:
    broken = iter(range(1000))

    def careless(request: CompletionRequest) -> str:
        return "no json" if next(broken) < 6 else good_answer(request)

    platform = start({"groq": [careless]}, max_workers=1)

    batch = run(platform, count=4)

    assert (batch["status"], batch["progress"], batch["rejected"]) == ("completed", 4, 2)
    assert {error["category"] for error in batch["errors"]} == {"json_error"}
    assert batch["attempts"] == 10


@pytest.mark.parametrize(
    ("wanted", "status", "made"), [({}, "completed", 4), ({"topic": "Tort Law - Nuisance"}, "failed", 0)]
)
def test_topic_without_law_gives_its_place_to_another_unless_it_was_asked_for(
    start: Start, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, str], status: str, made: int
) -> None:
    platform = start({"groq": [good_answer]}, max_workers=1)
    make = platform.generation.maker.make
    asked: list[str] = []

    def only_on_fraud(making: Making) -> Sample:
        asked.append(making.job.topic)
        if making.job.topic != "Fraud":
            raise NoGroundError("grounding: nothing in the documents answers it")
        return make(making)

    monkeypatch.setattr(platform.generation.maker, "make", only_on_fraud)
    monkeypatch.setattr(platform.generation.maker, "answers", lambda topic, *_: topic.topic == "Fraud")

    batch = run(platform, count=4, jurisdiction="uk", **wanted)

    assert (batch["status"], batch["progress"]) == (status, made)
    assert max(Counter(topic for topic in asked if topic != "Fraud").values()) <= (1 if not wanted else 4)


def test_hopeless_batch_ends_failed_and_says_why(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.batch.worker._HOPELESS_IN_A_ROW", 5)

    # With several at once those under way fail alike, and the last is not the fifth.
    batch = run(start({"groq": ["no json"]}, max_workers=1), count=10)

    assert batch["status"] == "failed"
    assert "5 samples in a row were refused, the last: [json_error]" in batch["errors"][-1]["error"]


def test_batch_as_a_whole_is_kept_once_in_a_while_and_not_with_every_sample(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[str] = []
    note = Ledger.note

    def noted(self: Ledger, batch_id: str, **columns: Any) -> None:
        kept.append(batch_id)
        note(self, batch_id, **columns)

    monkeypatch.setattr(Ledger, "note", noted)
    monkeypatch.setattr("services.batch.runner._TICK_S", 3600.0)

    batch = run(start({"groq": [good_answer]}), count=30)

    assert (batch["status"], batch["progress"]) == ("completed", 30)
    assert len(kept) <= 3


def test_batch_without_spare_replacements_ends_failed_with_what_is_missing(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.batch.worker._SPARE_REPLACEMENTS", -2)

    batch = run(start({"groq": ["no json"]}), count=2)

    assert batch["status"] == "failed"
    assert "2 of 2 samples could not be made" in batch["errors"][-1]["error"]


def test_refused_keys_everywhere_end_the_batch_failed(start: Start) -> None:
    platform = start({name: [AuthenticationError("bad key", status=401)] for name in ("groq", "cerebras")})

    batch = run(platform)

    assert batch["status"] == "failed"
    assert "no provider is open" in batch["errors"][-1]["error"]


def test_stop_keeps_what_is_finished_and_doubts_what_is_in_flight(start: Start) -> None:
    made = threading.Semaphore(0)
    forever = threading.Event()
    count = iter(range(1000))

    def slow(request: CompletionRequest) -> str:
        if next(count) >= 5:
            made.release()
            forever.wait(PATIENCE_S)
        return good_answer(request)

    platform = start({"groq": [slow]}, max_workers=4)
    batch_id = platform.batches.start_batch(count=50, provider="groq")["batch_id"]
    for _ in range(4):
        made.acquire()

    assert platform.batches.stop_batch(batch_id) == [batch_id]
    assert platform.batches.wait(batch_id, PATIENCE_S)
    forever.set()

    batch = platform.batches.get_status(batch_id)
    assert (batch["status"], batch["progress"]) == ("stopped", platform.dataset.count())
    assert platform.batches._stores.work.counts(batch_id)["in_doubt"] == 4
    with pytest.raises(InputError, match="is not running"):
        platform.batches.stop_batch(batch_id)
    with pytest.raises(InputError, match="No batch generation running"):
        platform.batches.stop_batch()
    with pytest.raises(NotFoundError):
        platform.batches.stop_batch("batch_0_no")
    with pytest.raises(NotFoundError):
        platform.batches.get_status("batch_0_no")


def test_interrupted_batch_goes_on_at_the_next_start_and_pays_nothing_twice(start: Start, tmp_path: Path) -> None:
    forever = threading.Event()
    reached = threading.Event()
    calls: list[int] = []

    def slow(request: CompletionRequest) -> str:
        calls.append(1)
        if len(calls) > 6:
            reached.set()
            forever.wait(PATIENCE_S)
        return good_answer(request)

    first = start({"groq": [slow]}, max_workers=2)
    batch_id = first.batches.start_batch(count=10, provider="groq")["batch_id"]
    assert reached.wait(PATIENCE_S)
    first.close()
    forever.set()
    before = len(pl.read_parquet(tmp_path / "train.parquet"))

    second = start({"groq": [good_answer]}, max_workers=2)
    assert second.batches.wait(batch_id, PATIENCE_S)
    batch = second.batches.get_status(batch_id)

    assert (batch["status"], batch["progress"], second.dataset.count()) == ("completed", 10, 10)
    assert before == 6
    assert 1 <= batch["in_doubt"] <= 2


def test_stopped_batch_is_not_gone_on_with_when_the_service_ends_at_once(start: Start) -> None:
    forever = threading.Event()
    first = start({"groq": [lambda _: str(forever.wait(PATIENCE_S))]})
    batch_id = first.batches.start_batch(count=3, provider="groq")["batch_id"]

    first.batches.stop_batch(batch_id)
    first.close()
    forever.set()
    second = start({"groq": [good_answer]})

    assert second.batches.get_status(batch_id)["status"] == "stopped"
    assert second.dataset.count() == 0


def test_resuming_can_be_switched_off(start: Start) -> None:
    forever = threading.Event()
    first = start({"groq": [lambda _: str(forever.wait(PATIENCE_S))]})
    batch_id = first.batches.start_batch(count=3, provider="groq")["batch_id"]
    first.close()
    forever.set()

    second = start({"groq": [good_answer]}, resume_batches=False)

    assert second.batches.get_status(batch_id)["status"] == "stopped"
    assert second.batches.running_count() == 0


def test_limit_of_concurrent_batches_is_kept(start: Start) -> None:
    forever = threading.Event()
    platform = start({"groq": [lambda _: str(forever.wait(PATIENCE_S))]}, max_concurrent_batches=1)
    platform.batches.start_batch(count=1, provider="groq")

    with pytest.raises(InputError, match="already running"):
        platform.batches.start_batch(count=1, provider="groq")

    assert len(platform.batches.stop_batch()) == 1
    forever.set()


def test_open_circuit_makes_the_batch_wait_instead_of_ending_short(start: Start) -> None:
    platform = start({"groq": ["no json"]}, max_workers=1)
    batch_id = platform.batches.start_batch(count=4, provider="groq", topic="Tort Law - Nuisance")["batch_id"]
    batch = platform.batches.get_status(batch_id)
    while batch["waiting_for"] != "topic":  # a busy machine may show it waiting for something else before
        batch = platform.batches.get_status(batch_id)
        assert batch["running"]

    platform.batches.stop_batch(batch_id)

    assert batch["waiting_until"] is not None
    assert batch["skipped_topics"] == ["uk: Tort Law - Nuisance"]
    assert (batch["rejected"], batch["progress"]) == (3, 0)
    assert platform.batches.wait(batch_id, PATIENCE_S)


def test_time_limit_stops_the_batch_and_says_so(start: Start) -> None:
    forever = threading.Event()
    platform = start({"groq": [lambda _: str(forever.wait(PATIENCE_S))]}, batch_time_limit_s=0.2)
    batch_id = platform.batches.start_batch(count=6, provider="groq")["batch_id"]
    runner = platform.batches._running.of(batch_id)
    assert runner

    until(lambda: runner.is_ending)
    forever.set()  # what is under way still comes in
    assert platform.batches.wait(batch_id, PATIENCE_S)

    batch = platform.batches.get_status(batch_id)
    assert batch["status"] == "stopped"
    assert "time limit" in str(batch["reason"])


def test_unknown_topic_of_the_embedded_model_ends_the_batch_with_its_sentence(start: Start) -> None:
    batch = run(start({"local": ["{}"]}), provider="local", topic="Space Law - Moon Mining", count=2)

    assert batch["status"] == "failed"
    assert "knows only catalogue topics" in batch["errors"][-1]["error"]


def test_storage_that_refuses_is_tried_again_and_loses_no_paid_answer(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = start({"groq": [good_answer]}, max_workers=1)
    monkeypatch.setattr("services.batch.worker._RETRY_STORAGE_S", 0.01)
    ledger = platform.batches._stores.ledger
    finish, refused = ledger.finish, iter(range(100))

    def sometimes(*arguments: Any) -> int:
        if next(refused) < 3:
            raise StorageError("disk full")
        return finish(*arguments)

    monkeypatch.setattr(ledger, "finish", sometimes)
    batch = run(platform, count=2)

    assert (batch["status"], batch["progress"], batch["attempts"]) == ("completed", 2, 2)
    assert "storage_error" in {error["category"] for error in batch["errors"]}


def test_folder_that_goes_away_under_a_batch_holds_it_up_and_loses_nothing(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.batch.worker._RETRY_STORAGE_S", 0.01)
    data, elsewhere, calls = tmp_path / "data", tmp_path / "elsewhere", iter(range(1, 100))

    def answer(request: CompletionRequest) -> str:
        if next(calls) == 5:
            data.rename(elsewhere)
            data.mkdir()
        return good_answer(request)

    platform = start({"groq": [answer]}, max_workers=2, data_dir=data)
    batch_id = platform.batches.start_batch(count=12, provider="groq")["batch_id"]
    until(lambda: platform.batches.get_status(batch_id)["waiting_for"] == "storage")
    with pytest.raises(NotReadyError, match="was replaced by another"):
        platform.health.ready()
    with pytest.raises(DataFolderGoneError):
        platform.dataset.add(sample(id="refused"))
    with pytest.raises(DataFolderGoneError):
        platform.dataset.fold()
    with pytest.raises(DataFolderGoneError):
        platform.backups.make()
    assert not [path for path in data.rglob("*") if path.name.startswith(("train", "batches"))]
    shutil.rmtree(data)
    elsewhere.rename(data)

    assert platform.batches.wait(batch_id, PATIENCE_S)
    assert platform.health.ready()["total_samples"] == 12
    assert platform.batches.get_status(batch_id)["attempts"] == next(calls) - 1


@pytest.mark.parametrize("refused", ["finish", "answered", "claim"])
def test_batch_on_a_full_disk_says_that_it_waits_for_storage_until_it_goes_on(
    start: Start, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    platform = start({"groq": [good_answer]}, max_workers=2)
    monkeypatch.setattr("services.batch.worker._RETRY_STORAGE_S", 0.01)
    ledger, full, tried = platform.stores.ledger, threading.Event(), threading.Event()
    full.set()
    owner: Any = WorkStore if refused == "claim" else ledger
    write = getattr(owner, refused)

    def refusing(*arguments: Any, **columns: Any) -> Any:
        if full.is_set():
            tried.set()
            raise DiskFullError("database: no space left on the disk")
        return write(*arguments, **columns)

    monkeypatch.setattr(owner, refused, refusing)
    batch_id = platform.batches.start_batch(count=3, provider="groq")["batch_id"]
    assert tried.wait(60)
    # In one answer: between two a worker may try again, and then it waits for nothing.
    seen: list[Batch] = []

    def waits() -> bool:
        seen.append(platform.batches.get_status(batch_id))
        return seen[-1]["waiting_for"] == "storage"

    until(waits)
    told = seen[-1]
    full.clear()
    assert platform.batches.wait(batch_id, 60)

    after = platform.batches.get_status(batch_id)
    assert (told["status"], told["waiting_until"], told["progress"]) == ("running", None, 0)
    assert (after["status"], after["progress"], after["waiting_for"]) == ("completed", 3, None)
    assert why_stuck(told) == "the data folder takes nothing: database: no space left on the disk"
    assert "disk_full" in {error["category"] for error in after["errors"]}


def test_batch_of_which_one_worker_waits_for_the_disk_and_one_works_says_nothing(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering, rested = threading.Event(), threading.Event()
    calls = itertools.count()

    def answer(request: CompletionRequest) -> str:
        if next(calls) == 1:
            answering.wait(60)
        return good_answer(request)

    platform = start({"groq": [answer]}, max_workers=2)
    monkeypatch.setattr("services.batch.worker._RETRY_STORAGE_S", 60.0)
    ledger, finish = platform.stores.ledger, platform.stores.ledger.finish

    def refusing(*arguments: Any) -> int:
        if not rested.is_set():
            rested.set()
            raise DiskFullError("database: no space left on the disk")
        return finish(*arguments)

    monkeypatch.setattr(ledger, "finish", refusing)
    batch_id = platform.batches.start_batch(count=2, provider="groq")["batch_id"]
    assert rested.wait(60)
    platform.batches._running.runners()[0]._tell_waiting()
    told = platform.batches.get_status(batch_id)
    platform.batches.stop_batch(batch_id)
    answering.set()

    assert (told["status"], told["waiting_for"]) == ("running", None)


def test_fault_of_ours_ends_the_batch_and_is_logged(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    platform = start({"groq": [good_answer]})
    monkeypatch.setattr(platform.generation.maker, "examine", lambda *_: 1 / 0)

    batch = run(platform)

    assert batch["status"] == "failed"
    assert "fault of the service itself" in batch["errors"][-1]["error"]
    assert "worker failed" in caplog.text


def test_server_errors_are_waited_out_without_burning_items(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.llm.routing.router.COOL_DOWN_S", (0.01, 0.01, 0.01))
    faults = iter(range(100))

    def flaky(request: CompletionRequest) -> str:
        if next(faults) < 12:
            raise ProviderServerError("503", status=503)
        return good_answer(request)

    batch = run(start({"groq": [flaky], "cerebras": [flaky]}, max_workers=2), count=5, provider="auto")

    assert (batch["status"], batch["progress"], batch["rejected"]) == ("completed", 5, 0)


def test_status_without_any_batch_is_zeros_and_nulls(start: Start) -> None:
    status = start({}).batches.get_status()

    assert (status["running"], status["progress"], status["total"], status["samples_generated"]) == (False, 0, 0, 0)
    assert status["batch_id"] is None
    assert status["batches"] == {}
    assert status["count"] == 0


def test_stream_begins_with_all_batches_and_ends_with_the_final_state(start: Start) -> None:
    platform = start({"groq": [good_answer]})
    subscription = platform.monitor.subscribe(None)
    seen: list[dict[str, Any]] = []
    reader = threading.Thread(
        target=lambda: seen.extend(json.loads(m.split(b"data: ")[1]) for m in subscription.messages() if b"data: " in m)
    )
    reader.start()

    run(platform, count=3)
    platform.events.close()
    reader.join(PATIENCE_S)

    assert seen[0] == {"type": "all_batches", "batches": {}}
    assert seen[1]["type"] == "batch_update"
    assert seen[-1]["batch"]["status"] == "completed"
    assert seen[-1]["batch"]["progress"] == 3


def test_pause_makes_no_new_call_and_keeps_what_is_under_way(start: Start) -> None:
    started, go_on = threading.Semaphore(0), threading.Event()

    def slow(request: CompletionRequest) -> str:
        started.release()
        go_on.wait(PATIENCE_S)
        return good_answer(request)

    platform = start({"groq": [slow]}, max_workers=3)
    batches = platform.batches
    batch_id = batches.start_batch(count=10, provider="groq")["batch_id"]
    for _ in range(3):
        started.acquire()

    paused = batches.pause(batch_id)
    go_on.set()
    until(lambda: batches.get_status(batch_id)["progress"] >= 3)
    calls = len(platform.llm.factory.get_provider("groq").requests)  # type: ignore[attr-defined]  # a scripted one
    with pytest.raises(InputError, match="only a running one can be paused"):
        batches.pause(batch_id)
    resumed = batches.resume(batch_id)
    with pytest.raises(InputError, match="only a paused one can be resumed"):
        batches.resume(batch_id)
    assert batches.wait(batch_id, PATIENCE_S)

    batch = batches.get_status(batch_id)
    assert (paused["status"], paused["running"], calls) == ("paused", False, 3)
    assert resumed["status"] == "running"
    assert (batch["status"], batch["progress"], batch["attempts"]) == ("completed", 10, 10)


def test_paused_batch_gives_its_place_to_another_and_can_be_stopped(start: Start) -> None:
    forever = threading.Event()
    platform = start({"groq": [lambda _: str(forever.wait(PATIENCE_S))]}, max_concurrent_batches=1)
    first = platform.batches.start_batch(count=2, provider="groq")["batch_id"]
    platform.batches.pause(first)
    second = platform.batches.start_batch(count=2, provider="groq")["batch_id"]

    with pytest.raises(InputError, match="already running"):
        platform.batches.resume(first)
    assert sorted(platform.batches.stop_batch()) == sorted([first, second])
    forever.set()
    for batch_id in (first, second):
        assert platform.batches.wait(batch_id, PATIENCE_S)
        assert platform.batches.get_status(batch_id)["status"] == "stopped"


def test_stop_reaches_workers_that_wait_for_a_limit(start: Start, tmp_path: Path) -> None:
    platform = start({"groq": [good_answer]})
    target = platform.llm.targets(Preference("groq"))[0]
    platform.llm.accounts.of(target).minute.calls_limit = 3
    batch_id = platform.batches.start_batch(count=10, provider="groq", allow_failover=False)["batch_id"]
    until(lambda: platform.batches.get_status(batch_id)["waiting_for"] == "limit")

    platform.batches.stop_batch(batch_id)

    assert platform.batches.wait(batch_id, PATIENCE_S)
    batch = platform.batches.get_status(batch_id)
    assert (batch["status"], batch["progress"], batch["in_doubt"]) == ("stopped", 3, 0)


def test_budget_in_money_stops_the_batch_with_its_reason(start: Start) -> None:
    platform = start({"groq": [good_answer]}, max_workers=1)

    batch = run(platform, count=100, max_cost_usd=0.02)

    assert batch["status"] == "stopped"
    assert "of 0.02 USD used" in str(batch["reason"])
    assert 0 < (batch["cost_usd"] or 0) <= 0.02
    assert platform.stores.tables.usage.summary(("model",))[0]["cost_usd"] == pytest.approx(batch["cost_usd"])


def test_budget_goes_on_counting_after_a_restart(start: Start) -> None:
    forever, reached = threading.Event(), threading.Event()
    calls = iter(range(1000))

    def some(request: CompletionRequest) -> str:
        if next(calls) >= 4:
            reached.set()
            forever.wait(PATIENCE_S)
        return good_answer(request)

    first = start({"groq": [some]}, max_workers=1)
    batch_id = first.batches.start_batch(count=50, provider="groq", max_tokens_total=12_000)["batch_id"]
    assert reached.wait(PATIENCE_S)
    first.close()
    forever.set()
    second = start({"groq": [good_answer]}, max_workers=1)

    assert second.batches.wait(batch_id, PATIENCE_S)
    batch = second.batches.get_status(batch_id)
    assert (batch["status"], batch["total_tokens"] <= 12_000) == ("stopped", True)


def test_plan_starts_nothing_and_tells_what_to_expect(start: Start) -> None:
    platform = start({"groq": [good_answer]})
    request = BatchRequest(count=100, provider="groq", sample_type="balance", allow_failover=False)

    before = platform.batches.plan(request)
    run(platform, count=30, sample_type="balance", difficulty="basic")
    after = platform.batches.plan(request.model_copy(update={"difficulty": "basic"}))

    assert before["total"] == sum(before["counts"]["topics"].values()) == 100
    assert before["counts"]["sample_types"]["case_analysis"] == 40
    assert before["targets"][0]["basis"] == "estimated"
    assert before["expected_tokens"] > 100_000
    assert (before["expected_cost_usd"] or 0) > 0
    assert (before["expected_minutes"] or 0) > 0
    assert (before["expected_samples"], before["stopped_by"], before["limits"]["max_minutes"]) == (100, None, 120)
    quarter = platform.batches.plan(request)["expected_tokens"] // 4
    short = platform.batches.plan(request.model_copy(update={"max_tokens_total": quarter}))
    assert (short["expected_samples"], short["stopped_by"]) in {(24, "max_tokens_total"), (25, "max_tokens_total")}
    assert after["targets"][0]["basis"] == "measured"
    assert platform.batches.running_count() == 0


def test_planned_time_follows_from_the_paces_that_the_plan_shows(start: Start) -> None:
    platform = start({"groq": [good_answer]})
    request = BatchRequest(count=10, provider="groq", difficulty="basic", allow_failover=False)

    few = platform.batches.plan(request)
    pace = few["targets"][0]["samples_per_minute"] or 0
    many = platform.batches.plan(request.model_copy(update={"count": round(2 * pace)}))

    assert pace > 10
    assert many["expected_minutes"] == pytest.approx(2, abs=0.02)
    assert 0 < (few["expected_minutes"] or 0) < 1


def test_report_accounts_for_every_call_and_every_item(start: Start) -> None:
    faults = iter(range(1000))

    def flaky(request: CompletionRequest) -> str:
        number = next(faults)
        if number == 0:
            raise RateLimitError("slow", retry_after_s=0.0, status=429)
        return "no json" if number in (1, 2, 3) else good_answer(request)

    platform = start({"groq": [flaky]}, max_workers=1)
    batch = run(platform, count=5, allow_failover=False)

    report = platform.monitor.report(batch["batch_id"])
    kinds = Counter(row["type"] for row in platform.monitor.events_of(batch["batch_id"], 0, None))

    assert report["items"] == {
        **dict.fromkeys(("todo", "leased", "failed", "cancelled", "in_doubt"), 0),
        "done": 5,
        "rejected": 1,
    }
    assert (report["calls"], report["attempts"], report["rate_limited"], report["failed_calls"]) == (9, 9, 1, 1)
    assert report["rejections"] == {"[json_error] no JSON object in the answer (begins 'no json')": 1}
    assert report["latency"]["groq/openai/gpt-oss-120b"]["calls"] == 9
    assert report["total_tokens"] == batch["total_tokens"]
    assert kinds == {"started": 1, "failure": 1, "refusal": 3, "rejected": 1, "sample": 5, "ended": 1}


def test_batch_that_was_being_planned_at_a_crash_is_not_run(start: Start) -> None:
    first = start({"groq": [good_answer]})
    row = new_row("batch_1_x", "2026-01-01T00:00:00+00:00", BatchRequest(count=1, provider="groq"), 1, None)
    first.stores.ledger.plan(row, [])
    first.close()

    second = start({"groq": [good_answer]})

    assert second.batches.get_status("batch_1_x")["status"] == "failed"
    assert "being planned" in str(second.batches.get_status("batch_1_x")["reason"])


def test_batch_without_progress_is_told_with_its_reason_and_not_stopped(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    forever = threading.Event()
    platform = start({"groq": [lambda _: str(forever.wait(PATIENCE_S))]})
    batch_id = platform.batches.start_batch(count=1, provider="groq")["batch_id"]
    zombie = new_row("batch_1_z", "2026-01-01T00:00:00+00:00", BatchRequest(count=1, provider="groq"), 1, None)
    platform.stores.ledger.plan({**zombie, "status": "running"}, [])
    assert [row["batch_id"] for row in platform.monitor.stuck()] == ["batch_1_z"]

    monkeypatch.setattr("services.batch.report._STUCK_S", 0.0)
    found = {row["batch_id"]: row for row in platform.monitor.stuck()}
    platform.batches.stop_batch(batch_id)
    forever.set()

    assert found[batch_id]["explanation"] == "calls are under way and none has answered yet"
    assert (found[batch_id]["is_zombie"], found["batch_1_z"]["is_zombie"]) == (False, True)


@pytest.mark.parametrize(
    ("batch", "says"),
    [
        pytest.param({"waiting_for": "closed", "waiting_until": "T"}, "every provider is closed until T", id="closed"),
        pytest.param(
            {"waiting_for": "closed", "waiting_until": "T", "errors": [{"error": "503 Loading model"}]},
            "every provider is closed until T; the last failure: 503 Loading model",
            id="closed-and-why",
        ),
        pytest.param({"waiting_for": "topic", "waiting_until": "T"}, "circuits of a topic are open", id="topic"),
        pytest.param({"waiting_for": "limit", "waiting_until": None}, "all workers wait (limit)", id="limit"),
        pytest.param(
            {"consecutive_failures": 4, "errors": [{"error": "bad"}]}, "4 samples were refused: bad", id="bad"
        ),
    ],
)
def test_stuck_batch_is_explained(batch: dict[str, Any], says: str) -> None:
    whole = LiveBatch(new_row("b", "", BatchRequest(), 3, None), ManualClock()).snapshot()
    whole["skipped_topics"] = ["a topic"]
    told: dict[str, Any] = {**whole, **batch}

    assert says in why_stuck(cast("Batch", told))


def test_item_that_always_fails_in_unknown_ways_is_given_up_for_another(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.batch.worker._GIVE_UP_AFTER", 2)
    faults = iter(range(1000))

    def odd(request: CompletionRequest) -> str:
        if next(faults) < 2:
            raise UnclassifiedError("what is this")
        return good_answer(request)

    batch = run(start({"groq": [odd]}, max_workers=1), count=1, allow_failover=False)

    assert (batch["status"], batch["progress"], batch["rejected"]) == ("completed", 1, 1)


def test_two_resumes_at_once_give_a_batch_one_runner(start: Start) -> None:
    first = start({"groq": [good_answer]}, max_workers=1)
    batch_id = first.batches.start_batch(count=300, provider="groq")["batch_id"]
    until(lambda: first.batches.get_status(batch_id)["progress"] >= 2)
    first.batches.pause(batch_id)
    first.close()
    second = start({"groq": [good_answer]}, max_workers=2)
    before = second.batches.get_status(batch_id)["progress"]
    outcomes: list[str] = []

    def resume() -> None:
        try:
            outcomes.append(second.batches.resume(batch_id)["status"])
        except InputError:
            outcomes.append("refused")

    threads = [threading.Thread(target=resume) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert second.batches.wait(batch_id, PATIENCE_S)

    calls = len(second.llm.factory.get_provider("groq").requests)  # type: ignore[attr-defined]  # a scripted one
    assert sorted(outcomes) == ["refused"] * 3 + ["running"]
    assert (second.dataset.count(), before + calls) == (300, 300)


def test_stop_acts_although_the_disk_is_full_and_is_written_when_it_is_not(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.batch.ending._AGAIN_S", 0.01)
    platform = start({"groq": [good_answer]}, max_workers=1)
    platform.llm.accounts.of(platform.llm.targets(Preference("groq"))[0]).minute.calls_limit = 2
    ledger = platform.stores.ledger
    batch_id = platform.batches.start_batch(count=50, provider="groq", allow_failover=False)["batch_id"]
    until(lambda: platform.batches.get_status(batch_id)["waiting_for"] == "limit")
    change, close, refused = ledger.change, ledger.close, iter(range(100))

    def full(*arguments: Any, **columns: Any) -> int | None:
        raise StorageError("no space left on the disk")

    def full_at_first(*arguments: Any, **columns: Any) -> int | None:
        return full() if next(refused) < 3 else close(*arguments, **columns)

    change_from = ledger.change_from
    monkeypatch.setattr(ledger, "change", full)
    monkeypatch.setattr(ledger, "change_from", full)
    monkeypatch.setattr(ledger, "close", full_at_first)
    with pytest.raises(StorageError):
        platform.batches.pause(batch_id)
    still = platform.batches.get_status(batch_id)["status"]
    with pytest.raises(StorageError):
        platform.batches.stop_batch(batch_id)
    monkeypatch.setattr(ledger, "change", change)
    monkeypatch.setattr(ledger, "change_from", change_from)

    assert platform.batches.wait(batch_id, PATIENCE_S)
    until(lambda: platform.batches.get_status(batch_id)["status"] != "stopping")
    row = platform.monitor.history_of(batch_id)
    assert row
    assert (still, row["status"], row["samples_generated"]) == ("running", "stopped", 2)


def test_refused_answer_after_a_pause_is_not_asked_for_again_until_the_batch_goes_on(start: Start) -> None:
    started, go_on = threading.Event(), threading.Event()

    def careless(request: CompletionRequest) -> str:
        if started.is_set():
            return good_answer(request)
        started.set()
        go_on.wait(PATIENCE_S)
        return "no json"

    platform = start({"groq": [careless]}, max_workers=1)
    provider: Any = platform.llm.factory.get_provider("groq")
    batch_id = platform.batches.start_batch(count=2, provider="groq")["batch_id"]
    assert started.wait(PATIENCE_S)
    platform.batches.pause(batch_id)
    go_on.set()
    until(lambda: platform.batches.get_status(batch_id)["errors"])
    platform.batches.shutdown(10.0)  # joins what is under way
    calls, counts = len(provider.requests), platform.monitor.report(batch_id)["items"]

    assert calls == 1
    assert (counts["todo"], counts["leased"]) == (2, 0)


def test_request_that_is_too_large_for_everybody_ends_the_batch_instead_of_asking_for_ever(start: Start) -> None:
    platform = start({"groq": [RateLimitError("413 Request Entity Too Large", status=413)]}, max_workers=1)

    batch = run(platform, count=60, allow_failover=False)

    assert batch["status"] == "failed"
    assert "5 samples in a row failed in the same way: [bad_request]" in str(batch["reason"])
    assert batch["attempts"] == 5


def test_batch_of_one_topic_whose_every_call_is_refused_alike_ends_and_says_why(start: Start) -> None:
    platform = start({"groq": [BadRequestError("messages: too many, request 17", status=400)]}, max_workers=1)

    batch = run(platform, count=60, topic="Tort Law - Nuisance", allow_failover=False)

    assert (batch["status"], batch["progress"], batch["attempts"]) == ("failed", 0, 5)
    assert "5 samples in a row failed in the same way: [bad_request] messages: too many" in str(batch["reason"])


def test_model_that_declines_everything_ends_the_batch_with_one_call_for_each_sample(start: Start) -> None:
    platform = start({"groq": ["I'm sorry, but I can't help with that."]}, max_workers=1)

    batch = run(platform, count=60, allow_failover=False)

    assert (batch["status"], batch["attempts"]) == ("failed", 10)
    assert "[refused] the model refused: I'm sorry" in str(batch["reason"])


def test_calls_that_never_arrived_take_nothing_from_a_budget(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.llm.routing.router.COOL_DOWN_S", (0.01, 0.01, 0.01))
    faults = iter(range(1000))

    def flaky(request: CompletionRequest) -> str:
        if next(faults) < 10:
            raise ProviderConnectionError("refused")
        return good_answer(request)

    platform = start({"groq": [flaky]}, max_workers=1)

    batch = run(platform, count=3, max_tokens_total=30_000, allow_failover=False)

    assert (batch["status"], batch["progress"]) == ("completed", 3)


def test_answers_under_way_at_the_end_of_a_budget_are_kept(start: Start) -> None:
    platform = start({"groq": [good_answer]}, max_workers=8)

    batch = run(platform, count=200, max_tokens_total=60_000)

    assert (batch["status"], batch["in_doubt"]) == ("stopped", 0)
    assert platform.stores.tables.usage.summary(())[0]["total_tokens"] == batch["total_tokens"] <= 60_000
    assert platform.dataset.count() == batch["progress"] > 0


def test_limit_of_the_minute_counts_over_a_restart(start: Start) -> None:
    only = Preference("groq", allow_failover=False)
    first = start({"groq": [good_answer]}, max_workers=2)
    first.llm.accounts.of(first.llm.targets(only)[0]).minute.calls_limit = 5
    batch_id = first.batches.start_batch(count=50, provider="groq", allow_failover=False)["batch_id"]
    until(lambda: first.batches.get_status(batch_id)["waiting_for"] == "limit")
    first.close()

    second = start({"groq": [good_answer]}, resume_batches=False)

    assert second.llm.accounts.of(second.llm.targets(only)[0]).minute.calls == 5


def test_work_that_cannot_be_read_for_a_moment_is_read_again(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.batch.worker._RETRY_STORAGE_S", 0.01)
    claim, refused = WorkStore.claim, iter(range(100))

    def sometimes(*arguments: Any) -> list[WorkItem]:
        if next(refused) == 0:
            raise StorageError("database: disk I/O error")
        return claim(*arguments)

    monkeypatch.setattr(WorkStore, "claim", sometimes)

    batch = run(start({"groq": [good_answer]}), count=5)

    assert (batch["status"], batch["progress"]) == ("completed", 5)


def test_database_that_is_away_when_a_batch_is_looked_after_ends_it_not(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a server takes part in the batches of others, and reads first what was used before."""
    platform = start({"groq": [good_answer]}, max_workers=1)
    useful, refused = platform.llm.useful_workers, iter(range(100))

    def sometimes(*arguments: Any) -> int:
        if next(refused) < 2:
            raise StorageError("database: the connection to the server failed")
        return useful(*arguments)

    monkeypatch.setattr(platform.llm, "useful_workers", sometimes)
    batch = run(platform, count=3)

    assert (batch["status"], batch["progress"]) == ("completed", 3)
    assert next(refused) > 2


def test_database_that_refuses_a_read_is_told_as_storage(start: Start) -> None:
    platform = start({"groq": [good_answer]})
    platform.stores.writer.run(lambda connection: connection.exec_driver_sql("DROP TABLE usage"))

    with pytest.raises(StorageError, match=r"no such table|does not exist"):
        platform.stores.tables.usage.summary(())


def test_batch_of_a_provider_that_is_gone_at_the_restart_ends_with_a_sentence(start: Start) -> None:
    forever = threading.Event()
    first = start({"groq": [lambda _: str(forever.wait(PATIENCE_S))]})
    batch_id = first.batches.start_batch(count=3, provider="groq", allow_failover=False)["batch_id"]
    first.close()
    forever.set()

    second = start({}, groq_api_key="")
    assert second.batches.wait(batch_id, PATIENCE_S)

    batch = second.batches.get_status(batch_id)
    assert (batch["status"], "Invalid provider: groq" in str(batch["reason"])) == ("failed", True)
    assert second.llm.daily._reserved_tokens == 0


def test_budget_that_not_even_one_call_fits_is_refused_at_the_start(start: Start) -> None:
    platform = start({"groq": [good_answer]})

    for budget in ({"max_tokens_total": 1000}, {"max_cost_usd": 0.0000001}):
        with pytest.raises(InputError, match="a single call may take up to"):
            platform.batches.start_batch(count=5, provider="groq", **budget)

    assert platform.monitor.history(None, 0, None) == []


def test_sample_that_failed_at_one_provider_goes_back_to_it_rather_than_wait_for_another(start: Start) -> None:
    faults = iter(range(1000))

    def once(request: CompletionRequest) -> str:
        if next(faults) < 2:
            raise ProviderServerError("503", status=503)
        return good_answer(request)

    platform = start({"groq": [good_answer], "cerebras": [once]}, max_workers=2)
    groq = platform.llm.targets(Preference("groq"))[0]
    platform.llm.accounts.of(groq).minute.calls_limit = 1

    batch = run(platform, count=12, provider="auto")

    made = Counter(row["provider"] for row in platform.dataset.find(SampleQuery())[1])
    assert (batch["status"], made) == ("completed", {"cerebras": 11, "groq": 1})


def test_empty_batch_id_stops_nobody(start: Start) -> None:
    with pytest.raises(InputError, match="batch_id"):
        validated(BatchReference, {"batch_id": ""})
    assert validated(BatchReference, {}).batch_id is None
