"""Makes one request under a permit, and learns from its outcome: health, limits, sizes, pace."""

import logging
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta

from models.domain import CallUsage
from services.catalogue.catalogue import ModelInfo
from services.llm.adapters.base import BaseLLMProvider, Completion, CompletionRequest, Listener
from services.llm.limits.accounts import Accounts
from services.llm.limits.answer_sizes import AnswerSizes
from services.llm.limits.budget import Budget
from services.llm.limits.gate import Gate, Need, Permit
from services.llm.limits.sizing import ENOUGH_TOKENS
from services.llm.limits.told import stated_in, told_by
from services.llm.routing.accepted import AcceptedParameters
from services.llm.routing.factory import LLMProviderFactory
from services.llm.routing.model_catalogue import ModelCatalogue
from services.llm.routing.router import Router, Target
from utils.cancellation import CancelToken
from utils.clock import Clock
from utils.error_handler import error_for
from utils.errors import (
    QUOTA_S,
    AnswerFormatError,
    BadRequestError,
    CancelledError,
    GenerationError,
    ProviderConnectionError,
    RateLimitError,
    Scope,
)
from utils.logs import bound
from utils.metrics import Metrics
from utils.tracing import span
from utils.unwrapping import Names, find_object, is_blank

log = logging.getLogger(__name__)
_TOO_LARGE = 413


@dataclass(frozen=True)
class Terms:
    """The terms of a call.

    Attributes:
        flow: Whose turn it uses among all that wait: see `Ask`.
        calling: Ends a call under way.
        waiting: Ends the waiting for a place; no request leaves once it is set.
        budgets: What the caller may spend.
        max_wait_s: Longest wait for a closed target.
        patience_s: See `Ask`.
        sending: Called with the permit before a request leaves; an error of it ends the call.
        cut_off: Called when a call announced by `sending` did not finish, with whether it had been sent.
        listener: Called with each piece of the answer as it is written; None for the whole answer at once.
    """

    flow: str = "single"
    calling: CancelToken = field(default_factory=CancelToken)
    waiting: CancelToken = field(default_factory=CancelToken)
    budgets: tuple[Budget, ...] = ()
    max_wait_s: float = math.inf
    patience_s: float = QUOTA_S
    sending: Callable[[Permit], None] = lambda _: None
    cut_off: Callable[[bool], None] = lambda _: None
    listener: Listener | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a call that was made.

    Attributes:
        usage: What it used, whether it answered or failed.
        error: Why there is no usable answer; None when there is one.
    """

    target: Target
    usage: CallUsage
    latency_s: float
    completion: Completion | None = None
    error: GenerationError | None = None

    def answer(self) -> Completion:
        """Return the answer, or raise the error."""
        if self.completion is None or self.error is not None:
            raise self.error or AnswerFormatError(f"{self.target.name}: no answer")
        return self.completion


@dataclass(frozen=True)
class Caller:
    """One request at a time under a permit. Thread-safe."""

    factory: LLMProviderFactory
    router: Router
    gate: Gate
    accounts: Accounts
    sizes: AnswerSizes
    models: ModelCatalogue
    accepted: AcceptedParameters
    clock: Clock
    metrics: Metrics

    def call(self, permit: Permit, request: CompletionRequest, kind: str, terms: Terms) -> Outcome:
        """Make the request, and count it; as `_call`."""
        target = permit.target
        facts = {"provider.name": target.provider.id, "model.name": target.model.id}
        with bound(provider=target.provider.id, model=target.model.id), span("model call", **facts):
            outcome = self._call(permit, request, kind, terms)
        self._count(outcome)
        if outcome.usage.rate_limited:
            self.accounts.keep(target)
        return outcome

    def _call(self, permit: Permit, request: CompletionRequest, kind: str, terms: Terms) -> Outcome:
        """Make the request; the permit is settled here, whatever happens.

        Args:
            permit: The place.
            request: What is asked.
            kind: What answers of similar length have in common.
            terms: What is called before it, and what ends it.

        Raises:
            CancelledError: a token of *terms* was set; `in_flight` says whether the request had been sent.
            Exception: whatever `terms.sending` raised; nothing was sent.
        """
        target, need = permit.target, permit.need
        usage = CallUsage(target.provider.id, target.model.id, failed=True)
        counted, left = 0, False
        try:
            provider = self._ready(permit, terms)
            left = True
            counted = need.tokens  # what the vendor may count when we never learn the real usage
            started = self.clock.monotonic()
            try:
                completion = _completed(provider, request, terms)
            except GenerationError as error:
                if isinstance(error, CancelledError):
                    raise
                if error.status is not None or isinstance(error, ProviderConnectionError):
                    counted = 0  # refused or never arrived: the vendor counts the request, not the tokens
                latency_s = self.clock.monotonic() - started
                limited = isinstance(error, RateLimitError)
                failed = self._failed(permit, error, latency_s)
                if isinstance(error, BadRequestError):
                    error.adapted = self._adapts(target, request, error)
                elif isinstance(error, RateLimitError) and isinstance(failed, BadRequestError):
                    failed.adapted = self._shortens(permit, request, kind, error)
                return Outcome(target, replace(usage, rate_limited=limited), latency_s, error=failed)
            usage = _usage(target.model, need, completion)
            counted = usage.tokens
        except BaseException as error:
            self.router.record_cancelled(target)
            terms.cut_off(left and (error.in_flight if isinstance(error, CancelledError) else True))
            raise
        finally:
            self.gate.settle(permit, counted, usage.tokens, usage.cost_usd)
        latency_s = self.clock.monotonic() - started
        self._learn(permit, request, kind, completion, latency_s)
        fault = _fault(completion, target, request)
        return Outcome(target, replace(usage, failed=fault is not None), latency_s, completion, fault)

    def _count(self, outcome: Outcome) -> None:
        usage, metrics = outcome.usage, self.metrics
        target = (usage.provider, usage.model)
        answered = "answered" if outcome.completion is not None else "failed"
        metrics.calls.labels(*target, "rate_limited" if usage.rate_limited else answered).inc()
        metrics.call_s.labels(*target).observe(outcome.latency_s)
        metrics.tokens.labels(*target, "prompt").inc(usage.prompt_tokens)
        metrics.tokens.labels(*target, "completion").inc(usage.completion_tokens)
        metrics.cost_usd.labels(*target).inc(usage.cost_usd or 0.0)

    def _ready(self, permit: Permit, terms: Terms) -> BaseLLMProvider:
        """Do what precedes a request; nothing may be sent once the caller stopped."""
        if terms.waiting.is_cancelled:
            raise CancelledError("stopped before the call")
        provider = self.factory.get_provider(permit.target.provider.id)
        provider.prepare()
        terms.sending(permit)
        if terms.waiting.is_cancelled:
            raise CancelledError("stopped before the call")
        self.gate.sent(permit)
        return provider

    def _learn(
        self, permit: Permit, request: CompletionRequest, kind: str, completion: Completion, latency_s: float
    ) -> None:
        target = permit.target
        self.router.record_success(target)
        self.sizes.took(target.name, latency_s)
        if request.may_be_cut:
            pass  # the length of a chat says nothing about samples
        elif completion.finish_reason == "length":
            self.sizes.cut_off(target.name, kind, permit.need.max_tokens)
        else:
            # What the vendor counts for pictures says nothing of how many characters a token has.
            prompt_tokens = 0 if request.pictures else completion.prompt_tokens
            self.sizes.answered(target.name, kind, request.chars, prompt_tokens, completion.completion_tokens)

        told = told_by(completion.headers, target.provider.requests_header)

        def work(now: float) -> None:
            limiter = self.accounts.of(target)
            limiter.concurrency.answered(latency_s, completion.completion_tokens, limiter.in_flight + 1, now)
            told.teach(limiter, permit.entry.at, now)

        self.gate.change(work)

    def _failed(self, permit: Permit, error: GenerationError, latency_s: float) -> GenerationError:
        """Close what the failure proves unusable, slow down where it says so; return the error to report."""
        target = permit.target
        limited = self._reach(target, error) if isinstance(error, RateLimitError) else None
        paced = limited is not None and limited.is_of_a_window
        if paced:
            self.router.record_cancelled(target)  # its limits know how long, see `RateLimiter.shut_s`
        else:
            self.router.record_failure(target, error)
        if error.category == "model_unavailable":
            self.models.doubt(target.provider.id)
        told = told_by(error.headers, target.provider.requests_header)

        def work(now: float) -> None:
            limiter = self.accounts.of(target)
            told.teach(limiter, permit.entry.at, now)
            if limited is None:
                return
            limiter.learn(stated_in(limited), permit.entry.at, now)
            if paced:
                limiter.refused(permit.entry, limited.unit or "requests", limited.retry_after_s, now)
            elif limited.retry_after_s is None and limited.status != _TOO_LARGE:
                limiter.concurrency.overloaded(now, latency_s)

        self.gate.change(work)
        log.info(
            "call failed",
            extra={
                "provider": target.provider.id,
                "model": target.model.id,
                "category": error.category,
                "scope": error.scope.value,
                "status": error.status,
                "retry_after_s": error.retry_after_s,
                "reason": str(error)[:200],
            },
        )
        if limited is not None and limited.status == _TOO_LARGE:
            # It will never fit here: another model may take it, asking again would not help.
            return error_for("bad_request", str(error), provider=error.provider, model=error.model, status=_TOO_LARGE)
        return error

    def _adapts(self, target: Target, request: CompletionRequest, error: BadRequestError) -> bool:
        """Learn what the model does not take; True when the next request to it will be without that."""
        most = error.most_tokens if error.most_tokens is not None and error.most_tokens < request.max_tokens else None
        if not error.parameters and most is None:
            return False
        adapted = self.accepted.adapts(target.name, request.left_out, request.max_tokens, error.parameters, most)
        facts = {"provider": target.provider.id, "model": target.model.id, "left_out": ", ".join(error.parameters)}
        log.info("request adapted" if adapted else "request refused", extra=facts)
        return adapted

    def _shortens(self, permit: Permit, request: CompletionRequest, kind: str, error: RateLimitError) -> bool:
        """Ask for a shorter answer where prompt and answer are more than a bucket holds; True when that is possible."""
        if error.unit != "tokens" or not kind:  # a chat has the length that its user chose
            return False
        least = permit.need.least_tokens or ENOUGH_TOKENS
        return self.accepted.shortens(permit.target.name, request.left_out, request.max_tokens, least)

    def _reach(self, target: Target, limited: RateLimitError) -> RateLimitError:
        """Set the scope and the waiting time of a rate limit error."""
        if limited.status == _TOO_LARGE:
            limited.scope = Scope.REQUEST  # too large for a whole minute: waiting never helps
        elif target.provider.limit_scope == "account":
            limited.scope = Scope.PROVIDER
        if limited.retry_after_s is None and limited.quota:
            limited.retry_after_s = self._until_midnight_s()
        return limited

    def _until_midnight_s(self) -> float:
        """Return the seconds until the next UTC day, when quotas without a hint are assumed to reset."""
        now = self.clock.now()
        return (datetime.combine(now.date() + timedelta(days=1), time(), UTC) - now).total_seconds()


def _usage(model: ModelInfo, need: Need, completion: Completion) -> CallUsage:
    # Where the vendor states no usage, the prompt counts as estimated; the answer's length is known.
    prompt_tokens = completion.prompt_tokens or need.prompt_tokens
    cost_usd = model.cost_usd(prompt_tokens, completion.completion_tokens)
    return CallUsage(model.provider, model.id, prompt_tokens, completion.completion_tokens, cost_usd)


def _completed(provider: BaseLLMProvider, request: CompletionRequest, terms: Terms) -> Completion:
    """Make the request; an answer that only the vendor's own check refused is taken where it holds what was asked."""
    try:
        return provider.complete(request, terms.calling)
    except BadRequestError as error:
        if error.generation is None:
            raise
        names = Names(list(_wanted(request.schema or {})))
        found = find_object(error.generation, names) or {}
        if found and sum(not is_blank(value) for value in found.values()) == len(names.wanted):
            tokens = len(error.generation) // 4
            return Completion(error.generation, "", request.model, request.chars // 4, tokens, "stop", error.headers)
        raise AnswerFormatError(
            f"the vendor could not read the answer as JSON ({error})",
            provider=error.provider,
            model=error.model,
            status=error.status,
        ) from error


def _wanted(schema: Mapping[str, object]) -> Iterable[str]:
    names = schema.get("required")
    return [str(name) for name in names] if isinstance(names, list) else ()


def _fault(completion: Completion, target: Target, request: CompletionRequest) -> AnswerFormatError | None:
    """A 200 is not success: content must be there, and whole."""
    fault = ""
    if completion.finish_reason == "length" and not (request.may_be_cut and completion.text.strip()):
        fault = f"the answer was cut off at {request.max_tokens} tokens"
    elif not completion.text.strip() and (request.may_be_cut or "{" not in completion.thinking):
        fault = "the answer is empty, the model sent " + ("only its thinking" if completion.thinking else "nothing")
    if not fault:
        return None
    return AnswerFormatError(f"{target.name}: {fault}", provider=target.provider.id, model=target.model.id)
