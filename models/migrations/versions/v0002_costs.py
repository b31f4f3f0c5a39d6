"""What batches cost and how they went, and when their calls left."""

import sqlalchemy as sa
from alembic import op

from models.engines.dialects import TEXT, WHOLE
from models.migrations.adding import add

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    """Add the columns."""
    add("batches", sa.Column("in_doubt", WHOLE, nullable=False, server_default="0"))
    add("batches", sa.Column("cost_usd", sa.Double, nullable=False, server_default="0"))
    # What was used before usage was recorded has no price.
    if add("batches", sa.Column("unpriced_tokens", WHOLE, nullable=False, server_default="0")):
        op.execute("UPDATE batches SET unpriced_tokens = tokens_used")
    add("batches", sa.Column("elapsed_s", sa.Double, nullable=False, server_default="0"))
    add("batches", sa.Column("reason", TEXT))
    add("batches", sa.Column("metrics", TEXT, nullable=False, server_default="{}"))
    add("work", sa.Column("sent_at", sa.Double))
    add("work", sa.Column("sent_to", TEXT))
    add("work", sa.Column("sent_tokens", WHOLE))
