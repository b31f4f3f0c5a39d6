"""What can be seen of batches: objects, history, reports, changes, streams. Changes nothing."""

from dataclasses import dataclass
from typing import Any

from models.batch_store import BatchStore
from models.domain import ACTIVE, BatchStatus
from models.event_store import EventStore
from models.ledger import Ledger
from models.usage_store import UsageStore
from models.work_store import WorkStore
from services.batch.metrics import BatchMetrics
from services.batch.progress import BatchProgress
from services.batch.records import NO_CIRCUITS, history_row, nothing
from services.batch.registry import Registry
from services.batch.report import report, stuck_after_s, why_stuck
from services.events import EventBroker, Subscription, encode
from utils.clock import Clock
from utils.errors import NotFoundError

_SHOWN = 50
_MAX_EVENTS = 1000


@dataclass(frozen=True, slots=True)
class BatchStores:
    """Where batches are kept."""

    batches: BatchStore
    work: WorkStore
    events: EventStore
    usage: UsageStore
    ledger: Ledger


class BatchViews:
    """Views of every batch, live where it has a runner. Thread-safe."""

    def __init__(self, registry: Registry, stores: BatchStores, events: EventBroker, clock: Clock) -> None:
        self._registry = registry
        self._stores = stores
        self._events = events
        self._clock = clock

    def row(self, batch_id: str) -> dict[str, Any]:
        """Return the stored row of a batch; NotFoundError when there is none."""
        row = self._stores.batches.get(batch_id)
        if row is None:
            raise NotFoundError(f"batch {batch_id!r}: not found; list them with GET /api/generate/batch/history")
        return row

    def one(self, batch_id: str) -> dict[str, Any]:
        """Return the batch object; NotFoundError when there is none."""
        running = self._registry.of(batch_id)
        return self._object_of({"id": batch_id} if running else self.row(batch_id))

    def status(self) -> dict[str, Any]:
        """Return the primary batch object with all others under `batches`."""
        batches = self.all_batches()
        running = [batch for batch in batches.values() if batch["running"]]
        primary = (running or list(batches.values()) or [nothing()])[0]
        return {**primary, "batches": batches, "count": len(running)}

    def all_batches(self, limit: int = _SHOWN) -> dict[str, dict[str, Any]]:
        """Return the batch objects by id, newest first."""
        rows = self._stores.batches.page(limit)
        known = {row["id"] for row in rows}
        # A long one may be older than all these.
        going_on = self._stores.batches.with_status([*ACTIVE, BatchStatus.PAUSED])
        rows += [row for row in reversed(going_on) if row["id"] not in known]
        return {row["id"]: self._object_of(row) for row in rows}

    def history(self, limit: int | None, offset: int, status: str | None) -> list[dict[str, Any]]:
        """Return history rows, newest first; running ones with live values."""
        return [history_row(row, self._object_of(row)) for row in self._stores.batches.page(limit, offset, status)]

    def history_of(self, batch_id: str) -> dict[str, Any] | None:
        """Return the history row of one batch; None when there is none."""
        row = self._stores.batches.get(batch_id)
        return history_row(row, self._object_of(row)) if row is not None else None

    def report(self, batch_id: str) -> dict[str, Any]:
        """Return everything that is known of a batch; NotFoundError when there is none."""
        row = self.row(batch_id)
        running = self._registry.of(batch_id)
        metrics = running.runner.metrics if running else BatchMetrics(row["metrics"])
        usage = self._stores.usage.summary(("provider", "model"), batch_id=batch_id)
        counts, reasons = self._stores.work.counts(batch_id), self._stores.work.reasons(batch_id)
        return report(self._object_of(row), counts, reasons, usage, metrics)

    def events_of(self, batch_id: str, after: int, limit: int | None) -> list[dict[str, Any]]:
        """Return the changes of a batch after event *after*, oldest first; NotFoundError when there is none."""
        self.row(batch_id)
        return self._stores.events.of(batch_id, after, min(limit or _MAX_EVENTS, _MAX_EVENTS))

    def stuck(self) -> list[dict[str, Any]]:
        """Return the batches that run and make no progress, and why."""
        found = []
        for row in self._stores.batches.with_status(ACTIVE):
            running, batch = self._registry.of(row["id"]), self._object_of(row)
            idle_s = running.runner.progress.idle_s() if running else None
            p95_s = running.runner.metrics.p95_s() if running else None
            if idle_s is not None and idle_s < stuck_after_s(p95_s):
                continue
            found.append(
                {
                    "batch_id": row["id"],
                    "started_at": row["started_at"],
                    "elapsed_minutes": round(batch["metrics"]["elapsed_s"] / 60, 1),
                    "idle_minutes": None if idle_s is None else round(idle_s / 60, 1),
                    "samples_generated": batch["samples_generated"],
                    "target": batch["total"],
                    "model": batch["current_model"],
                    "is_zombie": running is None,
                    "explanation": why_stuck(batch) if running else "the service does not run it; stop it, or restart",
                }
            )
        return found

    def subscribe(self, last_event_id: int | None) -> Subscription:
        """Follow all batches: first all of them, then what changed after *last_event_id*, then each change.

        Raises:
            UnavailableError: too many follow already, or the service is stopping.
        """

        def first() -> list[bytes]:
            newest = self._stores.events.last_id()
            messages = [encode({"type": "all_batches", "batches": self.all_batches()}, last_event_id or newest)]
            changed = self._stores.events.changed_since(last_event_id) if last_event_id is not None else {}
            for batch_id, event_id in changed.items():
                if self._stores.batches.get(batch_id) is not None:
                    update = {"type": "batch_update", "batch_id": batch_id, "batch": self.one(batch_id)}
                    messages.append(encode(update, event_id))
            return messages

        return self._events.subscribe(first, shared=last_event_id is None)

    def _object_of(self, row: dict[str, Any]) -> dict[str, Any]:
        running = self._registry.of(row["id"])
        if running is not None:
            return running.runner.progress.snapshot(running.breaker.get_summary())
        if "status" not in row or row["status"] in ACTIVE:  # it has ended since
            row = self.row(row["id"])
        return BatchProgress(row, self._clock).snapshot(NO_CIRCUITS)
