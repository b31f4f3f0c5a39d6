"""The provisions of all documents, by number: what a report holds against those that samples stand on."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection, select

from models.database.library import DOCUMENTS, UNITS
from models.grounding.library import Library
from models.grounding.rows import Stage


@dataclass(frozen=True, slots=True)
class Shelved:
    """A document that is ready, with its provisions.

    Attributes:
        file_id: As callers name it.
        title: Common name or title.
        numbers: The number of each provision by the id of its unit, in order.
    """

    file_id: str
    title: str
    version: str
    numbers: dict[int, str]


def shelved(library: Library) -> Iterator[Shelved]:
    """Yield each document that has provisions with numbers; one is in memory at a time."""
    if not library.is_there:
        return
    with library.reading() as connection:
        yield from _documents(connection)


def _documents(connection: Connection) -> Iterator[Shelved]:
    columns = (DOCUMENTS.c.id, DOCUMENTS.c.common_name, DOCUMENTS.c.title, DOCUMENTS.c.name, DOCUMENTS.c.version)
    query = (
        select(*columns, UNITS.c.id, UNITS.c.number)
        .join(UNITS, UNITS.c.document == DOCUMENTS.c.number)
        .where(DOCUMENTS.c.status == Stage.READY, UNITS.c.number != "")
        .order_by(UNITS.c.document, UNITS.c.ordinal)
    )
    for (file_id, common, title, name, version), rows in groupby(connection.execute(query), lambda row: tuple(row[:5])):
        yield Shelved(str(file_id), str(common or title or name), str(version), {row[5]: row[6] for row in rows})
