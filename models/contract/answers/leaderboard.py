"""Answers about models side by side: the leaderboard, and comparisons on one plan."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from models.contract.answers.base import Answer, Success
from models.contract.answers.batch_reports import BatchPlan
from models.contract.answers.batches import BatchState

MeasureName: TypeAlias = Literal[
    "accepted",
    "invented",
    "verified",
    "invalid",
    "grounded",
    "reviewed",
    "quality",
    "judge",
    "cost_usd",
    "tokens",
    "answer_tokens",
    "seconds",
]
PairedName: TypeAlias = Literal["made", "first_draft", "verified", "quality", "judge", "answer_tokens"]


class Measured(Answer):
    """A figure with its interval of 95 %."""

    value: Annotated[float | None, Field(description="Null where the data give none")]
    low: Annotated[float | None, Field(description="Where its interval begins; null where it has none")]
    high: Annotated[float | None, Field(description="Where its interval ends")]
    n: Annotated[int, Field(description="Of how many drafts, samples or calls it is")]


class BoardMeasures(Answer):
    """What models are measured by. Of drafts, costs and times those of batches that one model alone wrote."""

    accepted: Annotated[Measured, Field(description="Share of its examined drafts that became samples")]
    invented: Annotated[
        Measured, Field(description="Share of its examined drafts that were refused for an invalid citation; at least")
    ]
    verified: Annotated[
        Measured, Field(description="Share of its samples that cite something of which every citation is verified")
    ]
    invalid: Annotated[Measured, Field(description="Share of its samples that cite something with an invalid citation")]
    grounded: Annotated[
        Measured, Field(description="Share of its samples that were to stand on documents which are grounded")
    ]
    reviewed: Annotated[Measured, Field(description="Share of its samples that people decided on which they accepted")]
    quality: Annotated[Measured, Field(description="Mean of quality_score, 0 to 1")]
    judge: Annotated[Measured, Field(description="Mean of judge_score, 0 to 1: another model's")]
    cost_usd: Annotated[
        Measured, Field(description="US dollars of all its calls for each sample; null where a price is not known")
    ]
    tokens: Annotated[Measured, Field(description="Tokens of all its calls for each sample, prompt plus completion")]
    answer_tokens: Annotated[Measured, Field(description="Mean tokens of the call that became the sample")]
    seconds: Annotated[Measured, Field(description="Median seconds of its calls, those that failed too; within 5 %")]


class BoardRow(Answer):
    """One model on the user's own data."""

    target: Annotated[str, Field(description='"provider/model"')]
    provider: str
    model: str
    samples: Annotated[int, Field(description="Its samples that are here and match")]
    batches: Annotated[int, Field(description="Ended batches that it alone wrote, and that match")]
    judges: Annotated[list[str], Field(description='Who judged its samples, as "provider/model"')]
    measures: BoardMeasures
    told_apart: Annotated[
        bool | None,
        Field(
            description="Whether its interval and that of the first row do not overlap, by the measure sorted by; null"
            " for the first, where one has no interval, and for scores of different judges"
        ),
    ]


class Board(Answer):
    """Models side by side, the best first by one measure."""

    sort: MeasureName
    better: Annotated[Literal["higher", "lower"], Field(description="Which values of that measure are better")]
    filters: dict[str, str]
    batches: Annotated[list[str], Field(description="Only these; empty for all")]
    since: Annotated[str | None, Field(description="First day; null for the beginning")]
    rows: list[BoardRow]
    count: int
    without_model: Annotated[int, Field(description="Samples that match of which nobody knows the model; left out")]


class LeaderboardAnswer(Success, Board):
    """Answer of `GET /api/leaderboard`."""


class PlannedTarget(Answer):
    """What one model would take for its part of a comparison."""

    target: Annotated[str, Field(description='"provider/model"')]
    plan: Annotated[BatchPlan | None, Field(description="Null where it cannot be asked")]
    reason: Annotated[str | None, Field(description="Why it cannot be asked")]


class ComparisonPlan(Answer):
    """What a comparison would make, cost and take; targets that cannot be asked take nothing."""

    targets: list[PlannedTarget]
    total: Annotated[int, Field(description="Samples that each target is asked for")]
    expected_tokens: Annotated[int, Field(description="Of all targets, prompt plus completion")]
    expected_cost_usd: Annotated[float | None, Field(description="Of all targets; null when a price is not known")]


class ComparisonPlanAnswer(Success, ComparisonPlan):
    """Answer of `POST /api/comparisons/plan`."""


class ComparisonFacts(Answer):
    """A comparison: several models on one plan."""

    id: str
    name: str
    state: Annotated[Literal["running", "ended"], Field(description="running while one of its batches has not ended")]
    started_at: Annotated[str, Field(description="ISO 8601")]
    total: Annotated[int, Field(description="Samples that each target is asked for")]
    targets: list[str]


class ComparedTarget(Answer):
    """One model of a comparison, and its batch."""

    target: Annotated[str, Field(description='"provider/model"')]
    batch_id: str
    status: BatchState
    reason: Annotated[str | None, Field(description="Why it ended early, or was never asked")]
    samples_generated: int
    row: Annotated[BoardRow | None, Field(description="Its batch on the leaderboard; null before it has anything")]


class PairedDifference(Answer):
    """A target beside the best one, item by item."""

    target: str
    value: Annotated[float | None, Field(description="Mean of its value minus that of the best; null without pairs")]
    low: Annotated[float | None, Field(description="Where the interval of 95 % begins; null under ten pairs")]
    high: Annotated[float | None, Field(description="Where the interval ends")]
    pairs: Annotated[int, Field(description="Items of which both have a value")]
    told_apart: Annotated[bool | None, Field(description="Whether the interval leaves out zero; null without one")]


class PairedMeasure(Answer):
    """What the targets differ by, item by item."""

    measure: PairedName
    better: Literal["higher", "lower"]
    best: Annotated[str | None, Field(description="The target with the best mean; null where none has a value")]
    differences: Annotated[list[PairedDifference], Field(description="Of the other targets")]
    finding: Annotated[str, Field(description="What can be told apart, a sentence")]


class Comparison(ComparisonFacts):
    """A comparison with what came of it so far."""

    results: list[ComparedTarget]
    paired: list[PairedMeasure]


class ComparisonAnswer(Success):
    """Answer of `POST /api/comparisons` and `GET /api/comparisons/<id>`."""

    comparison: Comparison


class ComparisonsAnswer(Success):
    """Answer of `GET /api/comparisons`."""

    comparisons: Annotated[list[ComparisonFacts], Field(description="Newest first")]
    count: int
