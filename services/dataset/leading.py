"""Finds rows that show every column, to stand first in formats without types.

Readers of JSON Lines, JSON and CSV take the types from the first rows (Polars from 100, the `datasets` library from
some 10 MB) and refuse, or drop, what does not fit later: text in a column that began with nulls, items in a list that
began empty, text in a column that began with times. So where the first rows do not show what comes later, a few rows
that do are put first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from models.samples.by_number import pieces_at
from models.samples.snapshot import Snapshot
from utils.frames import np, pl

# Rows that readers see for certain; more of them could be larger than what they look at.
_SHOWN = 20
# Rows that are read whole; beyond them only the columns that did not show everything yet.
_LOOKED_AT = 2_000
# Text that Arrow's reader of JSON takes for a time: a day, or a moment in whole seconds.
_TIME = r"^\d{4}-\d\d-\d\d([T ]\d\d(:?\d\d(:?\d\d)?)?(Z|[+-]\d\d(:?\d\d)?)?)?$"


def leading_first(snapshot: Snapshot, positions: pl.Series, columns: Mapping[str, pl.DataType]) -> pl.Series:
    """Return *positions*, those in front whose rows show what the first rows do not.

    The rest keeps its order. At most one row is moved for each thing to be shown.
    """
    wanted = [(name, sign) for name, dtype in columns.items() for sign in _signs(pl.col(name), dtype)]
    first: dict[int, int] = {}  # number of a sign to the place of the first row that shows it
    start = 0
    for piece in pieces_at(snapshot, positions.head(_LOOKED_AT)) if wanted else ():
        missing = {number: sign for number, (_, sign) in enumerate(wanted) if number not in first}
        for number, place in _seen(piece, missing):
            first[number] = start + place
        start += piece.height
    if len(first) < len(wanted) and len(positions) > start:
        first.update(_seen_later(snapshot, positions, {n: at for n, at in enumerate(wanted) if n not in first}))
    if max(first.values(), default=0) < _SHOWN:
        return positions
    places = pl.Series(sorted(set(first.values())), dtype=pl.UInt32)
    everywhere = pl.int_range(len(positions), dtype=pl.UInt32, eager=True)
    return pl.concat([positions.gather(places), positions.filter(~everywhere.is_in(places.implode()))])


def _seen(piece: pl.DataFrame, signs: Mapping[int, pl.Expr]) -> Iterator[tuple[int, int]]:
    """Yield the signs that *piece* shows, each with its first row that does."""
    shown = piece.select(
        sign.fill_null(value=False).arg_true().first().alias(str(number)) for number, sign in signs.items()
    )
    for number, place in zip(signs, shown.row(0) if shown.width else (), strict=True):
        if place is not None:
            yield number, place


def _seen_later(snapshot: Snapshot, positions: pl.Series, signs: Mapping[int, tuple[str, pl.Expr]]) -> dict[int, int]:
    """Return the place among *positions* of the first row that shows each of *signs*; reads their columns alone."""
    rows = positions.to_numpy()
    nowhere = len(rows)
    places = np.full(int(rows.max()) + 1, nowhere, dtype=np.int64)
    places[rows] = np.arange(nowhere)
    found = dict.fromkeys(signs, nowhere)
    start = 0
    for piece in snapshot.narrow(sorted({name for name, _ in signs.values()})):
        shown = piece.select(sign.fill_null(value=False).alias(str(number)) for number, (_, sign) in signs.items())
        for number in signs:
            at = np.flatnonzero(shown[str(number)].to_numpy()) + start
            at = at[at < len(places)]
            found[number] = min(found[number], int(places[at].min(initial=nowhere)))
        start += piece.height
    return {number: place for number, place in found.items() if place < nowhere}


def _signs(value: pl.Expr, dtype: pl.DataType) -> Iterator[pl.Expr]:
    """Yield an expression for each thing that a reader must see of a column: true where a row shows it."""
    if isinstance(dtype, pl.Struct):
        for field in dtype.fields:
            yield from _signs(value.struct.field(field.name), _instance(field.dtype))
    elif isinstance(dtype, pl.List | pl.Array):
        items = value if isinstance(dtype, pl.List) else value.arr.to_list()
        for sign in _signs(pl.element(), _instance(dtype.inner)):
            yield items.list.eval(sign.fill_null(value=False)).list.any()
    else:
        yield from _signs_of_one(value, dtype)


def _signs_of_one(value: pl.Expr, dtype: pl.DataType) -> Iterator[pl.Expr]:
    if dtype.is_float():
        yield value.is_finite()  # JSON has no other numbers
        return
    yield value.is_not_null()
    if isinstance(dtype, pl.String):
        yield ~value.str.contains(_TIME)
    elif isinstance(dtype, pl.Datetime):
        yield value.dt.microsecond() != 0


def _instance(dtype: object) -> pl.DataType:
    return dtype() if isinstance(dtype, type) else dtype  # type: ignore[return-value]  # either, says Polars
