"""What migrations have in common."""

import sqlalchemy as sa
from alembic import op


def add(table: str, column: sa.Column[object]) -> bool:
    """Add *column* to *table*; False where it is there already, or there is no such table yet.

    Versions between two releases made tables as they were at that moment.
    """
    inspector = sa.inspect(op.get_bind())
    if not inspector.has_table(table) or column.name in {row["name"] for row in inspector.get_columns(table)}:
        return False
    op.add_column(table, column)
    return True
