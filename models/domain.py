"""Words of the domain: states, the batch state machine, and value objects."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class BatchStatus(StrEnum):
    """The state of a batch."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """True if the state is final."""
        return self in _FINAL

    @property
    def is_active(self) -> bool:
        """True while the batch holds one of the places for concurrent batches."""
        return self in ACTIVE

    def can_become(self, target: "BatchStatus") -> bool:
        """Say whether the step to *target* is possible."""
        return target in _STEPS[self]


ACTIVE = (BatchStatus.PENDING, BatchStatus.RUNNING, BatchStatus.STOPPING)
_FINAL = frozenset({BatchStatus.COMPLETED, BatchStatus.STOPPED, BatchStatus.FAILED})
_STEPS: dict[BatchStatus, frozenset[BatchStatus]] = {
    BatchStatus.PENDING: frozenset({BatchStatus.RUNNING, BatchStatus.STOPPED, BatchStatus.FAILED}),
    BatchStatus.RUNNING: frozenset({BatchStatus.STOPPING, BatchStatus.PAUSED, *_FINAL}),
    BatchStatus.PAUSED: frozenset({BatchStatus.RUNNING, BatchStatus.STOPPING, *_FINAL}),
    BatchStatus.STOPPING: frozenset({BatchStatus.STOPPED, BatchStatus.COMPLETED, BatchStatus.FAILED}),
    BatchStatus.COMPLETED: frozenset(),
    BatchStatus.STOPPED: frozenset(),
    BatchStatus.FAILED: frozenset(),
}


class ItemState(StrEnum):
    """The state of one item of a batch."""

    TODO = "todo"
    LEASED = "leased"
    DONE = "done"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"
    IN_DOUBT = "in_doubt"


@dataclass(frozen=True, slots=True)
class Job:
    """What one sample shall be.

    Attributes:
        seed: Fixes everything drawn at random for the sample.
        instruction: The caller's own instruction for the prompt, or None.
        use_rag: Whether it shall stand on provisions of the documents that are here.
        file_ids: Only of these documents; none for all.
    """

    practice_area: str
    topic: str
    difficulty: str
    sample_type: str
    jurisdiction: str
    seed: int
    instruction: str | None = None
    use_rag: bool = False
    file_ids: tuple[str, ...] = ()

    @property
    def topic_key(self) -> str:
        """The name in samples: "Area - Topic"."""
        return f"{self.practice_area} - {self.topic}"

    @property
    def circuit(self) -> str:
        """The circuit's key; areas recur across jurisdictions."""
        return f"{self.jurisdiction}: {self.topic_key}"

    def to_dict(self) -> dict[str, object]:
        """Return the fields, for storage."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """A model's answer and what it cost, before a draft is read out of it.

    Attributes:
        text: The answer, never parsed here.
        tokens: Prompt plus completion, in tokens.
        chain: Every target tried for it, in order, as `provider/model: outcome`.
        judgement: The judge's raw answer; "" before.
        sources: Ids of the provisions that the model was shown, in the order of their markers.
        reasoning_tokens: Tokens of its thinking; None where the vendor does not count them.
        thought_ms: How long its thinking was streamed; None where it was not.
    """

    text: str
    provider: str
    model: str
    tokens: int
    thinking: str = ""
    prompt_hash: str = ""
    chain: tuple[str, ...] = ()
    judgement: str = ""
    sources: tuple[int, ...] = ()
    reasoning_tokens: int | None = None
    thought_ms: int | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the fields, for storage."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CallUsage:
    """What one call used, whether it answered or failed.

    Attributes:
        cost_usd: None when the model's price is not known.
    """

    provider: str
    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    failed: bool = False
    rate_limited: bool = False

    @property
    def tokens(self) -> int:
        """Prompt plus completion."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def unpriced_tokens(self) -> int:
        """Tokens whose price is not known."""
        return self.tokens if self.cost_usd is None else 0
