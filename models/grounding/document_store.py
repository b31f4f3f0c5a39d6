"""Documents and how far each is: the durable jobs of their reading."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from functools import reduce
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from models.database.library import DOCUMENTS, UNITS
from models.database.shared import What
from models.engines.bulk import fill, given_ids, go_on_after
from models.grounding.change import Change
from models.grounding.document import Unit
from models.grounding.library import Library
from models.grounding.rows import Document, NewDocument, Reading, Stage
from utils.clock import Clock, iso
from utils.errors import DuplicateDocumentError, StorageError

# The columns of a `Table` tell no types.
_Row = Row[*tuple[Any, ...]]


class DocumentStore:
    """The documents of a library."""

    def __init__(self, library: Library, clock: Clock) -> None:
        self._library = library
        self._clock = clock

    def add(self, new: NewDocument, file: Path) -> Document:
        """Keep a document that came in, whose bytes are in *file*.

        Raises:
            DuplicateDocumentError: its bytes are kept already; carries the id of the first.
        """
        values = {name: getattr(new, name) for name in NewDocument.__slots__}
        try:
            with self._library.adding(new.sha256, file) as change:
                now = iso(self._clock.now())
                row = insert(change.tables.documents).values(
                    **values, status=Stage.UPLOADED, created_at=now, updated_at=now
                )
                (number,) = change.connection.execute(row).inserted_primary_key or (0,)
                change.note(int(number))
        except StorageError as error:
            if isinstance(error.__cause__, IntegrityError) and (first := self.with_hash(new.sha256)) is not None:
                message = f"file: its bytes are here already, as {first.name[:80]!r}; use that one, or delete it first"
                raise DuplicateDocumentError(message, first.id) from None
            raise
        found = self.find(new.id)
        assert found is not None  # noqa: S101  # it was committed
        return found

    def find(self, document_id: str) -> Document | None:
        """Return the document with this id, or None."""
        return self._first(DOCUMENTS.c.id == document_id)

    def numbered(self, number: int) -> Document | None:
        """Return the document with this number, or None."""
        return self._first(DOCUMENTS.c.number == number)

    def with_hash(self, sha256: str) -> Document | None:
        """Return the document with these bytes, or None."""
        return self._first(DOCUMENTS.c.sha256 == sha256)

    def some(self, limit: int, offset: int, where: Mapping[str, str]) -> list[Document]:
        """Return documents, newest first, that have the values of *where*."""
        return self._all(*(DOCUMENTS.c[name] == value for name, value in where.items()), page=(limit, offset))

    def count(self, where: Mapping[str, str]) -> int:
        """Count the documents with the values of *where*."""
        if not self._library.is_there:
            return 0
        conditions = [DOCUMENTS.c[name] == value for name, value in where.items()]
        with self._library.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(DOCUMENTS).where(*conditions)).scalar_one())

    def waiting(self) -> list[Document]:
        """Return the documents whose reading has not ended, oldest first."""
        return self._all(DOCUMENTS.c.status.not_in([Stage.READY, Stage.FAILED]))[::-1]

    def unembedded(self, beside: Collection[int] = ()) -> Document | None:
        """Return the oldest ready document that lacks vectors, or None; none with a number of *beside*."""
        lacks = (DOCUMENTS.c.status == Stage.READY, DOCUMENTS.c.embedded < DOCUMENTS.c.chunks)
        oldest = select(func.min(DOCUMENTS.c.number)).where(*lacks, DOCUMENTS.c.number.not_in(beside))
        return self._first(DOCUMENTS.c.number == oldest.scalar_subquery())

    def begin(self, number: int) -> None:
        """Say that the reading of a document begins."""
        with self._library.changing() as change:
            attempts = change.tables.documents.c.attempts + 1
            self._set(change, number, {"status": Stage.EXTRACTING, "reason": "", "attempts": attempts})

    def advance(self, number: int, stage: Stage, **facts: object) -> None:
        """Say how far a document is."""
        with self._library.changing() as change:
            self._set(change, number, {"status": stage, **facts})

    def finish(self, number: int) -> list[int]:
        """Have a document found from now on, and no other state of its instrument; all in one transaction.

        The latest state by its date is found; of two without dates the one that came later. The others fail with that
        as their reason and keep their files.

        Returns:
            The numbers of the documents that failed so, maybe *number* itself.
        """
        with self._library.changing() as change:
            documents = change.tables.documents.c
            state = select(documents.number, documents.id, documents.identifier, documents.title, documents.version)
            new = change.connection.execute(state.where(documents.number == number)).first()
            if new is None:
                return []
            same = (documents.identifier == new.identifier, documents.title == new.title)
            ready = state.where(*same, documents.status == Stage.READY, documents.number != number)
            states = [new, *change.connection.execute(ready)] if new.identifier else [new]
            latest = reduce(_later, states)
            for one in states:
                if one.number != latest.number:
                    _drop_text(change, one.number)
                    as_of = f"{latest.title} as of {latest.version}" if latest.version else latest.title
                    reason = (
                        f"a later state is here, {latest.id} ({as_of}); delete that one and POST …/reindex to use this"
                    )
                    self._set(change, one.number, {"status": Stage.FAILED, "reason": reason, **_NOTHING})
            self._set(change, latest.number, {"status": Stage.READY})
            return [one.number for one in states if one.number != latest.number]

    def fail(self, number: int, reason: str) -> None:
        """Say why a document cannot be read; what was kept of its text is dropped."""
        with self._library.changing() as change:
            _drop_text(change, number)
            self._set(change, number, {"status": Stage.FAILED, "reason": reason, **_NOTHING})

    def restart(self, number: int) -> None:
        """Have a document read again from its file; what was kept of its text is dropped."""
        with self._library.changing() as change:
            _drop_text(change, number)
            self._set(change, number, {"status": Stage.UPLOADED, "reason": "", "attempts": 0, **_NOTHING})

    def keep(self, number: int, reading: Reading) -> bool:
        """Keep all that was read of a document, in one transaction; False if it was deleted meanwhile."""
        with self._library.changing() as change:
            documents = change.tables.documents.c
            found = change.connection.execute(select(documents.jurisdiction).where(documents.number == number)).first()
            if found is None:
                return False
            jurisdiction = str(reading.facts.get("jurisdiction") or found[0])
            _drop_text(change, number)
            _keep_text(change, number, reading, jurisdiction)
            counts = {
                "pages": len(reading.pages),
                "units": len(reading.units),
                "chunks": len(reading.chunks),
                "characters": sum(len(page.text) for page in reading.pages),
                "embedded": 0,
            }
            self._set(change, number, {"status": Stage.EMBEDDING, **counts, **_encoded(reading.facts)})
            return True

    def delete(self, number: int) -> str | None:
        """Delete a document with its text, chunks, words and vectors in one transaction; return its file's name."""
        with self._library.changing() as change:
            documents = change.tables.documents
            named = select(documents.c.file, documents.c.sha256).where(documents.c.number == number)
            found = change.connection.execute(named).first()
            if found is None:
                return None
            _drop_text(change, number)
            change.connection.execute(delete(documents).where(documents.c.number == number))
            change.gone.add(found[1])
            return str(found[0])

    def files(self) -> set[str]:
        """Return the names of the files that documents have."""
        if not self._library.is_there:
            return set()
        with self._library.reading() as connection:
            return set(connection.execute(select(DOCUMENTS.c.file)).scalars())

    def searchable(self, where: Mapping[str, str]) -> frozenset[int]:
        """Return the numbers of the documents that can be searched and have the values of *where*."""
        if not self._library.is_there:
            return frozenset()
        conditions = [DOCUMENTS.c[name] == value for name, value in where.items()]
        query = select(DOCUMENTS.c.number).where(DOCUMENTS.c.status == Stage.READY, *conditions)
        with self._library.reading() as connection:
            return frozenset(connection.execute(query).scalars())

    def _set(self, change: Change, number: int, values: Mapping[str, object]) -> None:
        changed = {**values, "updated_at": iso(self._clock.now())}
        documents = change.tables.documents
        change.connection.execute(update(documents).where(documents.c.number == number).values(**changed))
        change.note(number)

    def _first(self, condition: ColumnElement[bool]) -> Document | None:
        return next(iter(self._all(condition)), None)

    def _all(self, *conditions: ColumnElement[bool], page: tuple[int, int] = (-1, 0)) -> list[Document]:
        if not self._library.is_there:
            return []
        limit, offset = page
        query = select(DOCUMENTS).where(*conditions).order_by(DOCUMENTS.c.number.desc()).limit(limit).offset(offset)
        with self._library.reading() as connection:
            return [_document(row) for row in connection.execute(query)]


_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_NOTHING = {"pages": 0, "units": 0, "chunks": 0, "characters": 0, "recognised": 0, "embedded": 0}


def _document(row: _Row) -> Document:
    values = dict(row._mapping)  # its public name
    values["stage"] = Stage(values.pop("status"))
    lists = {name: tuple(json.loads(values[name])) for name in ("aliases", "notes")}
    return Document(**{**values, **lists})


def _later(one: _Row, other: _Row) -> _Row:
    """Return the later of two states of an instrument."""
    days = (one.version, other.version)
    if all(_DAY.fullmatch(day) for day in days) and days[0] != days[1]:
        return max(one, other, key=lambda row: row.version)
    return max(one, other, key=lambda row: row.number)


def _encoded(facts: Mapping[str, object]) -> dict[str, object]:
    """Return *facts* as columns: lists as JSON."""
    return {name: json.dumps(value) if isinstance(value, list | tuple) else value for name, value in facts.items()}


def _drop_text(change: Change, number: int) -> None:
    """Drop all that is kept of a document but its row."""
    change.tables.drop_text(change.connection, number)
    change.note(number, What.TEXT)


def _keep_text(change: Change, number: int, reading: Reading, jurisdiction: str) -> None:
    """Keep what was read; the ids of units and chunks follow each other."""
    tables, connection = change.tables, change.connection
    unit, chunk = given_ids(connection, tables.units) + 1, given_ids(connection, tables.chunks) + 1
    rows: list[tuple[Table, Iterator[tuple[object, ...]]]] = [
        (tables.pages, _pages(number, reading)),
        (tables.names, ((key, number) for key in dict.fromkeys(reading.names))),
        (tables.units, _units(number, reading, unit)),
        (tables.numbers, _numbers(number, reading, unit)),
        (tables.chunks, _chunks(number, reading, (unit, chunk), jurisdiction)),
        (tables.words, zip(count(chunk), (one.tokens for one in reading.chunks), strict=False)),
    ]
    for table, some in rows:
        fill(connection, table, some)
    for table, last in ((tables.units, unit + len(reading.units)), (tables.chunks, chunk + len(reading.chunks))):
        go_on_after(connection, table, last - 1)


def _pages(number: int, reading: Reading) -> Iterator[tuple[object, ...]]:
    start = 0
    for ordinal, page in enumerate(reading.pages):
        yield number, ordinal, start, page.number, page.confidence, page.text
        start += len(page.text)


_UNIT_COLUMNS = set(UNITS.columns.keys()) & set(Unit.__slots__)


def _units(number: int, reading: Reading, first: int) -> Iterator[tuple[object, ...]]:
    for ordinal, unit in enumerate(new.unit for new in reading.units):
        row = {name: getattr(unit, name) for name in _UNIT_COLUMNS}
        row |= {"path": json.dumps(unit.path), "parts": json.dumps(unit.parts)}
        row |= {"id": first + ordinal, "document": number, "ordinal": ordinal}
        yield tuple(row[column.name] for column in UNITS.columns)


def _numbers(number: int, reading: Reading, first: int) -> Iterator[tuple[object, ...]]:
    for place, new in enumerate(reading.units, first):
        for key in dict.fromkeys(new.keys):
            yield number, key, place


def _chunks(number: int, reading: Reading, first: tuple[int, int], jurisdiction: str) -> Iterator[tuple[object, ...]]:
    first_unit, first_chunk = first
    for place, chunk in enumerate(reading.chunks, first_chunk):
        kind = reading.units[chunk.unit].unit.kind
        place_in_text = (chunk.start, chunk.end, chunk.page)
        yield place, number, first_unit + chunk.unit, kind, jurisdiction, *place_in_text, chunk.text
