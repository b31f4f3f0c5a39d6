"""Reads the headers of a Parquet file's pages, without decoding the pages.

The footer has only the *encoded* size of a column, and may be wrong; a reader allocates
what the header of each page says. Headers are Thrift structs in the compact protocol
(https://github.com/apache/parquet-format, `PageHeader`); only numbers are taken out of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_FIRST_READ = 256
_LONGEST_HEADER = 1 << 20
_STRUCT, _LIST, _SET, _MAP, _BINARY, _DOUBLE, _BYTE = 12, 9, 10, 11, 8, 7, 3
_DEEPEST = 8
# Fields of PageHeader, and of the structs within it.
_SIZE, _COMPRESSED, _DATA, _DICTIONARY, _DATA_V2 = 2, 3, 5, 7, 8
_VALUES, _ENCODING, _ENCODING_V2 = 1, 2, 4
# The numbers, flags and structs of a struct; None for what is skipped.
_Struct: TypeAlias = "dict[int, int | _Struct | None]"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a column.

    Attributes:
        size: Bytes of it in a reader's memory, uncompressed.
        values: Number of values with nulls; of a dictionary, of entries.
        encoding: Number of the encoding in the format.
    """

    is_dictionary: bool
    size: int
    values: int
    encoding: int


def pages_of(source: "pa.NativeFile", column: "pq.ColumnChunkMetaData") -> Iterator[Page]:
    """Yield the pages of one column of a row group.

    Args:
        source: The file.
        column: The column's metadata in the footer, for its row group.

    Raises:
        ValueError: a header is broken.
    """
    place, first = column.data_page_offset, column.dictionary_page_offset
    if first is not None and 0 < first < place:
        place = first
    end, left = place + column.total_compressed_size, column.num_values
    while left > 0 and place < end:
        header, length = _header(source, place)
        size, compressed = header.get(_SIZE, -1), header.get(_COMPRESSED, -1)
        if not (_is_number(size) and _is_number(compressed)):
            raise ValueError("the header of a page has no sizes")
        place += length + compressed
        for field in (_DATA, _DATA_V2, _DICTIONARY):
            told = header.get(field)
            if isinstance(told, dict):
                values, encoding = told.get(_VALUES, 0), told.get(_ENCODING_V2 if field == _DATA_V2 else _ENCODING, 0)
                if not (_is_number(values) and _is_number(encoding)):
                    raise ValueError("the header of a page has no number of values")
                yield Page(field == _DICTIONARY, size, values, encoding)
                left -= values if field != _DICTIONARY else 0
                break


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and value >= 0


def _header(source: "pa.NativeFile", place: int) -> tuple[_Struct, int]:
    """Return the header at *place* and its length in bytes."""
    size = _FIRST_READ
    while True:
        data = bytes(source.read_at(size, place))
        reader = _Compact(data)
        try:
            return reader.struct(), reader.place
        except IndexError:
            if len(data) < size or size >= _LONGEST_HEADER:
                raise ValueError("the header of a page does not end") from None
            size *= 8


class _Compact:
    """Reads Thrift's compact protocol; IndexError if the bytes end too early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0

    def struct(self, depth: int = 0) -> _Struct:
        """Return the numbers and structs of a struct, by the numbers of their fields."""
        if depth > _DEEPEST:
            raise ValueError("the header of a page is nested too deeply")
        found: _Struct = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            found[number] = self._value(head & 15, depth)
        return found

    def _value(self, kind: int, depth: int) -> "int | _Struct | None":
        if kind in (1, 2):
            return kind == 1
        if kind in (4, 5, 6):
            return self._zigzag()
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in (_BINARY, _DOUBLE, _BYTE):
            self._skip({_DOUBLE: 8, _BYTE: 1}.get(kind) or self._varint())
        elif kind in (_LIST, _SET):
            self._list(depth)
        else:
            raise ValueError("the header of a page holds an unknown type")
        return None

    def _list(self, depth: int) -> None:
        head = self._byte()
        count, kind = head >> 4, head & 15
        for _ in range(self._varint() if count == 15 else count):
            self._value(kind if kind > 2 else _BYTE, depth + 1)

    def _skip(self, size: int) -> None:
        self.place += size
        if self.place > len(self._data):
            raise IndexError

    def _byte(self) -> int:
        self.place += 1
        return self._data[self.place - 1]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("the header of a page holds a number that does not end")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
