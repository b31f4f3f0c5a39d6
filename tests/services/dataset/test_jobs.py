"""Work on the whole data set as runs: begun, followed, cancelled, kept; their answers are those of the old routes."""

import threading
from typing import Any

import pytest

from models.contract.arguments import ExportArguments
from models.contract.bodies import JobBody
from services.platform import Platform
from services.quality.report import quality_service
from services.quality.report.measuring import build_report
from tests.fakes import sample
from utils.errors import ConflictError, InputError, NotFoundError

HELD_OUT = "the carrier is bound before and at the beginning of the voyage to exercise due diligence to make it sound"


@pytest.fixture
def filled(platform: Platform) -> Platform:
    """A started service with ten samples, of which two are alike and one stands in a benchmark."""
    platform.start()
    for n in range(10):
        answer = "The same answer to all of it, word for word." if n in (3, 4) else f"Answer {n * 7919} to it {n}."
        if n == 7:
            answer += f" It is settled that {HELD_OUT}."
        platform.dataset.add(
            sample(id=f"s{n}", question=f"What is asked in {n // 2 if n in (3, 4) else n}?", answer=answer)
        )
    return platform


def done(platform: Platform, kind: str, **export: str) -> tuple[str, dict[str, Any]]:
    """Run a job to its end; return its id and answer."""
    body = JobBody.model_validate({"kind": kind, **({"export": export} if export else {})})
    run_id = platform.jobs.start(body)
    return run_id, platform.runs.outcome(run_id)


def steps(platform: Platform, run_id: str) -> list[tuple[object, object, object]]:
    """Return the steps that a run told, each with how much was done of how much."""
    told = platform.runs.told(run_id)
    return [(one["status"], one["done"], one["total"]) for one in told if "done" in one and one["type"] == "status"]


def test_report_is_made_as_a_run_and_is_the_one_of_the_old_route(filled: Platform) -> None:
    run_id, answer = done(filled, "report")

    assert answer["report"]["samples"] == 10
    assert answer["report"] == filled.quality.report()
    assert ("samples examined", 10, 10) in steps(filled, run_id)
    assert filled.jobs.recent("report", 5)[0]["run_id"] == run_id
    assert filled.jobs.recent("duplicates", 5) == []


def test_similar_pairs_are_found_as_a_run(filled: Platform) -> None:
    filled.examiner.duplicates.update(lambda: False)

    run_id, answer = done(filled, "duplicates")

    assert answer == filled.quality.duplicates()
    assert ("parts compared", 32, 32) in steps(filled, run_id)


def test_samples_that_stand_in_benchmarks_are_found_as_a_run(filled: Platform, tmp_path: Any) -> None:
    with pytest.raises(InputError, match="there are none"):
        done(filled, "decontamination")
    (tmp_path / "held-out.txt").write_text(HELD_OUT)
    filled.quality._measures.benchmarks.build("held-out", [tmp_path / "held-out.txt"])

    _, answer = done(filled, "decontamination")

    assert answer["samples"] == 10
    assert answer["overlapping"] == 1
    assert [row["id"] for row in answer["found"]] == ["s7"]


def test_export_is_written_to_a_file_that_is_the_one_of_the_old_route(filled: Platform) -> None:
    run_id, answer = done(filled, "export", format="jsonl", include="all")

    expected = b"".join(filled.publish.download(ExportArguments(format="jsonl", include="all")).content)
    found = filled.jobs.file(run_id)
    assert found.path.read_bytes() == expected
    assert (answer["size_bytes"], answer["samples"], found.name) == (len(expected), 10, answer["name"])


def test_only_the_last_exports_are_kept(filled: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.dataset.jobs._KEPT", 2)
    ids = [done(filled, "export", include="all")[0] for _ in range(3)]

    with pytest.raises(NotFoundError, match="its file is gone"):
        filled.jobs.file(ids[0])
    assert filled.jobs.file(ids[2]).path.is_file()


def test_wrong_exports_are_refused_before_they_begin(filled: Platform) -> None:
    for export, told in (({"format": "xml"}, "format: got 'xml'"), ({"fields": "colour"}, "fields: colour unknown")):
        with pytest.raises(InputError, match=told):
            done(filled, "export", **export)
    with pytest.raises(ValueError, match="is not taken with kind report"):
        JobBody(kind="report", export=ExportArguments())
    assert filled.jobs.recent("export", 5) == []


def test_a_file_is_only_there_of_an_export_that_is_done(filled: Platform) -> None:
    run_id, _ = done(filled, "report")

    with pytest.raises(ConflictError, match="want an export that is done"):
        filled.jobs.file(run_id)
    with pytest.raises(NotFoundError):
        filled.jobs.file("run_unknown")


def test_a_request_that_is_sent_again_begins_nothing_new(filled: Platform) -> None:
    body = JobBody(kind="report")

    one = filled.jobs.start(body, "mine")
    again = filled.jobs.start(body, "mine")

    assert one == again


def test_a_cancelled_job_ends_and_keeps_nothing(filled: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def held(*given: Any) -> Any:
        begun.set()
        assert go_on.wait(30)
        return build_report(*given)

    monkeypatch.setattr(quality_service, "build_report", held)
    run_id = filled.jobs.start(JobBody(kind="report"))
    assert begun.wait(30)
    filled.runs.cancel(run_id)
    go_on.set()
    filled.runs.wait(run_id)

    facts = filled.runs.facts(run_id)
    assert (facts["state"], facts["result"]) == ("cancelled", None)
    assert "cancelled" in str(facts["error"])


def test_large_data_sets_are_worked_on_beside_the_service(filled: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    _, here = done(filled, "report")
    filled.dataset.fold()
    monkeypatch.setattr(quality_service, "_AT_ONCE", 5)
    assert filled.quality._side is not None

    run_id, beside = done(filled, "report")

    assert beside == here
    assert ("samples examined", 10, 10) in steps(filled, run_id)
    assert filled.quality._side.pids  # type: ignore[attr-defined]  # the processes themselves
