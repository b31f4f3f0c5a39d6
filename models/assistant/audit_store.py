"""The audit trail: events in the order in which they came, each kept once."""

from collections.abc import Callable, Mapping

import orjson
from sqlalchemy import Connection, Engine, RowMapping, insert, select

from models.assistant.rows import AuditEvent, NewEvent
from models.assistant.session_store import require
from models.assistant.typed import typed
from models.contract.answers.assistant_memory import EventType
from models.database import AuditRow
from models.engines.opening import reading
from models.engines.writer import Writer
from utils.clock import Clock, iso
from utils.errors import ConflictError


class RepeatedEventError(Exception):
    """An event with the client's id is there already; ends the transaction that would keep it again."""

    def __init__(self, event: AuditEvent) -> None:
        super().__init__(event.event_id)
        self.event = event


class AuditStore:
    """Reads and writes rows of `audit_events`. Thread-safe."""

    def __init__(self, engine: Engine, writer: Writer, clock: Clock) -> None:
        self._engine = engine
        self._writer = writer
        self._clock = clock

    def known(self, event: NewEvent) -> AuditEvent | None:
        """Return the event that was kept with the client's id of *event*; ConflictError if it is another one."""
        with reading(self._engine) as connection:
            return _known(connection, event)

    def add(self, event: NewEvent) -> AuditEvent:
        """Keep an event.

        Raises:
            RepeatedEventError: it is there already.
            ConflictError: the client's id was given to another one.
            NotFoundError: its session is not there.
        """
        return self._writer.run(lambda connection: self._write(connection, event))

    def recorder(self, event: NewEvent, kept: list[AuditEvent]) -> Callable[[Connection, object], None]:
        """Return what keeps an event within another change's transaction, and adds it to *kept*; raises as `add`."""
        return lambda connection, _: kept.append(self._write(connection, event))

    def some(
        self,
        user_id: str,
        limit: int,
        *,
        kind: EventType | None = None,
        session_id: str | None = None,
        since: str | None = None,
        after: int = 0,
    ) -> list[AuditEvent]:
        """Return events of a user behind the id *after*, oldest first."""
        wanted = [AuditRow.user_id == user_id, AuditRow.id > after]
        wanted += [AuditRow.type == kind] if kind else []
        wanted += [AuditRow.session_id == session_id] if session_id else []
        wanted += [AuditRow.at >= since] if since else []
        query = select(AuditRow.__table__).where(*wanted).order_by(AuditRow.id).limit(limit)
        with reading(self._engine) as connection:
            return [_event(row) for row in connection.execute(query).mappings()]

    def of_session(self, session_id: str, limit: int) -> list[AuditEvent]:
        """Return the newest events of a session, oldest first."""
        query = select(AuditRow.__table__).where(AuditRow.session_id == session_id)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(AuditRow.id.desc()).limit(limit)).mappings()
            return [_event(row) for row in rows][::-1]

    def _write(self, connection: Connection, event: NewEvent) -> AuditEvent:
        if (known := _known(connection, event)) is not None:
            raise RepeatedEventError(known)
        if event.session_id is not None:
            require(connection, event.session_id)
        values: dict[str, object] = {
            "event_id": event.event_id,
            "user_id": event.user_id,
            "session_id": event.session_id,
            "type": event.type,
            "at": iso(self._clock.now()),
            "text": event.text,
            "sample_id": event.sample_id,
            "detail": orjson.dumps(event.detail).decode(),
        }
        added = connection.execute(insert(AuditRow).values(**values).returning(AuditRow.id)).scalar_one()
        return _event({**values, "id": int(added)})


def _known(connection: Connection, event: NewEvent) -> AuditEvent | None:
    if event.event_id is None:
        return None
    same = (AuditRow.user_id == event.user_id, AuditRow.event_id == event.event_id)
    row = connection.execute(select(AuditRow.__table__).where(*same)).mappings().first()
    if row is None:
        return None
    found = _event(row)
    if (found.type, found.session_id, found.sample_id) != (event.type, event.session_id, event.sample_id):
        raise ConflictError(
            f"event_id: {event.event_id!r} was given to another event ({found.type}, {found.at}); "
            "give each event an id of its own"
        )
    return found


def _event(row: RowMapping | Mapping[str, object]) -> AuditEvent:
    return typed(AuditEvent, row, detail=orjson.loads(str(row["detail"])))
