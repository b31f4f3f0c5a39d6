"""Cells of a table that a spreadsheet would run as a formula, made harmless, and restored.

A cell that begins with =, +, - or @ (also in full width, also behind blanks of any kind,
which spreadsheets pass over), or with a tab or an end of line, gets an apostrophe before it
(OWASP, "CSV Injection"). One that has apostrophes there already gets one more, so that
nothing is lost on the way back.
"""

import re

_BLANK = r"\s\x00-\x1f\x7f\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_DANGEROUS = re.compile(rf"'*(?:[{_BLANK}]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])")


def guarded(text: str) -> str:
    """Return *text* as a cell that is no formula."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def unguarded(cell: str) -> str:
    """Return the text that `guarded` turned into *cell*."""
    return cell[1:] if cell.startswith("'") and _DANGEROUS.match(cell) else cell
