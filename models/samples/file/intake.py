"""Intake: decides what to change in Parquet files that others wrote, and changes it.

A file may lack columns, hold other types, broken text, missing or repeated ids.
`Intake` is decided once from the file's schema and applied to every piece read, so that
the rest of the service sees only our columns and types. Extra columns keep their types.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from models.samples.column_map import ColumnMap, map_columns
from models.samples.file.foreign_frame import under_our_names, with_notes
from models.samples.foreign_fields import DEFAULTS, NEEDED
from models.schemas import COLUMNS
from utils.control_characters import SUSPECT, put_right
from utils.frames import pl

if TYPE_CHECKING:  # it has no types: they tell people what is meant, not mypy
    import pyarrow as pa

_NEVER_BLANK = ("id", "topic", "difficulty", "jurisdiction", "sample_type")
_NAMED = 5
_SHOWN = 20


@cache
def schema() -> Mapping[str, pl.DataType]:
    """Return our columns and their types."""
    types: dict[type, pl.DataType] = {int: pl.Int64(), float: pl.Float64(), str: pl.String()}
    return {name: types[kind] for name, kind in COLUMNS.items()}


@dataclass
class IntakeReport:
    """What the intake changed; `changes` are sentences for people."""

    rows: int = 0
    columns: int = 0
    changes: list[str] = field(default_factory=list)


class Intake:
    """Converts the pieces of one file. Immutable after `inspect`; it can go to another process."""

    def __init__(self, schema: pa.Schema, is_ours: bool = False) -> None:
        """Decide what to do with each column of *schema*; a file that *is_ours* has our names already."""
        self.names = unique_names(schema.names)
        self._kept = _readable(schema)
        self._is_ours = is_ours
        self._map = ColumnMap() if is_ours else map_columns(self.names[n] for n in self._kept)
        self._broken_text: set[int] = set()
        self._nulls: Counter[str] = Counter()
        self._unfit: Counter[str] = Counter()
        self._put_right: Counter[str] = Counter()
        self._types = {self.names[n]: str(schema.field(n).type) for n in range(len(schema.names))}
        self._dropped = [self.names[n] for n in range(len(schema.names)) if n not in self._kept]
        self._renamed = [new for old, new in zip(schema.names, self.names, strict=True) if old != new]
        found = [self.names[n] for n in self._kept]
        self._sources = {name: name for name in COLUMNS if name in found} | dict(self._map.fields)

    def raw(self, table: pa.Table) -> pl.DataFrame:
        """Read *table* as it is; only text that is not UTF-8 is repaired."""
        for n in self._kept:
            if _has_broken_text(table.column(n)):
                self._broken_text.add(n)
        return self._raw(table)

    def inspect(self, table: pa.Table) -> pl.DataFrame:
        """Read *table* for the first time, noting what must be changed in it."""
        raw = under_our_names(self.raw(table), self._map)
        conformed = self._conform(raw, self._put_right)
        for name in (*DEFAULTS, "id"):
            if name in raw.columns:
                self._nulls[name] += raw[name].null_count()
        for name in COLUMNS:
            if name in raw.columns and name not in DEFAULTS:
                self._unfit[name] += max(conformed[name].null_count() - raw[name].null_count(), 0)
        return conformed

    def merge(self, other: Intake) -> None:
        """Add what another one noted in a file, or a part of it, of the same schema."""
        self._broken_text |= other._broken_text
        self._nulls.update(other._nulls)
        self._unfit.update(other._unfit)
        self._put_right.update(other._put_right)

    def read(self, table: pa.Table) -> pl.DataFrame:
        """Read *table* with our columns and types; ids may be null or repeated still."""
        return self._conform(under_our_names(self._raw(table), self._map))

    def refusal(self) -> str:
        """Say why no row of the file can be taken."""
        found = ", ".join(self.names[n][:40] for n in sorted(self._kept)[:_SHOWN]) or "none"
        return f"no row has a question and an answer; its columns are {found}; rename two to question and answer"

    def report(self, rows: int, new_ids: int, repeated_ids: list[str], refused: list[int]) -> IntakeReport:
        """Report what was changed in *rows* rows; *refused* are the numbers (from 1) of those not taken in."""
        changes = [f"column {name}: left out, its type {self._types[name]} cannot be read" for name in self._dropped]
        changes += [f"column {name}: renamed, the file has two columns of that name" for name in self._renamed]
        changes += [f"column {name}: left out, it numbers the rows" for name in self._map.index]
        changes += self._column_changes() + self._cell_changes()
        if refused:
            shown = ", ".join(map(str, refused[:_NAMED])) + (", …" if len(refused) > _NAMED else "")
            changes.append(f"{len(refused)} rows were refused, they have no question or no answer (rows {shown})")
        if new_ids and "id" in self._sources:
            changes.append(f"column id: {new_ids} rows without an id were given one")
        if repeated_ids:
            shown = ", ".join(repeated_ids[:_NAMED])
            changes.append(f"column id: {len(repeated_ids)} repeated ids were given a number ({shown})")
        return IntakeReport(rows, len(self.names), changes)

    def _column_changes(self) -> list[str]:
        changes = []
        shown = self._map.shown()
        for name, wanted in COLUMNS.items():
            source = self._sources.get(name, "")
            if shown.get(name, name) != name:
                changes.append(f"column {name}: read from {shown[name]}")
            elif source:
                if self._types[source] not in _SAME[wanted]:
                    kind = "text" if wanted is str else "number"
                    changes.append(f"column {name}: {self._types[source]} read as {kind}")
            elif name in DEFAULTS or name == "id":
                filled = repr(DEFAULTS[name]) if name in DEFAULTS else "new ids"
                changes.append(f"column {name}: missing, filled with {filled}")
        return changes

    def _cell_changes(self) -> list[str]:
        broken = [f"column {self.names[n]}: characters that are not UTF-8 replaced" for n in sorted(self._broken_text)]
        filled = [
            f"column {name}: {count} empty cells filled with {DEFAULTS[name]!r}"
            for name, count in self._nulls.items()
            if count and name in DEFAULTS and name not in NEEDED
        ]
        control = [f"column {name}: control characters put right in {n} cells" for name, n in self._put_right.items()]
        return (
            broken
            + control
            + filled
            + [f"column {name}: {n} unusable cells emptied" for name, n in self._unfit.items() if n]
        )

    def _raw(self, table: pa.Table) -> pl.DataFrame:
        columns = {}
        for n, as_text in self._kept.items():
            column = table.column(n)
            if n in self._broken_text:
                column = _mended(column)
            elif as_text:
                column = column.cast("string")
            columns[self.names[n]] = pl.Series(self.names[n], pl.from_arrow(column))
        return pl.DataFrame(columns) if columns else pl.DataFrame(height=table.num_rows)

    def _conform(self, raw: pl.DataFrame, mended: Counter[str] | None = None) -> pl.DataFrame:
        ours = []
        for name, wanted in schema().items():
            column = _as(raw[name], wanted) if name in raw.columns else pl.Series(name, [None], dtype=wanted)
            if len(column) != raw.height:
                column = column.new_from_index(0, raw.height)
            ours.append(column.rename(name))
        extra = [raw[name] for name in raw.columns if name not in COLUMNS]
        rows = pl.DataFrame([*ours, *(_plain(column) for column in extra)])
        mended_rows = rows if self._is_ours else _without_control(rows, mended)
        said = [pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)).alias(name) for name in _NEVER_BLANK]
        told = mended_rows.with_columns(said)
        if self._is_ours:
            return told.with_columns(pl.col(name).fill_null(value) for name, value in DEFAULTS.items())
        return with_notes(told)


def mended_ids(ids: pl.Series) -> tuple[pl.Series, int, list[str]]:
    """Give every row of a file a unique id.

    Returns:
        The ids, how many rows had none, and the ids that stood there more than once.
    """
    missing = ids.null_count()
    if not missing and ids.n_unique() == len(ids):
        return ids, 0, []
    values = ids.to_list()
    taken = {value for value in values if value is not None}
    seen: set[str] = set()
    repeated = []
    for row, value in enumerate(values):
        if value is not None and value not in seen:
            seen.add(value)
            continue
        if value is not None:
            repeated.append(value)
        values[row] = _free(f"imported_{row}" if value is None else value, taken, 2 if value is not None else 1)
        seen.add(values[row])
    return pl.Series("id", values, dtype=pl.String()), missing, repeated


def unique_names(names: Iterable[str]) -> list[str]:
    """Return *names* with a number appended to each repetition."""
    taken: set[str] = set(names)
    seen: set[str] = set()
    result = []
    for name in names:
        result.append(name if name not in seen else _free(name, taken, 2))
        seen.add(result[-1])
    return result


_SAME = {
    str: frozenset({"string", "large_string", "string_view"}),
    int: frozenset({"int64", "int32", "int16", "int8", "uint32", "uint16", "uint8"}),
    float: frozenset({"double", "float", "halffloat"}),
}


def _free(name: str, taken: set[str], number: int) -> str:
    candidate = name if number < 2 else f"{name}_{number}"
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    taken.add(candidate)
    return candidate


def _readable(schema: pa.Schema) -> dict[int, bool]:
    """Return the columns that can be read, each with whether it must be converted to text first."""
    found: dict[int, bool] = {}
    for n, empty in enumerate(schema.empty_table().columns):
        for as_text in (False, True):
            try:
                pl.from_arrow(empty.cast("string") if as_text else empty)
            except Exception:  # noqa: BLE001, S112  # Arrow and Polars refuse types with errors of many kinds  # nosec B112
                continue
            found[n] = as_text
            break
    return found


def _has_broken_text(column: pa.ChunkedArray) -> bool:
    """True when text of *column* is not UTF-8."""
    if not any(word in str(column.type) for word in ("string", "utf8")):
        return False
    try:
        column.validate(full=True)
    except Exception as error:  # ArrowInvalid, without importing pyarrow at start
        if "UTF8" not in str(error):
            raise
        return True
    return False


def _mended(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    if not str(column.type).endswith("string"):
        column = column.cast("large_binary") if "view" not in str(column.type) else column.cast("binary")
    texts = [
        None if value is None else value.decode("utf-8", "replace") for value in column.cast("large_binary").to_pylist()
    ]
    return pa.chunked_array([pa.array(texts, type=pa.large_string())])


def _without_control(rows: pl.DataFrame, mended: Counter[str] | None) -> pl.DataFrame:
    """Put right the texts of *rows*; *mended* counts them by column."""
    changed = []
    for name in rows.columns:
        if rows.schema[name] != pl.String():
            continue
        suspect = rows[name].str.contains(SUSPECT).arg_true()
        found = rows[name].gather(suspect).to_list()
        texts = [put_right(text) for text in found]
        count = sum(text != before for text, before in zip(texts, found, strict=True))
        if count:
            changed.append(rows[name].scatter(suspect, texts))
            if mended is not None:
                mended[name] += count
    return rows.with_columns(changed)


def _as(column: pl.Series, wanted: pl.DataType) -> pl.Series:
    """Make *column* one of our types; what does not fit becomes null."""
    if column.dtype == wanted:
        return column
    try:
        fitted = _as_text(column) if isinstance(wanted, pl.String) else column.cast(wanted, strict=False)
        if isinstance(wanted, pl.Float64):
            fitted = fitted.set(~fitted.is_finite(), None)  # JSON has no such numbers
    except pl.exceptions.PolarsError:
        fitted = column
    # Polars casts what is inside a list or struct, which is not what was asked for.
    return fitted if fitted.dtype == wanted else pl.Series(column.name, [None] * len(column), dtype=wanted)


def _as_text(column: pl.Series) -> pl.Series:
    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        aware = column if kind.time_zone else column.dt.replace_time_zone("UTC")
        return aware.dt.convert_time_zone("UTC").dt.to_string("iso:strict")
    if isinstance(kind, pl.Binary):
        texts = [None if value is None else value.decode("utf-8", "replace") for value in column.to_list()]
        return pl.Series(column.name, texts, dtype=pl.String())
    if kind.is_nested():
        return pl.Series(column.name, [_flat(value) for value in column.to_list()], dtype=pl.String())
    return column.cast(pl.String(), strict=False)


def _flat(value: object) -> str | None:
    if isinstance(value, list):
        return "; ".join(str(item) for item in value if item is not None)
    return None if value is None else str(value)


def _plain(column: pl.Series) -> pl.Series:
    """Extra columns keep their type, except types that two files cannot share."""
    if isinstance(column.dtype, pl.Categorical | pl.Enum) or column.dtype == pl.Null():
        return column.cast(pl.String())
    return column
