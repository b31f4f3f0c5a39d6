"""Answers of the assistant."""

from typing import Annotated, Literal

from pydantic import Field

from models.contract.answers.assistant_data import DatasetAnswer, ProductMatch
from models.contract.answers.assistant_memory import MemoryContext
from models.contract.answers.base import Answer, Success


class QueryCitation(Answer):
    """What an answer stands on: a provision of a document, or an authority that it names."""

    kind: Literal["provision", "authority"]
    marker: Annotated[str, Field(description="As it stands in the response: S1; empty for an authority")]
    citation: str
    title: str
    file_id: Annotated[str | None, Field(description="The document; null for an authority")]
    page: int | None
    quote: Annotated[str, Field(description="Words of the provision, as they stand in the document")]
    proved: Annotated[bool, Field(description="Whether the words stand there, or the authority is in the index")]
    verdict: Annotated[str | None, Field(description="Of an authority: verified, unverified or invalid, with its code")]
    url: str


class Grounding(Answer):
    """How an answer stands on the documents."""

    level: Literal["grounded", "partly", "none"]
    refusals: Annotated[list[str], Field(description="What it says that the documents contradict")]
    doubts: list[str]
    searched: Annotated[int, Field(description="Provisions that were shown to the writer")]
    best_score: Annotated[
        float | None, Field(description="How likely what was found answers the question, 0 to 1; null: nothing was")
    ]
    floor: Annotated[float, Field(description="Likelihood below which what is found counts as no answer")]
    notes: Annotated[dict[str, str], Field(description="What the search could not use")]


class ThoughtStep(Answer):
    """A step."""

    step: int
    description: str
    duration_ms: int | None


class AnswerThought(Answer):
    """What a model thought, where it shows that."""

    steps: list[ThoughtStep]
    total_thinking_time_ms: Annotated[int | None, Field(description="Null where the answer was not streamed")]
    reasoning_tokens: Annotated[int | None, Field(description="Null where the vendor does not count them")]
    source: Annotated[str, Field(description="provider: the trace that the vendor sent; answer: steps of the answer")]


class IntentCandidate(Answer):
    """An intent and its points."""

    name: str
    points: float


class IntentFacts(Answer):
    """What was understood."""

    name: str
    confidence: Annotated[float, Field(description="How often such a lead was right")]
    reason: str
    candidates: list[IntentCandidate]


class ShoppingStatus(Answer):
    """Where a guided choice is."""

    step: int
    of: int
    is_done: bool
    asked: list[str]
    answers: dict[str, str]


class AttachmentRead(Answer):
    """What was read of an attachment."""

    name: str
    read_by: Annotated[str, Field(description="text, ocr, document, or model: shown to one that sees")]
    characters: int
    confidence: float | None


class AgentFailure(Answer):
    """What an agent could not do."""

    agent: str
    error: str
    code: str


class QueryReply(Answer):
    """An answer to a query."""

    run_id: str
    session_id: str
    turn_id: int | None
    response: str
    refused: Annotated[bool, Field(description="Whether it says that the documents hold no answer")]
    intent: IntentFacts
    agents_used: list[str]
    failures: list[AgentFailure]
    citations: list[QueryCitation]
    grounding: Grounding | None
    warnings: Annotated[list[str], Field(description="What may be wrong with the response")]
    chain_of_thought: AnswerThought | None
    supports_cot: Annotated[bool | None, Field(description="Of the model that answered; null: not known, or no model")]
    memory_context: MemoryContext | None
    dataset: Annotated[DatasetAnswer | None, Field(description="The typed query of the data set, and its rows")]
    attachments: list[AttachmentRead]
    product_cards: list[ProductMatch]
    options: Annotated[list[str], Field(description="What may be answered to a question of the assistant")]
    shopping_status: ShoppingStatus | None
    draft_batch: Annotated[
        dict[str, object] | None, Field(description="A body for POST /api/generate/batch/start; nothing is started")
    ]
    batch_id: Annotated[str | None, Field(description="The batch that a yes started")]
    provider: str | None
    model: str | None
    tokens_used: int
    finish_reason: str | None
    elapsed_time: float
    state: Annotated[dict[str, object], Field(description="What the next query of the session goes on from")]


class QueryAnswer(Success, QueryReply):
    """Answer of `POST /api/query`."""


class AgentRow(Answer):
    """An agent."""

    name: str
    purpose: str
    needs_model: bool


class AgentEdge(Answer):
    """Who may follow whom; the first whose condition holds is taken."""

    source: str
    target: str
    when: str


class AgentsAnswer(Success):
    """Answer of `GET /api/agents/graph`."""

    nodes: list[AgentRow]
    edges: list[AgentEdge]
    start: str
    max_steps: int
