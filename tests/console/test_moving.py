"""An installation is moved to a server and back by the command line, as an operator does it."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table

from bootstrap import Service, build
from config import PROJECT_DIR
from models.backups.moving import taking_over
from models.backups.moving.contents import contents_of
from models.backups.moving.taking_over import TABLES
from models.database import open_engine
from models.engines.bulk import fill
from tests.console.terminal import invoked
from tests.databases import KIND, needs_postgresql, postgres
from tests.e2e.server import environment
from tests.fakes import sample, settings_for
from utils.filelock import FolderLock

pytestmark = [
    needs_postgresql,
    pytest.mark.skipif(KIND != "sqlite", reason="has both kinds of databases of its own"),
]


@pytest.fixture
def server() -> Iterator[str]:
    """The address of an empty database of a server."""
    postgres().sql("CREATE DATABASE moved")
    yield postgres().url("moved")
    postgres().sql("DROP DATABASE moved WITH (FORCE)")


@contextmanager
def running(folder: Path, **settings: Any) -> Iterator[Service]:
    platform = build(settings_for(folder, **settings))
    platform.start()
    try:
        yield platform
    finally:
        platform.close()


def ids(folder: Path, **settings: Any) -> set[str]:
    with running(folder, **settings) as platform:
        return {row["id"] for row in platform.dataset.draw(100, {})}


def add(folder: Path, name: str, **settings: Any) -> None:
    with running(folder, **settings) as platform:
        platform.dataset.add(sample(id=name, question=f"Is {name} an offer?"))


def digests(url: str) -> dict[str, str]:
    engine = open_engine(url)
    with engine.connect() as connection:
        found = {table.name: contents_of(connection, table).digest for table in TABLES}
    engine.dispose()
    return found


def test_installation_moves_to_a_server_works_there_and_moves_back(folder: Path, server: str) -> None:
    add(folder, "one")
    said = invoked("migrate", "--to", server)
    assert "taken over: set DATABASE_URI" in said.replace("\n", " ")
    assert "journal" in said
    add(folder, "two", database_uri=server)

    (folder / "batches.db").rename(folder / "old.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URI", server)
        invoked("migrate", "--to", f"sqlite:///{folder / 'batches.db'}")

    assert digests(f"sqlite:///{folder / 'batches.db'}") == digests(server)
    assert ids(folder) == {"one", "two"}


def test_folder_of_a_running_service_is_only_rehearsed(folder: Path, server: str) -> None:
    add(folder, "one")
    lock = FolderLock(folder)  # as the server's process holds it
    lock.acquire()

    refused = invoked("migrate", "--to", server, code=1)
    rehearsed = invoked("migrate", "--to", server, "--live")
    lock.release()

    assert "rehearse while it runs, with --live" in refused.replace("\n", " ")
    assert "What is written from now on is not in it" in rehearsed.replace("\n", " ")
    add(folder, "two")
    invoked("migrate", "--to", server)
    assert ids(folder, database_uri=server) == {"one", "two"}


def test_server_that_a_service_of_another_machine_uses_is_not_left(folder: Path, server: str) -> None:
    add(folder, "one")
    invoked("migrate", "--to", server)
    target = f"sqlite:///{folder / 'back.db'}"

    engine = open_engine(server)
    with pytest.MonkeyPatch.context() as patch, engine.connect():  # as a service with another folder has it open
        patch.setenv("DATABASE_URI", server)
        refused = invoked("migrate", "--to", target, code=1)
    engine.dispose()

    assert "connections of services to it are open" in refused.replace("\n", " ")
    assert set(digests(target).values()) == {"0" * 32}


def test_difference_is_shown_and_ends_with_code_1(folder: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    add(folder, "one")

    def nothing(connection: Any, table: Table, rows: Iterator[tuple[object, ...]]) -> None:
        fill(connection, table, iter(()) if table.name == "store" else rows)

    monkeypatch.setattr(taking_over, "fill", nothing)
    said = invoked("migrate", "--to", server, code=1)

    assert "store arrived otherwise than they left; the target is as it was" in said.replace("\n", " ")
    assert postgres().sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", "moved") == [(0,)]


def test_folder_without_a_database_has_nothing_to_move(folder: Path, server: str) -> None:
    assert "there is nothing to take over" in invoked("migrate", "--to", server, code=1).replace("\n", " ")
    assert not (folder / "batches.db").exists()


_STOPPED_IN_THE_MIDDLE = """
import os, signal
from models.backups.moving import taking_over
fill = taking_over.fill
def stopped(connection, table, rows):
    fill(connection, table, rows)
    if table.name == "store":
        os.kill(os.getpid(), signal.SIGKILL)
taking_over.fill = stopped
from cli import cli
cli()
"""


@pytest.mark.parametrize("to_server", [True, False], ids=["to-a-server", "to-a-file"])
def test_move_that_is_killed_leaves_nothing_and_is_simply_given_again(
    folder: Path, server: str, to_server: bool
) -> None:
    add(folder, "one")
    target = server if to_server else f"sqlite:///{folder / 'other.db'}"

    done = subprocess.run(
        [sys.executable, "-c", _STOPPED_IN_THE_MIDDLE, "migrate", "--to", target],
        cwd=folder,
        env={**environment(folder, 1), "PYTHONPATH": str(PROJECT_DIR)},
        check=False,
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    invoked("migrate", "--to", target)

    assert ids(folder, database_uri=target) == {"one"}
