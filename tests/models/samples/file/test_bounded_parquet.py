"""Parquet of anybody is read in bounded memory; what is larger than a sample may be is refused with its row."""

import io
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.samples.file import bounded_parquet
from models.samples.file.bounded_parquet import BoundedReader, OversizeError, value_bytes
from models.samples.file.parquet_pages import pages_of
from models.samples.file.parquet_version import ParquetVersion
from models.samples.sample_store import SampleStore
from models.sizes import ALL_COLUMNS, CELL_BYTES, PIECE_BYTES
from services.formats.readers import read_parquet
from tests.fakes import sample
from tests.one_file import file_of
from utils.clock import ManualClock

SEVEN = ("id", "question", "answer", "topic", "difficulty", "case_citation", "reasoning")
LONG = "x" * (CELL_BYTES + 1)


def table(count: int, **other: Any) -> pa.Table:
    rows = {name: [f"{name} {n}" for n in range(count)] for name in SEVEN}
    return pa.table({**rows, "difficulty": ["basic"] * count, **other})


def looked_up(count: int, *values: str) -> pa.Array:
    indices = pa.array([n % len(values) for n in range(count)], pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array(values))


def strict(rows: pa.Table, **options: Any) -> BoundedReader:
    file = io.BytesIO()
    pq.write_table(rows, file, **options)
    reader = BoundedReader(pa.BufferReader(file.getvalue()))
    reader.be_strict()
    return reader


def read(reader: BoundedReader) -> list[tuple[pa.Table, int]]:
    return [piece for group in range(reader.metadata.num_row_groups) for piece in reader.tables(group)]


DELTA: dict[str, Any] = {"use_dictionary": False, "column_encoding": {"answer": "DELTA_BYTE_ARRAY"}}
HALF = "x" * 600_000
TOO_LARGE: dict[str, tuple[pa.Array, dict[str, Any], str]] = {
    "plain": (pa.array(["a", LONG]), {"use_dictionary": False}, "row 2: answer: holds"),
    "looked-up": (looked_up(2, "a", LONG), {}, "row 1: answer: holds"),
    "bytes": (pa.array([b"a", LONG.encode()]), {}, "answer: holds"),
    "list": (pa.array([["a"], ["y" * 1000] * 1100]), {}, "row 2: answer: holds"),
    "struct": (pa.array([{"a": "a", "b": "b"}, {"a": HALF, "b": HALF}]), {}, "row 2: answer: holds"),
    "map": (pa.array([[("k", "v")], [("k", LONG)]], pa.map_(pa.string(), pa.string())), {}, "answer"),
    "fixed": (pa.array([b"x" * (CELL_BYTES + 1)] * 2, pa.binary(CELL_BYTES + 1)), {}, "answer: holds"),
    "prefixes": (pa.array(["a", LONG]), DELTA, "row 2"),
}  # fmt: skip


@pytest.mark.parametrize("kind", TOO_LARGE)
def test_file_with_a_value_that_is_too_long_is_set_aside_untouched_with_its_row(
    store: SampleStore, clock: ManualClock, kind: str
) -> None:
    store.add(sample(id="mine"))
    store.fold()
    column, options, says = TOO_LARGE[kind]
    aside = file_of(store).path.with_name("next")
    pq.write_table(table(2).set_column(2, "answer", column), aside, **options)
    content = aside.read_bytes()
    aside.replace(file_of(store).path)

    assert store.count() == 1
    clock.advance(6)
    assert {row["id"] for row in store.walk()} == {"mine"}

    (aside,) = file_of(store).path.parent.glob("train.parquet.refused-*")
    assert aside.read_bytes() == content
    assert says in store.reports()[1]["message"]


@pytest.mark.parametrize("kind", TOO_LARGE)
def test_import_of_a_value_that_is_too_long_is_refused_by_row(tmp_path: Path, kind: str) -> None:
    column, options, says = TOO_LARGE[kind]
    pq.write_table(table(2).set_column(2, "answer", column), tmp_path / "in", **options)

    with (tmp_path / "in").open("rb") as file:
        *_, last = read_parquet(file)

    assert "answer" in last.problem
    assert last.place in ("Row 1", "Row 2")
    if says.startswith("row 2"):
        assert last.place == "Row 2"


@pytest.mark.parametrize(
    "options",
    [
        {"use_dictionary": False},
        {},
        {"dictionary_pagesize_limit": 1 << 18},
        {"data_page_version": "2.0"},
        DELTA,
        {"use_dictionary": False, "column_encoding": {"answer": "DELTA_LENGTH_BYTE_ARRAY"}},
    ],
)
@pytest.mark.parametrize("compression", ["none", "zstd", "snappy"])
def test_rows_come_in_pieces_of_bounded_size_and_are_all_there(
    options: dict[str, Any], compression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_parquet, "PIECE_BYTES", 1 << 17)
    monkeypatch.setattr(bounded_parquet, "_EXPANSION_FREE", 1 << 30)
    rows = table(900, answer=[f"{n}" * (n % 7 * 1500) for n in range(900)], tags=[["a", str(n)] for n in range(900)])
    pieces = read(strict(rows, compression=compression, row_group_size=400, **options))

    assert pa.concat_tables([piece for piece, _ in pieces]).equals(rows)
    assert max(size for _, size in pieces) <= 1 << 17
    assert max(piece.nbytes for piece, _ in pieces) <= 3 << 17
    assert sum(size for _, size in pieces) == sum(
        int(value_bytes(column.combine_chunks()).sum()) for column in rows.columns
    )


def test_dictionary_is_not_multiplied_before_its_values_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_parquet, "_EXPANSION_FREE", 1 << 30)
    reader = strict(table(200, answer=looked_up(200, "x" * (CELL_BYTES // 2))))
    before = pa.total_allocated_bytes()
    most = 0
    for piece, size in reader.tables(0):
        assert size <= PIECE_BYTES
        most = max(most, pa.total_allocated_bytes() - before)
        del piece

    assert most < 4 * PIECE_BYTES  # all rows are 100 MB


def test_file_that_grows_beyond_all_measure_is_refused() -> None:
    with pytest.raises(OversizeError, match="decodes to more than 100 times its size"):
        read(strict(table(200, answer=looked_up(200, "x" * (CELL_BYTES // 2)))))


def test_file_of_too_many_columns_is_refused() -> None:
    wide = pa.table({f"c{n}": [1] for n in range(ALL_COLUMNS + 1)})

    with pytest.raises(OversizeError, match=f"{ALL_COLUMNS + 1} columns, want at most {ALL_COLUMNS}"):
        strict(wide)


@pytest.mark.parametrize(
    ("limit", "size", "says"),
    [
        ("_PAGES_BYTES", 1000, "must be held at a time"),
        ("_NESTED_VALUES", 10, "values of lists"),
        ("_NESTED_BYTES", 10, "lists too large"),
    ],
)
def test_row_group_that_cannot_be_read_in_bounded_memory_is_refused(
    limit: str, size: int, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_parquet, limit, size)

    with pytest.raises(OversizeError, match=says):
        read(strict(table(100, tags=[["a", "b"]] * 100)))


@pytest.mark.parametrize(
    "column", [["a", None, "bcd"], [1, None, 3], [["a"], None, ["b", "cd"]], [{"a": "b"}, None, {"a": "cd"}]]
)
def test_bytes_of_values_are_those_of_their_texts(column: list[Any]) -> None:
    sizes = value_bytes(pa.array(column)).tolist()

    texts = {str: [1, 0, 3], int: [8, 8, 8], list: [5, 0, 11], dict: [1, 0, 2]}
    assert sizes == texts[type(column[0])]


def test_pages_are_told_as_they_are() -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"a": ["x" * 50] * 10, "n": range(10)}), file, use_dictionary=["a"], compression="zstd")
    source = pa.BufferReader(file.getvalue())
    group = pq.read_metadata(source).row_group(0)

    first, second = list(pages_of(source, group.column(0)))
    (plain,) = pages_of(source, group.column(1))

    assert (first.is_dictionary, first.size, first.values) == (True, 54, 1)
    assert (second.is_dictionary, second.values, second.encoding) == (False, 10, 8)
    assert (plain.is_dictionary, plain.values, plain.encoding) == (False, 10, 0)


@pytest.mark.parametrize(
    "junk", [b"\x00" * 300, b"\xff" * 300, b"\x15" * 300, b"\x1c" * 300, b"\x19\xff\xff\xff\xff\x7f" * 50, b""]
)
def test_broken_headers_are_an_error_and_no_end_of_the_process(junk: bytes) -> None:
    class Column:
        data_page_offset, dictionary_page_offset, total_compressed_size, num_values = 0, None, 300, 10

    with pytest.raises(ValueError, match="header"):
        list(pages_of(pa.BufferReader(junk), Column()))


def test_rows_of_a_file_with_large_row_groups_are_read_without_holding_a_group(
    store: SampleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.samples.file.parquet_version._BEARABLE_BYTES", 100_000)
    monkeypatch.setattr(bounded_parquet, "PIECE_BYTES", 50_000)
    pq.write_table(table(300, answer=[f"{n} " * 500 for n in range(300)]), file_of(store).path)
    version = store.snapshot().version
    assert isinstance(version, ParquetVersion)

    assert not version.is_handy
    assert version.take([0, 7, 150, 299])["id"].to_list() == ["id 0", "id 7", "id 150", "id 299"]
    assert version.take([150])["answer"][0].startswith("150 150")
    assert pl.concat(version.pieces())["id"].to_list() == [f"id {n}" for n in range(300)]
    assert max(piece.height for piece in version.pieces()) < 100
    assert len(version._cache) == 0
