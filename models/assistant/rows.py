"""What the stores of the assistant take and return."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.contract.answers.assistant_memory import EventType, MadeBy, SessionStatus


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation."""

    id: str
    user_id: str
    title: str
    status: SessionStatus
    metadata: Mapping[str, object]
    started_at: str
    last_at: str
    ended_at: str | None
    turns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTurn:
    """A query and its answer, to be kept.

    Attributes:
        session_id: Its session; None for a query outside any.
        citations: As the answer showed them: JSON values only.
        tokens: All that the answer cost, thinking included.
        run_id: The run that made it; a turn of the same run is kept once.
        title: The session's title if it has none yet.
    """

    user_id: str
    query: str
    response: str
    session_id: str | None = None
    intent: str = "general"
    citations: tuple[Mapping[str, object], ...] = ()
    provider: str = ""
    model: str = ""
    tokens: int = 0
    run_id: str | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """A query and its answer, as kept; higher ids are newer."""

    id: int
    session_id: str | None
    user_id: str
    at: str
    query: str
    response: str
    intent: str
    citations: tuple[Mapping[str, object], ...]
    provider: str
    model: str
    tokens: int
    run_id: str | None


@dataclass(frozen=True, slots=True)
class Brief:
    """What a turn is found by: its query, the beginning of its answer, and its packed vector; None for none yet."""

    id: int
    query: str
    response: str
    vector: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """Something to be kept in the audit trail."""

    user_id: str
    type: EventType
    event_id: str | None = None
    session_id: str | None = None
    text: str = ""
    sample_id: str | None = None
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """An entry of the audit trail; higher ids are newer."""

    id: int
    event_id: str | None
    user_id: str
    session_id: str | None
    type: EventType
    at: str
    text: str
    sample_id: str | None
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Memory:
    """What a user asked to be remembered."""

    user_id: str
    key: str
    value: str
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSummary:
    """A summary of a session, to be kept: of *turns* turns up to the turn *upto*."""

    session_id: str
    user_id: str
    upto: int
    turns: int
    text: str
    made_by: MadeBy
    model: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary of a session, as kept."""

    id: int
    session_id: str
    at: str
    upto: int
    turns: int
    text: str
    made_by: MadeBy
    model: str
    reason: str
