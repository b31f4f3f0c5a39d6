"""The processes that work on one database, this one among them. On SQLite there is none but this one.

Each has a row, which it renews, and holds a lock in a session of its own. A killed process lets go of its lock at once;
one that is cut off stops renewing. Either way another takes over what it had in hand. All times are the database's, so
that no machine's clock matters.
"""

import socket
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, text, true, update
from sqlalchemy.exc import SQLAlchemyError

from models.batches.engine import NAMES, BatchEngine, TableEngine
from models.database import CallRow, MemberRow, RunRow, WorkRow
from models.domain import ItemState
from models.engines.opening import reading, storage_error
from models.engines.writer import Writer
from utils.clock import Clock, iso
from utils.errors import ConfigurationError

# How often a row is renewed, and for how long an old one is believed: while its lock is held, and when it is free
# (a database that was restarted has lost all locks, and the processes need a moment to take them again).
BEAT_S, LEASE_S, GRACE_S = 2.0, 30.0, 6.0
_CHANNEL = "ltp_events"
_NOW = text("extract(epoch from clock_timestamp())")
_IN_HAND = (
    (WorkRow.owner, WorkRow.state.in_([ItemState.TODO, ItemState.LEASED])),
    (CallRow.owner, true()),
    (RunRow.owner, RunRow.state == "running"),
)
_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended(:of, 0))")
# Held by all that work with the same engine.
_LOCK_WITH_OTHERS = text("SELECT pg_advisory_lock_shared(hashtextextended(:of, 0))")
_LOCKED = text("SELECT NOT pg_try_advisory_xact_lock(hashtextextended(:of, 0))")


class Members:
    """Who works on the database. Thread-safe, but `beat` and `wait` are for one thread."""

    def __init__(self, engine: Engine, writer: Writer, clock: Clock, batch_engine: BatchEngine | None = None) -> None:
        """Work on the database of *engine*; whose turn items are says *batch_engine*, the same for all."""
        self._engine = engine
        self._writer = writer
        self._clock = clock
        self.batch_engine: BatchEngine = batch_engine or TableEngine()
        self._session: Connection | None = None
        self.is_alone = engine.dialect.name == "sqlite"
        self.me = _new_name()
        self._ledger = self._keys = ""

    def join(self, ledger: str = "", keys: Sequence[str] = ()) -> None:
        """Begin to work on the database.

        Args:
            ledger: Where limits are kept together, the same for all; "" for nowhere: then nobody else may be there.
            keys: Fingerprints of the keys that secrets are encrypted with, the current one first.

        Raises:
            ConfigurationError: another process lives that keeps its limits elsewhere, or alone, that has another
                engine for batches, or that encrypts with a key that is not known here, or the other way round.
            StorageError: the database cannot be reached.
        """
        if self.is_alone:
            return
        self._ledger, self._keys = ledger, " ".join(keys)
        self._enter(self._check_company)
        session = self._hold()
        try:
            self._check_engine(session)  # who started at the same moment
        except ConfigurationError:
            self._let_go()
            raise

    def _enter(self, check: Callable[[Connection], None] = lambda _: None) -> None:
        row = {"id": self.me, "host": socket.gethostname()[:100], "ledger": self._ledger, "keys": self._keys}
        row["started_at"] = iso(self._clock.now())

        def write(connection: Connection) -> None:
            check(connection)
            connection.execute(insert(MemberRow).values(**row, seen_at=_NOW))

        self._writer.run(write)

    def _check_company(self, connection: Connection) -> None:
        """Refuse to work beside who does it otherwise; take over how things stand where nobody is there."""
        self._check_limits(connection, self._ledger)
        self._check_keys(connection)
        self._check_engine(connection)
        if not _is_locked(connection, _engine_lock(self.batch_engine.name)):
            self.batch_engine.agree(connection)

    def _check_engine(self, connection: Connection) -> None:
        """Refuse to work beside a process that does not see whose turn items are here."""
        for name in NAMES:
            if name != self.batch_engine.name and _is_locked(connection, _engine_lock(name)):
                raise ConfigurationError(
                    f"BATCH_ENGINE: {self.batch_engine.name} here, but a process that works on the same database has "
                    f"{name}; set the same for all of them, or stop that one first: batches go on with either"
                )

    @staticmethod
    def _check_limits(connection: Connection, ledger: str) -> None:
        """Refuse to work beside a process that would use the same limits, and not know of it."""
        rows = connection.execute(select(MemberRow.id, MemberRow.host, MemberRow.ledger)).all()
        for name, host, others in rows:
            if (not ledger or others != ledger) and _is_locked(connection, name):
                what = "is missing" if not ledger else "differs"
                raise ConfigurationError(
                    f"REDIS_URL: {what}, and a process on {host} works on the same database; set the same for all of "
                    "them: they share the limits of the providers"
                )

    def _check_keys(self, connection: Connection) -> None:
        """Refuse to work beside a process that could not read the secrets that are stored here, or we its."""
        rows = connection.execute(select(MemberRow.id, MemberRow.host, MemberRow.keys)).all()
        mine = self._keys.split()
        for name, host, keys in rows:
            theirs = (keys or "").split()
            if mine and theirs and not (mine[0] in theirs and theirs[0] in mine) and _is_locked(connection, name):
                raise ConfigurationError(
                    f"ENCRYPTION_KEY: differs from that of a process on {host} that works on the same database; set "
                    "the same for all of them: without it each data folder has a key of its own, in encryption.key"
                )

    def beat(self) -> bool:
        """Say that this process lives; False where others took it for gone: it has nothing in hand any more.

        Raises:
            StorageError: the database cannot be reached.
        """
        if self.is_alone:
            return True
        mine = update(MemberRow).where(MemberRow.id == self.me).values(seen_at=_NOW)
        if not self._writer.run(lambda connection: connection.execute(mine).rowcount):
            self._let_go()
            self.me = _new_name()
            self._enter()
            self._hold()
            return False
        if self._session is None:
            self._hold()
        return True

    def gone(self, grace_s: float = GRACE_S) -> list[str]:
        """Return the processes that are gone and were not taken over yet; *grace_s* is for those without a lock."""
        if self.is_alone:
            return []
        age_s = text("extract(epoch from clock_timestamp()) - seen_at")
        with reading(self._engine) as connection:
            rows = connection.execute(select(MemberRow.id, age_s).where(MemberRow.id != self.me)).all()
            return [
                name for name, age in rows if age > LEASE_S or (age >= grace_s and not _is_locked(connection, name))
            ]

    def strangers(self) -> list[str | None]:
        """Return who has something in hand and no row: left by a process of another database, or an older version."""
        if self.is_alone:
            return []
        known = select(MemberRow.id)
        with reading(self._engine) as connection:
            found: set[str | None] = set()
            for owner, is_open in _IN_HAND:
                named = select(owner).distinct().where(is_open, owner.is_not(None), owner.not_in(known))
                found |= set(connection.execute(named).scalars())
            leased = (WorkRow.state == ItemState.LEASED, WorkRow.owner.is_(None))
            nobodys = connection.execute(select(WorkRow.ordinal).where(*leased).limit(1)).first()
        return [*sorted(name for name in found if name), *([None] if nobodys is not None else [])]

    def others(self) -> int:
        """Count the other processes that live, or did until a moment ago."""
        if self.is_alone:
            return 0
        with reading(self._engine) as connection:
            ids = connection.execute(select(MemberRow.id).where(MemberRow.id != self.me)).scalars().all()
        return len(set(ids) - set(self.gone()))

    def names(self) -> list[str]:
        """Return the names of all that have a row."""
        with reading(self._engine) as connection:
            return list(connection.execute(select(MemberRow.id).order_by(MemberRow.started_at)).scalars())

    def lives(self, connection: Connection, name: str) -> bool:
        """Tell whether a process was not taken over, and is not before the caller's transaction has ended."""
        if self.is_alone:
            return True
        row = select(MemberRow.id).where(MemberRow.id == name).with_for_update(read=True, key_share=True)
        return connection.execute(row).first() is not None

    def remove(self, connection: Connection, name: str) -> bool:
        """Strike a process that is gone out, within the caller's transaction; False where another did."""
        return bool(connection.execute(delete(MemberRow).where(MemberRow.id == name)).rowcount)

    def leave(self) -> None:
        """Let go of the lock; the caller has struck this process out."""
        self._let_go()

    def wait(self, timeout_s: float) -> None:
        """Wait until something was written by whomever, or *timeout_s* seconds.

        Raises:
            StorageError: the connection is lost; `beat` makes a new one.
        """
        if self._session is None:
            return
        try:
            driver: Any = self._session.connection.driver_connection
            for _ in driver.notifies(timeout=timeout_s, stop_after=1):
                return
        except Exception as error:  # the driver's own, whatever broke
            self._let_go()
            raise storage_error(error, "database") from error

    def _hold(self) -> Connection:
        """Take the lock of this process, and listen, in a session of its own."""
        try:
            session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        except SQLAlchemyError as error:
            raise storage_error(error, "database") from error
        try:
            session.execute(_LOCK, {"of": self.me})
            session.execute(_LOCK_WITH_OTHERS, {"of": _engine_lock(self.batch_engine.name)})
            session.exec_driver_sql(f"LISTEN {_CHANNEL}")
        except SQLAlchemyError as error:
            session.close()
            raise storage_error(error, "database") from error
        self._session = session
        return session

    def _let_go(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with suppress(Exception):
                session.invalidate()  # its locks and what it listens to end with it
            session.close()


def notify(connection: Connection) -> None:
    """Wake whoever waits for what this transaction writes; on SQLite nobody does."""
    if connection.dialect.name != "sqlite":
        connection.connection.cursor().execute(f"NOTIFY {_CHANNEL}")


def _is_locked(connection: Connection, name: str) -> bool:
    return bool(connection.execute(_LOCKED, {"of": name}).scalar())


def _engine_lock(name: str) -> str:
    return f"batch engine {name}"


def _new_name() -> str:
    return f"member_{uuid.uuid4().hex[:16]}"
