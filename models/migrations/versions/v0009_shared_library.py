"""The library and the authorities, which were files of one data folder: on PostgreSQL several machines share them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from models.engines.dialects import TEXT, WHOLE
from models.migrations.adding import add

revision, down_revision = "0009", "0008"
_Column = sa.Column[Any]  # of all types
_Kind = sa.types.TypeEngine[Any] | type[sa.types.TypeEngine[Any]]
_DOCUMENT_TEXTS = ("kind", "title", "common_name", "licence", "jurisdiction", "identifier", "instrument", "version")
_DOCUMENT_COUNTS = ("pages", "units", "chunks", "characters", "recognised", "embedded", "attempts")
_UNIT_TEXTS = ("status", "since", "until", "identifier")


def upgrade() -> None:
    """Add the tables on PostgreSQL; with SQLite both stay files of their own."""
    add("members", sa.Column("keys", TEXT))
    if op.get_bind().dialect.name == "sqlite":
        return
    _add_documents()
    _add_texts()
    op.create_table("library_facts", _key("name", TEXT), _some("value", TEXT))
    op.create_table("library_files", _key("sha256", TEXT), _key("ordinal"), _some("piece", sa.LargeBinary))
    op.create_table("library_changes", _key("revision"), _key("document"), _key("what", TEXT), _some("token", WHOLE))
    op.create_table("shared_heads", _key("name", TEXT), _some("revision", WHOLE), _some("token", WHOLE))
    for table in ("units", "numbers", "names", "chunks", "vectors"):
        op.create_index(f"ix_library_{table}_document", f"library_{table}", ["document"])
    _add_authorities()


def _add_documents() -> None:
    op.create_table(
        "library_documents",
        sa.Column("number", WHOLE, primary_key=True),
        sa.Column("id", TEXT, nullable=False, unique=True),
        _some("name", TEXT),
        sa.Column("sha256", TEXT, nullable=False, unique=True),
        _some("size_bytes", WHOLE),
        _some("file", TEXT),
        *(_some(name, TEXT) for name in (*_DOCUMENT_TEXTS, "url", "aliases", "status", "reason", "notes")),
        *(_some(name, WHOLE) for name in _DOCUMENT_COUNTS),
        _some("created_at", TEXT),
        _some("updated_at", TEXT),
    )


def _add_texts() -> None:
    op.create_table(
        "library_pages",
        _key("document"),
        _key("ordinal"),
        _some("start", WHOLE),
        sa.Column("number", WHOLE),
        sa.Column("confidence", sa.Float),
        _some("text", TEXT),
    )
    op.create_table(
        "library_units",
        sa.Column("id", WHOLE, primary_key=True),
        *(_some(name, WHOLE) for name in ("document", "ordinal")),
        *(_some(name, TEXT) for name in ("kind", "number", "heading", "path", "parts")),
        *(_some(name, WHOLE) for name in ("start", "body", "end")),
        *(_some(name, TEXT) for name in _UNIT_TEXTS),
    )
    op.create_table("library_numbers", _some("document", WHOLE), _some("key", TEXT), _some("unit", WHOLE))
    op.create_table("library_names", _some("key", TEXT), _some("document", WHOLE))
    op.create_table(
        "library_chunks",
        sa.Column("id", WHOLE, primary_key=True),
        *(_some(name, WHOLE) for name in ("document", "unit")),
        *(_some(name, TEXT) for name in ("kind", "jurisdiction")),
        *(_some(name, WHOLE) for name in ("start", "end")),
        sa.Column("page", WHOLE),
        _some("text", TEXT),
    )
    op.create_table("library_words", _key("rowid"), sa.Column("tokens", TEXT))
    op.create_table("library_vectors", _key("chunk"), _some("document", WHOLE), _some("vector", sa.LargeBinary))


def _add_authorities() -> None:
    op.create_table(
        "authorities",
        sa.Column("id", WHOLE, primary_key=True),
        *(_some(name, TEXT) for name in ("key", "name_key", "name", "citation", "jurisdiction", "kind")),
        sa.Column("year", WHOLE),
        _some("source", TEXT),
    )
    op.create_index("ux_authorities", "authorities", ["key", "name"], unique=True)
    op.create_index("ix_authorities_name", "authorities", ["name_key"])
    op.create_table("lookups", _key("key", TEXT), _some("answer", TEXT), _some("at", sa.Double))


def _key(name: str, kind: _Kind = WHOLE) -> _Column:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _some(name: str, kind: _Kind) -> _Column:
    return sa.Column(name, kind, nullable=False)
