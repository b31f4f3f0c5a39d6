"""Answers about the service itself and the way to the models: health, information, usage, targets."""

from typing import Literal, TypeAlias

from pydantic import Field

from models.answers.base import Answer, Failure, Success, may_be_absent

UsageGroup: TypeAlias = Literal["day", "provider", "model", "batch"]
WhyClosed: TypeAlias = Literal[
    "model_unavailable",
    "rate_limit",
    "authentication",
    "timeout",
    "connection_error",
    "server_error",
    "general",
    "on trial",
]


class HealthAnswer(Success):
    """Answer of `GET /api/health`."""

    status: Literal["healthy"]
    dataset_exists: bool = Field(description="True once train.parquet was written")
    total_samples: int
    groq_configured: bool = Field(description="True when a key is set")
    cerebras_configured: bool = Field(description="True when a key is set")
    ollama_configured: bool = Field(description="True when a key or an address is set")
    active_batches: int = Field(description="Batches that run")
    running_batches: int = Field(description="The same as active_batches, for older clients")
    batch_generation_running: bool
    database: str = Field(description="Kind of database, such as sqlite")


class LiveAnswer(Answer):
    """Answer of `GET /api/health/live`; without `success`."""

    status: Literal["alive"]


class PartState(Answer):
    """A part of the service."""

    ok: bool
    detail: str


class ReadyAnswer(Answer):
    """Answer of `GET /api/health/ready`; without `success`."""

    status: Literal["ready"]
    total_samples: int
    parts: dict[str, PartState] = Field(description="database, dataset, disk, providers")


class InfoAnswer(Success):
    """Answer of `GET /api/info`."""

    name: str
    version: str
    database: str = Field(description="Kind of database, such as sqlite")
    architecture: str
    endpoints: list[str] = Field(description='Such as "GET /api/info", in order')


class UsageAmounts(Answer):
    """What was used."""

    calls: int
    failed: int = Field(description="Calls that gave no answer")
    rate_limited: int = Field(description="Calls answered with 429")
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int = Field(description="Prompt plus completion")
    cost_usd: float | None = Field(description="US dollars; null when a price is not known")
    priced_usd: float = Field(description="US dollars of the calls whose price is known")
    unpriced_tokens: int = Field(description="Tokens of models whose price is not known")
    in_doubt: int = Field(
        description="Calls that left and were cut off; they may have been billed, and are in no other sum"
    )


class UsageRow(UsageAmounts):
    """What one group used; it names itself by the groups asked for."""

    day: str = Field(
        default="",
        description='UTC, such as "2026-11-21"; absent unless grouped by day',
        json_schema_extra=may_be_absent,
    )
    provider: str = Field(default="", description="Absent unless grouped by provider", json_schema_extra=may_be_absent)
    model: str = Field(default="", description="Absent unless grouped by model", json_schema_extra=may_be_absent)
    batch: str = Field(
        default="",
        description="Id of the batch, empty for single requests; absent unless grouped by batch",
        json_schema_extra=may_be_absent,
    )


class UsageAnswer(Success):
    """Answer of `GET /api/usage`."""

    by: list[UsageGroup] = Field(description="The groups, as they were asked for")
    usage: list[UsageRow] = Field(description="One row a group, in their order")
    total: UsageAmounts = Field(description="All rows together")


class LimitWindow(Answer):
    """What is used of a limit in the last minute or day."""

    requests: int
    requests_limit: int | None = Field(description="Null for none")
    tokens: int = Field(description="Tokens, those reserved for calls under way counted")
    tokens_limit: int | None = Field(description="Null for none")


class TargetState(Answer):
    """A model at a provider: whether it may be called, its limits and what is used of them."""

    target: str = Field(description='"provider/model"')
    provider: str
    model: str
    open: bool = Field(description="True when it may be called now")
    reason: WhyClosed | None = Field(
        description="Why it is closed; on trial while one call tries it; null when it is open"
    )
    opens_in_s: float | None = Field(
        description="Seconds until it may be called, 0 when it may be now; null when only other settings open it"
    )
    in_flight: int = Field(description="Calls under way")
    at_a_time: int = Field(description="Calls that it takes at a time")
    minute: LimitWindow
    day: LimitWindow
    p50_s: float | None = Field(description="Seconds that half of its answers stayed under; null before any")
    p95_s: float | None = Field(description="Seconds that 95 of 100 answers stayed under; null before any")
    price_input: float | None = Field(description="US dollars for a million tokens of prompt; null when not known")
    price_output: float | None = Field(description="US dollars for a million tokens of answer; null when not known")


class TargetsAnswer(Success):
    """Answer of `GET /api/targets`."""

    targets: list[TargetState]


class NotReadyFailure(Failure):
    """Answer of `GET /api/health/ready` with status 503."""

    status: Literal["not ready"]
    parts: dict[str, PartState] = Field(description="database, dataset, disk, providers")
