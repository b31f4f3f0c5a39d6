"""What came between the first release and the second: usage, events, reviews, the assistant, and others.

Each is made where it is missing: versions in between made some of them.
"""

import sqlalchemy as sa
from alembic import op

from models.engines.dialects import TEXT, WHOLE

revision, down_revision = "0004", "0003"


def upgrade() -> None:
    """Make the tables that are missing."""
    op.create_table(
        "audit_events",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("event_id", TEXT, nullable=True),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("session_id", TEXT, nullable=True),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("sample_id", TEXT, nullable=True),
        sa.Column("detail", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    op.create_index("ix_audit_events_client", "audit_events", ["user_id", "event_id"], unique=True, if_not_exists=True)
    op.create_index("ix_audit_events_session", "audit_events", ["session_id", "id"], unique=False, if_not_exists=True)
    op.create_table(
        "bulk_befores",
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("token", TEXT, nullable=False),
        sa.Column("sample_id", TEXT, nullable=False),
        sa.Column("data", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("number"),
        if_not_exists=True,
    )
    op.create_index("ix_bulk_befores_token", "bulk_befores", ["token"], unique=False, if_not_exists=True)
    op.create_table(
        "bulk_changes",
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("token", TEXT, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("told", TEXT, nullable=False),
        sa.Column("samples", WHOLE, nullable=False),
        sa.Column("undone_at", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("token"),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    op.create_table(
        "calls",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    op.create_table(
        "events",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("batch_id", TEXT, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("detail", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    op.create_index("ix_events_batch", "events", ["batch_id"], unique=False, if_not_exists=True)
    op.create_table(
        "folds",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("file", TEXT, nullable=False),
        sa.Column("upto", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        if_not_exists=True,
    )
    op.create_table(
        "limits",
        sa.Column("account", TEXT, nullable=False),
        sa.Column("learned", TEXT, nullable=False),
        sa.Column("learned_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("account"),
        if_not_exists=True,
    )
    op.create_table(
        "memories",
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "key"),
        if_not_exists=True,
    )
    op.create_table(
        "models",
        sa.Column("db_id", WHOLE, nullable=False),
        sa.Column("provider", TEXT, nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.Column("fields", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("db_id"),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    op.create_index("ix_models_name", "models", ["provider", "model"], unique=True, if_not_exists=True)
    op.create_table(
        "providers",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("custom", sa.Boolean(), nullable=False),
        sa.Column("fields", TEXT, nullable=False),
        sa.Column("sealed_key", TEXT, nullable=True),
        sa.Column("sealed_config", TEXT, nullable=True),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("updated_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        if_not_exists=True,
    )
    op.create_table(
        "refusals",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("batch_id", TEXT, nullable=False),
        sa.Column("ordinal", WHOLE, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("answer", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    op.create_index("ix_refusals_item", "refusals", ["batch_id", "ordinal"], unique=False, if_not_exists=True)
    op.create_table(
        "reviews",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("sample_id", TEXT, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("decision", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("reviewer", TEXT, nullable=True),
        sa.Column("before", TEXT, nullable=True),
        sa.Column("changes", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    op.create_index("ix_reviews_sample", "reviews", ["sample_id"], unique=False, if_not_exists=True)
    op.create_table(
        "run_events",
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("data", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "number"),
        if_not_exists=True,
    )
    op.create_table(
        "runs",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("request", TEXT, nullable=False),
        sa.Column("result", TEXT, nullable=True),
        sa.Column("started_at", TEXT, nullable=False),
        sa.Column("ended_at", TEXT, nullable=True),
        sa.Column("call", WHOLE, nullable=True),
        sa.Column("target", TEXT, nullable=True),
        sa.Column("prompt_tokens", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        if_not_exists=True,
    )
    op.create_index("ix_runs_started", "runs", ["started_at"], unique=False, if_not_exists=True)
    op.create_index("ix_runs_state", "runs", ["state"], unique=False, if_not_exists=True)
    op.create_table(
        "sessions",
        sa.Column("number", WHOLE, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("facts", TEXT, nullable=False),
        sa.Column("started_at", TEXT, nullable=False),
        sa.Column("last_at", TEXT, nullable=False),
        sa.Column("ended_at", TEXT, nullable=True),
        sa.Column("turns", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    op.create_index("ix_sessions_user", "sessions", ["user_id", "last_at"], unique=False, if_not_exists=True)
    op.create_table(
        "store",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("database_id", TEXT, nullable=True),
        sa.Column("generation", WHOLE, nullable=False),
        sa.Column("samples", WHOLE, nullable=True),
        sa.Column("before", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        if_not_exists=True,
    )
    op.create_table(
        "summaries",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("session_id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("upto", WHOLE, nullable=False),
        sa.Column("turns", WHOLE, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("made_by", TEXT, nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    op.create_index("ix_summaries_session", "summaries", ["session_id", "id"], unique=False, if_not_exists=True)
    op.create_table(
        "turns",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("session_id", TEXT, nullable=True),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("query", TEXT, nullable=False),
        sa.Column("response", TEXT, nullable=False),
        sa.Column("intent", TEXT, nullable=False),
        sa.Column("citations", TEXT, nullable=False),
        sa.Column("provider", TEXT, nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.Column("tokens", WHOLE, nullable=False),
        sa.Column("run_id", TEXT, nullable=True),
        sa.Column("vector", TEXT, nullable=True),
        sa.Column("vector_model", TEXT, nullable=True),
        sa.Column("tries", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    op.create_index("ix_turns_run", "turns", ["run_id"], unique=False, if_not_exists=True)
    op.create_index("ix_turns_session", "turns", ["session_id", "id"], unique=False, if_not_exists=True)
    op.create_index("ix_turns_user", "turns", ["user_id", "id"], unique=False, if_not_exists=True)
    op.create_table(
        "usage",
        sa.Column("hour", TEXT, nullable=False),
        sa.Column("provider", TEXT, nullable=False),
        sa.Column("model", TEXT, nullable=False),
        sa.Column("batch_id", TEXT, nullable=False),
        sa.Column("calls", WHOLE, nullable=False),
        sa.Column("failed", WHOLE, nullable=False),
        sa.Column("rate_limited", WHOLE, nullable=False),
        sa.Column("prompt_tokens", WHOLE, nullable=False),
        sa.Column("completion_tokens", WHOLE, nullable=False),
        sa.Column("cost_usd", sa.Double(), nullable=False),
        sa.Column("unpriced_tokens", WHOLE, nullable=False),
        sa.Column("in_doubt", WHOLE, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("hour", "provider", "model", "batch_id"),
        if_not_exists=True,
    )
    op.create_table(
        "products",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("filters", TEXT, nullable=False),
        sa.Column("facts", TEXT, nullable=False),
        sa.Column("hashes", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        if_not_exists=True,
    )
