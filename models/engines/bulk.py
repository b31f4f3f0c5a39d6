"""Rows by the million, and what counts their ids: said by each dialect in its own way."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, Connection, Table, func, select, text

# The table of SQLite that holds the highest id that it ever gave in another, where that must not be given again.
_SQLITE_COUNTS = "sqlite_sequence"


def fill(connection: Connection, table: Table, rows: Iterable[tuple[object, ...]]) -> None:
    """Add *rows*, values in the order of the columns; they are taken one after the other, never all at once.

    Raises:
        Exception: the driver's own error, not SQLAlchemy's.
    """
    cursor: Any = connection.connection.cursor()  # each driver has a way of its own
    quoting = connection.dialect.identifier_preparer
    into = f"{quoting.format_table(table)} ({', '.join(map(quoting.format_column, table.columns))})"
    if connection.dialect.name == "postgresql":
        with cursor.copy(f"COPY {into} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        places = ", ".join("?" * len(table.columns))
        cursor.executemany(f"INSERT INTO {into} VALUES ({places})", rows)  # noqa: S608  # names alone  # nosec B608


def given_ids(connection: Connection, table: Table) -> int:
    """Return the highest id that was ever given in a *table* whose ids the database counts, else 0.

    It may be higher than all that are there: ids of rows that were deleted are not given again.
    """
    column = table.autoincrement_column
    if column is None:
        return 0
    highest = int(connection.execute(select(func.coalesce(func.max(column), 0))).scalar_one())
    return max(highest, _counted(connection, table, column))


def go_on_after(connection: Connection, table: Table, highest: int) -> None:
    """Have the next id of *table* be the one after *highest*, where the database counts them."""
    column = table.autoincrement_column
    if column is None or not highest:
        return
    if connection.dialect.name == "postgresql":
        sequence = _sequence(connection, table, column)
        connection.execute(text("SELECT setval(CAST(:of AS regclass), :to)"), {"of": sequence, "to": highest})
    elif _is_counted(table):
        of = {"of": table.name, "to": highest}
        connection.execute(text(f"DELETE FROM {_SQLITE_COUNTS} WHERE name = :of"), of)  # noqa: S608  # a constant  # nosec B608
        connection.execute(text(f"INSERT INTO {_SQLITE_COUNTS} (name, seq) VALUES (:of, :to)"), of)  # noqa: S608  # nosec B608


def wait_for_long(connection: Connection) -> None:
    """Have the server wait within this transaction, however long the other side takes for its part."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def _counted(connection: Connection, table: Table, column: Column[int]) -> int:
    if connection.dialect.name == "postgresql":
        sequence = _sequence(connection, table, column)
        query = f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}"  # noqa: S608  # a name  # nosec B608
        return int(connection.exec_driver_sql(query).scalar_one())
    if not _is_counted(table):
        return 0
    query = f"SELECT seq FROM {_SQLITE_COUNTS} WHERE name = :of"  # noqa: S608  # a constant  # nosec B608
    return int(connection.execute(text(query), {"of": table.name}).scalar() or 0)


def _is_counted(table: Table) -> bool:
    """Tell whether SQLite counts the ids of *table* apart; else it goes on after the highest that is there."""
    return bool(table.dialect_options["sqlite"]["autoincrement"])


def _sequence(connection: Connection, table: Table, column: Column[int]) -> str:
    """Return the name of the sequence that counts *column*, quoted as the server wants it."""
    query = text("SELECT pg_get_serial_sequence(:table, :column)")
    return str(connection.execute(query, {"table": table.name, "column": column.name}).scalar_one())
