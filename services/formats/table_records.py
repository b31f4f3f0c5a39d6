"""Reads tables of texts with a header: CSV by any delimiter, which the header tells."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from models.samples.column_map import map_columns
from models.sizes import ALL_COLUMNS, CELL_BYTES, RECORD_BYTES, told
from services.formats.records import Record, cell_value
from utils.errors import InputError
from utils.spreadsheet_cells import unguarded

_DELIMITERS = ",;\t|"
_SEP = "sep="
# The line below the header of a table in Markdown.
_RULE = frozenset(" -:")
_DOUBLED = "; a quote within a quoted cell is written twice"


def read_csv(file: BinaryIO) -> Iterator[Record]:
    """Read separated values with a header; empty cells hold nothing.

    The delimiter is that of a line `sep=;` before the header, else the one by which the header names most.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        yield from _csv_records(text)
    finally:
        text.detach()  # the file is the caller's


def header_of(line: str) -> tuple[str, list[str]]:
    """Return the delimiter of a header line and the names in it."""
    odd = {char for char in line if not (char.isalnum() or char in " \"'_.()[]-\r\n\ufeff")}
    found = [(delimiter, _cells(line, delimiter)) for delimiter in (*_DELIMITERS, *sorted(odd - set(_DELIMITERS)))]
    return max(found, key=lambda item: (names_of_samples(item[1]), len(item[1])))


def names_of_samples(names: Sequence[str]) -> bool:
    """Tell whether *names* are the header of a table of samples."""
    return map_columns(name.strip() for name in names).has_samples


def text_value(name: str, cell: object) -> object:
    """Return what a cell of a text holds: numbers where they are written as such."""
    return cell_value(name, cell) if isinstance(cell, str) and cell else None


def records_of(
    rows: Iterator[tuple[str, list[object]]],
    header: list[str],
    value: Callable[[str, object], object] = text_value,
) -> Iterator[Record]:
    """Turn *rows* (place, cells) into records; *value* reads a cell of a column."""
    for place, row in rows:
        last = len(row)
        while last > len(header) and row[last - 1] in (None, ""):
            last -= 1
        cells = row[:last]
        if len(cells) > len(header):
            yield Record(place, {}, f"Invalid table - {len(cells)} cells, the header has {len(header)}")
        elif any(cell not in (None, "") for cell in cells):
            padded = [*cells, *[None] * (len(header) - len(cells))]
            yield Record(place, {name: value(name, cell) for name, cell in zip(header, padded, strict=True)})


def checked_header(cells: list[str]) -> list[str]:
    """Return the names of the columns.

    Raises:
        InputError: a name stands twice, or there are too many.
    """
    # pandas writes its index in a first column without a name.
    unnamed = ["Unnamed: 0", *(f"column_{n}" for n in range(2, len(cells) + 1))]
    header = [unguarded(name).strip() or other for name, other in zip(cells, unnamed, strict=False)]
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise InputError(f"Invalid table - the column {twice[:40]!r} stands twice; rename one")
    if len(header) > ALL_COLUMNS:
        raise InputError(f"{len(header)} columns, want at most {ALL_COLUMNS}")
    return header


def _csv_records(text: io.TextIOWrapper) -> Iterator[Record]:
    csv.field_size_limit(CELL_BYTES)  # in characters; the bytes are checked with the sample
    lines = _Lines(text)
    first, delimiter, skipped = _begin(lines)
    is_ruled = delimiter == "|" and first.startswith("|")
    rows = csv.reader(lines, delimiter=delimiter, quotechar=_quote_of(_cells(first, delimiter)), strict=True)
    header: list[str] | None = None
    while True:
        lines.left = RECORD_BYTES
        try:
            row = next(rows)
            if header is None:
                header = checked_header(row)
                continue
            cells = _unruled(row) if is_ruled else row
            if any(cells):
                yield from records_of(iter([(f"Line {rows.line_num + skipped}", list(cells))]), header)
        except StopIteration:
            return
        except (csv.Error, UnicodeDecodeError) as error:
            advice = _DOUBLED if "expected after" in str(error) else ""
            yield Record(f"Line {rows.line_num + skipped}", {}, f"Invalid CSV - {error}{advice}")
            return
        except InputError as error:
            yield Record(f"Line {rows.line_num + skipped + (header is not None)}", {}, str(error))
            return


def _begin(lines: "_Lines") -> tuple[str, str, int]:
    """Return the header line, still to be read, its delimiter, and how many lines were passed over."""
    first, skipped = _after_blank_lines(lines)
    said = first.strip("\r\n").strip('"')  # of Excel
    if not (said.lower().startswith(_SEP) and len(said) == len(_SEP) + 1):
        return first, header_of(first)[0], skipped
    next(lines)
    first, blank = _after_blank_lines(lines)
    return first, said[-1], skipped + 1 + blank


def _unruled(row: list[str]) -> list[str]:
    """Return the cells of a line in Markdown without the blanks around them; of the rule below the header, none."""
    return [cell.strip() for cell in row] if set().union(*row) - _RULE else []


def _after_blank_lines(lines: "_Lines") -> tuple[str, int]:
    """Return the next line that is not blank, still to be read, and how many were passed over."""
    passed = 0
    while (line := lines.peek()) and not line.strip(" \r\n"):
        next(lines)
        passed += 1
    return line, passed


class _Lines:
    """The lines of a text; limits the characters of one record."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._waiting: str | None = None
        self.left = RECORD_BYTES

    def __iter__(self) -> "_Lines":
        return self

    def peek(self) -> str:
        """Return the first line, which `next` returns too."""
        if self._waiting is None:
            self._waiting = self._text.readline(RECORD_BYTES + 1)
        return self._waiting

    def __next__(self) -> str:
        line, self._waiting = self._waiting, None
        if line is None:
            line = self._text.readline(self.left + 1)
        self.left -= len(line)
        if self.left < 0:
            raise InputError(f"Invalid CSV - a record longer than {told(RECORD_BYTES)}; is a quote missing?")
        if not line:
            raise StopIteration
        return line


def _quote_of(names: list[str]) -> str:
    return "'" if names and all(len(name) > 2 and name[0] == name[-1] == "'" for name in names) else '"'


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
