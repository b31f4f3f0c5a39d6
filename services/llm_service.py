"""The way to a model: which target, within which limit, by which adapter, at what cost.

`route` chooses a target, `call` makes one request there; together they are what
generation builds on. `complete` is both, with failover, for a single prompt. The
factory makes each adapter once and shares it.
"""

import logging
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.catalogue import Catalogue, ModelInfo, ProviderInfo
from services.llm.base import BaseLLMProvider, Completion, CompletionRequest
from services.llm.factory import Credentials, LLMProviderFactory
from services.llm.limit_headers import tokens_per_minute
from services.llm.model_catalogue import ModelCatalogue
from services.llm.rate_limiter import RateLimiter
from services.llm.router import Candidate, Router, Target
from utils.cancellation import CancelToken
from utils.clock import Clock
from utils.errors import AnswerFormatError, CancelledError, GenerationError, InputError, NoTargetError, RateLimitError

__all__ = [
    "BaseLLMProvider",
    "Credentials",
    "LLMProviderFactory",
    "LLMService",
    "Preference",
    "Prompt",
    "Target",
    "TargetHeldError",
]
log = logging.getLogger(__name__)
AUTO = "auto"
ANSWER_TOKENS = 4000
THINKING_TOKENS = 8000
# An expert answer with its reasoning takes about 2,000 tokens; below this thinking models are cut off.
ENOUGH_TOKENS = 2800
_CHARS_PER_TOKEN = 3.5


@dataclass(frozen=True, slots=True)
class Preference:
    """What a request asks for.

    Attributes:
        provider: A provider id, "auto" for all at once, or "" for the default.
        model: A model id, or None for the provider's default.
        allow_failover: Whether others may be used when these are closed.
    """

    provider: str = ""
    model: str | None = None
    allow_failover: bool = True


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question, before a target is known.

    Attributes:
        max_tokens: Most tokens of the answer; None for what suits the model.
    """

    messages: tuple[Mapping[str, str], ...]
    schema: Mapping[str, Any] | None = None
    seed: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None


class TargetHeldError(RateLimitError):
    """The target takes no calls for a while; nothing was sent."""


class LLMService:
    """Routing, limits, calls and their accounting, shared by everybody in the process."""

    def __init__(
        self,
        factory: LLMProviderFactory,
        catalogue: Catalogue,
        router: Router,
        clock: Clock,
        *,
        default_provider: str = "",
        timeout_s: float = 90.0,
    ) -> None:
        self.factory = factory
        self.models = ModelCatalogue(
            catalogue, lambda name: factory.get_provider(name).list_models(), factory.has_own_address
        )
        self.router = router
        self._catalogue = catalogue
        self._clock = clock
        self._default = default_provider
        self._timeout_s = timeout_s
        self._limiters: dict[str, RateLimiter] = {}
        self._lock = threading.Lock()

    @property
    def default_provider(self) -> ProviderInfo:
        """The provider of requests that name none."""
        enabled = self.factory.enabled()
        chosen = next((provider for provider in enabled if provider.id == self._default), None)
        if chosen is None and not enabled:
            raise InputError(
                "no provider is usable; set a key in .env (see README.md) or keep the embedded model enabled"
            )
        return chosen or enabled[0]

    def default_model(self, provider: ProviderInfo) -> str:
        """The model used at *provider* when none is named."""
        usable = self.models.usable(provider)
        return usable[0].id if usable else provider.default_model

    def check(self, preference: Preference) -> None:
        """Refuse a preference that names an unknown provider; InputError lists the known ones."""
        if preference.provider not in ("", AUTO):
            self.factory.get_provider(preference.provider)
        info = self._catalogue.provider(preference.provider) or self.default_provider
        if info.last_resort and preference.model and preference.provider != AUTO:
            known = [model.id for model in self.models.usable(info)]
            if preference.model not in known:
                raise InputError(f"Invalid model: {preference.model}. Available at {info.id}: {', '.join(known)}")

    def candidates(self, preference: Preference) -> list[Candidate]:
        """Rank the targets that may serve *preference*.

        The embedded model only ever serves who asks for it, or who has nothing else:
        its samples must not slip into a data set because a vendor is down.
        """
        enabled = self.factory.enabled()
        real = [provider for provider in enabled if not provider.last_resort] or enabled
        if preference.provider == AUTO:
            ranked = [
                Candidate(target, tier) for provider in real for tier, target in enumerate(self._targets(provider))
            ]
            return [c for c in ranked if c.tier == 0 or preference.allow_failover]
        first = self._catalogue.provider(preference.provider) or self.default_provider
        own = self._targets(first)
        if preference.model:
            named = Target(first, self.models.find(first, preference.model))
            own = [named, *(target for target in own if target.model.id != named.model.id)]
        if not preference.allow_failover:
            return [Candidate(target, 0) for target in own[:1]]
        others = [] if first.last_resort else [provider for provider in real if provider.id != first.id]
        targets = own + [target for provider in others for target in self._targets(provider)]
        return [Candidate(target, tier) for tier, target in enumerate(targets)]

    def route(self, preference: Preference, exclude: Collection[str] = ()) -> Target:
        """Choose the target of the next call.

        Args:
            preference: What the request asks for.
            exclude: Names of targets that already failed for this sample.

        Raises:
            NoTargetError: none is open, or all were excluded.
        """
        candidates = [c for c in self.candidates(preference) if c.target.name not in exclude]
        if not candidates:
            raise NoTargetError("every model that may be used has failed for this request", retry_in_s=0.0)
        return self.router.choose(candidates, lambda target: self._limiter(target).estimate_wait_s(ANSWER_TOKENS))

    def detour(self, preference: Preference, target: Target) -> str:
        """Return why *target* serves *preference* instead of the first choice; "" when it is one."""
        first = [c.target for c in self.candidates(preference) if c.tier == 0]
        if any(target.name == preferred.name for preferred in first):
            return ""
        return next((reason for preferred in first if (reason := self.router.reason(preferred))), "")

    def call(self, target: Target, prompt: Prompt, cancel: CancelToken) -> Completion:
        """Make one request at *target*, within its limits.

        Raises:
            GenerationError: the call failed; the target's health knows it already.
            AnswerFormatError: the answer was empty or cut off.
            CancelledError: *cancel* was set.
        """
        limiter = self._limiter(target)
        prompt_tokens = _estimate_tokens(prompt)
        max_tokens = self._answer_tokens(target.model, prompt, limiter, prompt_tokens)
        request = self._request(target, prompt, max_tokens, prompt_tokens)
        try:
            permit = limiter.acquire(prompt_tokens + max_tokens, cancel)
        except RateLimitError as error:
            self.router.record_failure(target, error)
            raise TargetHeldError(str(error), retry_after_s=error.retry_after_s) from error
        except GenerationError:
            self.router.record_cancelled(target)
            raise
        used = prompt_tokens + max_tokens  # what stays reserved when we never learn the real usage
        started = self._clock.monotonic()
        try:
            completion = self.factory.get_provider(target.provider.id).complete(request, cancel)
            used = completion.tokens or used
        except CancelledError:
            self.router.record_cancelled(target)
            raise
        except GenerationError as error:
            if error.status is not None:
                used = 0  # refused: the vendor counts the request, not the tokens
            self._record_failure(target, limiter, error)
            raise
        finally:
            limiter.settle(permit, used)
        self.router.record_success(target)
        stated = tokens_per_minute(completion.headers)
        if stated is not None:
            limiter.set_tokens_per_minute(stated)
        elapsed_s = round(self._clock.monotonic() - started, 3)
        log.debug("call answered", extra={"target": target.name, "tokens": completion.tokens, "elapsed_s": elapsed_s})
        _refuse_unusable(completion, target, max_tokens)
        return completion

    def complete(self, prompt: Prompt, preference: Preference, cancel: CancelToken, tries: int = 3) -> Completion:
        """Answer one prompt by the best open target, going on to others up to *tries* calls."""
        failed: list[str] = []
        while True:
            target = self.route(preference, failed)
            try:
                return self.call(target, prompt, cancel)
            except CancelledError:
                raise
            except TargetHeldError:
                continue  # nothing was sent; the router knows it now
            except GenerationError:
                failed.append(target.name)
                if len(failed) >= tries:
                    raise

    def _targets(self, provider: ProviderInfo) -> list[Target]:
        return [Target(provider, model) for model in self.models.usable(provider)]

    def _limiter(self, target: Target) -> RateLimiter:
        with self._lock:
            limiter = self._limiters.get(target.name)
            if limiter is None:
                info = target.provider
                limiter = RateLimiter(
                    info.requests_per_minute, info.tokens_per_minute, info.max_concurrency, self._clock
                )
                self._limiters[target.name] = limiter
            return limiter

    def _answer_tokens(self, model: ModelInfo, prompt: Prompt, limiter: RateLimiter, prompt_tokens: int) -> int:
        """Choose the cap of the answer: what suits the model, never more than fits it or its minute.

        The whole cap is reserved, as the vendors do; where half a minute's tokens are enough for
        an answer, no more are asked for, so that the minute serves two.
        """
        wanted = prompt.max_tokens or (THINKING_TOKENS if model.thinking else ANSWER_TOKENS)
        minute = limiter.tokens_per_minute
        half = minute // 2 - prompt_tokens
        room = min(model.context_window, minute) - prompt_tokens
        if half >= ENOUGH_TOKENS:
            room = min(room, half)
        return max(1, min(wanted, room, model.max_output or wanted))

    def _request(self, target: Target, prompt: Prompt, max_tokens: int, prompt_tokens: int) -> CompletionRequest:
        info, model = target.provider, target.model
        return CompletionRequest(
            model=model.id,
            messages=prompt.messages,
            max_tokens=max_tokens,
            temperature=info.temperature if prompt.temperature is None else prompt.temperature,
            top_p=info.top_p,
            timeout_s=info.timeout_s or self._timeout_s,
            schema=prompt.schema if model.json_schema else None,
            seed=prompt.seed,
            context_tokens=_rounded(prompt_tokens + max_tokens + 512),
        )

    def _record_failure(self, target: Target, limiter: RateLimiter, error: GenerationError) -> None:
        self.router.record_failure(target, error)
        if isinstance(error, RateLimitError) and error.retry_after_s is not None:
            limiter.hold(error.retry_after_s)
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


def override_local_model(catalogue: Catalogue, name: str) -> Catalogue:
    """Return *catalogue* with the embedded provider serving the model *name*."""
    info = catalogue.provider("local")
    if info is None or info.default_model == name:
        return catalogue
    providers = tuple(
        row.model_copy(update={"default_model": name}) if row.id == "local" else row for row in catalogue.providers
    )
    models = tuple(row.model_copy(update={"id": name}) if row.provider == "local" else row for row in catalogue.models)
    return replace(catalogue, providers=providers, models=models)


def _refuse_unusable(completion: Completion, target: Target, max_tokens: int) -> None:
    """A 200 is not success: content must be there, and whole."""
    fault = ""
    if completion.finish_reason == "length":
        fault = f"the answer was cut off at {max_tokens} tokens"
    elif not completion.text.strip():
        fault = "the answer is empty, the model sent " + ("only its thinking" if completion.thinking else "nothing")
    if fault:
        refusal = AnswerFormatError(f"{target.name}: {fault}", provider=target.provider.id, model=target.model.id)
        refusal.tokens = completion.tokens
        raise refusal


def _estimate_tokens(prompt: Prompt) -> int:
    """Estimate the prompt's tokens from its length; a little high on English."""
    return int(sum(len(message["content"]) for message in prompt.messages) / _CHARS_PER_TOKEN) + 16


def _rounded(tokens: int) -> int:
    return -(-tokens // 1024) * 1024
