"""On PostgreSQL: numbers of 64 bits, and texts that sort by their characters' codes, as they do in SQLite."""

import sqlalchemy as sa
from alembic import op

from models.engines.dialects import TEXT, WHOLE

revision, down_revision = "0005", "0004"


def upgrade() -> None:
    """Alter every column that was made before these types were meant."""
    if op.get_bind().dialect.name != "postgresql":
        return
    inspector = sa.inspect(op.get_bind())
    for table in inspector.get_table_names():
        for column in inspector.get_columns(table):
            kind, name = column["type"], column["name"]
            if isinstance(kind, sa.Integer) and not isinstance(kind, sa.BigInteger):
                op.alter_column(table, name, type_=WHOLE)
            elif isinstance(kind, sa.String) and kind.collation != "C":
                op.alter_column(table, name, type_=TEXT)
