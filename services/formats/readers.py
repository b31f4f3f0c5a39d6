"""Reads JSON Lines, JSON, CSV and Parquet, one record at a time, each with its place.

A reader never raises for the file's content: a record that cannot be read becomes a
`Record` with a problem, so that all problems can be reported together.
"""

import csv
import datetime
import io
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import orjson

from models.samples.claims import FOUND_OUT
from models.samples.file.bounded_parquet import OversizeError
from models.samples.file.column_types import plain
from models.samples.file.foreign_rows import foreign_rows
from models.schemas import COLUMNS
from models.sizes import ALL_COLUMNS, CELL_BYTES, DEEPEST, RECORD_BYTES, told
from services.formats.json_items import CROWDED, ItemReader, is_crowded
from utils.errors import InputError
from utils.spreadsheet_cells import unguarded

_SNIFFED_BYTES = 4096
_LARGEST = 2**53
# Columns whose types a sample states; what is a mere claim becomes a column of its own.
_TYPED = frozenset(COLUMNS) - FOUND_OUT


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file.

    Attributes:
        place: Its place, for people: "Line 3", "Item 3", "Row 3".
        values: Its fields; empty if it could not be read.
        problem: Why it could not be read; "" otherwise.
        emptied: Fields left out because JSON cannot hold their numbers.
        remarks: How the file was read, where that was not plain.
    """

    place: str
    values: dict[str, object]
    problem: str = ""
    emptied: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def read_jsonl(file: BinaryIO) -> Iterator[Record]:
    """Read one JSON object per line; blank lines are skipped."""
    number = 0
    while line := file.readline(RECORD_BYTES + 1):
        number += 1
        if len(line) > RECORD_BYTES:
            yield Record(f"Line {number}", {}, f"longer than {told(RECORD_BYTES)}")
            while line and not line.endswith(b"\n"):
                line = file.readline(RECORD_BYTES)  # the rest of it
            continue
        text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
        if text:
            yield _json_record(f"Line {number}", text)


def read_json(file: BinaryIO) -> Iterator[Record]:
    """Read one JSON array of objects, without holding it whole."""
    number = 0
    try:
        for item in ItemReader(file).items():
            number += 1
            place = f"Item {number}"
            yield Record(place, item) if isinstance(item, dict) else Record(place, {}, _not_an_object(item))
    except ValueError as error:
        yield Record(f"Item {number + 1}", {}, f"Invalid JSON - {str(error).splitlines()[0][:200]}")


def read_csv(file: BinaryIO) -> Iterator[Record]:
    """Read comma-separated values with a header; empty cells are left out."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        yield from _csv_records(text)
    finally:
        text.detach()  # the file is the caller's


def _csv_records(text: io.TextIOWrapper) -> Iterator[Record]:
    csv.field_size_limit(CELL_BYTES)  # in characters; the bytes are checked with the sample
    lines = _Lines(text)
    rows = csv.reader(lines, strict=True)
    header: list[str] | None = None
    while True:
        lines.left = RECORD_BYTES
        try:
            row = next(rows)
        except StopIteration:
            return
        except (csv.Error, UnicodeDecodeError, InputError) as error:
            yield Record(f"Line {rows.line_num + isinstance(error, InputError)}", {}, f"Invalid CSV - {error}")
            return
        if header is None:
            header = [unguarded(name).strip() or f"column_{n}" for n, name in enumerate(row, 1)]
            if len(set(header)) < len(header):
                twice = next(name for name in header if header.count(name) > 1)
                yield Record("Line 1", {}, f"Invalid CSV - the column {twice[:40]!r} stands twice; rename one")
                return
            if len(header) > ALL_COLUMNS:
                yield Record("Line 1", {}, f"{len(header)} columns, want at most {ALL_COLUMNS}")
                return
        elif any(row):
            yield _csv_record(f"Line {rows.line_num}", header, row)


class _Lines:
    """The lines of a text; limits the characters of one record."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.left = RECORD_BYTES

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(self.left + 1)
        self.left -= len(line)
        if self.left < 0:
            raise InputError(f"a record longer than {told(RECORD_BYTES)}; is a quote missing?")
        if not line:
            raise StopIteration
        return line


def read_parquet(file: BinaryIO) -> Iterator[Record]:
    """Read rows of Parquet; nulls are left out, and so are numbers that JSON cannot hold."""
    number = 0
    try:
        for row in foreign_rows(Path(file.name)):
            number += 1
            odd = tuple(name for name, value in row.items() if isinstance(value, float) and not math.isfinite(value))
            values = {name: value for name, value in row.items() if value is not None and name not in odd}
            yield Record(f"Row {number}", values, emptied=odd)
    except OversizeError as error:
        yield Record(f"Row {error.row or number + 1}", {}, str(error))
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
    """Return the format: *wanted*, else by the beginning of *file*, else by the extension of *name*.

    Raises:
        InputError: *wanted* is not a known format.
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


def as_fields(values: Mapping[str, object]) -> tuple[dict[str, object], list[str]]:
    """Return *values* as a sample can hold them, and the names of those that became JSON text.

    Raises:
        InputError: a list or an object cannot be written as JSON.
    """
    fields: dict[str, object] = {}
    nested = []
    for name, value in values.items():
        if isinstance(value, list | dict):
            fields[name] = _json_text(name, value)
            nested.append(name)
        elif value is not None:
            fields[name] = value if isinstance(value, str | int | float | bool) else _text(value)
    return fields, nested


def _json_text(name: str, value: list[object] | dict[str, object]) -> str:
    fault = _unwritable(value)
    try:
        if not fault:
            return orjson.dumps(value, default=plain, option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError as error:  # an integer of more than 64 bits, half of a surrogate pair
        fault = f"cannot be written as JSON ({error})"
    raise InputError(f"{name[:40]}: {fault}")


def _unwritable(value: list[object] | dict[str, object]) -> str:
    """Return why a list or an object cannot be kept as JSON, or ""."""
    level: list[list[object] | dict[str, object]] = [value]
    for _ in range(DEEPEST):
        below: list[object] = []
        for held in level:
            below.extend(held.values() if isinstance(held, dict) else held)
        if any(isinstance(item, float) and not _is_exact(item) for item in below):
            return "holds a number that JSON cannot hold, or one of more than 53 bits"
        level = [item for item in below if isinstance(item, list | dict)]
        if not level:
            return ""
    return f"nested more than {DEEPEST} levels deep"


def _is_exact(number: float) -> bool:
    # JSON readers turn longer integers into floats, which lose digits.
    return math.isfinite(number) and (abs(number) <= _LARGEST or not number.is_integer())


def _text(value: object) -> str:
    return str(value.isoformat()) if isinstance(value, datetime.date | datetime.time) else str(plain(value))


def _json_record(place: str, text: bytes) -> Record:
    if is_crowded(text, b",", b"[", b"{"):
        return Record(place, {}, f"Invalid JSON - {CROWDED}")
    try:
        value = orjson.loads(text)
    except RecursionError:
        return Record(place, {}, f"Invalid JSON - nested more than {DEEPEST} levels deep")
    except orjson.JSONDecodeError as error:
        said = "not UTF-8 text; save the file as UTF-8" if "UTF-8" in str(error) else str(error)
        return Record(place, {}, f"Invalid JSON - {said}")
    return Record(place, value) if isinstance(value, dict) else Record(place, {}, _not_an_object(value))


def _not_an_object(value: object) -> str:
    return f"Invalid JSON - got {type(value).__name__}, want an object"


def _csv_record(place: str, header: list[str], row: list[str]) -> Record:
    if len(row) > len(header):
        return Record(place, {}, f"Invalid CSV - {len(row)} cells, the header has {len(header)}")
    return Record(place, {name: _value(name, cell) for name, cell in zip(header, row, strict=False) if cell})


def _value(name: str, cell: str) -> str | int | float | bool:
    text = unguarded(cell)
    return text if name in _TYPED or text != cell else _typed(cell)  # a cell with the guarding apostrophe is text


def _typed(cell: str) -> str | int | float | bool:
    """Read a cell as a number or truth value if that is written exactly so; tables have no types."""
    if cell in ("true", "false"):
        return cell == "true"
    for kind in (int, float):
        try:
            if str(kind(cell)) == cell and abs(kind(cell)) <= _LARGEST:  # not for nan
                return kind(cell)
        except ValueError:
            continue
    return cell
