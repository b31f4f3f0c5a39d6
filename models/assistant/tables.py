"""Tables of the assistant. Columns hold text, integers and floats only; JSON is kept as text, vectors as base64."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.database import Base

# SQLAlchemy reads a plain dictionary here: ids are never given twice, so that a cursor means the same for ever.
_COUNTED = {"sqlite_autoincrement": True}


class SessionRow(Base):
    """A conversation. Its title is empty until its first query."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_user", "user_id", "last_at"), _COUNTED)

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[str]
    title: Mapped[str]
    status: Mapped[str]
    facts: Mapped[str]
    started_at: Mapped[str]
    last_at: Mapped[str]
    ended_at: Mapped[str | None]
    turns: Mapped[int] = mapped_column(default=0)


class TurnRow(Base):
    """A query and its answer, without the thoughts of any model.

    `vector` is null until its text was embedded; `tries` counts the failures.
    """

    __tablename__ = "turns"
    __table_args__ = (
        Index("ix_turns_session", "session_id", "id"),
        Index("ix_turns_user", "user_id", "id"),
        Index("ix_turns_run", "run_id"),
        _COUNTED,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str | None]
    user_id: Mapped[str]
    at: Mapped[str]
    query: Mapped[str]
    response: Mapped[str]
    intent: Mapped[str]
    citations: Mapped[str]
    provider: Mapped[str]
    model: Mapped[str]
    tokens: Mapped[int]
    run_id: Mapped[str | None]
    vector: Mapped[str | None]
    vector_model: Mapped[str | None]
    tries: Mapped[int] = mapped_column(default=0)


class AuditRow(Base):
    """What somebody did or was shown; `event_id` is the client's own, by which a repeated request is known."""

    __tablename__ = "audit_events"
    __table_args__ = (
        Index("ix_audit_events_client", "user_id", "event_id", unique=True),
        Index("ix_audit_events_session", "session_id", "id"),
        _COUNTED,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[str | None]
    user_id: Mapped[str]
    session_id: Mapped[str | None]
    type: Mapped[str]
    at: Mapped[str]
    text: Mapped[str]
    sample_id: Mapped[str | None]
    detail: Mapped[str]


class MemoryRow(Base):
    """What a user asked to be remembered."""

    __tablename__ = "memories"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    created_at: Mapped[str]
    updated_at: Mapped[str]


class SummaryRow(Base):
    """A summary of a session up to the turn `upto`; `made_by` is rules or model, `reason` why not by the model."""

    __tablename__ = "summaries"
    __table_args__ = (Index("ix_summaries_session", "session_id", "id"), _COUNTED)

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str]
    user_id: Mapped[str]
    at: Mapped[str]
    upto: Mapped[int]
    turns: Mapped[int]
    text: Mapped[str]
    made_by: Mapped[str]
    model: Mapped[str]
    reason: Mapped[str]
