"""Work items, batches and the commits of a running batch."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from models.batches.batch_store import BatchStore
from models.batches.call_ledger import CallLedger
from models.batches.call_store import CallStore
from models.batches.engine import BatchEngine, engine_named
from models.batches.event_store import EventStore
from models.batches.ledger import Ledger, Tables
from models.batches.members import Members
from models.batches.review_store import ReviewStore
from models.batches.usage_store import UsageStore
from models.batches.work_item import WorkItem
from models.batches.work_store import WorkStore
from models.contract.answers.batches import BatchError
from models.contract.bodies import BatchRequest
from models.data_folder import DataFolder
from models.domain import BatchStatus, CallUsage, ItemState, Job, RawAnswer
from models.engines.statement import Statement
from models.engines.writer import Writer
from models.samples.sample_store import SampleStore
from models.schemas import Sample
from services.batch.live import LiveBatch
from services.batch.objects import new_row
from tests.databases import database_url, engine_for, only_on_sqlite
from tests.fakes import sample
from utils.clock import ManualClock
from utils.errors import InputError, StorageError

JOB = Job("Contract Law", "Misrepresentation", "basic", "case_analysis", "uk", 1)
OTHER = Job("Tort Law", "Nuisance", "basic", "case_analysis", "uk", 2)
USED = CallUsage("groq", "m", 6, 4, 0.5)
ANSWER = RawAnswer("text", "groq", "m", 10, chain=("groq/m: answered",))


@pytest.fixture
def turns(writer: Writer, folder: DataFolder) -> BatchEngine:
    return engine_named(engine_for(database_url(folder.path)), writer.engine)


@pytest.fixture
def work(writer: Writer, turns: BatchEngine) -> WorkStore:
    return WorkStore(writer.engine, turns)


@pytest.fixture
def batches(writer: Writer) -> BatchStore:
    return BatchStore(writer.engine)


@pytest.fixture
def usage(writer: Writer) -> UsageStore:
    return UsageStore(writer.engine)


@pytest.fixture
def events(writer: Writer) -> EventStore:
    return EventStore(writer.engine)


@pytest.fixture
def members(writer: Writer, clock: ManualClock, turns: BatchEngine) -> Iterator[Members]:
    made = Members(writer.engine, writer, clock, turns)
    made.join()
    yield made
    made.leave()


@pytest.fixture
def calls(writer: Writer, usage: UsageStore, members: Members, clock: ManualClock) -> CallLedger:
    return CallLedger(writer, CallStore(), usage, members, clock)


@pytest.fixture
def ledger(
    writer: Writer,
    work: WorkStore,
    batches: BatchStore,
    store: SampleStore,
    usage: UsageStore,
    events: EventStore,
    clock: ManualClock,
    members: Members,
) -> Ledger:
    tables = Tables(batches, work, store, usage, CallStore(), events, ReviewStore(writer.engine, clock))
    made = Ledger(writer, tables, members, clock)
    row = new_row("b", "2026-01-01T00:00:00+00:00", BatchRequest(count=2, provider="groq"), 2, "m")
    made.plan({**row, "status": "running"}, [JOB, OTHER])
    return made


def first_of(work: WorkStore) -> WorkItem:
    return work.upcoming("b", -1, 10)[0]


def test_items_come_in_order_a_page_at_a_time(ledger: Ledger, work: WorkStore) -> None:
    (first,) = work.upcoming("b", -1, 1)
    (second,) = work.upcoming("b", first.ordinal, 10)

    assert (first.job, second.job) == (JOB, OTHER)
    assert work.counts("b") == {"todo": 2}


def test_plan_is_written_a_piece_at_a_time_and_whole(ledger: Ledger, work: WorkStore) -> None:
    row = new_row("big", "2026-01-01T00:00:00+00:00", BatchRequest(count=1), 1201, None)

    ledger.plan(row, [JOB] * 1201)

    assert [item.ordinal for item in work.upcoming("big", -1, 2000)] == list(range(1201))


def test_batch_whose_plan_was_cut_off_is_discarded_and_one_that_runs_is_not(
    ledger: Ledger, work: WorkStore, batches: BatchStore
) -> None:
    ledger.plan(new_row("cut", "2026-01-01T00:00:00+00:00", BatchRequest(count=1), 1, None), [JOB])

    ledger.discard("cut", "ended while planning")
    ledger.discard("b", "ended while planning")

    row = batches.get("cut")
    assert row
    assert (row["status"], row["reason"], work.counts("cut")) == ("failed", "ended while planning", {})
    running = batches.get("b")
    assert running
    assert (running["status"], work.counts("b")) == ("running", {"todo": 2})


def test_sample_item_counters_and_event_change_together(
    ledger: Ledger, work: WorkStore, batches: BatchStore, store: SampleStore, usage: UsageStore, events: EventStore
) -> None:
    item = first_of(work)
    ledger.sending(item, 1, "groq", "groq/m", 50)
    ledger.answered(item, ANSWER, USED)

    event = ledger.finish(item, Sample.model_validate(sample()))

    row = batches.get("b")
    assert row
    assert (row["samples_generated"], row["tokens_used"], row["attempts"], row["cost_usd"]) == (1, 10, 1, 0.5)
    assert work.counts("b") == {"done": 1, "todo": 1}
    assert store.count() == 1
    assert usage.summary(("provider", "model", "batch"))[0]["cost_usd"] == 0.5
    assert events.of("b", 0, 10) == [
        {"id": event, "at": "2026-01-01T00:00:00.000+00:00", "type": "sample", "detail": {"item": 0, "sample": "s1"}}
    ]
    assert events.changed_since(event - 1) == {"b": event}
    assert events.last_id() == event


def test_commit_that_fails_leaves_everything_as_it_was_and_harms_nobody_beside_it(
    ledger: Ledger, work: WorkStore, writer: Writer, store: SampleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = first_of(work)
    ledger.sending(item, 1, "groq", "groq/m", 50)

    def refuse(*_: object) -> None:
        raise InputError("no")

    monkeypatch.setattr(WorkStore, "finish", refuse)
    with pytest.raises(InputError):
        ledger.finish(item, Sample.model_validate(sample()))

    assert store.count() == 0
    assert work.counts("b") == {"leased": 1, "todo": 1}


def test_driver_error_is_told_as_one_of_storage(ledger: Ledger, writer: Writer) -> None:
    with pytest.raises(StorageError, match="database"):
        writer.run(lambda connection: Statement(text("INSERT INTO nowhere VALUES (1)")).run(connection))


def test_rejected_item_is_replaced_by_one_more_and_its_reason_counted(
    ledger: Ledger, work: WorkStore, batches: BatchStore
) -> None:
    ledger.reject(first_of(work), ItemState.REJECTED, "[quality_error] short: got 1", OTHER)

    row = batches.get("b")
    assert row
    assert work.counts("b") == {"rejected": 1, "todo": 2}
    assert work.reasons("b") == {"[quality_error] short": 1}
    assert row["rejected"] == 1


def test_failed_call_is_counted_and_its_item_is_to_be_done_again(
    ledger: Ledger, work: WorkStore, usage: UsageStore
) -> None:
    item = first_of(work)
    ledger.sending(item, 1, "groq", "groq/m", 50)

    ledger.failed(item, CallUsage("groq", "m", failed=True, rate_limited=True), {"category": "rate_limit"})

    again = first_of(work)
    total = usage.summary(())[0]
    assert (again.ordinal, again.attempts) == (item.ordinal, 1)
    assert (total["calls"], total["failed"], total["rate_limited"], total["total_tokens"]) == (1, 1, 1, 0)


def test_restart_keeps_paid_answers_and_counts_the_rest_as_in_doubt(
    ledger: Ledger, work: WorkStore, batches: BatchStore
) -> None:
    paid, lost = work.upcoming("b", -1, 2)
    ledger.sending(paid, 1, "groq", "groq/m", 50)
    ledger.sending(lost, 1, "groq", "groq/m", 50)
    ledger.answered(paid, ANSWER, USED)

    in_doubt = ledger.recover("b")

    again, row = first_of(work), batches.get("b")
    assert row
    assert (in_doubt, row["in_doubt"], row["attempts"]) == (1, 1, 2)
    assert (again.answer, again.attempts) == (ANSWER, 1)


def test_refused_answer_is_forgotten(ledger: Ledger, work: WorkStore) -> None:
    item = first_of(work)
    ledger.sending(item, 1, "groq", "groq/m", 50)
    ledger.answered(item, ANSWER, USED)

    ledger.refuse(item, ANSWER, "[quality_error] too short", {"error": "too short"})

    assert first_of(work).answer is None


def test_stop_cancels_what_was_not_begun_and_doubts_what_was_in_flight(
    ledger: Ledger, work: WorkStore, batches: BatchStore
) -> None:
    ledger.sending(first_of(work), 1, "groq", "groq/m", 50)

    ledger.close("b", status="stopped", reason="on request")

    row = batches.get("b")
    assert row
    assert work.counts("b") == {ItemState.IN_DOUBT: 1, ItemState.CANCELLED: 1}
    assert (row["status"], row["in_doubt"]) == ("stopped", 1)


@pytest.mark.parametrize("ended", [False, True])
def test_call_to_a_judge_that_was_cut_off_is_in_doubt_though_its_draft_is_there(
    ledger: Ledger, work: WorkStore, batches: BatchStore, usage: UsageStore, ended: bool
) -> None:
    item = first_of(work)
    ledger.sending(item, 1, "groq", "groq/m", 50)
    ledger.answered(item, ANSWER, USED)
    ledger.sending(item, 1, "cerebras", "cerebras/org/j", 50)

    if ended:
        ledger.close("b", status="stopped", reason="on request")
    else:
        ledger.recover("b")

    row = batches.get("b")
    assert row
    assert (row["in_doubt"], row["attempts"]) == (1, 2)
    told = {
        (row["provider"], row["model"]): (row["calls"], row["in_doubt"]) for row in usage.summary(("provider", "model"))
    }
    assert told == {("groq", "m"): (1, 0), ("cerebras", "org/j"): (0, 1)}
    assert [item.answer for item in work.drafts("b")] == ([] if ended else [ANSWER])
    assert ledger.recover("b") == 0, "it is counted once"


def test_call_to_a_judge_that_failed_is_counted_and_not_in_doubt(
    ledger: Ledger, work: WorkStore, batches: BatchStore
) -> None:
    item = first_of(work)
    ledger.sending(item, 1, "groq", "groq/m", 50)
    ledger.answered(item, ANSWER, USED)
    ledger.sending(item, 1, "cerebras", "cerebras/j", 50)
    ledger.spent(item, USED)

    assert ledger.recover("b") == 0


def test_call_of_no_batch_is_counted_in_doubt_or_none(calls: CallLedger, usage: UsageStore) -> None:
    calls.used(USED, calls.open_call("groq/m"))
    calls.lose_call(calls.open_call("groq/m"), sent=True)
    calls.lose_call(calls.open_call("groq/m"), sent=False)
    calls.open_call("cerebras/j")

    assert calls.lose_calls() == 1
    assert calls.lose_calls() == 0
    told = {row["provider"]: (row["calls"], row["in_doubt"]) for row in usage.summary(("provider",))}
    assert told == {"groq": (1, 1), "cerebras": (0, 1)}


def test_usage_is_summed_by_what_is_asked_and_unknown_prices_make_the_cost_unknown(
    calls: CallLedger, usage: UsageStore, clock: ManualClock
) -> None:
    calls.used(USED, calls.open_call("groq/m"))
    clock.advance(86_400)
    calls.used(CallUsage("own", "x", 5, 5), calls.open_call("own/x"))

    by_day = {row["day"]: row["cost_usd"] for row in usage.summary(("day",))}
    assert by_day == {"2026-01-01": 0.5, "2026-01-02": None}
    assert [row["provider"] for row in usage.summary(("provider",), since="2026-01-02")] == ["own"]
    assert usage.summary((), batch_id="nobody")[0]["calls"] == 0
    assert [(row.hour, row.tokens) for row in usage.hours("2026-01-01")] == [
        ("2026-01-01T00", 10),
        ("2026-01-02T00", 10),
    ]


def test_oldest_events_are_dropped(
    ledger: Ledger, events: EventStore, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.batches.event_store.KEPT", 2)
    monkeypatch.setattr("models.batches.event_store._PRUNE_EVERY", 1)
    ids = [ledger.change("b", "paused", {}) for _ in range(5)]

    assert [row["id"] for row in events.of("b", 0, 10)] == ids[-2:]


def test_history_is_newest_first_and_can_be_filtered(ledger: Ledger, batches: BatchStore, writer: Writer) -> None:
    later = new_row("c", "2026-01-02T00:00:00+00:00", BatchRequest(count=1), 1, None)
    writer.run(lambda connection: batches.insert(connection, later))
    error: BatchError = {
        "error": "x",
        "category": "general",
        "topic": None,
        "provider": None,
        "model": None,
        "attempt": 0,
        "timestamp": "",
    }
    writer.run(lambda connection: batches.update(connection, "c", status="completed", errors=[error]))

    assert [row["id"] for row in batches.page()] == ["c", "b"]
    assert [row["id"] for row in batches.page(limit=1, offset=1)] == ["b"]
    assert [row["id"] for row in batches.page(status="completed")] == ["c"]
    assert batches.page()[0]["errors"] == [error]
    assert [row["id"] for row in batches.with_status([BatchStatus.RUNNING])] == ["b"]
    assert batches.get("no") is None


def test_batch_takes_only_steps_that_make_sense() -> None:
    assert BatchStatus.RUNNING.can_become(BatchStatus.PAUSED)
    assert BatchStatus.PAUSED.can_become(BatchStatus.RUNNING)
    assert not BatchStatus.COMPLETED.can_become(BatchStatus.RUNNING)
    assert BatchStatus.STOPPING.is_active
    assert not BatchStatus.PAUSED.is_active


@only_on_sqlite
def test_tables_are_in_one_file(tmp_path: Path, ledger: Ledger) -> None:
    assert (tmp_path / "batches.db").exists()


def test_events_of_a_sample_are_those_on_the_way_to_it_alone(
    ledger: Ledger, work: WorkStore, events: EventStore
) -> None:
    first, second = work.upcoming("b", -1, 10)
    for item in (first, second):
        ledger.change("b", "failure", {"item": item.ordinal, "error": f"timeout of {item.ordinal}"})
    ledger.sending(second, 1, "groq", "groq/m", 50)
    ledger.answered(second, ANSWER, USED)
    ledger.finish(second, Sample.model_validate(sample(id='odd "id"')))

    found = events.of_sample("b", 'odd "id"')

    assert [(one["type"], one["detail"]["item"]) for one in found] == [("failure", 1), ("sample", 1)]
    assert events.of_sample("b", "nobody") == []


def test_refused_drafts_are_counted_by_kind_and_found_by_it(
    writer: Writer, work: WorkStore, clock: ManualClock
) -> None:
    reviews = ReviewStore(writer.engine, clock)
    item = WorkItem("b1", 0, JOB, 1, None)
    told = [
        "[quality_error] citations: got 1, want at least 2",
        "[quality_error] citations: got 0, want at least 2",
        "[quality_error] citations gone",
        "[json_error] no JSON object in the answer (begins '<img src=x>: y')",
    ]
    with writer.engine.begin() as connection:
        work.add(connection, "b1", [JOB])
        for reason in told:
            reviews.refuse(connection, item, "text", reason)
        reviews.refuse(connection, WorkItem("b2", 0, JOB, 1, None), "text", told[0])

    assert reviews.kinds_refused("b1") == [
        ("[quality_error] citations", 2),
        ("[json_error] no JSON object in the answer", 1),
        ("[quality_error] citations gone", 1),
    ]
    found = reviews.drafts_refused("b1", "[quality_error] citations", 10, 0)
    assert [row["reason"] for row in found] == [told[1], told[0]]
    assert [row["reason"] for row in reviews.drafts_refused("b1", "", 1, 1)] == [told[2]]
    assert reviews.drafts_refused("b1", "[json_error] no JSON object in the answer", 10, 0)[0]["sample_id"] is None


def test_last_turns_of_a_batch_come_without_the_changes_of_its_samples(events: EventStore, writer: Writer) -> None:
    with writer.engine.begin() as connection:
        for kind in ("started", "sample", "switch", "sample", "ended"):
            events.add(connection, "b1", "2026-11-29T10:00:00+00:00", kind, {})
        events.add(connection, "b2", "2026-11-29T10:00:00+00:00", "switch", {})

    assert [row["type"] for row in events.newest("b1", ["switch", "ended", "started"], 2)] == ["ended", "switch"]


def test_what_a_process_tells_of_a_batch_that_has_ended_is_not_kept(ledger: Ledger, batches: BatchStore) -> None:
    live = LiveBatch(batches.page()[0], ManualClock())
    ledger.keep_part("b", live.part())
    assert len(batches.parts("b")) == 1

    ledger.close("b", status="completed")
    ledger.keep_part("b", live.part())

    assert batches.parts("b") == {}
