"""Column types: finds one that holds the values of two frames, and casts to it without loss.

Extra columns may be of any type, and the same name may come with another type later.
What two types cannot share becomes text; lists and objects become JSON.
"""

from __future__ import annotations

import base64
import datetime
from collections.abc import Mapping, Sequence

import orjson

from utils.frames import pl


def plain(value: object) -> str | float:
    """Return *value* as JSON can hold it; bytes become base64, spans of time seconds."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    return str(value)


def stacked(frames: Sequence[pl.DataFrame], rechunk: bool = False) -> pl.DataFrame:
    """Concatenate *frames*; a column that one lacks is null there."""
    parts: dict[str, list[pl.Series]] = {}
    for frame in frames:
        for column in frame.iter_columns():
            parts.setdefault(column.name, []).append(column)
    columns = {name: _joined(columns) for name, columns in parts.items()}
    return pl.concat([fitted(frame, columns) for frame in frames], rechunk=rechunk)


def fitted(rows: pl.DataFrame, columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Give *rows* the columns wanted; missing ones are null."""
    held = rows.schema
    if list(held.items()) == list(columns.items()):
        return rows
    series = [
        fit(rows[name], dtype) if name in held else pl.Series(name, [None] * rows.height, dtype=dtype)
        for name, dtype in columns.items()
    ]
    return pl.DataFrame(series)


def fit(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Cast *column*; raises PolarsError when a value does not fit."""
    if column.dtype == dtype:
        return column
    if dtype == pl.String() and (column.dtype.is_nested() or isinstance(column.dtype, pl.Binary)):
        return pl.Series(column.name, [_text(value) for value in column.to_list()], dtype=dtype)
    if isinstance(dtype, pl.Binary) and column.dtype == pl.String():
        return column.str.decode("base64")
    if isinstance(dtype, pl.Duration) and column.dtype.is_numeric():  # seconds
        return (column * 1e6).cast(pl.Int64()).cast(pl.Duration("us")).cast(dtype)
    if dtype.is_temporal() and column.dtype == pl.String():
        return _moments(column, dtype)
    return column.cast(dtype)


def _moments(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Read times from their JSON form."""
    if isinstance(dtype, pl.Datetime):
        aware = column.str.to_datetime(time_zone="UTC", time_unit=dtype.time_unit)
        return aware.dt.convert_time_zone(dtype.time_zone) if dtype.time_zone else aware.dt.replace_time_zone(None)
    return column.str.to_time() if isinstance(dtype, pl.Time) else column.str.to_date()


def _text(value: object) -> str | None:
    return None if value is None else orjson.dumps(value, default=plain).decode()


def fits(column: pl.Series, dtype: pl.DataType) -> bool:
    """Tell whether *dtype* can hold every value of *column* as it is: 1.5 is no integer, "007" no number."""
    if column.dtype == dtype:
        return True
    if pl.Boolean() in (dtype, column.dtype):
        return False
    if dtype.is_temporal() and column.dtype.is_numeric() and not isinstance(dtype, pl.Duration):
        return False
    try:
        fitting = fit(column, dtype)
        if dtype.is_numeric() and (column.dtype.is_numeric() or column.dtype == pl.String()):
            return fitting.cast(column.dtype).equals(column, check_names=False, null_equal=True)
    except pl.exceptions.PolarsError:
        return False
    return True


def _joined(parts: Sequence[pl.Series]) -> pl.DataType:
    """Return a type that holds every value of *parts*, which are in memory and can be looked at."""
    if len(parts) == 1:
        return parts[0].dtype
    for dtype in (parts[0].dtype, parts[-1].dtype, pl.Float64()):
        if all(part.dtype == dtype or fits(part, dtype) for part in parts):
            return dtype
    return pl.String()


def wider(one: pl.DataType, other: pl.DataType) -> pl.DataType:
    """Return a type that holds every value of both."""
    if one == other:
        return one
    # A float is exact up to 53 bits only.
    exact = all(kind.is_numeric() and kind not in (pl.Int64(), pl.UInt64()) for kind in (one, other))
    return pl.Float64() if exact else pl.String()


def common(base: pl.DataType | None, column: pl.Series, own: pl.DataType) -> pl.DataType:
    """Return a type that holds a column of type *base* and *column*, whose type is *own*; *base* if that will do."""
    if base is None or base == own or fits(column, base):
        return base or own
    return wider(base, own)
