"""The way to a model: which target, within which limit, by which adapter, at what cost.

`ask` waits for a place at the best open target (`services/llm/gate.py`) and makes one
request there (`services/llm/caller.py`); generation builds on it. `complete` adds
failover for a single prompt. The factory makes each adapter once and shares it.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from models.domain import CallUsage
from services.catalogue import ProviderInfo
from services.llm.answer_sizes import AnswerSizes
from services.llm.base import BaseLLMProvider, Completion, CompletionRequest
from services.llm.budget import Budget, DailyBudget
from services.llm.caller import Caller, Outcome, Terms
from services.llm.factory import Credentials, LLMProviderFactory
from services.llm.gate import Ask, Gate, Need, Permit
from services.llm.limits import Limits
from services.llm.model_catalogue import ModelCatalogue
from services.llm.preference import AUTO, Preference, TargetChooser
from services.llm.roster import RosterState
from services.llm.router import Router, Target
from utils.clock import Clock
from utils.errors import NoTargetError, TargetsChangedError
from utils.metrics import Metrics

__all__ = [
    "AUTO",
    "BaseLLMProvider",
    "Budget",
    "Credentials",
    "LLMProviderFactory",
    "LLMService",
    "Outcome",
    "Permit",
    "Preference",
    "Prompt",
    "Target",
    "Terms",
]
ANSWER_TOKENS = 4000
THINKING_TOKENS = 8000
# An expert answer with its reasoning takes about 2,000 tokens; below this thinking models are cut off.
ENOUGH_TOKENS = 2800
# Before anything was measured: seconds an answer takes, and tokens of a sample with its prompt.
_USUAL_LATENCY_S = 10.0
_USUAL_TOKENS = 2500


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question, before a target is known.

    Attributes:
        max_tokens: Most tokens of the answer; None for what suits the model.
        kind: What answers of similar length have in common.
        may_be_cut: Whether an answer that ends at `max_tokens` is one.
        listener: See `CompletionRequest`.
    """

    messages: tuple[Mapping[str, str], ...]
    schema: Mapping[str, Any] | None = None
    seed: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    kind: str = ""
    may_be_cut: bool = False
    listener: Callable[[str, str], None] | None = None

    @property
    def chars(self) -> int:
        """Length of all messages."""
        return sum(len(message["content"]) for message in self.messages)


class LLMService:
    """Limits, routing and calls, shared by everybody in the process."""

    def __init__(
        self,
        factory: LLMProviderFactory,
        clock: Clock,
        *,
        default_provider: str = "",
        timeout_s: float = 90.0,
        limits: Limits | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self.factory = factory
        self.roster = factory.roster
        self.models = ModelCatalogue(
            self.roster, lambda name: factory.get_provider(name).list_models(), factory.has_own_address, clock
        )
        self.chooser = TargetChooser(factory, self.models, default_provider)
        self.router = Router(clock)
        self.limits = limits or Limits(factory.is_own_server)
        self.sizes = AnswerSizes()
        self.gate = Gate(self.router, self.limits.of, clock)
        self.daily = DailyBudget("daily budget", clock)
        self.metrics = metrics or Metrics()
        self._caller = Caller(
            factory, self.router, self.gate, self.limits, self.sizes, self.models, clock, self.metrics
        )
        self._timeout_s = timeout_s

    @property
    def default_provider(self) -> ProviderInfo:
        """The provider of requests that name none."""
        return self.chooser.default_provider

    def default_model(self, provider: ProviderInfo) -> str:
        """The model used at *provider* when none is named."""
        usable = self.models.usable(provider)
        return usable[0].id if usable else provider.default_model

    def check(self, preference: Preference) -> None:
        """Refuse a preference that nobody can serve; InputError says why."""
        self.chooser.check(self._within_budget(preference))

    def targets(self, preference: Preference) -> list[Target]:
        """Return the first choices of *preference*: those that work at once."""
        return [group[0] for group in self.chooser.groups(self._within_budget(preference)) if group]

    def guided(self, preference: Preference) -> Target | None:
        """Return the small model that *preference* leads to, if it is one that needs guidance."""
        targets = self.targets(preference)
        return targets[0] if targets and targets[0].model.guided else None

    def ask(
        self,
        prompt: Prompt,
        preference: Preference,
        terms: Terms,
        exclude: Collection[str] = (),
        avoid: Collection[str] = (),
    ) -> Outcome:
        """Make one request at the best open target, as soon as limits and budgets allow.

        Args:
            prompt: What is asked.
            preference: Which targets may serve.
            terms: Whose turn, what may be spent, what ends it.
            exclude: Names of targets that cannot serve this sample.
            avoid: Names of targets that failed for it, and may be asked again while no other is free.

        Returns:
            What came of the request; a failed one is known to the target's health already.

        Raises:
            NoTargetError: nobody is open for longer than the terms wait, or all were excluded.
            BudgetSpentError: a budget has no room.
            CancelledError: a token of the terms was set.
        """
        budgets = (*terms.budgets, self.daily)
        need = partial(self.need, prompt, budgets=budgets)
        while True:
            groups = self._groups(preference, exclude)
            weights = dict(preference.weights)
            ask = Ask(terms.flow, groups, need, budgets, frozenset(avoid), weights, terms.max_wait_s)
            try:
                permit = self.gate.enter(ask, terms.waiting)
            except TargetsChangedError:
                continue
            if permit.waited_s:
                self.metrics.waits_s.labels(permit.cause).inc(permit.waited_s)
            request = self._request(permit, prompt)
            return self._caller.call(permit, request, prompt.kind, terms)

    def adopt(self, state: RosterState) -> None:
        """Go on with other providers and models, at once and for everybody who waits; calls under way end as they are.

        A provider whose key, address or switch was changed starts with a clean slate.
        """
        before = self.roster.state
        self.roster.replace(state)
        self.gate.change(lambda _: self.limits.adopt(self.roster.provider))
        for provider in state.providers:
            if _way(before, provider.id) != _way(state, provider.id):
                self.router.forgive(provider.id)
                self.models.forget(provider.id)
        self.gate.recall()

    def complete(
        self,
        prompt: Prompt,
        preference: Preference,
        terms: Terms,
        tries: int = 3,
        used: Callable[[CallUsage], None] = lambda _: None,
        is_bound: Callable[[], bool] = lambda: False,
    ) -> Completion:
        """Answer one prompt by the best open target, going on to others up to *tries* calls.

        Args:
            prompt: What is asked.
            preference: Which targets may serve.
            terms: Whose turn, what may be spent, what ends it.
            tries: Most calls.
            used: Told what each call used.
            is_bound: Whether the caller has taken what came so far, so that nobody else may go on.

        Raises:
            GenerationError: the last call failed, or none could be made.
        """
        failed: list[str] = []
        last: Outcome | None = None
        while True:
            try:
                outcome = self.ask(prompt, preference, terms, failed)
            except NoTargetError:
                if last is None:
                    raise
                return last.answer()  # which says why more than that nobody is left
            used(outcome.usage)
            last = outcome
            failed.append(outcome.target.name)
            if outcome.error is None or len(failed) >= tries or is_bound():
                return replace(outcome.answer(), provider=outcome.target.provider.id)

    def useful_workers(self, preference: Preference) -> int:
        """Return how many calls at a time the limits can use: rate times latency (Little's law)."""
        return max(1, sum(self._useful_at(target) for target in self.targets(preference)))

    def pace(self, target: Target, tokens: float) -> float:
        """Return how many calls of *tokens* the target allows in a minute; inf without limits."""
        minute = self.limits.of(target).minute
        by_calls = math.inf if minute.calls_limit is None else minute.calls_limit
        return min(by_calls, math.inf if minute.tokens_limit is None else minute.tokens_limit / tokens)

    def need(self, prompt: Prompt, target: Target, budgets: Sequence[Budget] = ()) -> Need:
        """Return what a call takes of *target* at most; a shorter answer is asked for where *budgets* leave little."""
        prompt_tokens = self.sizes.prompt_tokens(target.name, prompt.chars)
        max_tokens = self._answer_tokens(target, prompt, prompt_tokens)
        prompt_usd = target.model.cost_usd(prompt_tokens, 0)
        left = min(
            (b.affordable_tokens(prompt_usd, target.model.price_output, prompt_tokens) for b in budgets),
            default=math.inf,
        )
        if left < max_tokens:
            max_tokens = min(max_tokens, max(ENOUGH_TOKENS, int(left)))
        cost_usd = target.model.cost_usd(prompt_tokens, max_tokens)
        return Need(prompt_tokens + max_tokens, prompt_tokens, max_tokens, cost_usd)

    def status(self) -> list[dict[str, Any]]:
        """Return every target that may be chosen: whether it is open, its limits, and what is used of them."""
        return [self._status(target) for target in self.chooser.everybody()]

    # --- inside --------------------------------------------------------------------------

    def _groups(self, preference: Preference, exclude: Collection[str]) -> Sequence[Sequence[Target]]:
        groups = self.chooser.groups(self._within_budget(preference))
        if exclude:
            groups = [[target for target in group if target.name not in exclude] for group in groups]
            groups = [group for group in groups if group]
        if not groups:
            raise NoTargetError("every model that may be used has failed for this request", retry_in_s=0.0)
        if not any(groups) and preference.provider not in ("", AUTO):
            self.factory.get_provider(preference.provider)  # says that it is not usable any more
        return groups

    def _status(self, target: Target) -> dict[str, Any]:
        limiter = self.limits.of(target)
        opens_s = self.router.opens_in_s(target)
        told: dict[str, dict[str, Any]] = {}

        def look(now: float) -> None:
            for name, window in (("minute", limiter.minute), ("day", limiter.day)):
                window.expire(now)
                told[name] = {
                    "requests": window.calls,
                    "requests_limit": window.calls_limit,
                    "tokens": window.tokens,
                    "tokens_limit": window.tokens_limit,
                }

        self.gate.change(look)
        return {
            "target": target.name,
            "provider": target.provider.id,
            "model": target.model.id,
            "open": opens_s == 0.0,
            "reason": self.router.reason(target) or (None if opens_s == 0.0 else "on trial"),
            "opens_in_s": None if math.isinf(opens_s) else round(opens_s, 1),
            "in_flight": limiter.in_flight,
            "at_a_time": limiter.concurrency.allowed,
            **told,
            "p50_s": self.sizes.latency_s(target.name, 0.5),
            "p95_s": self.sizes.latency_s(target.name, 0.95),
            "price_input": target.model.price_input,
            "price_output": target.model.price_output,
        }

    def _within_budget(self, preference: Preference) -> Preference:
        return preference if self.daily.max_cost_usd is None else replace(preference, priced_only=True)

    def _useful_at(self, target: Target) -> int:
        latency_s = self.sizes.latency_s(target.name, 0.95) or _USUAL_LATENCY_S
        at_once = self.pace(target, _USUAL_TOKENS) / 60 * latency_s
        most = self.limits.of(target).concurrency.most
        return most if math.isinf(at_once) else min(most, math.ceil(1.5 * at_once) + 1)

    def _answer_tokens(self, target: Target, prompt: Prompt, prompt_tokens: int) -> int:
        """Choose the cap of the answer: what suits the model, never more than fits it or its minute.

        The whole cap is reserved, as the vendors do; where half a minute's tokens are enough for
        an answer, no more are asked for, so that the minute serves two.
        """
        model = target.model
        wanted = prompt.max_tokens or (THINKING_TOKENS if model.thinking else ANSWER_TOKENS)
        if prompt.max_tokens is None:
            wanted = self.sizes.cap(target.name, prompt.kind, wanted)
        room = model.context_window - prompt_tokens
        minute = self.limits.of(target).minute.tokens_limit
        if minute is not None:
            half = minute // 2 - prompt_tokens
            room = min(room, half if half >= ENOUGH_TOKENS else minute - prompt_tokens)
        return max(1, min(wanted, room, model.max_output or wanted))

    def _request(self, permit: Permit, prompt: Prompt) -> CompletionRequest:
        info, model = permit.target.provider, permit.target.model
        return CompletionRequest(
            model=model.id,
            messages=prompt.messages,
            max_tokens=permit.need.max_tokens,
            temperature=info.temperature if prompt.temperature is None else prompt.temperature,
            top_p=info.top_p,
            timeout_s=info.timeout_s or self._timeout_s,
            schema=prompt.schema if model.json_schema else None,
            seed=prompt.seed,
            context_tokens=_rounded(permit.need.tokens + 512),
            chars=prompt.chars,
            may_be_cut=prompt.may_be_cut,
            listener=prompt.listener,
        )


def _way(state: RosterState, name: str) -> tuple[object, ...]:
    """Return how a provider is reached: where that changes, what closed it counts no more."""
    info = next((row for row in state.providers if row.id == name), None)
    return state.credentials.get(name), info and (info.base_url, info.enabled)


def _rounded(tokens: int) -> int:
    return -(-tokens // 1024) * 1024
