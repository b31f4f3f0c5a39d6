"""The list of the shards that samples may lie in, instead of one file."""

import sqlalchemy as sa
from alembic import op

from models.engines.dialects import TEXT, WHOLE

revision, down_revision = "0008", "0007"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "shard_heads",
        sa.Column("id", WHOLE, primary_key=True),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("root", TEXT, nullable=False),
        sa.Column("version", WHOLE, nullable=False),
        sa.Column("upto", WHOLE, nullable=False),
        sa.Column("since", WHOLE, nullable=False),
    )
    op.create_table(
        "shards",
        sa.Column("id", WHOLE, primary_key=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("jurisdiction", TEXT, nullable=False),
        sa.Column("month", TEXT, nullable=False),
        sa.Column("rows", WHOLE, nullable=False),
        sa.Column("size_bytes", WHOLE, nullable=False),
        sa.Column("groups", TEXT, nullable=False),
        sa.Column("gone", TEXT, nullable=False),
        sa.Column("more", TEXT, nullable=False),
        sa.Column("born", WHOLE, nullable=False),
        sa.Column("added", WHOLE, nullable=False),
        sa.Column("removed", WHOLE),
        sa.Column("removed_at", sa.Double),
        sqlite_autoincrement=True,
    )
    for column in ("added", "removed", "name"):
        op.create_index(f"ix_shards_{column}", "shards", [column])
