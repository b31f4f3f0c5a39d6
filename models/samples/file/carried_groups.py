"""Row groups of files that this service wrote, carried over to another file without decoding them.

Encoding a million samples takes twenty seconds of CPU, copying their bytes less than one
(docs/adr/0027-carried-groups.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from models.samples.file.footer import Footer, GroupFooter, footer_in
from utils.frames import pl

if TYPE_CHECKING:
    import pyarrow as pa

_COPIED_BYTES = 1 << 22
# The end of a file: the length of the footer, and the mark.
_END_BYTES = 8


@dataclass(frozen=True, slots=True)
class CarriedGroup:
    """A row group of an open file that has the columns wanted.

    Attributes:
        size_bytes: Its size in memory.
        read: Decodes it.
    """

    footer: GroupFooter
    size_bytes: int
    read: Callable[[], pl.DataFrame]
    _source: pa.NativeFile

    @property
    def rows(self) -> int:
        """Number of its rows."""
        return self.footer.rows

    def blocks(self) -> Iterator[bytes]:
        """Yield its bytes, a few megabytes at a time."""
        for place in range(self.footer.start, self.footer.end, _COPIED_BYTES):
            yield bytes(self._source.read_at(min(_COPIED_BYTES, self.footer.end - place), place))


def decoded(part: pl.DataFrame | CarriedGroup) -> pl.DataFrame:
    """Return the rows of *part*."""
    return part.read() if isinstance(part, CarriedGroup) else part


class CarriedFile:
    """An open file whose row groups can be carried over."""

    def __init__(self, source: pa.NativeFile, sizes: Sequence[int], read: Callable[[int], pl.DataFrame]) -> None:
        """Carry row groups of *source*, of these *sizes* in memory; *read* decodes one."""
        self._source = source
        self._sizes = sizes
        self._read = read

    def fits(self, schema: bytes) -> bool:
        """Tell whether its footer has this *schema*, and nothing in it is unusual."""
        try:
            footer = self._footer
        except ValueError:
            return False
        return len(footer.groups) == len(self._sizes) and footer.schema == schema

    def group(self, number: int) -> CarriedGroup:
        """Return row group *number*."""
        return CarriedGroup(self._footer.groups[number], self._sizes[number], lambda: self._read(number), self._source)

    def groups(self) -> Iterator[CarriedGroup]:
        """Yield its row groups."""
        return map(self.group, range(len(self._sizes)))

    @cached_property
    def _footer(self) -> Footer:
        size = self._source.size()
        length = int.from_bytes(self._source.read_at(_END_BYTES, size - _END_BYTES)[:4], "little")
        tail = min(length + _END_BYTES, size)
        return Footer.of(footer_in(bytes(self._source.read_at(tail, size - tail))))
