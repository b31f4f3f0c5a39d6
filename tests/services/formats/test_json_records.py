"""JSON as tools write it: rows under a name, objects one after another, columns, NaN."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.formats.readers import READERS, format_of
from services.formats.records import Record

ROWS = [{"question": "q1", "answer": "a1"}, {"question": "q2", "answer": "a2"}]


def records(content: bytes, name: str = "") -> list[Record]:
    file = io.BytesIO(content)
    return list(READERS[format_of(file, name)](file))


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"data": ROWS}, id="data"),
        pytest.param({"version": 1, "about": {"a": [1]}, "questions": ROWS}, id="the-only-list"),
        pytest.param({"info": [{"x": 1}], "train": ROWS}, id="the-only-list-of-samples"),
        pytest.param({"data": {"rows": ROWS}}, id="within"),
        pytest.param({"contents": ROWS}, id="named-as-a-conversation"),
        pytest.param({"text": "of the set", "data": ROWS}, id="beside-a-text"),
        pytest.param({"rows": [{"row_idx": n, "row": row} for n, row in enumerate(ROWS)]}, id="viewer"),
        pytest.param({"0": ROWS[0], "1": ROWS[1]}, id="by-number"),
        pytest.param({name: {"0": ROWS[0][name], "1": ROWS[1][name]} for name in ROWS[0]}, id="columns-of-pandas"),
        pytest.param({name: [row[name] for row in ROWS] for name in ROWS[0]}, id="columns"),
        pytest.param({"columns": list(ROWS[0]), "data": [list(row.values()) for row in ROWS]}, id="split"),
    ],
)  # fmt: skip
def test_rows_are_found_in_a_document(document: Any, indent: int | None) -> None:
    assert [record.values for record in records(json.dumps(document, indent=indent).encode())] == ROWS


@pytest.mark.parametrize(
    "row",
    [
        {"question": "q", "answer": "a", "sources": [{"x": 1}]},
        {"messages": [{"role": "user", "content": "q"}]},
        {"chosen": [{"role": "user", "content": "q"}], "rejected": [{"role": "user", "content": "q"}]},
        {"question": ["q"], "answer": ["a", "b"]},
        {"of_another_name": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]},
    ],
)
def test_single_row_with_lists_is_a_row(row: dict[str, Any]) -> None:
    for indent in (None, 2):
        assert [record.values for record in records(json.dumps(row, indent=indent).encode())] == [row]


def test_document_of_several_lists_is_refused_and_names_them() -> None:
    for one, other in (("easy", "hard"), ("train", "test"), ("data", "more")):
        (record,) = records(json.dumps({one: ROWS, other: ROWS}).encode(), "x.json")

        assert record.problem.startswith(f"Invalid JSON - holds several lists of objects ({one}, {other}); send one")


@given(
    st.lists(
        st.dictionaries(st.text(max_size=5), st.text() | st.integers(-9, 9) | st.none(), min_size=1),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(["\n", "", " ", ",\n"]),
    st.sampled_from([None, 2]),
)
def test_objects_one_after_another_are_read(rows: list[dict[str, Any]], between: str, indent: int | None) -> None:
    content = between.join(json.dumps(row, indent=indent) for row in rows).encode()

    file = io.BytesIO(content)

    if len(rows) > 1:
        assert [record.values for record in READERS["json"](file)] == rows


def test_document_that_is_too_large_for_one_object_is_read_row_by_row() -> None:
    rows = [{"question": f"q{n}", "answer": "x" * 1000} for n in range(10_000)]
    content = json.dumps({"about": {"a": "b"}, "data": rows, "count": 3}).encode()

    found = records(content)

    assert len(content) > 8 << 20
    assert [record.values for record in found] == rows


def test_second_list_of_a_large_document_is_refused() -> None:
    rows = [{"question": "q", "answer": "x" * 1000}] * 10_000
    *_, last = records(json.dumps({"train": rows, "test": rows}).encode())

    assert "holds several lists of objects (train, test)" in last.problem


def test_nan_is_nothing_and_told() -> None:
    for content in (
        b'{"question": "q", "weight": NaN, "in": [Infinity]}\n{}',
        b'[{"question": "q", "weight": -Infinity, "in": [NaN]}]',
    ):
        record = records(content)[0]

        assert record.values == {"question": "q", "weight": None, "in": [None]}
        assert record.emptied == ("weight",)


TALK = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(json.dumps([TALK, TALK]), id="array"),
        pytest.param(json.dumps([TALK, TALK], indent=2), id="indented"),
        pytest.param(f"{json.dumps(TALK)}\n\n{json.dumps(TALK)}\n", id="lines"),
    ],
)
def test_bare_conversations_are_rows(content: str) -> None:
    assert [record.values for record in records(content.encode(), "x.jsonl")] == [{"messages": TALK}] * 2


def test_names_of_rows_are_their_ids() -> None:
    document = {"tort-1": ROWS[0], "tort-2": {"id": "own", **ROWS[1]}}

    found = [record.values for record in records(json.dumps(document).encode())]

    assert [values["id"] for values in found] == ["tort-1", "own"]


@pytest.mark.parametrize("end", [",", ",\n", "\n,\n "])
def test_comma_behind_the_last_object_is_no_fault(end: str) -> None:
    content = ",\n".join(json.dumps(row) for row in ROWS) + end

    assert [record.values for record in records(content.encode(), "x.json")] == ROWS


@pytest.mark.parametrize("name", ["x.json", "x.jsonl", "x.csv"])
def test_blank_file_holds_no_rows(name: str) -> None:
    assert records(b" \r\n\t ", name) == []
