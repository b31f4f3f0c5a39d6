"""Bodies and query arguments of requests about sessions, events, memories and history."""

from typing import Annotated

import orjson
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from models.contract.answers.assistant_memory import EventType, SessionStatus
from models.fields import HOLDS_SECRETS, Characters, Flag, Moment, Text, blank_to_none, clean_id

_OBJECT_BYTES = 16_384
# Levels of objects and lists; an answer in which it stands must not be too deep for a reader of JSON.
_DEPTH = 32
_KEY = r"^\w(?:[\w .:@-]*\w)?$"


def _small(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    try:
        size = len(orjson.dumps(value))
    except (TypeError, ValueError) as error:  # a number of more than 64 bits, half of a surrogate pair
        raise ValueError(f"cannot be kept as JSON ({error})") from None
    if size > _OBJECT_BYTES:
        raise ValueError(f"got {size:,} bytes of JSON, want at most {_OBJECT_BYTES:,}")
    return _shallow(value)


def _shallow(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if _is_deeper(value, _DEPTH):
        raise ValueError(f"is nested too deep, want at most {_DEPTH} levels")
    return value


def _is_deeper(value: object, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return inner is not None and (levels == 0 or any(_is_deeper(one, levels - 1) for one in inner))


Label = Annotated[Characters, AfterValidator(clean_id), Field(max_length=200)]
User = Annotated[Label | None, BeforeValidator(blank_to_none)]
Reference = Annotated[Label | None, BeforeValidator(blank_to_none)]
Reason = Annotated[Characters, Field(max_length=4_000)]
SmallObject = Annotated[dict[str, JsonValue], AfterValidator(_small)]
MemoryKey = Annotated[
    str, Field(min_length=1, max_length=100, pattern=_KEY, description="Letters, digits, blanks and _ . : @ -")
]
MemoryValue = Annotated[Text, Field(max_length=2_000)]


class SessionStart(BaseModel):
    """Body of `POST /api/sessions/start`."""

    model_config = ConfigDict(extra="forbid")

    user_id: User = None
    title: Annotated[Annotated[Characters, Field(max_length=200)] | None, BeforeValidator(blank_to_none)] = None
    metadata: SmallObject = Field(default_factory=dict)


class SessionsArguments(BaseModel):
    """`GET /api/sessions`."""

    model_config = ConfigDict(extra="forbid")

    user_id: User = None
    status: SessionStatus | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    offset: Annotated[int, Field(ge=0, le=2**53)] = 0


class SessionArguments(BaseModel):
    """`GET /api/sessions/<id>`."""

    model_config = ConfigDict(extra="forbid")

    include_events: Flag = False
    limit: Annotated[int, Field(ge=1, le=500, description="Most turns, and most events")] = 100


class EventBody(BaseModel):
    """Body of `POST /api/events`."""

    model_config = ConfigDict(extra="forbid")

    type: EventType
    user_id: User = None
    session_id: Reference = None
    event_id: Annotated[Reference, Field(description="Your own id of it: sent again, the first answer comes")] = None
    text: Annotated[Characters, Field(max_length=100_000)] = ""
    sample_id: Annotated[Annotated[Characters, Field(max_length=500)] | None, BeforeValidator(blank_to_none)] = None
    reason: Annotated[Reason | None, BeforeValidator(blank_to_none)] = Field(
        None, description="Needed with sample_rejected"
    )
    changes: Annotated[dict[str, JsonValue], AfterValidator(_shallow)] = Field(
        default_factory=dict, description="The changed fields: with sample_edited, and only then"
    )
    detail: SmallObject = Field(default_factory=dict)

    @model_validator(mode="after")
    def _a_decision_is_whole(self) -> "EventBody":
        if self.type == "sample_rejected" and not self.reason:
            raise ValueError("reason: is missing; sample_rejected says why, so that a preference can be made of it")
        if (self.type == "sample_edited") != bool(self.changes):
            raise ValueError("changes: give the changed fields with sample_edited, and only then")
        if self.type == "sample_edited" and not self.sample_id:
            raise ValueError("sample_id: is missing; sample_edited changes a stored sample")
        return self


class EventsArguments(BaseModel):
    """`GET /api/events`."""

    model_config = ConfigDict(extra="forbid")

    user_id: User = None
    type: EventType | None = None
    session_id: Reference = None
    since: Annotated[Moment, Field(description="Only events from this moment on")] = None
    cursor: Annotated[int, Field(ge=0, le=2**63 - 1, description="Only events behind this id")] = 0
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


class TurnHistoryArguments(BaseModel):
    """`GET /api/query/history`."""

    model_config = ConfigDict(extra="forbid")

    user_id: User = None
    session_id: Reference = None
    before: Annotated[int | None, Field(ge=1, le=2**63 - 1, description="Only turns before this id")] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class UserArguments(BaseModel):
    """Arguments of requests about the memories of a user."""

    model_config = ConfigDict(extra="forbid")

    user_id: User = None


class MemoryBody(BaseModel):
    """Body of `POST /api/memories`; what people want remembered is repeated in no message."""

    model_config = ConfigDict(extra="forbid", **HOLDS_SECRETS)

    key: MemoryKey
    value: MemoryValue
    user_id: User = None


class MemoryChange(BaseModel):
    """Body of `PATCH /api/memories/<key>`."""

    model_config = ConfigDict(extra="forbid", **HOLDS_SECRETS)

    value: MemoryValue
    user_id: User = None
