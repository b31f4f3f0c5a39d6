"""One version of `train.parquet`: open, immutable, and readable for as long as somebody holds it.

The file is opened once and read by positioned reads of that one handle, so a version
stays whole when the path is given to another file. Rows are decoded a row group at a
time; the footer is parsed once.
"""

import os
import threading
import uuid
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import polars as pl

from models.intake import SCHEMA, Intake, IntakeReport, mended_ids
from models.row_index import RowIndex, describe
from utils.errors import InputError, StorageError

# Rows of a row group that we write: 1.5 MB of texts, decoded in 2 ms of CPU (ADR 0006).
GROUP_ROWS = 500
# Files of others are read as they are up to so many rows a group.
_BEARABLE_ROWS = 20_000
_CACHED_ROWS = 8000
MARK = {"written-by": "legal-training-platform"}
_VERSION_ID, _DATABASE_ID, _GENERATION = "version-id", "database-id", "generation"

Identity = tuple[int, int, int]


def identity_of(stat: os.stat_result) -> Identity:
    """Return what differs between two versions: inode, time of change (ns), size (bytes)."""
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def new_mark(database_id: str, generation: int) -> dict[str, str]:
    """Return what a new file of ours carries: that it is ours, a name of its own that copies keep, and whose it is.

    Args:
        database_id: The database whose journal was folded into it.
        generation: How many folds that database has seen, this one included.
    """
    return {**MARK, _VERSION_ID: uuid.uuid4().hex, _DATABASE_ID: database_id, _GENERATION: str(generation)}


@dataclass(frozen=True, slots=True)
class FileMark:
    """What a file says of itself in its footer; empty for a file of others.

    Attributes:
        version_id: Its name, which a copy keeps, whatever inode it gets.
        database_id: The database whose journal was folded into it; "" in files of older releases.
        generation: How many folds that database had seen.
    """

    is_ours: bool = False
    version_id: str = ""
    database_id: str = ""
    generation: int = 0

    @classmethod
    def of(cls, metadata: Any) -> "FileMark":
        """Read the *metadata* of Arrow's."""
        told = _text(metadata.metadata)
        if not MARK.items() <= told.items():
            return cls()
        generation = told.get(_GENERATION, "")
        number = int(generation) if generation.isdecimal() else 0
        return cls(True, told.get(_VERSION_ID, ""), told.get(_DATABASE_ID, ""), number)


def mark_of(path: Path) -> FileMark | None:
    """Read the footer of the file at *path*; None when there is none.

    Raises:
        UnreadableError: it is not Parquet, or broken.
    """
    import pyarrow.parquet as pq

    try:
        with _reading(path):
            return FileMark.of(pq.read_metadata(path))
    except FileNotFoundError:
        return None


class UnreadableError(StorageError):
    """The file is not Parquet, or broken."""

    code = "unreadable_file"


class ParquetVersion:
    """An open file version with its rows' index."""

    def __init__(self, path: Path, index: RowIndex | None = None) -> None:
        """Open *path*; without *index* every row is read and checked.

        Raises:
            UnreadableError: the file is not Parquet, or broken.
            StorageError: it cannot be opened.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._path = path
        with _reading(path):
            self.identity = identity_of(path.stat())
            # OSFile reads at positions; a memory map would end the process when the file is cut.
            self._source = pa.OSFile(str(path))
            while self.identity != (now := identity_of(path.stat())):  # replaced between the two
                self.identity, self._source = now, pa.OSFile(str(path))
            self._metadata = pq.read_metadata(self._source)
            self._intake = Intake(pq.read_schema(self._source))
            groups = range(self._metadata.num_row_groups)
            self._rows = [self._metadata.row_group(n).num_rows for n in groups]
        self._starts = list(accumulate(self._rows, initial=0))[:-1]
        biggest = max(self._rows, default=0)
        self._cache: OrderedDict[int, pl.DataFrame] = OrderedDict()
        self._cache_size = max(2, _CACHED_ROWS // max(biggest, 1))
        self._cache_lock = threading.Lock()
        self.mark = FileMark.of(self._metadata)
        self.is_ours, self.version_id = self.mark.is_ours, self.mark.version_id
        self.is_handy = biggest <= _BEARABLE_ROWS
        self.report: IntakeReport | None = None
        self._is_clean = False
        self.index = index or self._take_in()
        if len(self.index) != self._metadata.num_rows:
            raise UnreadableError(f"{path}: says it has {self._metadata.num_rows} rows, has {len(self.index)}")
        # Nothing need be changed in what we wrote ourselves.
        self._is_clean = self.is_ours and (self.report is None or not self.report.changes)
        self.columns = self.schema()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.index)

    def schema(self) -> dict[str, pl.DataType]:
        """Return names and types of the columns, ours first."""
        import pyarrow.parquet as pq

        with _reading(self._path):
            return dict(self._convert(pq.read_schema(self._source).empty_table()).schema)

    def take(self, positions: Sequence[int]) -> pl.DataFrame:
        """Return the rows at *positions* (ascending), all columns."""
        pieces = []
        first = 0
        while first < len(positions):
            group = self._group_of(positions[first])
            start = self._starts[group]
            end = bisect_left(positions, start + self._rows[group], lo=first)
            pieces.append(self._cached(group)[[position - start for position in positions[first:end]]])
            first = end
        return pl.concat(pieces) if pieces else pl.DataFrame(schema=self.columns)

    def copy_to(self, path: Path) -> None:
        """Write the file's bytes to *path*, even when its own path holds something else by now."""
        size, step = self.identity[2], 1 << 22
        with path.open("wb") as copy:
            for offset in range(0, size, step):
                copy.write(self._source.read_at(min(step, size - offset), offset))

    def pieces(self) -> Iterator[pl.DataFrame]:
        """Yield all rows in order, a bearable piece at a time."""
        start = 0
        for table in self._tables():
            yield self._with_ids(self._convert(table), start)
            start += table.num_rows

    def _take_in(self) -> RowIndex:
        """Read everything once: check it, note what must be changed, describe the rows."""
        described = []
        for table in self._tables():
            with _reading(self._path):
                described.append(describe(self._intake.inspect(table)))
        frame = pl.concat(described) if described else describe(pl.DataFrame(schema=SCHEMA))
        ids, missing, repeated = mended_ids(frame["id"])
        self.report = self._intake.report(frame.height, missing, repeated)
        return RowIndex(frame.with_columns(ids.alias("id")))

    def _tables(self) -> Iterator[Any]:
        """Yield the file as Arrow tables."""
        import pyarrow as pa

        for group in range(len(self._rows)):
            if self._rows[group] <= _BEARABLE_ROWS:
                yield self._table(group)
                continue
            with _reading(self._path):
                batches = self._reader().iter_batches(batch_size=GROUP_ROWS, row_groups=[group], use_threads=False)
                for batch in batches:
                    yield pa.Table.from_batches([batch])

    def _table(self, group: int) -> Any:
        with _reading(self._path):
            # Threads cost more CPU than they save at this size.
            return self._reader().read_row_group(group, use_threads=False)

    def _reader(self) -> Any:
        import pyarrow.parquet as pq

        return pq.ParquetFile(self._source, metadata=self._metadata)

    def _cached(self, group: int) -> pl.DataFrame:
        """Return a decoded row group; those read last are kept."""
        with self._cache_lock:
            held = self._cache.get(group)
            if held is not None:
                self._cache.move_to_end(group)
                return held
        rows = self._with_ids(self._convert(self._table(group)), self._starts[group])
        with self._cache_lock:
            self._cache[group] = rows
            while len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)
        return rows

    def _convert(self, table: Any) -> pl.DataFrame:
        with _reading(self._path):
            return pl.DataFrame(pl.from_arrow(table)) if self._is_clean else self._intake.read(table)

    def _with_ids(self, piece: pl.DataFrame, start: int) -> pl.DataFrame:
        return piece.with_columns(self.index.frame["id"].slice(start, piece.height))

    def _group_of(self, position: int) -> int:
        return bisect_right(self._starts, position) - 1


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what Arrow and Polars say of a broken file into one error of ours."""
    import pyarrow as pa

    faults = (pa.lib.ArrowException, ValueError, KeyError, pl.exceptions.PolarsError)
    try:
        yield
    except FileNotFoundError:
        raise
    except PermissionError as error:
        raise StorageError(f"{path}: cannot be opened ({error.strerror}); check its permissions") from error
    except (OSError, MemoryError) as error:
        # Arrow says "OSError" of a broken file too, but then there is no number of the system's.
        if isinstance(error, MemoryError) or error.errno is not None:
            raise StorageError(f"{path}: cannot be read now ({str(error)[:200]}); try again") from error
        raise UnreadableError(f"{path}: is not a readable Parquet file ({str(error)[:200]})") from error
    except (*faults, pl.exceptions.PanicException) as error:
        reason = (str(error).splitlines() or [""])[0][:200]
        raise UnreadableError(f"{path}: is not a readable Parquet file ({reason})") from error


def _text(metadata: dict[bytes, bytes] | None) -> dict[str, str]:
    return {key.decode(errors="replace"): value.decode(errors="replace") for key, value in (metadata or {}).items()}


def raw_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of any Parquet file as they are, our defaults not filled in.

    Raises:
        InputError: it is not Parquet, or broken.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with _reading(path), pa.OSFile(str(path)) as source:
            intake = Intake(pq.read_schema(source))
            for batch in pq.ParquetFile(source).iter_batches(batch_size=GROUP_ROWS, use_threads=False):
                yield from intake.raw(pa.Table.from_batches([batch])).iter_rows(named=True)
    except UnreadableError as error:
        raise InputError(f"not a readable Parquet file ({error.__cause__})") from error


def rows_of(version: ParquetVersion | None) -> int:
    """Return the number of rows of *version*; 0 for None."""
    return len(version) if version is not None else 0


def columns_of(version: ParquetVersion | None) -> dict[str, pl.DataType]:
    """Return the columns of *version*; ours for None."""
    return version.columns if version is not None else dict(SCHEMA)


def take_in_order(version: ParquetVersion, positions: Sequence[int]) -> pl.DataFrame:
    """Return the rows at *positions* in that order."""
    order = sorted(range(len(positions)), key=positions.__getitem__)
    places = sorted(range(len(positions)), key=order.__getitem__)
    return version.take([positions[n] for n in order])[places]
