"""Two processes of the service on one PostgreSQL: what one is told both do, and nothing is made twice."""

import json
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api_server import create_app
from bootstrap import Service
from models.assistant.run_store import KeptEvent
from models.batches.members import Members
from models.contract.bodies import BatchRequest
from models.contract.management_bodies import ProviderChange
from models.domain import CallUsage, Job, RawAnswer
from models.samples import journal
from services.batch.objects import new_row
from services.llm.adapters.base import CompletionRequest
from services.streams.run import Run, written
from tests.databases import needs_postgresql, postgres
from tests.fakes import Start, good_answer, sample
from tests.patience import PATIENCE_S, until
from tests.redis_server import RedisServer, redis_server, redis_session
from utils.errors import ConfigurationError, InputError, LeaseLostError, StorageError

pytestmark = needs_postgresql
__all__ = ["redis_server", "redis_session"]


@pytest.fixture
def two(start: Start, tmp_path: Path, redis_server: RedisServer) -> Callable[..., tuple[Service, Service]]:
    """Start two services on the same database and folder; each answers by the function that it is given."""
    url = postgres().database(f"{tmp_path} fleet")

    def begin(first: Any = good_answer, second: Any = good_answer, **settings: Any) -> tuple[Service, Service]:
        given = {"database_uri": url, "redis_url": redis_server.url, **settings}
        return start({"groq": [first]}, **given), start({"groq": [second]}, **given)

    return begin


def counted(answer: Callable[[CompletionRequest], str] = good_answer) -> tuple[Any, list[str]]:
    """Return what answers as *answer* does, and the list of who was asked."""
    asked: list[str] = []

    def answered(request: CompletionRequest) -> str:
        asked.append(request.model)
        return answer(request)

    return answered, asked


def test_both_work_on_a_batch_and_tell_the_same_of_it(two: Any) -> None:
    meet = threading.Barrier(2)

    def met() -> Callable[[CompletionRequest], str]:
        has_met = threading.Event()

        def answer(request: CompletionRequest) -> str:
            if not has_met.is_set():
                meet.wait(PATIENCE_S)  # so that both must take part
                has_met.set()
            return good_answer(request)

        return answer

    (one, asked), (other, asked_too) = counted(met()), counted(met())
    a, b = two(one, other, max_workers=1)
    batch_id = a.batches.start_batch(count=12, provider="groq")["batch_id"]

    until(lambda: a.batches.get_status(batch_id)["status"] == "completed")

    seen, seen_there = a.batches.get_status(batch_id), b.batches.get_status(batch_id)
    assert (seen["progress"], seen["attempts"], seen["in_doubt"], seen["rejected"]) == (12, 12, 0, 0)
    assert seen == seen_there
    assert min(len(asked), len(asked_too)) > 0
    assert len(asked) + len(asked_too) == 12
    assert a.dataset.count() == b.dataset.count() == 12
    assert a.monitor.report(batch_id) == b.monitor.report(batch_id)
    assert a.monitor.report(batch_id)["items"]["done"] == 12


def test_commands_reach_both_wherever_they_are_given(two: Any) -> None:
    go_on = threading.Event()

    def slow(request: CompletionRequest) -> str:
        go_on.wait(PATIENCE_S)
        return good_answer(request)

    a, b = two(slow, slow, max_workers=2)
    batch_id = a.batches.start_batch(count=40, provider="groq")["batch_id"]
    until(lambda: batch_id in {runner.live.batch_id for runner in b.batches._running.runners()})

    b.batches.pause(batch_id)
    until(lambda: all(service.batches._running.of(batch_id)._paused for service in (a, b)))
    go_on.set()
    with pytest.raises(InputError, match="only a running one can be paused"):
        a.batches.pause(batch_id)
    paused = a.batches.get_status(batch_id)["progress"]
    a.batches.resume(batch_id)
    until(lambda: b.batches.get_status(batch_id)["progress"] > paused)
    b.batches.stop_batch(batch_id)

    until(lambda: a.batches.get_status(batch_id)["status"] == "stopped")
    until(lambda: not a.batches._running.runners() and not b.batches._running.runners())
    ended = a.batches.get_status(batch_id)
    assert ended == b.batches.get_status(batch_id)
    assert (ended["reason"], ended["progress"]) == ("stopped on request", a.dataset.count())


def test_what_a_process_had_in_hand_that_is_gone_is_taken_over_and_its_late_answer_refused(two: Any) -> None:
    go_on = threading.Event()

    def slow(request: CompletionRequest) -> str:
        go_on.wait(PATIENCE_S)
        return good_answer(request)

    a, b = two(slow, slow, max_workers=1)
    ledger, members = a.stores.ledger, a.stores.members
    lost = Members(a.stores.engine, a.stores.writer, a.stores.clock, a.stores.members.batch_engine)
    lost.join("redis")
    batch_id = a.batches.start_batch(count=4, provider="groq")["batch_id"]
    until(lambda: all(service.batches._running.of(batch_id) for service in (a, b)))
    a.batches.pause(batch_id)
    until(lambda: all(service.batches._running.of(batch_id)._paused for service in (a, b)))
    go_on.set()
    until(lambda: not a.batches._running.of(batch_id)._in_hand and not b.batches._running.of(batch_id)._in_hand)
    ledger.put_back(batch_id)
    b.stores.ledger.put_back(batch_id)
    mine, ledger._members = ledger._members, lost
    (item, *_) = ledger.claim(batch_id, 1) or [None]
    assert item is not None
    ledger.sending(item, 1, "groq", "groq/m", 50)
    ledger._members = mine
    assert lost.beat()
    lost._let_go()

    assert members.gone() == []  # its row is fresh: after a restart of the database locks are taken again
    assert members.gone(grace_s=0.0) == [lost.me]
    doubt = ledger.take_over(lost.me)
    again = b.stores.ledger.take_over(lost.me)
    with pytest.raises(LeaseLostError):
        ledger.answered(item, RawAnswer("late", "groq", "m", 2), CallUsage("groq", "m", 1, 1))
    a.batches.resume(batch_id)

    until(lambda: a.batches.get_status(batch_id)["status"] == "completed")
    batch = a.batches.get_status(batch_id)
    assert (doubt, again) == ({batch_id: 1}, None)
    assert (batch["progress"], batch["in_doubt"]) == (4, 1)
    assert batch["attempts"] == 5


def test_a_process_that_was_taken_over_takes_nothing_before_it_knows(two: Any) -> None:
    a, _ = two(max_workers=1)
    ledger = a.stores.ledger
    lost = Members(a.stores.engine, a.stores.writer, a.stores.clock, a.stores.members.batch_engine)
    lost.join("redis")
    row = new_row("b", "2026-01-01T00:00:00+00:00", BatchRequest(count=1, provider="groq"), 1, "m")
    ledger.plan(row, [Job("Contract Law", "Misrepresentation", "basic", "case_analysis", "uk", 1)])
    assert ledger.take_over(lost.me) == {}

    calls, mine = a.stores.calls, ledger._members
    ledger._members = calls._members = lost
    claimed = ledger.claim("b", 1)
    with pytest.raises(StorageError, match="taken over by others"):
        calls.open_call("groq/m")
    ledger._members = calls._members = mine

    assert claimed == []
    assert len(ledger.claim("b", 1)) == 1
    lost._let_go()


def test_a_run_of_a_process_that_is_gone_counts_what_it_told_and_its_other_calls_are_in_doubt(two: Any) -> None:
    a, b = two(max_workers=1)
    runs, ledger, mine = a.stores.runs, a.stores.calls, a.stores.members
    lost = Members(a.stores.engine, a.stores.writer, a.stores.clock, mine.batch_engine)
    lost.join("redis")
    runs._members = ledger._members = lost
    runs.begin("run_1", "chat", {})
    runs.calling("run_1", ledger.open_call("groq/m"), "groq/m", 7)
    runs.add([KeptEvent("run_1", 1, written("token", {"content": "consideration"}))])
    ledger.open_call("groq/n")
    runs._members = ledger._members = mine
    others = ledger.open_call("groq/o")
    lost._let_go()

    a.batches.fleet.take_over_left()
    b.batches.fleet.take_over_left()

    told = {row["model"]: row for row in a.stores.tables.usage.summary(["model"])}
    assert (told["m"]["completion_tokens"], told["m"]["prompt_tokens"], told["m"]["in_doubt"]) == (4, 7, 0)
    assert (told["n"]["calls"], told["n"]["in_doubt"]) == (0, 1)
    assert set(told) == {"m", "n"}
    assert a.runs.facts("run_1")["state"] == "error"
    ledger.lose_call(others, sent=False)


def test_a_process_that_was_taken_for_gone_goes_on_under_another_name(two: Any) -> None:
    a, b = two(max_workers=1)
    name = a.stores.members.me
    b.stores.ledger.take_over(name)

    until(lambda: a.stores.members.me != name)
    batch_id = b.batches.start_batch(count=6, provider="groq")["batch_id"]

    until(lambda: a.batches.get_status(batch_id)["status"] == "completed")
    assert a.batches.get_status(batch_id)["progress"] == a.dataset.count() == 6


@pytest.mark.parametrize(
    ("mine", "theirs", "is_let_in"),
    [
        (["a"], ["a"], True),
        (["b", "a"], ["a", "b"], True),  # as while keys are changed, one process after the other
        (["b", "a"], ["a"], False),
        (["b"], ["a"], False),
        ([], ["a"], True),
    ],
)
def test_who_cannot_read_the_secrets_of_the_others_is_refused(
    start: Start, tmp_path: Path, redis_server: RedisServer, mine: list[str], theirs: list[str], is_let_in: bool
) -> None:
    url = postgres().database(f"{tmp_path} keys")
    service = start({"groq": [good_answer]}, database_uri=url, redis_url=redis_server.url)
    stores = service.stores
    one, other = (Members(stores.engine, stores.writer, stores.clock) for _ in range(2))
    service.batches.leave()

    one.join("redis", theirs)
    with nullcontext() if is_let_in else pytest.raises(ConfigurationError, match="ENCRYPTION_KEY: differs"):
        other.join("redis", mine)
    one.leave()
    other.leave()


def test_who_does_not_share_the_limits_is_refused_beside_who_lives_and_not_after_its_end(
    start: Start, tmp_path: Path, redis_server: RedisServer
) -> None:
    url = postgres().database(f"{tmp_path} alone")
    first = start({"groq": [good_answer]}, database_uri=url)

    for settings in ({}, {"redis_url": redis_server.url}):
        with pytest.raises(ConfigurationError, match=r"REDIS_URL: (is missing|differs), and a process on"):
            start({"groq": [good_answer]}, database_uri=url, **settings)
    first.close()

    assert start({"groq": [good_answer]}, database_uri=url).batches.get_status()["running"] is False


def test_a_budget_holds_for_both_together(two: Any) -> None:
    (one, asked), (other, asked_too) = counted(), counted()
    a, b = two(one, other, max_workers=4)

    batch_id = a.batches.start_batch(count=60, provider="groq", max_tokens_total=30_000)["batch_id"]

    until(lambda: b.batches.get_status(batch_id)["status"] == "stopped")
    batch = b.batches.get_status(batch_id)
    assert 0 < batch["total_tokens"] <= 30_000
    assert "budget of the batch reached" in str(batch["reason"])
    assert len(asked) + len(asked_too) == batch["attempts"]


def test_streams_of_both_tell_the_same_events(two: Any) -> None:
    a, b = two()
    following = b.monitor.subscribe(None)
    seen: list[dict[str, Any]] = []

    def read() -> None:
        for message in following.messages():
            seen.extend(json.loads(line[6:]) for line in message.splitlines() if line.startswith(b"data: "))

    reader = threading.Thread(target=read)
    reader.start()
    batch_id = a.batches.start_batch(count=3, provider="groq")["batch_id"]
    until(lambda: any(one.get("batch", {}).get("status") == "completed" for one in seen))
    b.events.close()
    reader.join(PATIENCE_S)

    assert seen[-1]["batch"]["progress"] == 3
    assert a.monitor.events_of(batch_id, 0, None) == b.monitor.events_of(batch_id, 0, None)
    replayed = a.monitor.subscribe(0).head
    assert [message for message in replayed if batch_id.encode() in message]


def test_providers_that_are_changed_at_one_are_changed_at_both(two: Any) -> None:
    a, b = two()

    a.providers.update("groq", ProviderChange(enabled=False))

    until(lambda: not b.providers.one("groq")["enabled"])


def test_a_run_is_read_and_cancelled_from_the_other(two: Any) -> None:
    a, b = two()
    begun = threading.Event()

    def work(run: Run) -> dict[str, object]:
        run.tell("status", status="one")
        begun.set()
        assert run.cancel.wait(PATIENCE_S)
        run.heard("token", "never")
        return {}

    run_id = a.runs.start("query", {"session_id": "s"}, work)
    assert begun.wait(PATIENCE_S)
    reading = b.runs.read(run_id).events()
    first = next(reading)
    assert b.queries.under_way("s") == run_id
    b.runs.cancel(run_id)
    rest = [event for some in reading for event in some]

    assert b.runs.facts(run_id)["state"] == "cancelled"
    assert [number for number, _ in [*first, *rest]] == list(range(1, len(first) + len(rest) + 1))
    assert json.loads(rest[-1][1])["type"] == "error"


def test_both_have_one_data_set_whoever_folds_it(two: Any) -> None:
    a, b = two()
    for number in range(30):
        (a if number % 2 else b).dataset.add(sample(id=f"s{number}", question=f"What is tort number {number}?"))
        if number % 5 == 0:
            (b if number % 2 else a).dataset.fold()
        assert a.dataset.count() == b.dataset.count() == number + 1

    b.dataset.delete("s3")
    a.dataset.fold()

    ids = {f"s{number}" for number in range(30)} - {"s3"}
    for service in (a, b):
        assert {row["id"] for row in service.stores.samples.walk()} == ids


def test_a_fold_that_is_known_late_hides_nothing(two: Any) -> None:
    a, b = two()
    writer = a.stores.writer
    for number in range(3):
        a.dataset.add(sample(id=f"s{number}", question=f"What is tort number {number}?"))
    assert b.dataset.count() == 3
    a.dataset.fold()
    with a.stores.engine.connect() as connection:
        fold = journal.last_fold(connection)
    assert fold is not None

    # A third that was cut off while it folded has named its own file, which it will not put in place.
    writer.run(lambda connection: journal.mark(connection, replace(fold, file="other")))
    assert b.dataset.count() == 3
    writer.run(lambda connection: journal.settle(connection, fold))
    a.dataset.add(sample(id="s3", question="What is tort number 3?"))

    assert b.dataset.count() == 4
    assert {row["id"] for row in b.stores.samples.walk()} == {"s0", "s1", "s2", "s3"}


def test_a_fold_of_one_that_was_cut_off_is_no_record_any_more(two: Any) -> None:
    a, b = two()
    a.dataset.add(sample(id="s0", question="What is tort?"))
    a.dataset.fold()
    a.dataset.add(sample(id="s1", question="What is a contract?"))
    state = a.stores.samples.folding._state
    older, upto = state.snapshot().version, state.snapshot().overlay.upto
    assert older is not None
    b.dataset.fold()
    with a.stores.engine.connect() as connection:
        fold = journal.last_fold(connection)
    assert fold is not None

    version = b.stores.samples.folding._state.snapshot().version
    assert version is not None
    marked = a.stores.writer.run(lambda connection: state.mark(connection, version, older, upto))
    a.stores.writer.run(lambda connection: state.settle(connection, replace(fold, file="other"), older))

    assert marked is None
    with a.stores.engine.connect() as connection:
        assert journal.last_fold(connection) == fold


def test_folds_and_changes_of_both_at_once_lose_nothing(two: Any) -> None:
    a, b = two()
    faults: list[Exception] = []

    def work(service: Service, name: str) -> None:
        try:
            for number in range(40):
                service.dataset.add(sample(id=f"{name}{number}", question=f"What is {name} number {number}?"))
                if number % 4 == 0:
                    service.dataset.fold()
        except Exception as error:  # noqa: BLE001  # whatever it is, the test shows it
            faults.append(error)

    threads = [threading.Thread(target=work, args=one) for one in ((a, "a"), (b, "b"), (a, "c"), (b, "d"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    a.dataset.fold()

    assert faults == []
    ids = sorted(f"{name}{number}" for name in "abcd" for number in range(40))
    assert sorted(row["id"] for row in a.stores.samples.walk()) == ids
    assert sorted(row["id"] for row in b.stores.samples.walk()) == ids


def test_each_says_who_it_is_and_how_many_there_are(two: Any) -> None:
    a, b = two()
    pages = [create_app(platform=service).test_client() for service in (a, b)]

    shown = [page.get("/metrics").text for page in pages]
    parts = [page.get("/api/health/ready").get_json()["parts"] for page in pages]

    assert 'ltp_dataset_samples{process="0"} 0.0' in shown[0]
    assert 'ltp_dataset_samples{process="1"} 0.0' in shown[1]
    assert [part["processes"]["detail"] for part in parts] == ["2 work together"] * 2
