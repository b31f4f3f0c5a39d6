"""Samples: `train.parquet` overlaid by a journal of what is newer.

A put is one commit of the database; `fold` moves the journal into the Parquet file
by an atomic replacement. Reads see the file overlaid by the journal, by id, and are
exact at every moment: the file is swapped and the journal trimmed under one lock
that a reader holds only while it opens both.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

import orjson
import polars as pl
from sqlalchemy import Connection, Engine, delete, func, insert, select

from models.database import JournalRow, Writer
from models.parquet_file import SCHEMA, ParquetFile
from models.schemas import Sample, new_sample
from utils.clock import Clock, iso
from utils.errors import InputError, NotFoundError

FILTERS = ("topic", "difficulty", "jurisdiction", "sample_type", "provider", "model", "batch_id")
_FOLD_WAITING = 10
_FOLD_PAUSE_S = 10.0
_FOLD_SHARE = 20.0
_CHUNK = 2000
_N, _ORDER = "__n__", "__order__"


class SampleStore:
    """The data set. Every method may be called from any thread."""

    def __init__(self, file: ParquetFile, engine: Engine, writer: Writer, clock: Clock) -> None:
        self._file = file
        self._engine = engine
        self._writer = writer
        self._clock = clock
        self._swap_lock = threading.Lock()
        self._fold_lock = threading.Lock()
        self._last_fold_ended = clock.monotonic()
        self._last_fold_s = 0.0
        self._overlay_cache: tuple[object, pl.DataFrame, list[str]] | None = None

    # --- reads ---------------------------------------------------------------------------

    @contextmanager
    def rows(self) -> Iterator[pl.LazyFrame]:
        """Yield all samples as they are at this moment; collect inside the block."""
        with self._swap_lock, self._engine.connect() as connection:
            handle = self._file.open()
            live, changed = self._overlay(connection)
        try:
            yield self._combine(handle, live, changed)
        except pl.exceptions.PolarsError as error:
            raise self._file.unreadable(error) from error
        finally:
            if handle is not None:
                handle.close()

    def version(self) -> object:
        """Return a value that changes whenever the data set does."""
        with self._swap_lock, self._engine.connect() as connection:
            return self._journal_key(connection), self._file.identity()

    def count(self, filters: Mapping[str, str] | None = None) -> int:
        """Count the samples that match *filters*."""
        with self.rows() as rows:
            return int(_filtered(rows, filters).select(pl.len()).collect().item())

    def get(self, sample_id: str) -> dict[str, Any]:
        """Return one sample.

        Raises:
            NotFoundError: there is none with this id.
        """
        with self.rows() as rows:
            found = rows.filter(pl.col("id") == sample_id).head(1).collect().to_dicts()
        if not found:
            raise NotFoundError(f"sample {sample_id!r}: not found; list the ids with GET /api/data")
        return found[0]

    def walk(
        self, filters: Mapping[str, str] | None = None, limit: int | None = None, offset: int = 0
    ) -> Iterator[dict[str, Any]]:
        """Yield samples, newest first, in the state of the first step; holds one chunk in memory."""
        with self.rows() as rows:
            matching = _filtered(rows, filters)
            if limit is not None:
                order = [pl.col("created_at"), pl.col("id")]
                page = matching.sort(order, descending=True, nulls_last=True).slice(offset, limit)
                yield from page.collect().iter_rows(named=True)
                return
            numbered = matching.with_row_index(_N)
            keys = numbered.select(_N, "created_at", "id").collect()
            wanted = keys.sort(["created_at", "id"], descending=True, nulls_last=True)[_N].slice(offset)
            for start in range(0, len(wanted), _CHUNK):
                part = wanted.slice(start, _CHUNK)
                order_of_part = part.to_frame().with_row_index(_ORDER)
                chunk = numbered.filter(pl.col(_N).is_in(part.implode())).collect()
                ordered = chunk.join(order_of_part, on=_N).sort(_ORDER).drop(_N, _ORDER)
                yield from ordered.iter_rows(named=True)

    # --- changes -------------------------------------------------------------------------

    def put(self, connection: Connection, sample: Sample) -> None:
        """Write *sample* into the journal within the caller's transaction."""
        self._journal(connection, sample.id, "u", sample.model_dump())

    def add(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Add one sample from outside.

        Raises:
            InputError: fields are missing, or the id exists.
        """
        sample = new_sample({"created_at": iso(self._clock.now()), **values})

        def change(connection: Connection) -> None:
            if self._find(connection, sample.id) is not None:
                raise InputError(f"id: {sample.id!r} exists; choose another id or change that sample with PUT")
            self.put(connection, sample)

        self._writer.run(change)
        return self.get(sample.id)

    def update(self, sample_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change the named fields of a sample; all others stay.

        Raises:
            NotFoundError: there is no such sample.
            InputError: a required field would be empty, or the new id exists.
        """

        def change(connection: Connection) -> str:
            current = self._find(connection, sample_id)
            if current is None:
                raise NotFoundError(f"sample {sample_id!r}: not found; list the ids with GET /api/data")
            sample = new_sample({**current, **changes, "updated_at": iso(self._clock.now())})
            if sample.id != sample_id:
                if self._find(connection, sample.id) is not None:
                    raise InputError(f"id: {sample.id!r} exists; choose another id")
                self._journal(connection, sample_id, "d", None)
            self.put(connection, sample)
            return sample.id

        return self.get(self._writer.run(change))

    def delete(self, sample_id: str) -> None:
        """Delete a sample; NotFoundError when there is none."""

        def change(connection: Connection) -> None:
            if self._find(connection, sample_id) is None:
                raise NotFoundError(f"sample {sample_id!r}: not found; list the ids with GET /api/data")
            self._journal(connection, sample_id, "d", None)

        self._writer.run(change)

    # --- fold ----------------------------------------------------------------------------

    def fold_if_due(self) -> bool:
        """Fold when enough waits and folding would take a small share of the time."""
        pause_s = max(_FOLD_PAUSE_S, _FOLD_SHARE * self._last_fold_s)
        if self._clock.monotonic() - self._last_fold_ended < pause_s:
            return False
        with self._engine.connect() as connection:
            waiting = connection.execute(select(func.count()).select_from(JournalRow)).scalar() or 0
        return waiting >= _FOLD_WAITING and self.fold() > 0

    def fold(self) -> int:
        """Move the journal into train.parquet; return how many changes went in.

        Raises:
            StorageError: the file could not be written; everything stays in the journal.
        """
        with self._fold_lock:
            started = self._clock.monotonic()
            with self._swap_lock, self._engine.connect() as connection:
                handle = self._file.open()
                live, changed = self._overlay(connection)
                upto = self._journal_key(connection)[0]
            try:
                if not changed:
                    return 0
                self._file.write_aside(self._combine(handle, live, changed))
            finally:
                if handle is not None:
                    handle.close()
            with self._swap_lock:
                self._file.swap()
                self._writer.run(
                    lambda connection: connection.execute(delete(JournalRow).where(JournalRow.seq <= upto))
                )
            self._last_fold_ended = self._clock.monotonic()
            self._last_fold_s = self._last_fold_ended - started
            return len(changed)

    # --- the overlay ---------------------------------------------------------------------

    def _combine(self, handle: BinaryIO | None, live: pl.DataFrame, changed: list[str]) -> pl.LazyFrame:
        base = self._file.scan(handle)
        if changed:
            base = base.filter(~pl.col("id").is_in(changed))
        return pl.concat([base, live.lazy()], how="diagonal_relaxed") if len(live) else base

    def _overlay(self, connection: Connection) -> tuple[pl.DataFrame, list[str]]:
        """Return the journal's live rows and the ids that it overrides; cached by its state."""
        key = self._journal_key(connection)
        cached = self._overlay_cache
        if cached is not None and cached[0] == key:
            return cached[1], cached[2]
        journal = connection.execute(select(JournalRow.id, JournalRow.data).order_by(JournalRow.seq)).all()
        dicts = [orjson.loads(data) for _, data in journal if data is not None]
        live = _frame(dicts)
        changed = [sample_id for sample_id, _ in journal]
        self._overlay_cache = (key, live, changed)
        return live, changed

    def _find(self, connection: Connection, sample_id: str) -> dict[str, Any] | None:
        """Look one sample up inside the writer's transaction.

        Takes no lock: only the writer's own thread trims the journal, so a file that was
        swapped meanwhile holds the same rows once more.
        """
        row = connection.execute(select(JournalRow.op, JournalRow.data).where(JournalRow.id == sample_id)).first()
        if row is not None:
            return orjson.loads(row.data) if row.op == "u" else None
        handle = self._file.open()
        if handle is None:
            return None
        with handle:
            found = self._file.scan(handle).filter(pl.col("id") == sample_id).head(1).collect().to_dicts()
        return found[0] if found else None

    def _journal(self, connection: Connection, sample_id: str, op: str, values: dict[str, Any] | None) -> None:
        # Delete and insert, not update: a change must take a new seq, or a fold under way would drop it.
        connection.execute(delete(JournalRow).where(JournalRow.id == sample_id))
        fields = values or {}
        row = {
            "id": sample_id,
            "op": op,
            "topic": fields.get("topic"),
            "difficulty": fields.get("difficulty"),
            "created_at": fields.get("created_at"),
            "data": orjson.dumps(values, default=str).decode() if values is not None else None,
        }
        connection.execute(insert(JournalRow).values(**row))

    @staticmethod
    def _journal_key(connection: Connection) -> tuple[int, int]:
        row = connection.execute(select(func.max(JournalRow.seq), func.count()).select_from(JournalRow)).one()
        return int(row[0] or 0), int(row[1])


def _frame(samples: list[dict[str, Any]]) -> pl.DataFrame:
    """Build a frame of *samples*; an extra column of mixed types becomes text."""
    schema = dict(SCHEMA)
    for name in dict.fromkeys(name for sample in samples for name in sample if name not in SCHEMA):
        kinds = {type(sample[name]) for sample in samples if sample.get(name) is not None}
        schema[name] = _DTYPES.get(frozenset(kinds), pl.String())
    columns = {
        name: [_fitted(sample.get(name), isinstance(dtype, pl.String)) for sample in samples]
        for name, dtype in schema.items()
    }
    return pl.DataFrame(columns, schema=schema, strict=False)


def _fitted(value: Any, as_text: bool) -> Any:
    return str(value) if as_text and value is not None and not isinstance(value, str) else value


_DTYPES: dict[frozenset[type], pl.DataType] = {
    frozenset({bool}): pl.Boolean(),
    frozenset({int}): pl.Int64(),
    frozenset({float}): pl.Float64(),
    frozenset({int, float}): pl.Float64(),
}


def _filtered(rows: pl.LazyFrame, filters: Mapping[str, str] | None) -> pl.LazyFrame:
    for name, value in (filters or {}).items():
        rows = rows.filter(pl.col(name) == value)
    return rows
