"""The live state of one batch, all in one place: changed by its workers, read by everybody.

Counts, switches and errors under one lock; measurements (`measures.py`) and the topics' circuits, each of which has
a lock of its own, are held here too and nowhere else.
"""

import threading
from collections import defaultdict, deque
from datetime import timedelta
from typing import cast

from models.batches.batch_store import BatchColumns, BatchPart, BatchRow
from models.contract.answers.batches import Batch, BatchError, BatchState, CallCategory, Cause, StorageCategory, Switch
from models.domain import BatchStatus, CallUsage
from services.batch.measures import AlertThresholds, BatchMeasures
from services.llm_service import AUTO, Target
from utils.circuit_breaker import CircuitBreaker
from utils.clock import Clock, iso
from utils.errors import GenerationError
from utils.logs import redact

_KEPT = 100
_REASON = 300
_RECENT = 50
_FEWEST = 3


class LiveBatch:
    """One batch as it stands. Thread-safe; `snapshot` copies."""

    def __init__(
        self, row: BatchRow, clock: Clock, thresholds: AlertThresholds | None = None, is_shared: bool = False
    ) -> None:
        """Go on from *row*, as the database has it.

        Where several processes work on it (*is_shared*), its counters come from there alone: see `adopt`.
        """
        self._is_shared = is_shared
        self.measures = BatchMeasures(row["metrics"], thresholds or AlertThresholds(), clock)
        self.circuits = CircuitBreaker(clock=clock)
        self._clock = clock
        self._lock = threading.Lock()
        self._request = row["request"]
        self.batch_id: str = row["id"]
        self.target: int = row["target"]
        self.status = BatchStatus(row["status"])
        self.samples: int = row["samples_generated"]
        self._tokens = row["tokens_used"]
        self._cost_usd = row["cost_usd"]
        self._unpriced_tokens = row["unpriced_tokens"]
        self._attempts: int = row["attempts"]
        self._rejected: int = row["rejected"]
        self._in_doubt: int = row["in_doubt"]
        self._reason: str | None = row["reason"]
        self._started_at: str = row["started_at"]
        self._completed_at: str | None = row["completed_at"]
        self._provider: str = row["provider"]
        self._model: str | None = row["model"]
        self._errors: list[BatchError] = list(row["errors"])
        self._model_switches: list[Switch] = list(row["model_switches"])
        self._provider_switches: list[Switch] = list(row["provider_switches"])
        self._failed_models: dict[str, list[str]] = defaultdict(list)
        for kept in self._errors:
            self._mark_failed(kept["category"], kept["provider"], kept["model"])
        self._consecutive_failures = 0
        self._current_sample: str | None = None
        self._waiting: tuple[Cause, str | None] | None = None
        self._waits_until: float | None = None
        self._spreads = self._request.get("provider") == AUTO
        self._elapsed_before_s: float = row["elapsed_s"]
        self._running_since: float | None = None
        self._moved_at = clock.monotonic()
        self._made_at: deque[float] = deque(maxlen=_RECENT)
        self.changed = False

    # --- changes -------------------------------------------------------------------------

    def adopt(self, row: BatchRow) -> None:
        """Take over what all processes together have counted."""
        with self._lock:
            self.changed = self.changed or self.samples != row["samples_generated"]
            self.samples = row["samples_generated"]
            self._tokens, self._cost_usd = row["tokens_used"], row["cost_usd"]
            self._unpriced_tokens, self._attempts = row["unpriced_tokens"], row["attempts"]
            self._rejected, self._in_doubt = row["rejected"], row["in_doubt"]

    def run(self) -> None:
        """Begin or go on: the time counts from here."""
        with self._lock:
            self.status = BatchStatus.RUNNING
            self._running_since = self._moved_at = self._clock.monotonic()
            self._made_at.clear()

    def rest(self, status: BatchStatus) -> bool:
        """Take the step to *status*, which is not running; False when it is not possible any more."""
        with self._lock:
            if self.status.is_final or not self.status.can_become(status):
                return False
            self.status = status
            if status is not BatchStatus.STOPPING:
                self._elapsed_before_s, self._running_since = self._elapsed_s(), None
                self._current_sample = self._waiting = None
            if status.is_final:
                self._completed_at = iso(self._clock.now())
            return True

    def begin(self, topic_key: str) -> None:
        """Note what is being written now."""
        with self._lock:
            self._current_sample = topic_key
            self._waiting = None
            self.changed = True

    def use(self, target: Target, reason: str) -> Switch | None:
        """Note that *target* answered; a change from the last one is a switch, which is returned.

        With provider "auto" the targets take turns; there only a change with a *reason* is a switch.
        """
        with self._lock:
            before = (self._provider, self._model)
            self._provider, self._model = target.provider.id, target.model.id
            if before[1] is None or before == (self._provider, self._model) or (self._spreads and not reason):
                return None
            self.measures.switched()
            switch = self._switch(before[0], before[1], reason or "the preferred target is open again")
            if before[0] != self._provider:
                self._provider_switches = [*self._provider_switches, switch][-_KEPT:]
            else:
                self._model_switches = [*self._model_switches, switch][-_KEPT:]
            return switch

    def finished(self) -> None:
        """Count a stored sample."""
        with self._lock:
            self.samples += not self._is_shared
            self._consecutive_failures = 0
            self._moved_at = self._clock.monotonic()
            self._made_at.append(self._moved_at)

    def rejected(self) -> None:
        """Count an item that gave no sample."""
        with self._lock:
            self._rejected += not self._is_shared
            self._consecutive_failures += 1

    def spend(self, usage: CallUsage) -> None:
        """Count a call and what it used."""
        if self._is_shared:
            return
        with self._lock:
            self._attempts += 1
            self._tokens += usage.tokens
            self._cost_usd += usage.cost_usd or 0.0
            self._unpriced_tokens += usage.unpriced_tokens

    def fail(self, topic_key: str, error: GenerationError, attempt: int) -> BatchError:
        """Keep one failure; return it as the API shows it."""
        self.measures.failed(error.category)
        with self._lock:
            self._mark_failed(error.category, error.provider, error.model)
            return self._keep(topic_key, str(error), error.category, (error.provider, error.model), attempt)

    def note(self, reason: str, category: str = "general") -> BatchError:
        """Keep a reason that belongs to no single sample."""
        with self._lock:
            return self._keep(None, reason, category, ("", ""), 0)

    def end_with(self, reason: str) -> None:
        """Keep why the batch ended short."""
        with self._lock:
            self._reason = reason
            self._keep(None, reason, "general", ("", ""), 0)

    def wait(self, cause: Cause, seconds: float | None) -> bool:
        """Say that nothing can be done for *seconds* (None: not known) because of *cause*; True when that is news."""
        until = None if seconds is None else iso(self._clock.now() + timedelta(seconds=round(seconds)))
        with self._lock:
            before, self._waiting = self._waiting, (cause, until)
            self._waits_until = None if seconds is None else self._clock.monotonic() + seconds
            return before is None or before[0] != cause

    # --- views ---------------------------------------------------------------------------

    def elapsed_s(self) -> float:
        """Return the seconds that the batch has run, pauses left out."""
        with self._lock:
            return self._elapsed_s()

    def idle_s(self) -> float:
        """Return the seconds since the last sample, or since it began to run."""
        with self._lock:
            return self._clock.monotonic() - self._moved_at

    def columns(self) -> BatchColumns:
        """Return what the database keeps beside the counters."""
        measured = self.measures.to_dict()
        with self._lock:
            self.changed = False
            return {
                "completed_at": self._completed_at,
                "provider": self._provider,
                "model": self._model,
                "elapsed_s": round(self._elapsed_s(), 3),
                "reason": self._reason,
                "metrics": measured,
                "errors": list(self._errors),
                "model_switches": list(self._model_switches),
                "provider_switches": list(self._provider_switches),
            }

    def part(self) -> BatchPart:
        """Return what this process has to tell of a batch that several work on."""
        columns, circuits = self.columns(), self.circuits.get_summary()
        with self._lock:
            cause, until = self._waiting or (None, None)
            return {
                "columns": columns,
                "current_sample": self._current_sample,
                "waiting_for": cause,
                "waiting_until": until,
                "rate": self._rate_per_minute(),
                "circuits": circuits,
            }

    def snapshot(self) -> Batch:
        """Return the batch object of the API; every key is always there."""
        circuits, alerts = self.circuits.get_summary(), self.measures.alerts()
        with self._lock:
            request = self._request
            rate = self._rate_per_minute()
            left = self.target - self.samples
            running = self.status.is_active
            return {
                "batch_id": self.batch_id,
                "running": running,
                "status": _state(self.status),
                "progress": self.samples,
                "total": self.target,
                "samples_generated": self.samples,
                "current_sample": self._current_sample,
                "current_provider": self._provider,
                "current_model": self._model,
                "errors": list(self._errors),
                "started_at": self._started_at,
                "completed_at": self._completed_at,
                "total_tokens": self._tokens,
                "model_switches": list(self._model_switches),
                "provider_switches": list(self._provider_switches),
                "failed_models_by_provider": {
                    name: list(models) for name, models in self._failed_models.items() if models
                },
                "consecutive_failures": self._consecutive_failures,
                "skipped_topics": [row["topic"] for row in circuits["open_circuits"]],
                "circuit_breaker_summary": circuits,
                "topic_filter": request.get("topic"),
                "difficulty_filter": request.get("difficulty"),
                "sample_type_filter": request.get("sample_type") or "",
                "jurisdiction_filter": request.get("jurisdiction"),
                "reasoning_instruction": request.get("reasoning_instruction"),
                "smart_mode": bool(request.get("smart_mode")),
                "last_provider": self._provider,
                "last_model": self._model,
                "samples_per_minute": rate,
                "eta_seconds": self._left_s(left, rate) if running and rate and left > 0 else None,
                "attempts": self._attempts,
                "rejected": self._rejected,
                "cost_usd": None if self._unpriced_tokens else round(self._cost_usd, 6),
                "in_doubt": self._in_doubt,
                "waiting_for": self._waiting[0] if self._waiting else None,
                "waiting_until": self._waiting[1] if self._waiting else None,
                "reason": self._reason,
                "alerts": alerts,
                "metrics": {
                    "tokens_per_sample": round(self._tokens / self.samples, 1) if self.samples else None,
                    "elapsed_s": round(self._elapsed_s(), 1),
                },
            }

    # --- inside --------------------------------------------------------------------------

    def _keep(self, topic: str | None, reason: str, category: str, target: tuple[str, str], attempt: int) -> BatchError:
        row: BatchError = {
            "topic": topic,
            "error": redact(reason)[:_REASON],
            # Our own errors have no others (`utils/errors.py`).
            "category": cast("CallCategory | StorageCategory", category),
            "provider": target[0] or None,
            "model": target[1] or None,
            "attempt": attempt,
            "timestamp": iso(self._clock.now()),
        }
        self._errors = [*self._errors, row][-_KEPT:]
        self.changed = True
        return row

    def _mark_failed(self, category: str, provider: str | None, model: str | None) -> None:
        if category == "model_unavailable" and provider and model and model not in self._failed_models[provider]:
            self._failed_models[provider].append(model)

    def _elapsed_s(self) -> float:
        since = self._running_since
        return self._elapsed_before_s + (self._clock.monotonic() - since if since is not None else 0.0)

    def _left_s(self, left: int, rate: float) -> int:
        """Return the seconds until the end at that pace; no fewer than it waits now."""
        wait_s = self._waits_until - self._clock.monotonic() if self._waiting and self._waits_until is not None else 0.0
        return round(max(left / rate * 60, wait_s))

    def _rate_per_minute(self) -> float | None:
        """Samples a minute, over the last few dozen: what it made hours ago says nothing of when it will end."""
        if len(self._made_at) < _FEWEST or not self.status.is_active:
            return None
        elapsed_s = self._clock.monotonic() - self._made_at[0]
        return round((len(self._made_at) - 1) / elapsed_s * 60, 2) if elapsed_s > 0 else None

    def _switch(self, provider: str, model: str, reason: str) -> Switch:
        """Describe a change from *provider* and *model* to those of now."""
        self.changed = True
        moved = provider != self._provider
        return {
            "from_provider": provider,
            "to_provider": self._provider,
            "from_model": model,
            "to_model": self._model or "",
            "from": provider if moved else model,
            "to": self._provider if moved else self._model or "",
            "provider": self._provider,
            "reason": reason,
            "timestamp": iso(self._clock.now()),
            "samples_generated": self.samples,
            "at_sample": self.samples + 1,
        }


def _state(status: BatchStatus) -> BatchState:
    return status.value
