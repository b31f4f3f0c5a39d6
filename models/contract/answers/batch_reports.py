"""Answers about what a batch will take, has taken, or waits for: plan, report, stuck batches."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from models.contract.answers.base import Answer, Success
from models.contract.answers.batches import BatchState, Switch
from models.contract.answers.monitoring import UsageAmounts

LimitName: TypeAlias = Literal["max_tokens_total", "max_cost_usd", "max_minutes"]


class PlanCounts(Answer):
    """Samples that would be made, by value."""

    topics: Annotated[dict[str, int], Field(description='By "Area - Topic"')]
    difficulties: dict[str, int]
    sample_types: dict[str, int]
    jurisdictions: dict[str, int]


class PlanTarget(Answer):
    """What a plan costs and how long it takes if this target makes all of it."""

    target: Annotated[str, Field(description='"provider/model"')]
    basis: Annotated[
        Literal["measured", "estimated"], Field(description="Whether answers of all these kinds were seen before")
    ]
    prompt_tokens: int
    completion_tokens: int
    cost_usd: Annotated[float | None, Field(description="US dollars; null when the price is not known")]
    samples_per_minute: Annotated[float | None, Field(description="What its limits allow; null without limits")]


class PlanLimits(Answer):
    """The limits that the batch would have."""

    max_tokens_total: int | None
    max_cost_usd: Annotated[float | None, Field(description="US dollars")]
    max_minutes: Annotated[float | None, Field(description="Null for none")]


class BatchPlan(Answer):
    """What a start would make, cost and take."""

    total: Annotated[int, Field(description="Samples wanted")]
    counts: PlanCounts
    targets: Annotated[list[PlanTarget], Field(description="The targets that would serve at once")]
    expected_tokens: Annotated[int, Field(description="Prompt plus completion")]
    expected_cost_usd: Annotated[float | None, Field(description="US dollars; null when a price is not known")]
    expected_minutes: Annotated[
        float | None,
        Field(description="At the pace of all targets together; null where one of them has no limits to estimate from"),
    ]
    limits: PlanLimits
    expected_samples: Annotated[int, Field(description="Samples that the limits allow")]
    stopped_by: Annotated[LimitName | None, Field(description="The limit that would end it first; null for none")]


class PlanAnswer(Success, BatchPlan):
    """Answer of `POST /api/generate/batch/plan`."""


class ItemCounts(Answer):
    """Samples of a batch by state."""

    todo: int
    leased: Annotated[int, Field(description="Under way")]
    done: int
    rejected: Annotated[int, Field(description="Given up because checks refused them")]
    failed: Annotated[int, Field(description="Given up because no vendor takes their request")]
    cancelled: Annotated[int, Field(description="Not started when the batch ended")]
    in_doubt: Annotated[int, Field(description="Under way when the batch ended")]


class TargetUsage(UsageAmounts):
    """What a batch used of one target."""

    provider: str
    model: str


class TargetLatency(Answer):
    """How long the answers of a target took."""

    p50_s: Annotated[float, Field(description="Median, in seconds")]
    p95_s: Annotated[float, Field(description="95th percentile, in seconds")]
    calls: int


class BatchReport(Answer):
    """Everything that is known about a batch."""

    batch_id: str
    status: BatchState
    reason: Annotated[str | None, Field(description="Why it ended early")]
    total: Annotated[int, Field(description="Samples wanted")]
    samples_generated: int
    items: ItemCounts
    attempts: Annotated[int, Field(description="Calls made, including those in doubt")]
    calls: Annotated[int, Field(description="Calls that finished")]
    failed_calls: int
    rate_limited: Annotated[int, Field(description="Calls answered with 429")]
    in_doubt: Annotated[
        int,
        Field(
            description="Calls that were cut off, and may have been billed; no other figure counts them but attempts"
        ),
    ]
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cost_usd: Annotated[float | None, Field(description="US dollars; null when a price is not known")]
    unpriced_tokens: Annotated[int, Field(description="Tokens of models whose price is not known")]
    targets: list[TargetUsage]
    rejections: Annotated[dict[str, int], Field(description="Samples given up, by reason")]
    model_switches: list[Switch]
    provider_switches: list[Switch]
    elapsed_s: Annotated[float, Field(description="Seconds that it has run, without pauses")]
    waited_s: Annotated[dict[str, float], Field(description="Seconds that all workers together waited, by cause")]
    latency: Annotated[dict[str, TargetLatency], Field(description='By "provider/model"')]


class BatchReportAnswer(Success):
    """Answer of `GET /api/batches/<id>/report`."""

    report: BatchReport


class StuckBatch(Answer):
    """A batch that runs and makes no progress."""

    batch_id: str
    started_at: Annotated[str, Field(description="ISO 8601")]
    elapsed_minutes: Annotated[float, Field(description="Minutes that it has run, without pauses")]
    idle_minutes: Annotated[float | None, Field(description="Minutes since its last sample; null for a zombie")]
    samples_generated: int
    target: Annotated[int, Field(description="Samples wanted")]
    model: str | None
    is_zombie: Annotated[
        bool, Field(description="True when the database says that it runs and the service does not run it")
    ]
    explanation: Annotated[str, Field(description="What it waits for, a sentence")]


class StuckAnswer(Success):
    """Answer of `GET /api/batches/stuck`."""

    stuck_batches: list[StuckBatch]
    stopped_batches: Annotated[list[str], Field(max_length=0, description="Always empty: a GET stops nothing")]
    count: int
    stopped_count: Literal[0]
    zombie_count: int
    time_stuck_count: int
    threshold_minutes: Literal[10]
    message: str


class RefusedKind(Answer):
    """Drafts of a batch that were refused for the same kind of reason."""

    kind: Annotated[str, Field(description='"[category] words", without figures')]
    count: int


class RefusedDraft(Answer):
    """An answer that was paid for and refused."""

    id: int
    item: Annotated[int, Field(description="Number of the sample within the batch, from 0")]
    at: Annotated[str, Field(description="ISO 8601")]
    category: Annotated[str, Field(description="As in the errors of a batch; empty when not known")]
    reason: str
    texts: Annotated[
        dict[str, str] | None, Field(description="question, answer, case_citation, reasoning; null when unreadable")
    ]
    raw: Annotated[str, Field(description="The answer as it came")]
    sample_id: Annotated[str | None, Field(description="The sample that a later draft became; null before")]


class MadeFigures(Answer):
    """What the stored samples of a batch are like."""

    samples: Annotated[int, Field(description="Samples that are in the data set now")]
    citations: Annotated[
        dict[str, int], Field(description="Samples by their worst citation; none: nothing cited; unchecked")
    ]
    quality_mean: Annotated[float | None, Field(description="Mean of quality_score, 0 to 1; null without any")]
    judged: Annotated[int, Field(description="Samples that have a judge's score")]
    judge_mean: Annotated[float | None, Field(description="Mean of judge_score, 0 to 1; null without any")]


class BatchMade(Answer):
    """The stored samples of a batch: together, by model and by topic."""

    all: MadeFigures
    models: Annotated[dict[str, MadeFigures], Field(description='By "provider/model"')]
    topics: Annotated[dict[str, int], Field(description='Samples by "Area - Topic", most first')]
