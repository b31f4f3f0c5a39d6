"""One version of samples that lie in shards: read like one file, of which it opens what is asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain
from pathlib import Path

from models.samples.file.carried_groups import CarriedFile
from models.samples.file.column_types import fitted, wider
from models.samples.file.file_mark import new_mark
from models.samples.file.intake import schema
from models.samples.file.parquet_version import ParquetVersion
from models.samples.file.row_groups import write_groups
from models.samples.file.row_index import RowIndex
from models.samples.shards.joined_index import JoinedIndex
from models.samples.shards.manifest import Shard
from models.samples.shards.shard_files import ShardFiles, more_columns
from models.samples.version import Identity
from utils.frames import NDArray, np, pl


@dataclass(frozen=True, slots=True)
class Part:
    """A shard of a version, with what is known of its rows."""

    shard: Shard
    index: RowIndex


class ShardedVersion:
    """The shards of one version, one behind the other; their rows and row groups are numbered through."""

    is_ours = True

    def __init__(self, number: int, parts: Sequence[Part], files: ShardFiles) -> None:
        """Read *parts* of *files* as version *number*."""
        self.number, self.parts, self._files = number, tuple(parts), files
        shards = [part.shard for part in self.parts]
        self.starts = [0, *accumulate(shard.rows for shard in shards)]
        self._first_groups = [0, *accumulate(len(shard.groups) for shard in shards)]
        self.identity: Identity = (0, number, sum(shard.size_bytes for shard in shards))
        self.index = JoinedIndex([part.index for part in self.parts], self._refused())

    def _refused(self) -> pl.Series:
        gone = [
            np.asarray(part.shard.gone, dtype=np.uint32) + np.uint32(start)
            for part, start in zip(self.parts, self.starts, strict=False)
            if part.shard.gone
        ]
        return pl.Series("n", np.concatenate(gone) if gone else [], dtype=pl.UInt32())

    def __len__(self) -> int:
        """Return the number of rows, those that are gone too."""
        return self.starts[-1]

    @property
    def version_id(self) -> str:
        """Its name."""
        return f"shards {self.number}"

    @property
    def taken(self) -> int:
        """The number of rows that are samples."""
        return len(self) - len(self.index.refused)

    @cached_property
    def columns(self) -> dict[str, pl.DataType]:
        """Names and types of the columns, ours first."""
        columns = dict(schema())
        for part in self.parts:
            for name, dtype in more_columns(part.shard).items():
                columns[name] = wider(columns.get(name, dtype), dtype)
        return columns

    def take(self, positions: Sequence[int]) -> pl.DataFrame:
        """Return the rows at *positions* (ascending), all columns."""
        found: list[pl.DataFrame] = []
        first = 0
        while first < len(positions):
            number = self._part_of(positions[first])
            start = self.starts[number]
            last = bisect_left(positions, self.starts[number + 1], lo=first)
            rows = self._open(number).take([position - start for position in positions[first:last]])
            found.append(fitted(rows, self.columns))
            first = last
        return pl.concat(found) if found else pl.DataFrame(schema=self.columns)

    def sizes(self, positions: pl.Series) -> pl.Series:
        """Return how many bytes the rows at *positions* take in memory, as the mean of their row groups."""
        first_rows, means = self._measures
        groups = np.searchsorted(first_rows, positions.to_numpy(), side="right") - 1
        return pl.Series(means[groups])

    @cached_property
    def _measures(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The first row of each row group, and the mean size of its rows in bytes."""
        told = np.asarray(list(chain.from_iterable(part.shard.groups for part in self.parts)), dtype=np.int64)
        rows, sizes = told[:, 0], told[:, 1]
        return np.cumsum(rows) - rows, sizes // np.maximum(rows, 1)

    def groups(self) -> Iterator[tuple[int, int]]:
        """Yield the first row of each row group and how many it has."""
        start = 0
        for part in self.parts:
            for rows, _ in part.shard.groups:
                yield start, rows
                start += rows

    def pieces(self) -> Iterator[pl.DataFrame]:
        """Yield all rows in order, in pieces of bounded size."""
        for number in range(len(self.parts)):
            for piece in self._open(number).pieces():
                yield fitted(piece, self.columns)

    def pieces_of(self, group: int) -> Iterator[pl.DataFrame]:
        """Yield the rows of a row group in order, in pieces of bounded size."""
        number = bisect_right(self._first_groups, group) - 1
        for piece in self._open(number).pieces_of(group - self._first_groups[number]):
            yield fitted(piece, self.columns)

    def narrow(self, names: Sequence[str], only: Sequence[int] | None = None) -> Iterator[pl.DataFrame]:
        """Yield these columns of all rows in order, or of row groups; others are not decoded."""
        types = {name: self.columns[name] for name in names}
        wanted = range(self._first_groups[-1]) if only is None else only
        by_part: dict[int, list[int]] = {}
        for group in wanted:
            number = bisect_right(self._first_groups, group) - 1
            by_part.setdefault(number, []).append(group - self._first_groups[number])
        for number, groups in by_part.items():
            version = self._open(number)
            # Of a shard that has none of them one column is read, for the number of its rows.
            held = [name for name in names if name in version.columns] or ["id"]
            for piece in version.narrow(held, groups):
                yield fitted(piece, types)

    def carried(self, columns: Mapping[str, pl.DataType]) -> CarriedFile | None:
        """Return None: row groups of several files are not carried over."""
        return None

    def samples(self) -> Iterator[pl.DataFrame]:
        """Yield the rows that are samples, as `pieces`."""
        start = 0
        for piece in self.pieces():
            yield piece[self.shown(start, piece.height)]
            start += piece.height

    def shown(self, start: int, count: int) -> NDArray[np.int64]:
        """Return which of *count* rows from *start* on are samples, numbered from there."""
        refused = self.index.refused.to_numpy()
        low, high = np.searchsorted(refused, (start, start + count))
        return np.setdiff1d(np.arange(count), refused[low:high] - start, assume_unique=True)

    def copy_to(self, path: Path) -> None:
        """Write its samples as one Parquet file, of no database: whoever starts with it takes it in.

        Raises:
            StorageError: a shard cannot be read.
            OSError: the file cannot be written.
        """
        write_groups(path, self.samples(), self.columns, new_mark("", 0))

    def _part_of(self, position: int) -> int:
        return bisect_right(self.starts, position) - 1

    def _open(self, number: int) -> ParquetVersion:
        part = self.parts[number]
        return self._files.open(part.shard, part.index)
