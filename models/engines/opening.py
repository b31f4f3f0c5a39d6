"""Opens a database of either kind and lends connections to read with. All changes go through `writer.py`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from models.engines.postgresql import alone_at, faults_of_server, is_away, open_postgresql
from models.engines.sqlite import listen, open_sqlite, open_to_read
from utils.errors import DiskFullError, StorageError
from utils.files import is_disk_full

_READERS = 4


def is_sqlite(url: str) -> bool:
    """Tell whether *url* is that of a file here, not of a server."""
    return make_url(url).get_backend_name() == "sqlite"


def file_of(url: str) -> Path | None:
    """Return the file of the database at *url*; None where a server has it."""
    place = make_url(url).database
    return Path(place) if is_sqlite(url) and place else None


def shown(url: str) -> str:
    """Return *url* without its password."""
    told = make_url(url)
    hidden = {name: "***" if "password" in name else value for name, value in told.query.items()}
    return told.set(query=hidden).render_as_string(hide_password=True)


def connect(url: str) -> Engine:
    """Return an engine for *url*; the first use connects."""
    return open_sqlite(url) if is_sqlite(url) else open_postgresql(url)


def open_reader(url: str) -> Engine:
    """Open the database to read in, in a process that does not own it; nothing can be changed through it."""
    if is_sqlite(url):
        return open_to_read(url)
    return open_postgresql(url, _READERS).execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def prepare_connections(engine: Engine) -> None:
    """Set what each connection of an *engine* needs that somebody else made."""
    if engine.dialect.name == "sqlite":
        listen(engine)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Lend a connection to read with, which sees one state of the database; StorageError if the database fails."""
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection
    except SQLAlchemyError as error:
        raise storage_error(error, "database") from error


@contextmanager
def alone(engine: Engine, what: int) -> Iterator[None]:
    """Do the block while no other process does one of the same number; on SQLite there is no other.

    Raises:
        StorageError: the database cannot be reached, or another process takes longer than a minute.
    """
    if engine.dialect.name == "sqlite":
        yield
        return
    try:
        with alone_at(engine, what):
            yield
    except SQLAlchemyError as error:
        raise storage_error(error, "database") from error


def ping(engine: Engine) -> None:
    """Check that the database answers; StorageError if not."""
    with reading(engine) as connection:
        connection.exec_driver_sql("SELECT 1").scalar()


def examine(url: str) -> str:
    """Return what the database at *url* is, if it can be worked with.

    Raises:
        ConfigurationError: its driver is missing.
        StorageError: says in words what is wrong.
    """
    if is_sqlite(url):
        return f"SQLite, {shown(url)}"
    engine = open_postgresql(url, connections=1)
    try:
        version, faults = faults_of_server(engine)
    except SQLAlchemyError as error:
        raise storage_error(error, shown(url)) from error
    finally:
        engine.dispose()
    if faults:
        raise StorageError(f"{shown(url)}: {'; '.join(faults)}")
    return f"PostgreSQL {version}, {shown(url)}"


def storage_error(error: Exception, what: str) -> StorageError:
    """Say in words why the database failed."""
    cause = (error.orig if isinstance(error, DBAPIError) else None) or error
    reason = " ".join(str(cause).split())
    # When the disk is full SQLite rolls the whole transaction back; the next failure is a consequence.
    if is_disk_full(error):
        return DiskFullError(f"{what}: no space left on the disk; free some and try again, nothing was lost")
    if is_away(cause):
        return StorageError(
            f"{what}: the connection to the server failed ({reason}); check that it runs, and DATABASE_URI"
        )
    return StorageError(f"{what}: {reason}; check that the database is one of ours and can be written")
