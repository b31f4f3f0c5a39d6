"""Answers about thought: the reasoning of a sample, and the provider's trace beside it."""

from typing import Annotated, Literal

from pydantic import Field

from models.contract.answers.base import Answer, Success
from models.contract.answers.quality import Verdict


class StepAuthority(Answer):
    """An authority that a step cites."""

    text: Annotated[str, Field(description="As the step cites it")]
    normalized: Annotated[str, Field(description="The reference in its usual form, without the name")]
    verdict: Verdict


class ReasoningStep(Answer):
    """One step of a sample's reasoning."""

    step: Annotated[int, Field(description="Its number as the sample gives it; 1 where the reasoning has no steps")]
    description: Annotated[str, Field(description="What it says, without its label")]
    duration_ms: Annotated[int | None, Field(description="null: a text that was written at once has no times of steps")]
    authorities: Annotated[list[StepAuthority], Field(description="What it cites, checked now")]


class ChainOfThought(Answer):
    """The sample's own reasoning, which is a part of the data set."""

    steps: list[ReasoningStep]
    total_thinking_time_ms: Annotated[
        int | None, Field(description="How long the provider's trace was streamed; null where it was not")
    ]
    reasoning_tokens: Annotated[
        int | None, Field(description="As the vendor counted those of its trace; null where it does not")
    ]
    source: Annotated[Literal["sample"], Field(description="Whose the steps are")]
    uncovered: Annotated[
        list[str], Field(description="Authorities of the answer and the citation that no step names, in usual form")
    ]


class ProviderTrace(Answer):
    """What the model thought before it wrote the sample; no part of an export unless asked for."""

    text: str
    provider: Annotated[str | None, Field(description="null where a file of others did not say")]
    model: str | None
    reasoning_tokens: int | None
    duration_ms: int | None


class Thought(Answer):
    """Both kinds of thought, apart."""

    chain_of_thought: ChainOfThought
    provider_trace: Annotated[ProviderTrace | None, Field(description="null where no trace is kept")]


class ThoughtAnswer(Success, Thought):
    """Answer of `GET /api/samples/<id>/chain-of-thought`."""

    sample_id: str
    supports_cot: Annotated[
        bool | None,
        Field(description="Whether the model that wrote it shows its reasoning; null where that is not known"),
    ]
