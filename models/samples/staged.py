"""Staged samples: samples of an import, checked and waiting on the disk.

They are written in parts as they come, so that a file of any size is checked in bounded
memory; only their index stays in memory.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from models.samples.file.carried_groups import CarriedGroup
from models.samples.file.column_types import fitted, wider
from models.samples.file.group_writer import footer_schema
from models.samples.file.row_groups import GroupFile, is_full, open_groups
from models.samples.file.row_index import describe
from models.samples.journal import frame_of
from models.samples.snapshot import Snapshot
from models.schemas import bytes_of
from models.sizes import ALL_COLUMNS, COMMIT_BYTES, PIECE_BYTES
from utils.errors import ConflictError, InputError
from utils.frames import pl

# Up to so many short samples an import is one commit of the journal; above, a new file version.
SMALL = 2000
_PART_ROWS = 1000
_NAMED = 5
ON_DUPLICATE = ("error", "skip", "replace")


@dataclass(frozen=True)
class MergePlan:
    """How staged samples and a snapshot are merged.

    Attributes:
        snapshot: The old samples, except those replaced.
        index: The index of the staged samples that are taken.
        columns: Names and types of the result.
    """

    snapshot: Snapshot
    index: pl.DataFrame
    columns: dict[str, pl.DataType]
    replaced: int
    skipped: int

    def result(self) -> MergeResult:
        """Return what an import by this plan does."""
        return MergeResult(self.index.height - self.replaced, self.replaced, self.skipped)


@dataclass(frozen=True)
class MergeResult:
    """What an import did, in samples."""

    added: int
    replaced: int
    skipped: int


class StagedSamples:
    """The staged samples of one import. One thread fills it; `close` removes its folder."""

    def __init__(self, folder: Path, on_duplicate: str = "error") -> None:
        if on_duplicate not in ON_DUPLICATE:
            raise InputError(f"on_duplicate: got {on_duplicate[:40]!r}, want one of {', '.join(ON_DUPLICATE)}")
        self.on_duplicate = on_duplicate
        self._folder = folder
        self._waiting: list[Mapping[str, object]] = []
        self._parts: list[Path] = []
        self._open = ExitStack()
        self._file: GroupFile | None = None
        self._schema = pl.Schema()
        self._indexes: list[pl.DataFrame] = []
        self._waiting_bytes = 0
        self._bytes = 0
        self.columns: dict[str, pl.DataType] = {}
        self.index = describe(frame_of([]))

    def __len__(self) -> int:
        """Return the number of samples."""
        return self.index.height + sum(index.height for index in self._indexes) + len(self._waiting)

    def __getstate__(self) -> dict[str, object]:
        """Go to another process with the index in a file: in the message it would be in memory four times over."""
        if len(self.index):
            self.index.write_parquet(self._index_path, compression="lz4")
        return {**self.__dict__, "_open": None, "index": self.index.head(0)}

    def __setstate__(self, state: Mapping[str, object]) -> None:
        self.__dict__.update(state)
        if self._index_path.exists():
            self.index = pl.read_parquet(self._index_path, memory_map=False)

    @property
    def _index_path(self) -> Path:
        return self._folder / "index.parquet"

    @property
    def is_small(self) -> bool:
        """True if the samples fit into one commit."""
        return len(self) <= SMALL and self._bytes <= COMMIT_BYTES

    def add(self, values: Mapping[str, object]) -> None:
        """Add one checked sample."""
        size = bytes_of(values)
        self._waiting.append(values)
        self._waiting_bytes += size
        self._bytes += size
        if len(self._waiting) >= _PART_ROWS or self._waiting_bytes >= PIECE_BYTES:
            self._write_part()

    def add_frame(self, frame: pl.DataFrame, size_bytes: int) -> None:
        """Add checked samples with all columns of a data set; *size_bytes* is what `bytes_of` says of all of them."""
        if self._waiting:
            self._write_part()
        self._write(frame)
        self._bytes += size_bytes

    def finish(self) -> None:
        """Write the last part; call it once, after the last sample."""
        if self._waiting:
            self._write_part()
        self._open.close()
        self._file = None
        self.index = pl.concat([self.index, *self._indexes])
        self._indexes.clear()

    def close(self) -> None:
        """Remove everything from the disk."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def samples(self) -> Iterator[dict[str, object]]:
        """Yield the samples in the order they were added."""
        for piece in self.pieces():
            for row in piece.iter_rows(named=True):
                yield {name: value for name, value in row.items() if value is not None}

    def pieces(self) -> Iterator[pl.DataFrame]:
        """Yield the samples as frames."""
        return (group.read() for part in self._parts for group in open_groups(part).groups())

    def groups(self, columns: Mapping[str, pl.DataType]) -> Iterator[tuple[CarriedGroup, bool]]:
        """Yield the samples as row groups, each with whether a file of *columns* may take it as it is."""
        schema = footer_schema(columns)
        for part in self._parts:
            file = open_groups(part)
            fits = file.fits(schema)
            yield from ((group, fits) for group in file.groups())

    def plan(self, snapshot: Snapshot) -> MergePlan:
        """Plan the merge of *snapshot* and these samples.

        Raises:
            ConflictError: ids exist, and `on_duplicate` is "error".
            InputError: an extra column does not fit the type that the data set has there.
        """
        existing = self.existing(snapshot)
        if existing and self.on_duplicate == "error":
            raise duplicates(existing)
        columns = self._joined(snapshot.columns)
        index, skipped, replaced = self.index, 0, 0
        if existing and self.on_duplicate == "skip":
            index, skipped = index.filter(~pl.col("id").is_in(existing)), len(existing)
        elif existing:
            snapshot, replaced = without(snapshot, existing), len(existing)
        return MergePlan(snapshot, index, columns, replaced, skipped)

    def existing(self, snapshot: Snapshot) -> list[str]:
        """Return the ids that *snapshot* has already."""
        ids = snapshot.index().select("id")
        return self.index.lazy().select("id").join(ids, on="id", how="semi").collect()["id"].to_list()

    def _joined(self, columns: dict[str, pl.DataType]) -> dict[str, pl.DataType]:
        check_room(columns, self.columns)
        joined = dict(columns)
        for name, dtype in self.columns.items():
            held = joined.get(name, dtype)
            if (held.is_nested() or held.is_temporal()) and held != dtype:
                raise InputError(f"{name}: the data set holds {held} there, the import {dtype}; rename the column")
            joined[name] = wider(held, dtype)
        return joined

    def _write_part(self) -> None:
        frame = frame_of(self._waiting)
        self._waiting, self._waiting_bytes = [], 0
        self._write(frame)

    def _write(self, frame: pl.DataFrame) -> None:
        for name, dtype in frame.schema.items():
            held = self.columns.get(name, dtype)
            self.columns[name] = wider(held, dtype)
        if self._file is None or frame.schema != self._schema:
            self._open.close()
            self._file, self._schema = self._begin_file(frame.schema), frame.schema
        self._file.add(frame)
        self._indexes.append(describe(frame))

    def _begin_file(self, schema: pl.Schema) -> GroupFile:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._parts.append(self._folder / f"{len(self._parts):06d}.parquet")
        file = self._open.enter_context(self._parts[-1].open("wb"))
        return self._open.enter_context(GroupFile(file.write, schema, {}))


def check_room(columns: Mapping[str, object], names: Iterable[str]) -> None:
    """Refuse *names* that would give a data set of *columns* too many; InputError names one."""
    added = [name for name in names if name not in columns]
    if added and len(columns) + len(added) > ALL_COLUMNS:
        raise InputError(
            f"{added[0][:40]}: the data set has {len(columns)} columns, with this it would have "
            f"{len(columns) + len(added)}, want at most {ALL_COLUMNS}; leave it out, or use a column that is there"
        )


def taken_parts(staged: StagedSamples, plan: MergePlan) -> Iterator[pl.DataFrame | CarriedGroup]:
    """Yield the staged samples that *plan* takes, with its columns."""
    is_taken = None if plan.index.height == len(staged) else staged.index["id"].is_in(plan.index["id"].implode())
    start = 0
    for group, fits in staged.groups(plan.columns):
        taken = is_taken.slice(start, group.rows) if is_taken is not None else None
        start += group.rows
        if taken is None or taken.all():
            yield group if fits and is_full(group.rows, group.size_bytes) else fitted(group.read(), plan.columns)
        else:
            yield fitted(group.read().filter(taken), plan.columns)


def without(snapshot: Snapshot, ids: list[str]) -> Snapshot:
    """Return *snapshot* without the samples *ids*."""
    overlay, version = snapshot.overlay, snapshot.version
    hidden = snapshot.hidden
    if version is not None:
        hidden = pl.concat([hidden, version.index.positions(ids)]).unique().sort()
    kept = ~overlay.live["id"].is_in(ids)
    thinner = replace(overlay, held=overlay.rows.filter(kept))
    return Snapshot(version, thinner, hidden)


def duplicates(
    ids: list[str], what: str = "exist already", advice: str = "use on_duplicate=skip or replace"
) -> ConflictError:
    """Say what is wrong with *ids*; the first five are named."""
    shown = ", ".join(ids[:_NAMED]) + (", …" if len(ids) > _NAMED else "")
    return ConflictError(f"Duplicate ids: {len(ids)} {what} ({shown}); {advice}")
