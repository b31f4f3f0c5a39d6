"""PostgreSQL: several processes, on several machines.

Each connection is asked whether it lives before it is lent, so that a server that was restarted costs nobody an
error. A session that hangs while it holds something, because its machine was cut off, is ended by the server.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event

from utils.errors import ConfigurationError
from utils.installation import how_to_install

if TYPE_CHECKING:
    from psycopg import Connection as Driver
    from psycopg.abc import Buffer

# Of the transactions that write; any number that no other program in the same database uses.
_TURN = 0x4C_54_50_01
_TAKE_TURN = f"SELECT pg_advisory_xact_lock({_TURN})"
# The row is nobody else's, so that it does not matter that it is looked for before the turn has come.
_TAKE_NUMBERED_TURN = """
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(%s))
INSERT INTO writers (id, turn, at) SELECT %s, %s, extract(epoch FROM clock_timestamp()) FROM turn
ON CONFLICT (id) DO UPDATE SET turn = excluded.turn, at = excluded.at
"""
_IS_KEPT = "SELECT EXISTS (SELECT FROM writers WHERE id = %s AND turn = %s)"
# Writers of which nothing was heard for a month are gone.
_FORGET = "DELETE FROM writers WHERE at < extract(epoch FROM clock_timestamp()) - 2592000"
FOLDING = 0x4C_54_50_02
_LONGEST = "60s"
_CONNECT_S = 5
# What the state of a transaction is asked of is older, but nobody maintains that any more.
_OLDEST = 14_00_00
_OUR_NAME = "legal-training-platform"
# What each session asks of the server. A writer that is cut off holds the turn of all others.
_SESSION = {
    "idle_in_transaction_session_timeout": "15s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "timezone": "UTC",
}
_KEEPALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 15_000}


def open_postgresql(url: str, connections: int = 16) -> Engine:
    """Open a database with at most so many *connections* at a time; whoever needs one more waits.

    Raises:
        ConfigurationError: the driver is not installed.
    """
    options = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    given = {
        "connect_timeout": _CONNECT_S,
        "options": options,
        "application_name": _OUR_NAME,
        "client_encoding": "utf8",
    }
    try:
        engine = create_engine(
            url, pool_pre_ping=True, pool_size=connections, max_overflow=0, connect_args={**given, **_KEEPALIVE}
        )
    except ImportError as error:
        raise ConfigurationError(f"DATABASE_URI: {error.name} is missing; run `{how_to_install('postgres')}`") from None
    event.listen(engine, "connect", _on_connect)
    return engine


def take_turn(connection: Connection) -> None:
    """Wait until no other process writes; the transaction of *connection* holds the turn to its end."""
    connection.connection.cursor().execute(_TAKE_TURN)


def wait_turn(connection: Connection, what: int) -> None:
    """Wait until no other transaction has the turn of that number; that of *connection* holds it to its end."""
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({what})")


class Turns:
    """The numbered turns of one writer, each of which can be told to have been kept or not.

    PostgreSQL's own number of a transaction tells it not: after a crash it gives the numbers of what was lost again,
    and says of them what became of the later ones.
    """

    def __init__(self) -> None:
        self._id = uuid.uuid4().hex
        self._number = 0

    def take(self, connection: Connection) -> int:
        """Take a turn as `take_turn`; return its number, which is kept with what the transaction writes."""
        self._number += 1
        cursor = connection.connection.cursor()
        if self._number == 1:
            cursor.execute(_FORGET)
        cursor.execute(_TAKE_NUMBERED_TURN, (_TURN, self._id, self._number))
        return self._number

    def was_kept(self, engine: Engine, number: int) -> bool:
        """Tell whether the newest turn was committed, whose connection broke before it said so."""
        with engine.connect() as connection:
            # A server that has not noticed the broken connection may still be at it.
            take_turn(connection)
            found = connection.exec_driver_sql(_IS_KEPT, (self._id, number)).scalar()
        return bool(found)


@contextmanager
def alone_at(engine: Engine, what: int) -> Iterator[None]:
    """Do the block while no other process does one under the same number; waits for it.

    Raises:
        SQLAlchemyError: the database cannot be reached, or another process takes longer than a minute.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as session:
        session.exec_driver_sql(f"SET lock_timeout = '{_LONGEST}'")
        session.exec_driver_sql(f"SELECT pg_advisory_lock({what})")
        try:
            yield
        finally:
            session.invalidate()  # the lock ends with its session, whatever has become of that


def is_cut(connection: Connection) -> bool:
    """Tell whether *connection*, which failed, is no longer one."""
    if connection.invalidated:
        return True
    driver: Any = connection.connection.dbapi_connection  # psycopg's own
    return bool(driver.closed)


def is_away(error: BaseException) -> bool:
    """Tell whether *error* of the driver says that its server was not reached, or has ended the connection."""
    if not hasattr(error, "sqlstate"):
        return False
    from psycopg import OperationalError

    state = error.sqlstate
    return isinstance(error, OperationalError) and (state is None or state.startswith(("08", "57P")))


def faults_of_server(engine: Engine) -> tuple[str, list[str]]:
    """Return the version of a server, and what there is about it or the database that we cannot work with.

    Raises:
        SQLAlchemyError: it cannot be reached, or does not let us in.
    """
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT current_setting('server_version'), current_setting('server_version_num')::int, "
            "current_setting('server_encoding'), has_schema_privilege(current_schema(), 'CREATE')"
        ).one()
    version, number, encoding, may_create = found
    return version, [
        fault
        for is_so, fault in (
            (number < _OLDEST, f"version {version} is too old, want {_OLDEST // 10_000} or newer"),
            (encoding != "UTF8", f"the database's encoding is {encoding}, want UTF8: `createdb --encoding=UTF8`"),
            (not may_create, "the user may make no tables; make it the owner of the database"),
        )
        if is_so
    ]


def sessions_beside(engine: Engine) -> int:
    """Return how many sessions other programs of ours have in the database of *engine*."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %(ours)s"
    with engine.connect() as connection:
        found = int(connection.exec_driver_sql(query, {"ours": _OUR_NAME}).scalar_one())
        pool: Any = engine.pool  # the one of `open_postgresql`, which counts what it has
        return max(0, found - int(pool.checkedin()) - int(pool.checkedout()))


def _on_connect(connection: "Driver", _record: object) -> None:
    from psycopg.types.string import StrDumper

    class PlainText(StrDumper):
        """Texts of models and documents may hold NUL, which PostgreSQL's do not take."""

        def dump(self, obj: str) -> "Buffer | None":
            return super().dump(obj.replace("\x00", "") if "\x00" in obj else obj)

    connection.adapters.register_dumper(str, PlainText)
