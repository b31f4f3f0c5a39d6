"""Work items, batches and the commits of a running batch."""

from pathlib import Path

import pytest

from models.batch_store import BatchStore
from models.database import Writer
from models.domain import BatchStatus, ItemState, Job, RawAnswer
from models.ledger import Ledger
from models.sample_store import SampleStore
from models.schemas import BatchRequest, Sample
from models.work_store import WorkStore
from services.batch.records import new_row
from tests.fakes import sample
from utils.errors import InputError

JOB = Job("Contract Law", "Misrepresentation", "basic", "case_analysis", "uk", 1)
OTHER = Job("Tort Law", "Nuisance", "basic", "case_analysis", "uk", 2)
ANSWER = RawAnswer("text", "groq", "m", 10, chain=("groq/m: answered",))


@pytest.fixture
def work(writer: Writer) -> WorkStore:
    return WorkStore(writer._engine)


@pytest.fixture
def batches(writer: Writer) -> BatchStore:
    return BatchStore(writer._engine)


@pytest.fixture
def ledger(writer: Writer, work: WorkStore, batches: BatchStore, store: SampleStore) -> Ledger:
    row = new_row("b", "2026-01-01T00:00:00+00:00", BatchRequest(count=2, provider="groq"), 2, "m")
    writer.run(lambda connection: batches.insert(connection, row))
    writer.run(lambda connection: work.add(connection, "b", [JOB, OTHER]))
    return Ledger(writer, batches, work, store)


def test_items_are_claimed_in_order_and_only_once(ledger: Ledger, work: WorkStore) -> None:
    first, second = ledger.claim("b", frozenset()), ledger.claim("b", frozenset())

    assert first
    assert second
    assert (first.job, second.job) == (JOB, OTHER)
    assert ledger.claim("b", frozenset()) is None
    assert work.counts("b") == {"leased": 2}


def test_open_circuits_are_passed_over(ledger: Ledger) -> None:
    item = ledger.claim("b", frozenset({JOB.circuit}))

    assert item
    assert item.job == OTHER
    assert ledger.claim("b", frozenset({JOB.circuit})) is None


def test_sample_item_and_counters_change_together(
    ledger: Ledger, work: WorkStore, batches: BatchStore, store: SampleStore
) -> None:
    item = ledger.claim("b", frozenset())
    assert item
    ledger.keep_answer(item, ANSWER, 1)

    ledger.finish(item, Sample.model_validate(sample()), 10, 1)

    row = batches.get("b")
    assert row
    assert (row["samples_generated"], row["tokens_used"], row["attempts"]) == (1, 10, 1)
    assert work.counts("b") == {"done": 1, "todo": 1}
    assert store.count() == 1


def test_commit_that_fails_leaves_everything_as_it_was(
    ledger: Ledger, work: WorkStore, store: SampleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = ledger.claim("b", frozenset())
    assert item

    def refuse(*_: object) -> None:
        raise InputError("no")

    monkeypatch.setattr(WorkStore, "finish", refuse)
    with pytest.raises(InputError):
        ledger.finish(item, Sample.model_validate(sample()), 10, 1)

    assert store.count() == 0
    assert work.counts("b") == {"leased": 1, "todo": 1}


def test_rejected_item_is_replaced_by_one_more(ledger: Ledger, work: WorkStore, batches: BatchStore) -> None:
    item = ledger.claim("b", frozenset())
    assert item

    ledger.reject(item, "[quality_error] short", 5, 3, OTHER)

    row = batches.get("b")
    assert row
    assert work.counts("b") == {"rejected": 1, "todo": 2}
    assert (row["rejected"], row["tokens_used"], row["attempts"]) == (1, 5, 3)


def test_restart_keeps_paid_answers_and_counts_the_rest_as_in_doubt(
    ledger: Ledger, work: WorkStore, writer: Writer
) -> None:
    paid, lost = ledger.claim("b", frozenset()), ledger.claim("b", frozenset())
    assert paid
    assert lost
    ledger.keep_answer(paid, ANSWER, 1)

    in_doubt = writer.run(lambda connection: work.recover(connection, "b"))

    again = ledger.claim("b", frozenset())
    assert in_doubt == 1
    assert again
    assert again.answer == ANSWER
    assert again.attempts == 1


def test_released_item_keeps_its_attempts(ledger: Ledger) -> None:
    item = ledger.claim("b", frozenset())
    assert item

    ledger.release(item, 2)
    again = ledger.claim("b", frozenset())

    assert again
    assert again.attempts == 2


def test_stop_cancels_what_was_not_begun_and_doubts_what_was_in_flight(
    ledger: Ledger, work: WorkStore, writer: Writer
) -> None:
    ledger.claim("b", frozenset())

    writer.run(lambda connection: work.cancel_rest(connection, "b"))

    assert work.counts("b") == {ItemState.IN_DOUBT: 1, ItemState.CANCELLED: 1}


def test_history_is_newest_first_and_can_be_filtered(ledger: Ledger, batches: BatchStore, writer: Writer) -> None:
    later = new_row("c", "2026-01-02T00:00:00+00:00", BatchRequest(count=1), 1, None)
    writer.run(lambda connection: batches.insert(connection, later))
    writer.run(lambda connection: batches.update(connection, "c", status="completed", errors=[{"error": "x"}]))

    assert [row["id"] for row in batches.page()] == ["c", "b"]
    assert [row["id"] for row in batches.page(limit=1, offset=1)] == ["b"]
    assert [row["id"] for row in batches.page(status="completed")] == ["c"]
    assert batches.page()[0]["errors"] == [{"error": "x"}]
    assert [row["id"] for row in batches.with_status([BatchStatus.RUNNING])] == ["b"]
    assert batches.get("no") is None


def test_batch_takes_only_steps_that_make_sense() -> None:
    assert BatchStatus.RUNNING.to(BatchStatus.STOPPING) is BatchStatus.STOPPING
    with pytest.raises(InputError, match="from completed to running"):
        BatchStatus.COMPLETED.to(BatchStatus.RUNNING)
    assert BatchStatus.STOPPING.is_active
    assert not BatchStatus.PAUSED.is_active


def test_tables_are_in_one_file(tmp_path: Path, ledger: Ledger) -> None:
    assert (tmp_path / "batches.db").exists()
