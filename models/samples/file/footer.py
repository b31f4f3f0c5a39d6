"""The footer of a Parquet file, in parts: so that a row group can go into another file without being decoded.

The footer is a Thrift struct in the compact protocol (https://github.com/apache/parquet-format, `FileMetaData`). What
it says of a row group holds where its pages are; in another file these numbers are others, and nothing else is. pyarrow
writes row groups and reads the footer, but can neither copy the one nor change the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

MAGIC = b"PAR1"
_BYTE, _BINARY, _STRUCT, _LISTS, _INTS, _FLAGS = 3, 8, 12, (9, 10), (4, 5, 6), (1, 2)
# Of kinds whose values have no length of their own; a flag is told by its kind.
_WIDTHS = {1: 0, 2: 0, _BYTE: 1, 7: 8}
_LONG_LIST = 15
# The fields of FileMetaData.
_ROWS, _GROUPS = 3, 4
# What a number of a row group says.
_PLACE, _NUMBER, _SIZE, _COUNT, _APART = range(5)
# Fields of a struct: what the number says, or those of the struct, or of the structs in the list.
_Fields: TypeAlias = "dict[int, int | _Fields]"
_META: _Fields = {9: _PLACE, 10: _PLACE, 11: _PLACE, 14: _APART}
_COLUMN: _Fields = {2: _PLACE, 3: _META, 4: _APART, 6: _APART}
_GROUP: _Fields = {1: _COLUMN, 3: _COUNT, 5: _PLACE, 6: _SIZE, 7: _NUMBER}
# A number in the bytes: what it says, where it begins and ends.
_Mark: TypeAlias = "tuple[int, int, int]"


@dataclass(frozen=True, slots=True)
class GroupFooter:
    """What a footer says of one row group.

    Attributes:
        rows: Number of its rows.
        start: Where its pages begin in the file; they are together.
        end: Where they end.
    """

    rows: int
    start: int
    end: int
    _data: bytes
    _marks: tuple[_Mark, ...]

    def moved(self, by: int, number: int) -> bytes:
        """Return the same of a row group *by* bytes further on, which is *number* (from 0) of its file."""
        parts, done = [], 0
        for what, start, end in self._marks:
            value = _read(self._data, start)
            if what == _PLACE and value:
                value += by
            elif what == _NUMBER:
                value = number
            else:
                continue
            parts += [self._data[done:start], _written(value)]
            done = end
        return b"".join([*parts, self._data[done:]])


@dataclass(frozen=True, slots=True)
class Footer:
    """A footer in parts.

    Attributes:
        schema: Its version and columns.
        groups: What it says of each row group.
        rest: What comes after them.
    """

    schema: bytes
    groups: Sequence[GroupFooter]
    rest: bytes

    @classmethod
    def of(cls, data: bytes) -> Footer:
        """Cut a footer into parts.

        Raises:
            ValueError: it is broken, or a row group has more than pages, or these are not together.
        """
        try:
            return cls._of(data)
        except (IndexError, RecursionError):
            raise ValueError("the footer is broken") from None

    @classmethod
    def _of(cls, data: bytes) -> Footer:
        place, number, rows_at = 0, 0, 0
        while (head := data[place]) and head >> 4:
            number, before, place = number + (head >> 4), place, place + 1
            if number == _ROWS:
                rows_at = before
            if number == _GROUPS and rows_at:
                groups = []
                count, _, place = _list_head(data, place)
                for _ in range(count):
                    group, place = _group(data, place)
                    groups.append(group)
                return cls(data[:rows_at], groups, data[place:])
            place = _passed(data, place, head & 15, None, [])
        raise ValueError("the footer has no row groups")

    def joined(self, groups: Sequence[bytes], rows: int) -> bytes:
        """Return the footer with other *groups*, which have *rows* rows together."""
        count = len(groups)
        head = bytes([count << 4 | _STRUCT]) if count < _LONG_LIST else bytes([0xF0 | _STRUCT]) + _varint(count)
        return b"".join([self.schema, b"\x16", _written(rows), b"\x19", head, *groups, self.rest])


def footer_in(tail: bytes) -> bytes:
    """Return the footer at the end of *tail*, the last bytes of a file; ValueError if there is none."""
    length = int.from_bytes(tail[-8:-4], "little")
    if tail[-4:] != MAGIC or length > len(tail) - 8:
        raise ValueError("the file does not end with its footer")
    return tail[-8 - length : -8]


def _group(data: bytes, place: int) -> tuple[GroupFooter, int]:
    marks: list[_Mark] = []
    end = _struct(data, place, _GROUP, marks)
    told = {what: _read(data, start) for what, start, _ in marks}
    places = [value for what, start, _ in marks if what == _PLACE and (value := _read(data, start))]
    if _APART in told or not {_COUNT, _SIZE} <= told.keys() or not places:
        raise ValueError("a row group has more than pages")
    own = tuple((what, start - place, stop - place) for what, start, stop in marks)
    start = min(places)
    return GroupFooter(told[_COUNT], start, start + told[_SIZE], data[place:end], own), end


def _struct(data: bytes, place: int, fields: _Fields | None, marks: list[_Mark]) -> int:
    """Note the numbers of a struct that *fields* name; return where it ends."""
    number = 0
    while head := data[place]:
        place += 1
        if head >> 4:
            number += head >> 4
        else:
            number, place = _read(data, place), _end(data, place)
        place = _passed(data, place, head & 15, fields.get(number) if fields else None, marks)
    return place + 1


def _passed(data: bytes, place: int, kind: int, known: int | _Fields | None, marks: list[_Mark]) -> int:
    """Return where a value ends."""
    if kind in _INTS:
        end = _end(data, place)
        if isinstance(known, int):
            marks.append((known, place, end))
        return end
    inner = known if isinstance(known, dict) else None
    if kind == _STRUCT:
        return _struct(data, place, inner, marks)
    if kind == _BINARY:
        return _end(data, place) + _unsigned(data, place)
    if kind in _LISTS:
        count, kind, place = _list_head(data, place)
        for _ in range(count):
            place = _passed(data, place, _BYTE if kind in _FLAGS else kind, inner, marks)
        return place
    if kind not in _WIDTHS:
        raise ValueError("the footer holds an unknown type")
    return place + _WIDTHS[kind]


def _list_head(data: bytes, place: int) -> tuple[int, int, int]:
    """Return the number of items, their kind, and where they begin."""
    head = data[place]
    if head >> 4 < _LONG_LIST:
        return head >> 4, head & 15, place + 1
    return _unsigned(data, place + 1), head & 15, _end(data, place + 1)


def _end(data: bytes, place: int) -> int:
    while data[place] > 127:
        place += 1
    return place + 1


def _unsigned(data: bytes, place: int) -> int:
    value = shift = 0
    while (byte := data[place]) > 127:
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
    return value | byte << shift


def _read(data: bytes, place: int) -> int:
    value = _unsigned(data, place)
    return (value >> 1) ^ -(value & 1)


def _written(value: int) -> bytes:
    return _varint(value << 1 if value >= 0 else (-value << 1) - 1)


def _varint(value: int) -> bytes:
    return bytes(_sevens(value))


def _sevens(value: int) -> Iterator[int]:
    while value > 127:
        yield value & 127 | 128
        value >>= 7
    yield value
