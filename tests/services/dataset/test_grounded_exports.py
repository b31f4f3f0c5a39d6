"""Exports keep to what the law behind a sample allows, and to how well it stands on it."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from models.samples.sample_query import SampleQuery
from models.samples.sample_store import SampleStore
from services.dataset.exporting import ExportRequest
from services.dataset.import_service import ImportService
from services.dataset.publish_service import PublishService
from services.dataset.publishable import Choice, choice
from services.dataset.splits import SplitRequest
from tests.fakes import sample
from tests.services.dataset.taking import take, written
from utils.errors import InputError

FIT = ["free", "plain"]


def source(**changes: Any) -> dict[str, Any]:
    return {
        "file_id": "f1",
        "unit_id": 4,
        "citation": "Data Act, section 6",
        "title": "Data Act",
        "number": "6",
        "version": "2024-01-31",
        "licence": "ogl-uk-3.0",
        "url": "https://law.example/data-act",
        "quotes": ["processing must be lawful"],
        "spans": [[10, 35]],
        **changes,
    }


def standing(name: str, level: str | None, *sources: dict[str, Any], **changes: Any) -> dict[str, Any]:
    said = {"question": f"What of {name}?", "answer": f"The rule of {name} holds.", "case_citation": ""}
    return sample(id=name, **said, grounding=level, sources=json.dumps(sources) if sources else None, **changes)


@pytest.fixture
def law(store: SampleStore) -> SampleStore:
    """Samples on law of every sort."""
    store.add(standing("free", "grounded", source()))
    store.add(standing("plain", None))
    store.add(standing("unnamed", "grounded", source(licence="")))
    store.add(standing("closed", "partly", source(licence="copyright")))
    store.add(standing("mixed", "partly", source(), source(unit_id=5, licence="open-justice")))
    return store


def ids(publish: PublishService, **wanted: Any) -> list[str]:
    content = written(publish, wanted=Choice(**wanted)).splitlines()
    return sorted(json.loads(line)["id"] for line in content)


@pytest.mark.parametrize("is_folded", [False, True])
def test_sample_on_a_text_that_must_stay_here_is_left_out_and_told(
    publish: PublishService, law: SampleStore, is_folded: bool
) -> None:
    if is_folded:
        law.folding.fold()

    made = publish.export(ExportRequest())

    assert made.left_out == {"licence": 3}
    assert sorted(json.loads(line)["id"] for line in b"".join(made.content).splitlines()) == FIT


@pytest.mark.parametrize("include", ["unlicensed", "all"])
def test_samples_on_such_texts_come_if_asked_for(publish: PublishService, law: SampleStore, include: str) -> None:
    made = publish.export(ExportRequest(wanted=choice({}, "", include)))

    assert (made.samples, made.left_out) == (5, {})


def test_asking_for_unlicensed_samples_brings_no_rejected_ones(publish: PublishService, law: SampleStore) -> None:
    law.add(standing("refused", "grounded", source(), review="rejected"))

    made = publish.export(ExportRequest(wanted=Choice(include="unlicensed")))

    assert (made.samples, made.left_out) == (5, {"rejected_by_review": 1})


@pytest.mark.parametrize(
    ("grounding", "expected"),
    [
        ("", ["closed", "free", "mixed", "plain", "unnamed"]),
        ("any", ["closed", "free", "mixed", "plain", "unnamed"]),
        ("partly", ["closed", "free", "mixed", "unnamed"]),
        ("grounded", ["free", "unnamed"]),
    ],
)
def test_export_is_limited_to_what_stands_on_law_so_well_or_better(
    publish: PublishService, law: SampleStore, grounding: str, expected: list[str]
) -> None:
    asked = choice({}, grounding, "all")

    assert ids(publish, grounding=asked.grounding, include="all") == expected


def test_both_limits_hold_together(publish: PublishService, law: SampleStore) -> None:
    assert ids(publish, grounding="grounded") == ["free"]


def test_query_finds_samples_by_how_they_stand(law: SampleStore) -> None:
    law.folding.fold()
    law.add(standing("late", "partly", source()))

    _, found = law.find(SampleQuery({"grounding": "partly"}))

    assert sorted(row["id"] for row in found) == ["closed", "late", "mixed"]


@pytest.mark.parametrize(
    ("grounding", "include", "says"),
    [
        ("none", "", "grounding: got 'none', want any, partly or grounded"),
        ("", "everything", "include: got 'everything', want fit, accepted, unlicensed or all"),
    ],
)
def test_word_that_there_is_not_is_refused(grounding: str, include: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        choice({}, grounding, include)


def test_splits_of_two_limits_are_not_taken_for_each_other(publish: PublishService, store: SampleStore) -> None:
    """As many samples are chosen by the one as by the other."""
    for number in range(10):
        store.add(standing(f"free {number}", "partly", source()))
        store.add(standing(f"closed {number}", "grounded", source(licence="")))

    def split_of(wanted: Choice) -> set[str]:
        rows = written(publish, wanted=wanted, split="train", splits=SplitRequest((0.5, 0.25, 0.25))).splitlines()
        return {json.loads(line)["id"].split()[0] for line in rows}

    assert split_of(Choice()) == {"free"}
    assert split_of(Choice(grounding="grounded", include="all")) == {"closed"}


def test_export_says_where_a_sample_comes_from(publish: PublishService, law: SampleStore, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(written(publish, format="parquet"))
    rows = {
        "parquet": pl.read_parquet(path).to_dicts(),
        "jsonl": [json.loads(line) for line in written(publish).splitlines()],
        "csv": list(csv.DictReader(io.StringIO(written(publish, format="csv").decode()))),
    }

    for found in rows.values():
        row = next(row for row in found if row["id"] == "free")
        assert row["grounding"] == "grounded"
        assert json.loads(row["sources"]) == [source()]


@pytest.mark.parametrize("form", ["messages", "sharegpt", "alpaca", "prompts", "argilla"])
def test_conversations_of_trainers_have_no_such_columns(publish: PublishService, law: SampleStore, form: str) -> None:
    lines = written(publish, format=form).decode().splitlines()

    assert lines
    assert not {"grounding", "sources"} & {key for line in lines for key in json.loads(line)}


def test_sample_that_comes_in_again_is_as_bound_as_it_was(
    publish: PublishService, law: SampleStore, imports: ImportService
) -> None:
    content = written(publish, wanted=Choice(include="all"))
    for name in ("free", "plain", "unnamed", "closed", "mixed"):
        law.delete(name)

    take(imports, content, format="jsonl")

    back = law.get("unnamed")
    made = publish.export(ExportRequest())
    assert (back["grounding"], back["sources"]) == (None, None)
    assert json.loads(str(back["imported_sources"])) == [source(licence="")]  # type: ignore[typeddict-item]  # a claim
    assert (made.samples, made.left_out) == (2, {"licence": 3})


def test_only_what_a_reviewer_accepted_is_exported_if_asked_for(publish: PublishService, law: SampleStore) -> None:
    law.update("free", {"review": "accepted"})
    law.update("closed", {"review": "accepted"})
    law.add(standing("refused", None, review="rejected"))

    made = publish.export(ExportRequest(wanted=choice({}, "", "accepted")))

    assert [json.loads(line)["id"] for line in b"".join(made.content).splitlines()] == ["free"]
    assert made.left_out == {"licence": 3, "rejected_by_review": 1, "not_reviewed": 3}
    assert made.reviewed == {"accepted": 1, "never": 0}


def test_export_tells_how_many_of_its_samples_were_reviewed(publish: PublishService, law: SampleStore) -> None:
    law.update("free", {"review": "accepted"})

    made = publish.export(ExportRequest(wanted=choice({}, "", "unlicensed")))

    assert (made.samples, made.reviewed) == (5, {"accepted": 1, "never": 4})
