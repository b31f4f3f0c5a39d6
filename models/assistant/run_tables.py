"""The tables of runs."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.database import Base


class RunRow(Base):
    """One run: what was asked, who is asked for it now, and what came of it.

    `call` is the number of the call under way (`calls`), `target` its "provider/model", `prompt_tokens` what its
    prompt is estimated at: what a process that is killed has left to say of a call that was paid for.
    """

    __tablename__ = "runs"
    __table_args__ = (Index("ix_runs_state", "state"), Index("ix_runs_started", "started_at"))

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    key: Mapped[str | None] = mapped_column(unique=True)
    state: Mapped[str]
    request: Mapped[str]
    result: Mapped[str | None]
    started_at: Mapped[str]
    ended_at: Mapped[str | None]
    call: Mapped[int | None]
    target: Mapped[str | None]
    prompt_tokens: Mapped[int] = mapped_column(default=0)


class RunEventRow(Base):
    """One event of a run's stream; its number is the id of the message."""

    __tablename__ = "run_events"

    run_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[str]
