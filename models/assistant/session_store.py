"""Sessions: begun, ended, listed, deleted with what was said in them."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, Engine, RowMapping, delete, func, insert, select, update

from models.assistant.rows import Session
from models.assistant.typed import typed
from models.contract.answers.assistant_memory import SessionStatus
from models.database import AuditRow, SessionRow, SummaryRow, TurnRow
from models.engines.opening import reading
from models.engines.writer import Writer
from utils.clock import Clock, iso
from utils.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Deleted:
    """What went with a session: its turns, and the runs that made them; events stay without their text."""

    turns: int
    run_ids: tuple[str, ...]
    kept_events: int


class SessionStore:
    """Reads and writes rows of `sessions`. Thread-safe."""

    def __init__(self, engine: Engine, writer: Writer, clock: Clock) -> None:
        self._engine = engine
        self._writer = writer
        self._clock = clock

    def start(self, user_id: str, title: str, metadata: Mapping[str, object]) -> Session:
        """Begin a session."""
        now = iso(self._clock.now())
        values: dict[str, object] = {
            "id": f"sess_{uuid.uuid4().hex}",
            "user_id": user_id,
            "title": title,
            "status": "active",
            "facts": orjson.dumps(metadata).decode(),
            "started_at": now,
            "last_at": now,
            "ended_at": None,
            "turns": 0,
        }
        self._writer.run(lambda connection: connection.execute(insert(SessionRow).values(**values)))
        return _session(values)

    def end(self, session_id: str) -> Session:
        """End a session; one that ended before stays as it was. NotFoundError when there is none."""
        now = iso(self._clock.now())

        def change(connection: Connection) -> None:
            require(connection, session_id)
            connection.execute(
                update(SessionRow)
                .where(SessionRow.id == session_id, SessionRow.status == "active")
                .values(status="ended", ended_at=now, last_at=now)
            )

        self._writer.run(change)
        return self.get(session_id)

    def get(self, session_id: str) -> Session:
        """Return a session; NotFoundError when there is none."""
        with reading(self._engine) as connection:
            return require(connection, session_id)

    def some(
        self, user_id: str, limit: int, offset: int = 0, status: SessionStatus | None = None
    ) -> tuple[list[Session], int]:
        """Return sessions of a user, the last used first, and how many there are."""
        wanted = [SessionRow.user_id == user_id, *([SessionRow.status == status] if status else [])]
        page = select(SessionRow.__table__).where(*wanted)
        page = page.order_by(SessionRow.last_at.desc(), SessionRow.number.desc()).limit(limit).offset(offset)
        with reading(self._engine) as connection:
            total = connection.execute(select(func.count()).select_from(SessionRow).where(*wanted)).scalar_one()
            return [_session(row) for row in connection.execute(page).mappings()], int(total)

    def delete(self, session_id: str) -> Deleted:
        """Delete a session with its turns and summaries.

        Its events stay, since they are the trail of what was done; their text and detail, which hold what was said,
        are emptied.

        Raises:
            NotFoundError: there is no such session.
        """

        def change(connection: Connection) -> Deleted:
            require(connection, session_id)
            runs = select(TurnRow.run_id).where(TurnRow.session_id == session_id, TurnRow.run_id.is_not(None))
            run_ids = tuple(str(run) for run in connection.execute(runs.order_by(TurnRow.id)).scalars())
            turns = connection.execute(delete(TurnRow).where(TurnRow.session_id == session_id)).rowcount
            connection.execute(delete(SummaryRow).where(SummaryRow.session_id == session_id))
            emptied = update(AuditRow).where(AuditRow.session_id == session_id).values(text="", detail="{}")
            kept = connection.execute(emptied).rowcount
            connection.execute(delete(SessionRow).where(SessionRow.id == session_id))
            return Deleted(turns, run_ids, kept)

        return self._writer.run(change)


def require(connection: Connection, session_id: str) -> Session:
    """Return a session as the open transaction sees it; NotFoundError when there is none."""
    found = connection.execute(select(SessionRow.__table__).where(SessionRow.id == session_id)).mappings().first()
    if found is None:
        raise NotFoundError(
            f"session {session_id[:80]!r}: not found; GET /api/sessions lists them, POST /api/sessions/start begins one"
        )
    return _session(found)


def _session(row: RowMapping | Mapping[str, object]) -> Session:
    return typed(Session, row, metadata=orjson.loads(str(row["facts"])))
