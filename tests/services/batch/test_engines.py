"""A batch that one engine began goes on with the other, and from a backup, whatever jobs were left behind."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from models.backups.restoring import restore
from services.llm.adapters.base import CompletionRequest
from tests.databases import needs_postgresql, postgres
from tests.fakes import Start, good_answer
from tests.patience import PATIENCE_S, until
from utils.clock import SystemClock

pytestmark = needs_postgresql
COUNT = 8


@pytest.fixture
def url(tmp_path: Path) -> str:
    return postgres().database(f"{tmp_path} engines")


def hanging_after(answers: int) -> tuple[Callable[[CompletionRequest], str], threading.Event, threading.Event]:
    """Return what answers so often and then hangs; what is set once it does, and what lets it go on."""
    hangs, go_on, given = threading.Event(), threading.Event(), iter(range(answers))

    def answer(request: CompletionRequest) -> str:
        if next(given, None) is None:
            hangs.set()
            go_on.wait(PATIENCE_S)
        return good_answer(request)

    return answer, hangs, go_on


@pytest.mark.parametrize(("begins", "goes_on"), [("table", "pgqueuer"), ("pgqueuer", "table")])
def test_batch_goes_on_with_the_other_engine(start: Start, url: str, begins: str, goes_on: str) -> None:
    answer, hangs, let_go = hanging_after(3)
    first = start({"groq": [answer]}, database_uri=url, batch_engine=begins, max_workers=2)
    batch_id = first.batches.start_batch(count=COUNT, provider="groq", allow_failover=False)["batch_id"]
    assert hangs.wait(PATIENCE_S)
    first.close()
    let_go.set()

    second = start({"groq": [good_answer]}, database_uri=url, batch_engine=goes_on)
    until(lambda: not second.batches.get_status(batch_id)["running"])

    ended = second.batches.get_status(batch_id)
    assert (ended["status"], ended["reason"]) == ("completed", None)
    items = second.monitor.report(batch_id)["items"]
    assert (items["done"], second.dataset.count()) == (COUNT, COUNT)
    assert second.stores.members.batch_engine.name == goes_on


def test_restored_batch_goes_on_though_its_jobs_are_gone(start: Start, url: str, tmp_path: Path) -> None:
    answer, hangs, let_go = hanging_after(3)
    given = {"database_uri": url, "batch_engine": "pgqueuer", "max_workers": 2}
    first = start({"groq": [answer]}, **given)
    batch_id = first.batches.start_batch(count=COUNT, provider="groq", allow_failover=False)["batch_id"]
    assert hangs.wait(PATIENCE_S)
    kept = first.backups.make()
    let_go.set()
    until(lambda: first.batches.get_status(batch_id)["status"] == "completed")
    later = first.batches.start_batch(count=2, provider="groq", allow_failover=False)["batch_id"]
    until(lambda: first.batches.get_status(later)["status"] == "completed")
    first.close()

    restore(tmp_path, url, kept["name"], SystemClock())
    second = start({"groq": [good_answer]}, **given)
    until(lambda: second.batches.get_status(batch_id)["status"] == "completed")

    assert second.monitor.report(batch_id)["items"]["done"] == second.dataset.count() == COUNT
