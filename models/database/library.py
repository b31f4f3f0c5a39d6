"""The tables of the library: documents, their text, the index over it.

They are those of `documents.db`, a file of SQLite. Where several machines share one PostgreSQL, `shared.py` has the
same tables there.
"""

from dataclasses import dataclass

from sqlalchemy import Column, Connection, Float, Index, LargeBinary, MetaData, Table, delete, select, text

from models.engines.dialects import TEXT, WHOLE

META = MetaData()
DOCUMENTS = Table(
    "documents",
    META,
    Column("number", WHOLE, primary_key=True),
    Column("id", TEXT, nullable=False, unique=True),
    Column("name", TEXT, nullable=False),
    Column("sha256", TEXT, nullable=False, unique=True),
    Column("size_bytes", WHOLE, nullable=False),
    Column("file", TEXT, nullable=False),
    Column("kind", TEXT, nullable=False, default=""),
    Column("title", TEXT, nullable=False, default=""),
    Column("common_name", TEXT, nullable=False, default=""),
    Column("licence", TEXT, nullable=False, default=""),
    Column("jurisdiction", TEXT, nullable=False, default=""),
    Column("identifier", TEXT, nullable=False, default=""),
    Column("instrument", TEXT, nullable=False, default=""),
    Column("version", TEXT, nullable=False, default=""),
    Column("url", TEXT, nullable=False, default=""),
    Column("aliases", TEXT, nullable=False, default="[]"),
    Column("status", TEXT, nullable=False),
    Column("reason", TEXT, nullable=False, default=""),
    Column("notes", TEXT, nullable=False, default="[]"),
    Column("pages", WHOLE, nullable=False, default=0),
    Column("units", WHOLE, nullable=False, default=0),
    Column("chunks", WHOLE, nullable=False, default=0),
    Column("characters", WHOLE, nullable=False, default=0),
    Column("recognised", WHOLE, nullable=False, default=0),
    Column("embedded", WHOLE, nullable=False, default=0),
    Column("attempts", WHOLE, nullable=False, default=0),
    Column("created_at", TEXT, nullable=False),
    Column("updated_at", TEXT, nullable=False),
    Index("ix_documents_identifier", "identifier"),
    Index("ix_documents_chunks", "chunks"),  # every question asks for their sum
    Index("ix_documents_unready", "number", sqlite_where=text("status <> 'ready'")),
    sqlite_autoincrement=True,
)
PAGES = Table(
    "pages",
    META,
    Column("document", WHOLE, primary_key=True),
    Column("ordinal", WHOLE, primary_key=True),
    Column("start", WHOLE, nullable=False),
    Column("number", WHOLE),
    Column("confidence", Float),
    Column("text", TEXT, nullable=False),
)
UNITS = Table(
    "units",
    META,
    Column("id", WHOLE, primary_key=True),
    Column("document", WHOLE, nullable=False),
    Column("ordinal", WHOLE, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("number", TEXT, nullable=False),
    Column("heading", TEXT, nullable=False),
    Column("path", TEXT, nullable=False),
    Column("parts", TEXT, nullable=False),
    Column("start", WHOLE, nullable=False),
    Column("body", WHOLE, nullable=False),
    Column("end", WHOLE, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("since", TEXT, nullable=False),
    Column("until", TEXT, nullable=False),
    Column("identifier", TEXT, nullable=False),
    Index("ix_units_document", "document", "ordinal"),
    sqlite_autoincrement=True,
)
# Under which numbers a unit is found in its document.
NUMBERS = Table(
    "numbers",
    META,
    Column("document", WHOLE, primary_key=True),
    Column("key", TEXT, primary_key=True),
    Column("unit", WHOLE, primary_key=True),
)
# Under which names an instrument is found.
NAMES = Table(
    "names",
    META,
    Column("key", TEXT, primary_key=True),
    Column("document", WHOLE, primary_key=True),
    Index("ix_names_document", "document"),
)
CHUNKS = Table(
    "chunks",
    META,
    Column("id", WHOLE, primary_key=True),
    Column("document", WHOLE, nullable=False),
    Column("unit", WHOLE, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("jurisdiction", TEXT, nullable=False),
    Column("start", WHOLE, nullable=False),
    Column("end", WHOLE, nullable=False),
    Column("page", WHOLE),
    Column("text", TEXT, nullable=False),
    Index("ix_chunks_document", "document"),
    Index("ix_chunks_unit", "unit"),
    # What a search filters thousands of chunks by, without reading their texts.
    Index("ix_chunks_place", "id", "document", "jurisdiction", "kind"),
    sqlite_autoincrement=True,  # ids are never used again: tables in memory hold them
)
VECTORS = Table(
    "vectors",
    META,
    Column("chunk", WHOLE, primary_key=True, autoincrement=False),
    Column("document", WHOLE, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Index("ix_vectors_document", "document"),
)
FACTS = Table("facts", META, Column("name", TEXT, primary_key=True), Column("value", TEXT, nullable=False))
# What the index of words holds of each chunk. On SQLite it is a virtual table, which `make_tables` makes.
WORDS = Table(
    "words", MetaData(), Column("rowid", WHOLE, primary_key=True, autoincrement=False), Column("tokens", TEXT)
)
# `detail` stays full: with less, bm25 reads and parts the text of every chunk that it scores.
_WORDS_IN_SQLITE = "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(tokens, tokenize='porter ascii')"


@dataclass(frozen=True, slots=True)
class LibraryTables:
    """The tables of one library, wherever it is kept."""

    documents: Table
    pages: Table
    units: Table
    numbers: Table
    names: Table
    chunks: Table
    words: Table
    vectors: Table
    facts: Table

    @property
    def all(self) -> tuple[Table, ...]:
        """Every table, documents first."""
        return (self.documents, *self.text, self.vectors, self.facts)

    @property
    def text(self) -> tuple[Table, ...]:
        """What is kept of the text of documents, without vectors."""
        return (self.pages, self.units, self.numbers, self.names, self.chunks, self.words)

    def drop_text(self, connection: Connection, document: int) -> None:
        """Drop all that is kept of a document but its row."""
        of_chunks = select(self.chunks.c.id).where(self.chunks.c.document == document)
        connection.execute(delete(self.words).where(self.words.c.rowid.in_(of_chunks)))
        for table in (self.vectors, self.chunks, self.numbers, self.units, self.names, self.pages):
            connection.execute(delete(table).where(table.c.document == document))


IN_SQLITE = LibraryTables(DOCUMENTS, PAGES, UNITS, NUMBERS, NAMES, CHUNKS, WORDS, VECTORS, FACTS)


def make_tables(connection: Connection) -> None:
    """Make in a file of SQLite what is missing of the tables."""
    META.create_all(connection)
    for index in (index for table in META.tables.values() for index in table.indexes):
        index.create(connection, checkfirst=True)  # tables of an earlier version lack newer ones
    connection.execute(text(_WORDS_IN_SQLITE))
