"""Whether the journal can hold what a sample has in the columns of others: dates, lists, bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping

import orjson

from models.samples import journal
from models.samples.file.column_types import fit, fits, plain
from models.samples.version import Version
from models.schemas import COLUMNS
from utils.errors import InputError
from utils.frames import pl


def _foreign(version: Version | None, name: str) -> pl.DataType | None:
    """Return the type of an extra column of the file; None if it has none of that name."""
    return version.columns.get(name) if version is not None and name not in COLUMNS else None


def check_kept(fields: Mapping[str, object], version: Version | None) -> None:
    """Refuse an edit that would alter columns it does not name: some types do not survive the journal's JSON."""
    for name, value in fields.items():
        held = _foreign(version, name)
        if held is None or (isinstance(value, float) and not math.isfinite(value)):
            continue
        again = journal.frame_of([orjson.loads(orjson.dumps({name: value}, default=plain))])[name]
        if not (fits(again, held) and fit(again, held).to_list() == [value]):
            raise InputError(
                f"{name}: the data set holds {held} there, which an edit cannot keep; edit the file itself"
            )


def check_extras(fields: Mapping[str, object], version: Version | None) -> None:
    """Refuse a value that cannot be held by a column of dates, lists or bytes; InputError names both."""
    for name, value in fields.items():
        held = _foreign(version, name)
        if held is None or value is None or held.is_numeric() or held in (pl.String(), pl.Boolean()):
            continue
        if not fits(pl.Series([value]), held):
            raise InputError(f"{name}: got {str(value)[:80]!r}, the data set holds {held} there")
