"""Reports on any file, the index of authorities, benchmarks."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from cli import cli
from console.quality import summary
from tests.console.terminal import console, invoked, text_of
from tests.fakes import sample

INVENTED = "Marsh v Baird [2007] UKSC 4"


def test_report_of_a_foreign_file_says_what_it_holds(folder: Path) -> None:
    rows = [{"question": f"What is {n}?", "answer": f"See {INVENTED}. Write to a{n}@example.org."} for n in range(3)]
    pl.DataFrame(rows).write_parquet(folder / "foreign.parquet")

    said = invoked("report", "foreign.parquet", "--out", "report.json")

    made = json.loads((folder / "report.json").read_text())
    assert "3 samples, 0 valid" in said
    assert made["citations"]["by_verdict"] == {"invalid": 3}
    assert made["pii"]["e_mail"] == 3
    assert any("reasoning" in change for change in made["changed_on_reading"])
    invoked("report", "foreign.parquet", "--out", "report.html")
    assert "Changed when the file was read" in (folder / "report.html").read_text()


def test_report_of_a_file_without_questions_says_which_columns_it_has(folder: Path) -> None:
    pl.DataFrame({"text": ["x"]}).write_parquet(folder / "other.parquet")
    (folder / "no.parquet").write_bytes(b"nothing")

    assert "no row has a question and an answer; its columns are text" in invoked("report", "other.parquet", code=1)
    assert "no.parquet" in invoked("report", "no.parquet", code=1)


def test_large_file_is_reported_on_by_several_processes_as_by_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [sample(id=f"s{n}", question=f"What is {n}?", answer=f"See {INVENTED}.") for n in range(30)]
    pl.DataFrame(rows).write_parquet(folder / "train.parquet", row_group_size=10)
    invoked("report", "--out", "one.json")
    monkeypatch.setattr("services.workbench._PARALLEL_FROM", 10)
    invoked("report", "--out", "two.json")

    one, two = (json.loads((folder / name).read_text()) for name in ("one.json", "two.json"))
    assert one == two
    assert one["citations"]["by_verdict"]["invalid"] == 30


def test_folder_is_reported_on_with_its_progress_on_standard_error(folder: Path) -> None:
    for part in range(2):
        rows = [sample(id=f"s{part}{n}", question=f"What is {n}?", answer=f"See {INVENTED}.") for n in range(4)]
        (folder / "shards").mkdir(exist_ok=True)
        pl.DataFrame(rows).write_parquet(folder / "shards" / f"{part}.parquet")

    done = CliRunner().invoke(cli, ["report", "shards", "--out", "report.html"])

    assert done.exit_code == 0, done.output
    assert "8 samples, 0 valid" in done.stdout
    assert "samples examined" in done.stderr
    assert "samples examined" not in done.stdout
    assert "Quality of shards" in (folder / "report.html").read_text()


def test_address_that_cannot_be_is_refused_in_a_sentence(folder: Path) -> None:
    assert "does not exist" in invoked("report", "nowhere.parquet", code=2)
    assert "address: begins with ftp://" in invoked("report", "ftp://host/x", code=1)
    assert "names no bucket" in invoked("report", "s3://", code=1)


def test_authorities_of_ones_own_are_imported(folder: Path) -> None:
    (folder / "mine.csv").write_text("name,citation\nMarsh v Baird,[2015] EWHC 901 (Ch)\nNobody,not a citation\n")

    said = invoked("authorities", "import", "mine.csv")

    assert "1 added, 0 known before, 1 not understood" in said
    assert "0 added, 1 known before" in invoked("authorities", "import", "mine.csv")


def test_benchmark_is_built_and_found_in_a_data_set(folder: Path) -> None:
    text = "the carrier is bound before and at the beginning of the voyage to exercise due diligence to make it sound"
    (folder / "held-out.txt").write_text(text)
    rows = [sample(id="clean"), sample(id="copied", answer=f"It is settled that {text}.")]
    pl.DataFrame(rows).write_parquet(folder / "train.parquet")

    assert "there are none" in invoked("decontaminate", "check", code=1)
    assert "windows" in invoked("decontaminate", "build", "held-out", "held-out.txt")
    said = invoked("decontaminate", "check", code=1)

    assert "copied: " in said
    assert "1 of 2 samples overlap with a benchmark" in said


def figures(**changes: Any) -> Any:
    """Return what the summary reads of a report."""
    return {
        "samples": 4,
        "validity": {"valid": 3, "rate": 0.75},
        "citations": {"by_verdict": {"known": 5, "invalid": 1}},
        "duplicates": {"similar_pairs": 2, "pairs_from_0_6": 1},
        "pii": {"e_mail": 2, "phone": 0},
        **changes,
    }


@pytest.mark.parametrize(
    ("report", "says"),
    [
        pytest.param(figures(), "4 samples, 3 valid (75.0 %)", id="validity"),
        pytest.param(figures(validity={"valid": 0, "rate": None}), "4 samples, 0 valid (–)", id="nothing-to-share-by"),
        pytest.param(figures(), "citations: known 5, invalid 1", id="citations"),
        pytest.param(figures(citations={"by_verdict": {}}), "citations: none", id="no-citations"),
        pytest.param(figures(), "pairs of similar samples: 2, of them from 0.6 on: 1", id="similar"),
        pytest.param(figures(), "personal data: e_mail 2", id="personal-data"),
        pytest.param(figures(pii={"phone": 0}), "personal data: none found", id="no-personal-data"),
    ],
)
def test_summary_says_what_matters_most(report: Any, says: str) -> None:
    shown = console()

    summary(report, shown)

    assert says in text_of(shown).splitlines()


def test_report_that_cannot_be_written_is_said(folder: Path) -> None:
    pl.DataFrame([sample()]).write_parquet(folder / "train.parquet")

    said = invoked("report", "--out", "no-such-folder/report.json", code=1)

    assert "cannot be written (No such file or directory)" in said.replace("\n", " ")


def test_clean_data_set_passes_the_check_for_benchmarks(folder: Path) -> None:
    (folder / "held-out.jsonl").write_text(json.dumps({"text": " ".join(f"word{n}" for n in range(20))}) + "\n")
    pl.DataFrame([sample()]).write_parquet(folder / "other.parquet")

    assert "8 windows" in invoked("decontaminate", "build", "words", "held-out.jsonl")

    assert "0 of 1 samples overlap with a benchmark" in invoked("decontaminate", "check", "other.parquet")


def test_authorities_that_are_not_understood_are_shown(folder: Path) -> None:
    (folder / "mine.csv").write_text("name,citation\nNobody,not a [citation]\n")

    said = invoked("authorities", "import", "mine.csv")

    assert "0 added, 0 known before, 1 not understood" in said
    assert "not understood: " in said
    assert "not a [citation]" in said
