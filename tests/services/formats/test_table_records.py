"""Tables: the header tells the delimiter, workbooks are read by their first sheet of samples."""

import csv
import datetime
import io
import zipfile
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.formats.readers import format_of
from services.formats.records import Record
from services.formats.table_records import read_csv
from services.formats.workbook_records import read_workbook
from utils.errors import InputError

HEADER = ["id", "question", "answer", "Case Citation"]
CELLS = st.text(st.sampled_from("ab ,;|\t\"'\n:^~§=é"), max_size=12)


def table(delimiter: str, rows: list[list[str]], head: str = "") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows([HEADER, *rows])
    return (head + text.getvalue()).encode()


@pytest.mark.parametrize("head", ["", "sep=%s\r\n", '"sep=%s"\r\n'])
@given(
    delimiter=st.sampled_from(",;\t|^~:"),
    rows=st.lists(st.lists(CELLS, min_size=4, max_size=4).filter(any), min_size=1, max_size=4),
)
def test_table_of_any_delimiter_is_read_as_it_was_written(head: str, delimiter: str, rows: list[list[str]]) -> None:
    content = table(delimiter, rows, head and head % delimiter)

    records = list(read_csv(io.BytesIO(content)))

    assert format_of(io.BytesIO(content), "file.txt") == "csv"
    assert [record.problem for record in records] == [""] * len(rows)
    for record, row in zip(records, rows, strict=True):
        held = [record.values[name] or "" for name in HEADER]
        assert held == [
            cell[1:] if str(cell).startswith("'") and other != cell else cell
            for cell, other in zip(row, held, strict=True)
        ]


def test_line_of_a_fault_is_told_as_the_file_has_it() -> None:
    records = list(read_csv(io.BytesIO(b"sep=;\r\nquestion;answer\r\nq;a\r\nq;a;b\r\n")))

    assert [(record.place, record.problem) for record in records] == [
        ("Line 3", ""),
        ("Line 4", "Invalid table - 3 cells, the header has 2"),
    ]


def test_blank_lines_before_the_header_are_passed_over_and_counted() -> None:
    records = list(read_csv(io.BytesIO(b"\r\n \r\nsep=;\r\n\r\nquestion;answer\r\nq;a\r\n")))

    assert [(record.place, record.values) for record in records] == [("Line 6", {"question": "q", "answer": "a"})]


def test_text_that_is_no_data_is_told_as_such() -> None:
    with pytest.raises(InputError, match="begins with 'hello world', which is neither JSON nor a header"):
        format_of(io.BytesIO(b"hello world\nagain"), "notes.txt")


def test_empty_cells_beyond_the_header_are_no_fault() -> None:
    (record,) = read_csv(io.BytesIO(b"question,answer\nq,a,,\n"))

    assert record.values == {"question": "q", "answer": "a"}


def test_first_column_without_a_name_is_the_index_of_pandas() -> None:
    (record,) = read_csv(io.BytesIO(b",question,answer\n0,q,a\n"))

    assert list(record.values) == ["Unnamed: 0", "question", "answer"]


# --- workbooks ----------------------------------------------------------------------------------


def workbook(*sheets: list[list[Any]]) -> io.BytesIO:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file


def records(file: io.BytesIO) -> list[Record]:
    file.seek(0)
    assert format_of(file, "x") == "xlsx"
    return list(read_workbook(file))


def test_sheet_of_samples_is_found_below_its_title_and_beside_others() -> None:
    when = datetime.datetime(2026, 1, 2)
    file = workbook(
        [["Notes"], ["nothing"]],
        [
            ["My questions"],
            [],
            ["ID", "Question", "Answer", "Seen"],
            [7, "q", "a _x000D_\nb", when],
            [],
            [8, "r", "#N/A", None],
        ],
    )

    first, second = records(file)

    assert (first.place, first.values) == ("Row 4", {"ID": 7, "Question": "q", "Answer": "a \nb", "Seen": when})
    assert (second.place, second.values["Answer"]) == ("Row 6", None)
    assert first.remarks == ("sheet Sheet1: read, the workbook has 2",)


@given(
    rows=st.lists(
        st.lists(st.text(st.sampled_from("abc=é善 ,;\n"), min_size=1, max_size=20), min_size=2, max_size=2),
        min_size=1,
        max_size=5,
    )
)
def test_texts_of_cells_come_back(rows: list[list[str]]) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for number, row in enumerate([["question", "answer"], *rows], 1):
        for place, text in enumerate(row, 1):
            cell = sheet.cell(number, place, text)
            cell.data_type = "s"  # also what looks like a formula
    file = io.BytesIO()
    book.save(file)

    assert [[record.values["question"], record.values["answer"]] for record in records(file)] == rows


def test_workbook_that_unpacks_without_end_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (40 << 20))

    (record,) = records(file)

    assert "the workbook unpacks to 41.9 MB, more than is read" in record.problem


def test_workbook_whose_cells_lie_far_apart_is_read_row_by_row() -> None:
    book = openpyxl.Workbook()
    book.active.append(["question", "answer"])
    book.active["XFD20000"] = "far"
    file = io.BytesIO()
    book.save(file)

    (record,) = read_workbook(file)

    assert (record.place, record.problem) == ("Row 20000", "Invalid table - 16384 cells, the header has 2")


def test_empty_workbook_says_so() -> None:
    assert [record.problem for record in records(workbook([]))] == ["the workbook holds no rows"]


def test_quotes_may_be_single_where_the_header_has_them() -> None:
    (record,) = read_csv(io.BytesIO(b"'question','answer'\n'is it \"so\", ''here''?','yes,\nit is'\n"))

    assert record.values == {"question": "is it \"so\", 'here'?", "answer": "yes,\nit is"}


def test_table_in_markdown_is_read_without_its_rule_and_blanks() -> None:
    content = b"| question | answer |\n| --- | :-: |\n| q 1 | a 1 |\n| q 2 | - |\n"

    found = [record.values for record in read_csv(io.BytesIO(content))]

    assert [(values["question"], values["answer"]) for values in found] == [("q 1", "a 1"), ("q 2", "-")]


def test_fault_of_a_quote_says_how_quotes_are_written() -> None:
    (record,) = read_csv(io.BytesIO(b'question,answer\n"q \\"so\\" q","a"\n'))

    assert record.problem.endswith("a quote within a quoted cell is written twice")


def test_every_sheet_of_samples_is_read_and_told_by_its_name() -> None:
    book = openpyxl.Workbook()
    book.active.append(["Read me first"])
    for title, rows in (("Tort", [["q1", "a1"]]), ("Contract", [["q2", "a2"], ["q3", "a3"]])):
        sheet = book.create_sheet(title)
        for row in [["Question", "Answer"], *rows]:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)

    found = list(read_workbook(file))

    assert [record.values["Question"] for record in found] == ["q1", "q2", "q3"]
    assert [record.place for record in found] == ["Sheet Tort, row 2", "Sheet Contract, row 2", "Sheet Contract, row 3"]
    assert [record.remarks for record in found[:2]] == [
        ("sheet Tort: read, the workbook has 3",),
        ("sheet Contract: read, the workbook has 3",),
    ]
