"""The statements of the hot path, compiled once.

Building an expression and looking up its compiled form costs SQLAlchemy some ten times what SQLite needs to run it, and
a batch runs the same dozen for every sample. They are still written as expressions, so that they fit any dialect; the
driver's cursor runs them on the connection of the transaction.
"""

from collections.abc import Mapping
from typing import Any, Protocol, cast

from sqlalchemy import ColumnElement, Connection
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.expression import Executable


class Cursor(Protocol):
    """What callers read of a driver's cursor."""

    @property
    def rowcount(self) -> int:
        """Rows that were changed."""

    @property
    def lastrowid(self) -> int | None:
        """Id of the row that was added; SQLite's alone has it."""

    def fetchone(self) -> tuple[object, ...] | None:
        """Return the next row of what was asked for."""


class Statement:
    """An expression with `bindparam`s; columns may only have types that need no conversion (text, numbers)."""

    def __init__(self, expression: Executable | Mapping[str, Executable]) -> None:
        """Take one expression for all dialects, or one for each by its name."""
        self._expression = expression
        self._compiled: dict[str, tuple[str, tuple[str, ...] | None]] = {}

    def run(self, connection: Connection, **values: object) -> Cursor:
        """Run it with *values* by name of the parameter; return the driver's cursor.

        Raises:
            Exception: the driver's own error, not SQLAlchemy's.
        """
        sql, order = self._on(connection)
        cursor = connection.connection.cursor()
        cursor.execute(sql, values if order is None else tuple(values[name] for name in order))
        return cast("Cursor", cursor)  # every PEP 249 driver has these

    def run_many(self, connection: Connection, rows: list[dict[str, object]]) -> None:
        """Run it for each of *rows*; errors as in `run`."""
        if len(rows) == 1:  # psycopg has a pipeline for many, which takes a way to the server of its own
            self.run(connection, **rows[0])
            return
        sql, order = self._on(connection)
        parameters = rows if order is None else [tuple(row[name] for name in order) for row in rows]
        connection.connection.cursor().executemany(sql, parameters)

    def _on(self, connection: Connection) -> tuple[str, tuple[str, ...] | None]:
        name = connection.dialect.name
        if name not in self._compiled:
            expression = self._expression
            chosen: Any = expression[name] if isinstance(expression, Mapping) else expression
            made = chosen.compile(dialect=connection.dialect)
            order = tuple(made.positiontup) if made.positional else None
            self._compiled[name] = (str(made), order)
        return self._compiled[name]


class Adding(Statement):
    """An insert whose row the database numbers."""

    def __init__(self, expression: Insert, number: ColumnElement[int]) -> None:
        """Take the insert, and the column that is counted."""
        super().__init__({"sqlite": expression.inline(), "postgresql": expression.returning(number)})

    def add(self, connection: Connection, **values: object) -> int:
        """Run it as `run`; return the number of the new row."""
        cursor = self.run(connection, **values)
        if connection.dialect.name == "sqlite":  # asking it for the row costs more than adding it
            return int(cursor.lastrowid or 0)
        row = cursor.fetchone()
        return int(str(row[0])) if row is not None else 0
