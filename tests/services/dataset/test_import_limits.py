"""What comes in is bounded in bytes and columns; what is over is refused by line and reason."""

import json
import threading
from typing import Any

import orjson
import pytest

from models.samples.sample_store import SampleStore
from models.samples.staged import StagedSamples
from models.schemas import new_sample
from models.sizes import ALL_COLUMNS, CELL_BYTES, COMMIT_BYTES, FILE_COLUMNS
from services.dataset.import_service import ImportService
from services.formats.records import as_fields
from tests.fakes import sample
from tests.services.dataset.taking import take
from utils.errors import ImportRefusedError, InputError

LONG = "x" * (CELL_BYTES + 1)


def table(*rows: dict[str, Any]) -> bytes:
    names = list(rows[0])
    return "\n".join([",".join(names), *(",".join(str(row[name]) for name in names) for row in rows)]).encode()


@pytest.mark.parametrize(
    ("content", "place"),
    [
        pytest.param(orjson.dumps(sample(answer=LONG)), "Line 1", id="jsonl"),
        pytest.param(orjson.dumps([sample(answer=LONG)]), "Item 1", id="json"),
        pytest.param(table(sample(answer="a"), sample(id="b", answer=LONG)), "Line 3", id="csv"),
        pytest.param(orjson.dumps(sample(tags=["é" * (CELL_BYTES // 2 + 1)])), "Line 1", id="list"),
        pytest.param(orjson.dumps(sample(answer="é" * (CELL_BYTES // 2 + 1))), "Line 1", id="bytes-not-characters"),
    ],
)
def test_value_that_is_too_long_is_refused_by_line_and_reason(
    imports: ImportService, store: SampleStore, content: bytes, place: str
) -> None:
    with pytest.raises(ImportRefusedError, match=rf"{place}: .*(holds 1\.0 MB, want at most 1\.0 MB|field larger)"):
        take(imports, content)

    assert store.count() == 0


def test_largest_value_is_taken_whichever_way_it_comes(imports: ImportService, store: SampleStore) -> None:
    largest = "é" * (CELL_BYTES // 2)

    take(imports, orjson.dumps(sample(id="jsonl", answer=largest)))
    take(imports, orjson.dumps([sample(id="json", answer=largest)]))
    take(imports, table(sample(id="csv", answer=largest)))
    store.add(sample(id="add", answer=largest))
    store.update("add", {"question": largest})
    store.fold()

    assert {row["answer"] for row in store.walk()} == {largest}


def test_sample_that_is_too_large_in_all_is_refused_also_when_it_grows_by_edits(store: SampleStore) -> None:
    part = "x" * CELL_BYTES
    store.add(sample(question=part, answer=part, reasoning=part))

    with pytest.raises(InputError, match=r"the sample holds 4\.2 MB, want at most 4\.2 MB \(4 MiB\)"):
        store.update("s1", {"case_citation": part})
    with pytest.raises(InputError, match="answer: holds"):
        store.update("s1", {"answer": part + "x"})
    with pytest.raises(InputError, match="the sample holds"):
        new_sample(sample(question=part, answer=part, reasoning=part, case_citation=part))


def test_columns_of_a_file_and_of_the_data_set_are_bounded(imports: ImportService, store: SampleStore) -> None:
    def wide(name: str, first: int, count: int) -> bytes:
        return orjson.dumps(sample(id=name, **{f"c{n}": n for n in range(first, first + count)}))

    each = FILE_COLUMNS - len(sample())
    with pytest.raises(ImportRefusedError, match=f"Line 1: holds {FILE_COLUMNS + 1} fields, want at most"):
        take(imports, wide("a", 0, each))
    with pytest.raises(ImportRefusedError, match=r"Line 2: c7.*: with this the file has more than"):
        take(imports, wide("a", 0, 200) + b"\n" + wide("b", 700, 200))
    for turn in range(3):
        take(imports, wide(f"s{turn}", 1000 * turn, 290))

    with pytest.raises(InputError, match=f"want at most {ALL_COLUMNS}; leave it out"):
        take(imports, wide("more", 9000, 290))
    with pytest.raises(InputError, match=f"want at most {ALL_COLUMNS}; leave it out"):
        store.add(json.loads(wide("more", 9000, 290)))
    with pytest.raises(InputError, match=f"want at most {ALL_COLUMNS}; leave it out"):
        store.update("s0", {f"d{n}": n for n in range(290)})
    assert {row["id"] for row in store.walk()} == {"s0", "s1", "s2"}
    assert len(store.snapshot().columns) < ALL_COLUMNS


def test_large_import_of_too_many_columns_is_refused_too(
    imports: ImportService, store: SampleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.samples.staged.ALL_COLUMNS", 40)
    monkeypatch.setattr("models.samples.staged.SMALL", 0)

    with pytest.raises(InputError, match="want at most 40"):
        take(imports, orjson.dumps(sample(**{f"c{n}": n for n in range(50)})))

    assert store.count() == 0


def test_few_large_samples_become_part_of_the_file_and_not_of_one_commit(
    imports: ImportService, store: SampleStore
) -> None:
    rows = [sample(id=f"s{n}", answer="x" * CELL_BYTES) for n in range(COMMIT_BYTES // CELL_BYTES + 1)]

    take(imports, b"\n".join(orjson.dumps(row) for row in rows))

    assert len(store.snapshot().overlay.changed) == 0
    assert store.count() == len(rows)


@pytest.mark.parametrize("piece", ["{}", "1", '"a"', "[]"])
def test_record_of_very_many_values_is_refused_before_it_is_read(imports: ImportService, piece: str) -> None:
    line = json.dumps(sample())[:-1] + f', "x": [{",".join([piece] * 700_000)}]' + "}"

    for content in (line, f"[{line}]"):
        with pytest.raises(ImportRefusedError, match=r"1: Invalid JSON - holds more than 300,000 values"):
            take(imports, content.encode())


def test_file_in_which_everything_is_wrong_is_not_read_to_its_end(imports: ImportService) -> None:
    with pytest.raises(ImportRefusedError) as refused:
        take(imports, b"{\n" * 3_000)

    assert refused.value.count == 1_000


# --- numbers that JSON cannot hold -------------------------------------------------------------


@pytest.mark.parametrize("number", ["1e999", "-1e999"])
@pytest.mark.parametrize("shape", ["%s", '["a",%s]', '{"a":{"b":%s}}'])
@pytest.mark.parametrize("column", ["score", "quality_score", "tokens_used"])
def test_number_beyond_all_is_refused_by_line_and_not_dropped(
    imports: ImportService, store: SampleStore, number: str, shape: str, column: str
) -> None:
    line = json.dumps(sample())[:-1] + f', "{column}": {shape % number}' + "}"

    for content, place in ((line, "Line 1"), (f"[{line}]", "Item 1")):
        with pytest.raises(ImportRefusedError, match=place):
            take(imports, content.encode())

    assert store.count() == 0


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize(
    ("shape", "wanted"), [("%s", None), ('["a",%s]', '["a",null]'), ('{"a":{"b":%s}}', '{"a":{"b":null}}')]
)
def test_number_that_only_python_writes_is_empty_and_told(
    imports: ImportService, store: SampleStore, number: str, shape: str, wanted: str | None
) -> None:
    line = json.dumps(sample(score=1))[:-1] + f', "weight": {shape % number}' + "}"

    for content in (line, f"[{line}]", line + "\n"):
        result = take(imports, content.encode(), on_duplicate="replace")

        assert dict(store.get("s1")).get("weight") == wanted
        assert "column weight: " in "\n".join(result["notes"])


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_value_that_some_parser_lets_through_is_refused_none_the_less(value: float) -> None:
    with pytest.raises(InputError, match=r"score: got .*, want a number that JSON can hold"):
        new_sample(sample(score=as_fields({"score": value})[0]["score"]))
    with pytest.raises(InputError, match="score: holds a number that JSON cannot hold, or"):
        as_fields({"score": [{"a": value}]})


@pytest.mark.parametrize("digits", [17, 400, 4000, 5000])
def test_whole_number_of_any_length_is_a_wrong_item(imports: ImportService, digits: int) -> None:
    line = json.dumps(sample())[:-1] + f', "score": {"9" * digits}' + "}"

    for content in (line, f"[{line}]"):
        with pytest.raises(ImportRefusedError, match=r"1: (Invalid JSON|score: )"):
            take(imports, content.encode())


@pytest.mark.parametrize("value", ["[18446744073709551616]", '["\\ud800"]', '{"a": 99999999999999999999}'])
def test_value_that_cannot_be_kept_as_json_is_a_wrong_item(imports: ImportService, value: str) -> None:
    line = json.dumps(sample())[:-1] + f', "tags": {value}' + "}"

    for content in (line, f"[{line}]"):
        with pytest.raises(ImportRefusedError, match=r"1: (Invalid JSON|tags: )"):
            take(imports, content.encode())


def test_value_that_is_nested_too_deeply_is_a_wrong_line(imports: ImportService) -> None:
    deep = "[" * 300 + "]" * 300

    with pytest.raises(ImportRefusedError, match="Line 1: x: nested more than 50 levels deep"):
        take(imports, (json.dumps(sample())[:-1] + f', "x": {deep}' + "}").encode())


def test_samples_of_an_import_are_read_outside_the_thread_that_writes_for_all(
    imports: ImportService, store: SampleStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    samples = StagedSamples.samples

    def noted(self: StagedSamples) -> Any:
        threads.append(threading.current_thread().name)
        return samples(self)

    monkeypatch.setattr(StagedSamples, "samples", noted)
    store.add(sample(id="a"))
    store.add(sample(id="b"))
    store.delete("b")

    content = b"\n".join(orjson.dumps(sample(id=name)) for name in "abc")
    assert take(imports, content, on_duplicate="skip")["skipped"] == 1
    assert threads == [threading.current_thread().name]
    assert store.count() == 3
