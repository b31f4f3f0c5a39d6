"""Any train.parquet comes in: with a report, with its extra columns, and without losing a row."""

import datetime
import decimal
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.samples.file.intake import mended_ids, unique_names
from models.samples.file.parquet_file import ParquetFile
from models.samples.file.parquet_version import ParquetVersion
from models.samples.sample_store import SampleStore
from tests.fakes import sample
from tests.one_file import file_of
from utils.clock import ManualClock
from utils.errors import InputError, NotFoundError

SEVEN = ("id", "question", "answer", "topic", "difficulty", "case_citation", "reasoning")


def changes(store: SampleStore) -> str:
    return "\n".join(line for note in store.reports() if note["event"] == "taken in" for line in note["changes"])


def written(store: SampleStore, table: pa.Table, **options: Any) -> list[dict[str, Any]]:
    pq.write_table(table, file_of(store).path, **options)
    return [dict(row) for row in store.walk()]


def columns(**other: Any) -> dict[str, Any]:
    return {**{name: [f"{name} {n}" for n in range(3)] for name in SEVEN}, "difficulty": ["basic"] * 3, **other}


def test_plain_file_of_seven_columns_needs_no_change_but_the_defaults(store: SampleStore) -> None:
    rows = written(store, pa.table(columns()))

    assert [row["answer"] for row in rows] == ["answer 2", "answer 1", "answer 0"]
    assert {(row["jurisdiction"], row["sample_type"]) for row in rows} == {("uk", "case_analysis")}
    assert changes(store).splitlines() == [
        "column jurisdiction: missing, filled with 'uk'",
        "column sample_type: missing, filled with 'case_analysis'",
    ]


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "brotli", "lz4", "zstd"])
def test_any_compression_is_read(store: SampleStore, compression: str) -> None:
    assert len(written(store, pa.table(columns()), compression=compression)) == 3


@pytest.mark.parametrize(
    ("column", "values", "wanted", "says"),
    [
        pytest.param("difficulty", pa.array(["basic", None, "expert"]).dictionary_encode(), "intermediate", "1 empty cells", id="categories-with-null"),
        pytest.param("question", pa.array(["a", "b", "c"], pa.large_string()), "b", "", id="large-text"),
        pytest.param("question", pa.array(["a", "b", "c"], pa.string_view()), "b", "", id="text-view"),
        pytest.param("question", pa.array([1, 2, 3]), "2", "int64 read as text", id="numbers"),
        pytest.param("answer", pa.array([b"x", b"\xff!", None]), "\ufffd!", "binary read as text", id="bytes"),
        pytest.param("case_citation", pa.array([["a"], ["b", "c"], None]), "b; c", "read as text", id="lists"),
        pytest.param("reasoning", pa.array([None, None, None], pa.null()), "", "3 empty cells", id="nothing"),
        pytest.param("created_at", pa.array([datetime.datetime(2026, 1, n) for n in (1, 2, 3)]), "2026-01-02T00:00:00.000000+00:00", "read as text", id="times"),
        pytest.param("tokens_used", pa.array(["7", "8", "many"]), 8, "1 unusable cells emptied", id="number-as-text"),
        pytest.param("tokens_used", pa.array([1.0, 8.0, 2.0]), 8, "double read as number", id="number-as-float"),
    ],
)  # fmt: skip
def test_other_types_are_read_and_reported(
    store: SampleStore, column: str, values: Any, wanted: Any, says: str
) -> None:
    rows = written(store, pa.table(columns(**{column: values})))

    assert {row["id"]: row[column] for row in rows}["id 1"] == wanted
    assert says in changes(store)


def test_missing_repeated_and_blank_ids_become_ids_of_their_own(store: SampleStore) -> None:
    rows = written(store, pa.table({**columns(), "id": ["x", "x", None]}))

    assert sorted(row["id"] for row in rows) == ["imported_2", "x", "x_2"]
    assert "1 rows without an id were given one" in changes(store)
    assert "1 repeated ids were given a number (x)" in changes(store)


def test_file_whose_rows_have_no_question_and_answer_is_set_aside_untouched(
    store: SampleStore, clock: ManualClock
) -> None:
    store.add(sample(id="mine"))
    store.fold()
    table = pa.table({"prompt": ["p"], "score": [0.5]})

    pq.write_table(table, file_of(store).path.with_name("new"))
    file_of(store).path.with_name("new").replace(file_of(store).path)
    assert store.count() == 1
    clock.advance(60)

    assert [row["id"] for row in store.walk()] == ["mine"]
    (aside,) = file_of(store).path.parent.glob("train.parquet.refused-*")
    assert pq.read_table(aside).equals(table)
    assert "no row has a question and an answer; its columns are prompt, score" in str(store.reports())


@pytest.mark.parametrize(
    ("table", "question", "answer"),
    [
        pytest.param({"instruction": ["i"], "input": [""], "output": ["o"]}, "i", "o", id="alpaca"),
        pytest.param({"instruction": ["i"], "input": ["x"], "output": ["o"]}, "i\n\nx", "o", id="alpaca-with-input"),
        pytest.param({"Question": ["q"], "ANSWER": ["a"]}, "q", "a", id="case"),
        pytest.param({"prompt": ["p"], "completion": ["c"]}, "p", "c", id="prompt"),
        pytest.param({"messages": [[{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]]}, "q", "a", id="messages"),
        pytest.param({"conversations": [[{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]]}, "q", "a", id="sharegpt"),
        pytest.param({"prompt": [[{"role": "user", "content": "q"}]], "chosen": [[{"role": "assistant", "content": "a"}]]}, "q", "a", id="preferences"),
        pytest.param({"chosen": [[{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]]}, "q", "a", id="prompt-within"),
        pytest.param({"conversations": [[{"from": "human", "value": "q"}]], "chosen": [{"from": "gpt", "value": "a"}]}, "q", "a", id="llama-factory"),
        pytest.param({"contents": [[{"role": "user", "parts": [{"text": "q"}]}, {"role": "model", "parts": [{"text": "a"}]}]]}, "q", "a", id="gemini"),
        pytest.param({"text": ["<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\na<|im_end|>\n"]}, "q", "a", id="chatml"),
        pytest.param({"prompt": ["q"], "answers": [{"text": ["a"], "answer_start": [0]}]}, "q", "a", id="squad"),
    ],
)  # fmt: skip
def test_columns_of_trainers_are_read_as_question_and_answer_and_kept(
    store: SampleStore, table: dict[str, Any], question: str, answer: str
) -> None:
    (row,) = written(store, pa.table(table))

    assert (row["question"], row["answer"], row["id"]) == (question, answer, "imported_0")
    assert {name: row[name] for name in table} == {name: values[0] for name, values in table.items()}
    assert "column question: read from" in changes(store)


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        pytest.param({"role": "assistant", "content": "a"}, "a", id="message"),
        pytest.param({"text": ["a", "b"], "answer_start": [0, 1]}, "a\nb", id="squad"),
        pytest.param(["a", "b"], "a\nb", id="texts"),
        pytest.param({"other": 1}, '{"other":1}', id="anything-else"),
    ],
)
def test_list_or_object_as_an_answer_is_read_as_its_text(store: SampleStore, value: Any, answer: str) -> None:
    (row,) = written(store, pa.table({"question": ["q"], "answer": [value]}))

    assert row["answer"] == answer


def test_control_characters_are_put_right_and_told(store: SampleStore, tmp_path: Path) -> None:
    table = {
        "id": ["a\x01", "b", "c"],
        "question": ["\x0crac{1}{2}", "\x07", "\x93so\x94"],
        "answer": ["2 \times 3\x00", "a", "b\ttab"],
        "note": ["n\x1b[31m", None, "n"],
        "topic": ["\x00", "t", "t"],
        "difficulty": ["\x08", "basic", "basic"],
    }
    rows = {row["id"]: row for row in written(store, pa.table(table))}
    store.folding.fold(force=True)

    assert sorted(rows) == ["a", "c"] == sorted(row["id"] for row in store.walk())
    assert (rows["a"]["question"], rows["a"]["answer"], rows["a"]["note"]) == ("\\frac{1}{2}", "2 \\times 3", "n")
    assert (rows["a"]["topic"], rows["a"]["difficulty"]) == ("General - General", "intermediate")
    assert (rows["c"]["question"], rows["c"]["answer"]) == ("“so”", "b\ttab")
    assert "column question: control characters put right in 3 cells" in changes(store)
    assert "column answer: control characters put right in 1 cells" in changes(store)
    assert "column note: control characters put right in 1 cells" in changes(store)
    assert "1 rows were refused, they have no question or no answer (rows 2)" in changes(store)
    assert "\x00" not in str(pl.read_parquet(tmp_path / "train.parquet").to_dicts())


def test_row_without_an_answer_is_refused_by_its_number_and_never_shown(store: SampleStore) -> None:
    rows = written(store, pa.table(columns(answer=["a", " ", None])))
    store.folding.fold(force=True)

    assert [row["id"] for row in rows] == ["id 0"] == [row["id"] for row in store.walk()]
    assert "2 rows were refused, they have no question or no answer (rows 2, 3)" in changes(store)
    assert store.count() == 1
    with pytest.raises(NotFoundError):
        store.get("id 1")
    with pytest.raises(NotFoundError):
        store.update("id 2", {"topic": "x"})


def test_refused_rows_stay_refused_after_a_restart_with_the_kept_index(tmp_path: Path, store: SampleStore) -> None:
    pq.write_table(pa.table(columns(question=["q", None, "q"])), tmp_path / "train.parquet")
    version = store.snapshot().version
    assert isinstance(version, ParquetVersion)
    file_of(store).save_index(version)

    again = file_of(store).open()

    assert again is not None
    assert (again.taken, again.report, again.index.refused.to_list()) == (2, None, [1])


def test_sample_of_a_refused_id_can_be_added(store: SampleStore) -> None:
    written(store, pa.table(columns(answer=["a", None, "c"])))

    store.add(sample(id="id 1"))
    store.fold()

    assert sorted(row["id"] for row in store.walk()) == ["id 0", "id 1", "id 2"]


def test_what_a_foreign_row_lacks_is_noted_in_its_quality_issues(store: SampleStore) -> None:
    rows = written(store, pa.table({"Question": ["q"], "Answer": ["a"], "Level": ["Expert"], "Id": [7]}))

    assert (rows[0]["id"], rows[0]["difficulty"], rows[0]["case_citation"]) == ("7", "expert", "")
    assert json.loads(str(rows[0]["quality_issues"])) == [
        "imported: without topic, set to General - General",
        "imported: without case_citation, left empty",
        "imported: without reasoning, left empty",
    ]


def test_index_column_of_pandas_is_left_out(store: SampleStore) -> None:
    rows = written(store, pa.table(columns(__index_level_0__=[0, 1, 2])))

    assert "__index_level_0__" not in rows[0]
    assert "column __index_level_0__: left out, it numbers the rows" in changes(store)


def test_text_that_is_not_utf8_is_mended(store: SampleStore) -> None:
    broken = pa.array([b"caf\xe9", b"ok", b"x"]).view(pa.string())

    rows = written(store, pa.table(columns(question=broken)))

    assert {row["question"] for row in rows} == {"caf\ufffd", "ok", "x"}
    assert "column question: characters that are not UTF-8 replaced" in changes(store)


def test_columns_of_others_keep_their_types_through_edits_and_folds(store: SampleStore) -> None:
    extra = {
        "tags": pa.array([["a"], [], None]),
        "meta": pa.array([{"n": 1}, None, {"n": 3}]),
        "day": pa.array([datetime.date(2026, 1, 1)] * 3),
        "price": pa.array([decimal.Decimal("1.50")] * 3),
        "raw": pa.array([b"\xff\x00", b"", None]),
        "score": pa.array([1, 2, 3], pa.int16()),
    }
    written(store, pa.table(columns(**extra)))
    before = {name: dtype for name, dtype in store.snapshot().columns.items() if name in extra}

    store.update("id 0", {"answer": "edited"})
    store.add(sample(id="new", score=7))
    store.fold()

    rows = {row["id"]: dict(row) for row in store.walk()}
    assert rows["id 0"]["answer"] == "edited"
    assert (rows["id 0"]["tags"], rows["id 0"]["meta"], rows["id 0"]["raw"]) == (["a"], {"n": 1}, b"\xff\x00")
    assert (rows["id 0"]["day"], rows["id 0"]["price"]) == (datetime.date(2026, 1, 1), decimal.Decimal("1.50"))
    assert (rows["new"]["score"], rows["new"]["tags"]) == (7, None)
    assert {name: dtype for name, dtype in store.snapshot().columns.items() if name in extra} == before


def test_value_that_a_column_of_others_cannot_hold_is_refused(store: SampleStore) -> None:
    written(store, pa.table(columns(tags=pa.array([["a"], [], None]))))

    with pytest.raises(InputError, match=r"tags: got 'x', the data set holds List\(String\) there"):
        store.add(sample(tags="x"))


def test_edit_that_would_change_a_column_it_does_not_name_is_refused(store: SampleStore) -> None:
    big = pa.array([2**63 + 5, 1, 2], pa.uint64())
    written(store, pa.table(columns(big=big, days=pa.array([[datetime.date(2026, 1, 1)], None, None]))))

    with pytest.raises(InputError, match="which an edit cannot keep"):
        store.update("id 0", {"answer": "x"})
    store.update("id 1", {"answer": "x"})
    with pytest.raises(InputError, match=r"exists|holds"):
        store.add(sample(id="id 2", days="never"))

    assert {row["id"]: dict(row)["big"] for row in store.walk()} == {"id 0": 2**63 + 5, "id 1": 1, "id 2": 2}


def test_whole_numbers_never_become_inexact_floats(store: SampleStore) -> None:
    written(store, pa.table(columns(ref=pa.array([2**60 + 1, 1, 2]))))

    store.add(sample(ref=1.5))

    assert {dict(row)["ref"] for row in store.walk()} == {str(2**60 + 1), "1", "2", "1.5"}


def test_number_is_no_date(store: SampleStore) -> None:
    written(store, pa.table(columns(day=pa.array([datetime.date(2026, 1, 1)] * 3))))

    with pytest.raises(InputError, match="day: got '5', the data set holds Date there"):
        store.add(sample(day=5))


def test_row_with_a_level_of_others_can_be_edited(store: SampleStore) -> None:
    written(store, pa.table(columns(difficulty=["Hard"] * 3)))

    assert store.update("id 0", {"answer": "better"})["difficulty"] == "Hard"


def test_file_of_others_is_kept_before_ours_takes_its_place(store: SampleStore) -> None:
    written(store, pa.table(columns()))
    original = file_of(store).path.read_bytes()
    store.add(sample())

    store.fold()
    store.add(sample(id="s2"))
    store.fold()

    (kept,) = (file_of(store).path.parent / "originals").iterdir()
    assert kept.read_bytes() == original
    assert store.count() == 5


def test_huge_row_groups_of_others_are_rewritten_once(store: SampleStore) -> None:
    count = 25_000
    table = pa.table({**{name: [name] * count for name in SEVEN}, "id": [f"i{n}" for n in range(count)]})
    pq.write_table(table, file_of(store).path, row_group_size=count)

    store.folding.tidy()
    inode = file_of(store).path.stat().st_ino
    store.folding.tidy()

    assert store.count() == count
    assert file_of(store).path.stat().st_ino == inode
    assert pq.ParquetFile(file_of(store).path).metadata.num_row_groups == 50
    assert store.get("i24999")["id"] == "i24999"


def test_two_columns_of_one_name_are_both_kept(store: SampleStore) -> None:
    table = pa.table(
        [pa.array(["a"]), pa.array(["x"]), pa.array(["b"]), pa.array(["c"])],
        schema=pa.schema([(name, pa.string()) for name in ("question", "answer", "note", "note")]),
    )

    rows = written(store, table)

    assert (rows[0]["question"], rows[0]["note"], rows[0]["note_2"]) == ("a", "b", "c")


def test_names_and_ids_are_numbered_without_colliding() -> None:
    assert unique_names(["a", "a", "a_2", "a"]) == ["a", "a_3", "a_2", "a_4"]
    ids, missing, repeated = mended_ids(pl.Series(["a", "a", "a_2", None]))
    assert (ids.to_list(), missing, repeated) == (["a", "a_3", "a_2", "imported_3"], 1, ["a"])


def test_index_kept_for_another_file_is_not_used(tmp_path: Path, store: SampleStore) -> None:
    store.add(sample())
    store.fold()
    first = ParquetFile(tmp_path / "train.parquet").open()
    pq.write_table(pa.table(columns()), tmp_path / "train.parquet")

    second = ParquetFile(tmp_path / "train.parquet").open()

    assert first is not None
    assert second is not None
    assert (first.report, len(first), len(second)) == (None, 1, 3)


@pytest.mark.parametrize("step", [lambda v: v.take(pl.Series([1, 5], dtype=pl.UInt32())), lambda v: v.index.frame])
def test_version_is_read_whole_after_its_path_was_given_away(
    store: SampleStore, step: Callable[[ParquetVersion], pl.DataFrame]
) -> None:
    for number in range(6):
        store.add(sample(id=f"s{number}"))
    store.fold()
    version = store.snapshot().version
    assert isinstance(version, ParquetVersion)
    pq.write_table(pa.table(columns()), file_of(store).path.with_name("other"))
    file_of(store).path.with_name("other").replace(file_of(store).path)

    assert set(step(version)["id"]) >= {"s1", "s5"}
