"""Every change as a row with an id, which is the id of the message that streams send.

Changes of a batch carry its id, those of the providers none.
"""

from collections.abc import Mapping, Sequence

import orjson
from sqlalchemy import Connection, Engine, Row, Select, bindparam, delete, func, insert, select
from typing_extensions import TypedDict

from models.database import EventRow
from models.engines.dialects import JsonText
from models.engines.opening import reading
from models.engines.statement import Adding

_INSERT = Adding(
    insert(EventRow).values({name: bindparam(name) for name in ("batch_id", "at", "type", "detail")}),
    EventRow.__table__.c.id,
)
_QUERY = select(EventRow.id, EventRow.at, EventRow.type, EventRow.detail)
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
        event_id = _INSERT.add(connection, batch_id=batch_id, at=at, type=kind, detail=text)
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

    def of_sample(self, batch_id: str, sample_id: str) -> list[EventOf]:
        """Return the changes of a batch that concern one of its samples, oldest first; none once they were pruned."""
        of_batch = EventRow.batch_id == batch_id
        stored = select(JsonText(EventRow.detail, "item")).where(
            of_batch, EventRow.type == "sample", JsonText(EventRow.detail, "sample") == sample_id
        )
        same_item = JsonText(EventRow.detail, "item") == stored.limit(1).scalar_subquery()
        return self._found(_QUERY.where(of_batch, same_item).order_by(EventRow.id))

    def of(self, batch_id: str, after: int, limit: int) -> list[EventOf]:
        """Return the changes of a batch after id *after*, oldest first."""
        mine = _QUERY.where(EventRow.batch_id == batch_id, EventRow.id > after)
        return self._found(mine.order_by(EventRow.id).limit(limit))

    def newest(self, batch_id: str, kinds: Sequence[str], limit: int) -> list[EventOf]:
        """Return the last changes of *kinds* of a batch, newest first."""
        mine = _QUERY.where(EventRow.batch_id == batch_id, EventRow.type.in_(kinds))
        return self._found(mine.order_by(EventRow.id.desc()).limit(limit))

    def _found(self, query: Select[int, str, str, str]) -> list[EventOf]:
        with reading(self._engine) as connection:
            return [_event(row) for row in connection.execute(query)]


def _event(row: Row[int, str, str, str]) -> EventOf:
    return {"id": row.id, "at": row.at, "type": row.type, "detail": orjson.loads(row.detail)}
