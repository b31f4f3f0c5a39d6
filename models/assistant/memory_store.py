"""Memories: what users asked to be remembered, by key."""

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from models.assistant.rows import Memory
from models.assistant.typed import typed
from models.database import MemoryRow
from models.engines.opening import reading
from models.engines.writer import Writer
from utils.clock import Clock, iso
from utils.errors import InputError, NotFoundError

# All of them together should fit into what a model is told.
MOST = 100


class MemoryStore:
    """Reads and writes rows of `memories`. Thread-safe."""

    def __init__(self, engine: Engine, writer: Writer, clock: Clock) -> None:
        self._engine = engine
        self._writer = writer
        self._clock = clock

    def put(self, user_id: str, key: str, value: str) -> Memory:
        """Remember *value* under *key*, whatever was there; InputError when the user has as many as one may."""

        def write(connection: Connection) -> Memory:
            found = _find(connection, user_id, key)
            if found is not None:
                return self._change(connection, found, value)
            count = select(func.count()).select_from(MemoryRow).where(MemoryRow.user_id == user_id)
            if int(connection.execute(count).scalar_one()) >= MOST:
                raise InputError(
                    f"memories: {user_id!r} has {MOST}, which is the most; delete one with DELETE /api/memories/<key>, "
                    "or change one"
                )
            now = iso(self._clock.now())
            values = {"user_id": user_id, "key": key, "value": value, "created_at": now, "updated_at": now}
            connection.execute(insert(MemoryRow).values(**values))
            return typed(Memory, values)

        return self._writer.run(write)

    def change(self, user_id: str, key: str, value: str) -> Memory:
        """Change a memory that is there; NotFoundError when it is not."""

        def write(connection: Connection) -> Memory:
            found = _find(connection, user_id, key)
            if found is None:
                raise _missing(user_id, key)
            return self._change(connection, found, value)

        return self._writer.run(write)

    def delete(self, user_id: str, key: str) -> None:
        """Forget a memory; NotFoundError when it is not there."""

        def write(connection: Connection) -> None:
            gone = connection.execute(delete(MemoryRow).where(MemoryRow.user_id == user_id, MemoryRow.key == key))
            if not gone.rowcount:
                raise _missing(user_id, key)

        self._writer.run(write)

    def all(self, user_id: str) -> list[Memory]:
        """Return the memories of a user, the last changed first."""
        query = select(MemoryRow.__table__).where(MemoryRow.user_id == user_id)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(MemoryRow.updated_at.desc(), MemoryRow.key)).mappings()
            return [typed(Memory, row) for row in rows]

    def _change(self, connection: Connection, found: Memory, value: str) -> Memory:
        now = iso(self._clock.now())
        own = (MemoryRow.user_id == found.user_id, MemoryRow.key == found.key)
        connection.execute(update(MemoryRow).where(*own).values(value=value, updated_at=now))
        return Memory(found.user_id, found.key, value, found.created_at, now)


def _find(connection: Connection, user_id: str, key: str) -> Memory | None:
    own = (MemoryRow.user_id == user_id, MemoryRow.key == key)
    row = connection.execute(select(MemoryRow.__table__).where(*own)).mappings().first()
    return None if row is None else typed(Memory, row)


def _missing(user_id: str, key: str) -> NotFoundError:
    return NotFoundError(f"memory {key[:80]!r} of {user_id!r}: not found; GET /api/memories lists them")
