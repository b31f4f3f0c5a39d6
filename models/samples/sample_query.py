"""Queries of samples: filters, order and page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from models.contract.answers.dataset import FILTERS
from models.fields import DIFFICULTIES
from models.samples.snapshot import POSITION
from utils.errors import InputError
from utils.frames import pl

NEWEST = "-created_at"
SORTS = ("created_at", "id", *FILTERS, "question_chars", "answer_chars", "reasoning_chars")
_ALIASES = {"newest": NEWEST, "oldest": "created_at", "longest": "-answer_chars", "shortest": "answer_chars"}
_KEY = "key"


@dataclass(frozen=True)
class SampleQuery:
    """A query of the data set.

    Attributes:
        filters: Exact values by column (`models.contract.answers.dataset.FILTERS`).
        sort: A column of `SORTS`; "-" before it reverses the order. Ties are ordered by id, nulls last.
        limit: Most samples wanted; None for all.
        offset: Samples to skip.
        cursor: End of the page before (`Selection.next_cursor`); "" for the first.
    """

    filters: Mapping[str, str] = field(default_factory=dict)
    sort: str = NEWEST
    limit: int | None = None
    offset: int = 0
    cursor: str = ""


@dataclass(frozen=True)
class Selection:
    """The numbers of the samples found, in order.

    Attributes:
        total: Samples that match the filters, without the limit.
        next_cursor: Where the next page begins; None on the last.
    """

    positions: pl.Series
    total: int
    next_cursor: str | None


def select(index: pl.LazyFrame, query: SampleQuery) -> Selection:
    """Answer *query* from the index of a snapshot.

    Raises:
        InputError: unknown sort, or a cursor that is not ours.
    """
    column, descending = parse_sort(query.sort)
    key = pl.col(column).cast(pl.String()) if column in FILTERS else pl.col(column)
    if column == "difficulty":
        key = pl.col(column).cast(pl.String()).replace_strict(_LEVELS, default=len(_LEVELS), return_dtype=pl.Int64())
    rows = filtered(index, query.filters).select(POSITION, "id", key.alias(_KEY)).collect()
    total = rows.height
    if query.cursor:
        rows = rows.filter(_after(query, descending, rows.schema[_KEY]))
    behind = rows.height
    order = [_KEY, "id"]
    wanted = behind if query.limit is None else min(query.offset + query.limit, behind)
    found = rows.lazy()
    if wanted < behind // 4:
        found = found.top_k(wanted, by=order) if descending else found.bottom_k(wanted, by=order)
    rows = found.sort(order, descending=descending, nulls_last=True).slice(query.offset, query.limit).collect()
    more = rows.height and query.offset + rows.height < behind
    cursor = _cursor(query.sort, rows[_KEY][-1], rows["id"][-1]) if more else None
    return Selection(rows[POSITION], total, cursor)


def filtered(index: pl.LazyFrame, filters: Mapping[str, str]) -> pl.LazyFrame:
    """Keep the rows that match *filters*."""
    for name, value in filters.items():
        index = index.filter(pl.col(name) == value)
    return index


def parse_sort(sort: str) -> tuple[str, bool]:
    """Return the column of *sort* and whether it descends."""
    sort = _ALIASES.get(sort, sort)
    column = sort.removeprefix("-")
    if column not in SORTS:
        raise InputError(f"sort: got {sort[:40]!r}, want one of {', '.join(SORTS)} (- before it reverses the order)")
    return column, sort.startswith("-")


_LEVELS = {name: level for level, name in enumerate(DIFFICULTIES)}


def _cursor(sort: str, key: object, sample_id: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([sort, key, sample_id])).decode().rstrip("=")


def _after(query: SampleQuery, descending: bool, dtype: pl.DataType) -> pl.Expr:
    """Rows after the cursor, in the query's order."""
    try:
        padded = query.cursor + "=" * (-len(query.cursor) % 4)
        sort, key, sample_id = orjson.loads(base64.urlsafe_b64decode(padded.encode()))
        kind = int if dtype.is_numeric() else str
        if sort != query.sort or not isinstance(sample_id, str) or not isinstance(key, kind | None):
            raise ValueError(sort)
    except (ValueError, binascii.Error, UnicodeEncodeError, TypeError):
        raise InputError(
            "cursor: not one of this list; take next_cursor of the page before, with the same sort"
        ) from None
    column, identifier = pl.col(_KEY), pl.col("id")
    behind = identifier < sample_id if descending else identifier > sample_id
    if key is None:
        return column.is_null() & behind
    further = column < key if descending else column > key
    return further | column.is_null() | ((column == key) & behind)
