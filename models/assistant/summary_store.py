"""Summaries of sessions; the newest counts."""

from sqlalchemy import Connection, Engine, func, insert, select

from models.assistant.rows import NewSummary, Summary
from models.assistant.session_store import require
from models.assistant.typed import typed
from models.database import SessionRow, SummaryRow, TurnRow
from models.engines.opening import reading
from models.engines.writer import Writer
from utils.clock import Clock, iso


class SummaryStore:
    """Reads and writes rows of `summaries`. Thread-safe."""

    def __init__(self, engine: Engine, writer: Writer, clock: Clock) -> None:
        self._engine = engine
        self._writer = writer
        self._clock = clock

    def add(self, summary: NewSummary) -> None:
        """Keep a summary; NotFoundError when its session was deleted meanwhile."""
        values: dict[str, object] = {
            "session_id": summary.session_id,
            "user_id": summary.user_id,
            "at": iso(self._clock.now()),
            "upto": summary.upto,
            "turns": summary.turns,
            "text": summary.text,
            "made_by": summary.made_by,
            "model": summary.model,
            "reason": summary.reason,
        }

        def change(connection: Connection) -> None:
            require(connection, summary.session_id)
            connection.execute(insert(SummaryRow).values(**values))

        self._writer.run(change)

    def newest(self, session_id: str) -> Summary | None:
        """Return the newest summary of a session; None before any."""
        query = select(SummaryRow.__table__).where(SummaryRow.session_id == session_id)
        with reading(self._engine) as connection:
            row = connection.execute(query.order_by(SummaryRow.id.desc()).limit(1)).mappings().first()
            return None if row is None else typed(Summary, row)

    def due(self, every: int, limit: int) -> list[str]:
        """Return sessions that have at least *every* turns which no summary is about, the longest unchanged first."""
        done = select(SummaryRow.session_id, func.max(SummaryRow.upto).label("upto"))
        done_upto = done.group_by(SummaryRow.session_id).subquery()
        query = (
            select(TurnRow.session_id)
            .join(SessionRow, SessionRow.id == TurnRow.session_id)
            .outerjoin(done_upto, done_upto.c.session_id == TurnRow.session_id)
            .where(SessionRow.turns >= every, TurnRow.id > func.coalesce(done_upto.c.upto, 0))
            .group_by(TurnRow.session_id)
            .having(func.count() >= every)
            .order_by(func.max(TurnRow.id))
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [str(found) for found in connection.execute(query).scalars()]
