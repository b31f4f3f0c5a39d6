"""The tables of release 0.1.0."""

import sqlalchemy as sa
from alembic import op

from models.engines.dialects import TEXT, WHOLE

revision, down_revision = "0001", None


def upgrade() -> None:
    """Make them."""
    texts = ("status", "started_at", "provider", "request", "errors", "model_switches", "provider_switches")
    numbers = ("target", "samples_generated", "tokens_used", "attempts", "rejected")
    op.create_table(
        "batches",
        sa.Column("id", TEXT, primary_key=True),
        *(sa.Column(name, TEXT, nullable=False) for name in texts),
        *(sa.Column(name, TEXT) for name in ("completed_at", "model")),
        *(sa.Column(name, WHOLE, nullable=False) for name in numbers),
    )
    op.create_index("ix_batches_status", "batches", ["status"])
    op.create_table(
        "work",
        sa.Column("batch_id", TEXT, primary_key=True),
        sa.Column("ordinal", WHOLE, primary_key=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("job", TEXT, nullable=False),
        sa.Column("attempts", WHOLE, nullable=False),
        *(sa.Column(name, TEXT) for name in ("raw_answer", "sample_id", "reason")),
    )
    op.create_index("ix_work_batch_state", "work", ["batch_id", "state"])
    op.create_table(
        "journal",
        sa.Column("seq", WHOLE, primary_key=True),
        sa.Column("id", TEXT, nullable=False, unique=True),
        sa.Column("op", TEXT, nullable=False),
        *(sa.Column(name, TEXT) for name in ("topic", "difficulty", "created_at", "data")),
        sqlite_autoincrement=True,
    )
