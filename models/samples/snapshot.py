"""The data set at one moment: a file version overlaid by the journal.

A snapshot never changes and needs no lock; it can be read for as long as it is held.
Rows are numbered: first those of the file, then those that the journal puts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import count
from typing import Protocol

from models.samples.file.carried_groups import CarriedFile, CarriedGroup
from models.samples.file.column_types import common, fitted
from models.samples.file.intake import schema
from models.samples.file.newest import TIME, Rows, joined, newest_first
from models.samples.file.row_groups import gathered, is_full, portions, row_bytes, slices
from models.samples.file.row_index import describe
from models.samples.journal import Overlay
from models.samples.version import Identity, Version, rows_of, take_in_order
from models.sizes import PIECE_BYTES
from utils.frames import np, pl

POSITION = "position"


class Snapshots(Protocol):
    """Takes snapshots: the store itself, or another process that reads it."""

    def snapshot(self) -> Snapshot:
        """Return all samples as they are now."""


class HasSamples(Protocol):
    """The tools of a task elsewhere that needs the data set and no more."""

    @property
    def samples(self) -> Snapshots:
        """The data set."""


class Snapshot:
    """All samples at the moment it was taken."""

    def __init__(self, version: Version | None, overlay: Overlay, hidden: pl.Series | None = None) -> None:
        """Overlay *version*; *hidden* are its rows that the overlay overrides, ascending; None for none."""
        self.version = version
        self.overlay = overlay
        self._hidden = hidden

    def is_of(self, identity: Identity | None) -> bool:
        """Tell whether its file is the version *identity*."""
        return self.version is not None and self.version.identity == identity

    def __len__(self) -> int:
        """Return the number of samples."""
        hidden = len(self._hidden) if self._hidden is not None else 0
        return rows_of(self.version) - hidden + len(self.overlay)

    @cached_property
    def hidden(self) -> pl.Series:
        """The rows of `version` that the overlay overrides, ascending."""
        return pl.Series("n", [], dtype=pl.UInt32()) if self._hidden is None else self._hidden

    @property
    def state(self) -> tuple[object, int, int]:
        """A value that differs between any two states of the data set."""
        identity = self.version.identity if self.version is not None else None
        return identity, self.overlay.upto, len(self.overlay.changed)

    @cached_property
    def columns(self) -> dict[str, pl.DataType]:
        """Names and types of the columns, ours first."""
        columns = dict(self.version.columns if self.version is not None else schema())
        for column in self.overlay.live.iter_columns():
            columns[column.name] = common(columns.get(column.name), column, column.dtype)
        return columns

    @cached_property
    def _live(self) -> pl.DataFrame:
        return fitted(self.overlay.live, self.columns)

    def index(self) -> pl.LazyFrame:
        """Return what is known of every sample without its texts (`row_index.describe`), with its number."""
        base = self.version.index.frame if self.version is not None else describe(pl.DataFrame(schema=schema()))
        rows = base.lazy().with_row_index(POSITION)
        if len(self.hidden):
            rows = rows.filter(~pl.col(POSITION).is_in(self.hidden.implode()))
        first = rows_of(self.version)
        return pl.concat([rows, self.overlay.index.lazy().with_row_index(POSITION, offset=first)])

    def matching(self, filters: Mapping[str, str]) -> tuple[int, Callable[[], pl.Series]]:
        """Return how many samples have these values (columns of `FILTERS`), and what finds their numbers, ascending."""
        fits = [pl.col(name) == value for name, value in filters.items()]
        first = rows_of(self.version)
        new = self.overlay.index.with_row_index(POSITION, offset=first).filter(*fits)[POSITION]
        if self.version is None:
            return len(new), lambda: new
        index = self.version.index
        count, find = index.matching(filters)
        hidden = self.hidden.to_numpy() if count else np.zeros(0, dtype=np.uint32)
        gone = index.frame.select(list(filters))[hidden].filter(*fits).height if len(hidden) else 0

        def rows() -> pl.Series:
            found = find().alias(POSITION)
            shown = found.filter(~found.is_in(self.hidden.implode())) if gone else found
            return pl.concat([shown, new])

        return count - gone + len(new), rows

    def has_any(self, column: str) -> bool:
        """Tell whether any row of the index has a value in *column*; hidden rows count."""
        frames = [self.overlay.index, *([self.version.index.frame] if self.version is not None else [])]
        return any(frame[column].null_count() < frame.height for frame in frames)

    @cached_property
    def newest(self) -> Rows:
        """The numbers of all samples, newest first."""
        if self.version is None:
            return newest_first(self.overlay.index)
        order = self.version.index.newest
        if len(self.hidden):
            is_shown = np.ones(len(self.version), dtype=np.bool_)
            is_shown[self.hidden.to_numpy()] = False
            order = order[is_shown[order]]
        return joined(order, self.keys, self.overlay.index, len(self.version))

    @property
    def newest_written(self) -> Rows:
        """`newest`, by the rows that the samples have in the order of `pieces`."""
        if self.version is None:
            return self.newest
        is_shown = np.ones(len(self.version) + self.overlay.live.height, dtype=np.bool_)
        is_shown[self.hidden.to_numpy()] = False
        row: Rows = np.cumsum(is_shown, dtype=np.uint32)[self.newest] - np.uint32(1)
        return row

    def keys(self, rows: Rows) -> pl.DataFrame:
        """Return the time and the id of the samples with these numbers."""
        return self.index_of([TIME, "id"])(rows)

    def index_of(self, columns: Sequence[str]) -> Callable[[Rows], pl.DataFrame]:
        """Return what reads these columns of the index of samples, by their numbers, in the order given."""
        first = rows_of(self.version)
        new = self.overlay.index.select(columns)
        file = self.version.index.frame.select(columns) if self.version is not None else new.clear()

        def read(rows: Rows) -> pl.DataFrame:
            if len(rows) and rows.min() >= first:
                return new[rows.astype(np.int64) - first]
            return (pl.concat([file, new]) if len(rows) and rows.max() >= first else file)[rows]

        return read

    def take(self, positions: pl.Series) -> pl.DataFrame:
        """Return the samples with these numbers, all columns, in the order given."""
        first, wanted = rows_of(self.version), positions.to_list()
        new = [number - first for number in wanted if number >= first]
        if self.version is None or len(new) == len(wanted):
            return self._live[new]
        taken = fitted(take_in_order(self.version, [number for number in wanted if number < first]), self.columns)
        if not new:
            return taken
        # The rows read are those of the file, then those of the journal.
        old_places, new_places = count(), count(len(wanted) - len(new))
        return pl.concat([taken, self._live[new]])[
            [next(old_places if number < first else new_places) for number in wanted]
        ]

    def portions(self, positions: pl.Series, rows: int, most_bytes: int = PIECE_BYTES) -> Iterator[pl.Series]:
        """Yield *positions* in parts of at most *rows* samples that take some *most_bytes* in memory."""
        for start in range(0, len(positions), rows):
            part = positions.slice(start, rows)
            yield from portions(part, self._sizes(part), most_bytes)

    def _sizes(self, positions: pl.Series) -> pl.Series:
        first = rows_of(self.version)
        numbers = positions.to_numpy().astype(np.int64)
        is_new = numbers >= first
        new = row_bytes(self._live[numbers[is_new] - first])
        if self.version is None or is_new.all():
            return new
        sizes = np.zeros(len(numbers), dtype=np.int64)
        sizes[is_new] = new.to_numpy()
        sizes[~is_new] = self.version.sizes(positions.filter(pl.Series(~is_new))).to_numpy()
        return pl.Series("bytes", sizes)

    def pieces(self) -> Iterator[pl.DataFrame]:
        """Yield all samples in the file's order, new ones last, in pieces of bounded size."""
        for start, piece in numbered(self.version):
            yield fitted(self._shown(piece, start), self.columns)
        yield from slices(self._live)

    def parts(self, columns: Mapping[str, pl.DataType]) -> Iterator[pl.DataFrame | CarriedGroup]:
        """Yield the same with these *columns*; row groups that a new file may take as they are, undecoded."""
        file = self.version.carried(columns) if self.version is not None else None
        if self.version is None or file is None:
            yield from (fitted(piece, columns) for piece in self.pieces())
            return
        for group, (start, rows) in enumerate(self.version.groups()):
            carried, gone = file.group(group), len(self._gone(start, rows))
            if not gone and is_full(rows, carried.size_bytes):
                yield carried
            elif gone < rows:
                yield fitted(self._shown(carried.read(), start), columns)
        yield from (fitted(piece, columns) for piece in slices(self._live))

    def in_order(self, positions: pl.Series, file: CarriedFile | None = None) -> Iterator[pl.DataFrame | CarriedGroup]:
        """Yield the samples with these numbers, ascending; each row group is decoded once, and not kept.

        Row groups of *file* (`Version.carried`) of which all are wanted come undecoded.
        """
        return gathered(self._in_order(positions, file))

    def _in_order(self, positions: pl.Series, file: CarriedFile | None) -> Iterator[pl.DataFrame | CarriedGroup]:
        first, numbers = rows_of(self.version), positions.to_numpy()
        groups = list(self.version.groups()) if self.version is not None else []
        # One search for all of them: a query each costs more than a row group is worth.
        lows = np.searchsorted(numbers, [start for start, _ in groups]).tolist()
        highs = np.searchsorted(numbers, [start + rows for start, rows in groups]).tolist()
        for group, ((start, rows), low, high) in enumerate(zip(groups, lows, highs, strict=True)):
            if high - low == rows and file is not None:
                yield file.group(group)
            elif high > low:
                yield from self._wanted(group, start, positions[low:high])
        new = positions[int(np.searchsorted(numbers, first)) :]
        yield from slices(self._live[new.cast(pl.Int64()) - first])

    def _wanted(self, group: int, start: int, positions: pl.Series) -> Iterator[pl.DataFrame]:
        """Yield those of a row group's samples, which begins at *start*, that are at *positions*."""
        numbers = positions.to_numpy()
        for piece in self.version.pieces_of(group) if self.version is not None else ():
            low, high = np.searchsorted(numbers, (start, start + piece.height)).tolist()
            wanted = positions[low:high]
            shown = piece if len(wanted) == piece.height else piece[wanted - start]
            start += piece.height
            if shown.height:
                yield fitted(shown, self.columns)

    def _gone(self, start: int, count: int) -> pl.Series:
        """Return which of *count* rows of the file from *start* on are hidden, numbered from `start`."""
        hidden = self.hidden.to_numpy()
        first, last = np.searchsorted(hidden, np.array((start, start + count), dtype=hidden.dtype)).tolist()
        return self.hidden[first:last] - start

    def _shown(self, piece: pl.DataFrame, start: int) -> pl.DataFrame:
        gone = self._gone(start, piece.height)
        return piece.filter(~pl.int_range(piece.height).is_in(gone.implode())) if len(gone) else piece

    def narrow(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield these columns of all rows by their numbers, those that are hidden too."""
        types = {name: self.columns[name] for name in names}
        for piece in self.version.narrow(names) if self.version is not None else ():
            yield fitted(piece, types)
        yield self._live.select(names)

    def some(self, positions: pl.Series, names: Sequence[str]) -> pl.DataFrame:
        """Return these columns of the samples with these numbers, in that order; only their row groups are read."""
        first, numbers = rows_of(self.version), positions.to_numpy().astype(np.int64)
        types = {name: self.columns[name] for name in names}
        groups = list(self.version.groups()) if self.version is not None else []
        starts = np.asarray([start for start, _ in groups], dtype=np.int64)
        is_new = numbers >= first
        group_of = np.searchsorted(starts, numbers, side="right") - 1
        wanted = np.unique(group_of[~is_new]).tolist()
        read = self.version.narrow(names, wanted) if self.version is not None and wanted else ()
        rows = pl.concat([*(fitted(piece, types) for piece in read), self._live.select(names)])
        # Where the rows of each group that was read begin, and behind them those of the journal.
        begins = np.zeros(len(groups) + 1, dtype=np.int64)
        begins[wanted] = np.cumsum([0, *(groups[group][1] for group in wanted)])[:-1]
        file_rows = sum(groups[group][1] for group in wanted)
        in_file = begins[group_of] + numbers - starts[group_of] if groups else np.zeros_like(numbers)
        return rows[np.where(is_new, file_rows + numbers - first, in_file)]

    def described(self) -> pl.DataFrame:
        """Return the index of `pieces`, in the same order."""
        kept = [self.version.index.without(self.hidden)] if self.version is not None else []
        return pl.concat([*kept, self.overlay.index])


def numbered(version: Version | None) -> Iterator[tuple[int, pl.DataFrame]]:
    """Yield the pieces of *version*, each with the number of its first row."""
    start = 0
    for piece in version.pieces() if version is not None else ():
        yield start, piece
        start += piece.height
