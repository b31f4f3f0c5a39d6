"""What can be seen of batches: objects, history, reports, changes, streams. Changes nothing."""

from typing import cast

from models.batches.batch_store import BatchRow
from models.contract.answers.batch_events import BatchEvent
from models.contract.answers.batch_reports import BatchReport, StuckBatch
from models.contract.answers.batches import Batch, HistoryRow, NoBatch, PrimaryBatch
from models.domain import ACTIVE, BatchStatus
from services.batch.following import Following
from services.batch.live import LiveBatch
from services.batch.objects import history_row, nothing
from services.batch.others import Others
from services.batch.report import report, stuck_after_s, why_stuck
from services.batch.running import RunningBatches
from services.batch.stores import BatchStores
from services.streams.broker import EventBroker, Subscription, encode
from utils.clock import Clock
from utils.errors import NotFoundError

_SHOWN = 50
_MAX_EVENTS = 1000
# Changes of the batch as a whole; those of single samples are many.
_TURNS = ("started", "paused", "resumed", "stopping", "switch", "alert", "ended")
_MOST_TURNS = 200


class BatchMonitor:
    """Shows every batch, live where it has a runner. Thread-safe."""

    def __init__(self, running: RunningBatches, stores: BatchStores, events: EventBroker, clock: Clock) -> None:
        self._running = running
        self._stores = stores
        self._events = events
        self._clock = clock
        self._others = Others(stores, clock)

    def row(self, batch_id: str) -> BatchRow:
        """Return the stored row of a batch; NotFoundError when there is none."""
        row = self._stores.batches.get(batch_id)
        if row is None:
            raise NotFoundError(f"batch {batch_id!r}: not found; list them with GET /api/generate/batch/history")
        return row

    def one(self, batch_id: str) -> Batch:
        """Return the batch object; NotFoundError when there is none."""
        runner = self._running.of(batch_id) if self._others.are_none else None
        return runner.live.snapshot() if runner else self._object_of(self.row(batch_id))

    def status(self) -> PrimaryBatch | NoBatch:
        """Return the primary batch object with all others under `batches`."""
        batches = self.all_batches()
        if not batches:
            return nothing()
        running = [batch for batch in batches.values() if batch["running"]]
        return {**(running or list(batches.values()))[0], "batches": batches, "count": len(running)}

    def all_batches(self, limit: int = _SHOWN) -> dict[str, Batch]:
        """Return the batch objects by id, newest first."""
        rows = self._stores.batches.page(limit)
        known = {row["id"] for row in rows}
        # A long one may be older than all these.
        going_on = self._stores.batches.with_status([*ACTIVE, BatchStatus.PAUSED])
        rows += [row for row in reversed(going_on) if row["id"] not in known]
        return {row["id"]: self._object_of(row) for row in rows}

    def history(self, limit: int | None, offset: int, status: str | None) -> list[HistoryRow]:
        """Return history rows, newest first; running ones with live values."""
        return [history_row(row, self._object_of(row)) for row in self._stores.batches.page(limit, offset, status)]

    def count(self, status: str | None = None) -> int:
        """Count the batches, or those in *status*."""
        return self._stores.batches.count(status)

    def going_on(self) -> list[Batch]:
        """Return the batches that have not ended, newest first."""
        rows = self._stores.batches.with_status([*ACTIVE, BatchStatus.PAUSED])
        return [self._object_of(row) for row in reversed(rows)]

    def history_of(self, batch_id: str) -> HistoryRow | None:
        """Return the history row of one batch; None when there is none."""
        row = self._stores.batches.get(batch_id)
        return history_row(row, self._object_of(row)) if row is not None else None

    def report(self, batch_id: str) -> BatchReport:
        """Return everything that is known of a batch; NotFoundError when there is none."""
        row = self.row(batch_id)
        runner = self._running.of(batch_id) if self._others.are_none else None
        measures = runner.live.measures if runner else LiveBatch(self._others.told(row), self._clock).measures
        usage = self._stores.usage.summary(("provider", "model"), batch_id=batch_id)
        counts, reasons = self._stores.work.counts(batch_id), self._stores.work.reasons(batch_id)
        return report(self._object_of(row), counts, reasons, usage, measures)

    def events_of(self, batch_id: str, after: int, limit: int | None) -> list[BatchEvent]:
        """Return the changes of a batch after event *after*, oldest first; NotFoundError when there is none."""
        self.row(batch_id)
        found = self._stores.events.of(batch_id, after, min(limit or _MAX_EVENTS, _MAX_EVENTS))
        return cast("list[BatchEvent]", found)  # `Ledger` wrote each with the detail of its kind

    def events_of_sample(self, batch_id: str, sample_id: str) -> list[BatchEvent]:
        """Return what happened on the way to a sample of a batch, oldest first; none that is not kept any more."""
        return cast("list[BatchEvent]", self._stores.events.of_sample(batch_id, sample_id))  # as above

    def turns_of(self, batch_id: str) -> list[BatchEvent]:
        """Return the last changes of a batch as a whole, newest first: its states, its targets, its alerts."""
        found = self._stores.events.newest(batch_id, _TURNS, _MOST_TURNS)
        return cast("list[BatchEvent]", found)  # as in `events_of`

    def stuck(self) -> list[StuckBatch]:
        """Return the batches that run and make no progress, and why."""
        found: list[StuckBatch] = []
        for row in self._stores.batches.with_status(ACTIVE):
            runner, batch = self._running.of(row["id"]), self._object_of(row)
            idle_s = runner.live.idle_s() if runner else None
            p95_s = runner.live.measures.p95_s() if runner else None
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
                    "is_zombie": runner is None,
                    "explanation": why_stuck(batch) if runner else "the service does not run it; stop it, or restart",
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

    def follow(self, batch_id: str) -> Following:
        """Follow one batch; its changes are told, not what they are.

        Raises:
            NotFoundError: there is none.
            UnavailableError: too many follow already, or the service is stopping.
        """
        self.row(batch_id)
        return Following(self._events.subscribe(list, shared=False), self._events.unsubscribe, batch_id)

    def _object_of(self, row: BatchRow) -> Batch:
        if not self._others.are_none:
            runner = self._running.of(row["id"])
            return self._others.seen(row, runner.untold if runner is not None else None)
        runner = self._running.of(row["id"])
        if runner is not None:
            return runner.live.snapshot()
        if row["status"] in ACTIVE:  # it has ended since
            row = self.row(row["id"])
        return LiveBatch(row, self._clock).snapshot()
