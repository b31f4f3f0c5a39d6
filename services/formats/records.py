"""One record of a file, and its values as a sample can hold them."""

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from models.samples.claims import FOUND_OUT
from models.samples.column_map import is_stated
from models.samples.file.column_types import plain
from models.schemas import COLUMNS
from models.sizes import DEEPEST
from utils.errors import InputError
from utils.spreadsheet_cells import typed, unguarded

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
        size_bytes: Of its text in the file; 0 where that is not known.
    """

    place: str
    values: dict[str, object]
    problem: str = ""
    emptied: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    size_bytes: int = 0


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


def cell_value(name: str, cell: str) -> str | int | float | bool:
    """Return what a cell of a table of texts holds in the column *name*: tables have no types."""
    is_text = name in _TYPED or is_stated(name)
    text = unguarded(cell, not is_text)
    return text if is_text or text != cell else typed(cell)  # a cell with the guarding apostrophe is text
