"""What a table holds, as a number of rows and a digest that neither order nor dialect changes.

The digest is the sum of the digests of the rows: no order, and a row that is there twice counts twice. A row's digest
is that of its values as Python writes them. Texts are read without NUL, which PostgreSQL's cannot hold.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from sqlalchemy import Connection, Table, select

from utils.errors import StorageError

# A value may have 8 MiB (models/sizes.py), so a piece of the largest takes half a gigabyte; one of usual rows 300 kB.
_PIECE = 64
_DIGEST_BYTES = 16
_MODULUS = 1 << 8 * _DIGEST_BYTES
_Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """What one table holds: its rows, and 32 hexadecimal digits that stand for them."""

    rows: int
    digest: str


def contents_of(connection: Connection, table: Table) -> Contents:
    """Read *table* to its end, in pieces; errors as `rows_of`."""
    count = total = 0
    for row in rows_of(connection, table):
        count += 1
        total += int.from_bytes(blake2b(repr(row).encode(), digest_size=_DIGEST_BYTES).digest())
    return Contents(count, f"{total % _MODULUS:032x}")


def rows_of(connection: Connection, table: Table) -> Iterator[_Row]:
    """Yield the rows of *table* in any order, each value of its column's type; a piece at a time is in memory.

    Raises:
        StorageError: a value is not of its column's type; SQLite keeps what others wrote there.
    """
    kinds = [column.type.python_type for column in table.columns]
    query = select(table).execution_options(stream_results=True, yield_per=_PIECE)
    with connection.execute(query) as found:
        for row in found:
            try:
                yield tuple(map(_plain, row, kinds))
            except ValueError as error:
                raise StorageError(f"database: table {table.name} has a value of another type: {error}") from error


def _plain(value: object, kind: type) -> object:
    if value is None or type(value) is not kind:
        return None if value is None else kind(value)
    return value.replace("\x00", "") if type(value) is str and "\x00" in value else value
