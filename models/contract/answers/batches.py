"""Answers about batches: the batch object, status, history, commands, the messages of the stream.

Plans, reports and stuck batches are in `batch_reports.py`, events in `batch_events.py`.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field
from typing_extensions import TypeAliasType, TypedDict

from models.contract.answers.base import Answer, Success
from utils.circuit_breaker import CircuitSummary

BatchState: TypeAlias = Literal["pending", "running", "paused", "stopping", "completed", "stopped", "failed"]
Cause: TypeAlias = Literal["limit", "closed", "concurrency", "budget", "topic", "storage"]
CallCategory: TypeAlias = Literal[
    "model_unavailable",
    "rate_limit",
    "authentication",
    "timeout",
    "connection_error",
    "server_error",
    "bad_request",
    "refused",
    "general",
    "json_error",
    "quality_error",
]
StorageCategory: TypeAlias = Literal["storage_error", "disk_full", "unreadable_file"]


class FailedCall(Answer):
    """Fields of every failure."""

    error: Annotated[str, Field(description="A short sentence without secrets")]
    provider: Annotated[str | None, Field(description="Null when no provider is at fault")]
    model: str | None
    attempt: Annotated[int, Field(description="Number of the call for its sample, from 1; 0 when it concerns no call")]
    timestamp: Annotated[str, Field(description="ISO 8601")]


class BatchError(FailedCall):
    """A failure in a batch's list."""

    category: CallCategory | StorageCategory
    topic: Annotated[str | None, Field(description='"Area - Topic"; null when it concerns no single sample')]


_Left = TypedDict(
    "_Left", {"from": Annotated[str, Field(description="The former provider, if it changed, else the former model")]}
)


class Switch(_Left):
    """A change from one target to another; of the model, or of the provider."""

    from_provider: str
    to_provider: str
    from_model: str
    to_model: str
    to: Annotated[str, Field(description="The new provider, if it changed, else the new model")]
    provider: Annotated[str, Field(description="The same as to_provider")]
    reason: Annotated[str, Field(description="An error category, quota, or a sentence")]
    timestamp: Annotated[str, Field(description="ISO 8601")]
    samples_generated: Annotated[int, Field(description="Samples of the batch made until then")]
    at_sample: Annotated[int, Field(description="samples_generated + 1")]


class BatchMetrics(Answer):
    """Measurements of a batch."""

    tokens_per_sample: Annotated[float | None, Field(description="Null before the first sample")]
    elapsed_s: Annotated[float, Field(description="Seconds that it has run, without pauses")]


class Alert(Answer):
    """A limit of the settings ALERT_… that a batch has passed; each kind is raised once."""

    kind: Literal["model_switches", "timeouts", "rejection_rate"]
    message: str
    value: float
    limit: float
    timestamp: Annotated[str, Field(description="ISO 8601")]


class Batch(Answer):
    """A batch as it is now, for `GET /api/generate/batch/status?batch_id=…` and wherever a batch is shown."""

    batch_id: str
    running: Annotated[bool, Field(description="True while pending, running or stopping; false while paused")]
    status: BatchState
    progress: Annotated[int, Field(description="Samples made, 0 to total")]
    total: Annotated[int, Field(description="Samples wanted")]
    samples_generated: Annotated[int, Field(description="The same as progress")]
    current_sample: Annotated[str | None, Field(description='"Area - Topic" that is being written')]
    current_provider: Annotated[
        str, Field(description="Provider of the last answer; before that, the one asked for, or auto")
    ]
    current_model: Annotated[
        str | None, Field(description="Model of the last answer; before that, the one asked for, if any")
    ]
    errors: Annotated[list[BatchError], Field(description="The last hundred, oldest first")]
    started_at: Annotated[str, Field(description="ISO 8601")]
    completed_at: Annotated[str | None, Field(description="ISO 8601; null until it has ended")]
    total_tokens: Annotated[int, Field(description="Tokens used, including refused answers")]
    model_switches: Annotated[list[Switch], Field(description="The last hundred within a provider, oldest first")]
    provider_switches: Annotated[list[Switch], Field(description="The last hundred between providers, oldest first")]
    failed_models_by_provider: Annotated[dict[str, list[str]], Field(description="Models that could not be used")]
    consecutive_failures: Annotated[int, Field(description="Samples refused since the last good one")]
    skipped_topics: Annotated[
        list[str], Field(description='Topics with an open circuit, as "jurisdiction: Area - Topic"')
    ]
    circuit_breaker_summary: CircuitSummary
    topic_filter: str | None
    difficulty_filter: str | None
    sample_type_filter: Annotated[str, Field(description="A sample type, or balance")]
    jurisdiction_filter: str | None
    reasoning_instruction: str | None
    smart_mode: bool
    last_provider: Annotated[str, Field(description="The same as current_provider")]
    last_model: Annotated[str | None, Field(description="The same as current_model")]
    samples_per_minute: Annotated[
        float | None, Field(description="Over the last samples; null before the third, or while it is not running")
    ]
    eta_seconds: Annotated[
        int | None,
        Field(description="Seconds until its end at that pace, no fewer than it waits now; null when not known"),
    ]
    attempts: Annotated[int, Field(description="Calls made")]
    rejected: Annotated[int, Field(description="Samples given up")]
    cost_usd: Annotated[float | None, Field(description="US dollars; null when a price is not known")]
    in_doubt: Annotated[int, Field(description="Calls that were cut off, and may have been billed")]
    waiting_for: Annotated[Cause | None, Field(description="What all its workers wait for; null when they work")]
    waiting_until: Annotated[str | None, Field(description="ISO 8601; null when not known")]
    reason: Annotated[str | None, Field(description="Why it ended early")]
    alerts: Annotated[list[Alert], Field(description="What its owner should look at, oldest first")]
    metrics: BatchMetrics


class PrimaryBatch(Batch):
    """Answer of `GET /api/generate/batch/status`: a running batch, else the newest, with all others."""

    batches: Annotated[
        dict[str, Batch], Field(description="The newest fifty and all that have not ended, by id, newest first")
    ]
    count: Annotated[int, Field(description="Batches that run")]


class NoBatch(Answer):
    """Answer of `GET /api/generate/batch/status` before the first batch: zeros, and null for the rest."""

    batch_id: None
    running: Literal[False]
    status: None
    progress: Literal[0]
    total: Literal[0]
    samples_generated: Literal[0]
    current_sample: None
    current_provider: None
    current_model: None
    errors: None
    started_at: None
    completed_at: None
    total_tokens: None
    model_switches: None
    provider_switches: None
    failed_models_by_provider: None
    consecutive_failures: None
    skipped_topics: None
    circuit_breaker_summary: CircuitSummary
    topic_filter: None
    difficulty_filter: None
    sample_type_filter: None
    jurisdiction_filter: None
    reasoning_instruction: None
    smart_mode: None
    last_provider: None
    last_model: None
    samples_per_minute: None
    eta_seconds: None
    attempts: None
    rejected: None
    cost_usd: None
    in_doubt: None
    waiting_for: None
    waiting_until: None
    reason: None
    alerts: None
    metrics: None
    batches: Annotated[dict[str, Batch], Field(max_length=0)]
    count: Literal[0]


# Answer of `GET /api/generate/batch/status`: the first with a batch_id, else one of the others.
StatusAnswer = TypeAliasType("StatusAnswer", Batch | PrimaryBatch | NoBatch)


class HistoryRow(Answer):
    """A batch in the history; a running one with live values."""

    id: str
    started_at: Annotated[str, Field(description="ISO 8601")]
    completed_at: Annotated[str | None, Field(description="ISO 8601; null until it has ended")]
    model: Annotated[str | None, Field(description="Model of the last answer; before that, the one asked for, if any")]
    provider: Annotated[str, Field(description="Provider of the last answer; before that, the one asked for, or auto")]
    topic_filter: str | None
    difficulty_filter: str | None
    sample_type_filter: str
    reasoning_instruction: str | None
    target: Annotated[int, Field(description="Samples wanted")]
    samples_generated: int
    tokens_used: int
    cost_usd: Annotated[float | None, Field(description="US dollars; null when a price is not known")]
    status: BatchState
    reason: Annotated[str | None, Field(description="Why it ended early")]
    errors: list[BatchError]
    model_switches: list[Switch]
    provider_switches: list[Switch]
    progress: Annotated[int, Field(description="The same as samples_generated")]
    current_sample: str | None


class HistoryAnswer(Success):
    """Answer of `GET /api/generate/batch/history`."""

    batches: Annotated[list[HistoryRow], Field(description="Newest first")]
    count: Annotated[int, Field(description="Rows in this answer")]


class StartedAnswer(Success):
    """Answer of `POST /api/generate/batch/start`."""

    message: str
    batch_id: str
    provider: Annotated[str, Field(description="auto for all providers at once")]
    model: Annotated[str | None, Field(description="Null with provider auto, unless one was named")]
    smart_mode: bool
    features: list[str]


class ChangedAnswer(Success):
    """Answer of `POST /api/generate/batch/pause` and `POST /api/generate/batch/resume`."""

    message: str
    batch_id: str
    batch: Batch


class StoppedOneAnswer(Success):
    """Answer of `POST /api/generate/batch/stop` with a batch_id."""

    message: str
    batch_id: str
    stopped_batches: Annotated[list[str], Field(description="Its id")]
    count: int


class StoppedAllAnswer(Success):
    """Answer of `POST /api/generate/batch/stop` without a batch_id."""

    message: str
    stopped_batch_ids: list[str]
    stopped_batches: Annotated[list[str], Field(description="The same as stopped_batch_ids")]
    count: int


# Answer of `POST /api/generate/batch/stop`.
StopAnswer = TypeAliasType("StopAnswer", StoppedOneAnswer | StoppedAllAnswer)


class AllBatchesMessage(Answer):
    """First message of `GET /api/generate/batch/stream`."""

    type: Literal["all_batches"]
    batches: Annotated[dict[str, Batch], Field(description="By id, newest first")]


class BatchUpdateMessage(Answer):
    """Every further message of `GET /api/generate/batch/stream`."""

    type: Literal["batch_update"]
    batch_id: str
    batch: Batch


class ProvidersChangedMessage(Answer):
    """Message of `GET /api/generate/batch/stream` after a change of providers or models."""

    type: Literal["providers_changed"]
    change: str
    provider_id: str


# The `data:` of each message of `GET /api/generate/batch/stream`.
StreamMessage = TypeAliasType("StreamMessage", AllBatchesMessage | BatchUpdateMessage | ProvidersChangedMessage)
