"""Templates of batches, schedules, and webhooks with what they were sent."""

import sqlalchemy as sa
from alembic import op

from models.engines.dialects import TEXT, WHOLE

revision, down_revision = "0011", "0010"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "templates",
        sa.Column("id", WHOLE, primary_key=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("note", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ux_templates_version", "templates", ["name", "version"], unique=True)
    op.create_table(
        "schedules",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("template", TEXT, nullable=False),
        sa.Column("version", WHOLE),
        sa.Column("cron", TEXT, nullable=False),
        sa.Column("timezone", TEXT, nullable=False),
        sa.Column("is_on", sa.Boolean, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("next_at", TEXT),
        sa.Column("pending", TEXT),
        sa.Column("claimed_at", TEXT),
        sa.Column("last_at", TEXT),
        sa.Column("last_batch", TEXT),
        sa.Column("last_error", TEXT),
        sa.Column("missed", WHOLE, nullable=False),
    )
    op.create_index("ix_schedules_next", "schedules", ["next_at"])
    op.create_table(
        "webhooks",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("events", TEXT, nullable=False),
        sa.Column("sealed_secret", TEXT, nullable=False),
        sa.Column("is_on", sa.Boolean, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("seen", WHOLE, nullable=False),
        sa.Column("off_because", TEXT),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", WHOLE, primary_key=True),
        sa.Column("webhook_id", TEXT, nullable=False),
        sa.Column("message_id", TEXT, nullable=False, unique=True),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("body", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("tries", WHOLE, nullable=False),
        sa.Column("next_at", TEXT),
        sa.Column("status", WHOLE),
        sa.Column("error", TEXT),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deliveries_next", "deliveries", ["next_at"])
    op.create_index("ix_deliveries_webhook", "deliveries", ["webhook_id", "id"])
