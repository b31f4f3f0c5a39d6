"""What may be spent: tokens and money, reserved before each call and settled after it.

A call that might go beyond is not made, so a budget is never exceeded; while calls in
flight may still give back what they reserved, the next one waits for them.
"""

import math
from dataclasses import dataclass
from enum import Enum

from utils.clock import Clock
from utils.errors import BudgetSpentError


class Room(Enum):
    """Whether a call fits."""

    YES = "yes"
    WAIT = "wait"
    NO = "no"


@dataclass(slots=True)
class Budget:
    """One budget. Not thread-safe: the gate holds the lock.

    Attributes:
        name: How the user calls it, for the message.
        max_tokens: None for no limit.
        max_cost_usd: None for no limit; then calls of unknown price do not fit.
    """

    name: str
    max_tokens: int | None = None
    max_cost_usd: float | None = None
    tokens: int = 0
    cost_usd: float = 0.0
    _reserved_tokens: int = 0
    _reserved_usd: float = 0.0

    def room(self, tokens: int, cost_usd: float | None) -> Room:
        """Say whether a call of at most *tokens* and *cost_usd* (None: unknown) fits now."""
        rows = [_room(self.max_tokens, self.tokens, self._reserved_tokens, tokens)]
        if self.max_cost_usd is not None:
            rows.append(
                Room.NO if cost_usd is None else _room(self.max_cost_usd, self.cost_usd, self._reserved_usd, cost_usd)
            )
        return Room.NO if Room.NO in rows else Room.WAIT if Room.WAIT in rows else Room.YES

    def affordable_tokens(self, prompt_cost_usd: float | None, price_output: float | None, prompt_tokens: int) -> float:
        """Return how long an answer may be at most with what is left now; inf without limits.

        Args:
            prompt_cost_usd: What the prompt costs; None when not known.
            price_output: US dollars per million answer tokens; None when not known.
            prompt_tokens: Tokens of the prompt.
        """
        by_tokens = by_cost = math.inf
        if self.max_tokens is not None:
            by_tokens = self.max_tokens - self.tokens - self._reserved_tokens - prompt_tokens
        if self.max_cost_usd is not None and price_output and prompt_cost_usd is not None:
            left_usd = self.max_cost_usd - self.cost_usd - self._reserved_usd - prompt_cost_usd
            by_cost = left_usd / price_output * 1e6
        return min(by_tokens, by_cost)

    def reserve(self, tokens: int, cost_usd: float | None) -> None:
        """Set aside what a call may take."""
        self._reserved_tokens += tokens
        self._reserved_usd += cost_usd or 0.0

    def settle(self, tokens: int, cost_usd: float | None, used_tokens: int, used_usd: float | None) -> None:
        """Give back what was set aside and count what was used."""
        self._reserved_tokens -= tokens
        self._reserved_usd = max(0.0, self._reserved_usd - (cost_usd or 0.0))
        self.tokens += used_tokens
        self.cost_usd += used_usd or 0.0

    def spent(self) -> BudgetSpentError:
        """Build the error that says which limit was reached."""
        parts = []
        if self.max_tokens is not None:
            parts.append(f"{self.tokens} of {self.max_tokens} tokens")
        if self.max_cost_usd is not None:
            parts.append(f"{self.cost_usd:.4f} of {self.max_cost_usd:g} USD")
        return BudgetSpentError(f"{self.name} reached: {' and '.join(parts)} used, another call could exceed it")


class DailyBudget(Budget):
    """A budget that begins again at midnight UTC."""

    def __init__(self, name: str, clock: Clock) -> None:
        super().__init__(name)
        self._clock = clock
        self._day = clock.now().date()

    def room(self, tokens: int, cost_usd: float | None) -> Room:
        """Say whether a call fits into what is left of today."""
        self._turn()
        return super().room(tokens, cost_usd)

    def settle(self, tokens: int, cost_usd: float | None, used_tokens: int, used_usd: float | None) -> None:
        """Count what was used today."""
        self._turn()
        super().settle(tokens, cost_usd, used_tokens, used_usd)

    def begin(self, tokens: int, cost_usd: float) -> None:
        """Count what was used today before this process began."""
        self.tokens += tokens
        self.cost_usd += cost_usd

    def _turn(self) -> None:
        today = self._clock.now().date()
        if today != self._day:
            self._day, self.tokens, self.cost_usd = today, 0, 0.0


def _room(limit: float | None, used: float, reserved: float, wanted: float) -> Room:
    if limit is None or used + reserved + wanted <= limit:
        return Room.YES
    return Room.WAIT if reserved > 0 and used + wanted <= limit else Room.NO
