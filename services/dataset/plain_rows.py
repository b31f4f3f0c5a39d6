"""Rows of an import that need no change are taken some thousands at a time, by columns.

What is taken here comes out as `staging.sample_of` would make it, row by row; whatever is not plain (a field is
missing, another type, a conversation, a control character, a fault) is left to that. A file that another installation
of this service exported is plain.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property

from models.fields import DIFFICULTIES, LARGEST
from models.samples.claims import FOUND_OUT, MADE_ANEW, PREFIX
from models.samples.column_map import ColumnMap, map_columns
from models.samples.file.column_types import fitted
from models.samples.file.intake import schema
from models.samples.foreign_fields import DEFAULTS
from models.schemas import COLUMNS, REQUIRED_FIELDS
from models.sizes import CELL_BYTES
from utils.frames import np, pl

BLOCK_ROWS = 4000
# Of a row with its names: far below what any limit allows.
_SHORT_BYTES = CELL_BYTES // 4
_COLUMNS = 100
_LONGEST_NAME, _LONGEST_ID = 100, 500
_WRAPPED = {"row_idx", "row"}
_NONE = type(None)
_DEFAULTS = {"jurisdiction": DEFAULTS["jurisdiction"], "sample_type": DEFAULTS["sample_type"]}
_LINE_END, _DELETE, _BLANK = 10, 127, 32
# The first byte of the characters from U+0080 on, and the second of those that are controls.
_LATIN, _CONTROLS = 0xC2, 0xA0
_MOMENT = r"^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{6})?\+00:00$"
_SHAPE = "%Y-%m-%dT%H:%M:%S%.f%:z"
_TEXTS = frozenset(name for name, kind in COLUMNS.items() if kind is str) - FOUND_OUT
_TIMES = frozenset({"created_at", "updated_at"})


@dataclass(frozen=True)
class _Shape:
    """The columns of rows that are read together."""

    names: tuple[str, ...]

    @cached_property
    def columns(self) -> ColumnMap:
        return map_columns(self.names)

    @cached_property
    def is_plain(self) -> bool:
        """Every column has our name or is an extra one that can be kept, and all that a sample needs is there."""
        names = set(self.names)
        return (
            len(names) <= _COLUMNS
            and set(REQUIRED_FIELDS) <= names
            and not _WRAPPED & names
            and self.columns.is_own
            and all(map(_is_kept, self.names))
        )


@dataclass(frozen=True)
class PlainRows:
    """Some thousand rows as they are stored.

    Attributes:
        frame: The samples.
        sources: The columns that the fields were found in, for people.
        claims: Columns that only the service finds out, and that hold something.
        extra: Columns of the file's own.
        size_bytes: As `models.schemas.bytes_of`, of all together.
    """

    frame: pl.DataFrame
    sources: Mapping[str, str]
    claims: frozenset[str]
    extra: frozenset[str]
    size_bytes: int


def plain_rows(rows: Sequence[Mapping[str, object]], now: str) -> PlainRows | None:
    """Return *rows* as samples that come in at the time *now*; None if one of them must be looked at by itself."""
    shape = _Shape(tuple(rows[0]))
    if not shape.is_plain or any(tuple(row) != shape.names for row in rows):
        return None
    columns = zip(*(row.values() for row in rows), strict=True)
    series = {name: _series(name, list(values)) for name, values in zip(shape.names, columns, strict=True)}
    known = {name: column for name, column in series.items() if column is not None}
    if len(known) < len(series):
        return None
    frame = pl.DataFrame(list(known.values()))
    sizes = _sizes(frame)
    if not _is_sound(frame) or not bool((sizes <= _SHORT_BYTES).all()):
        return None
    claims = frozenset(name for name in FOUND_OUT & known.keys() if _holds(known[name]))
    # A moment is stored as `models.fields.Moment` writes it.
    frame, extra = _stored(frame, claims, datetime.fromisoformat(now).isoformat())
    return PlainRows(frame, shape.columns.shown(), claims, extra, int(_sizes(frame).sum()))


@cache
def _kinds() -> Mapping[type, pl.DataType]:
    return {str: pl.String(), int: pl.Int64(), float: pl.Float64(), bool: pl.Boolean()}


def _is_kept(name: str) -> bool:
    return bool(name.strip()) and not name.startswith("_") and name.isprintable() and len(name) <= _LONGEST_NAME


def _series(name: str, values: list[object]) -> pl.Series | None:
    """Return a column, typed as the journal types it; None if its values need a look."""
    kinds = set(map(type, values)) - {_NONE}
    if not kinds:
        return pl.Series(name, values, dtype=schema().get(name, pl.String()))
    if kinds == {int, float}:
        kinds = {float}
    if len(kinds) > 1 or (kind := kinds.pop()) not in _kinds():
        return None
    if name in _TEXTS and kind is not str:
        return None
    if kind is int and not all(value is None or abs(value) <= LARGEST for value in values):  # type: ignore[arg-type]
        return None
    return pl.Series(name, values, dtype=_kinds()[kind], strict=False)


def _is_sound(frame: pl.DataFrame) -> bool:
    """Tell whether no row of *frame* has a fault, or something to put right."""
    if frame.schema.get("tokens_used", pl.Int64()) != pl.Int64():
        return False
    if any(_has_odd(frame[name]) for name, dtype in frame.schema.items() if isinstance(dtype, pl.String)):
        return False
    faults = [*_faults_of_values(frame.schema), *_faults_of_fields(frame.columns)]
    found = frame.select(pl.any_horizontal(fault.fill_null(value=False).any() for fault in faults))
    return not bool(found.item())


def _has_odd(texts: pl.Series) -> bool:
    """Tell whether a text holds a character that `put_right` looks at; at a fifth of the cost of a pattern."""
    data = texts.to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()[2]
    content = np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, dtype=np.uint8)
    if (content[content < _BLANK] != _LINE_END).any() or (content == _DELETE).any():
        return True
    behind = np.flatnonzero(content[:-1] == _LATIN) + 1
    return bool((content[behind] < _CONTROLS).any())


def _faults_of_values(schema: Mapping[str, pl.DataType]) -> Iterator[pl.Expr]:
    """Yield what no number may be: one that JSON cannot hold."""
    for name, dtype in schema.items():
        value = pl.col(name)
        if isinstance(dtype, pl.Float64):
            yield ~value.is_finite() | ((value.abs() > LARGEST) & (value.floor() == value))


def _faults_of_fields(names: Collection[str]) -> Iterator[pl.Expr]:
    """Yield what a field may not be."""
    for name in REQUIRED_FIELDS:
        yield pl.col(name).fill_null("").str.strip_chars() == ""
    yield ~pl.col("difficulty").is_in(DIFFICULTIES)
    yield pl.col("id").str.len_chars() > _LONGEST_ID
    yield pl.col("id").str.contains(r"[\x00-\x1f]")
    for name in _DEFAULTS.keys() & set(names):
        yield pl.col(name).str.strip_chars() == ""
    for name in _TIMES & set(names):
        text = pl.col(name)
        yield ~text.str.contains(_MOMENT) | text.str.contains(r"\.000000")
        yield text.is_not_null() & text.str.to_datetime(_SHAPE, strict=False).is_null()
    if "tokens_used" in names:
        yield pl.col("tokens_used") < 0


def _sizes(frame: pl.DataFrame) -> pl.Series:
    """Return the size of each row with the names of its columns, as `models.schemas.bytes_of`."""
    parts = [
        pl.when(pl.col(name).is_null())
        .then(0)
        .otherwise(len(name) + (pl.col(name).str.len_chars().cast(pl.Int64()) if isinstance(dtype, pl.String) else 8))
        for name, dtype in frame.schema.items()
    ]
    return frame.select(pl.sum_horizontal(parts)).to_series()


def _holds(column: pl.Series) -> bool:
    shown = column.is_not_null() & (column != "") if isinstance(column.dtype, pl.String) else column.is_not_null()
    return bool(shown.any())


def _stored(frame: pl.DataFrame, claims: frozenset[str], now: str) -> tuple[pl.DataFrame, frozenset[str]]:
    """Return *frame* with all columns of a data set, claims set apart, and the names of its extra ones."""
    columns = {name: pl.col(name) for name in frame.columns if name not in FOUND_OUT}
    for name in sorted(claims - MADE_ANEW):
        claim, apart = pl.col(name), PREFIX + name
        if isinstance(frame.schema[name], pl.String):
            claim = pl.when(claim != "").then(claim)
        columns[apart] = pl.coalesce(claim, apart) if apart in columns else claim
    for name, default in {**_DEFAULTS, "created_at": now}.items():
        columns[name] = columns[name].fill_null(default) if name in columns else pl.lit(default)
    columns["updated_at"] = pl.coalesce(columns.get("updated_at", pl.lit(None)), columns["created_at"])
    made = frame.select(column.alias(name) for name, column in columns.items())
    shown = {name: made[name].is_not_null() for name in made.columns if name not in schema()}
    # In the order in which rows show them.
    extra = sorted((name for name, held in shown.items() if held.any()), key=lambda name: shown[name].arg_max() or 0)
    return fitted(made, {**schema(), **{name: made.schema[name] for name in extra}}), frozenset(extra)
