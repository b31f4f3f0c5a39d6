"""The report tells how samples stand on law, what was wrong with what they say of it, and what nobody uses."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.batches.review_store import ReviewStore, refusal_reasons
from models.batches.work_item import WorkItem
from models.batches.work_store import WorkStore
from models.contract.answers.quality_report import GroundingFigures
from models.domain import ItemState, Job
from models.grounding.provisions import Shelved, shelved
from models.samples.sample_store import SampleStore
from services.quality.benchmarks import Benchmarks
from services.quality.report.grounding import REFUSED, Standing, Surroundings, reason_of
from services.quality.report.measuring import Measures, build_report
from services.quality.report.page import render
from tests.fakes import CATALOGUE, CHECKER, sample
from tests.services.dataset.test_grounded_exports import source, standing
from tests.services.grounding.shelves import Shelf
from utils.clock import ManualClock

JOB = Job("Contract Law", "Offer", "basic", "case_analysis", "uk", 1)
_ACT = "Moorings Act 2021\n" + "".join(
    f"Section {n}. Rule {n}\nA person must keep rule {n} of the harbour.\n" for n in range(1, 15)
)


def report_on(rows: list[dict[str, Any]], around: Surroundings | None = None) -> GroundingFigures:
    measures = Measures(CATALOGUE, CHECKER, Benchmarks(Path("none")))
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return build_report([frame], measures, None, around or Surroundings())["grounding"]


def test_levels_are_counted_by_jurisdiction_and_by_model() -> None:
    found = report_on(
        [
            standing("a", "grounded", source(), jurisdiction="uk", model="m1"),
            standing("b", "partly", source(), jurisdiction="uk", model="m2"),
            standing("c", "none", jurisdiction="eu", model="m1"),
            standing("d", None, jurisdiction="eu", model=None),
            standing("e", "very well", jurisdiction="eu", model="m1"),
        ]
    )

    assert found["total"] == {"samples": 5, "grounded": 1, "partly": 1, "none": 1, "not_looked_at": 2}
    assert found["by_jurisdiction"] == {
        "eu": {"samples": 3, "grounded": 0, "partly": 0, "none": 1, "not_looked_at": 2},
        "uk": {"samples": 2, "grounded": 1, "partly": 1, "none": 0, "not_looked_at": 0},
    }
    assert [(name, row["samples"]) for name, row in found["by_model"].items()] == [("m1", 3), ("m2", 1), ("unknown", 1)]


def test_quotations_are_counted_and_provisions_by_the_samples_that_stand_on_them() -> None:
    found = report_on(
        [
            standing("a", "grounded", source(quotes=["one", "two"]), source(number="7", unit_id=5, quotes=[])),
            standing("b", "grounded", source(quotes=["three"])),
        ]
    )

    assert (found["quotations_proved"], found["provisions_used"]) == (3, 2)
    assert found["most_used"] == [
        {"instrument": "Data Act", "number": "6", "samples": 2},
        {"instrument": "Data Act", "number": "7", "samples": 1},
    ]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("grounding modal: says may, the provision says must", "modal"),
        ("[quality_error] grounding number: 28 days; the provision says 7; quotation: x", "number"),
        ("[quality_error] grounding wrong_section: Data Act has no provision 99", "wrong_section"),
        ("[quality_error] grounding: it states nothing of the provisions that were shown", "states_nothing"),
        ("unverified: Grounding v Rule", ""),
        ("[quality_error] citation invalid: grounding number: x", ""),
    ],
)
def test_reason_is_the_word_before_its_sentence(told: str, reason: str) -> None:
    assert reason_of(told) == reason


def test_doubts_are_counted_once_a_sample_and_apart_from_refused_drafts() -> None:
    doubts = ["grounding modal: a", "grounding modal: b", "grounding party: c", "alike: 0.4 to x"]
    around = Surroundings(
        refused=lambda: ["[quality_error] grounding number: x", "[quality_error] grounding number: y"]
    )

    found = report_on([sample(quality_issues=json.dumps(doubts)), sample(id="t", quality_issues="grounding?")], around)

    assert found["misgrounding"] == {"refused": {"number": 2}, "marked": {"modal": 1, "party": 1}}


def test_refused_drafts_of_batches_are_those_of_grounding(store: SampleStore, clock: ManualClock) -> None:
    reviews = ReviewStore(store._engine, clock)
    item = WorkItem("b1", 0, JOB, 1, None)
    told = ("[quality_error] grounding number: 3", "[quality_error] too short: 3", "[quality_error] grounding: nothing")
    with store._engine.begin() as connection:
        for reason in told:
            reviews.refuse(connection, item, "an answer about grounding", reason)

    assert list(refusal_reasons(store._engine, REFUSED)) == [told[0], told[2]]


def test_batch_report_tells_the_reasons_of_grounding_apart(store: SampleStore) -> None:
    work = WorkStore(store._engine)
    told = ("grounding number: 3 days", "grounding number: 4 days", "grounding quotation: x", "too short: 3")
    with store._engine.begin() as connection:
        work.add(connection, "b1", [JOB] * len(told))
    with store._engine.begin() as connection:
        for number, reason in enumerate(told):
            item = WorkItem("b1", number, JOB, 1, None)
            work.settle(connection, item, ItemState.REJECTED, f"[quality_error] {reason}")

    assert work.reasons("b1") == {
        "[quality_error] grounding number": 2,
        "[quality_error] grounding quotation": 1,
        "[quality_error] too short": 1,
    }


def test_provisions_that_no_sample_stands_on_are_told_of_each_document(tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        act = shelf.add(_ACT, "act.txt", title="Moorings Act 2021", version="2024")
        shelf.add("Words without any number.", "note.txt", title="Note")
        (document,) = shelved(shelf.library)
        unit = next(unit for unit, number in document.numbers.items() if number == "3")
        rows = [
            standing("here", "grounded", source(file_id=act.id, unit_id=unit, number="3")),
            standing("read again since", "grounded", source(file_id=act.id, unit_id=10**6, number="5")),
            standing("elsewhere", "grounded", source(file_id="gone", unit_id=unit + 1, number="4")),
        ]

        found = report_on(rows, Surroundings(shelved=lambda: shelved(shelf.library)))

    assert (found["provisions"], found["never_used"]) == (14, 12)
    assert found["unused"] == [
        {
            "file_id": act.id,
            "instrument": "Moorings Act 2021",
            "version": "2024",
            "provisions": 14,
            "never_used": 12,
            "numbers": ["1", "2", "4", "6", "7", "8", "9", "10", "11", "12"],
        }
    ]


def test_no_document_was_ever_taken_in_and_no_database_is_made(tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        assert list(shelved(shelf.library)) == []

    assert not (tmp_path / "documents.db").exists()


def test_of_many_documents_those_with_most_are_told_and_all_are_counted() -> None:
    many = [Shelved(f"f{n}", f"Act {n}", "", {100 * n + i: str(i) for i in range(n)}) for n in range(1, 31)]

    found = report_on([sample()], Surroundings(shelved=lambda: many))

    assert [row["never_used"] for row in found["unused"]] == list(range(30, 10, -1))
    assert (found["never_used"], found["provisions"]) == (465, 465)


def test_page_shows_the_figures_and_escapes_the_names_of_instruments() -> None:
    rows = [standing("a", "grounded", source(title="<b>Act</b>"), model="m1")]
    measures = Measures(CATALOGUE, CHECKER, Benchmarks(Path("none")))
    act = Shelved("f9", "Old <i>Act</i>", "2020", {1: "1", 2: "2"})
    around = Surroundings(lambda: ["[quality_error] grounding number: x"], lambda: [act])

    page = render(build_report([pl.DataFrame(rows)], measures, None, around), "Report")

    assert "1 quotations proved, of 1 provisions" in page
    assert "&lt;b&gt;Act&lt;/b&gt; 6" in page
    assert "Old &lt;i&gt;Act&lt;/i&gt; (2020): 1, 2" in page
    assert "<b>" not in page


@given(
    st.fixed_dictionaries(
        {
            "grounding": st.one_of(st.none(), st.text()),
            "sources": st.one_of(st.none(), st.text(), st.recursive(st.text(), st.lists).map(json.dumps)),
            "quality_issues": st.one_of(st.none(), st.text().map("grounding {}".format)),
            "jurisdiction": st.one_of(st.none(), st.text()),
            "model": st.one_of(st.none(), st.text()),
        }
    )
)
def test_sample_is_counted_whatever_its_columns_hold(row: Mapping[str, object]) -> None:
    standing_ = Standing()

    standing_.count(row)

    assert standing_.told(Surroundings())["total"]["samples"] == 1
