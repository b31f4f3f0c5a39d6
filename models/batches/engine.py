"""The engine that carries the items of batches: whose turn an item is (docs/adr/0041-engine.md).

What an item is, who has it in hand and what came of it stands in the rows of `work`, whatever the engine. Whose turn it
is says either the row itself (`TableEngine`, the default), or a job of PgQueuer (`pgqueuer_engine.py`). All is done in
the caller's transaction, so that an engine and the rows cannot tell different things.

That a process lives is told once for all that it has in hand, by its row in `members`; whoever takes over what a dead
one had gives it back with `put_back`. So no engine needs a lease or a heartbeat of its own, and a call that was under
way is counted as in doubt by whoever takes its item from it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy import Connection, Engine

from models.engines.writer import Writer
from utils.errors import ConfigurationError

# An item: its batch, and its number there.
Key = tuple[str, int]
TABLE, PGQUEUER = "table", "pgqueuer"
NAMES = (TABLE, PGQUEUER)


@dataclass(frozen=True, slots=True)
class Hold:
    """A claim as an engine keeps it that has jobs of its own; the fields have PgQueuer's names.

    Attributes:
        id: Number of the job.
        queue_manager_id: An id of this claim alone: the fence, for another claim has another one.
    """

    id: int
    queue_manager_id: UUID


class BatchEngine(Protocol):
    """Knows whose turn an item is. Thread-safe; keeps nothing but in the database.

    Attributes:
        name: As BATCH_ENGINE names it.
    """

    name: str

    def prepare(self, database: Engine) -> None:
        """Make what it needs in the *database*, or bring it up to date; StorageError when that fails."""

    def agree(self, connection: Connection) -> None:
        """Make what it keeps what the rows say, whoever wrote them: another engine, a restored backup."""

    def add(self, connection: Connection, batch_id: str, ordinals: Sequence[int]) -> None:
        """Let items have a turn that were just planned."""

    def claim(self, connection: Connection, batch_id: str, most: int) -> Mapping[int, Hold] | None:
        """Return whose turn it is now, by ordinal, at most so many; None where it is that of the first free rows."""

    def end(self, connection: Connection, item: Key, hold: Hold | None, *, is_done: bool) -> None:
        """Take an item out that is done, or has failed; before its row is changed.

        Raises:
            LeaseLostError: *hold* is not the newest claim of it.
        """

    def put_back(self, connection: Connection, items: Iterable[Key]) -> None:
        """Let others have items that somebody had in hand, whose claims hold no longer."""

    def cancel(self, connection: Connection, batch_id: str) -> None:
        """Take all items of a batch out, in hand or not; before their rows are changed."""

    def forget(self, writer: Writer, batch_id: str) -> None:
        """Remove what is told of a batch that has ended, in a transaction of its own."""


class TableEngine:
    """The work table alone: a row's state and owner say all."""

    name = TABLE

    def prepare(self, database: Engine) -> None:
        """Do nothing: migrations have made the table."""

    def agree(self, connection: Connection) -> None:
        """Do nothing: there are only the rows."""

    def add(self, connection: Connection, batch_id: str, ordinals: Sequence[int]) -> None:
        """Do nothing: a row that nobody has in hand is free."""

    def claim(self, connection: Connection, batch_id: str, most: int) -> None:
        """Return None: the first free rows."""

    def end(self, connection: Connection, item: Key, hold: Hold | None, *, is_done: bool) -> None:
        """Do nothing: the row's own fence refuses who is late."""

    def put_back(self, connection: Connection, items: Iterable[Key]) -> None:
        """Do nothing: a row without an owner is free."""

    def cancel(self, connection: Connection, batch_id: str) -> None:
        """Do nothing: the rows are ended."""

    def forget(self, writer: Writer, batch_id: str) -> None:
        """Do nothing: what came of an item stays in its row."""


def engine_named(name: str, database: Engine) -> BatchEngine:
    """Return the engine that BATCH_ENGINE names, ready to work on *database*.

    Raises:
        ConfigurationError: it cannot work there, or its package is missing.
        StorageError: the database refuses what it needs.
    """
    engine: BatchEngine = TableEngine()
    if name == PGQUEUER:
        if database.dialect.name != "postgresql":
            raise ConfigurationError("BATCH_ENGINE: pgqueuer needs PostgreSQL; set DATABASE_URI, or BATCH_ENGINE=table")
        from models.batches.pgqueuer_engine import PgQueuerEngine

        engine = PgQueuerEngine()
    engine.prepare(database)
    return engine
