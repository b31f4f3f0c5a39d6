"""Every change as a row with an id, which is the id of the message that streams send.

Changes of a batch carry its id, those of the providers none.
"""

from typing import Any

import orjson
from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select

from models.database import EventRow, reading
from models.statements import Statement

_INSERT = Statement(
    insert(EventRow).values({name: bindparam(name) for name in ("batch_id", "at", "type", "detail")}).inline()
)
# Rows kept; whoever was away for longer gets the state, not the changes.
KEPT = 50_000
_PRUNE_EVERY = 1000


class EventStore:
    """Reads and writes rows of `events`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, connection: Connection, batch_id: str, at: str, kind: str, detail: dict[str, Any]) -> int:
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

    def of(self, batch_id: str, after: int, limit: int) -> list[dict[str, Any]]:
        """Return the changes of a batch after id *after*, oldest first."""
        query = (
            select(EventRow.id, EventRow.at, EventRow.type, EventRow.detail)
            .where(EventRow.batch_id == batch_id, EventRow.id > after)
            .order_by(EventRow.id)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [
                {**dict(row), "detail": orjson.loads(row["detail"])} for row in connection.execute(query).mappings()
            ]
