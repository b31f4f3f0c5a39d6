"""Makes one request under a permit, and learns from its outcome: health, limits, sizes, pace."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from models.domain import CallUsage
from services.catalogue import ModelInfo
from services.llm.answer_sizes import AnswerSizes
from services.llm.base import Completion, CompletionRequest
from services.llm.factory import LLMProviderFactory
from services.llm.gate import Gate, Need, Permit
from services.llm.limit_headers import StatedLimit, stated_limits
from services.llm.limits import Limits
from services.llm.model_catalogue import ModelCatalogue
from services.llm.router import Router, Target
from utils.cancellation import CancelToken
from utils.clock import Clock
from utils.errors import AnswerFormatError, CancelledError, GenerationError, RateLimitError, Scope

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call that was made.

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
        """Return the answer; raises what stood in its way."""
        if self.completion is None or self.error is not None:
            raise self.error or AnswerFormatError(f"{self.target.name}: no answer")
        return self.completion


@dataclass(frozen=True)
class Caller:
    """One request at a time under a permit. Thread-safe."""

    factory: LLMProviderFactory
    router: Router
    gate: Gate
    limits: Limits
    sizes: AnswerSizes
    models: ModelCatalogue
    clock: Clock

    def call(
        self,
        permit: Permit,
        request: CompletionRequest,
        kind: str,
        sending: Callable[[Permit], None],
        cancel: CancelToken,
    ) -> Outcome:
        """Make the request.

        Args:
            permit: The place; it is settled here.
            request: What is asked.
            kind: What answers of similar length have in common.
            sending: Called before the request leaves; what it raises ends the call.
            cancel: Ends the call.

        Raises:
            CancelledError: *cancel* was set; whether the request had left stands in it.
        """
        target, need = permit.target, permit.need
        provider = self.factory.get_provider(target.provider.id)
        usage = CallUsage(target.provider.id, target.model.id, failed=True)
        reserved = 0
        started = self.clock.monotonic()
        try:
            sending(permit)
            provider.prepare()
            self.gate.sent(permit)
            started = self.clock.monotonic()
            reserved = need.tokens  # what stays counted when we never learn the real usage
            completion = provider.complete(request, cancel)
            usage = _usage(target.model, need, completion)
            reserved = usage.tokens
        except CancelledError:
            self.router.record_cancelled(target)
            raise
        except GenerationError as error:
            latency_s = self.clock.monotonic() - started
            if error.status is not None:
                reserved = 0  # refused: the vendor counts the request, not the tokens
            self._failed(target, error, latency_s)
            return Outcome(
                target, replace(usage, rate_limited=isinstance(error, RateLimitError)), latency_s, error=error
            )
        finally:
            self.gate.settle(permit, reserved, usage.cost_usd)
        latency_s = self.clock.monotonic() - started
        self._learn(permit, request, kind, completion, latency_s)
        fault = _fault(completion, target, need.max_tokens)
        return Outcome(target, replace(usage, failed=fault is not None), latency_s, completion, fault)

    def _learn(
        self, permit: Permit, request: CompletionRequest, kind: str, completion: Completion, latency_s: float
    ) -> None:
        target = permit.target
        self.router.record_success(target)
        self.sizes.took(target.name, latency_s)
        if completion.finish_reason == "length":
            self.sizes.cut_off(target.name, kind, permit.need.max_tokens)
        else:
            self.sizes.answered(
                target.name, kind, request.chars, completion.prompt_tokens, completion.completion_tokens
            )
        stated = stated_limits(completion.headers, target.provider.requests_header)

        def work(now: float) -> None:
            limiter = self.limits.of(target)
            limiter.concurrency.answered(latency_s, completion.completion_tokens, limiter.in_flight + 1, now)
            limiter.learn(stated, now)

        self.gate.change(work)

    def _failed(self, target: Target, error: GenerationError, latency_s: float) -> None:
        """Close what the failure proves unusable, and slow down where it says so."""
        limited = self._reach(target, error) if isinstance(error, RateLimitError) else None
        self.router.record_failure(target, error)
        if error.category == "model_unavailable":
            self.models.doubt(target.provider.id)

        def work(now: float) -> None:
            limiter = self.limits.of(target)
            limiter.learn(stated_limits(error.headers, target.provider.requests_header), now)
            if limited is not None and limited.limit:
                limiter.learn([StatedLimit("tokens", "minute", limited.limit, None, None)], now)
            if limited is not None and limited.retry_after_s is None and limited.status != 413:
                limiter.concurrency.overloaded(now, latency_s)

        self.gate.change(work)
        log.info(
            "call failed",
            extra={
                "target": target.name,
                "category": error.category,
                "scope": error.scope.value,
                "status": error.status,
                "retry_after_s": error.retry_after_s,
                "reason": str(error)[:200],
            },
        )

    def _reach(self, target: Target, limited: RateLimitError) -> RateLimitError:
        """Set how far and how long a refusal for a limit reaches."""
        if limited.status == 413:
            limited.scope = Scope.REQUEST  # too large for a whole minute: waiting never helps
        elif target.provider.limit_scope == "account":
            limited.scope = Scope.PROVIDER
        if limited.retry_after_s is None and limited.quota:
            limited.retry_after_s = self._until_midnight_s()
        return limited

    def _until_midnight_s(self) -> float:
        """Return the seconds until the next UTC day, when quotas without a hint are taken to begin anew."""
        now = self.clock.now()
        return (datetime.combine(now.date() + timedelta(days=1), time(), UTC) - now).total_seconds()


def _usage(model: ModelInfo, need: Need, completion: Completion) -> CallUsage:
    # A vendor that states no usage is taken at the prompt's estimate; the answer's length is known.
    prompt_tokens = completion.prompt_tokens or need.prompt_tokens
    cost_usd = model.cost_usd(prompt_tokens, completion.completion_tokens)
    return CallUsage(model.provider, model.id, prompt_tokens, completion.completion_tokens, cost_usd)


def _fault(completion: Completion, target: Target, max_tokens: int) -> AnswerFormatError | None:
    """A 200 is not success: content must be there, and whole."""
    fault = ""
    if completion.finish_reason == "length":
        fault = f"the answer was cut off at {max_tokens} tokens"
    elif not completion.text.strip():
        fault = "the answer is empty, the model sent " + ("only its thinking" if completion.thinking else "nothing")
    if not fault:
        return None
    return AnswerFormatError(f"{target.name}: {fault}", provider=target.provider.id, model=target.model.id)
