"""Takes the contents of one database over to another, in one transaction there: a process that dies leaves nothing.

Tables are read in one snapshot, a piece at a time, and keep all their ids; what counts the ids goes on behind the
highest that was ever given. Then both sides are read again to the end, and only where they agree it is committed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, MetaData, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from models.backups.moving.contents import Contents, contents_of, rows_of
from models.database import Base, tables_on
from models.database.shared import SHARED
from models.engines.bulk import fill, given_ids, go_on_after, wait_for_long
from models.engines.opening import reading, storage_error
from models.engines.postgresql import sessions_beside, take_turn
from models.migrations import NEWEST, REHEARSAL, bring_up, version_of
from utils.errors import ConflictError, StorageError

Told = Callable[[str], None]
TABLES = Base.metadata.sorted_tables
# What is a file of the data folder where one of the two is SQLite: `shelf.py` has it then.
_SHARED = SHARED.sorted_tables
_VERSION = "alembic_version"


@dataclass(frozen=True, slots=True)
class Proof:
    """One table on both sides."""

    table: str
    before: Contents
    after: Contents

    @property
    def holds(self) -> bool:
        """Whether the two are the same."""
        return self.before == self.after


class DifferentError(StorageError):
    """What arrived is not what left; nothing of it was kept."""

    def __init__(self, proofs: list[Proof]) -> None:
        """Name the tables of *proofs* that differ."""
        wrong = [proof.table for proof in proofs if not proof.holds]
        super().__init__(f"database: {', '.join(wrong)} arrived otherwise than they left; the target is as it was")
        self.proofs = proofs


def take_over(
    source: Engine,
    target: Engine,
    told: Told = lambda _: None,
    *,
    live_at: str = "",
    also: Callable[[Connection], list[Proof]] = lambda _: [],
) -> list[Proof]:
    """Fill *target* with all that *source* holds at this moment; return the proof for each table.

    Args:
        source: Where from; it is only read.
        target: Where to: an empty database, or one with a copy that was taken of a running service.
        told: Is called with what is begun.
        also: Fills what else belongs there, on the connection that is committed at the end.
        live_at: The time, where others go on writing to *source*: nobody can start on the copy then.

    Raises:
        ConflictError: *target* is not empty, or somebody works on *source* and *live_at* is not given.
        DifferentError: the two sides differ; *target* is as it was.
        StorageError: one of them fails, or *source* is of another release; *target* is as it was.
    """
    with filling(source, target, told) as (new, proofs):
        proofs.extend(also(new))
        if live_at:
            new.execute(text(f"CREATE TABLE {REHEARSAL} (taken_at VARCHAR NOT NULL)"))
            new.execute(text(f"INSERT INTO {REHEARSAL} VALUES (:at)"), {"at": live_at})  # noqa: S608  # a constant  # nosec B608
        else:
            refuse_company(source)
    return proofs


@contextmanager
def filling(
    source: Engine, target: Engine, told: Told = lambda _: None, *, anew: bool = False
) -> Iterator[tuple[Connection, list[Proof]]]:
    """Fill *target* as `take_over`, and lend its connection: all is kept when the block ends well, or else nothing.

    With *anew* what *target* holds is dropped first.

    Raises:
        ConflictError, DifferentError, StorageError: as `take_over`.
    """
    try:
        with reading(source) as old, target.begin() as new:
            _prepare(old, new, anew=anew)
            yield new, _copy(old, new, told)
    except (SQLAlchemyError, source.dialect.loaded_dbapi.Error, target.dialect.loaded_dbapi.Error) as error:
        raise storage_error(error, "database") from error


def refuse_company(engine: Engine) -> None:
    """Raise ConflictError if a service, on whatever machine, has connections to the server's database of *engine*."""
    # Whoever writes to a file holds its folder.
    if engine.dialect.name == "postgresql" and (others := sessions_beside(engine)):
        raise ConflictError(
            f"database: {others} connections of services to it are open, and what they write would be lost; stop every "
            "service that uses it"
        )


def _prepare(old: Connection, new: Connection, *, anew: bool) -> None:
    """Make the tables of *new*, empty; refuse a database that somebody uses."""
    wait_for_long(old)
    wait_for_long(new)
    if (seen := version_of(old)) != NEWEST:
        raise StorageError(f"database: its tables are of state {seen or 'none'}, want {NEWEST}; start the service once")
    if new.dialect.name == "postgresql":
        take_turn(new)
    if anew:
        _drop(new, Base.metadata)
    elif inspect(new).has_table(REHEARSAL):
        _drop(new, *tables_on(new.dialect.name))
    bring_up(new, tables_on(new.dialect.name))
    of = (Base.metadata,) if anew else tables_on(new.dialect.name)
    held = [table.name for some in of for table in some.sorted_tables if new.execute(select(table).limit(1)).first()]
    if held:
        raise ConflictError(f"database: the target is in use, it has rows in {', '.join(held)}; want an empty one")


def _drop(new: Connection, *tables: MetaData) -> None:
    """Remove our *tables* and nothing else."""
    for some in tables:
        some.drop_all(new)
    for name in (REHEARSAL, _VERSION):
        new.execute(text(f"DROP TABLE IF EXISTS {name}"))


def _copy(old: Connection, new: Connection, told: Told) -> list[Proof]:
    tables = [*TABLES, *(_SHARED if {old.dialect.name, new.dialect.name} == {"postgresql"} else ())]
    for table in tables:
        told(table.name)
        fill(new, table, rows_of(old, table))
        go_on_after(new, table, given_ids(old, table))
    proofs = []
    for table in tables:
        told(f"{table.name}: both sides are compared")
        proofs.append(Proof(table.name, contents_of(old, table), contents_of(new, table)))
    if not all(proof.holds for proof in proofs):
        raise DifferentError(proofs)
    return proofs
