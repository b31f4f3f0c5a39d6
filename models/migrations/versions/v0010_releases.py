"""The manifests of releases."""

import sqlalchemy as sa
from alembic import op

from models.engines.dialects import TEXT, WHOLE

revision, down_revision = "0010", "0009"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "releases",
        sa.Column("number", WHOLE, primary_key=True),
        sa.Column("id", TEXT, nullable=False, unique=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("created_at", TEXT, nullable=False),
        sa.Column("manifest", TEXT, nullable=False),
        sa.Column("yanked_at", TEXT),
        sa.Column("yank_reason", TEXT, nullable=False),
        sa.Column("is_erased", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ux_releases_version", "releases", ["name", "version"], unique=True)
