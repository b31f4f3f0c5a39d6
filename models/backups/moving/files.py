"""A server's database as a file of SQLite, which is what backups hold, and such a file back on a server."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from models.backups.moving.shelf import has_library, put_library, write_library
from models.backups.moving.taking_over import filling, refuse_company
from models.database import open_engine, prepare
from models.engines.opening import connect, reading
from models.engines.sqlite import open_sqlite
from models.migrations import version_of


def copy_to_file(source: Engine, file: Path) -> None:
    """Write all that *source* holds at this moment into a new *file*.

    Raises:
        StorageError: one of them fails, or what arrived differs.
    """
    target = open_sqlite(f"sqlite:///{file}")
    try:
        with filling(source, target):
            pass
    finally:
        target.dispose()


def keep_contents(url: str, file: Path) -> None:
    """Write what a server's database at *url* holds into a new *file*, and its library beside it; errors as above.

    Nothing is written where it is new.
    """
    source = connect(url)
    try:
        with reading(source) as connection:
            is_new = version_of(connection) is None
        if not is_new:
            prepare(source)
            copy_to_file(source, file)
            with reading(source) as connection:
                if has_library(connection):
                    write_library(connection, file.parent)
    finally:
        source.dispose()


@contextmanager
def filled_from(file: Path, url: str) -> Iterator[Callable[[], None]]:
    """Put what *file* holds in place of all that a server's database at *url* does; yield what commits it.

    So is the library beside it, where there is one. Where that is not called nothing is changed. A *file* of an earlier
    release is brought up to date first.

    Raises:
        ConflictError: a service uses it.
        StorageError: one of them fails, or what arrived differs.
    """
    source, target = open_engine(f"sqlite:///{file}"), connect(url)
    try:
        with filling(source, target, anew=True) as (connection, _):
            refuse_company(target)
            put_library(connection, file.parent)
            try:
                yield connection.commit
            finally:
                if connection.in_transaction():
                    connection.rollback()
    finally:
        source.dispose()
        target.dispose()
