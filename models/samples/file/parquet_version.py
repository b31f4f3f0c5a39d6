"""One version of `train.parquet`: open, immutable, and readable for as long as somebody holds it.

The file is opened once and read through that handle, so a version stays whole when another file takes its path.
Rows are decoded a row group at a time; the footer is parsed once.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from models.samples.file.bounded_parquet import BoundedReader, release
from models.samples.file.broken_file import UnreadableError, reading
from models.samples.file.carried_groups import CarriedFile
from models.samples.file.file_mark import FileMark
from models.samples.file.group_writer import footer_schema, is_lean
from models.samples.file.intake import Intake, IntakeReport, mended_ids, schema
from models.samples.file.row_groups import told_bytes
from models.samples.file.row_index import RowIndex, describe
from models.samples.version import Identity
from utils.frames import NDArray, np, pl

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# Row groups of foreign files up to so many rows and bytes are read at once, larger ones in pieces until rewritten.
_BEARABLE_ROWS, _BEARABLE_BYTES = 20_000, 32 << 20
# The row groups read last are cached: two of any size, more while they are small together.
_CACHED_GROUPS, _CACHED_ROWS, _CACHED_BYTES = 2, 8000, 32 << 20
# Row groups whose few columns are read together: at most 32 MB of any column.
_NARROW_GROUPS = 8
# From so many row groups on they are decoded by several threads, which costs a millisecond.
_MANY_GROUPS, _DECODERS = 8, min(2, os.cpu_count() or 1)

_VERDICTS = ("citation_verdict", "citations")


def identity_of(stat: os.stat_result) -> Identity:
    """Return what tells versions apart: inode, time of change (ns), size (bytes)."""
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


class ParquetVersion:
    """An open file version with its rows' index."""

    def __init__(
        self,
        path: Path | str,
        index: RowIndex | Callable[[Identity], RowIndex | None] | None = None,
        source: pa.NativeFile | None = None,
    ) -> None:
        """Open *path*; without an *index* every row is read and checked.

        Args:
            path: The file.
            index: The row index, or a function that finds it for the opened file, which may have just been replaced.
            source: The opened file where it is one that is never replaced; *path* is then what errors call it.

        Raises:
            UnreadableError: the file is not Parquet, or broken.
            StorageError: it cannot be opened.
        """
        self._path = path
        with reading(path):
            self._is_far = source is not None
            self.identity: Identity
            self.identity, self._source = ((0, 0, source.size()), source) if source is not None else _opened(Path(path))
            self._bounded = BoundedReader(self._source)
            self._metadata = self._bounded.metadata
            self.mark = FileMark.of(self._metadata)
            self._intake = Intake(self._bounded.schema, self.mark.is_ours)
            groups = [self._metadata.row_group(n) for n in range(self._metadata.num_row_groups)]
        self._rows: list[int] = [group.num_rows for group in groups]
        # Size of a row group in memory: our files record it, others are measured, since dictionaries hide it.
        self._bytes: list[int] = told_bytes(self._metadata) or [group.total_byte_size for group in groups]
        self._starts = self._bounded.starts[:-1]
        self._cache: OrderedDict[int, pl.DataFrame] = OrderedDict()
        self._cache_lock = threading.Lock()
        self.is_ours, self.version_id = self.mark.is_ours, self.mark.version_id
        self.report: IntakeReport | None = None
        self._is_clean = False
        held = index(self.identity) if callable(index) else index
        self.index = self._take_in() if held is None else self._looked_at(held)
        if len(self.index) != self._metadata.num_rows:
            raise UnreadableError(f"{path}: says it has {self._metadata.num_rows} rows, has {len(self.index)}")
        self.is_handy = all(map(self._is_bearable, range(len(self._rows))))
        # Files of our own need no changes.
        self._is_clean = self.is_ours and (self.report is None or not self.report.changes)
        self.columns = self.schema()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.index)

    @property
    def group_sizes(self) -> list[tuple[int, int]]:
        """Rows of each row group, and its bytes in memory."""
        return list(zip(self._rows, self._bytes, strict=True))

    def schema(self) -> dict[str, pl.DataType]:
        """Return names and types of the columns, ours first."""
        with reading(self._path):
            return dict(self._convert(self._bounded.schema.empty_table()).schema)

    def take(self, positions: Sequence[int]) -> pl.DataFrame:
        """Return the rows at *positions* (ascending), all columns."""
        parts: list[tuple[int, list[int]]] = []
        first = 0
        while first < len(positions):
            group = self._group_of(positions[first])
            start = self._starts[group]
            end = bisect_left(positions, start + self._rows[group], lo=first)
            parts.append((group, [position - start for position in positions[first:end]]))
            first = end
        pieces = _decoded(self._pick, parts)
        return pl.concat(pieces) if pieces else pl.DataFrame(schema=self.columns)

    def sizes(self, positions: pl.Series) -> pl.Series:
        """Return how many bytes the rows at *positions* take in memory, as the mean of their row groups."""
        groups = np.searchsorted(self._first_rows, positions.to_numpy(), side="right") - 1
        return pl.Series(self._means[groups])

    @cached_property
    def _first_rows(self) -> NDArray[np.int64]:
        return np.asarray(self._starts, dtype=np.int64)

    @cached_property
    def _means(self) -> NDArray[np.int64]:
        """The mean size of the rows of each group in bytes; first asked for when all were looked at."""
        rows = np.asarray(self._rows, dtype=np.int64)
        return np.asarray(self._bytes, dtype=np.int64) // np.maximum(rows, 1)

    def copy_to(self, path: Path) -> None:
        """Write the file's bytes to *path*, even if its own path now holds another file."""
        size, step = self.identity[2], 1 << 22
        with path.open("wb") as copy:
            for offset in range(0, size, step):
                copy.write(self._source.read_at(min(step, size - offset), offset))

    def pieces(self) -> Iterator[pl.DataFrame]:
        """Yield all rows in order, in pieces of bounded size."""
        for group in range(len(self._rows)):
            yield from self.pieces_of(group)

    def pieces_of(self, group: int) -> Iterator[pl.DataFrame]:
        """Yield the rows of a row group in order, in pieces of bounded size."""
        start = self._starts[group]
        for table in self._tables_of(group):
            yield self._with_ids(self._convert(table), start)
            start += table.num_rows

    def groups(self) -> Iterator[tuple[int, int]]:
        """Yield the first row of each row group and how many it has."""
        return zip(self._starts, self._rows, strict=True)

    def carried(self, columns: Mapping[str, pl.DataType]) -> CarriedFile | None:
        """Return what its row groups are carried over with to a file of *columns*; None if they are not as ours."""
        if not (self._is_clean and self.is_handy and told_bytes(self._metadata) and is_lean(self._metadata)):
            return None
        file = CarriedFile(self._source, self._bytes, lambda group: pl.concat(self.pieces_of(group)))
        return file if file.fits(footer_schema(columns)) else None

    def narrow(self, names: Sequence[str], only: Sequence[int] | None = None) -> Iterator[pl.DataFrame]:
        """Yield these columns of all rows in order, or of row groups; others are not decoded where the file is ours."""
        wanted = range(len(self._rows)) if only is None else only
        if not self._is_clean or not self.is_handy:
            yield from (piece.select(names) for group in wanted for piece in self.pieces_of(group))
            return
        for start in range(0, len(wanted), _NARROW_GROUPS):
            groups = list(wanted[start : start + _NARROW_GROUPS])
            with reading(self._path):
                table = self._reader().read_row_groups(groups, columns=list(names), use_threads=False)
            yield pl.DataFrame(pl.from_arrow(table)).select(names)

    @property
    def taken(self) -> int:
        """The number of rows that are samples."""
        return len(self.index) - len(self.index.refused)

    def samples(self) -> Iterator[pl.DataFrame]:
        """Yield the rows that are samples, as `pieces`."""
        return (piece.filter(pl.col("id").is_not_null()) for piece in self.pieces())

    def _take_in(self) -> RowIndex:
        """Read everything once: check it, note what must be changed, describe the rows."""
        described = [describe(self._intake.inspect(table)) for table in self._looked_over()]
        frame = pl.concat(described) if described else describe(pl.DataFrame(schema=schema()))
        is_blank = (frame["question_chars"] == 0) | (frame["answer_chars"] == 0)
        # What this service wrote was taken once, whatever it says.
        is_taken = pl.repeat(True, frame.height, eager=True) if self.is_ours else ~is_blank
        taken, refused = is_taken.arg_true(), (~is_taken).arg_true()
        if frame.height and not len(taken):
            raise UnreadableError(f"{self._path}: {self._intake.refusal()}")
        ids, missing, repeated = mended_ids(frame["id"].gather(taken))
        self.report = self._intake.report(len(taken), missing, repeated, [int(row) + 1 for row in refused])
        # A row without an id is one that was refused.
        held = pl.Series("id", [None] * frame.height, dtype=pl.String()).scatter(taken, ids)
        return RowIndex(frame.with_columns(held))

    def _looked_at(self, index: RowIndex) -> RowIndex:
        """Return *index*; the row groups of a foreign file are measured again."""
        if not self.is_ours:
            deque(self._looked_over(), maxlen=0)
        return index

    def _looked_over(self) -> Iterator[pa.Table]:
        """Yield all rows as Arrow tables, noting how large each row group is.

        Raises:
            UnreadableError: it is broken, or foreign and larger than samples may be.
        """
        with reading(self._path):
            if not self.is_ours:
                self._bounded.be_strict()
            for group in range(len(self._rows)):
                size = 0
                for table, held in self._bounded.tables(group):
                    size += held
                    yield table
                self._bytes[group] = max(size, self._bytes[group])
            self._bounded.trust()
            release()

    def _is_bearable(self, group: int) -> bool:
        return self._rows[group] <= _BEARABLE_ROWS and self._bytes[group] <= _BEARABLE_BYTES

    def _tables_of(self, group: int) -> Iterator[pa.Table]:
        """Yield a row group as Arrow tables of bounded size."""
        if self._is_bearable(group):
            yield self._table(group)
            return
        with reading(self._path):
            for table, _ in self._bounded.tables(group):
                yield table

    def _pick(self, group: int, rows: Sequence[int]) -> pl.DataFrame:
        """Return the *rows* (ascending) of a row group."""
        if self._is_bearable(group):
            return self._cached(group)[rows]
        found, start, first = [], 0, 0
        for table in self._tables_of(group):
            last = bisect_left(rows, start + table.num_rows, lo=first)
            if last > first:
                piece = self._with_ids(self._convert(table), self._starts[group] + start)
                found.append(piece[[row - start for row in rows[first:last]]])
            start, first = start + table.num_rows, last
            if first == len(rows):
                break
        return pl.concat(found)

    def _table(self, group: int) -> pa.Table:
        with reading(self._path):
            # Threads cost more CPU than they save at this size.
            return self._reader().read_row_group(group, use_threads=False)

    def _reader(self) -> pq.ParquetFile:
        import pyarrow.parquet as pq

        # What lies far away is asked for in few pieces.
        return pq.ParquetFile(self._source, metadata=self._metadata, pre_buffer=self._is_far)

    def _cached(self, group: int) -> pl.DataFrame:
        """Return a decoded row group; those read last are cached."""
        with self._cache_lock:
            held = self._cache.get(group)
            if held is not None:
                self._cache.move_to_end(group)
                return held
        rows = self._with_ids(self._convert(self._table(group)), self._starts[group])
        with self._cache_lock:
            self._cache[group] = rows
            while len(self._cache) > _CACHED_GROUPS and self._caches_too_much():
                self._cache.popitem(last=False)
        return rows

    @property
    def cached_bytes(self) -> int:
        """What its cached row groups take in memory."""
        with self._cache_lock:
            return sum(self._bytes[group] for group in self._cache)

    def _caches_too_much(self) -> bool:
        rows, size = (sum(sizes[group] for group in self._cache) for sizes in (self._rows, self._bytes))
        return rows > _CACHED_ROWS or size > _CACHED_BYTES

    def _convert(self, table: pa.Table) -> pl.DataFrame:
        with reading(self._path):
            if self._is_clean:
                return pl.DataFrame(pl.from_arrow(table))
            rows = self._intake.read(table)
        # Citations of a foreign file are checked again.
        return rows if self.is_ours else rows.with_columns(pl.lit(None, pl.String()).alias(name) for name in _VERDICTS)

    def _with_ids(self, piece: pl.DataFrame, start: int) -> pl.DataFrame:
        return piece.with_columns(self.index.frame["id"].slice(start, piece.height))

    def _group_of(self, position: int) -> int:
        return bisect_right(self._starts, position) - 1


def _opened(path: Path) -> tuple[Identity, pa.NativeFile]:
    """Open the file that is at *path* now."""
    import pyarrow as pa

    identity = identity_of(path.stat())
    # OSFile reads at positions; a memory map would crash the process if the file is truncated.
    source = pa.OSFile(str(path))
    while identity != (now := identity_of(path.stat())):  # replaced between the two
        identity, source = now, pa.OSFile(str(path))
    return identity, source


def _decoded(
    pick: Callable[[int, Sequence[int]], pl.DataFrame], parts: Sequence[tuple[int, Sequence[int]]]
) -> list[pl.DataFrame]:
    """Return the rows of each of *parts* (row group, rows in it); many are decoded at once, without the interpreter."""
    if len(parts) < _MANY_GROUPS:
        return [pick(*part) for part in parts]
    with ThreadPoolExecutor(_DECODERS, thread_name_prefix="decoding") as threads:
        return list(threads.map(lambda part: pick(*part), parts))
