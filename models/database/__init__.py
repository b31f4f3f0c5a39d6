"""The database: all its tables, and how they are made. All changes go through `models/engines/writer.py`.

Columns hold text, integers and floats only; JSON is kept as text, vectors as base64.
"""

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, Index, MetaData, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

from models.database.shared import SHARED
from models.engines.dialects import TEXT, WHOLE
from models.engines.opening import connect, prepare_connections, shown, storage_error
from models.migrations import migrate

# SQLAlchemy reads a plain dictionary here: ids are never given twice, so that a cursor means the same for ever.
_COUNTED = {"sqlite_autoincrement": True}


def _index_of(name: str, *columns: str, where: str) -> Index:
    """Return an index that holds the rows of which *where* is true, and no others."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class Base(DeclarativeBase):
    """Base of the tables."""

    registry = registry(type_annotation_map={int: WHOLE, str: TEXT})


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
    owner: Mapped[str | None]
    ends_as: Mapped[str | None]


class WorkRow(Base):
    """One item: a sample that a batch wants; unique by batch and ordinal.

    `in_flight` names the target ("provider/model") of a call under way for it, the draft's or its judge's, until the
    call's result is counted. `owner` is the process that has it in hand, `fence` how often it was taken: what a process
    says of an item that was given to another meanwhile is refused.
    """

    __tablename__ = "work"
    __table_args__ = (
        Index("ix_work_batch_state", "batch_id", "state"),
        _index_of("ix_work_open", "batch_id", "ordinal", where="state = 'todo' AND owner IS NULL"),
        _index_of("ix_work_owner", "owner", where="owner IS NOT NULL"),
        _index_of("ix_work_in_flight", "batch_id", where="in_flight IS NOT NULL"),
    )

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
    owner: Mapped[str | None]
    fence: Mapped[int] = mapped_column(default=0, server_default="0")
    sent_usd: Mapped[float | None]


class MemberRow(Base):
    """A process of the service that works on this database; `seen_at` is by the database's clock, in seconds.

    `ledger` names where it keeps limits together with the others, "" for nowhere; `keys` are fingerprints of the keys
    that it encrypts secrets with, the current one first.
    """

    __tablename__ = "members"

    id: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    ledger: Mapped[str]
    started_at: Mapped[str]
    seen_at: Mapped[float]
    keys: Mapped[str | None]


class WriterRow(Base):
    """The last turn that each process wrote in on PostgreSQL (`models/engines/postgresql.py`), `at` by its clock."""

    __tablename__ = "writers"

    id: Mapped[str] = mapped_column(primary_key=True)
    turn: Mapped[int]
    at: Mapped[float]


class BatchPartRow(Base):
    """What one process has to tell of a batch that several work on, as JSON."""

    __tablename__ = "batch_parts"

    batch_id: Mapped[str] = mapped_column(primary_key=True)
    member: Mapped[str] = mapped_column(primary_key=True)
    data: Mapped[str]


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
    __table_args__ = _COUNTED

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[str]
    target: Mapped[str]
    owner: Mapped[str | None]


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
    __table_args__ = (Index("ix_models_name", "provider", "model", unique=True), _COUNTED)

    db_id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str]
    model: Mapped[str]
    fields: Mapped[str]
    created_at: Mapped[str]
    updated_at: Mapped[str]


class EventRow(Base):
    """One change of a batch ("" for changes of providers); its id is the id of the message that streams send."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_batch", "batch_id"), _COUNTED)

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[str]
    at: Mapped[str]
    type: Mapped[str]
    detail: Mapped[str]


class JournalRow(Base):
    """A sample that is newer than train.parquet; `op` is u (put) or d (delete)."""

    __tablename__ = "journal"
    __table_args__ = _COUNTED

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
    __table_args__ = (Index("ix_refusals_item", "batch_id", "ordinal"), _COUNTED)

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[str]
    ordinal: Mapped[int]
    at: Mapped[str]
    reason: Mapped[str]
    answer: Mapped[str]


class ReviewRow(Base):
    """A review of a sample; after an edit, `before` is the sample before it, as JSON."""

    __tablename__ = "reviews"
    __table_args__ = (Index("ix_reviews_sample", "sample_id"), _COUNTED)

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
    __table_args__ = _COUNTED

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


class ShardHeadRow(Base):
    """The newest version of the samples that lie in shards (`models.samples.shards.manifest.Head`).

    `address` is where they lie, `root` the folder of this list there.
    """

    __tablename__ = "shard_heads"

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str]
    root: Mapped[str]
    version: Mapped[int]
    upto: Mapped[int]
    since: Mapped[int]


class ShardRow(Base):
    """A shard of the versions from `added` on and before `removed`; null while it belongs to the newest.

    `born` is the version that its file first belonged to, `groups` are rows and bytes of each row group (JSON), `gone`
    the rows that are no samples any more (32-bit integers in base64), `removed_at` seconds since 1970.
    """

    __tablename__ = "shards"
    __table_args__ = (
        Index("ix_shards_added", "added"),
        Index("ix_shards_removed", "removed"),
        Index("ix_shards_name", "name"),
        _COUNTED,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    jurisdiction: Mapped[str]
    month: Mapped[str]
    rows: Mapped[int]
    size_bytes: Mapped[int]
    groups: Mapped[str]
    gone: Mapped[str]
    more: Mapped[str]
    born: Mapped[int]
    added: Mapped[int]
    removed: Mapped[int | None]
    removed_at: Mapped[float | None]


class StoreRow(Base):
    """The database's own name, stored in every train.parquet that it writes, and facts on the newest of them."""

    __tablename__ = "store"

    id: Mapped[int] = mapped_column(primary_key=True)
    database_id: Mapped[str | None]
    generation: Mapped[int] = mapped_column(default=0)
    samples: Mapped[int | None]
    before: Mapped[str | None]


class RunRow(Base):
    """One run: what was asked, who is asked for it now, and what came of it.

    `call` is the number of the call under way (`calls`), `target` its "provider/model", `prompt_tokens` what its
    prompt is estimated at: what a process that is killed has left to say of a call that was paid for. `owner` is the
    process that works on it, `cancel_asked` 1 once another was asked to end it.
    """

    __tablename__ = "runs"
    __table_args__ = (Index("ix_runs_state", "state"), Index("ix_runs_started", "started_at"))

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    key: Mapped[str | None] = mapped_column(unique=True)
    state: Mapped[str]
    request: Mapped[str]
    result: Mapped[str | None]
    started_at: Mapped[str]
    ended_at: Mapped[str | None]
    call: Mapped[int | None]
    target: Mapped[str | None]
    prompt_tokens: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None]
    cancel_asked: Mapped[int] = mapped_column(default=0, server_default="0")


class RunEventRow(Base):
    """One event of a run's stream; its number is the id of the message."""

    __tablename__ = "run_events"

    run_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[str]


class SessionRow(Base):
    """A conversation. Its title is empty until its first query."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_user", "user_id", "last_at"), _COUNTED)

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[str]
    title: Mapped[str]
    status: Mapped[str]
    facts: Mapped[str]
    started_at: Mapped[str]
    last_at: Mapped[str]
    ended_at: Mapped[str | None]
    turns: Mapped[int] = mapped_column(default=0)


class TurnRow(Base):
    """A query and its answer, without the thoughts of any model.

    `vector` is null until its text was embedded; `tries` counts the failures.
    """

    __tablename__ = "turns"
    __table_args__ = (
        Index("ix_turns_session", "session_id", "id"),
        Index("ix_turns_user", "user_id", "id"),
        Index("ix_turns_run", "run_id"),
        _COUNTED,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str | None]
    user_id: Mapped[str]
    at: Mapped[str]
    query: Mapped[str]
    response: Mapped[str]
    intent: Mapped[str]
    citations: Mapped[str]
    provider: Mapped[str]
    model: Mapped[str]
    tokens: Mapped[int]
    run_id: Mapped[str | None]
    vector: Mapped[str | None]
    vector_model: Mapped[str | None]
    tries: Mapped[int] = mapped_column(default=0)


class AuditRow(Base):
    """What somebody did or was shown; `event_id` is the client's own, by which a repeated request is known."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_client", "user_id", "event_id", unique=True),
        Index("ix_audit_events_session", "session_id", "id"),
        _COUNTED,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[str | None]
    user_id: Mapped[str]
    session_id: Mapped[str | None]
    type: Mapped[str]
    at: Mapped[str]
    text: Mapped[str]
    sample_id: Mapped[str | None]
    detail: Mapped[str]


class MemoryRow(Base):
    """What a user asked to be remembered."""

    __tablename__ = "memories"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    created_at: Mapped[str]
    updated_at: Mapped[str]


class SummaryRow(Base):
    """A summary of a session up to the turn `upto`; `made_by` is rules or model, `reason` why not by the model."""

    __tablename__ = "summaries"
    __table_args__ = (Index("ix_summaries_session", "session_id", "id"), _COUNTED)

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str]
    user_id: Mapped[str]
    at: Mapped[str]
    upto: Mapped[int]
    turns: Mapped[int]
    text: Mapped[str]
    made_by: Mapped[str]
    model: Mapped[str]
    reason: Mapped[str]


class ProductRow(Base):
    """One product. JSON columns hold objects as text; `hashes` those of its samples by id."""

    __tablename__ = "products"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    description: Mapped[str]
    created_at: Mapped[str]
    filters: Mapped[str]
    facts: Mapped[str]
    hashes: Mapped[str]


class ReleaseRow(Base):
    """One release. `manifest` is a JSON object as text; only that it was yanked or erased is written later."""

    __tablename__ = "releases"
    __table_args__ = (Index("ux_releases_version", "name", "version", unique=True), _COUNTED)

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    version: Mapped[str]
    created_at: Mapped[str]
    manifest: Mapped[str]
    yanked_at: Mapped[str | None]
    yank_reason: Mapped[str] = mapped_column(default="")
    is_erased: Mapped[bool] = mapped_column(default=False)


class TemplateRow(Base):
    """One version of a named recipe for batches. `body` is JSON as `BatchRequest` takes it."""

    __tablename__ = "templates"
    __table_args__ = (Index("ux_templates_version", "name", "version", unique=True), _COUNTED)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[str]
    note: Mapped[str]
    body: Mapped[str]


class ScheduleRow(Base):
    """When a template is run. `pending` is the moment whose batch is being started; null when none is."""

    __tablename__ = "schedules"
    __table_args__ = (Index("ix_schedules_next", "next_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    template: Mapped[str]
    version: Mapped[int | None]
    cron: Mapped[str]
    timezone: Mapped[str]
    is_on: Mapped[bool]
    created_at: Mapped[str]
    next_at: Mapped[str | None]
    pending: Mapped[str | None]
    claimed_at: Mapped[str | None]
    last_at: Mapped[str | None]
    last_batch: Mapped[str | None]
    last_error: Mapped[str | None]
    missed: Mapped[int] = mapped_column(default=0)


class WebhookRow(Base):
    """Who is told of events. `seen` is the last event that was looked at for it."""

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(primary_key=True)
    url: Mapped[str]
    events: Mapped[str]
    sealed_secret: Mapped[str]
    is_on: Mapped[bool]
    created_at: Mapped[str]
    seen: Mapped[int]
    off_because: Mapped[str | None]


class DeliveryRow(Base):
    """One message to a webhook; `next_at` is when it is tried next, null once it was taken or given up."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_next", "next_at"),
        Index("ix_deliveries_webhook", "webhook_id", "id"),
        _COUNTED,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[str]
    message_id: Mapped[str] = mapped_column(unique=True)
    event: Mapped[str]
    at: Mapped[str]
    body: Mapped[str]
    state: Mapped[str]
    tries: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[str | None]
    status: Mapped[int | None]
    error: Mapped[str | None]


def init_db(app: Flask) -> None:
    """Bind `db` to *app* and create what is missing; needs SQLALCHEMY_DATABASE_URI in its config."""
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)
        db.engine.dispose()  # the service has connections of its own


def open_engine(url: str) -> Engine:
    """Open the database and bring its tables up to date.

    Raises:
        StorageError: it cannot be opened, or is not a database.
    """
    try:
        engine = connect(url)
    except SQLAlchemyError as error:
        raise storage_error(error, "database") from error
    try:
        prepare(engine)
    except BaseException as error:
        engine.dispose()
        if not isinstance(error, SQLAlchemyError):
            raise
        raise storage_error(error, f"database {shown(url)}") from error
    return engine


def prepare(engine: Engine) -> None:
    """Set what each connection needs, create the tables, apply the migrations."""
    prepare_connections(engine)
    migrate(engine, tables_on(engine.dialect.name))


def tables_on(dialect: str) -> tuple[MetaData, ...]:
    """Return all tables that a database of that dialect has."""
    return (Base.metadata, SHARED) if dialect == "postgresql" else (Base.metadata,)
