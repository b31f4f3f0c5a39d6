"""The database: its tables, and how it is opened and read. All changes go through `models/writer.py`."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, Index, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from models.migrations import migrate
from utils.errors import DiskFullError, StorageError
from utils.files import is_disk_full


class Base(DeclarativeBase):
    """Base of the tables."""


db = SQLAlchemy(model_class=Base)


class BatchHistory(Base):
    """One batch. JSON columns hold lists as text."""

    __tablename__ = "batches"

    id: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(index=True)
    started_at: Mapped[str]
    completed_at: Mapped[str | None]
    provider: Mapped[str]
    model: Mapped[str | None]
    target: Mapped[int]
    samples_generated: Mapped[int] = mapped_column(default=0)
    tokens_used: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    in_doubt: Mapped[int] = mapped_column(default=0)
    cost_usd: Mapped[float] = mapped_column(default=0.0)
    unpriced_tokens: Mapped[int] = mapped_column(default=0)
    elapsed_s: Mapped[float] = mapped_column(default=0.0)
    reason: Mapped[str | None]
    metrics: Mapped[str] = mapped_column(default="{}")
    request: Mapped[str]
    errors: Mapped[str] = mapped_column(default="[]")
    model_switches: Mapped[str] = mapped_column(default="[]")
    provider_switches: Mapped[str] = mapped_column(default="[]")


class WorkRow(Base):
    """One item: a sample that a batch wants; unique by batch and ordinal.

    `in_flight` names the target ("provider/model") of a call under way for it, the draft's or its judge's, until the
    call's result is counted.
    """

    __tablename__ = "work"
    __table_args__ = (Index("ix_work_batch_state", "batch_id", "state"),)

    batch_id: Mapped[str] = mapped_column(primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    job: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[float | None]
    sent_to: Mapped[str | None]
    sent_tokens: Mapped[int | None]
    in_flight: Mapped[str | None]
    raw_answer: Mapped[str | None]
    sample_id: Mapped[str | None]
    reason: Mapped[str | None]


class UsageRow(Base):
    """The use of one model in one hour (UTC, "2026-11-21T09") by one batch; "" for single requests."""

    __tablename__ = "usage"

    hour: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    batch_id: Mapped[str] = mapped_column(primary_key=True)
    calls: Mapped[int]
    failed: Mapped[int]
    rate_limited: Mapped[int]
    prompt_tokens: Mapped[int]
    completion_tokens: Mapped[int]
    cost_usd: Mapped[float]
    unpriced_tokens: Mapped[int]
    in_doubt: Mapped[int] = mapped_column(server_default="0")


class CallRow(Base):
    """A call outside batches, until its result is counted; calls found here at a start are in doubt."""

    __tablename__ = "calls"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  # SQLAlchemy reads a plain dictionary here

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[str]
    target: Mapped[str]


class ProviderRow(Base):
    """The override of a provider, as JSON; its key and free settings encrypted."""

    __tablename__ = "providers"

    id: Mapped[str] = mapped_column(primary_key=True)
    custom: Mapped[bool]
    fields: Mapped[str]
    sealed_key: Mapped[str | None]
    sealed_config: Mapped[str | None]
    created_at: Mapped[str]
    updated_at: Mapped[str]


class LimitRow(Base):
    """What was learned of the limits of one model or account, as JSON by unit."""

    __tablename__ = "limits"

    account: Mapped[str] = mapped_column(primary_key=True)
    learned: Mapped[str]
    learned_at: Mapped[str]


class ModelRow(Base):
    """The override of a model, as JSON."""

    __tablename__ = "models"
    __table_args__ = (Index("ix_models_name", "provider", "model", unique=True), {"sqlite_autoincrement": True})

    db_id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str]
    model: Mapped[str]
    fields: Mapped[str]
    created_at: Mapped[str]
    updated_at: Mapped[str]


class EventRow(Base):
    """One change of a batch ("" for changes of providers); its id is the id of the message that streams send."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_batch", "batch_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[str]
    at: Mapped[str]
    type: Mapped[str]
    detail: Mapped[str]


class JournalRow(Base):
    """A sample that is newer than train.parquet; `op` is u (put) or d (delete)."""

    __tablename__ = "journal"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  # SQLAlchemy reads a plain dictionary here

    seq: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    op: Mapped[str]
    topic: Mapped[str | None]
    difficulty: Mapped[str | None]
    created_at: Mapped[str | None]
    data: Mapped[str | None]


class RefusalRow(Base):
    """A refused draft of an item; preferences are made of it."""

    __tablename__ = "refusals"
    __table_args__ = (Index("ix_refusals_item", "batch_id", "ordinal"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[str]
    ordinal: Mapped[int]
    at: Mapped[str]
    reason: Mapped[str]
    answer: Mapped[str]


class ReviewRow(Base):
    """A review of a sample; after an edit, `before` is the sample before it, as JSON."""

    __tablename__ = "reviews"
    __table_args__ = (Index("ix_reviews_sample", "sample_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    sample_id: Mapped[str]
    at: Mapped[str]
    decision: Mapped[str]
    reason: Mapped[str]
    reviewer: Mapped[str | None]
    before: Mapped[str | None]
    changes: Mapped[str]


class BulkRow(Base):
    """A change of many samples at once, which can be undone."""

    __tablename__ = "bulk_changes"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  # as above

    number: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(unique=True)
    at: Mapped[str]
    told: Mapped[str]
    samples: Mapped[int]
    undone_at: Mapped[str | None]


class BulkBeforeRow(Base):
    """A sample as it was before a change of many, as JSON."""

    __tablename__ = "bulk_befores"
    __table_args__ = (Index("ix_bulk_befores_token", "token"),)

    number: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str]
    sample_id: Mapped[str]
    data: Mapped[str]


class FoldRow(Base):
    """What the newest train.parquet holds: every change of the journal up to `upto`."""

    __tablename__ = "folds"

    id: Mapped[int] = mapped_column(primary_key=True)
    file: Mapped[str]
    upto: Mapped[int]


class StoreRow(Base):
    """The database's own name, stored in every train.parquet that it writes, and facts on the newest of them."""

    __tablename__ = "store"

    id: Mapped[int] = mapped_column(primary_key=True)
    database_id: Mapped[str | None]
    generation: Mapped[int] = mapped_column(default=0)
    samples: Mapped[int | None]
    before: Mapped[str | None]


def init_db(app: Flask) -> None:
    """Bind `db` to *app* and create what is missing; needs SQLALCHEMY_DATABASE_URI in its config."""
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)


def open_engine(url: str) -> Engine:
    """Open the database and bring its tables up to date.

    Raises:
        StorageError: it cannot be opened, or is not a database.
    """
    try:
        engine = create_engine(url)
        prepare(engine)
    except SQLAlchemyError as error:
        raise storage_error(error, f"database {make_url(url).render_as_string(hide_password=True)}") from error
    return engine


def open_reader(url: str) -> Engine:
    """Open the database to read in, in a process that does not own it; nothing can be changed through it."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, isolation_level="REPEATABLE READ")
    engine = create_engine(url)
    event.listen(engine, "connect", _on_connect_reader)
    event.listen(engine, "begin", _on_begin)
    return engine


def prepare(engine: Engine) -> None:
    """Set the pragmas of every new connection, create the tables, apply the migrations."""
    if engine.dialect.name == "sqlite" and not event.contains(engine, "connect", _on_connect):
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
    Base.metadata.create_all(engine)
    migrate(engine)


def ping(engine: Engine) -> None:
    """Check that the database answers; StorageError if not."""
    with reading(engine) as connection:
        connection.exec_driver_sql("SELECT 1").scalar()


def storage_error(error: Exception, what: str) -> StorageError:
    """Say in words why the database failed."""
    reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    # When the disk is full SQLite rolls the whole transaction back; the next failure is a consequence.
    if is_disk_full(error):
        return DiskFullError(f"{what}: no space left on the disk; free some and try again, nothing was lost")
    return StorageError(f"{what}: {reason}; check that the file is a database of ours and can be written")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Lend a connection to read with; StorageError if the database fails."""
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise storage_error(error, "database") from error


def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
    # BEGIN is sent explicitly: Python's driver would begin at the first change only.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_connect_reader(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("busy_timeout=5000", "query_only=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    # By the driver: SQLAlchemy's own way costs more than all that a small change does.
    connection.connection.cursor().execute("BEGIN")
