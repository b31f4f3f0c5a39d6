"""Reads JSON Lines and JSON: arrays, objects one after another, and documents that hold their rows in a list."""

import json
import math
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

import orjson

from models.sizes import DEEPEST, RECORD_BYTES, told
from services.formats.json_items import CROWDED, ItemReader, is_crowded
from services.formats.json_rows import row_of, rows_in
from services.formats.records import Record

_HEAD = 1 << 16


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
            yield _line_record(f"Line {number}", text)


def read_json(file: BinaryIO) -> Iterator[Record]:
    """Read one JSON array of objects, objects one after another, or one object that holds rows; none is held whole."""
    number = 0
    reader = ItemReader(file)
    try:
        for item in _rows(reader):
            number += 1
            yield _record(f"Item {number}", row_of(item))
    except ValueError as error:
        yield Record(f"Item {number + 1}", {}, f"Invalid JSON - {str(error).splitlines()[0][:200]}")


def holds_one_document(file: BinaryIO) -> bool:
    """Tell whether what begins with { or [ is JSON over several lines, or holds rows, rather than JSON Lines."""
    line = file.readline(RECORD_BYTES + 1).removeprefix(b"\xef\xbb\xbf")
    while line and not line.strip():
        line = file.readline(RECORD_BYTES + 1)
    more = file.read(_HEAD).strip()
    file.seek(0)
    try:
        value = json.loads(line)
        if isinstance(value, list):  # lines may be conversations
            return not more.startswith(b"[")
        return not more and isinstance(value, dict) and rows_in(value) is not None
    except (ValueError, RecursionError):
        pass  # it may go on in the next line
    if line.lstrip().startswith(b"["):
        return True
    try:
        return next(iter(ItemReader(file).records()), None) is not None
    except (ValueError, RecursionError):
        return False
    finally:
        file.seek(0)


def _rows(reader: ItemReader) -> Iterator[object]:
    items = reader.records()
    first = next(items, _NOTHING)
    if first is _NOTHING:
        return iter(())
    second = next(items, _NOTHING)
    if second is _NOTHING and isinstance(first, dict) and not reader.is_array and not reader.is_wrapped:
        return iter(rows_in(first) or [first])
    return chain([first] if second is _NOTHING else [first, second], items)


_NOTHING = object()


def _line_record(place: str, text: bytes) -> Record:
    if is_crowded(text, b",", b"[", b"{"):
        return Record(place, {}, f"Invalid JSON - {CROWDED}")
    has_nan = False
    try:
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            if b"NaN" not in text and b"Infinity" not in text:
                raise
            has_nan = True
            value = json.loads(text, parse_constant=lambda _: math.nan)
    except RecursionError:
        return Record(place, {}, f"Invalid JSON - nested more than {DEEPEST} levels deep")
    except ValueError as error:
        return Record(place, {}, f"Invalid JSON - {str(error)[:200]}")
    return _record(place, row_of(value), len(text), has_nan=has_nan)


def _record(place: str, value: object, size_bytes: int = 0, *, has_nan: bool = True) -> Record:
    if not isinstance(value, dict):
        return Record(place, {}, f"Invalid JSON - got {type(value).__name__}, want an object")
    if not has_nan:
        return Record(place, value, size_bytes=size_bytes)
    odd = tuple(name for name, item in value.items() if _is_nan(item))
    values = {name: None if _is_nan(item) else _without_nan(item) for name, item in value.items()}
    return Record(place, values, emptied=odd)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _without_nan(value: object, depth: int = DEEPEST) -> object:
    """Return *value* with null for NaN inside lists and objects; what is nested too deeply is refused later."""
    if not isinstance(value, list | dict) or not depth:
        return value
    if isinstance(value, list):
        return [None if _is_nan(item) else _without_nan(item, depth - 1) for item in value]
    return {name: None if _is_nan(item) else _without_nan(item, depth - 1) for name, item in value.items()}
