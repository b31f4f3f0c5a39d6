"""Reads JSON Lines, JSON, CSV and Parquet, one record at a time, with the place each stood at.

A reader never raises for what is in the file: a record that cannot be read becomes a
`Record` with a problem, so that all of them can be told at once.
"""

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from models.column_types import plain
from models.parquet_version import raw_rows
from models.schemas import COLUMNS
from utils.errors import InputError

_DEEPEST = 50
_MAX_LINE_BYTES = 64 * 1024 * 1024
_SNIFFED_BYTES = 4096
_LARGEST = 2**53


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file.

    Attributes:
        place: Where it stood, for people: "Line 3", "Item 3", "Row 3".
        values: Its fields; empty when it could not be read.
        problem: Why it could not be read; "" otherwise.
    """

    place: str
    values: dict[str, Any]
    problem: str = ""


def read_jsonl(file: BinaryIO) -> Iterator[Record]:
    """Read one JSON object a line; blank lines are passed over."""
    number = 0
    while line := file.readline(_MAX_LINE_BYTES):
        number += 1
        if len(line) >= _MAX_LINE_BYTES:
            yield Record(f"Line {number}", {}, f"longer than {_MAX_LINE_BYTES >> 20} MB")
            return
        text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
        if text:
            yield _json_record(f"Line {number}", text)


def read_json(file: BinaryIO) -> Iterator[Record]:
    """Read one JSON array of objects, without holding it."""
    import ijson

    number = 0
    if file.read(3) != b"\xef\xbb\xbf":
        file.seek(0)
    try:
        events = _shallow(ijson.basic_parse(file, use_float=True))
        for item in ijson.items(ijson.parse(events), "item"):
            number += 1
            place = f"Item {number}"
            yield Record(place, item) if isinstance(item, dict) else Record(place, {}, _not_an_object(item))
    except (ijson.JSONError, UnicodeDecodeError, ValueError, OverflowError) as error:
        yield Record(f"Item {number + 1}", {}, f"Invalid JSON - {str(error).splitlines()[0][:200]}")


def _shallow(events: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Pass *events* on, and refuse nesting that no sample has.

    ijson keeps the path to each value, so that deep nesting takes memory by its square.
    """
    depth = 0
    for event, value in events:
        if event in ("start_map", "start_array"):
            depth += 1
            if depth > _DEEPEST:
                raise ValueError(f"nested more than {_DEEPEST} levels deep")
        elif event in ("end_map", "end_array"):
            depth -= 1
        yield event, value


def read_csv(file: BinaryIO) -> Iterator[Record]:
    """Read comma-separated values with a header; empty cells are left out."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        yield from _csv_records(text)
    finally:
        text.detach()  # the file is the caller's


def _csv_records(text: io.TextIOWrapper) -> Iterator[Record]:
    csv.field_size_limit(_MAX_LINE_BYTES)
    rows = csv.reader(text, strict=True)
    header: list[str] | None = None
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except (csv.Error, UnicodeDecodeError) as error:
            yield Record(f"Line {rows.line_num}", {}, f"Invalid CSV - {error}")
            return
        if header is None:
            header = [name.strip() or f"column_{n}" for n, name in enumerate(row, 1)]
        elif any(row):
            yield _csv_record(f"Line {rows.line_num}", header, row)


def read_parquet(file: BinaryIO) -> Iterator[Record]:
    """Read rows of Parquet; nulls are left out."""
    number = 0
    try:
        for row in raw_rows(Path(file.name)):
            number += 1
            yield Record(f"Row {number}", {name: value for name, value in row.items() if value is not None})
    except InputError as error:
        yield Record(f"Row {number + 1}", {}, str(error))


READERS: dict[str, Callable[[BinaryIO], Iterator[Record]]] = {
    "jsonl": read_jsonl,
    "json": read_json,
    "csv": read_csv,
    "parquet": read_parquet,
}
_ENDINGS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
}


def format_of(file: BinaryIO, name: str = "", wanted: str = "") -> str:
    """Tell the format: what is *wanted*, else what *file* begins with, else the ending of *name*.

    Raises:
        InputError: *wanted* is none that we read.
    """
    if wanted:
        if wanted not in READERS:
            raise InputError(f"format: got {wanted[:40]!r}, want one of {', '.join(READERS)}")
        return wanted
    head = file.read(_SNIFFED_BYTES)
    file.seek(0)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"PAR1"):
        return "parquet"
    if text.startswith(b"["):
        return "json"
    if text.startswith(b"{"):
        return "jsonl"
    header = [cell.strip(b' "\r') for cell in text.split(b"\n")[0].split(b",")]
    return _ENDINGS.get(Path(name).suffix.lower(), "csv" if b"question" in header else "jsonl")


def as_fields(values: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return *values* as a sample can hold them, and the names of those that became JSON text."""
    fields: dict[str, Any] = {}
    nested = []
    for name, value in values.items():
        if isinstance(value, list | dict):
            fields[name] = orjson.dumps(value, default=plain, option=orjson.OPT_NON_STR_KEYS).decode()
            nested.append(name)
        elif value is None or (isinstance(value, float) and not math.isfinite(value)):
            continue
        else:
            fields[name] = value if isinstance(value, str | int | float | bool) else _text(value)
    return fields, nested


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(plain(value))


def _json_record(place: str, text: bytes) -> Record:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        said = "not UTF-8 text; save the file as UTF-8" if "UTF-8" in str(error) else str(error)
        return Record(place, {}, f"Invalid JSON - {said}")
    return Record(place, value) if isinstance(value, dict) else Record(place, {}, _not_an_object(value))


def _not_an_object(value: object) -> str:
    return f"Invalid JSON - got {type(value).__name__}, want an object"


def _csv_record(place: str, header: list[str], row: list[str]) -> Record:
    if len(row) > len(header):
        return Record(place, {}, f"Invalid CSV - {len(row)} cells, the header has {len(header)}")
    cells = {name: _unguarded(cell) for name, cell in zip(header, row, strict=False) if cell}
    return Record(place, {name: cell if name in COLUMNS else _typed(cell) for name, cell in cells.items()})


def _typed(cell: str) -> str | int | float | bool:
    """Read a cell as the number or truth value that would be written just so; a table has no types."""
    if cell in ("true", "false"):
        return cell == "true"
    for kind in (int, float):
        try:
            if str(kind(cell)) == cell and abs(kind(cell)) <= _LARGEST:  # not for nan
                return kind(cell)
        except ValueError:
            continue
    return cell


def _unguarded(cell: str) -> str:
    """Take away the apostrophe that our CSV export puts before what a spreadsheet would run."""
    return cell[1:] if re.match(r"'+[=+\-@\t\r]", cell) else cell
