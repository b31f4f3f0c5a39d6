"""What generation is given and what it leaves behind: limits, the trail of a sample, who records it."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from models.domain import Job, RawAnswer
from services.judge import JudgeSpec
from services.llm.single_calls import SingleCalls
from services.llm_service import Outcome, Permit, Preference, Target
from utils.errors import GenerationError


@dataclass(slots=True)
class Trail:
    """What making one sample took; filled while it is made, also when it fails.

    Attributes:
        calls: Tries made; each is one answer or one failed call.
        tokens: Tokens of every answer, rejected ones included.
        failures: Every failed call or refused draft, oldest first.
        chain: `provider/model: outcome` of every try.
        excluded: Targets that cannot serve this sample.
        avoided: Targets that failed for it in a way that may pass.
        detour: Why the last target was not the first choice, or "".
        answer: What was paid for, is committed and not refused; None when there is nothing such.
    """

    calls: int = 0
    tokens: int = 0
    failures: list[GenerationError] = field(default_factory=list)
    chain: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    avoided: list[str] = field(default_factory=list)
    target: Target | None = None
    detour: str = ""
    answer: RawAnswer | None = None


class Recorder(Protocol):
    """Keeps what happens to a sample under way; each method returns once it is kept."""

    def sending(self, permit: Permit) -> None:
        """A try begins: a request is about to leave."""

    def answered(self, answer: RawAnswer, outcome: Outcome) -> None:
        """An answer came; it is paid for and not read yet."""

    def failed(self, error: GenerationError, outcome: Outcome) -> None:
        """The call gave no usable answer."""

    def spent(self, outcome: Outcome) -> None:
        """A call beside the draft was made and failed; the draft stays as it is."""

    def refused(self, answer: RawAnswer, error: GenerationError) -> None:
        """The answer was read and is not good enough."""


@dataclass(frozen=True, slots=True)
class UsageRecorder:
    """Keeps only what was used: for samples that belong to no batch."""

    calls: SingleCalls

    def sending(self, permit: Permit) -> None:
        """Note the call."""
        self.calls.sending(permit)

    def answered(self, _answer: RawAnswer, outcome: Outcome) -> None:
        """Count the call."""
        self.calls.used(outcome.usage)

    def failed(self, _error: GenerationError, outcome: Outcome) -> None:
        """Count the call."""
        self.calls.used(outcome.usage)

    def spent(self, outcome: Outcome) -> None:
        """Count the call."""
        self.calls.used(outcome.usage)

    def refused(self, answer: RawAnswer, error: GenerationError) -> None:
        """It was counted when it was answered."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A job with who may do it, and who judges it (None for nobody)."""

    job: Job
    preference: Preference
    judge: JudgeSpec | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """One finished sample, what it used in tokens, and how long it took."""

    sample: dict[str, Any]
    tokens: int
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class GenerationLimits:
    """Settings of generation.

    Attributes:
        max_tries: Calls that one sample may take.
        wait_cap_s: Longest wait for a closed provider when nothing else is open.
        time_limit_s: Longest time of a sample that somebody waits for.
    """

    max_tries: int = 3
    wait_cap_s: float = 20.0
    time_limit_s: float = 600.0
