"""Turns: queries with their answers, and the vectors by which like ones are found."""

import base64
from collections.abc import Collection

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, case, func, insert, or_, select, update

from models.assistant.rows import Brief, NewTurn, Turn
from models.assistant.session_store import require
from models.assistant.typed import typed
from models.database import SessionRow, TurnRow
from models.engines.opening import reading
from models.engines.writer import Writer
from utils.clock import Clock, iso
from utils.errors import InputError

# Characters of an answer by which it is found again.
SHOWN = 500
_COLUMNS = (
    "id",
    "session_id",
    "user_id",
    "at",
    "query",
    "response",
    "intent",
    "citations",
    "provider",
    "model",
    "tokens",
    "run_id",
)
_TURN = [TurnRow.__table__.c[name] for name in _COLUMNS]


class TurnStore:
    """Reads and writes rows of `turns`. Thread-safe."""

    def __init__(self, engine: Engine, writer: Writer, clock: Clock) -> None:
        self._engine = engine
        self._writer = writer
        self._clock = clock

    def add(self, turn: NewTurn) -> int:
        """Keep a turn, and return its id once it is on the disk; a second one of the same run is the first.

        Its session gets a title if it has none, and goes on if it had ended.

        Raises:
            NotFoundError: there is no such session.
            InputError: it is another user's.
        """
        now = iso(self._clock.now())
        citations = orjson.dumps(turn.citations).decode()

        def change(connection: Connection) -> int:
            if (known := _of_run(connection, turn.run_id)) is not None:
                return known
            if turn.session_id is not None:
                _go_on(connection, turn, now)
            values = {name: getattr(turn, name) for name in _COLUMNS if name not in ("id", "at", "citations")}
            added = insert(TurnRow).values(**values, at=now, citations=citations).returning(TurnRow.id)
            return int(connection.execute(added).scalar_one())

        return self._writer.run(change)

    def some(self, user_id: str, limit: int, session_id: str | None = None, before: int | None = None) -> list[Turn]:
        """Return turns of a user, newest first: of one session, or of all; those before the id *before*."""
        wanted = [TurnRow.user_id == user_id]
        wanted += [] if session_id is None else [TurnRow.session_id == session_id]
        return self._newest(wanted, limit, before)

    def of_session(self, session_id: str, limit: int) -> list[Turn]:
        """Return the last turns of a session, oldest first."""
        return self._newest([TurnRow.session_id == session_id], limit)[::-1]

    def after(self, session_id: str, turn: int, limit: int) -> list[Turn]:
        """Return the turns of a session behind the id *turn*, oldest first."""
        query = select(*_TURN).where(TurnRow.session_id == session_id, TurnRow.id > turn)
        with reading(self._engine) as connection:
            return [_turn(row) for row in connection.execute(query.order_by(TurnRow.id).limit(limit)).mappings()]

    # --- vectors -------------------------------------------------------------------------

    def briefs(self, user_id: str, limit: int, model: str, but: Collection[int] = ()) -> list[Brief]:
        """Return the newest turns of one user but those with the ids *but*, with their vectors of *model*.

        Others' turns are left out here, before anything is ranked: a rank among all would lose a user's turns behind
        those of a busier one.
        """
        vector = case((TurnRow.vector_model == model, TurnRow.vector), else_=None)
        query = select(TurnRow.id, TurnRow.query, func.substr(TurnRow.response, 1, 2 * SHOWN), vector)
        query = query.where(TurnRow.user_id == user_id, TurnRow.id.not_in(but))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(TurnRow.id.desc()).limit(limit))
            return [Brief(turn, said, answer, _unpacked(packed)) for turn, said, answer, packed in rows]

    def with_ids(self, ids: Collection[int]) -> list[Turn]:
        """Return the turns with these ids that are there, newest first."""
        return self._newest([TurnRow.id.in_(ids)], len(ids))

    def without_vectors(self, model: str, limit: int) -> list[Turn]:
        """Return turns without a vector of *model*: those that failed least first, of these the newest."""
        lacking = or_(TurnRow.vector.is_(None), TurnRow.vector_model != model)
        query = select(*_TURN).where(lacking).order_by(TurnRow.tries, TurnRow.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [_turn(row) for row in connection.execute(query).mappings()]

    def is_empty(self) -> bool:
        """Tell whether there is no turn at all."""
        with reading(self._engine) as connection:
            return connection.execute(select(TurnRow.id).limit(1)).first() is None

    def set_vector(self, turn: int, model: str, packed: bytes | None) -> None:
        """Keep the vector of a turn; None: it could not be made, and is null until another try makes it."""
        text = None if packed is None else base64.b64encode(packed).decode()
        values: dict[str, object] = {"vector": text, "vector_model": model if packed is not None else None}
        counted = {"tries": 0 if packed is not None else TurnRow.tries + 1}
        change = update(TurnRow).where(TurnRow.id == turn).values(**values, **counted)
        self._writer.run(lambda connection: connection.execute(change))

    def _newest(self, wanted: list[ColumnElement[bool]], limit: int, before: int | None = None) -> list[Turn]:
        if before is not None:
            wanted = [*wanted, TurnRow.id < before]
        query = select(*_TURN).where(*wanted).order_by(TurnRow.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [_turn(row) for row in connection.execute(query).mappings()]


def _of_run(connection: Connection, run_id: str | None) -> int | None:
    if run_id is None:
        return None
    found = connection.execute(select(TurnRow.id).where(TurnRow.run_id == run_id)).scalar()
    return None if found is None else int(found)


def _go_on(connection: Connection, turn: NewTurn, now: str) -> None:
    """Count a turn of a session within the caller's transaction."""
    session = require(connection, turn.session_id or "")
    if session.user_id != turn.user_id:
        raise InputError(
            f"session {session.id!r}: is of the user {session.user_id!r}, got {turn.user_id!r}; "
            "begin one with POST /api/sessions/start"
        )
    connection.execute(
        update(SessionRow)
        .where(SessionRow.id == session.id)
        .values(
            title=session.title or turn.title,
            status="active",
            ended_at=None,
            last_at=now,
            turns=SessionRow.turns + 1,
        )
    )


def _unpacked(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def _turn(row: RowMapping) -> Turn:
    return typed(Turn, row, citations=tuple(orjson.loads(row["citations"])))
