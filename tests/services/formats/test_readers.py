"""Readers of files: each record with its place, or what is wrong with it; none is held without bound."""

import io
from typing import Any

import pytest

from models.sizes import ALL_COLUMNS, CELL_BYTES, RECORD_BYTES
from services.formats.json_records import read_json, read_jsonl
from services.formats.table_records import read_csv


@pytest.mark.parametrize(
    ("content", "reader", "place", "says"),
    [
        (b"{" + b" " * (RECORD_BYTES + 1) + b"}\n{", read_jsonl, "Line 1", "longer than 8.4 MB"),
        (b'[{"a":"' + b"x" * (RECORD_BYTES + 1), read_json, "Item 1", "Invalid JSON - longer than 8.4 MB"),
        (b"a,b\n" + b"x" * (CELL_BYTES + 1), read_csv, "Line 2", "field larger than field limit"),
        (b"a,b\n" + b"x," * RECORD_BYTES, read_csv, "Line 2", "a record longer than 8.4 MB"),
        (b"a,b\n" + b'"x\n",' * RECORD_BYTES, read_csv, "Line", "a record longer than 8.4 MB"),
        (b",".join(b"c%d" % n for n in range(ALL_COLUMNS + 1)), read_csv, "Line 1", "1001 columns, want at most"),
    ],
    ids=["jsonl", "json", "csv-cell", "csv-line", "csv-lines", "csv-header"],
)
def test_record_without_end_is_refused_and_not_held(content: bytes, reader: Any, place: str, says: str) -> None:
    record = next(iter(reader(io.BytesIO(content))))

    assert record.place.startswith(place)
    assert says in record.problem


def test_lines_behind_one_that_is_too_long_are_read_still() -> None:
    content = b"x" * (3 * RECORD_BYTES) + b"\n{}\n"

    assert [record.place for record in read_jsonl(io.BytesIO(content))] == ["Line 1", "Line 2"]


@pytest.mark.parametrize(
    "content",
    [
        b"[", b"[1", b"[1,", b"[1,]", b"[1 2]", b"[,1]", b"[1]x", b'{"a":1}]', b'{"a" 1}',
        b'["a', b"[tru", b"[NaN]",
        b"[-Infinity]", b'["\\u12', b'["\xff"]', b'["\xc3', b"[" * 2000,
        b"[" + b"9" * 5000 + b"]", b'["a\nb"]', b"[01]",
    ],
)  # fmt: skip
def test_what_is_no_array_is_refused_with_a_reason(content: bytes) -> None:
    *_, last = read_json(io.BytesIO(content))

    assert last.problem.startswith("Invalid JSON - ")


class Counting(io.BytesIO):
    """Counts the bytes that are read of it."""

    count = 0

    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(size)
        self.count += len(piece)
        return piece


def test_text_without_end_is_not_read_to_its_end() -> None:
    file = Counting(b'[{"a":"' + b"x" * (4 * RECORD_BYTES))

    list(read_json(file))

    assert file.count < 3 * RECORD_BYTES


def test_array_that_is_nested_without_end_is_refused_at_once() -> None:
    records = list(read_json(io.BytesIO(b"[" * 100_000)))

    assert [record.problem for record in records] == ["Invalid JSON - nested more than 50 levels deep"]
