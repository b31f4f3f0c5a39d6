"""Answers about what the assistant keeps: sessions, turns, events, memories, summaries."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from models.contract.answers.base import Answer, Success

SessionStatus = Literal["active", "ended"]
EventType = Literal[
    "prompt",
    "model_response",
    "feedback",
    "sample_accepted",
    "sample_rejected",
    "sample_edited",
    "citation_opened",
    "file_uploaded",
    "release_exported",
]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)
MadeBy = Literal["rules", "model"]
_Cursor = Annotated[str | None, Field(description="Where the next page begins; null: this was the last")]
_User = Annotated[str, Field(description="A label, not an access control: the token's name, `local`, or what was sent")]


class SessionSummary(Answer):
    """The newest summary of a session."""

    text: str
    made_by: Annotated[MadeBy, Field(description="rules: sentences of queries and answers, chosen without a model")]
    model: Annotated[str, Field(description="Provider and model that made it; empty for rules")]
    reason: Annotated[str, Field(description="Why rules made it although a model is set; empty otherwise")]
    turns: Annotated[int, Field(description="How many turns it is about")]
    upto: Annotated[int, Field(description="Id of the newest of them")]
    at: str


class SessionInfo(Answer):
    """A session."""

    session_id: str
    user_id: _User
    title: Annotated[str, Field(description="Given, or made of the first query; empty before it")]
    status: SessionStatus
    metadata: dict[str, object]
    started_at: str
    last_at: Annotated[str, Field(description="When it last began, got a turn or ended")]
    ended_at: str | None
    turns: int


class SessionAnswer(Success):
    """Answer of `POST /api/sessions/start` and `POST /api/sessions/<id>/end`."""

    session_id: str
    session: SessionInfo


class SessionsAnswer(Success):
    """Answer of `GET /api/sessions`."""

    sessions: list[SessionInfo]
    count: int
    total: int


class AuditEventInfo(Answer):
    """An entry of the audit trail."""

    id: int
    event_id: Annotated[str | None, Field(description="The client's own id of it")]
    user_id: _User
    session_id: str | None
    type: EventType
    at: str
    text: Annotated[str, Field(description="Empty once its session was deleted, as is detail")]
    sample_id: str | None
    detail: dict[str, object]


class TurnInfo(Answer):
    """A query and its answer, without any model's thoughts."""

    id: int
    session_id: str | None
    user_id: _User
    at: str
    query: str
    response: str
    intent: str
    citations: list[dict[str, object]]
    provider: str
    model: str
    tokens: int
    run_id: str | None


class SessionDetailAnswer(Success):
    """Answer of `GET /api/sessions/<id>`."""

    session_id: str
    session: SessionInfo
    summary: Annotated[SessionSummary | None, Field(description="Made in the background after every four turns")]
    history: Annotated[list[TurnInfo], Field(description="Its last turns, oldest first")]
    events: Annotated[
        list[AuditEventInfo] | None, Field(description="Its newest events, oldest first; null without include_events")
    ]


class SessionDeletedAnswer(Success):
    """Answer of `DELETE /api/sessions/<id>`."""

    session_id: str
    deleted_turns: int
    kept_events: Annotated[int, Field(description="Events that stay in the audit trail, without their text")]
    message: str


class EventAnswer(Success):
    """Answer of `POST /api/events`."""

    event: AuditEventInfo
    is_repeated: Annotated[bool, Field(description="Whether this event_id was sent before: nothing was done")]


class EventsAnswer(Success):
    """Answer of `GET /api/events`."""

    events: Annotated[list[AuditEventInfo], Field(description="Oldest first")]
    count: int
    next_cursor: _Cursor


class TurnHistoryAnswer(Success):
    """Answer of `GET /api/query/history`."""

    history: Annotated[list[TurnInfo], Field(description="Newest first")]
    count: int
    next_before: Annotated[int | None, Field(description="`before` of the next page; null: this was the last")]


class MemoryInfo(Answer):
    """What a user asked to be remembered."""

    user_id: _User
    key: str
    value: str
    created_at: str
    updated_at: str


class MemoryAnswer(Success):
    """Answer of `POST /api/memories` and `PATCH /api/memories/<key>`."""

    memory: MemoryInfo


class MemoriesAnswer(Success):
    """Answer of `GET /api/memories`."""

    memories: Annotated[list[MemoryInfo], Field(description="The last changed first")]
    count: int
    limit: Annotated[int, Field(description="How many a user may have")]


class MemoryDeletedAnswer(Success):
    """Answer of `DELETE /api/memories/<key>`."""

    key: str
    message: str


class TrimmedPart(Answer):
    """A part of what was known that did not fit into the budget."""

    part: Annotated[
        Literal["similar", "turn", "turn_text", "summary", "memory"],
        Field(description="turn_text: the end of a long answer; all others were left out whole"),
    ]
    key: Annotated[str, Field(description="Id of the turn or summary, key of the memory")]
    tokens: int


class MemoryContext(Answer):
    """What of memory went into an answer."""

    used: Annotated[bool, Field(description="False where the request said use_memory: false")]
    memories: Annotated[list[str], Field(description="Keys of the memories that were used")]
    recent_turns: Annotated[list[int], Field(description="Ids of the last turns of the session, oldest first")]
    similar_turns: Annotated[list[int], Field(description="Ids of like turns of the same user, the likest first")]
    summary: Annotated[SessionSummary | None, Field(description="The summary that was used")]
    tokens: int
    max_tokens: int
    trimmed: list[TrimmedPart]
    found_by: Annotated[
        Literal["vectors", "words", "both", "none"], Field(description="What found the like turns; none: nothing did")
    ]
    note: Annotated[str, Field(description="What could not be used, and why; empty otherwise")]
