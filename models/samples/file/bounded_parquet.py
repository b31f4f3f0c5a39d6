"""Reads any Parquet file in bounded memory: the decoded size of a batch of rows is known beforehand.

Parquet expands: a dictionary repeats a long value a million times in a few bytes, and the footer
has only the encoded size. So the headers of the pages are read first
(`models.samples.file.parquet_pages`); they tell how many rows may be read at a time. What does
not fit, or is larger than a sample may be (`models.sizes`), is refused with its row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from models.samples.file.parquet_pages import Page, pages_of
from models.sizes import ALL_COLUMNS, PIECE_BYTES, ROW_BYTES, oversize, told
from utils.frames import NDArray, np

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# Most rows of a batch, however short.
BATCH_ROWS = 500
# Most bytes that the open pages of all columns take together.
_PAGES_BYTES = 48 << 20
# Lists: what a row holds of them is known only when it is read, so all of a row group must fit.
_NESTED_BYTES, _NESTED_VALUES = 32 << 20, 1 << 22
# Text compresses to a quarter, repetitive text to a fiftieth; a file that grows more than this is refused.
_EXPANSION, _EXPANSION_FREE = 100, 4 << 20
_LEAST_ROW = 500
# The footer: some 100 bytes a column of a row group, ten times as much in memory.
_FOOTER_BYTES, _FOOTER_SHARE = 4 << 20, 20
# Dictionaries need no look up to so many bytes times the values looked up in them.
_SMALL_BYTES = 256 << 10
_CODES, _DELTA_BYTES = (2, 8), 7


class OversizeError(ValueError):
    """The file exceeds a limit; `row` (from 1) tells where, 0 for the whole file."""

    def __init__(self, message: str, row: int = 0) -> None:
        super().__init__(message)
        self.row = row


@dataclass(frozen=True, slots=True)
class _Column:
    """The memory that one column of a row group takes.

    Attributes:
        open_bytes: While it is read: its dictionary and largest page.
        row_bytes: A row, on average over the page where that is most; what is looked up not counted.
        dictionary: Bytes of the dictionary that texts are looked up in; 0 for none.
        is_nested: It holds lists, so that any row may hold all of them.
        looked_up: How many values are looked up.
    """

    path: str
    open_bytes: int
    row_bytes: int
    dictionary: int
    is_nested: bool
    whole_bytes: int
    looked_up: int


class BoundedReader:
    """An open Parquet file. `tables` may be called from any thread."""

    def __init__(self, source: pa.NativeFile) -> None:
        """Open *source*; nothing is refused for its size until `be_strict`.

        Raises:
            OversizeError: its footer is too large.
            ArrowException, OSError: it is not Parquet.
        """
        import pyarrow.parquet as pq

        _check_footer(source)
        self._source = source
        self._is_strict = False
        self.metadata = pq.read_metadata(source)
        groups = (self.metadata.row_group(n).num_rows for n in range(self.metadata.num_row_groups))
        self.starts = list(accumulate(groups, initial=0))
        self.schema = self._file().schema_arrow
        self._allowed = max(_EXPANSION * source.size(), _EXPANSION_FREE)

    def be_strict(self) -> None:
        """Apply the limits of samples from here on; OversizeError if there are too many columns."""
        self._is_strict = True
        if (count := max(self.metadata.num_columns, len(self.schema.names))) > ALL_COLUMNS:
            raise OversizeError(f"{count} columns, want at most {ALL_COLUMNS}")

    def trust(self) -> None:
        """Apply no limits from here on: the file was read once, or this service wrote it."""
        self._is_strict = False

    def tables(self, group: int) -> Iterator[tuple[pa.Table, int]]:
        """Yield a row group as Arrow tables of at most some megabytes, each with its size in bytes.

        Raises:
            OversizeError: it cannot be read in bounded memory, or a row is larger than a sample may be.
            ArrowException, OSError, ValueError: it is broken.
        """
        import pyarrow as pa

        row = self.starts[group]
        size = self._batch_rows(group, row)
        for batch in self._file().iter_batches(batch_size=size, row_groups=[group], use_threads=False):
            sizes = self._measured(batch, row)
            for start, end in _cut(sizes):
                yield pa.Table.from_batches([batch.slice(start, end - start)]), int(sizes[start:end].sum())
            row += batch.num_rows

    def _file(self, looked_up: Sequence[str] = ()) -> pq.ParquetFile:
        import pyarrow.parquet as pq

        # Without these a whole row group is read at once.
        return pq.ParquetFile(
            self._source, metadata=self.metadata, pre_buffer=False, buffer_size=1 << 16, read_dictionary=looked_up
        )

    def _batch_rows(self, group: int, row: int) -> int:
        """Return how many rows may be read at a time."""
        meta = self.metadata.row_group(group)
        columns = [self._column(meta, n) for n in range(meta.num_columns)]
        opened = sum(column.open_bytes for column in columns)
        if self._is_strict and opened > _PAGES_BYTES:
            raise OversizeError(
                f"pages of {told(opened)} must be held at a time, want at most {told(_PAGES_BYTES)}; "
                "write it with smaller pages or row groups",
                row + 1,
            )
        total = 0
        for column in columns:
            longest = column.dictionary
            if longest * max(BATCH_ROWS, column.looked_up if column.is_nested else 0) > _SMALL_BYTES:
                longest = self._longest(group, column.path, row)
            if column.is_nested:
                self._check_lists(column, longest, row)
            total += column.row_bytes + longest
        return max(1, min(BATCH_ROWS, PIECE_BYTES // max(1, total)))

    def _check_lists(self, column: _Column, longest: int, row: int) -> None:
        if self._is_strict and column.whole_bytes + column.looked_up * longest > _NESTED_BYTES:
            raise OversizeError(f"{column.path[:40]}: lists too large for one row group; write smaller ones", row + 1)

    def _column(self, meta: pq.RowGroupMetaData, number: int) -> _Column:
        """Return the memory that a column of a row group takes, by its pages."""
        leaf = self.metadata.schema.column(number)
        pages = list(pages_of(self._source, meta.column(number)))
        data = [page for page in pages if not page.is_dictionary]
        if self._is_strict:
            _check_pages(leaf, data, pages, meta.num_rows)
        dictionary = max((page.size for page in pages if page.is_dictionary), default=0)
        largest = max((page.size for page in data), default=0)
        is_text, codes = leaf.physical_type == "BYTE_ARRAY", [page for page in data if page.encoding in _CODES]
        width = max(leaf.length or 0, 8)
        if self._is_strict and (problem := oversize(leaf.path, width)):
            raise OversizeError(problem)
        row_bytes = max((page.size // max(page.values, 1) for page in data if page.encoding not in _CODES), default=0)
        whole = sum(page.size for page in data)
        if deltas := sum(page.values for page in data if page.encoding == _DELTA_BYTES):
            row_bytes = largest  # each value may repeat all that stands before it in its page
            whole += largest * deltas
        return _Column(
            path=leaf.path,
            open_bytes=dictionary + largest,
            row_bytes=width + row_bytes,
            dictionary=0 if not codes else dictionary if is_text else width,
            is_nested=leaf.max_repetition_level > 0,
            whole_bytes=whole,
            looked_up=sum(page.values for page in codes),
        )

    def _longest(self, group: int, path: str, row: int) -> int:
        """Return the length of the longest text in a dictionary, which is read for it."""
        reader = self._file(looked_up=[path])
        batch = next(reader.iter_batches(batch_size=1, row_groups=[group], columns=[path], use_threads=False), None)
        found = max((_longest_value(column) for column in batch.columns), default=0) if batch is not None else 0
        if self._is_strict and (problem := oversize(path, found)):
            raise OversizeError(problem, row + 1)
        return found

    def _spend(self, size_bytes: int) -> None:
        """Count what was read; OversizeError if the file expands more than `_EXPANSION` times."""
        self._allowed -= size_bytes
        if self._is_strict and self._allowed < 0:
            raise OversizeError(f"decodes to more than {_EXPANSION} times its size; write it without repetitions")

    def _measured(self, batch: pa.RecordBatch, row: int) -> NDArray[np.int64]:
        """Return the bytes of each row of a batch; OversizeError for one that no sample may have."""
        total = np.zeros(batch.num_rows, dtype=np.int64)
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            sizes = value_bytes(column)
            worst = int(sizes.argmax()) if len(sizes) else 0
            if self._is_strict and len(sizes) and (problem := oversize(name, int(sizes[worst]))):
                raise OversizeError(problem, row + worst + 1)
            total += sizes
        if self._is_strict and len(total) and total.max() > ROW_BYTES:
            worst = int(total.argmax())
            raise OversizeError(f"holds {told(int(total[worst]))}, want at most {told(ROW_BYTES)}", row + worst + 1)
        self._spend(int(np.maximum(total, _LEAST_ROW).sum()))
        return total


def release() -> None:
    """Free the memory that Arrow keeps for later reads: Polars and Python cannot use it."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def _check_footer(source: pa.NativeFile) -> None:
    """Refuse a footer that is too large for its file."""
    size = source.size()
    if size < 12:
        return
    end = bytes(source.read_at(8, size - 8))
    length = int.from_bytes(end[:4], "little")
    if end[4:] == b"PAR1" and length <= size and length > _FOOTER_BYTES + size // _FOOTER_SHARE:
        raise OversizeError(f"its footer takes {told(length)}; write it with fewer columns or larger row groups")


def _check_pages(leaf: pq.ColumnSchema, data: list[Page], pages: list[Page], rows: int) -> None:
    """Refuse pages that claim more than they can hold."""
    values = sum(page.values for page in data)
    if leaf.max_repetition_level:
        if values > _NESTED_VALUES:
            raise OversizeError(f"{leaf.path[:40]}: {values} values of lists in one row group; write smaller ones")
    elif values > rows:
        raise ValueError(f"{leaf.path[:40]}: pages of {values} values in a row group of {rows} rows")
    least = 4 if leaf.physical_type == "BYTE_ARRAY" else 1
    if any(page.is_dictionary and page.values * least > page.size for page in pages):
        raise ValueError(f"{leaf.path[:40]}: a dictionary of more values than it has bytes for")
    looked_up = [page.encoding in _CODES for page in data if page.values]
    if any(looked_up) and not looked_up[0]:  # then its dictionary could not be looked at beforehand
        raise ValueError(f"{leaf.path[:40]}: a dictionary that is used only later")


def _cut(sizes: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield ranges of rows of at most a piece each, or a single row."""
    start, held = 0, 0
    for row, size in enumerate(sizes.tolist()):
        if row > start and held + size > PIECE_BYTES:
            yield start, row
            start, held = row, 0
        held += size
    if start < len(sizes):
        yield start, len(sizes)


def value_bytes(array: pa.Array) -> NDArray[np.int64]:
    """Return the bytes of each value of *array*, 8 for what has a fixed width."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import types

    kind = array.type
    if isinstance(kind, pa.ExtensionType):
        return value_bytes(array.storage)
    if types.is_dictionary(kind):
        lengths = value_bytes(array.dictionary)
        return lengths[np.asarray(array.indices.fill_null(0))] if len(lengths) else np.zeros(len(array), dtype=np.int64)
    if types.is_string_view(kind) or types.is_binary_view(kind):
        array = array.cast(pa.large_binary() if types.is_binary_view(kind) else pa.large_string())
    if any(
        is_kind(array.type)
        for is_kind in (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    ):
        return np.asarray(pc.fill_null(pc.binary_length(array), 0)).astype(np.int64)
    if types.is_struct(kind):
        parts = [value_bytes(part) for part in array.flatten()]
        return np.sum(parts, axis=0, dtype=np.int64) if parts else np.zeros(len(array), dtype=np.int64)
    if types.is_nested(kind):
        return _list_bytes(array)
    return np.full(len(array), kind.byte_width if types.is_fixed_size_binary(kind) else 8, dtype=np.int64)


def _list_bytes(array: pa.Array) -> NDArray[np.int64]:
    import pyarrow.compute as pc
    from pyarrow import types

    if types.is_map(array.type):
        offsets = np.asarray(array.offsets)
        starts, ends = offsets[:-1], offsets[1:]
        values = value_bytes(array.keys) + value_bytes(array.items)
    else:
        values = value_bytes(array.flatten())
        ends = np.cumsum(np.asarray(pc.fill_null(pc.list_value_length(array), 0)).astype(np.int64))
        starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    held: NDArray[np.int64] = np.concatenate([[0], np.cumsum(values + 4)])
    sizes: NDArray[np.int64] = held[ends] - held[starts]
    return sizes


def _longest_value(column: pa.Array) -> int:
    """Return the length of the longest value that is looked up in *column*, within lists and objects too."""
    from pyarrow import types

    if types.is_dictionary(column.type):
        return _longest_of(value_bytes(column.dictionary))
    if types.is_map(column.type):
        return max(_longest_value(column.keys), _longest_value(column.items))
    if types.is_struct(column.type):
        return max((_longest_value(part) for part in column.flatten()), default=0)
    if types.is_nested(column.type):
        return _longest_value(column.values)
    return _longest_of(value_bytes(column))


def _longest_of(sizes: NDArray[np.int64]) -> int:
    return int(sizes.max()) if len(sizes) else 0
