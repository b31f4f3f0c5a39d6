"""Import: all of a file or nothing, with every wrong line told."""

import io
import json
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from models.samples.sample_store import SampleStore
from services.dataset.import_service import ImportRequest, ImportService
from tests.fakes import sample
from tests.one_file import file_of
from tests.services.dataset.taking import take
from utils.clock import ManualClock
from utils.errors import ConflictError, DiskFullError, ImportRefusedError, InputError


def lines(*samples: dict[str, Any]) -> bytes:
    return b"\n".join(orjson.dumps(values) for values in samples)


def parquet(samples: list[dict[str, Any]]) -> bytes:
    file = io.BytesIO()
    pl.DataFrame(samples).write_parquet(file)
    return file.getvalue()


CSV = (
    "id,question,answer,topic,difficulty,case_citation,reasoning,score\r\n"
    'c1,"a, ""b""","two\r\nlines",A - B,basic,c,r,\r\n'
)


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        pytest.param(b"\n" + lines(sample(id="a"), sample(id="b")) + b"\n\n", ["a", "b"], id="jsonl"),
        pytest.param(b"\xef\xbb\xbf" + lines(sample(id="a")), ["a"], id="jsonl-with-bom"),
        pytest.param(json.dumps([sample(id="a"), sample(id="b")], indent=1).encode(), ["a", "b"], id="json"),
        pytest.param(CSV.encode(), ["c1"], id="csv"),
        pytest.param(parquet([sample(id="a"), sample(id="b")]), ["a", "b"], id="parquet"),
    ],
)
def test_format_is_found_out_and_samples_are_added(
    imports: ImportService, store: SampleStore, content: bytes, ids: list[str]
) -> None:
    result = take(imports, content, name="up.csv")

    assert (result["added"], result["total_samples"]) == (len(ids), len(ids))
    assert sorted(row["id"] for row in store.walk()) == ids


def test_cells_of_a_table_keep_their_commas_quotes_and_lines(imports: ImportService, store: SampleStore) -> None:
    take(imports, CSV.encode(), format="csv")

    assert (store.get("c1")["question"], store.get("c1")["answer"]) == ('a, "b"', "two\r\nlines")


def test_every_wrong_line_is_told_with_its_number_and_nothing_is_imported(
    imports: ImportService, store: SampleStore
) -> None:
    content = b"\n".join(
        [
            lines(sample(id="a")),
            b"{broken",
            b"",
            b"[1]",
            lines({"id": "b", "question": "q"}),
            lines(sample(difficulty=True)),
        ]
    )

    with pytest.raises(ImportRefusedError, match=r"Line 2: Invalid JSON - .* \(and 3 more\); nothing was") as refused:
        take(imports, content)

    assert [problem["place"] for problem in refused.value.problems] == ["Line 2", "Line 4", "Line 5", "Line 6"]
    assert refused.value.problems[2]["error"] == (
        "Missing required fields: answer; the record has id, question; name the column with mapping=answer:COLUMN"
    )
    assert store.count() == 0


def test_first_hundred_problems_are_told_and_all_are_counted(imports: ImportService) -> None:
    with pytest.raises(ImportRefusedError) as refused:
        take(imports, b"{\n" * 150)

    assert (len(refused.value.problems), refused.value.count) == (100, 150)


@pytest.mark.parametrize(
    ("content", "options", "says"),
    [
        (b"", {}, "holds no samples"),
        (b"\n \n", {}, "holds no samples"),
        (b"[]", {}, "holds no samples"),
        (b"x", {"format": "xml"}, "format: got 'xml'"),
        (b'[{"id": 1}, nonsense', {}, "Item 1: "),
        (b"[1]", {}, "Item 1: Invalid JSON - got int"),
        (b"a,b\r\n1,2,3\r\n", {"format": "csv"}, "Line 2: Invalid table - 3 cells, the header has 2"),
        (b'a,b\r\n"1,2', {"format": "csv"}, "Invalid CSV"),
        (b"a\r\n\xff\xff", {"format": "csv"}, "Line 2: Missing required fields: question, answer"),
        ("é".encode() + b"\xff", {"format": "csv"}, "UTF-8 text with a broken character"),
        (b"question,answer\n\x81,b", {}, "neither UTF-8 nor Windows-1252"),
        (b"PAR1 but no more", {}, "not a readable Parquet file"),
        (b"\xff\xfe\x00", {}, "is no UTF-16 text"),
        (b"\x1f\x8b", {}, "the gzip file ends too soon"),
        (b"\x1f\x8bxxxxxxxxxxxxxxxxxx", {}, "no readable gzip file"),
        (b"BZh91AY", {}, "packed with bzip2"),
        (b"\xd0\xcf\x11\xe0", {}, "old Excel workbook"),
        (b"version https://git-lfs.github.com/spec/v1", {}, "Git LFS pointer"),
        (b"\n<!DOCTYPE html><html>", {}, "a web page and not the file itself"),
        (b"PK\x03\x04 readme.txt", {}, "is a ZIP archive; unpack it"),
        (b"PK\x03\x04 xl/workbook.xml", {}, "not a readable workbook"),
        (b"x", {"encoding": "nonsense"}, "encoding: got 'nonsense'"),
        (b"x", {"encoding": "base64"}, "encoding: got 'base64'"),
        (lines(sample()), {"on_duplicate": "merge"}, "on_duplicate: got 'merge'"),
    ],
)
def test_file_that_cannot_be_read_is_refused(
    imports: ImportService, content: bytes, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says.replace("(", r"\(")):
        take(imports, content, **options)


@pytest.mark.parametrize("small", [True, False])
def test_ids_that_exist_are_an_error_or_skipped_or_replaced(
    imports: ImportService, store: SampleStore, monkeypatch: pytest.MonkeyPatch, small: bool
) -> None:
    monkeypatch.setattr("models.samples.staged.SMALL", 2000 if small else 0)
    store.add(sample(id="a", answer="old"))
    store.add(sample(id="b", answer="old"))
    store.fold()
    content = lines(sample(id="a", answer="new"), sample(id="c", answer="new"))

    with pytest.raises(ConflictError, match=r"Duplicate ids: 1 exist already \(a\)"):
        take(imports, content)
    skipped = take(imports, content, on_duplicate="skip")
    assert {row["id"]: row["answer"] for row in store.walk()} == {"a": "old", "b": "old", "c": "new"}
    replaced = take(imports, content, on_duplicate="replace")

    assert (skipped["added"], skipped["replaced"], skipped["skipped"]) == (1, 0, 1)
    assert (replaced["added"], replaced["replaced"], replaced["skipped"]) == (0, 2, 0)
    assert {row["id"]: row["answer"] for row in store.walk()} == {"a": "new", "b": "old", "c": "new"}


def test_id_that_stands_twice_in_a_file_is_an_error_or_the_first_counts(
    imports: ImportService, store: SampleStore
) -> None:
    content = lines(sample(id="a", answer="first"), sample(id="a", answer="second"))

    with pytest.raises(ConflictError, match=r"Duplicate ids: 1 stand twice in the file \(a\)"):
        take(imports, content, on_duplicate="replace")
    take(imports, content, on_duplicate="skip")

    assert store.get("a")["answer"] == "first"


@pytest.mark.parametrize("count", [3, 2500])
def test_dry_run_checks_everything_and_changes_nothing(imports: ImportService, store: SampleStore, count: int) -> None:
    store.add(sample(id="s0"))
    content = lines(*(sample(id=f"s{n}") for n in range(count)))

    result = take(imports, content, dry_run=True, on_duplicate="skip")

    assert (result["added"], result["skipped"], result["checked"], result["total_samples"]) == (count - 1, 1, count, 1)
    with pytest.raises(ConflictError):
        take(imports, content, dry_run=True)


def test_large_import_becomes_part_of_the_file_and_leaves_the_journal_alone(
    imports: ImportService, store: SampleStore
) -> None:
    store.add(sample(id="before"))

    take(imports, lines(*(sample(id=f"s{n:04d}", score=n) for n in range(2500))))

    snapshot = store.snapshot()
    assert snapshot.version is not None
    assert (len(snapshot), len(snapshot.version), len(snapshot.overlay.changed)) == (2501, 2501, 0)
    assert dict(store.get("s2499"))["score"] == 2499


def test_sample_added_while_a_large_import_is_written_is_a_duplicate_and_not_lost(
    imports: ImportService, store: SampleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_aside = type(file_of(store)).write_aside
    news = ["s7"]

    def slow(self: Any, *arguments: Any) -> Any:
        made = write_aside(self, *arguments)
        if news:
            store.add(sample(id=news.pop(), answer="mine"))
        return made

    monkeypatch.setattr(type(file_of(store)), "write_aside", slow)

    with pytest.raises(ConflictError, match="s7"):
        take(imports, lines(*(sample(id=f"s{n}") for n in range(2500))))

    assert [row["answer"] for row in store.walk()] == ["mine"]


def test_times_are_brought_into_utc_and_nested_values_become_text(imports: ImportService, store: SampleStore) -> None:
    result = take(
        imports,
        lines(
            sample(id="a", created_at="2026-01-01T12:00:00+02:00", tags=["x", 1]),
            sample(id="b", created_at="2026-01-01T12:00:00Z"),
        ),
    )

    assert store.get("a")["created_at"] == "2026-01-01T10:00:00+00:00"
    assert [row["id"] for row in store.walk()] == ["b", "a"]
    assert dict(store.get("a"))["tags"] == '["x",1]'
    assert result["notes"] == ["column tags: lists and objects were written as JSON text"]
    with pytest.raises(ImportRefusedError, match="created_at: want a time like"):
        take(imports, lines(sample(id="c", created_at="yesterday")))


def test_cells_that_only_look_like_numbers_stay_text(imports: ImportService, store: SampleStore) -> None:
    head = "id,question,answer,topic,difficulty,case_citation,reasoning,note\r\n"
    cells = ("nan", "inf", "007", "12345678901234567890", "1.50", "-0")
    rows = "".join(f"n{n},q,a,A - B,basic,c,r,{cell}\r\n" for n, cell in enumerate(cells))

    take(imports, (head + rows).encode())

    assert sorted(str(dict(row)["note"]) for row in store.walk()) == sorted(cells)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_time_beyond_the_calendar_is_a_wrong_line(imports: ImportService, moment: str) -> None:
    with pytest.raises(ImportRefusedError, match="created_at: want a time like"):
        take(imports, lines(sample(created_at=moment)))


def test_full_disk_during_an_upload_is_said_and_leaves_nothing(
    imports: ImportService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(DiskFullError, match="nothing was imported"):
        take(imports, b"x")

    assert list((tmp_path / ".import").iterdir()) == []


def test_leftovers_of_a_crash_are_removed_at_start(imports: ImportService, tmp_path: Path) -> None:
    (tmp_path / ".import" / "old").mkdir(parents=True)

    imports.prepare()

    assert not (tmp_path / ".import").exists()


def test_column_that_stands_twice_in_a_table_is_refused(store: SampleStore, tmp_path: Path, clock: ManualClock) -> None:
    path = tmp_path / "twice.csv"
    path.write_text("id,question,answer,answer\na,b,c,d\n")

    with pytest.raises(ImportRefusedError, match=r"Line 1: .*'answer' stands twice"):
        ImportService(store, tmp_path, clock).run(path, ImportRequest(name="twice.csv"))


# --- files of other tools ---------------------------------------------------------------------


def rows_of(store: SampleStore) -> list[dict[str, Any]]:
    return [dict(row) for row in store.walk()]


SHARED = [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]
TALK = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({"Question": "q", "ANSWER": "a"}, id="case"),
        pytest.param({"prompt": "q", "completion": "a"}, id="prompt-completion"),
        pytest.param({"prompt": "q", "response": "a"}, id="prompt-response"),
        pytest.param({"input": "q", "output": "a"}, id="input-output"),
        pytest.param({"instruction": "q", "input": "", "output": "a"}, id="alpaca"),
        pytest.param({"messages": TALK}, id="messages"),
        pytest.param({"messages": json.dumps(TALK)}, id="messages-as-text"),
        pytest.param({"conversations": SHARED}, id="sharegpt"),
        pytest.param({"prompt": TALK[:1], "chosen": TALK[1:], "rejected": TALK[1:]}, id="preferences"),
        pytest.param({"chosen": TALK, "rejected": TALK}, id="preferences-with-the-prompt-within"),
    ],
)  # fmt: skip
def test_rows_of_other_tools_become_samples_with_a_quality_note(
    imports: ImportService, store: SampleStore, row: dict[str, Any]
) -> None:
    result = take(imports, lines(row))

    (got,) = rows_of(store)
    assert (got["question"], got["answer"], got["difficulty"]) == ("q", "a", "intermediate")
    assert "imported: without case_citation, left empty" in json.loads(got["quality_issues"])
    assert set(result["mapping"]) >= {"question", "answer"}
    assert "column topic: missing in 1 samples, set to 'General - General'" in "\n".join(result["notes"])


def test_conversation_of_many_turns_is_kept_beside_its_last_answer(imports: ImportService, store: SampleStore) -> None:
    talk = [
        {"role": "system", "content": "s"},
        *TALK,
        {"role": "user", "content": "q2"},
        {"role": "assistant", "content": "a2"},
    ]

    take(imports, lines({"messages": talk}, {"messages": TALK}))

    long, short = sorted(rows_of(store), key=lambda row: -len(row["question"]))
    assert (long["question"], long["answer"]) == ("User: q\n\nAssistant: a\n\nUser: q2", "a2")
    assert (long["system_prompt"], json.loads(long["messages"])) == ("s", talk)
    assert short["messages"] is None


def test_mapping_that_is_given_is_used_and_shown(imports: ImportService, store: SampleStore) -> None:
    content = lines({"text": "q", "label": "a", "question": "not this"})

    result = take(imports, content, mapping={"question": "text", "answer": "label"}, dry_run=True)
    take(imports, content, mapping={"question": "text", "answer": "label"})

    assert result["mapping"] == {"question": "text", "answer": "label"}
    (row,) = rows_of(store)
    assert (row["question"], row["answer"]) == ("q", "a")
    with pytest.raises(InputError, match="mapping: the file has no column 'gone'"):
        take(imports, content, mapping={"question": "gone"})


def test_row_without_question_and_answer_is_refused_with_what_it_has(imports: ImportService) -> None:
    with pytest.raises(ImportRefusedError, match="Line 1: Missing required fields: answer; the record has prompt, x;"):
        take(imports, lines({"prompt": "q", "x": 1}))
    with pytest.raises(ImportRefusedError, match=r"Line 2: Missing required fields: answer"):
        take(imports, lines({"prompt": "q", "output": "a"}, {"prompt": "q", "output": " "}))


@pytest.mark.parametrize(("given", "wanted"), [(41, "41"), (41.0, "41"), ("007", "007"), ({"$oid": "5f"}, "5f")])
def test_id_of_any_kind_is_text(imports: ImportService, store: SampleStore, given: Any, wanted: str) -> None:
    take(imports, lines(sample(id=given)))

    assert [row["id"] for row in rows_of(store)] == [wanted]


def test_rows_without_ids_get_the_same_ones_each_time(imports: ImportService, store: SampleStore) -> None:
    content = lines(
        {"question": "q", "answer": "a"}, {"question": "q", "answer": "a"}, {"question": "r", "answer": "a"}
    )

    take(imports, content)
    again = take(imports, content, on_duplicate="skip")

    assert (store.count(), again["skipped"]) == (3, 3)


def test_sample_without_citation_goes_out_and_comes_in_again(imports: ImportService, store: SampleStore) -> None:
    take(imports, lines(sample(case_citation="", reasoning=None, difficulty="Hard")))
    before = rows_of(store)

    result = take(imports, lines(*before), on_duplicate="replace")

    assert result["replaced"] == 1
    assert rows_of(store)[0]["difficulty"] == "Hard"
    assert "1 samples hold a level that is none of ours" in "\n".join(result["notes"])


def test_column_whose_name_no_data_set_can_have_is_renamed_and_told(imports: ImportService, store: SampleStore) -> None:
    result = take(imports, lines(sample(_score=1, __index_level_0__=7)))

    (row,) = rows_of(store)
    assert row["score"] == 1
    assert "column _score: kept as score" in result["notes"]
    assert "column __index_level_0__: left out, it numbers the rows" in result["notes"]


def test_sample_that_is_imported_was_last_changed_when_it_was_made(imports: ImportService, store: SampleStore) -> None:
    take(imports, lines(sample(id="a"), sample(id="b", created_at="2026-01-01T00:00:00Z")))

    assert all(row["updated_at"] == row["created_at"] for row in rows_of(store))


def test_stray_zero_in_a_text_is_left_out_and_does_not_change_its_encoding(
    imports: ImportService, store: SampleStore
) -> None:
    take(imports, "question,answer\nwhat\0 is §?,a\n".encode(), name="x.csv")

    (row,) = store.walk()
    assert row["question"] == "what is §?"
