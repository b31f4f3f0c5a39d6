"""What is done beside the service comes out as what the service does itself, and its death harms nothing."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import orjson
import polars as pl
import pytest

from bootstrap import Service, build
from models.contract.arguments import ExportArguments, SearchArguments
from models.samples.file.row_index import DOCUMENT
from services.dataset.exporting import Exporter
from services.dataset.import_service import ImportRequest
from services.formats import exporters
from services.formats.export_format import ExportFormat
from services.quality.citation_audit import AuditsHere, Verdicts
from services.quality.duplicates.report import report_on
from services.quality.report.measuring import build_report
from side import Tools, side_processes
from tests.fakes import CHECKER, sample, settings_for
from tests.patience import until
from tests.services.grounding.shelves import Shelf
from utils.errors import SideError
from utils.plugins import find_specs
from utils.side.processes import SideProcesses

IMPORT = ImportRequest("rows.jsonl")
CITES = ("Donoghue v Stevenson [1932] AC 562", "R v Nobody [2031] UKSC 999", "None")


@pytest.fixture
def side(tmp_path: Path) -> Iterator[SideProcesses[Tools]]:
    processes = side_processes(settings_for(tmp_path))
    yield processes
    processes.close()


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service that has everything done beside it, however little it is."""
    for name, value in {
        "services.dataset.exporting._ASIDE": 0,
        "services.dataset.import_service._HERE_BYTES": 0,
        "services.dataset.search_service._FEW": 0,
        "services.quality.citation_audit._HERE": 0,
        "services.quality.duplicates.report._ASIDE": 0,
        "services.quality.duplicates.sketching._HERE": 0,
        "services.quality.report.quality_service._AT_ONCE": 0,
    }.items():
        monkeypatch.setattr(name, value)
    made = build(settings_for(tmp_path, search_scan_rows=5))
    made.stores.start()
    rows = [sample(id=f"s{n}", answer=f"Answer {n % 20} of many words.", case_citation=CITES[n % 3]) for n in range(40)]
    made.imports.run(written(tmp_path / "rows.jsonl", rows), IMPORT)
    made.dataset.fold()
    made.dataset.add(sample(id="late"))
    yield made
    made.close()


def written(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    return path


def pids(service: Service) -> list[int]:
    side: SideProcesses[Tools] = service.publish._side  # type: ignore[assignment]  # it is what bootstrap made
    return side.pids


def test_a_large_import_is_read_beside_the_service(service: Service) -> None:
    assert service.dataset.count() == 41
    assert len(pids(service)) == 1


@pytest.mark.parametrize("name", ["jsonl", "parquet", "csv", "json", "messages"])
def test_an_export_has_the_bytes_that_the_service_would_write(service: Service, name: str) -> None:
    samples = service.stores.samples
    here = Exporter(samples, Verdicts(AuditsHere(samples, CHECKER)), find_specs(exporters, ExportFormat))

    export = service.publish.download(ExportArguments(format=name))
    content = b"".join(export.content)

    service.publish._exporter, service.publish._side = here, None
    expected = service.publish.download(ExportArguments(format=name))
    assert content == b"".join(expected.content)
    assert (export.samples, export.data_version, dict(export.left_out)) == (
        expected.samples, expected.data_version, dict(expected.left_out),
    )  # fmt: skip


def test_verdicts_report_and_pairs_are_those_that_the_service_finds(service: Service) -> None:
    samples, duplicates = service.stores.samples, service.examiner.duplicates
    duplicates.update(lambda: False)

    with pytest.raises(Exception, match="is being made"):
        service.quality.report()
    until(lambda: service.quality._kept is not None)
    report = service.quality.report()
    pairs = service.quality.duplicates()

    expected = build_report(samples.snapshot().pieces(), service.quality._measures)
    assert report == {**expected, "is_current": True}
    assert pairs == report_on(duplicates._index, samples, duplicates._extractor, duplicates._limits, None)
    assert pairs["counts"]["duplicates"] + pairs["counts"]["siblings"] + pairs["counts"]["similar"] > 0


def test_the_report_knows_the_documents_of_the_service(service: Service, tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        shelf.add("Kites Act 2021\nSection 1. String\nA string must be short.\nSection 2. Fee\nNone is due.\n", "a.txt")

    with pytest.raises(Exception, match="is being made"):
        service.quality.report()
    until(lambda: service.quality._kept is not None)

    told = service.quality.report()["grounding"]
    assert (told["total"]["not_looked_at"], told["provisions"], told["never_used"]) == (41, 2, 2)
    assert pids(service)


def test_the_audit_notes_the_verdicts_in_the_index(service: Service) -> None:
    audit = service.publish._exporter.publishable._audit

    found = audit.verdicts(service.stores.samples.snapshot())

    here = Verdicts(AuditsHere(service.stores.samples, CHECKER)).verdicts(service.stores.samples.snapshot())
    assert found.equals(here)
    assert set(found["citation_verdict"]) > {"none"}


def test_the_search_index_grows_beside_the_service_and_finds_phrases(service: Service) -> None:
    done = service.search.update(lambda: False)

    version = service.stores.samples.snapshot().version
    assert version is not None
    assert done == 40 == version.index.frame[DOCUMENT].is_not_null().sum()
    assert len(pids(service)) == 1
    found = service.search.answer(SearchArguments(q='"answer 3 of many"'))
    assert sorted(row["id"] for row in found["results"]) == ["s23", "s3"]


def test_a_killed_process_is_an_error_for_its_task_and_nothing_is_lost(service: Service, tmp_path: Path) -> None:
    for number in range(8):  # more than waits in a socket: the process is in the middle of it
        service.stores.samples.add(sample(id=f"long{number}", answer="word " * 180_000))
    before = [row["id"] for row in service.stores.samples.walk()]
    wanted = ExportArguments(format="jsonl", include="all")
    content = service.publish.download(wanted).content
    (pid,) = pids(service)

    os.kill(pid, signal.SIGKILL)
    until(lambda: not pids(service))

    with pytest.raises(SideError, match="ask again"):
        list(service.publish.download(wanted).content) and list(content)
    assert [row["id"] for row in service.stores.samples.walk()] == before
    assert len(b"".join(service.publish.download(wanted).content).splitlines()) > 20


def test_an_import_that_is_refused_tells_its_lines_from_beside(service: Service, tmp_path: Path) -> None:
    rows = [sample(id="x1"), {**sample(id="x2"), "answer": ""}]

    with pytest.raises(Exception, match="Line 2: Missing required fields: answer"):
        service.imports.run(written(tmp_path / "bad.jsonl", rows), IMPORT)

    assert service.dataset.count() == 41


def test_a_reader_in_another_process_sees_every_acknowledged_sample_while_folds_rename(
    service: Service, tmp_path: Path
) -> None:
    reader = Tools(settings_for(tmp_path)).samples
    acknowledged: list[str] = []
    faults: list[set[str]] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            known = set(acknowledged)
            seen = set(reader.snapshot().index().select("id").collect()["id"])
            if known - seen:
                faults.append(known - seen)

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(60):
        acknowledged.append(service.stores.samples.add(sample(id=f"n{number}"))["id"])
        if number % 4 == 0:
            service.dataset.fold()
    done.set()
    thread.join()

    assert faults == []
    last, mine = reader.snapshot(), service.stores.samples.snapshot()
    assert last.state == mine.state
    assert last.take(pl.Series(last.newest)).equals(mine.take(pl.Series(mine.newest)))
