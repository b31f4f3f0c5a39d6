"""Writes Parquet files as this service does; takes row groups of such files as they are."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING

from models.contract.answers.dataset import FILTERS
from models.samples.file.carried_groups import CarriedGroup
from models.samples.file.footer import MAGIC, Footer, GroupFooter, footer_in
from utils.frames import pl

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# Columns of few values, or of values that stand together.
_REPEATED = frozenset({*FILTERS, "created_at", "updated_at", "review", "citation_verdict"})
_NARROW = frozenset({"id"})
_LONG = ("question", "answer", "reasoning")


class GroupWriter(AbstractContextManager["GroupWriter"]):
    """Writes one file; leaving its block ends the file."""

    def __init__(self, write: Callable[[bytes], object], columns: pa.Schema) -> None:
        """Write a file of *columns* by calls of *write*, which takes all bytes that it is given."""
        import pyarrow as pa

        self._sink = _Sink(write)
        self._columns = columns
        self._writer = open_writer(pa.PythonFile(self._sink, mode="w"), columns)
        # Where a carried group goes, or how far one of ours is behind where its writer thinks it is.
        self._groups: list[tuple[GroupFooter | None, int]] = []
        self._carried_bytes = self._carried_rows = 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sink.is_footer = True
        # After an error the file is dropped: that it cannot be ended either is nothing new.
        with contextlib.suppress(Exception) if kind is not None else contextlib.nullcontext():
            self._writer.close()
        if kind is None:
            self._end()

    def write(self, rows: pl.DataFrame) -> None:
        """Write *rows*, at least one, as a row group."""
        table = rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(self._columns)
        self._groups.append((None, self._carried_bytes))
        self._writer.write_table(table, row_group_size=rows.height)

    def carry(self, group: CarriedGroup) -> None:
        """Write *group* as it is."""
        self._groups.append((group.footer, self._sink.written + self._carried_bytes - group.footer.start))
        for block in group.blocks():
            self._sink.pass_on(block)
            self._carried_bytes += len(block)
        self._carried_rows += group.rows

    def note(self, metadata: Mapping[str, str]) -> None:
        """Put *metadata* into the footer."""
        self._writer.add_key_value_metadata(dict(metadata))

    def _end(self) -> None:
        """Write the footer that pyarrow made, with the carried groups in it."""
        made = bytes(self._sink.footer)
        footer = footer_in(made)
        if self._carried_rows:
            own = Footer.of(footer)
            mine = iter(own.groups)
            groups = [(group or next(mine)).moved(by, number) for number, (group, by) in enumerate(self._groups)]
            footer = own.joined(groups, sum(group.rows for group in own.groups) + self._carried_rows)
            made = footer + len(footer).to_bytes(4, "little") + MAGIC
        self._sink.pass_on(made)


class _Sink(io.RawIOBase):
    """Passes on what pyarrow writes; keeps the footer back.

    Attributes:
        written: Bytes that pyarrow wrote before the footer.
    """

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self.pass_on = write
        self.written = 0
        self.footer = bytearray()
        self.is_footer = False

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        content = bytes(data)  # type: ignore[call-overload]  # any buffer
        if self.is_footer:
            self.footer += content
        else:
            self.written += len(content)
            self.pass_on(content)
        return len(content)


def open_writer(where: object, columns: pa.Schema) -> pq.ParquetWriter:
    """Open a Parquet file at *where* (a path or a file of pyarrow's) for *columns*, as this service writes them.

    Long texts differ from row to row: a dictionary of them is work for nothing, and as statistics they would fill the
    footer (four fifths of 16 MB at a million samples), which every reader has to parse.
    """
    import pyarrow.parquet as pq
    from pyarrow import types

    is_text = {field.name: types.is_string(field.type) or types.is_large_string(field.type) for field in columns}
    repeated = [name for name, is_long in is_text.items() if name in _REPEATED or not is_long]
    return pq.ParquetWriter(
        where,
        columns,
        compression="zstd",
        compression_level=3,
        use_dictionary=repeated or False,
        write_statistics=[name for name in is_text if name in repeated or name in _NARROW] or False,
    )


def arrow_schema(columns: Mapping[str, pl.DataType]) -> pa.Schema:
    """Return the schema of a file with *columns*, in types that every reader has."""
    return pl.DataFrame(schema=dict(columns)).to_arrow(compat_level=pl.CompatLevel.oldest()).schema


def footer_schema(columns: Mapping[str, pl.DataType]) -> bytes:
    """Return what the footer of a file of *columns* says of them."""
    import pyarrow as pa

    file = pa.BufferOutputStream()
    open_writer(file, arrow_schema(columns)).close()
    return Footer.of(footer_in(file.getvalue().to_pybytes())).schema


def is_lean(metadata: pq.FileMetaData) -> bool:
    """Tell whether a file of ours has no statistics of long texts; those of older releases have."""
    if not metadata.num_row_groups:
        return False
    group = metadata.row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    return not any(column.is_stats_set and column.path_in_schema in _LONG for column in columns)
