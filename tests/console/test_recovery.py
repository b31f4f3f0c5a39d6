"""What is done to a data folder while no service runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bootstrap import Service, build
from console.recovery import accept, put_back
from tests.console.terminal import invoked
from tests.fakes import sample, settings_for
from utils.errors import DataFolderBusyError, NotFoundError
from utils.filelock import FolderLock


@contextmanager
def running(folder: Path) -> Iterator[Service]:
    platform = build(settings_for(folder))
    platform.start()
    try:
        yield platform
    finally:
        platform.close()


def ids(folder: Path) -> set[str]:
    with running(folder) as platform:
        return {row["id"] for row in platform.dataset.draw(100, {})}


@pytest.fixture
def backed_up(folder: Path) -> str:
    """The name of a backup with the sample `kept`, made before `lost` was added."""
    with running(folder) as platform:
        platform.dataset.add(sample(id="kept"))
        name = platform.backups.make()["name"]
        platform.dataset.add(sample(id="lost", question="Is it another offer?"))
    return name


@pytest.mark.parametrize("named", [False, True], ids=["newest", "by-name"])
def test_backup_is_put_back_and_what_was_there_is_kept(folder: Path, backed_up: str, named: bool) -> None:
    said = invoked("restore", *([backed_up] if named else []))

    assert f"backup {backed_up} restored: 1 samples; before that: " in said
    kept = Path("".join(said.splitlines()).rpartition("before that: ")[2])
    assert kept.is_dir()
    assert ids(folder) == {"kept"}


def test_backup_that_is_not_there_is_said_with_those_that_are(folder: Path, backed_up: str) -> None:
    said = invoked("restore", "20200101T000000Z", code=1)

    assert f"not found; there are: {backed_up}" in said.replace("\n", " ")
    assert ids(folder) == {"kept", "lost"}


def test_folder_without_a_backup_says_so(folder: Path) -> None:
    with pytest.raises(NotFoundError, match="there are: none"):
        put_back(settings_for(folder), None)


@pytest.mark.parametrize("command", ["restore", "accept-data"])
def test_folder_of_a_running_service_is_left_alone(folder: Path, backed_up: str, command: str) -> None:
    lock = FolderLock(folder)  # as the server's process holds it
    lock.acquire()

    said = invoked(command, code=1)

    lock.release()
    assert "is using it" in said
    assert ids(folder) == {"kept", "lost"}


def test_folder_is_free_again_after_a_refusal(folder: Path) -> None:
    with pytest.raises(NotFoundError):
        put_back(settings_for(folder), "nothing")

    lock = FolderLock(folder)
    lock.acquire()
    with pytest.raises(DataFolderBusyError):
        accept(settings_for(folder))
    lock.release()


def test_parts_that_belong_together_need_no_acceptance(folder: Path, backed_up: str) -> None:
    assert "nothing to accept: the parts belong together" in invoked("accept-data")


def test_parts_that_came_apart_are_taken_as_they_are(folder: Path) -> None:
    with running(folder) as platform:
        platform.dataset.add(sample(id="in-the-file"))
        platform.dataset.fold()
    (folder / "train.parquet").unlink()

    said = invoked("accept-data")

    assert said.startswith("taken as it is: ")
    assert "train.parquet" in said.replace("\n", "")  # a long path is broken at the edge of the terminal
    assert ids(folder) == set()
    assert "nothing to accept" in invoked("accept-data")
