"""How large calls are: how long an answer may be, what a call may take, how many calls at a time are useful."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.llm.adapters.pictures import Picture
from services.llm.limits.accounts import Accounts
from services.llm.limits.answer_sizes import AnswerSizes
from services.llm.limits.budget import Budget
from services.llm.limits.gate import Need
from services.llm.routing.router import Target

ANSWER_TOKENS = 4000
THINKING_TOKENS = 8000
# An expert answer with its reasoning takes about 2,000 tokens; below this thinking models are cut off.
ENOUGH_TOKENS = 2800
# Before anything was measured: seconds an answer takes, and tokens of a sample with its prompt.
_USUAL_LATENCY_S = 10.0
_USUAL_TOKENS = 2500
# What a picture of 2,048 px a side takes at most where vendors say it, a little high as all estimates here: 1,536
# patches of 1.62 tokens at OpenAI (gpt-4.1-mini), nine tiles of 258 at Google, some 1,600 at Anthropic. What it really
# took is in the usage.
PICTURE_TOKENS = 2500


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question, before a target is known.

    Attributes:
        max_tokens: Most tokens of the answer; None for what suits the model.
        kind: What answers of similar length have in common.
        expected_tokens: How long the answer is expected to be, without thinking; 0 when not known.
        may_be_cut: Whether an answer that is cut off at `max_tokens` is accepted.
        pictures: What the user's last message shows; only models that see are asked.
    """

    messages: tuple[Mapping[str, str], ...]
    schema: Mapping[str, object] | None = None
    seed: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    kind: str = ""
    expected_tokens: int = 0
    may_be_cut: bool = False
    pictures: tuple[Picture, ...] = ()

    @property
    def chars(self) -> int:
        """Length of all messages."""
        return sum(len(message["content"]) for message in self.messages)


@dataclass(frozen=True, slots=True)
class Sizing:
    """Sizes calls by what is known of their target. Thread-safe."""

    sizes: AnswerSizes
    accounts: Accounts

    def need(self, prompt: Prompt, target: Target, budgets: Sequence[Budget] = ()) -> Need:
        """Return what a call takes of *target* at most; a shorter answer is asked for where *budgets* leave little."""
        prompt_tokens = self.sizes.prompt_tokens(target.name, prompt.chars) + len(prompt.pictures) * PICTURE_TOKENS
        max_tokens = self._answer_tokens(target, prompt, prompt_tokens)
        prompt_usd = target.model.cost_usd(prompt_tokens, 0)
        left = min(
            (b.affordable_tokens(prompt_usd, target.model.price_output, prompt_tokens) for b in budgets),
            default=math.inf,
        )
        if left < max_tokens:
            max_tokens = min(max_tokens, max(ENOUGH_TOKENS, int(left)))
        cost_usd = target.model.cost_usd(prompt_tokens, max_tokens)
        return Need(prompt_tokens + max_tokens, prompt_tokens, max_tokens, cost_usd, self._least(target, prompt))

    def _least(self, target: Target, prompt: Prompt) -> int | None:
        """Return how long an answer may be at least where the minute has little left; None for no less than asked."""
        if prompt.max_tokens is not None:
            return None
        expected = 0 if target.model.thinks else prompt.expected_tokens
        return self.sizes.least(target.name, prompt.kind, expected)

    def pace(self, target: Target, tokens: float) -> float:
        """Return how many calls of *tokens* the target allows in a minute; inf without limits."""
        minute = self.accounts.of(target).minute
        by_calls = math.inf if minute.calls_limit is None else minute.calls_limit
        return min(by_calls, math.inf if minute.tokens_limit is None else minute.tokens_limit / tokens)

    def useful_at(self, target: Target) -> int:
        """Return how many calls at a time the limits of *target* can use: rate times latency (Little's law)."""
        latency_s = self.sizes.latency_s(target.name, 0.95) or _USUAL_LATENCY_S
        at_once = self.pace(target, _USUAL_TOKENS) / 60 * latency_s
        most = self.accounts.of(target).concurrency.most
        return most if math.isinf(at_once) else min(most, math.ceil(1.5 * at_once) + 1)

    def _answer_tokens(self, target: Target, prompt: Prompt, prompt_tokens: int) -> int:
        """Choose the cap of the answer: what suits the model, never more than its window or a minute's tokens allow.

        The whole cap is reserved, as the vendors do; where half a minute's tokens are enough for
        an answer, no more are asked for, so that the minute serves two.
        """
        model = target.model
        wanted = prompt.max_tokens or (THINKING_TOKENS if model.thinks else ANSWER_TOKENS)
        if prompt.max_tokens is None:
            wanted = self.sizes.cap(target.name, prompt.kind, wanted, prompt.expected_tokens)
        room = model.context_window - prompt_tokens
        minute = self.accounts.of(target).minute.tokens_limit
        if minute is not None:
            half = minute // 2 - prompt_tokens
            room = min(room, half if half >= ENOUGH_TOKENS else minute - prompt_tokens)
        return max(1, min(wanted, room, model.max_output or wanted))
