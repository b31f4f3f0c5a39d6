"""Tables that PostgreSQL has beside those of `Base`: what is a file of the data folder where SQLite is the database.

The library (`documents.db` and its files) and the authorities that users imported (`authorities.db`). Every machine
keeps a copy of the library to search in, which follows `CHANGES`.
"""

from collections.abc import Collection
from enum import StrEnum

from sqlalchemy import Column, Connection, Double, Index, LargeBinary, MetaData, Table, insert

from models.database.library import IN_SQLITE, LibraryTables
from models.engines.dialects import TEXT, WHOLE
from models.engines.heads import move_on

SHARED = MetaData()
# What has a number in `HEADS`; without one nothing was ever kept, so that files of a data folder are taken in.
LIBRARY_NAME, AUTHORITIES_NAME = "library", "authorities"
# The turn of whoever writes to the library (`models.engines.postgresql.wait_turn`).
LIBRARY_TURN = 0x4C_54_50_03
# Stands for no document but the library itself.
LIBRARY = 0


class What(StrEnum):
    """What a change was of; the last two are of the library."""

    ROW = "row"
    TEXT = "text"  # of its text and all that hangs on it: vectors too
    VECTORS = "vectors"  # some came
    FACTS = "facts"
    NO_VECTORS = "no_vectors"  # those of all documents were dropped


def _shared(table: Table) -> Table:
    """Return *table* as PostgreSQL has it: nobody searches there, so it is found by its document alone."""
    made = table.to_metadata(SHARED, name=f"library_{table.name}")
    made.indexes.clear()
    return made


def _unkeyed(table: Table) -> Table:
    """Return *table* without its key, which holds a text: PostgreSQL refuses long ones in an index."""
    columns = [Column(column.name, column.type, nullable=False) for column in table.columns]
    return Table(f"library_{table.name}", SHARED, *columns)


IN_POSTGRESQL = LibraryTables(
    documents=_shared(IN_SQLITE.documents),
    pages=_shared(IN_SQLITE.pages),
    units=_shared(IN_SQLITE.units),
    numbers=_unkeyed(IN_SQLITE.numbers),
    names=_unkeyed(IN_SQLITE.names),
    chunks=_shared(IN_SQLITE.chunks),
    words=_shared(IN_SQLITE.words),
    vectors=_shared(IN_SQLITE.vectors),
    facts=_shared(IN_SQLITE.facts),
)
for _of in (
    IN_POSTGRESQL.units,
    IN_POSTGRESQL.numbers,
    IN_POSTGRESQL.names,
    IN_POSTGRESQL.chunks,
    IN_POSTGRESQL.vectors,
):
    Index(f"ix_{_of.name}_document", _of.c.document)
# The bytes of the documents' files, in pieces of a mebibyte.
FILES = Table(
    "library_files",
    SHARED,
    Column("sha256", TEXT, primary_key=True),
    Column("ordinal", WHOLE, primary_key=True, autoincrement=False),
    Column("piece", LargeBinary, nullable=False),
)
# What each revision changed, and of which document.
# `token` is drawn anew for every revision, so that a copy of a library that went another way is known by it.
CHANGES = Table(
    "library_changes",
    SHARED,
    Column("revision", WHOLE, primary_key=True, autoincrement=False),
    Column("document", WHOLE, primary_key=True, autoincrement=False),
    Column("what", TEXT, primary_key=True),
    Column("token", WHOLE, nullable=False),
)
# The newest revision of each thing that processes keep something of.
HEADS = Table(
    "shared_heads",
    SHARED,
    Column("name", TEXT, primary_key=True),
    Column("revision", WHOLE, nullable=False),
    Column("token", WHOLE, nullable=False),
)
AUTHORITIES_META = MetaData()
AUTHORITIES = Table(
    "authorities",
    AUTHORITIES_META,
    Column("id", WHOLE, primary_key=True),
    Column("key", TEXT, nullable=False),
    Column("name_key", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("citation", TEXT, nullable=False),
    Column("jurisdiction", TEXT, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("year", WHOLE),
    Column("source", TEXT, nullable=False),
    Index("ux_authorities", "key", "name", unique=True),
    Index("ix_authorities_name", "name_key"),
)
LOOKUPS = Table(
    "lookups",
    AUTHORITIES_META,
    Column("key", TEXT, primary_key=True),
    Column("answer", TEXT, nullable=False),
    Column("at", Double, nullable=False),
)
for _table in (AUTHORITIES, LOOKUPS):
    _table.to_metadata(SHARED)


def note_changes(connection: Connection, changes: Collection[tuple[int, What]]) -> None:
    """Give *changes*, each of a document, the next number; the caller has the turn of the library."""
    revision, token = move_on(connection, LIBRARY_NAME)
    rows = [
        {"revision": revision, "document": document, "what": what.value, "token": token}
        for document, what in sorted(changes)
    ]
    if rows:
        connection.execute(insert(CHANGES), rows)
