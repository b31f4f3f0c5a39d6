"""The journal: changes newer than train.parquet, as rows of the database.

A put always takes a new `seq`, so that a change made during a fold is not dropped with
what was folded. `Overlay` is the journal in memory: immutable, and brought up to date by
reading only what was added since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

import orjson
from sqlalchemy import Connection, Row, delete, insert, select, update

from models.database import FoldRow, JournalRow, StoreRow
from models.engines.dialects import replacing
from models.engines.statement import Statement
from models.samples.file.column_types import plain, stacked
from models.samples.file.intake import schema
from models.samples.file.row_index import describe
from utils.frames import pl

# Replace, not update: a change must take a new seq.
_REPLACE = Statement(
    replacing(JournalRow, "id", ("id", "op", "topic", "difficulty", "created_at", "data"), counted="seq")
)
# A frame of more pieces is slow to query.
_CHUNKS = 50
_PIECE = 1000


# seq, id, data; None where a sample was deleted
Change: TypeAlias = Row[int, str, str | None]


@dataclass(frozen=True, slots=True)
class Rows:
    """The samples that the journal puts.

    Attributes:
        live: The samples, oldest change first.
        seqs: The `seq` of each.
        index: `describe(live)`.
    """

    live: pl.DataFrame
    seqs: pl.Series
    index: pl.DataFrame

    @classmethod
    def none(cls) -> Rows:
        """Return no samples, with our columns."""
        live = pl.DataFrame(schema=schema())
        return cls(live, pl.Series("seq", dtype=pl.Int64()), describe(live))

    def filter(self, kept: pl.Series) -> Rows:
        """Return the rows that are *kept*."""
        return Rows(self.live.filter(kept), self.seqs.filter(kept), self.index.filter(kept))


@dataclass(frozen=True)
class Overlay:
    """The journal's state at one moment.

    Attributes:
        upto: Highest `seq` that is in it.
        changed: Every id that overrides the file, also deleted ones, with its `seq`.
        held: The samples put; None for none, so that an empty data set is known without Polars.
    """

    upto: int = 0
    changed: Mapping[str, int] = field(default_factory=dict)
    held: Rows | None = None

    def __len__(self) -> int:
        """Return the number of samples put."""
        return self.held.live.height if self.held is not None else 0

    @cached_property
    def rows(self) -> Rows:
        """The samples put."""
        return self.held or Rows.none()

    @property
    def live(self) -> pl.DataFrame:
        """The samples put, oldest change first."""
        return self.rows.live

    @property
    def seqs(self) -> pl.Series:
        """The `seq` of each row of `live`."""
        return self.rows.seqs

    @property
    def index(self) -> pl.DataFrame:
        """`describe(live)`."""
        return self.rows.index

    def after(self, rows: Iterable[Change]) -> Overlay:
        """Return the state after the journal's *rows* (seq, id, data), which are newer than all of it."""
        changes = [(int(seq), str(sample_id), data) for seq, sample_id, data in rows]
        if not changes:
            return self
        ids = {sample_id: seq for seq, sample_id, _ in changes}
        puts = [(seq, orjson.loads(data)) for seq, _, data in changes if data is not None]
        added = frame_of([values for _, values in puts])
        before = self.rows
        if not ids.keys().isdisjoint(self.changed):  # most changes are new samples
            before = before.filter(~before.live["id"].is_in(list(ids)))
        new = Rows(added, pl.Series("seq", [seq for seq, _ in puts], dtype=pl.Int64()), describe(added, is_ours=True))
        in_one = before.live.n_chunks() > _CHUNKS
        live = stacked([before.live, new.live], rechunk=in_one)
        seqs = pl.concat([before.seqs, new.seqs], rechunk=in_one)
        index = pl.concat([before.index, new.index], rechunk=in_one)
        return Overlay(changes[-1][0], {**self.changed, **ids}, Rows(live, seqs, index))

    def beyond(self, floor: int) -> Overlay:
        """Return the state without what has a `seq` up to *floor*."""
        changed = {sample_id: seq for sample_id, seq in self.changed.items() if seq > floor}
        if len(changed) == len(self.changed):
            return self
        return replace(self, changed=changed, held=self.rows.filter(self.seqs > floor))


def read_after(connection: Connection, seq: int) -> Iterator[Sequence[Change]]:
    """Yield the journal's rows (seq, id, data) with a higher `seq`, in order, a piece at a time.

    In one piece, what a batch writes between two folds would take five times its size in memory.
    """
    query = select(JournalRow.seq, JournalRow.id, JournalRow.data).order_by(JournalRow.seq).limit(_PIECE)
    while rows := connection.execute(query.where(JournalRow.seq > seq)).all():
        yield rows
        seq = rows[-1].seq


def caught_up(connection: Connection, overlay: Overlay) -> tuple[Overlay, set[str]]:
    """Return the state after all that came since *overlay*, and the ids of it.

    It is returned once all is read: a reading that is cut short changes nothing, so what came is told once.
    """
    added: set[str] = set()
    for rows in read_after(connection, overlay.upto):
        overlay = overlay.after(rows)
        added |= {row.id for row in rows}
    return overlay, added


def write(connection: Connection, changes: Iterable[tuple[str, Mapping[str, object] | None]]) -> None:
    """Put samples (id, values) or delete them (id, None), within the caller's transaction."""
    rows: list[dict[str, object]] = [
        {
            "id": sample_id,
            "op": "d" if values is None else "u",
            "topic": None if values is None else values.get("topic"),
            "difficulty": None if values is None else values.get("difficulty"),
            "created_at": None if values is None else values.get("created_at"),
            "data": None if values is None else orjson.dumps(values, default=plain).decode(),
        }
        for sample_id, values in changes
    ]
    _REPLACE.run_many(connection, rows)


def find(connection: Connection, sample_id: str, floor: int) -> tuple[bool, dict[str, object] | None]:
    """Return whether the journal has a change of *sample_id* above *floor*, and the sample that it puts."""
    query = select(JournalRow.data).where(JournalRow.id == sample_id, JournalRow.seq > floor)
    row = connection.execute(query).first()
    return row is not None, orjson.loads(row.data) if row is not None and row.data is not None else None


def find_all(connection: Connection, ids: Sequence[str], floor: int) -> dict[str, bool]:
    """Return which of *ids* the journal changes above *floor*, each with whether it puts a sample."""
    found: dict[str, bool] = {}
    for start in range(0, len(ids), _PIECE):
        wanted = JournalRow.id.in_(ids[start : start + _PIECE])
        query = select(JournalRow.id, JournalRow.op).where(wanted, JournalRow.seq > floor)
        found.update({row.id: row.op != "d" for row in connection.execute(query)})
    return found


def trim(connection: Connection, upto: int) -> None:
    """Delete the rows that were folded."""
    connection.execute(delete(JournalRow).where(JournalRow.seq <= upto))


@dataclass(frozen=True, slots=True)
class Fold:
    """What the database records of train.parquet.

    Records of older releases have the first two only.

    Attributes:
        file: Name (`version_id`) of the file version; "" for a file that others wrote.
        upto: Highest `seq` of the journal that it holds.
        generation: How many versions this database has written.
        samples: Number of its rows.
        before: Name of the file that it replaces until the rename, "" for none; afterwards `file` itself.
    """

    file: str
    upto: int = 0
    generation: int = 0
    samples: int | None = None
    before: str | None = None


def mark(connection: Connection, fold: Fold) -> None:
    """Record, before a rename, what the file will hold."""
    connection.execute(delete(FoldRow))
    connection.execute(insert(FoldRow).values(id=1, file=fold.file, upto=fold.upto))
    more = {"generation": fold.generation, "samples": fold.samples, "before": fold.before}
    if not connection.execute(update(StoreRow).values(more)).rowcount:
        connection.execute(insert(StoreRow).values(id=1, **more))


def settle(connection: Connection, fold: Fold) -> None:
    """Record that the file of *fold* is in place, and delete the changes that it holds."""
    mark(connection, replace(fold, before=fold.file))
    trim(connection, fold.upto)


def last_fold(connection: Connection) -> Fold | None:
    """Return the last record; None if nothing was folded yet."""
    noted = connection.execute(select(FoldRow.file, FoldRow.upto)).first()
    more = connection.execute(select(StoreRow.generation, StoreRow.samples, StoreRow.before)).first()
    return Fold(*noted, *(more or ())) if noted is not None else None


def database_id(connection: Connection) -> str | None:
    """Return the name of the database; None if it has none yet."""
    return connection.execute(select(StoreRow.database_id)).scalar()


def name_database(connection: Connection, name: str) -> None:
    """Give the database its name."""
    if not connection.execute(update(StoreRow).values(database_id=name)).rowcount:
        connection.execute(insert(StoreRow).values(id=1, database_id=name))


def folded(connection: Connection, version_id: str) -> int:
    """Return the highest `seq` that the file version of this name holds; 0 if not recorded."""
    fold = last_fold(connection)
    return fold.upto if fold is not None and version_id and fold.file == version_id else 0


def ids_after(connection: Connection, seq: int) -> set[str]:
    """Return the ids that were changed after *seq*."""
    return set(connection.execute(select(JournalRow.id).where(JournalRow.seq > seq)).scalars())


def _type_of(kinds: set[type]) -> pl.DataType:
    """Return the type of a column whose values are of these *kinds*."""
    if kinds == {bool}:
        return pl.Boolean()
    if kinds == {int}:
        return pl.Int64()
    return pl.Float64() if kinds in ({float}, {int, float}) else pl.String()


def frame_of(samples: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """Build a frame of *samples*; an extra column of mixed types becomes text."""
    types: dict[str, pl.DataType | None] = dict(schema())
    for name in dict.fromkeys(name for sample in samples for name in sample if name not in types):
        kinds = {type(sample[name]) for sample in samples if sample.get(name) is not None}
        nested = bool(kinds) and kinds <= {list, dict} and len(kinds) == 1
        types[name] = None if nested else _type_of(kinds)
    columns = [
        pl.Series(name, [_fitted(sample.get(name), dtype) for sample in samples], dtype=dtype, strict=False)
        for name, dtype in types.items()
    ]
    return pl.DataFrame(columns)


def _fitted(value: object, dtype: pl.DataType | None) -> object:
    as_text = isinstance(dtype, pl.String)
    return str(value) if as_text and value is not None and not isinstance(value, str) else value
