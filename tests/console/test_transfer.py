"""Files to and from the service."""

import json
from pathlib import Path

import polars as pl
import pytest

from console.client import Client, RequestRefusedError
from console.transfer import export_file, import_file
from tests.console.stub import Stub
from tests.console.terminal import console, invoked, text_of
from tests.fakes import sample
from utils.errors import ConfigurationError, UnavailableError


def lines(path: Path, *names: str, **changes: object) -> Path:
    rows = [sample(id=name, question=f"Is {name} an offer of its own kind?", **changes) for name in names]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def filled(at: str, folder: Path) -> str:
    """The address of a service that has the samples `one` and `two`."""
    invoked("import", str(lines(folder / "base.jsonl", "one", "two")), "--on-duplicate", "skip", "--url", at)
    return at


def test_file_is_imported_whole_and_only_once(filled: str, folder: Path) -> None:
    file = str(lines(folder / "more.jsonl", "one", "two"))

    again = invoked("import", file, "--url", filled, code=1)
    skipped = invoked("import", file, "--on-duplicate", "skip", "--url", filled)
    replaced = invoked("import", file, "--on-duplicate", "replace", "--url", filled)

    assert "Error: Duplicate ids: 2 exist already (one, two); use on_duplicate=skip or replace" in again
    assert "0 new, 0 replaced, 2 skipped" in skipped
    assert "0 new, 2 replaced, 0 skipped" in replaced


def test_lines_that_are_wrong_are_shown_and_nothing_is_taken(filled: str, folder: Path) -> None:
    file = lines(folder / "bad.jsonl", "three")
    file.write_text(file.read_text() + '{"question": "no answer"}\nno JSON\n')
    before = Client(filled).get("data")

    said = invoked("import", str(file), "--url", filled, code=1)

    assert "Line 2: Missing required fields" in said
    assert "Line 3: " in said
    assert "nothing was imported" in said
    assert len(Client(filled).get("data")) == len(before)


def test_dry_run_checks_and_takes_nothing(filled: str, folder: Path) -> None:
    before = Client(filled).get("data")

    said = invoked("import", str(lines(folder / "dry.jsonl", "dry")), "--dry-run", "--url", filled)

    assert "1 new" in said
    assert len(Client(filled).get("data")) == len(before)


@pytest.mark.parametrize(
    "form", ["jsonl", "json", "csv", "parquet", "messages", "sharegpt", "alpaca", "prompts", "argilla", "label_studio"]
)
def test_data_set_is_written_in_every_form(filled: str, folder: Path, form: str) -> None:
    out = folder / f"out.{form}"

    said = invoked("export", str(out), "--format", form, "--include", "all", "--url", filled)

    assert "samples written to " in said
    assert "Is one an offer" in str(pl.read_parquet(out).to_dicts() if form == "parquet" else out.read_text())
    assert not list(folder.glob("*.part"))


def test_export_takes_its_options_to_the_service(filled: str, folder: Path) -> None:
    out = folder / "some.jsonl"

    invoked("export", str(out), "--fields", "id,question", "--include", "all", "--url", filled)

    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert {"one", "two"} <= {row["id"] for row in rows}
    assert all(set(row) == {"id", "question"} for row in rows)


def test_decisions_of_label_studio_are_recorded_and_what_cannot_be_is_told(filled: str, folder: Path) -> None:
    tasks = folder / "tasks.json"
    invoked("export", str(tasks), "--format", "label_studio", "--include", "all", "--url", filled)
    decided = [task for task in json.loads(tasks.read_text()) if task["data"]["sample_id"] in ("one", "two")]
    unchanged = decided[1]["data"]["answer"]
    for task, answer in zip(decided, ("An invitation to treat.", unchanged), strict=True):
        told = [("decision", "choices", "edit"), ("corrected_answer", "text", answer)]
        task["annotations"] = [
            {"completed_by": 7, "result": [{"from_name": name, "value": {kind: [said]}} for name, kind, said in told]}
        ]
    gone = {"data": {"sample_id": "gone/1", "answer": unchanged}, "annotations": [
        {"completed_by": 7, "result": [{"from_name": "decision", "value": {"choices": ["reject"]}}]}
    ]}  # fmt: skip
    tasks.write_text(json.dumps([*decided, gone]))

    said = invoked("reviews", str(tasks), "--url", filled)

    sample_id = decided[0]["data"]["sample_id"]
    reviewed = Client(filled).get(f"sample/{sample_id}")["sample"]
    assert (reviewed["answer"], reviewed["review"]) == ("An invitation to treat.", "accepted")
    assert "1 decisions recorded, 2 not" in said
    assert "nothing was corrected" in said
    assert "gone/1: " in said


def test_file_without_decisions_is_refused(filled: str, folder: Path) -> None:
    assert "neither tasks" in invoked("reviews", str(lines(folder / "no.jsonl", "x")), "--url", filled, code=1)


def test_backup_is_named_with_its_size(filled: str) -> None:
    said = invoked("backup", "--url", filled)

    assert said.startswith("backup 2")
    assert " samples, " in said
    assert "KiB" in said


# --- what no real service does ---------------------------------------------------------------


def test_export_that_breaks_off_leaves_the_old_file_and_no_other(stub: Stub, tmp_path: Path) -> None:
    old = tmp_path / "out.jsonl"
    old.write_text("what was there")
    stub.says("export", b"<html>", status=502)

    with pytest.raises(UnavailableError):
        export_file(Client(stub.url), old, {}, console())

    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]
    assert old.read_text() == "what was there"


def test_pairs_are_counted_as_they_are_written(stub: Stub, tmp_path: Path) -> None:
    stub.says("export", b"{}\n{}\n{}\n")

    assert export_file(Client(stub.url), tmp_path / "pairs", {"format": "preferences"}, console()) == (3, "")


def test_folder_that_is_not_there_is_said_before_anything_is_asked_for(stub: Stub, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere/out: cannot be written \(No such file or directory\)"):
        export_file(Client(stub.url), tmp_path / "nowhere" / "out", {}, console())

    assert stub.asked == []


def test_file_is_sent_as_it_is_with_its_name_and_options(stub: Stub, tmp_path: Path) -> None:
    file = tmp_path / "of mine.csv"
    file.write_bytes(b"question,answer\n" * 5000)
    stub.says("import", b'{"message": "imported"}')
    shown = console()

    assert import_file(Client(stub.url), file, {"dry_run": "true"}, shown)["message"] == "imported"

    assert stub.asked == [("POST", "/api/import?name=of+mine.csv&dry_run=true", file.read_bytes())]
    assert stub.headers[0]["Content-Length"] == str(file.stat().st_size)
    assert "imported" in text_of(shown)


def test_of_many_wrong_lines_the_first_twenty_are_shown(stub: Stub, tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text("x\n")
    problems = [{"place": f"line {number}", "error": "[red]is no JSON"} for number in range(1, 31)]
    stub.says("import", json.dumps({"error": "30 lines", "problems": problems}).encode(), status=400)
    shown = console()

    with pytest.raises(RequestRefusedError, match="30 lines"):
        import_file(Client(stub.url), file, {}, shown)

    assert "line 20: [red]is no JSON" in text_of(shown)
    assert "line 21" not in text_of(shown)
