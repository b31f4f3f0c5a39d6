"""The live state of one batch: changed by its workers, read by everybody, under one lock."""

import threading
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from models.domain import BatchStatus
from services.llm_service import Target
from utils.clock import Clock, iso
from utils.errors import GenerationError
from utils.logs import redact

_KEPT = 100
_REASON = 300


class BatchProgress:
    """Counts, switches and errors of a batch. Thread-safe; `snapshot` copies."""

    def __init__(self, row: Mapping[str, Any], clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._request: dict[str, Any] = dict(row["request"])
        self.batch_id: str = row["id"]
        self.target: int = row["target"]
        self.status = BatchStatus(row["status"])
        self.samples: int = row["samples_generated"]
        self._tokens: int = row["tokens_used"]
        self._attempts: int = row["attempts"]
        self._rejected: int = row["rejected"]
        self._started_at: str = row["started_at"]
        self._completed_at: str | None = row["completed_at"]
        self._provider: str | None = row["provider"]
        self._model: str | None = row["model"]
        self._errors: list[dict[str, Any]] = list(row["errors"])
        self._model_switches: list[dict[str, Any]] = list(row["model_switches"])
        self._provider_switches: list[dict[str, Any]] = list(row["provider_switches"])
        self._failed_models: dict[str, list[str]] = defaultdict(list)
        self._consecutive_failures = 0
        self._current_sample: str | None = None
        self._waiting_until: str | None = None
        self._in_doubt = 0
        self._spreads = self._request.get("provider") == "auto"
        self._begun = clock.monotonic()
        self._samples_before = self.samples

    def set_status(self, status: BatchStatus) -> None:
        """Take the step to *status*; InputError when it is not possible."""
        with self._lock:
            self.status = self.status.to(status)
            if status.is_final:
                self._completed_at = iso(self._clock.now())
                self._current_sample = self._waiting_until = None

    def begin(self, topic_key: str) -> None:
        """Note what is being written now."""
        with self._lock:
            self._current_sample = topic_key

    def use(self, target: Target, reason: str) -> None:
        """Note that *target* answered; a change from the last one is a switch.

        With provider "auto" the targets take turns; there only a change with a *reason* is a switch.
        """
        with self._lock:
            before = (self._provider, self._model)
            self._provider, self._model = target.provider.id, target.model.id
            if before[1] is None or before == (self._provider, self._model) or (self._spreads and not reason):
                return
            reason = reason or "the preferred target is open again"
            switch = self._switch(before, reason)
            if before[0] != self._provider:
                self._provider_switches = [*self._provider_switches, switch][-_KEPT:]
            else:
                self._model_switches = [*self._model_switches, switch][-_KEPT:]

    def count(self, *, samples: int = 0, rejected: int = 0, tokens: int = 0, attempts: int = 0) -> None:
        """Add what the ledger has recorded."""
        with self._lock:
            self.samples += samples
            self._rejected += rejected
            self._tokens += tokens
            self._attempts += attempts
            if samples:
                self._consecutive_failures = 0
                self._waiting_until = None
            elif rejected:
                self._consecutive_failures += 1

    def fail(self, topic_key: str, error: GenerationError, attempt: int) -> None:
        """Keep one failure, as the API shows it."""
        with self._lock:
            self._keep(topic_key, str(error), error.category, (error.provider, error.model), attempt)
            failed = self._failed_models[error.provider]
            if error.category == "model_unavailable" and error.model and error.model not in failed:
                failed.append(error.model)

    def note(self, reason: str, category: str = "general") -> None:
        """Keep a reason that belongs to no single sample."""
        with self._lock:
            self._keep(None, reason, category, ("", ""), 0)

    def _keep(self, topic: str | None, reason: str, category: str, target: tuple[str, str], attempt: int) -> None:
        row = {
            "topic": topic,
            "error": redact(reason)[:_REASON],
            "category": category,
            "provider": target[0] or None,
            "model": target[1] or None,
            "attempt": attempt,
            "timestamp": iso(self._clock.now()),
        }
        self._errors = [*self._errors, row][-_KEPT:]

    def wait_until(self, moment: str | None) -> None:
        """Say until when nothing can be done, or None."""
        with self._lock:
            self._waiting_until = moment

    def doubt(self, count: int) -> None:
        """Count calls that were in flight when the process ended."""
        with self._lock:
            self._in_doubt += count

    def request_stop(self) -> bool:
        """Take the step to stopping; False when the batch has ended meanwhile."""
        with self._lock:
            if self.status.is_final:
                return False
            self.status = BatchStatus.STOPPING
            return True

    def told(self) -> dict[str, Any]:
        """Return the lists that the history shows, as the database keeps them."""
        with self._lock:
            return self._told()

    def columns(self) -> dict[str, Any]:
        """Return what the database keeps beside the counters."""
        with self._lock:
            return {
                "status": self.status.value,
                "completed_at": self._completed_at,
                "provider": self._provider or "",
                "model": self._model,
                **self._told(),
            }

    def snapshot(self, breaker_summary: dict[str, list[dict[str, object]]]) -> dict[str, Any]:
        """Return the batch object of the API; every key is always there."""
        with self._lock:
            request = self._request
            rate = self._rate_per_minute()
            left = self.target - self.samples
            running = self.status in (BatchStatus.RUNNING, BatchStatus.STOPPING, BatchStatus.PENDING)
            return {
                "batch_id": self.batch_id,
                "running": running,
                "status": self.status.value,
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
                "skipped_topics": [row["topic"] for row in breaker_summary["open_circuits"]],
                "circuit_breaker_summary": breaker_summary,
                "topic_filter": request.get("topic"),
                "difficulty_filter": request.get("difficulty"),
                "sample_type_filter": request.get("sample_type"),
                "jurisdiction_filter": request.get("jurisdiction"),
                "reasoning_instruction": request.get("reasoning_instruction"),
                "smart_mode": bool(request.get("smart_mode")),
                "last_provider": self._provider,
                "last_model": self._model,
                "samples_per_minute": rate,
                "eta_seconds": round(left / rate * 60) if running and rate and left > 0 else None,
                "attempts": self._attempts,
                "rejected": self._rejected,
                "cost_usd": None,
                "in_doubt": self._in_doubt,
                "waiting_until": self._waiting_until,
                "metrics": {"tokens_per_sample": round(self._tokens / self.samples, 1) if self.samples else None},
            }

    def _told(self) -> dict[str, Any]:
        return {
            "errors": list(self._errors),
            "model_switches": list(self._model_switches),
            "provider_switches": list(self._provider_switches),
        }

    def _rate_per_minute(self) -> float | None:
        elapsed_s = self._clock.monotonic() - self._begun
        made = self.samples - self._samples_before
        return round(made / elapsed_s * 60, 2) if made and elapsed_s > 0 and not self.status.is_final else None

    def _switch(self, before: tuple[str | None, str | None], reason: str) -> dict[str, Any]:
        return {
            "from_provider": before[0],
            "to_provider": self._provider,
            "from_model": before[1],
            "to_model": self._model,
            "from": before[0] if before[0] != self._provider else before[1],
            "to": self._provider if before[0] != self._provider else self._model,
            "provider": self._provider,
            "reason": reason,
            "timestamp": iso(self._clock.now()),
            "samples_generated": self.samples,
            "at_sample": self.samples + 1,
        }
