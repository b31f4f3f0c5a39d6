"""Answers about runs."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from models.contract.answers.base import Success


class RunFacts(TypedDict):
    """A run: what was asked, and what became of it."""

    run_id: str
    kind: Annotated[
        str, Field(description="chat, query, generate, push, report, duplicates, decontamination or export")
    ]
    state: Literal["running", "done", "error", "cancelled"]
    request: Annotated[dict[str, object], Field(description="What was asked")]
    result: Annotated[dict[str, object] | None, Field(description="The answer, once it is done")]
    error: Annotated[str | None, Field(description="Why there is none")]
    events: Annotated[int, Field(description="Number of the last event")]
    started_at: str
    ended_at: str | None


class RunMessage(TypedDict, total=False):
    """The `data:` of a message of a run; done has the fields of the whole answer beside these."""

    type: Literal["status", "thought", "token", "citation", "done", "error"]
    content: Annotated[str, Field(description="The next piece; in thought and token")]
    status: Annotated[
        str,
        Field(description="started, intent, agent, agent_done, calling, refused, or the step of a push or a job"),
    ]
    done: Annotated[int, Field(description="How much of the step that status names is done; of work on the data set")]
    total: Annotated[int, Field(description="How much it is in all; 0 where nobody knows")]
    run_id: str
    reason: Annotated[str, Field(description="Why what was told is put aside; in status refused")]
    agent: Annotated[str, Field(description="Which agent; in status agent and agent_done")]
    duration_ms: Annotated[int, Field(description="How long it took; in status agent_done")]
    provider: str | None
    model: str | None
    error: Annotated[str, Field(description="Why it ended; in error, with code, retryable and category")]
    code: str
    retryable: bool
    category: str | None


class RunAnswer(Success):
    """Answer of `GET /api/runs/{id}` and of its cancelling."""

    run: RunFacts


class JobStartedAnswer(Success):
    """Answer of `POST /api/jobs`."""

    run_id: Annotated[str, Field(description="Follow it at /api/runs/{run_id}/events, cancel it at …/cancel")]


class JobsAnswer(Success):
    """Answer of `GET /api/jobs`."""

    jobs: Annotated[list[RunFacts], Field(description="Newest first")]
    count: int
