"""Answers about the service itself and the way to the models: health, information, usage, targets."""

from typing import Annotated, Literal, NotRequired, TypeAlias

from pydantic import Field

from models.contract.answers.base import Answer, Failure, Success

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


class Health(Answer):
    """The state of the service."""

    status: Literal["healthy"]
    dataset_exists: Annotated[bool, Field(description="True once train.parquet was written")]
    total_samples: int
    groq_configured: Annotated[bool, Field(description="True when a key is set")]
    cerebras_configured: Annotated[bool, Field(description="True when a key is set")]
    ollama_configured: Annotated[bool, Field(description="True when a key or an address is set")]
    active_batches: Annotated[int, Field(description="Batches that run")]
    running_batches: Annotated[int, Field(description="The same as active_batches, for older clients")]
    batch_generation_running: bool
    database: Annotated[str, Field(description="Kind of database, such as sqlite")]


class HealthAnswer(Success, Health):
    """Answer of `GET /api/health`."""


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
    parts: Annotated[
        dict[str, PartState], Field(description="database, dataset, disk, providers; limits with REDIS_URL")
    ]


class InfoAnswer(Success):
    """Answer of `GET /api/info`."""

    name: str
    version: str
    database: Annotated[str, Field(description="Kind of database, such as sqlite")]
    architecture: str
    endpoints: Annotated[list[str], Field(description='Such as "GET /api/info", in order')]


class UsageAmounts(Answer):
    """Calls, tokens and cost."""

    calls: int
    failed: Annotated[int, Field(description="Calls that gave no answer")]
    rate_limited: Annotated[int, Field(description="Calls answered with 429")]
    prompt_tokens: int
    completion_tokens: int
    total_tokens: Annotated[int, Field(description="Prompt plus completion")]
    cost_usd: Annotated[float | None, Field(description="US dollars; null when a price is not known")]
    priced_usd: Annotated[float, Field(description="US dollars of the calls whose price is known")]
    unpriced_tokens: Annotated[int, Field(description="Tokens of models whose price is not known")]
    in_doubt: Annotated[int, Field(description="Calls that were cut off and may have been billed; in no other figure")]


class UsageRow(UsageAmounts):
    """Usage of one group, with the values that it is grouped by."""

    day: NotRequired[Annotated[str, Field(description='UTC, such as "2026-11-21"; absent unless grouped by day')]]
    provider: NotRequired[Annotated[str, Field(description="Absent unless grouped by provider")]]
    model: NotRequired[Annotated[str, Field(description="Absent unless grouped by model")]]
    batch: NotRequired[
        Annotated[str, Field(description="Id of the batch, empty for single requests; absent unless grouped by batch")]
    ]


class UsageSummary(Answer):
    """Usage by the groups asked for."""

    by: Annotated[list[UsageGroup], Field(description="The groups, as they were asked for")]
    usage: Annotated[list[UsageRow], Field(description="One row a group, in their order")]
    total: Annotated[UsageAmounts, Field(description="All rows together")]


class UsageAnswer(Success, UsageSummary):
    """Answer of `GET /api/usage`."""


class LimitWindow(Answer):
    """Use of a limit in the last minute, hour or day."""

    requests: int
    requests_limit: Annotated[int | None, Field(description="Null for none")]
    tokens: Annotated[int, Field(description="Tokens, including those reserved for calls under way")]
    tokens_limit: Annotated[int | None, Field(description="Null for none")]


class TargetState(Answer):
    """A model at a provider: whether it may be called, its limits and what is used of them."""

    target: Annotated[str, Field(description='"provider/model"')]
    provider: str
    model: str
    open: Annotated[bool, Field(description="True when it may be called now")]
    reason: Annotated[
        WhyClosed | None, Field(description="Why it is closed; on trial while one call tries it; null when it is open")
    ]
    opens_in_s: Annotated[
        float | None,
        Field(description="Seconds until it may be called, 0 when it may be now; null until the settings change"),
    ]
    in_flight: Annotated[int, Field(description="Calls under way")]
    at_a_time: Annotated[int, Field(description="Most calls at a time")]
    minute: LimitWindow
    hour: LimitWindow
    day: LimitWindow
    p50_s: Annotated[float | None, Field(description="Median time of its answers, in seconds; null before any")]
    p95_s: Annotated[float | None, Field(description="95th percentile of that time, in seconds; null before any")]
    price_input: Annotated[float | None, Field(description="US dollars per million prompt tokens; null when not known")]
    price_output: Annotated[
        float | None, Field(description="US dollars per million answer tokens; null when not known")
    ]


class TargetsAnswer(Success):
    """Answer of `GET /api/targets`."""

    targets: list[TargetState]


class NotReadyFailure(Failure):
    """Answer of `GET /api/health/ready` with status 503."""

    status: Literal["not ready"]
    parts: Annotated[
        dict[str, PartState], Field(description="database, dataset, disk, providers; limits with REDIS_URL")
    ]
