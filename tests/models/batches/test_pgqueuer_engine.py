"""Items that PgQueuer carries: jobs and rows tell the same, whoever claims, ends, dies or takes over."""

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from models.batches.members import Members
from models.batches.pgqueuer_engine import PgQueuerEngine
from models.batches.work_item import WorkItem
from models.batches.work_store import WorkStore
from models.contract.bodies import BatchRequest
from models.domain import CallUsage, ItemState, Job, RawAnswer
from models.schemas import Sample
from models.stores import Places, Stores, open_stores
from services.batch.objects import new_row
from tests.databases import needs_postgresql, postgres
from tests.fakes import sample
from tests.patience import PATIENCE_S
from utils.clock import ManualClock
from utils.errors import ConfigurationError, LeaseLostError, StorageError

pytestmark = needs_postgresql
Open = Callable[..., Stores]
JOB = Job("Contract Law", "Misrepresentation", "basic", "case_analysis", "uk", 1)
JOBS = "SELECT entrypoint, convert_from(payload, 'UTF8')::int, status::text FROM pgqueuer ORDER BY 1, 2"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Open the storage of one more process on the same database, whose items the engine of that name carries."""
    made: list[Stores] = []

    def begin(engine: str = "pgqueuer") -> Stores:
        url = postgres().database(f"{tmp_path} jobs")
        stores = open_stores(Places(tmp_path, url, None, batch_engine=engine), ManualClock())
        made.append(stores)
        stores.start()
        stores.members.join("redis")
        return stores

    yield begin
    for stores in made:
        stores.members.leave()
        stores.close()


def asked(stores: Stores, query: str) -> list[tuple[Any, ...]]:
    """Run *query* in the database; return its rows."""
    name = stores.engine.url.database
    assert name is not None
    return postgres().sql(query, name)


def planned(stores: Stores, batch_id: str = "b", count: int = 3) -> None:
    row = new_row(batch_id, "2026-01-01T00:00:00+00:00", BatchRequest(count=count, provider="groq"), count, "m")
    stores.ledger.plan({**row, "status": "running"}, [JOB] * count)


def made(name: str) -> Sample:
    return Sample.model_validate(sample(id=name))


def numbers(items: list[WorkItem]) -> list[int]:
    return [item.ordinal for item in items]


def test_items_are_jobs_until_they_end_and_are_claimed_in_order(opened: Open) -> None:
    stores = opened()
    planned(stores)
    waiting = asked(stores, JOBS)

    first, second = stores.ledger.claim("b", 2)
    (third,) = stores.ledger.claim("b", 2)
    in_hand = asked(stores, JOBS)
    stores.ledger.finish(first, made("s1"))
    stores.ledger.reject(second, ItemState.REJECTED, "too short", JOB)

    assert waiting == [("b", 0, "queued"), ("b", 1, "queued"), ("b", 2, "queued")]
    assert numbers([first, second, third]) == [0, 1, 2]
    assert in_hand == [("b", 0, "picked"), ("b", 1, "picked"), ("b", 2, "picked")]
    assert asked(stores, JOBS) == [("b", 2, "picked"), ("b", 3, "queued")]  # the last in place of the rejected one
    assert numbers(stores.ledger.claim("b", 5)) == [3]
    ended = "SELECT status::text, count(*) FROM pgqueuer_log WHERE status IN ('successful', 'exception') GROUP BY 1"
    assert sorted(asked(stores, ended)) == [("exception", 1), ("successful", 1)]


def test_job_and_sample_are_one_commit(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    stores = opened()
    planned(stores, count=1)
    (item,) = stores.ledger.claim("b", 1)
    with monkeypatch.context() as patch:
        patch.setattr(stores.tables.batches, "add", _refused)
        with pytest.raises(StorageError):
            stores.ledger.finish(item, made("s1"))
    kept = stores.samples.count()

    assert (kept, asked(stores, JOBS)) == (0, [("b", 0, "picked")])
    stores.ledger.finish(item, made("s1"))
    assert (stores.samples.count(), asked(stores, JOBS)) == (1, [])


def _refused(*_: object, **__: object) -> None:
    raise StorageError("database: no space left on the disk")


@pytest.mark.parametrize(
    "meanwhile", ["DELETE FROM pgqueuer", "UPDATE pgqueuer SET queue_manager_id = gen_random_uuid()"]
)
def test_who_no_longer_holds_a_job_ends_nothing(opened: Open, meanwhile: str) -> None:
    stores = opened()
    planned(stores, count=1)
    (item,) = stores.ledger.claim("b", 1)
    asked(stores, meanwhile)
    before = asked(stores, JOBS)

    with pytest.raises(LeaseLostError, match="item 0 of batch b: its job was given to another process, or removed"):
        stores.ledger.finish(item, made("late"))

    assert (stores.samples.count(), asked(stores, JOBS)) == (0, before)
    assert stores.tables.work.counts("b") == {"todo": 1}


def test_what_is_put_back_is_the_next_of_whoever_claims(opened: Open) -> None:
    one, other = opened(), opened()
    planned(one)
    mine = one.ledger.claim("b", 2)

    one.ledger.put_back("b")
    theirs = other.ledger.claim("b", 2)

    assert numbers(mine) == numbers(theirs) == [0, 1]
    with pytest.raises(LeaseLostError):
        one.ledger.finish(mine[0], made("late"))
    other.ledger.finish(theirs[0], made("s1"))
    assert asked(one, JOBS) == [("b", 1, "picked"), ("b", 2, "queued")]


def test_jobs_of_a_process_that_is_gone_are_taken_over_with_its_calls_in_doubt(opened: Open) -> None:
    one, other = opened(), opened()
    planned(one)
    first, _ = one.ledger.claim("b", 2)
    one.ledger.sending(first, 1, "groq", "groq/m", 50)

    doubt = other.ledger.take_over(one.members.me)

    assert doubt == {"b": 1}
    assert asked(one, JOBS) == [("b", 0, "queued"), ("b", 1, "queued"), ("b", 2, "queued")]
    assert one.ledger.claim("b", 3) == []  # it does not know yet that it was taken over
    assert numbers(other.ledger.claim("b", 3)) == [0, 1, 2]
    with pytest.raises(LeaseLostError):
        one.ledger.answered(first, RawAnswer("late", "groq", "m", 2), CallUsage("groq", "m", 1, 1))


def test_end_of_a_batch_leaves_no_job_and_no_log_and_other_batches_alone(opened: Open) -> None:
    stores = opened()
    planned(stores)
    planned(stores, "c", 1)
    item, *_ = stores.ledger.claim("b", 2)

    stores.ledger.close("b", status="stopped", reason="on request")

    assert asked(stores, JOBS) == [("c", 0, "queued")]
    assert asked(stores, "SELECT DISTINCT entrypoint FROM pgqueuer_log") == [("c",)]
    with pytest.raises(LeaseLostError):
        stores.ledger.finish(item, made("late"))
    assert stores.ledger.claim("b", 3) == []


def test_draft_that_nobody_has_in_hand_is_kept_when_its_batch_ends(opened: Open) -> None:
    stores = opened()
    planned(stores, count=1)
    (item,) = stores.ledger.claim("b", 1)
    stores.ledger.answered(item, RawAnswer("text", "groq", "m", 2), CallUsage("groq", "m", 1, 1))
    stores.ledger.put_back("b")
    (draft,) = stores.tables.work.drafts("b")

    stores.ledger.finish(draft, made("s1"))

    assert (stores.samples.count(), asked(stores, JOBS)) == (1, [])
    with pytest.raises(LeaseLostError):
        stores.ledger.finish(draft, made("s2"))


def test_plan_that_is_discarded_leaves_no_jobs(opened: Open) -> None:
    stores = opened()
    row = new_row("cut", "2026-01-01T00:00:00+00:00", BatchRequest(count=2), 2, None)
    stores.ledger.plan(row, [JOB, JOB])

    stores.ledger.discard("cut", "ended while planning")

    assert asked(stores, JOBS) == []


def test_batches_of_another_engine_go_on_and_jobs_of_others_stay(opened: Open) -> None:
    before = opened("table")
    planned(before)
    planned(before, "gone", 1)
    done, _ = before.ledger.claim("b", 2)  # the second one is left in hand
    before.ledger.finish(done, made("s1"))
    before.members.leave()
    url = before.engine.url.render_as_string(False)
    open_stores(Places(before.folder.path, url, None, batch_engine="pgqueuer"), ManualClock()).close()
    asked(before, "INSERT INTO pgqueuer (priority, status, entrypoint, dedupe_key) VALUES (0, 'queued', 'mail', 'm/1')")
    asked(  # what an older run of PgQueuer left
        before,
        "INSERT INTO pgqueuer (priority, status, entrypoint, payload, dedupe_key) VALUES (0, 'picked', 'b', '0',"
        " 'ltp/b/0'), (0, 'picked', 'b', '2', 'ltp/b/2'), (0, 'queued', 'b', '7', 'ltp/b/7')",
    )

    after = opened()
    agreed = [job for job in asked(after, JOBS) if job[0] != "mail"]
    after.ledger.take_over(before.members.me)

    assert agreed == [("b", 2, "queued"), ("gone", 0, "queued")]
    assert numbers(after.ledger.claim("b", 5)) == [1, 2]
    assert asked(after, "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'mail'") == [(1,)]


def test_engine_of_the_living_is_that_of_whoever_starts(opened: Open) -> None:
    first = opened()

    with pytest.raises(ConfigurationError, match="BATCH_ENGINE: table here, but a process that works on the same"):
        opened("table")
    first.members.leave()

    assert opened("table").members.batch_engine.name == "table"
    with pytest.raises(ConfigurationError, match=r"BATCH_ENGINE: pgqueuer here, .* has table"):
        opened()


def test_of_two_that_start_at_the_same_moment_with_different_engines_not_both_go_on(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened()
    monkeypatch.setattr(Members, "_check_company", _seen_nobody)

    with pytest.raises(ConfigurationError, match=r"BATCH_ENGINE: table here, .* has pgqueuer"):
        opened("table")


def _seen_nobody(*_: object) -> None:
    """Look before the other one holds its lock."""


def test_thousands_of_items_of_another_engine_get_their_jobs_in_order(opened: Open) -> None:
    before = opened("table")
    planned(before, count=2_300)
    before.members.leave()

    after = opened()

    assert asked(after, "SELECT count(*), count(DISTINCT payload) FROM pgqueuer") == [(2_300, 2_300)]
    assert numbers(after.ledger.claim("b", 1_500)) == list(range(1_500))


def test_claims_of_many_at_once_share_out_what_there_is_and_the_end_of_the_batch_hinders_none(opened: Open) -> None:
    one, other = opened(), opened()
    planned(one, count=120)
    planned(one, "c", 5_000)
    ends = threading.Event()

    def claimed(stores: Stores, batch_id: str) -> list[int]:
        found: list[int] = []
        while items := stores.ledger.claim(batch_id, 7):
            found += numbers(items)
            if len(found) > 20:
                ends.set()
        return found

    with ThreadPoolExecutor(8) as pool:
        shares = [pool.submit(claimed, stores, "b") for stores in (one, other) * 2]
        hindered = [pool.submit(claimed, stores, "c") for stores in (one, other) * 2]
        assert ends.wait(PATIENCE_S)
        one.ledger.close("c", status="stopped", reason="on request")
        taken = [number for share in shares for number in share.result(PATIENCE_S)]
        before_the_end = [number for share in hindered for number in share.result(PATIENCE_S)]

    assert sorted(taken) == list(range(120))
    assert len(set(before_the_end)) == len(before_the_end)
    assert one.tables.work.counts("c") == {"cancelled": 5_000}
    assert {job[0] for job in asked(one, JOBS)} == {"b"}


def test_log_that_cannot_be_cleared_does_not_keep_a_batch_from_its_end(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = opened()
    planned(stores)
    monkeypatch.setattr(stores.writer, "aside", _refused)

    event = stores.ledger.close("b", status="stopped", reason="on request")
    left = asked(stores, "SELECT count(*) FROM pgqueuer_log")
    monkeypatch.undo()
    stores.members.leave()
    opened()

    assert event is not None
    assert (left, asked(stores, "SELECT count(*) FROM pgqueuer_log")) == ([(6,)], [(0,)])


def test_start_beside_the_living_leaves_what_they_have_in_hand(opened: Open) -> None:
    one = opened()
    planned(one)
    (item,) = one.ledger.claim("b", 1)

    opened()
    one.ledger.finish(item, made("s1"))

    assert one.samples.count() == 1


def test_claims_go_on_when_an_upgrade_adds_a_column(opened: Open) -> None:
    stores = opened()
    planned(stores, count=12)
    before = [stores.ledger.claim("b", 1) for _ in range(8)]

    asked(stores, "ALTER TABLE pgqueuer ADD COLUMN later int")

    assert [numbers(items) for items in before] == [[number] for number in range(8)]
    assert numbers(stores.ledger.claim("b", 9)) == [8, 9, 10, 11]


def test_tables_of_an_older_version_are_upgraded_at_the_start(opened: Open) -> None:
    first = opened()
    first.members.leave()
    asked(first, "DROP INDEX pgqueuer_unique_dedupe_key")
    asked(first, "ALTER TABLE pgqueuer DROP COLUMN headers")

    planned(opened())

    assert len(asked(first, "SELECT headers FROM pgqueuer")) == 3


def test_clock_that_is_put_back_or_forward_changes_no_turn(opened: Open) -> None:
    stores = opened()
    planned(stores)
    (item,) = stores.ledger.claim("b", 1)

    asked(stores, "UPDATE pgqueuer SET execute_after = execute_after + interval '1 day'")
    put_back = numbers(stores.ledger.claim("b", 1))
    asked(stores, "UPDATE pgqueuer SET heartbeat = heartbeat - interval '1 day'")
    forward = numbers(stores.ledger.claim("b", 3))

    assert (item.ordinal, put_back, forward) == (0, [1], [2])


def test_package_that_is_missing_and_a_file_as_database_are_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    places = Places(tmp_path, f"sqlite:///{tmp_path / 'x.db'}", None, batch_engine="pgqueuer")
    with pytest.raises(ConfigurationError, match="BATCH_ENGINE: pgqueuer needs PostgreSQL"):
        open_stores(places, ManualClock())
    monkeypatch.setitem(sys.modules, "pgqueuer.queries", None)

    with pytest.raises(ConfigurationError, match=r"BATCH_ENGINE: .* is missing; run `pip install -r requirements-pg"):
        PgQueuerEngine()


def test_work_table_alone_makes_no_jobs(opened: Open) -> None:
    stores = opened("table")
    planned(stores)

    assert isinstance(stores.tables.work, WorkStore)
    assert [item.hold for item in stores.ledger.claim("b", 3)] == [None] * 3
    assert asked(stores, "SELECT count(*) FROM information_schema.tables WHERE table_name = 'pgqueuer'") == [(0,)]
