"""Brings the columns of a Parquet file of others under our names; the file's own columns stay beside them."""

from __future__ import annotations

import orjson

from models.fields import DIFFICULTIES
from models.samples.column_map import SYSTEM, ColumnMap
from models.samples.file.column_types import plain
from models.samples.foreign_fields import DEFAULTS, NEEDED, NOTED, issue, read_row
from utils.frames import pl


def under_our_names(raw: pl.DataFrame, columns: ColumnMap) -> pl.DataFrame:
    """Return *raw* with the fields that *columns* finds in it, without the columns that only number its rows."""
    kept = raw.drop(name for name in columns.index if raw.schema[name].is_numeric())
    nested = [name for name, column in columns.fields.items() if name in NEEDED and raw.schema[column].is_nested()]
    if columns.is_own and not nested:
        return kept
    added = list(dict.fromkeys([*_added(columns), *nested]))
    involved = [*columns.fields.values(), columns.joined, columns.turns, columns.system]
    rows = raw.select(name for name in raw.columns if name in involved).iter_rows(named=True)
    found = [read_row(row, columns).values for row in rows]
    return kept.with_columns(
        pl.Series(name, [_text(row.get(name)) for row in found], dtype=pl.String()) for name in added
    )


def _added(columns: ColumnMap) -> list[str]:
    """Return the fields that are made of columns of other names."""
    spoken = [*NEEDED, "reasoning"] if columns.turns else []
    if "question" not in columns.fields and "answer" in columns.fields:
        spoken = [*NEEDED]  # preferences may have the prompt within the answer
    renamed = [name for name, column in columns.fields.items() if name != column]
    joined = ["question"] if columns.joined else []
    return list(dict.fromkeys([*renamed, *spoken, *joined, *([SYSTEM] if columns.turns or columns.system else [])]))


def with_notes(rows: pl.DataFrame) -> pl.DataFrame:
    """Fill in what *rows* (our columns, nulls in them) lack, and note it in `quality_issues` where nothing is yet."""
    level = pl.col("difficulty").str.strip_chars().str.to_lowercase()
    known = pl.when(level.is_in(DIFFICULTIES)).then(level).otherwise(pl.col("difficulty")).alias("difficulty")
    lacking = [pl.when(_blank(name)).then(pl.lit(f'"{issue(name)}"')) for name in NOTED]
    notes = pl.concat_str(lacking, separator=",", ignore_nulls=True)
    told = pl.when(notes != "").then(pl.format("[{}]", notes))
    noted = rows.with_columns(known, pl.coalesce("quality_issues", told).alias("quality_issues"))
    noted = noted.with_columns(pl.coalesce("updated_at", "created_at").alias("updated_at"))
    emptied = [pl.when(~_blank(name)).then(pl.col(name)).alias(name) for name in NEEDED]
    return noted.with_columns(emptied).with_columns(pl.col(name).fill_null(value) for name, value in DEFAULTS.items())


def _blank(name: str) -> pl.Expr:
    return (pl.col(name).str.strip_chars() == "").fill_null(True)


def _text(value: object) -> str | None:
    if isinstance(value, list | dict):
        return orjson.dumps(value, default=plain).decode()
    return None if value is None else str(value)
