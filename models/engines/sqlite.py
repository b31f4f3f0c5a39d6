"""SQLite: one file, one process that writes."""

import sqlite3

from sqlalchemy import Connection, Engine, create_engine, event


def open_sqlite(url: str) -> Engine:
    """Open a file to read and to write in."""
    engine = create_engine(url)
    listen(engine)
    return engine


def open_to_read(url: str) -> Engine:
    """Open a file that another process owns; nothing can be changed through it."""
    engine = create_engine(url)
    event.listen(engine, "connect", _on_connect_reader)
    event.listen(engine, "begin", _on_begin)
    return engine


def listen(engine: Engine) -> None:
    """Set the pragmas of every new connection of *engine*."""
    if not event.contains(engine, "connect", _on_connect):
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)


def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
    # BEGIN is sent explicitly: Python's driver would begin at the first change only.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_connect_reader(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("busy_timeout=5000", "query_only=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    # By the driver: SQLAlchemy's own way costs more than all that a small change does.
    connection.connection.cursor().execute("BEGIN")
