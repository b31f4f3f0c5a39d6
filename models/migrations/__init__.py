"""Brings the tables of a database up to date; every schema change is a numbered module in `versions`.

A new database is made at once as it is today. Alembic, which takes a while to import, is only asked where there is
something to change.
"""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, Engine, MetaData, inspect, text

from models.engines.postgresql import take_turn
from utils.errors import StorageError
from utils.installation import COMMAND

NEWEST = "0011"
# Tables of the first release; databases that count their versions in the second table are of before Alembic.
_OLDEST, _COUNTED = "batches", "schema_version"
_VERSION = "alembic_version"
# A database with a table of this name was copied from one that went on changing: nobody may start on it.
REHEARSAL = "rehearsal"
_MAKE = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"


def migrate(engine: Engine, tables: Sequence[MetaData]) -> None:
    """Make *tables* in *engine*, or apply each change that it has not seen, all of them or none.

    Raises:
        StorageError: it holds a copy that was taken of a running service.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            take_turn(connection)  # several processes may start at the same moment
        bring_up(connection, tables)


def bring_up(connection: Connection, tables: Sequence[MetaData]) -> None:
    """Do what `migrate` does within the transaction of *connection*."""
    seen = version_of(connection)
    if seen is None:
        for some in tables:
            some.create_all(connection)
        connection.execute(text(_MAKE))
        _write(connection, NEWEST)
    elif seen != NEWEST:
        _upgrade(connection, seen)


def version_of(connection: Connection) -> str | None:
    """Return the number of the last change that a database has seen; None where it is new; errors as `migrate`."""
    names = inspect(connection).get_table_names()
    if REHEARSAL in names:
        raise StorageError(
            "database: holds a copy that was taken while the service ran, and lacks what was written after it; stop "
            f"the service and take it over again with `{COMMAND} migrate --to …`, or, if the copy is all there is, "
            f"drop its table {REHEARSAL}"
        )
    if _VERSION in names:
        return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
    if _OLDEST not in names:
        return None
    counted = (
        connection.execute(text("SELECT MAX(version) FROM schema_version")).scalar() if _COUNTED in names else None
    )
    return f"{counted or 1:04}"


def _upgrade(connection: Connection, seen: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent))
    if not inspect(connection).has_table(_VERSION):
        command.stamp(config, seen)
    command.upgrade(config, "head")


def _write(connection: Connection, number: str) -> None:
    connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:number)"), {"number": number})
