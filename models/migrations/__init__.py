"""Numbered schema changes, applied at start.

`create_all` makes a fresh database as it is today; a change to an existing table
gets the next number in `STEPS`, as SQL that SQLite and PostgreSQL both take.
"""

import re

from sqlalchemy import Connection, Engine, inspect, text

# (number, statements); a database remembers the highest number it has seen.
STEPS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (1, ()),
    (
        2,
        (
            "ALTER TABLE batches ADD COLUMN in_doubt INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE batches ADD COLUMN cost_usd FLOAT NOT NULL DEFAULT 0",
            # What was used before usage was recorded has no price.
            "ALTER TABLE batches ADD COLUMN unpriced_tokens INTEGER NOT NULL DEFAULT 0",
            "UPDATE batches SET unpriced_tokens = tokens_used",
            "ALTER TABLE batches ADD COLUMN elapsed_s FLOAT NOT NULL DEFAULT 0",
            "ALTER TABLE batches ADD COLUMN reason VARCHAR",
            "ALTER TABLE batches ADD COLUMN metrics VARCHAR NOT NULL DEFAULT '{}'",
            "ALTER TABLE work ADD COLUMN sent_at FLOAT",
            "ALTER TABLE work ADD COLUMN sent_to VARCHAR",
            "ALTER TABLE work ADD COLUMN sent_tokens INTEGER",
        ),
    ),
    (
        3,
        (
            "ALTER TABLE work ADD COLUMN in_flight VARCHAR",
            "UPDATE work SET in_flight = sent_to WHERE state = 'leased' AND raw_answer IS NULL",
            "ALTER TABLE usage ADD COLUMN in_doubt INTEGER NOT NULL DEFAULT 0",
        ),
    ),
)


_NEW_COLUMN = re.compile(r"ALTER TABLE (\w+) ADD COLUMN (\w+)")
_SEEN = "INSERT INTO schema_version (version) VALUES (:n)"


def migrate(engine: Engine) -> None:
    """Apply every step that *engine* has not seen, each in one transaction."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)"))
        seen = connection.execute(text("SELECT MAX(version) FROM schema_version")).scalar()
        if seen is None:  # all or none: half of them would call the next start's tables old
            connection.execute(text(_SEEN), [{"n": number} for number, _ in STEPS])
            return
    for number, statements in STEPS:
        if number > seen:
            with engine.begin() as connection:
                for statement in statements:
                    if not _is_there(connection, statement):
                        connection.execute(text(statement))
                connection.execute(text(_SEEN), {"n": number})


def _is_there(connection: Connection, statement: str) -> bool:
    """Tell whether *statement* adds a column that a table has since it was made, a moment ago."""
    adds = _NEW_COLUMN.match(statement)
    return adds is not None and adds[2] in {column["name"] for column in inspect(connection).get_columns(adds[1])}
