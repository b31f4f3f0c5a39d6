"""The way to a model: which target, within which limit, by which adapter, at what cost.

`ask` waits for a place at the best open target (`services/llm/limits/gate.py`) and makes one
request there (`services/llm/caller.py`); generation builds on it. `complete` adds
failover for a single prompt. The factory makes each adapter once and shares it.
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import cast

from models.contract.answers.monitoring import LimitWindow, TargetState, WhyClosed
from models.domain import CallUsage
from services.catalogue.catalogue import ProviderInfo
from services.llm.adapters.base import BaseLLMProvider, Completion, CompletionRequest
from services.llm.attempts import Attempts
from services.llm.caller import Caller, Outcome, Terms
from services.llm.limits.accounts import Accounts
from services.llm.limits.answer_sizes import AnswerSizes
from services.llm.limits.budget import Budget, DailyBudget
from services.llm.limits.gate import Ask, Gate, Permit
from services.llm.limits.shared.keeper import SharedState
from services.llm.limits.sizing import Prompt, Sizing
from services.llm.limits.windows import SlidingWindow
from services.llm.routing.accepted import AcceptedParameters
from services.llm.routing.factory import Credentials, LLMProviderFactory
from services.llm.routing.model_catalogue import ModelCatalogue
from services.llm.routing.preference import AUTO, Preference, TargetChooser
from services.llm.routing.roster import RosterState
from services.llm.routing.router import Router, Target
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


class LLMService:
    """Limits, routing and calls, shared by the whole process."""

    def __init__(
        self,
        factory: LLMProviderFactory,
        clock: Clock,
        *,
        default_provider: str = "",
        timeout_s: float = 90.0,
        accounts: Accounts | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self.factory = factory
        self.roster = factory.roster
        self.router = Router(clock)
        self.accounts = accounts or Accounts(factory.is_own_server)
        self.gate = Gate(self.router, self.accounts.of, clock)
        self.models = ModelCatalogue(
            self.roster,
            lambda name: factory.get_provider(name).list_models(),
            factory.has_own_address,
            clock,
            self.gate.recall,  # who waits for a model that may not exist chooses again
        )
        self.chooser = TargetChooser(factory, self.models, default_provider)
        self.sizes = AnswerSizes()
        self.sizing = Sizing(self.sizes, self.accounts)
        self.daily = DailyBudget("daily budget", clock)
        if self.accounts.shared is not None:
            self.accounts.shared.bind(self.gate)
        self.metrics = metrics or Metrics()
        self.accepted = AcceptedParameters()
        self._caller = Caller(
            factory, self.router, self.gate, self.accounts, self.sizes, self.models, self.accepted, clock, self.metrics
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
        """Refuse a preference that no target can serve; InputError says why.

        Where only the list of a server of the user's own can tell what it has, it is asked first.
        """
        for target in self.targets(preference):
            if not target.model.awaited:
                break
            self.models.ask_awaited(target.provider.id)
            if not self.models.is_awaited(target.provider.id):
                break
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
            The outcome of the request; a failure is already counted in the target's health.

        Raises:
            NoTargetError: no target opens for as long as the terms wait, or all were excluded.
            BudgetSpentError: a budget has no room.
            InputError: the prompt shows pictures, and none of the targets takes any.
            CancelledError: a token of the terms was set.
        """
        if prompt.pictures:
            preference = replace(preference, sees=True)
            self.chooser.check_sight(self._within_budget(preference))
        budgets = (*terms.budgets, self.daily)
        need = partial(self.sizing.need, prompt, budgets=budgets)
        while True:
            groups = self._groups(preference, exclude)
            weights = dict(preference.weights)
            waits = (terms.max_wait_s, terms.patience_s)
            ask = Ask(terms.flow, groups, need, budgets, frozenset(avoid), weights, *waits)
            try:
                permit = self.gate.enter(ask, terms.waiting)
            except TargetsChangedError:
                continue
            if permit.waited_s:
                self.metrics.waits_s.labels(permit.cause).inc(permit.waited_s)
            request = self._request(permit, prompt, terms)
            return self._caller.call(permit, request, prompt.kind, terms)

    def adopt(self, state: RosterState) -> None:
        """Apply changed providers and models at once, also for waiting callers; calls under way finish unchanged.

        The failures of a provider whose key, address or switch was changed are forgotten.
        """
        before = self.roster.state
        self.roster.replace(state)
        self.gate.change(lambda _: self.accounts.adopt(self.roster.provider))
        for provider in state.providers:
            if _way(before, provider.id) != _way(state, provider.id):
                self.router.forgive(provider.id)
                self.models.forget(provider.id)
                self.accepted.forget(provider.id)
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
            used: Called with the usage of each call.
            is_bound: Whether the caller has used part of an answer, so that no other target may go on.

        Raises:
            GenerationError: the last call failed, or none could be made.
        """
        attempts = Attempts(tries, again=False)
        own = attempts.on(terms)
        outcome = attempts.run(
            lambda: self.ask(prompt, preference, own, attempts.excluded), lambda seen: used(seen.usage), is_bound
        )
        target = outcome.target  # some servers call every model by a name of their own
        return replace(outcome.answer(), provider=target.provider.id, model=target.model.id)

    def spend(self, usage: CallUsage) -> None:
        """Count what came of a call that broke off against the day's budget."""
        self.gate.change(lambda _: self.daily.settle(0, 0.0, usage.tokens, usage.cost_usd))

    @property
    def shared(self) -> SharedState | None:
        """Whether the limits are kept together with other processes; None while there are none."""
        return None if self.accounts.shared is None else self.accounts.shared.state

    @property
    def ledger(self) -> str:
        """The name of where limits are kept together with other processes; "" for nowhere."""
        return "" if self.accounts.shared is None else self.accounts.shared.name

    def close(self) -> None:
        """Give back what is held of shared limits; close the connections to vendors."""
        if self.accounts.shared is not None:
            self.accounts.shared.close()
        self.factory.close()

    def useful_workers(self, preference: Preference) -> int:
        """Return how many calls at a time the limits can use."""
        return max(1, sum(self.sizing.useful_at(target) for target in self.targets(preference)))

    def status(self) -> list[TargetState]:
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

    def _status(self, target: Target) -> TargetState:
        limiter = self.accounts.of(target)
        windows = (limiter.minute, limiter.hour, limiter.day)
        (minute, hour, day), shut_s = self.gate.look(
            lambda now: ([_window(window, now) for window in windows], limiter.shut_s(now))
        )
        opens_s = max(self.router.opens_in_s(target), shut_s)
        reason = self.router.reason(target) or ("rate_limit" if shut_s else "on trial" if opens_s else None)
        return {
            "target": target.name,
            "provider": target.provider.id,
            "model": target.model.id,
            "open": opens_s == 0.0,
            "reason": cast("WhyClosed | None", reason),  # a category that `Router.record_failure` closes for
            "opens_in_s": None if math.isinf(opens_s) else round(opens_s, 1),
            "in_flight": limiter.in_flight,
            "at_a_time": limiter.concurrency.allowed,
            "minute": minute,
            "hour": hour,
            "day": day,
            "p50_s": self.sizes.latency_s(target.name, 0.5),
            "p95_s": self.sizes.latency_s(target.name, 0.95),
            "price_input": target.model.price_input,
            "price_output": target.model.price_output,
        }

    def _within_budget(self, preference: Preference) -> Preference:
        return preference if self.daily.max_cost_usd is None else replace(preference, priced_only=True)

    def _request(self, permit: Permit, prompt: Prompt, terms: Terms) -> CompletionRequest:
        info, model = permit.target.provider, permit.target.model
        accepted = self.accepted.of(permit.target.name)
        return CompletionRequest(
            model=model.id,
            messages=prompt.messages,
            max_tokens=min(permit.need.max_tokens, accepted.most_tokens or permit.need.max_tokens),
            temperature=info.temperature if prompt.temperature is None else prompt.temperature,
            top_p=info.top_p,
            timeout_s=info.timeout_s or self._timeout_s,
            schema=prompt.schema if model.json_schema else None,
            seed=prompt.seed,
            context_tokens=_rounded(permit.need.tokens + 512),
            chars=prompt.chars,
            may_be_cut=prompt.may_be_cut,
            listener=terms.listener,
            left_out=accepted.left_out,
            pictures=prompt.pictures,
        )


def _window(window: SlidingWindow, now: float) -> LimitWindow:
    window.expire(now)
    return {
        "requests": window.calls,
        "requests_limit": window.calls_limit,
        "tokens": window.tokens,
        "tokens_limit": window.tokens_limit,
    }


def _way(state: RosterState, name: str) -> tuple[object, ...]:
    """Return how a provider is reached: a change of that clears its failures."""
    info = next((row for row in state.providers if row.id == name), None)
    return state.credentials.get(name), info and (info.base_url, info.enabled)


def _rounded(tokens: int) -> int:
    return -(-tokens // 1024) * 1024
