"""Queries of samples: filters, order and page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import UnionType

import orjson

from models.contract.answers.dataset import FILTERS
from models.fields import DIFFICULTIES
from models.samples.file.newest import TIME, Rows, newest_first, oldest_first, place_of
from models.samples.file.row_index import WITHHELD
from models.samples.snapshot import POSITION, Snapshot
from utils.errors import InputError
from utils.frames import np, pl

NEWEST = "-created_at"
SORTS = (
    "created_at",
    "id",
    *FILTERS,
    "citation_verdict",
    "question_chars",
    "answer_chars",
    "reasoning_chars",
    "quality_score",
)
_ALIASES = {"newest": NEWEST, "oldest": "created_at", "longest": "-answer_chars", "shortest": "answer_chars"}
_KEY = "key"
# Up to so many that match are put in order for themselves; of more, those wanted are looked for in the order of all, so
# many at first, unless they stand deep in it.
_FEW, _LOOKED_AT, _DEEPEST = 2_000, 16_384, 20_000
# Greater than any id: no text holds a higher character, and ids are shorter.
_ABOVE_ALL = "\U0010ffff" * 501


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


def select(snapshot: Snapshot, query: SampleQuery) -> Selection:
    """Answer *query* from the index of *snapshot*.

    Raises:
        InputError: unknown sort, or a cursor that is not ours.
    """
    column, descending = parse_sort(query.sort)
    return _by_time(snapshot, query, descending) if column == TIME else _sorted(snapshot, query, column, descending)


def _by_time(snapshot: Snapshot, query: SampleQuery, descending: bool) -> Selection:
    """Answer a query by time: the order is known, a page is a slice of what matches."""
    if query.filters and query.filters.keys() <= set(FILTERS):
        total, find = snapshot.matching(query.filters)
        if query.limit == 0:
            return Selection(pl.Series(POSITION, dtype=pl.UInt32()), total, None)
        if total <= _FEW:
            return _page(snapshot, query, descending, _newest(snapshot, find()))
        if descending and query.limit is not None and query.offset + query.limit <= _DEEPEST:
            return _first_that_fit(snapshot, query, total)
    return _page(snapshot, query, descending, _fitting(snapshot, query))


def _fitting(snapshot: Snapshot, query: SampleQuery) -> Rows:
    """Return the numbers of all that match, newest first."""
    order = snapshot.newest
    if query.filters:
        matching = filtered(snapshot.index(), query.filters).select(POSITION).collect()[POSITION].to_numpy()
        is_wanted = np.zeros(int(order.max(initial=0)) + 1, dtype=np.bool_)
        is_wanted[matching] = True
        order = order[is_wanted[order]]
    return order


def _newest(snapshot: Snapshot, positions: pl.Series) -> Rows:
    """Return *positions* (ascending), newest first."""
    rows = positions.to_numpy()
    return rows[newest_first(snapshot.keys(rows))]


def _first_that_fit(snapshot: Snapshot, query: SampleQuery, total: int) -> Selection:
    """Answer a query for the newest of so many that not all of them need be found."""
    order = snapshot.newest
    start = _behind_cursor(snapshot, order, query, len(order), descending=True) if query.cursor else 0
    wanted, step = query.offset + (query.limit or 0) + 1, _LOOKED_AT
    index = snapshot.index_of(list(query.filters))
    found: list[Rows] = []
    count = 0
    while count < wanted and start < len(order):
        rows = order[start : start + step]
        fitting = index(rows).select(pl.all_horizontal(*(pl.col(n) == v for n, v in query.filters.items())))
        found.append(rows[fitting.to_series().fill_null(False).to_numpy()])
        count += len(found[-1])
        start, step = start + step, step * 2
    rows = np.concatenate(found)[query.offset : wanted] if found else order[:0]
    more = len(rows) > (query.limit or 0)
    rows = rows[: query.limit]
    last = snapshot.keys(rows[-1:]).row(0) if more and len(rows) else ()
    return Selection(pl.Series(POSITION, rows), total, _cursor(query.sort, *last) if last else None)


def _page(snapshot: Snapshot, query: SampleQuery, descending: bool, order: Rows) -> Selection:
    """Return the page of *order*, which is all that matches, newest first."""
    total = len(order)
    timed = total if descending else _timed(snapshot, order)
    if not descending:
        order = oldest_first(order, total - timed)
    start = _behind_cursor(snapshot, order, query, timed, descending) if query.cursor else 0
    first = min(start + query.offset, total)
    end = total if query.limit is None else min(first + query.limit, total)
    more = first < end < total
    last = snapshot.keys(order[end - 1 : end]).row(0) if more else ()
    return Selection(pl.Series(POSITION, order[first:end]), total, _cursor(query.sort, *last) if more else None)


def _timed(snapshot: Snapshot, order: Rows) -> int:
    """Return how many of *order* (newest first) have a time."""
    least = pl.DataFrame({TIME: [""], "id": [_ABOVE_ALL]})
    return int(place_of(order, snapshot.keys, least)[0])


def _behind_cursor(snapshot: Snapshot, order: Rows, query: SampleQuery, timed: int, descending: bool) -> int:
    """Return how many of *order* stand before the page that the cursor names."""
    key, sample_id = _read_cursor(query, str)
    wanted = pl.DataFrame({TIME: [key], "id": [sample_id]}, schema={TIME: pl.String(), "id": pl.String()})
    if descending:
        return int(place_of(order, snapshot.keys, wanted, behind=True)[0])
    low, high = (timed, len(order)) if key is None else (0, timed)
    turned = order[low:high][::-1]
    return high - int(place_of(turned, snapshot.keys, wanted)[0])


def _sorted(snapshot: Snapshot, query: SampleQuery, column: str, descending: bool) -> Selection:
    """Answer a query by sorting all that matches."""
    key = pl.col(column).cast(pl.String()) if column in FILTERS else pl.col(column)
    if column == "difficulty":
        key = pl.col(column).cast(pl.String()).replace_strict(_LEVELS, default=len(_LEVELS), return_dtype=pl.Int64())
    if column == "citation_verdict":
        key = pl.col(column).cast(pl.String()).replace_strict(_VERDICTS, default=None, return_dtype=pl.Int64())
    rows = filtered(snapshot.index(), query.filters).select(POSITION, "id", key.alias(_KEY)).collect()
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
        index = index.filter(is_waiting() if (name, value) == ("review", "waiting") else pl.col(name) == value)
    return index


def is_waiting() -> pl.Expr:
    """Rows of an index without a decision that was made here."""
    return pl.col("review").is_null() | (pl.col("review") == WITHHELD)


def parse_sort(sort: str) -> tuple[str, bool]:
    """Return the column of *sort* and whether it descends."""
    sort = _ALIASES.get(sort, sort)
    column = sort.removeprefix("-")
    if column not in SORTS:
        raise InputError(f"sort: got {sort[:40]!r}, want one of {', '.join(SORTS)} (- before it reverses the order)")
    return column, sort.startswith("-")


# The weakest first; what is not checked yet comes last.
_VERDICTS = {name: place for place, name in enumerate(("invalid", "unverified", "none", "verified"))}
_LEVELS = {name: level for level, name in enumerate(DIFFICULTIES)}


def _cursor(sort: str, key: object, sample_id: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([sort, key, sample_id])).decode().rstrip("=")


def _read_cursor(query: SampleQuery, kind: type | UnionType) -> tuple[object, str]:
    """Return key and id of the last sample before the page; InputError for a cursor that is not ours."""
    try:
        padded = query.cursor + "=" * (-len(query.cursor) % 4)
        sort, key, sample_id = orjson.loads(base64.urlsafe_b64decode(padded.encode()))
        if sort != query.sort or not isinstance(sample_id, str) or not isinstance(key, kind | None):
            raise ValueError(sort)
    except (ValueError, binascii.Error, UnicodeEncodeError, TypeError):
        raise InputError(
            "cursor: not one of this list; take next_cursor of the page before, with the same sort"
        ) from None
    return key, sample_id


def _after(query: SampleQuery, descending: bool, dtype: pl.DataType) -> pl.Expr:
    """Rows after the cursor, in the query's order."""
    key, sample_id = _read_cursor(query, int | float if dtype.is_numeric() else str)
    column, identifier = pl.col(_KEY), pl.col("id")
    behind = identifier < sample_id if descending else identifier > sample_id
    if key is None:
        return column.is_null() & behind
    last = pl.lit(key)
    further = column < last if descending else column > last
    return further | column.is_null() | ((column == last) & behind)
