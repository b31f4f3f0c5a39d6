"""Reads the sheet of an Excel workbook (.xlsx) that holds samples, a row at a time.

A workbook is a ZIP archive of XML: what it unpacks to is bounded before it is read, and the texts that cells share are
what is held of it.
"""

import warnings
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from models.sizes import ALL_COLUMNS, CELL_BYTES, told
from services.formats.records import Record
from services.formats.table_records import checked_header, names_of_samples, records_of
from utils.errors import InputError

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

    _Table = tuple[ReadOnlyWorksheet, int, list[str]]

# All parts together, and the texts that cells share, which are held.
_UNPACKED_BYTES, _SHARED_BYTES = 512 << 20, 64 << 20
_EXPANSION, _EXPANSION_FREE = 100, 4 << 20
# Rows before the header: a title, a blank line.
_HEADER_WITHIN = 20
_FAULTS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})


def read_workbook(file: BinaryIO) -> Iterator[Record]:
    """Read every sheet whose header names question and answer, else the first that holds anything.

    Formulas count by the values that were saved with them; cells in error are empty.
    """
    import openpyxl

    number = 0
    try:
        _check_size(file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which hold no text
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
            count = len(book.worksheets)
            chosen = _sheets_of(book.worksheets)
            for sheet, start, header in chosen:
                rows = enumerate(sheet.iter_rows(min_row=start + 1, values_only=True), start + 1)
                head = f"Sheet {sheet.title}, row" if len(chosen) > 1 else "Row"
                numbered = ((f"{head} {number}", [_cell(cell) for cell in row]) for number, row in rows)
                remarks = (f"sheet {sheet.title}: read, the workbook has {count}",) if count > 1 else ()
                for record in records_of(numbered, header, lambda _, cell: cell):
                    number += 1
                    yield Record(record.place, record.values, record.problem, remarks=remarks)
    except InputError as error:
        yield Record("Row 1", {}, str(error))
    # openpyxl raises errors of many kinds about a broken workbook.
    except Exception as error:  # noqa: BLE001
        reason = (str(error).splitlines() or [""])[0][:200]
        yield Record(f"Row {number + 1}", {}, f"not a readable workbook ({reason})")


def _check_size(file: BinaryIO) -> None:
    """Refuse a workbook that unpacks to more than may be held; InputError says which part."""
    file.seek(0, 2)
    allowed = max(_EXPANSION * file.tell(), _EXPANSION_FREE)
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
    shared = sum(part.file_size for part in parts if part.filename.lower().endswith("sharedstrings.xml"))
    total = sum(part.file_size for part in parts)
    if total > min(_UNPACKED_BYTES, allowed) or shared > _SHARED_BYTES:
        raise InputError(f"the workbook unpacks to {told(total)}, more than is read; save the sheet as CSV")
    file.seek(0)


def _sheets_of(sheets: "list[ReadOnlyWorksheet]") -> "list[_Table]":
    """Return the sheets to read, each with the row of its header, and the header."""
    found = [table for sheet in sheets if (table := _table_in(sheet)) is not None]
    if not found:
        raise InputError("the workbook holds no rows")
    chosen = [table for table in found if names_of_samples(table[2])] or found[:1]
    return [(sheet, row, checked_header(names)) for sheet, row, names in chosen]


def _table_in(sheet: "ReadOnlyWorksheet") -> "_Table | None":
    """Return where the header of *sheet* is: the row that names question and answer, else the first with anything."""
    found: _Table | None = None
    sheet.reset_dimensions()  # some tools write wrong ones
    rows = sheet.iter_rows(max_row=_HEADER_WITHIN, max_col=ALL_COLUMNS + 1, values_only=True)
    for number, row in enumerate(rows, 1):
        names = [str(cell if cell is not None else "") for cell in row]
        while names and not names[-1].strip():
            names.pop()
        if names and names_of_samples(names):
            return sheet, number, names
        if names and found is None:
            found = sheet, number, names
    return found


def _cell(value: object) -> object:
    """Return what a cell holds; Excel writes some characters as `_x000D_`."""
    from openpyxl.utils.escape import unescape

    if not isinstance(value, str):
        return value
    if len(value) > CELL_BYTES:
        raise InputError(f"a cell holds {told(len(value))}, want at most {told(CELL_BYTES)}")
    if value in _FAULTS:
        return None
    return str(unescape(value)).replace("\r\n", "\n") if "_x" in value else value
