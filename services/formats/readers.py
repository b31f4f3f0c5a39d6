"""The readers of files, by format: JSON Lines, JSON, tables of texts, workbooks and Parquet.

A reader yields one record at a time, each with its place, and never raises for the file's content: a record that
cannot be read becomes a `Record` with a problem, so that all problems can be reported together. Files are made plain
before they are read (`services.formats.plain_files`).
"""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from models.samples.file.bounded_parquet import OversizeError
from models.samples.file.foreign_rows import foreign_rows
from services.formats.json_records import holds_one_document, read_json, read_jsonl
from services.formats.records import Record
from services.formats.table_records import header_of, names_of_samples, read_csv
from services.formats.workbook_records import read_workbook
from utils.errors import InputError

_SNIFFED_BYTES = 1 << 16


def read_parquet(file: BinaryIO) -> Iterator[Record]:
    """Read rows of Parquet; nulls hold nothing, and numbers that JSON cannot hold are left out."""
    number = 0
    try:
        for row in foreign_rows(Path(file.name)):
            number += 1
            odd = tuple(name for name, value in row.items() if isinstance(value, float) and not math.isfinite(value))
            values = {name: None if name in odd else value for name, value in row.items()}
            yield Record(f"Row {number}", values, emptied=odd)
    except OversizeError as error:
        yield Record(f"Row {error.row or number + 1}", {}, str(error))
    except InputError as error:
        yield Record(f"Row {number + 1}", {}, str(error))


READERS: dict[str, Callable[[BinaryIO], Iterator[Record]]] = {
    "jsonl": read_jsonl,
    "json": read_json,
    "csv": read_csv,
    "tsv": read_csv,
    "xlsx": read_workbook,
    "parquet": read_parquet,
}
_ENDINGS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".xlsx": "xlsx",
    ".parquet": "parquet",
    ".pq": "parquet",
}


def format_of(file: BinaryIO, name: str = "", wanted: str = "") -> str:
    """Return the format: *wanted*, else by the beginning of *file*, else by the extension of *name*.

    Raises:
        InputError: *wanted* is not a known format, or the file is an archive of others.
    """
    if wanted:
        if wanted not in READERS:
            raise InputError(f"format: got {wanted[:40]!r}, want one of {', '.join(READERS)}")
        return wanted
    head = file.read(_SNIFFED_BYTES)
    file.seek(0)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return _archive(head)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith((b"[", b"{")):
        return "json" if holds_one_document(file) else "jsonl"
    return _of_text(text.split(b"\n")[0].decode("utf-8", "replace"), Path(name).suffix.lower())


def _of_text(line: str, ending: str) -> str:
    """Return the format of a text that is no JSON, by its first line and the ending of its name."""
    if ending in _ENDINGS:
        return _ENDINGS[ending]
    if line.lower().strip('"').startswith("sep=") or names_of_samples(header_of(line)[1]):
        return "csv"
    if ending and line:
        raise InputError(
            f"file: begins with {line[:40]!r}, which is neither JSON nor a header that names question and answer; "
            f"give format= (one of {', '.join(READERS)})"
        )
    return "jsonl"


def _archive(head: bytes) -> str:
    """Return the format of a ZIP archive; InputError if it is no workbook."""
    if b"[Content_Types].xml" in head or b"xl/" in head or b"_rels/" in head:
        return "xlsx"
    raise InputError("file: is a ZIP archive; unpack it, and send the files one by one")
