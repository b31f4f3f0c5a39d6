"""What generation is given and what it leaves behind: limits, the trail of a sample, the result."""

from dataclasses import dataclass, field
from typing import Any

from services.llm_service import Target
from utils.errors import GenerationError


@dataclass(slots=True)
class Trail:
    """What making one sample took; filled while it is made, also when it fails.

    Attributes:
        calls: Tries made; each is one answer or one failed call.
        tokens: Tokens of every answer, rejected ones included.
        failures: Every failed call or refused draft, oldest first.
        chain: `provider/model: outcome` of every try.
        detour: Why the last target was not the first choice, or "".
    """

    calls: int = 0
    tokens: int = 0
    failures: list[GenerationError] = field(default_factory=list)
    chain: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    target: Target | None = None
    detour: str = ""


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
        words_tolerance: Share of the minimum words from which an answer passes.
        wait_cap_s: Longest wait for a closed provider when nothing else is open.
    """

    max_tries: int = 3
    words_tolerance: float = 0.8
    wait_cap_s: float = 20.0
