"""Statements of the hot path, compiled once.

Building an expression and looking up its compiled form costs SQLAlchemy some ten
times what SQLite needs to run it; a batch runs the same dozen for every sample. The
statements are still written as expressions, so that they fit any dialect, and run by
the driver's cursor on the connection of the transaction.
"""

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.sql.expression import Executable


class Statement:
    """An expression with `bindparam`s; columns may only have types that need no conversion (text, numbers)."""

    def __init__(self, expression: Executable) -> None:
        self._expression = expression
        self._compiled: dict[str, tuple[str, tuple[str, ...] | None]] = {}

    def run(self, connection: Connection, **values: object) -> Any:
        """Run it with *values* by name of the parameter; return the driver's cursor.

        Raises:
            Exception: the driver's own error, not SQLAlchemy's.
        """
        sql, order = self._on(connection)
        cursor = connection.connection.cursor()
        cursor.execute(sql, values if order is None else tuple(values[name] for name in order))
        return cursor

    def run_many(self, connection: Connection, rows: list[dict[str, object]]) -> None:
        """Run it for each of *rows*; errors as in `run`."""
        sql, order = self._on(connection)
        parameters = rows if order is None else [tuple(row[name] for name in order) for row in rows]
        connection.connection.cursor().executemany(sql, parameters)

    def _on(self, connection: Connection) -> tuple[str, tuple[str, ...] | None]:
        name = connection.dialect.name
        if name not in self._compiled:
            made: Any = self._expression.compile(dialect=connection.dialect)  # type: ignore[attr-defined]  # of every clause
            order = tuple(made.positiontup) if made.positional else None
            self._compiled[name] = (str(made), order)
        return self._compiled[name]
