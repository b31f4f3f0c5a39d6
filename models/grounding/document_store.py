"""Documents and how far each is: the durable jobs of their reading."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, Row, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from models.grounding.library import (
    CHUNKS,
    DOCUMENTS,
    NAMES,
    NUMBERS,
    PAGES,
    UNITS,
    VECTORS,
    Library,
)
from models.grounding.rows import Document, NewDocument, Reading, Stage
from utils.clock import Clock, iso
from utils.errors import DuplicateDocumentError, StorageError

# The columns of a `Table` tell no types.
_Row = Row[*tuple[Any, ...]]
_PIECE = 500


class DocumentStore:
    """The documents of a library."""

    def __init__(self, library: Library, clock: Clock) -> None:
        self._library = library
        self._clock = clock

    def add(self, new: NewDocument) -> Document:
        """Keep a document that came in.

        Raises:
            DuplicateDocumentError: its bytes are kept already; carries the id of the first.
        """
        values = {name: getattr(new, name) for name in NewDocument.__slots__}
        try:
            with self._library.changing() as connection:
                now = iso(self._clock.now())
                connection.execute(
                    insert(DOCUMENTS).values(**values, status=Stage.UPLOADED, created_at=now, updated_at=now)
                )
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
        self._change(number, status=Stage.EXTRACTING, reason="", attempts=DOCUMENTS.c.attempts + 1)

    def advance(self, number: int, stage: Stage, **facts: object) -> None:
        """Say how far a document is."""
        self._change(number, status=stage, **facts)

    def finish(self, number: int) -> list[int]:
        """Have a document found from now on, and no other state of its instrument; all in one transaction.

        The latest state by its date is found; of two without dates the one that came later. The others fail with that
        as their reason and keep their files.

        Returns:
            The numbers of the documents that failed so, maybe *number* itself.
        """
        with self._library.changing() as connection:
            new = connection.execute(select(*_STATE).where(DOCUMENTS.c.number == number)).first()
            if new is None:
                return []
            same = (DOCUMENTS.c.identifier == new.identifier, DOCUMENTS.c.title == new.title)
            ready = select(*_STATE).where(*same, DOCUMENTS.c.status == Stage.READY, DOCUMENTS.c.number != number)
            states = [new, *connection.execute(ready)] if new.identifier else [new]
            latest = reduce(_later, states)
            for one in states:
                if one.number != latest.number:
                    _drop_text(connection, one.number)
                    state = f"{latest.title} as of {latest.version}" if latest.version else latest.title
                    reason = (
                        f"a later state is here, {latest.id} ({state}); delete that one and POST …/reindex to use this"
                    )
                    self._set(connection, one.number, {"status": Stage.FAILED, "reason": reason, **_NOTHING})
            self._set(connection, latest.number, {"status": Stage.READY})
            return [one.number for one in states if one.number != latest.number]

    def fail(self, number: int, reason: str) -> None:
        """Say why a document cannot be read; what was kept of its text is dropped."""
        with self._library.changing() as connection:
            _drop_text(connection, number)
            self._set(connection, number, {"status": Stage.FAILED, "reason": reason, **_NOTHING})

    def restart(self, number: int) -> None:
        """Have a document read again from its file; what was kept of its text is dropped."""
        with self._library.changing() as connection:
            _drop_text(connection, number)
            self._set(connection, number, {"status": Stage.UPLOADED, "reason": "", "attempts": 0, **_NOTHING})

    def keep(self, number: int, reading: Reading) -> bool:
        """Keep all that was read of a document, in one transaction; False if it was deleted meanwhile."""
        with self._library.changing() as connection:
            row = connection.execute(select(DOCUMENTS.c.jurisdiction).where(DOCUMENTS.c.number == number)).first()
            if row is None:
                return False
            jurisdiction = str(reading.facts.get("jurisdiction") or row[0])
            _drop_text(connection, number)
            _keep_pages(connection, number, reading)
            first = _keep_units(connection, number, reading)
            _keep_chunks(connection, number, reading, first, jurisdiction)
            counts = {
                "pages": len(reading.pages),
                "units": len(reading.units),
                "chunks": len(reading.chunks),
                "characters": sum(len(page.text) for page in reading.pages),
                "embedded": 0,
            }
            self._set(connection, number, {"status": Stage.EMBEDDING, **counts, **_encoded(reading.facts)})
            return True

    def delete(self, number: int) -> str | None:
        """Delete a document with its text, chunks, words and vectors in one transaction; return its file's name."""
        with self._library.changing() as connection:
            row = connection.execute(select(DOCUMENTS.c.file).where(DOCUMENTS.c.number == number)).first()
            _drop_text(connection, number)
            connection.execute(delete(DOCUMENTS).where(DOCUMENTS.c.number == number))
            return str(row[0]) if row is not None else None

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

    def _change(self, number: int, **values: object) -> None:
        with self._library.changing() as connection:
            self._set(connection, number, values)

    def _set(self, connection: Connection, number: int, values: Mapping[str, object]) -> None:
        changed = {**values, "updated_at": iso(self._clock.now())}
        connection.execute(update(DOCUMENTS).where(DOCUMENTS.c.number == number).values(**changed))

    def _first(self, condition: ColumnElement[bool]) -> Document | None:
        return next(iter(self._all(condition)), None)

    def _all(self, *conditions: ColumnElement[bool], page: tuple[int, int] = (-1, 0)) -> list[Document]:
        if not self._library.is_there:
            return []
        limit, offset = page
        query = select(DOCUMENTS).where(*conditions).order_by(DOCUMENTS.c.number.desc()).limit(limit).offset(offset)
        with self._library.reading() as connection:
            return [_document(row) for row in connection.execute(query)]


_STATE = (DOCUMENTS.c.number, DOCUMENTS.c.id, DOCUMENTS.c.identifier, DOCUMENTS.c.title, DOCUMENTS.c.version)
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


def _drop_text(connection: Connection, number: int) -> None:
    """Drop all that is kept of a document but its row."""
    of_chunks = select(CHUNKS.c.id).where(CHUNKS.c.document == number)
    ids = list(connection.execute(of_chunks).scalars())
    if ids:
        connection.execute(text("DELETE FROM words WHERE rowid = :id"), [{"id": one} for one in ids])
    for table in (VECTORS, CHUNKS, NUMBERS, UNITS, NAMES, PAGES):
        connection.execute(delete(table).where(table.c.document == number))


def _keep_pages(connection: Connection, number: int, reading: Reading) -> None:
    start, rows = 0, []
    for ordinal, page in enumerate(reading.pages):
        rows.append(
            {
                "document": number,
                "ordinal": ordinal,
                "start": start,
                "number": page.number,
                "confidence": page.confidence,
                "text": page.text,
            }
        )
        start += len(page.text)
    _insert(connection, insert(PAGES), rows)
    if reading.names:
        names = [{"key": key, "document": number} for key in dict.fromkeys(reading.names)]
        _insert(connection, insert(NAMES), names)


def _keep_units(connection: Connection, number: int, reading: Reading) -> int:
    """Keep the units; return the id of the first, the others follow."""
    first = _last(connection, "units") + 1
    rows, numbers = [], []
    for ordinal, (unit, keys) in enumerate((new.unit, new.keys) for new in reading.units):
        row = {name: getattr(unit, name) for name in _UNIT_COLUMNS}
        row |= {"path": json.dumps(unit.path), "parts": json.dumps(unit.parts)}
        rows.append({"id": first + ordinal, "document": number, "ordinal": ordinal, **row})
        numbers += [{"document": number, "key": key, "unit": first + ordinal} for key in dict.fromkeys(keys)]
    _insert(connection, insert(UNITS), rows)
    _insert(connection, insert(NUMBERS), numbers)
    return first


_UNIT_COLUMNS = ("kind", "number", "heading", "start", "body", "end", "status", "since", "until", "identifier")


def _keep_chunks(connection: Connection, number: int, reading: Reading, first_unit: int, jurisdiction: str) -> None:
    first = _last(connection, "chunks") + 1
    rows = [
        {
            "id": first + place,
            "document": number,
            "unit": first_unit + chunk.unit,
            "kind": reading.units[chunk.unit].unit.kind,
            "jurisdiction": jurisdiction,
            "start": chunk.start,
            "end": chunk.end,
            "page": chunk.page,
            "text": chunk.text,
        }
        for place, chunk in enumerate(reading.chunks)
    ]
    _insert(connection, insert(CHUNKS), rows)
    words = [{"id": first + place, "tokens": chunk.tokens} for place, chunk in enumerate(reading.chunks)]
    if words:
        connection.execute(text("INSERT INTO words (rowid, tokens) VALUES (:id, :tokens)"), words)


def _last(connection: Connection, table: str) -> int:
    """Return the highest id that *table* ever had."""
    found = connection.execute(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table}).scalar()
    return int(found or 0)


def _insert(connection: Connection, statement: Insert, rows: Sequence[Mapping[str, object]]) -> None:
    for start in range(0, len(rows), _PIECE):
        connection.execute(statement, rows[start : start + _PIECE])
