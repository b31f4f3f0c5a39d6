"""Cells of a table that a spreadsheet would run as a formula, made harmless, and restored.

A cell that begins with =, +, - or @ (also in full width, also behind blanks of any kind,
which spreadsheets pass over), or with a tab or an end of line, gets an apostrophe before it
(OWASP, "CSV Injection"). One that has apostrophes there already gets one more, so that
nothing is lost on the way back. Where a column may hold numbers, so does a text that looks like one.
"""

import re

_LARGEST = 2**53
_BLANK = r"\s\x00-\x1f\x7f\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_DANGEROUS = re.compile(rf"'*(?:[{_BLANK}]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])")


def guarded(text: str, may_be_number: bool = False) -> str:
    """Return *text* as a cell that is no formula, nor read as a number where the column *may_be_number*."""
    return f"'{text}" if _must_be_guarded(text, may_be_number) else text


def unguarded(cell: str, may_be_number: bool = False) -> str:
    """Return the text that `guarded` turned into *cell*."""
    return cell[1:] if cell.startswith("'") and _must_be_guarded(cell[1:], may_be_number) else cell


def typed(cell: str) -> str | int | float | bool:
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


def _must_be_guarded(text: str, may_be_number: bool) -> bool:
    return bool(_DANGEROUS.match(text)) or (may_be_number and not isinstance(typed(text.lstrip("'")), str))
