"""A library that several machines share: the truth is in PostgreSQL, each machine searches a copy of it.

The copy is a library as any other, a file of SQLite in the folder of caches, so that all that reads and ranks is the
same wherever the truth is. All processes of the machine share it. Before each use it is brought up to date: one
question tells the newest number of the changes, then only what was changed since comes over (`following.py`). While
the server is away it answers as it is.

Whoever writes takes the turn of the library first, so that changes are numbered in the order in which they can be
seen. It is not the turn of all writers: what is read of a large document takes seconds, and batches must not wait.
"""

import logging
import re
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, delete
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from models.database.files import add_bytes
from models.database.shared import FILES, IN_POSTGRESQL, LIBRARY_NAME, LIBRARY_TURN, note_changes
from models.engines.heads import NONE, Head, Heads
from models.engines.opening import storage_error
from models.engines.postgresql import is_away, wait_turn
from models.grounding.change import Change
from models.grounding.document_files import DocumentFiles
from models.grounding.following import META, Follower, standing
from models.grounding.library import Library, open_file
from models.grounding.reading_turn import ReadingTurn

log = logging.getLogger(__name__)
_COPY = re.compile(r"documents-(\d+)\.db")
_BUSY = "database is locked"
_DAMAGED = ("malformed", "not a database", "disk image", "no such table")


class SharedLibrary(Library):
    """The library on the server of *engine*, with a copy in a folder. Thread-safe."""

    def __init__(
        self,
        engine: Engine,
        numbers: Heads,
        folder: Path,
        files: DocumentFiles,
        guard: Callable[[], None] = lambda: None,
    ) -> None:
        """Keep the copy in *folder*, and of *files* none that was deleted."""
        super().__init__(_newest_copy(folder), guard)
        self.turn = ReadingTurn(engine)
        self._server = engine
        self._heads = numbers
        self._files = files
        self._following = threading.Lock()
        # Where the copy stands, as far as this process knows: others of the machine move it on too.
        self._seen: Head | None = None
        self._epoch = 0

    @property
    def is_there(self) -> bool:
        """Whether anything was ever kept, as far as is known here."""
        return self._seen not in (None, NONE) or self.follow() != NONE

    @property
    def state(self) -> tuple[int, ...]:
        """Changes with every change, whoever makes it."""
        return self.follow()

    def changed_since(self, seen: tuple[int, int]) -> tuple[tuple[int, int], Collection[int] | None]:
        """Return where the copy stands, as epoch and number, and which documents were changed since *seen*."""
        with self.reading() as copy:
            epoch, head = standing(copy)
            now = (epoch, head[0])
            if epoch != seen[0]:
                return now, None
            return now, Follower.changed_since(copy, seen[1]) if now != seen else ()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend a connection to read with, which sees one state of the library: the newest, if the server answers.

        Raises:
            StorageError: the copy cannot be read or brought up to date.
        """
        self.follow()
        try:
            with super().reading() as connection:
                yield connection
        except Exception as error:
            if _is_damaged(error):
                self._renew(self.path)
            raise

    @contextmanager
    def changing(self) -> Iterator[Change]:
        """Lend what changes are made with: they are committed when the block ends, all of them or none.

        Raises:
            StorageError: the server failed, or a document is written that another machine has begun to read.
        """
        with self._writing() as connection:
            yield from self._one_change(connection)

    @contextmanager
    def adding(self, sha256: str, file: Path) -> Iterator[Change]:
        """As `changing`, for a new document, whose bytes go with it; nobody waits for these."""
        with self._writing() as connection:
            add_bytes(connection, sha256, file)
            yield from self._one_change(connection)

    def start(self) -> None:
        """Bring the copy up to date, however long that takes."""
        while not self._is_followed():
            log.info("waiting for another process, which brings the copy of the documents up to date")

    def follow(self) -> Head:
        """Bring the copy up to date; return where it stands.

        Raises:
            StorageError: the copy cannot be written.
        """
        newest = self._heads.of(LIBRARY_NAME)
        if newest is None or newest != self._seen:
            with self._following:
                newest = self._heads.of(LIBRARY_NAME)
                if self._seen is None or (newest is not None and newest != self._seen):
                    self._is_followed()
        return self._seen or NONE

    def close(self) -> None:
        """Close the copy."""
        super().close()
        self.turn.close()
        self._heads.close()

    def _is_followed(self, *, again: bool = True) -> bool:
        """Do what `follow` does; False where another process is at it. A server that is away changes nothing."""
        copy = self.path
        try:
            engine = self._open()
            self._seen = Follower(self._server, engine, self._files).follow()
        except (SQLAlchemyError, sqlite3.Error, self._server.dialect.loaded_dbapi.Error) as error:
            cause = (error.orig if isinstance(error, DBAPIError) else None) or error
            if again and _is_damaged(error):
                self._renew(copy)
                return self._is_followed(again=False)
            self._seen = self._seen or self._standing()
            if _BUSY in str(cause):
                return False
            if is_away(cause):
                log.warning("copy of the documents as it is", extra={"reason": type(cause).__name__})
                return True
            raise storage_error(error, str(copy)) from error
        return True

    def _standing(self) -> Head:
        with suppress(SQLAlchemyError), self._open().connect() as copy:
            return standing(copy)[1]
        return NONE

    def _renew(self, copy: Path) -> None:
        """Begin a new copy in place of a damaged one, under a name that no process has open."""
        with self._opening:
            if self.path != copy:
                return
            log.warning("copy of the documents is damaged and made anew", extra={"path": str(copy)})
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None
            newest = _newest_copy(copy.parent)
            self.path = newest if newest != copy else _numbered(copy.parent, _number(copy) + 1)
            self._seen = None
        for end in ("", "-wal", "-shm"):
            with suppress(OSError):
                copy.with_name(copy.name + end).unlink()

    def _open(self) -> Engine:
        with self._opening:
            if self._engine is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                engine = open_file(self.path, "NORMAL")  # what a power cut takes of a copy is followed again
                META.create_all(engine)
                self._engine = engine
            return self._engine

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        self._guard()
        try:
            with self._server.begin() as connection:
                yield connection
            self._heads.forget()
        except (SQLAlchemyError, self._server.dialect.loaded_dbapi.Error) as error:
            raise storage_error(error, "documents") from error

    def _one_change(self, connection: Connection) -> Iterator[Change]:
        wait_turn(connection, LIBRARY_TURN)
        self.turn.prove(connection)
        change = Change(connection, IN_POSTGRESQL)
        yield change
        if change.gone:
            connection.execute(delete(FILES).where(FILES.c.sha256.in_(change.gone)))
        if change.noted:
            note_changes(connection, change.noted)


def _is_damaged(error: BaseException) -> bool:
    """Tell whether *error*, or what it stands for, says that the copy is no database, or not whole."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, sqlite3.DatabaseError):
        cause = cause.orig if isinstance(cause, DBAPIError) else cause.__cause__
    return cause is not None and any(said in str(cause) for said in _DAMAGED)


def _newest_copy(folder: Path) -> Path:
    return _numbered(folder, max((_number(path) for path in folder.glob("documents-*.db")), default=1))


def _numbered(folder: Path, wanted: int) -> Path:
    return folder / f"documents-{wanted}.db"


def _number(copy: Path) -> int:
    found = _COPY.fullmatch(copy.name)
    return int(found[1]) if found else 1
