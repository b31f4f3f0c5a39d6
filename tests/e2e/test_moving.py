"""A service in the middle of a batch goes to a server's database and back, by the commands of docs/operations.md."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config import PROJECT_DIR
from tests.databases import needs_postgresql, postgres
from tests.e2e.server import BUSY_S, RunningServer, environment
from tests.fakes import catalog_without_limits
from tests.vendors.simulator import Reply, SimulatedVendor

pytestmark = needs_postgresql
_COUNT, _FIRST, _SECOND = 30, 10, 20


@pytest.fixture
def groq() -> Iterator[SimulatedVendor]:
    with SimulatedVendor("groq", ["openai/gpt-oss-120b"]) as vendor:
        yield vendor


@pytest.fixture
def server_database() -> Iterator[str]:
    postgres().sql("CREATE DATABASE taken")
    yield postgres().url("taken")
    postgres().sql("DROP DATABASE taken WITH (FORCE)")


def migrate(folder: Path, source: str, *arguments: str) -> str:
    """Run the command on an installation whose database is at *source*; return what it said."""
    done = subprocess.run(
        [sys.executable, str(PROJECT_DIR / "cli.py"), "migrate", *arguments],
        cwd=folder,
        env={**environment(folder, 1, database_uri=source), "COLUMNS": "250"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def hanging_from(groq: SimulatedVendor, first: int) -> threading.Event:
    """Have calls from number *first* on hang; return what is set when one does."""
    reached = threading.Event()

    def fault(_: int, __: dict[str, Any]) -> Reply | None:
        if groq.answered < first:
            return None
        reached.set()
        return Reply(hang=True)

    groq.fault = fault
    return reached


def test_batch_that_is_killed_goes_on_where_its_database_was_taken_to_and_ends_where_it_came_from(
    tmp_path: Path, groq: SimulatedVendor, server_database: str
) -> None:
    here = f"sqlite:///{tmp_path / 'batches.db'}"
    common = {
        "catalog_dir": catalog_without_limits(tmp_path),
        "groq_api_key": "gsk_test_0123456789",
        "groq_base_url": groq.url,
        "max_workers": 4,
    }
    reached = hanging_from(groq, _FIRST)
    with RunningServer(tmp_path, **common, database_uri=here) as server:
        batch_id = server.post("generate/batch/start", count=_COUNT, provider="groq", allow_failover=False)["batch_id"]
        assert reached.wait(BUSY_S)
        refused = migrate(tmp_path, here, "--to", server_database)
        rehearsed = migrate(tmp_path, here, "--to", server_database, "--live")
        server.kill()
    assert "is using it" in refused
    assert "rehearsed: " in rehearsed
    assert "taken over: " in migrate(tmp_path, here, "--to", server_database)

    reached = hanging_from(groq, _SECOND)
    with RunningServer(tmp_path, **common, database_uri=server_database) as server:
        assert reached.wait(BUSY_S)
        server.kill()
    (tmp_path / "batches.db").rename(tmp_path / "old.db")
    assert "taken over: " in migrate(tmp_path, server_database, "--to", here)

    groq.fault = lambda _number, _body: None
    with RunningServer(tmp_path, **common, database_uri=here) as server:
        batch = server.wait_for_end(batch_id)
        samples = server.get(f"data?batch_id={batch_id}")
    assert (batch["status"], batch["progress"]) == ("completed", _COUNT)
    assert len({row["id"] for row in samples}) == _COUNT
    assert batch["in_doubt"] <= 2 * 4
