"""Answer with every change of a batch, each kind of change with its own detail."""

from typing import Annotated, Literal, NotRequired, TypeAlias

from pydantic import Field

from models.contract.answers.base import Answer, Success
from models.contract.answers.batches import Alert, CallCategory, FailedCall, Switch


class NoDetail(Answer):
    """No further detail."""


class StartDetail(Answer):
    """What a batch began with."""

    target: Annotated[int, Field(description="Samples wanted")]


class ResumeDetail(Answer):
    """How a batch resumed."""

    in_doubt: NotRequired[
        Annotated[
            int,
            Field(
                description="Calls that were under way when the service ended; absent when the service ran all the time"
            ),
        ]
    ]


class FailureDetail(FailedCall):
    """A call that failed, or an answer that was refused."""

    category: CallCategory
    item: Annotated[int, Field(description="Number of the sample within the batch, from 0")]
    topic: Annotated[str, Field(description='"Area - Topic"')]


class SampleDetail(Answer):
    """A sample that was stored."""

    item: Annotated[int, Field(description="Number of the sample within the batch, from 0")]
    sample: Annotated[str, Field(description="Id of the stored sample")]


class GivenUpDetail(Answer):
    """A sample that was given up."""

    item: Annotated[int, Field(description="Number of the sample within the batch, from 0")]
    reason: Annotated[str, Field(description='"[category] sentence"')]


class EndDetail(Answer):
    """How a batch ended."""

    status: Literal["completed", "stopped", "failed"]
    reason: Annotated[str | None, Field(description="Why it ended early")]
    left_in_flight: Annotated[int, Field(description="Calls that were cut off, and may have been billed")]


class _Event(Answer):
    """What every change carries."""

    id: Annotated[int, Field(description="Also the id of the stream's message; give it back as after or Last-Event-ID")]
    at: Annotated[str, Field(description="ISO 8601")]


class Started(_Event):
    """The batch began."""

    type: Literal["started"]
    detail: StartDetail


class Paused(_Event):
    """The batch was paused."""

    type: Literal["paused"]
    detail: NoDetail


class Resumed(_Event):
    """The batch resumed, after a pause or a restart of the service."""

    type: Literal["resumed"]
    detail: ResumeDetail


class Stopping(_Event):
    """The batch was stopped."""

    type: Literal["stopping"]
    detail: NoDetail


class CallFailed(_Event):
    """A call gave no answer."""

    type: Literal["failure"]
    detail: FailureDetail


class AnswerRefused(_Event):
    """An answer was read and refused."""

    type: Literal["refusal"]
    detail: FailureDetail


class Switched(_Event):
    """The batch went over to another target."""

    type: Literal["switch"]
    detail: Switch


class SampleStored(_Event):
    """A sample was stored."""

    type: Literal["sample"]
    detail: SampleDetail


class SampleGivenUp(_Event):
    """A sample was given up: rejected by checks, or failed because no vendor takes its request."""

    type: Literal["rejected", "failed"]
    detail: GivenUpDetail


class Ended(_Event):
    """The batch has ended."""

    type: Literal["ended"]
    detail: EndDetail


class AlertRaised(_Event):
    """The batch passed a limit of the settings ALERT_…."""

    type: Literal["alert"]
    detail: Alert


BatchEvent: TypeAlias = Annotated[
    Started
    | Paused
    | Resumed
    | Stopping
    | CallFailed
    | AnswerRefused
    | Switched
    | SampleStored
    | SampleGivenUp
    | AlertRaised
    | Ended,
    Field(discriminator="type"),
]


class BatchEventsAnswer(Success):
    """Answer of `GET /api/batches/<id>/events`."""

    batch_id: str
    events: Annotated[list[BatchEvent], Field(description="Oldest first, at most a thousand")]
    count: Annotated[int, Field(description="Events in this answer")]
