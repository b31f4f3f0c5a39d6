"""The health of every target: what is closed, for how long, and why.

A target is a provider's model. Failures close it for a while, at the scope they
reach: the model, the key or the whole provider. Closed targets reopen half-open: one
trial call at a time until it succeeds. The cool-down grows from failure to failure
but stays under a minute for faults that pass, so that a provider which comes back
is used again within a minute (docs/adr/0005-routing.md).
"""

import math
import threading
from dataclasses import dataclass, field

from services.catalogue.catalogue import ModelInfo, ProviderInfo
from utils.clock import Clock, SystemClock
from utils.errors import GenerationError, RateLimitError, Scope

COOL_DOWN_S = (5.0, 15.0, 45.0)
MODEL_GONE_S = 600.0
RATE_LIMIT_S = 10.0
# A refused key or account: nobody waits for it, but it is tried again, since it may have been paid or changed.
REFUSED_S = 300.0
# Servers behind which others may answer: one that is refused there may be refused by whoever is behind.
_GATEWAYS = ("openai_compatible",)
_REFUSED_MODELS = 2
TRIAL_S = 120.0
# How soon to look again while another call tries a closed target.
TRIAL_LOOK_S = 1.0
# How long a target stays closed at least while its server has not said which models it has.
UNLISTED_S = 30.0
# Failures in a row that close; a failure that is certain closes at once.
_THRESHOLD = {"server_error": 3, "timeout": 3, "general": 5}


@dataclass(frozen=True, slots=True)
class Target:
    """A model at a provider.

    Attributes:
        name: The form for logs and chains: "provider/model".
        account: What the vendor counts limits by: the model, or the whole account.
    """

    provider: ProviderInfo
    model: ModelInfo
    name: str = field(init=False, compare=False, repr=False)
    account: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Name it once: every step of a call asks for it."""
        name = f"{self.provider.id}/{self.model.id}"
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "account", name if self.provider.limit_scope == "model" else self.provider.id)


@dataclass(slots=True)
class _Health:
    failures: int = 0
    openings: int = 0
    closed_until: float = 0.0
    trial_until: float = 0.0
    reason: str = ""
    is_refused: bool = False


class Router:
    """Health of all targets. Thread-safe."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._health: dict[str, _Health] = {}
        # By provider, the models that its key was refused for since one of them last answered.
        self._refused: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def opens_in_s(self, target: Target) -> float:
        """Return the seconds until *target* may be called; 0.0 when it may be now."""
        if target.model.awaited:
            return UNLISTED_S
        with self._lock:
            return self._opens_in_s(target, self._clock.monotonic()) if self._health else 0.0

    def wait_s(self, target: Target) -> float:
        """Return how long it is worth waiting for *target*, in seconds: inf while its key or account is refused."""
        if target.model.awaited:
            return UNLISTED_S
        with self._lock:
            if not self._health:
                return 0.0
            now = self._clock.monotonic()
            if any(health.is_refused and health.closed_until > now for health in self._records(target)):
                return math.inf
            return self._opens_in_s(target, now)

    def begin(self, target: Target) -> None:
        """Note a call to *target*; if it was closed, the call is its trial."""
        with self._lock:
            now = self._clock.monotonic()
            for health in self._records(target):
                if health.closed_until:
                    health.trial_until = now + TRIAL_S

    def record_success(self, target: Target) -> None:
        """Forget the failures of *target*, but not one that closed it while this call was under way."""
        with self._lock:
            if not self._health:
                return
            now = self._clock.monotonic()
            self._refused.pop(target.provider.id, None)
            for key in _keys(target):
                if key in self._health and self._health[key].closed_until <= now:
                    del self._health[key]

    def record_failure(self, target: Target, error: GenerationError) -> None:
        """Count a failure at its scope; close what it proves unusable."""
        with self._lock:
            for record in self._records(target):
                record.trial_until = 0.0
            if error.scope is Scope.REQUEST and error.category not in _THRESHOLD:
                return
            health = self._health.setdefault(_key(target, self._scope(target, error)), _Health())
            health.failures += 1
            if health.failures < _THRESHOLD.get(error.category, 1) and not health.closed_until:
                return
            now = self._clock.monotonic()
            until = now + self._cool_down_s(health, error)
            if health.closed_until > now:  # a call that was under way when it closed is no new evidence
                health.closed_until = max(health.closed_until, until if error.retry_after_s is not None else 0.0)
                return
            health.closed_until = until
            health.openings += 1
            health.reason = error.category
            health.is_refused = error.category == "authentication"

    def record_cancelled(self, target: Target) -> None:
        """End a trial without an outcome."""
        with self._lock:
            for record in self._records(target):
                record.trial_until = 0.0

    def forgive(self, provider: str) -> None:
        """Forget what closed *provider* and its models: its settings were changed."""
        with self._lock:
            for key in [key for key in self._health if key.partition(" ")[0].partition("/")[0] == provider]:
                del self._health[key]
            self._refused.pop(provider, None)

    def reason(self, target: Target) -> str:
        """Return why *target* is closed now, or ""."""
        if target.model.awaited:
            return "connection_error"
        with self._lock:
            now = self._clock.monotonic()
            return next((health.reason for health in self._records(target) if health.closed_until > now), "")

    def closed(self) -> list[dict[str, object]]:
        """List what is closed now: key, reason, seconds until it may be tried."""
        with self._lock:
            now = self._clock.monotonic()
            return [
                {"target": key, "reason": health.reason, "reopens_in_s": _finite(health.closed_until - now)}
                for key, health in self._health.items()
                if health.closed_until > now
            ]

    def _scope(self, target: Target, error: GenerationError) -> Scope:
        """Return how far *error* reaches: a key is refused behind a gateway once two models in a row say so."""
        if error.scope is not Scope.KEY or target.provider.adapter not in _GATEWAYS:
            return error.scope
        refused = self._refused.setdefault(target.provider.id, set())
        refused.add(target.model.id)
        return Scope.KEY if len(refused) >= _REFUSED_MODELS else Scope.MODEL

    def _cool_down_s(self, health: _Health, error: GenerationError) -> float:
        if error.category == "authentication":
            return max(REFUSED_S, error.retry_after_s or 0.0)
        if error.retry_after_s is not None:
            return error.retry_after_s
        if isinstance(error, RateLimitError):
            return RATE_LIMIT_S
        if error.category == "model_unavailable" and error.status in {400, 403, 404, 410}:
            return MODEL_GONE_S
        return COOL_DOWN_S[min(health.openings, len(COOL_DOWN_S) - 1)]

    def _opens_in_s(self, target: Target, now: float) -> float:
        waits = [0.0]
        for health in self._records(target):
            if health.closed_until > now:
                waits.append(health.closed_until - now)
            elif health.trial_until > now:
                waits.append(min(health.trial_until - now, TRIAL_LOOK_S))
        return max(waits)

    def _records(self, target: Target) -> list[_Health]:
        return [self._health[key] for key in _keys(target) if key in self._health]


def _keys(target: Target) -> tuple[str, str, str]:
    return target.name, f"{target.provider.id} (key)", target.provider.id


def _key(target: Target, scope: Scope) -> str:
    model, key, provider = _keys(target)
    return {Scope.KEY: key, Scope.PROVIDER: provider}.get(scope, model)


def _finite(seconds: float) -> float | None:
    return None if math.isinf(seconds) else round(seconds, 1)
