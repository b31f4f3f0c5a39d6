"""Documents on the command line, against a running service."""

from pathlib import Path

import pytest

from config import Settings
from console.documents import _use
from tests.console.terminal import invoked
from tests.e2e.server import RunningServer
from tests.vendors.moorings import ACT


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def ids(service: RunningServer) -> dict[str, str]:
    return {row["name"]: row["file_id"] for row in service.get("files")["files"]}


def test_a_folder_is_added_with_its_files_and_what_cannot_be_is_told_beside_the_others(
    service: RunningServer, at: str, folder: Path
) -> None:
    law = folder / "law"
    (law / "old").mkdir(parents=True)
    (law / ".hidden.txt").write_text("Not to be seen.\n")
    (law / "act.txt").write_text(ACT)
    (law / "old" / "rules.txt").write_text("Harbour Rules 1990\n\nSection 1. Speed\nNo vessel may hurry.\n")
    (folder / "empty").mkdir()
    (folder / "blank.txt").write_text("")

    said = invoked("documents", "add", "missing.txt", "blank.txt", "empty", "law", "--url", at, code=1)

    assert {"act.txt", "rules.txt"} <= ids(service).keys()
    assert ".hidden.txt" not in ids(service)
    assert "missing.txt: No such file" in said
    assert "blank.txt: " in said
    assert "empty: Is a directory" in said
    assert "Harbour Rules 1990" in said
    assert "3 of 5 were not added" in said


def test_ids_are_listed_whole_with_vectors_and_reasons_and_removed_by_what_they_begin_with(
    service: RunningServer, at: str, folder: Path
) -> None:
    (folder / "note [1].txt").write_text("A note on the [bold]moorings[/bold] of a harbour.\n")
    (folder / "old.doc").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    invoked("documents", "add", "note [1].txt", "old.doc", "--url", at, code=1)
    added = ids(service)
    note, old = added["note [1].txt"], added["old.doc"]

    said = invoked("documents", "list", "--url", at)

    assert note in said
    assert old in said
    assert "note [1]" in said  # no markup
    assert "1 chunks, 0 with vectors" in " ".join(said.split())
    assert "failed: " in said

    prefix = next(
        note[:size] for size in range(1, 40) if sum(one.startswith(note[:size]) for one in added.values()) == 1
    )
    said = invoked("documents", "remove", "doc_", "nowhere", prefix, "--url", at, code=1)

    assert "doc_: " in said
    assert "documents begin so" in said
    assert "nowhere: is not here" in said
    assert f"{note} removed" in said
    assert ids(service).keys() == added.keys() - {"note [1].txt"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "within a minute"),
        ({"embedder": "off"}, "EMBEDDER is off"),
        ({"embedding_base_url": "http://127.0.0.1:9/v1"}, "EMBEDDING_BASE_URL"),
    ],
)
def test_who_fetched_embedders_is_told_whether_the_service_uses_them(given: dict[str, str], says: str) -> None:
    assert says in _use(Settings(_env_file=None, **given))
