"""What was read of documents: pages, units, chunks; and the index over them: words, numbers, names, vectors."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Row, Select, bindparam, delete, func, insert, select, text, update

from models.database.library import CHUNKS, DOCUMENTS, FACTS, NAMES, NUMBERS, PAGES, UNITS, VECTORS
from models.database.shared import LIBRARY, What
from models.engines.bulk import fill
from models.grounding.document import Page, Status, Unit, UnitKind
from models.grounding.library import Library
from models.grounding.rows import KeptChunk, KeptPage, KeptUnit, Stage

# The columns of a `Table` tell no types.
_Row = Row[*tuple[Any, ...]]
_Query = Select[*tuple[Any, ...]]
_Column = Column[Any]
# Vectors that are read at a time.
_MOST = 5_000
# Values of a list as one parameter: the statement stays the same, and SQLite takes some 32,000 parameters at most.
_WANTED = select(func.json_each(bindparam("wanted")).table_valued("value").c.value)
_UNIT = [column.label(f"unit_{column.name}") for column in UNITS.c]
_IS_READY = DOCUMENTS.c.status == Stage.READY


class PassageStore:
    """The texts of a library. What is read here was committed; a document that is not ready is not searched."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def pages(self, document: int, limit: int = -1, offset: int = 0) -> list[KeptPage]:
        """Return pages of a document in order."""
        query = select(PAGES).where(PAGES.c.document == document).order_by(PAGES.c.ordinal).limit(limit).offset(offset)
        return [
            KeptPage(row.ordinal, row.start, Page(row.text, row.number, row.confidence)) for row in self._rows(query)
        ]

    def units(self, document: int, limit: int = -1, offset: int = 0) -> list[KeptUnit]:
        """Return units of a document in order."""
        query = select(*_UNIT).where(UNITS.c.document == document).order_by(UNITS.c.ordinal)
        return [_unit(row) for row in self._rows(query.limit(limit).offset(offset))]

    def unit(self, unit_id: int) -> KeptUnit | None:
        """Return a unit by its id; None when it is gone."""
        return next((_unit(row) for row in self._rows(select(*_UNIT).where(UNITS.c.id == unit_id))), None)

    def text(self, document: int, start: int, end: int) -> str:
        """Return the characters of a document from *start* to *end*."""
        query = (
            select(PAGES.c.start, PAGES.c.text)
            .where(PAGES.c.document == document, PAGES.c.start < end)
            .where(PAGES.c.start + func.length(PAGES.c.text) > start)
            .order_by(PAGES.c.ordinal)
        )
        return "".join(row.text[max(0, start - row.start) : end - row.start] for row in self._rows(query))

    def chunks(self, document: int, limit: int = -1, offset: int = 0) -> list[KeptChunk]:
        """Return chunks of a document in order."""
        query = _chunks().where(CHUNKS.c.document == document).order_by(CHUNKS.c.id)
        return [_chunk(row) for row in self._rows(query.limit(limit).offset(offset))]

    def before(self, document: int, wanted: Mapping[str, int]) -> int:
        """Return how many chunks stand before the first one that *wanted* names; 0 where it names none.

        Args:
            document: Its number.
            wanted: One of `chunk` (an id), `unit` (an id), `page` (its number) and `start` (characters before it).
        """
        columns = {"chunk": CHUNKS.c.id, "unit": CHUNKS.c.unit, "page": CHUNKS.c.page}
        named = [columns[name] == value for name, value in wanted.items() if name in columns]
        named += [CHUNKS.c.end > wanted["start"]] if "start" in wanted else []
        if not named:
            return 0
        first = select(func.min(CHUNKS.c.id)).where(CHUNKS.c.document == document, *named).scalar_subquery()
        rows = self._rows(select(func.count()).where(CHUNKS.c.document == document, CHUNKS.c.id < first))
        return int(rows[0][0]) if rows else 0

    def holding(self, document: int, words: str) -> int:
        """Return how many chunks of a document stand before the first that holds *words*; 0 where none does."""
        where = (CHUNKS.c.document == document, func.instr(CHUNKS.c.text, words) > 0)
        rows = self._rows(select(func.min(CHUNKS.c.id)).where(*where))
        return self.before(document, {"chunk": rows[0][0]}) if rows and rows[0][0] is not None else 0

    def with_ids(self, chunks: Iterable[int]) -> dict[int, KeptChunk]:
        """Return chunks of documents that are ready, by their ids."""
        found = self._in(_chunks().where(_IS_READY), CHUNKS.c.id, chunks)
        return {row.id: _chunk(row) for row in found}

    def places(self, chunks: Iterable[int]) -> Sequence[_Row]:
        """Return id, unit, document, kind, jurisdiction and kind of instrument of *chunks* that can be searched."""
        return self._in(_places(), CHUNKS.c.id, chunks)

    def of_units(self, units: Iterable[int]) -> dict[int, list[int]]:
        """Return the ids of the chunks of each unit, in order."""
        query = select(CHUNKS.c.unit, func.json_group_array(CHUNKS.c.id)).group_by(CHUNKS.c.unit)
        return {unit: sorted(json.loads(chunks)) for unit, chunks in self._in(query, CHUNKS.c.unit, units)}

    def numbered(self, documents: Iterable[int], keys: Iterable[str]) -> list[tuple[int, int, str, UnitKind]]:
        """Return id, document, key and kind of the units of *documents* under one of *keys*, in their order."""
        query = (
            select(UNITS.c.id, UNITS.c.document, NUMBERS.c.key, UNITS.c.kind)
            .join(NUMBERS, NUMBERS.c.unit == UNITS.c.id)
            .where(NUMBERS.c.key.in_(list(keys)))
            .order_by(UNITS.c.document, UNITS.c.ordinal)
        )
        return [
            (row.id, row.document, row.key, UnitKind(row.kind))
            for row in self._in(query, NUMBERS.c.document, documents)
        ]

    def named(self, keys: Iterable[str]) -> dict[str, list[tuple[int, str, str, str]]]:
        """Return number, title, kind and jurisdiction of the ready instruments under each of *keys*."""
        query = (
            select(NAMES.c.key, DOCUMENTS.c.number, DOCUMENTS.c.title, DOCUMENTS.c.instrument, DOCUMENTS.c.jurisdiction)
            .join(DOCUMENTS, DOCUMENTS.c.number == NAMES.c.document)
            .where(_IS_READY)
            .order_by(DOCUMENTS.c.number)
        )
        found: dict[str, list[tuple[int, str, str, str]]] = {}
        for key, *of_instrument in self._in(query, NAMES.c.key, keys):
            found.setdefault(key, []).append((of_instrument[0], *of_instrument[1:]))
        return found

    def search(
        self, expression: str, where: Mapping[str, str], documents: frozenset[int] | None, most: int
    ) -> list[tuple[int, float]]:
        """Return ids of ready chunks that match an expression of FTS5, with its bm25 turned positive, best first.

        Args:
            expression: Terms, each in quotation marks.
            where: Values of the columns kind and jurisdiction.
            documents: Only of these; None for all.
            most: How many at most.
        """
        if not expression or documents == frozenset():
            return []
        conditions = "".join(f" AND chunks.{name} = :{name}" for name in ("kind", "jurisdiction") if name in where)
        if documents is not None:
            conditions += f" AND chunks.document IN ({', '.join(str(int(number)) for number in documents)})"
        # Read from the index alone: a row of `chunks` lies beside its text, and thousands match.
        places = "JOIN chunks INDEXED BY ix_chunks_place ON chunks.id = words.rowid " if conditions else ""
        query = text(
            f"SELECT words.rowid, -bm25(words) AS score FROM words {places}"  # noqa: S608  # numbers and names of ours  # nosec B608
            f"WHERE words MATCH :expression{conditions} AND +words.rowid NOT IN (SELECT id FROM chunks WHERE document "
            "IN (SELECT number FROM documents WHERE status <> 'ready')) ORDER BY score DESC LIMIT :most"
        )
        if not self._library.is_there:
            return []
        with self._library.reading() as connection:
            rows = connection.execute(query, {"expression": expression, "most": most, **where})
            return [(int(chunk), float(score)) for chunk, score in rows]

    def frequency(self, term: str) -> int:
        """Return how many chunks hold a term."""
        query = text("SELECT count(*) FROM words WHERE words MATCH :term")
        if not self._library.is_there:
            return 0
        with self._library.reading() as connection:
            return int(connection.execute(query, {"term": f'"{term}"'}).scalar_one())

    def size(self) -> int:
        """Return how many chunks there are."""
        rows = self._rows(select(func.total(DOCUMENTS.c.chunks)))
        return int(rows[0][0]) if rows else 0

    def without_vectors(self, document: int, most: int) -> list[KeptChunk]:
        """Return chunks of a document that have no vector yet, in order."""
        missing = CHUNKS.c.id.not_in(select(VECTORS.c.chunk).where(VECTORS.c.document == document))
        query = _chunks().where(CHUNKS.c.document == document, missing).order_by(CHUNKS.c.id).limit(most)
        return [_chunk(row) for row in self._rows(query)]

    def add_vectors(self, document: int, vectors: Sequence[tuple[int, bytes]]) -> bool:
        """Keep vectors of chunks of a document; False if it was deleted or is read anew meanwhile."""
        with self._library.changing() as change:
            connection, tables = change.connection, change.tables
            of_document = select(tables.chunks.c.id).where(tables.chunks.c.document == document)
            there = set(connection.execute(of_document).scalars())
            if not there.issuperset(chunk for chunk, _ in vectors):
                return False
            fill(connection, tables.vectors, ((chunk, document, packed) for chunk, packed in vectors))
            documents = tables.documents
            counted = {"embedded": documents.c.embedded + len(vectors)}
            connection.execute(update(documents).where(documents.c.number == document).values(counted))
            change.note(document, What.VECTORS)
            return True

    def embedded(self) -> tuple[int, int]:
        """Return how many chunks of documents that are ready have vectors, and how many there are."""
        columns = (func.total(DOCUMENTS.c.embedded), func.total(DOCUMENTS.c.chunks))
        rows = self._rows(select(*columns).where(_IS_READY))
        return (int(rows[0][0]), int(rows[0][1])) if rows else (0, 0)

    def is_embedded(self, document: int) -> bool:
        """Tell whether a document is ready, and has all its vectors."""
        is_whole = (_IS_READY, DOCUMENTS.c.embedded == DOCUMENTS.c.chunks)
        return bool(self._rows(select(DOCUMENTS.c.number).where(DOCUMENTS.c.number == document, *is_whole)))

    def vectors(self, document: int | None = None) -> Iterator[list[tuple[int, int, bytes]]]:
        """Yield chunk, document and vector, in pieces: of one document or of all that are ready, by chunk."""
        if not self._library.is_there:
            return
        query = select(VECTORS.c.chunk, VECTORS.c.document, VECTORS.c.vector).order_by(VECTORS.c.chunk)
        if document is None:
            # Not joined: the rows would come by documents, and be sorted with their vectors.
            query = query.where(VECTORS.c.document.not_in(select(DOCUMENTS.c.number).where(~_IS_READY)))
        else:
            query = query.where(VECTORS.c.document == document)
        with self._library.reading() as connection:
            result = connection.execution_options(yield_per=_MOST).execute(query)
            for piece in result.partitions():
                yield [(chunk, number, vector) for chunk, number, vector in piece]

    def fact(self, name: str) -> str:
        """Return a fact on the index, or ""."""
        rows = self._rows(select(FACTS.c.value).where(FACTS.c.name == name))
        return str(rows[0][0]) if rows else ""

    def set_fact(self, name: str, value: str) -> None:
        """Keep a fact on the index."""
        with self._library.changing() as change:
            facts = change.tables.facts
            change.connection.execute(delete(facts).where(facts.c.name == name))
            change.connection.execute(insert(facts).values(name=name, value=value))
            change.note(LIBRARY, What.FACTS)

    def drop_vectors(self) -> None:
        """Drop all vectors, as for another embedder; documents that are ready stay so, found by their words."""
        with self._library.changing() as change:
            change.connection.execute(delete(change.tables.vectors))
            change.connection.execute(update(change.tables.documents).values(embedded=0))
            change.note(LIBRARY, What.NO_VECTORS)

    def changed_since(self, seen: tuple[int, int]) -> tuple[tuple[int, int], Collection[int] | None]:
        """Return where the library stands and what others changed, as `Library.changed_since`."""
        return self._library.changed_since(seen)

    def _rows(self, query: _Query) -> Sequence[_Row]:
        if not self._library.is_there:
            return []
        with self._library.reading() as connection:
            return connection.execute(query).all()

    def _in(self, query: _Query, column: _Column, values: Iterable[int | str]) -> Sequence[_Row]:
        """Return the rows of *query* whose *column* is one of *values*, which are numbers or strings."""
        if not self._library.is_there:
            return []
        wanted = json.dumps(list(dict.fromkeys(values)))
        with self._library.reading() as connection:
            return connection.execute(query.where(column.in_(_WANTED)), {"wanted": wanted}).all()


@lru_cache(1)
def _places() -> _Query:
    columns = (CHUNKS.c.id, CHUNKS.c.unit, CHUNKS.c.document, CHUNKS.c.kind, CHUNKS.c.jurisdiction)
    of_document = DOCUMENTS.c.instrument
    return select(*columns, of_document).join(DOCUMENTS, DOCUMENTS.c.number == CHUNKS.c.document).where(_IS_READY)


@lru_cache(1)
def _chunks() -> _Query:
    """Return the query for chunks with what stands above them."""
    of_document = (
        DOCUMENTS.c.id.label("file_id"),
        DOCUMENTS.c.title,
        DOCUMENTS.c.common_name,
        DOCUMENTS.c.name,
        DOCUMENTS.c.instrument,
    )
    return (
        select(CHUNKS, *of_document, *_UNIT)
        .join(UNITS, UNITS.c.id == CHUNKS.c.unit)
        .join(DOCUMENTS, DOCUMENTS.c.number == CHUNKS.c.document)
    )


def _unit(row: _Row) -> KeptUnit:
    unit = Unit(
        kind=UnitKind(row.unit_kind),
        start=row.unit_start,
        end=row.unit_end,
        body=row.unit_body,
        number=row.unit_number,
        heading=row.unit_heading,
        path=tuple(json.loads(row.unit_path)),
        parts=tuple(json.loads(row.unit_parts)),
        status=Status(row.unit_status),
        since=row.unit_since,
        until=row.unit_until,
        identifier=row.unit_identifier,
    )
    return KeptUnit(row.unit_id, row.unit_document, unit)


def _chunk(row: _Row) -> KeptChunk:
    return KeptChunk(
        id=row.id,
        document=row.document,
        file_id=row.file_id,
        title=row.common_name or row.title or row.name,
        instrument=row.instrument,
        jurisdiction=row.jurisdiction,
        unit=_unit(row),
        start=row.start,
        end=row.end,
        page=row.page,
        text=row.text,
    )
