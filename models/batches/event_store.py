"""Every change as a row with an id, which is the id of the message that streams send.

Changes of a batch carry its id, those of the providers none.
"""

from collections.abc import Mapping

import orjson
from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select
from typing_extensions import TypedDict

from models.database import EventRow, reading
from models.writer import Statement

_INSERT = Statement(
    insert(EventRow).values({name: bindparam(name) for name in ("batch_id", "at", "type", "detail")}).inline()
)
# Rows kept; whoever was away for longer gets the state, not the changes.
KEPT = 50_000
_PRUNE_EVERY = 1000


class EventOf(TypedDict):
    """A change as it is kept: its id, when, its kind and what else is told of it."""

    id: int
    at: str
    type: str
    detail: dict[str, object]


class EventStore:
    """Reads and writes rows of `events`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, connection: Connection, batch_id: str, at: str, kind: str, detail: Mapping[str, object]) -> int:
        """Write a change within the caller's transaction; return its id."""
        text = orjson.dumps(detail).decode()
        added = _INSERT.run(connection, batch_id=batch_id, at=at, type=kind, detail=text)
        event_id = int(added.lastrowid or 0)
        if event_id % _PRUNE_EVERY == 0:
            connection.execute(delete(EventRow).where(EventRow.id <= event_id - KEPT))
        return event_id

    def last_id(self) -> int:
        """Return the newest id; 0 before any."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.max(EventRow.id))).scalar() or 0)

    def changed_since(self, event_id: int) -> dict[str, int]:
        """Return the newest id by batch, of the batches that changed after *event_id*; oldest first."""
        newest = func.max(EventRow.id)
        query = (
            select(EventRow.batch_id, newest)
            .where(EventRow.id > event_id, EventRow.batch_id != "")
            .group_by(EventRow.batch_id)
        )
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query.order_by(newest))}

    def of(self, batch_id: str, after: int, limit: int) -> list[EventOf]:
        """Return the changes of a batch after id *after*, oldest first."""
        query = (
            select(EventRow.id, EventRow.at, EventRow.type, EventRow.detail)
            .where(EventRow.batch_id == batch_id, EventRow.id > after)
            .order_by(EventRow.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [
                {"id": row.id, "at": row.at, "type": row.type, "detail": orjson.loads(row.detail)}
                for row in connection.execute(query)
            ]
