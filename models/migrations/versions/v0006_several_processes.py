"""Which process has what in hand, where several work on one database."""

import sqlalchemy as sa
from alembic import op

from models.engines.dialects import TEXT, WHOLE
from models.migrations.adding import add

revision, down_revision = "0006", "0005"


def upgrade() -> None:
    """Add the columns and tables."""
    for table in ("batches", "work", "calls", "runs"):
        add(table, sa.Column("owner", TEXT))
    add("batches", sa.Column("ends_as", TEXT))
    add("runs", sa.Column("cancel_asked", WHOLE, nullable=False, server_default="0"))
    add("work", sa.Column("fence", WHOLE, nullable=False, server_default="0"))
    add("work", sa.Column("sent_usd", sa.Double))
    for name, columns, condition in (
        ("ix_work_open", ["batch_id", "ordinal"], "state = 'todo' AND owner IS NULL"),
        ("ix_work_owner", ["owner"], "owner IS NOT NULL"),
        ("ix_work_in_flight", ["batch_id"], "in_flight IS NOT NULL"),
    ):
        where = sa.text(condition)
        op.create_index(name, "work", columns, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "members",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("host", TEXT, nullable=False),
        sa.Column("ledger", TEXT, nullable=False),
        sa.Column("started_at", TEXT, nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False),
    )
    op.create_table(
        "batch_parts",
        sa.Column("batch_id", TEXT, primary_key=True),
        sa.Column("member", TEXT, primary_key=True),
        sa.Column("data", TEXT, nullable=False),
    )
