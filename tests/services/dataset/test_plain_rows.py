"""Rows taken by columns are what they are when each is looked at by itself, or are left to that."""

import tempfile
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.samples.column_map import map_columns
from models.samples.staged import StagedSamples
from services.dataset.import_findings import ImportFindings
from services.dataset.plain_rows import plain_rows
from services.dataset.staging import sample_of, stage
from services.formats.json_records import read_jsonl
from services.formats.records import Record

NOW = "2026-11-28T10:00:00.000+00:00"
PLAIN: dict[str, Any] = {
    "id": "a",
    "question": "What is consideration?",
    "answer": "A price.\nSee § 2.",
    "topic": "Contract - Consideration",
    "difficulty": "basic",
    "case_citation": "Currie v Misa (1875) LR 10 Ex 153",
    "reasoning": "r",
}
ODD_TEXTS = st.sampled_from(
    ["", " ", "a\tb", "\x0crac", "\x85", "<think>x</think>y", "007", "é", "2026-01-01", "2026-02-30T00:00:00+00:00"]
)
MOMENTS = st.sampled_from(
    [None, "", "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00.120000+00:00", "2026-01-01T00:00:00.000000+00:00",
     "2026-01-01T00:00:00Z", "2026-02-30T00:00:00+00:00", "2026-01-01", "2024-02-29T23:59:59+00:00"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.floats(allow_nan=False) | ODD_TEXTS
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "question": ODD_TEXTS,
        "answer": ODD_TEXTS,
        "difficulty": st.sampled_from(["Basic", "expert", "hard"]),
        "reasoning": st.none() | ODD_TEXTS,
        "case_citation": st.just(""),
        "jurisdiction": st.sampled_from(["uk", "us", "", None]),
        "created_at": MOMENTS,
        "updated_at": MOMENTS,
        "tokens_used": st.sampled_from([None, 5, -1, 5.0, True, "5"]),
        "model": st.none() | ODD_TEXTS,
        "quality_score": SCALARS,
        "review": st.sampled_from([None, "", "accepted", "rejected"]),
        "imported_review": st.sampled_from([None, "", "rejected"]),
        "citations": st.none() | ODD_TEXTS,
        "note": SCALARS,
        "extra": SCALARS,
        "_hidden": SCALARS,
        "tags": st.none() | st.lists(st.integers(-9, 9), max_size=2),
    },
)


def staged_of(rows: list[dict[str, Any]], *, singly: bool) -> tuple[list[dict[str, object]], dict[str, Any]]:
    """Return the samples staged of *rows* and what was found, by blocks or *singly*."""
    with tempfile.TemporaryDirectory() as folder:
        staged, findings = StagedSamples(Path(folder) / "parts"), ImportFindings()
        content = Path(folder) / "rows.jsonl"
        content.write_bytes(b"\n".join(map(orjson.dumps, rows)))
        with content.open("rb") as file:
            records = list(read_jsonl(file))
        if singly:
            for record in records:  # a record that was remarked on is never taken by columns
                one = Record(record.place, record.values, record.problem, record.emptied, ("looked at by itself",))
                stage(iter([one]), staged, findings, NOW)
        else:
            stage(iter(records), staged, findings, NOW)
        staged.finish()
        told = [note for note in findings.notes() if note != "looked at by itself"]
        found = {"notes": told, "problems": findings.problems, "mapping": findings.mapping()}
        return list(staged.samples()), found | {"size": staged._bytes, "small": staged.is_small}


@settings(max_examples=300, deadline=None)
@given(st.lists(FIELDS, min_size=1, max_size=4), st.lists(st.sampled_from(sorted(PLAIN)), max_size=1))
def test_a_block_comes_out_as_its_rows_do_one_by_one(given_rows: list[dict[str, Any]], left_out: list[str]) -> None:
    names = [*PLAIN, *dict.fromkeys(name for row in given_rows for name in row if name not in PLAIN)]
    rows = []
    for number, row in enumerate(given_rows):
        whole = {**PLAIN, "id": f"s{number}", **row}
        rows.append({name: whole.get(name) for name in names if name not in left_out})

    assert staged_of(rows, singly=False) == staged_of(rows, singly=True)


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({}, id="the least"),
        pytest.param({"note": 1.5, "extra": "x", "batch_id": "b", "provider": "groq", "judge_score": 0.5}, id="claims"),
        pytest.param({"created_at": "2026-01-01T00:00:00+00:00", "tokens_used": 5, "thinking": ""}, id="fields"),
    ],
)
def test_plain_rows_are_taken_by_columns(more: dict[str, object]) -> None:
    values = {**PLAIN, **more}

    rows = plain_rows([values], NOW)

    assert map_columns(values).is_own
    assert rows is not None
    found = {name: value for name, value in rows.frame.to_dicts()[0].items() if value is not None}
    assert found == sample_of(Record("Line 1", values), NOW, ImportFindings())


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"answer": "a\x00b"}, id="control character"),
        pytest.param({"answer": " "}, id="blank answer"),
        pytest.param({"difficulty": "Basic"}, id="level written otherwise"),
        pytest.param({"tags": ["a"]}, id="list"),
        pytest.param({"messages": "x"}, id="conversation"),
        pytest.param({"note": 2**53 + 1}, id="number of more than 53 bits"),
        pytest.param({"created_at": "2026-02-30T00:00:00+00:00"}, id="no such day"),
        pytest.param({"id": "a\nb"}, id="line end in an id"),
        pytest.param({"question": "x" * 300_000}, id="long text"),
    ],
)
def test_what_is_not_plain_is_left_to_be_looked_at(more: dict[str, object]) -> None:
    assert plain_rows([{**PLAIN, **more}], NOW) is None
