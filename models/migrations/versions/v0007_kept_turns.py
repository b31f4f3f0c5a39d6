"""What the last turn of each writer was, where several processes work on one database."""

import sqlalchemy as sa
from alembic import op

from models.engines.dialects import TEXT, WHOLE

revision, down_revision = "0007", "0006"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "writers",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("turn", WHOLE, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
    )
