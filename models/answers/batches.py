"""Answers about batches: the batch object, status, history, commands, the messages of the stream.

Plans, reports and stuck batches are in `models.answers.batch_reports`, events in `models.answers.batch_events`.
"""

from typing import Literal, TypeAlias

from pydantic import Field, RootModel

from models.answers.base import Answer, Success

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
    "general",
    "json_error",
    "quality_error",
]
StorageCategory: TypeAlias = Literal["storage_error", "disk_full", "unreadable_file"]


class FailedCall(Answer):
    """What is told of every failure."""

    error: str = Field(description="A short sentence without secrets")
    provider: str | None = Field(description="Null when no provider is at fault")
    model: str | None
    attempt: int = Field(description="Number of the call for its sample, from 1; 0 when no call is meant")
    timestamp: str = Field(description="ISO 8601")


class BatchError(FailedCall):
    """A failure in a batch's list."""

    category: CallCategory | StorageCategory
    topic: str | None = Field(description='"Area - Topic"; null when no single sample is meant')


class Switch(Answer):
    """A change from one target to another; of the model, or of the provider."""

    from_provider: str
    to_provider: str
    from_model: str
    to_model: str
    from_: str = Field(alias="from", description="Provider left, where it changed, else the model left")
    to: str = Field(description="Provider taken, where it changed, else the model taken")
    provider: str = Field(description="The same as to_provider")
    reason: str = Field(description="A category of errors, quota, or a sentence")
    timestamp: str = Field(description="ISO 8601")
    samples_generated: int = Field(description="Samples of the batch until then")
    at_sample: int = Field(description="samples_generated + 1")


class OpenCircuit(Answer):
    """A topic that is left alone for a while."""

    topic: str = Field(description='"jurisdiction: Area - Topic"')
    failures: int
    opened_for_seconds: float


class HalfOpenCircuit(Answer):
    """A topic that is tried again."""

    topic: str = Field(description='"jurisdiction: Area - Topic"')
    successes: int


class ClosedCircuit(Answer):
    """A topic that goes on although it failed lately."""

    topic: str = Field(description='"jurisdiction: Area - Topic"')
    failures: int


class CircuitSummary(Answer):
    """The circuits that are not plainly healthy; all empty once a batch has ended."""

    open_circuits: list[OpenCircuit]
    half_open_circuits: list[HalfOpenCircuit]
    closed_with_failures: list[ClosedCircuit]


class BatchMetrics(Answer):
    """Measurements of a batch."""

    tokens_per_sample: float | None = Field(description="Null before the first sample")
    elapsed_s: float = Field(description="Seconds that it has run, pauses left out")


class Alert(Answer):
    """A limit of the settings ALERT_… that a batch has passed; raised once a kind."""

    kind: Literal["model_switches", "timeouts", "rejection_rate"]
    message: str
    value: float
    limit: float
    timestamp: str = Field(description="ISO 8601")


class Batch(Answer):
    """A batch as it stands, for `GET /api/generate/batch/status?batch_id=…` and wherever a batch is shown."""

    batch_id: str
    running: bool = Field(description="True while pending, running or stopping; false while paused")
    status: BatchState
    progress: int = Field(description="Samples made, 0 to total")
    total: int = Field(description="Samples wanted")
    samples_generated: int = Field(description="The same as progress")
    current_sample: str | None = Field(description='"Area - Topic" that is being written')
    current_provider: str = Field(description="Provider of the last answer; before it, what was asked for (auto too)")
    current_model: str | None = Field(description="Model of the last answer; before it, what was asked for, if any")
    errors: list[BatchError] = Field(description="The last hundred, oldest first")
    started_at: str = Field(description="ISO 8601")
    completed_at: str | None = Field(description="ISO 8601; null until it has ended")
    total_tokens: int = Field(description="Tokens used, those of refused answers too")
    model_switches: list[Switch] = Field(description="The last hundred within a provider, oldest first")
    provider_switches: list[Switch] = Field(description="The last hundred between providers, oldest first")
    failed_models_by_provider: dict[str, list[str]] = Field(description="Models that could not be used")
    consecutive_failures: int = Field(description="Samples refused since the last good one")
    skipped_topics: list[str] = Field(description='Topics with an open circuit, as "jurisdiction: Area - Topic"')
    circuit_breaker_summary: CircuitSummary
    topic_filter: str | None
    difficulty_filter: str | None
    sample_type_filter: str = Field(description="A sample type, or balance")
    jurisdiction_filter: str | None
    reasoning_instruction: str | None
    smart_mode: bool
    last_provider: str = Field(description="The same as current_provider")
    last_model: str | None = Field(description="The same as current_model")
    samples_per_minute: float | None = Field(description="Over the last samples; null before three, or when it rests")
    eta_seconds: int | None = Field(description="Seconds until its end at that pace; null when not known")
    attempts: int = Field(description="Calls made")
    rejected: int = Field(description="Samples given up")
    cost_usd: float | None = Field(description="US dollars; null when a price is not known")
    in_doubt: int = Field(description="Calls that were cut off, and may have been billed")
    waiting_for: Cause | None = Field(description="What all its workers wait for; null when they work")
    waiting_until: str | None = Field(description="ISO 8601; null when not known")
    reason: str | None = Field(description="Why it ended short")
    alerts: list[Alert] = Field(description="What its owner should look at, oldest first")
    metrics: BatchMetrics


class PrimaryBatch(Batch):
    """Answer of `GET /api/generate/batch/status`: a running batch, else the newest, with all others."""

    batches: dict[str, Batch] = Field(description="The newest fifty and all that have not ended, by id, newest first")
    count: int = Field(description="Batches that run")


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
    batches: dict[str, Batch] = Field(max_length=0)
    count: Literal[0]


class StatusAnswer(RootModel[Batch | PrimaryBatch | NoBatch]):
    """Answer of `GET /api/generate/batch/status`: the first with a batch_id, else one of the others."""


class HistoryRow(Answer):
    """A batch in the history; a running one with live values."""

    id: str
    started_at: str = Field(description="ISO 8601")
    completed_at: str | None = Field(description="ISO 8601; null until it has ended")
    model: str | None = Field(description="Model of the last answer; before it, what was asked for, if any")
    provider: str = Field(description="Provider of the last answer; before it, what was asked for (auto too)")
    topic_filter: str | None
    difficulty_filter: str | None
    sample_type_filter: str
    reasoning_instruction: str | None
    target: int = Field(description="Samples wanted")
    samples_generated: int
    tokens_used: int
    cost_usd: float | None = Field(description="US dollars; null when a price is not known")
    status: BatchState
    reason: str | None = Field(description="Why it ended short")
    errors: list[BatchError]
    model_switches: list[Switch]
    provider_switches: list[Switch]
    progress: int = Field(description="The same as samples_generated")
    current_sample: str | None


class HistoryAnswer(Success):
    """Answer of `GET /api/generate/batch/history`."""

    batches: list[HistoryRow] = Field(description="Newest first")
    count: int = Field(description="Rows in this answer")


class StartedAnswer(Success):
    """Answer of `POST /api/generate/batch/start`."""

    message: str
    batch_id: str
    provider: str = Field(description="auto for all at once")
    model: str | None = Field(description="Null with provider auto, unless one was named")
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
    stopped_batches: list[str] = Field(description="Its id")
    count: int


class StoppedAllAnswer(Success):
    """Answer of `POST /api/generate/batch/stop` without a batch_id."""

    message: str
    stopped_batch_ids: list[str]
    stopped_batches: list[str] = Field(description="The same as stopped_batch_ids")
    count: int


class StopAnswer(RootModel[StoppedOneAnswer | StoppedAllAnswer]):
    """Answer of `POST /api/generate/batch/stop`."""


class AllBatchesMessage(Answer):
    """First message of `GET /api/generate/batch/stream`."""

    type: Literal["all_batches"]
    batches: dict[str, Batch] = Field(description="By id, newest first")


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


class StreamMessage(RootModel[AllBatchesMessage | BatchUpdateMessage | ProvidersChangedMessage]):
    """The `data:` of each message of `GET /api/generate/batch/stream`."""
