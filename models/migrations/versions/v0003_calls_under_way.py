"""Which call of an item is under way, apart from the item's state."""

import sqlalchemy as sa
from alembic import op

from models.engines.dialects import TEXT, WHOLE
from models.migrations.adding import add

revision, down_revision = "0003", "0002"


def upgrade() -> None:
    """Add the columns."""
    if add("work", sa.Column("in_flight", TEXT)):
        op.execute("UPDATE work SET in_flight = sent_to WHERE state = 'leased' AND raw_answer IS NULL")
    add("usage", sa.Column("in_doubt", WHOLE, nullable=False, server_default="0"))
