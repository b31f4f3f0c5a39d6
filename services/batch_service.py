"""Batches: plan, start, pause, resume, stop, list. Owns the runners and their shutdown."""

import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from models.batch_store import BatchStore
from models.domain import ACTIVE, BatchStatus
from models.event_store import EventStore
from models.ledger import Ledger
from models.schemas import MAX_BATCH, BatchRequest, validated
from models.usage_store import UsageStore
from models.work_store import WorkStore
from services.batch.item_queue import ItemQueue
from services.batch.metrics import BatchMetrics
from services.batch.planner import plan, plan_filters
from services.batch.progress import BatchProgress
from services.batch.publisher import BatchPublisher
from services.batch.records import NO_CIRCUITS, history_row, new_row, nothing
from services.batch.report import plan_summary, report, stuck_after_s, why_stuck
from services.batch.runner import BatchRunner, RunnerServices, RunnerSettings
from services.catalogue import BALANCE, Catalogue
from services.dataset_service import DatasetService
from services.events import EventBroker, Subscription, encode
from services.generation_service import GenerationService
from services.llm_service import AUTO, Budget, LLMService, Preference
from utils.circuit_breaker import CircuitBreaker
from utils.clock import Clock, iso
from utils.errors import InputError, NotFoundError, StorageError

log = logging.getLogger(__name__)
_SHOWN = 50
_MAX_EVENTS = 1000
# Share of a shutdown's time that answers under way get to come in.
_WARM = 0.7


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """Settings of batches; 0 for no time limit."""

    max_concurrent: int = 4
    max_workers: int = 64
    time_limit_s: float = 7200.0
    default_target: int = 2100


@dataclass(frozen=True, slots=True)
class BatchStores:
    """Where batches are kept."""

    batches: BatchStore
    work: WorkStore
    events: EventStore
    usage: UsageStore
    ledger: Ledger


@dataclass(frozen=True, slots=True)
class Collaborators:
    """The services that batches build on."""

    catalogue: Catalogue
    llm: LLMService
    generation: GenerationService
    dataset: DatasetService
    events: EventBroker
    clock: Clock


@dataclass(frozen=True, slots=True)
class _Running:
    """A batch that has a runner."""

    runner: BatchRunner
    breaker: CircuitBreaker


class BatchService:
    """Every batch of this process. Thread-safe."""

    def __init__(self, services: Collaborators, stores: BatchStores, limits: BatchLimits) -> None:
        self._catalogue = services.catalogue
        self._llm = services.llm
        self._generation = services.generation
        self._dataset = services.dataset
        self._events = services.events
        self._clock = services.clock
        self._stores = stores
        self._limits = limits
        self._running: dict[str, _Running] = {}
        self._lock = threading.Lock()
        self._starting = 0
        self.publisher = BatchPublisher(services.events, self._object)

    # --- commands ------------------------------------------------------------------------

    def start_batch(
        self, target_count: int | None = None, provider: str | None = None, **filters: Any
    ) -> dict[str, Any]:
        """Start a batch; *filters* are the other fields of `BatchRequest`.

        Returns:
            The batch object as it starts.

        Raises:
            InputError: a field is wrong, the target is reached already, or too many batches run.
        """
        return self.start(validated(BatchRequest, {"target_count": target_count, "provider": provider, **filters}))

    def plan(self, request: BatchRequest) -> dict[str, Any]:
        """Return what a start with *request* would do, and what it would take; InputError as `start`."""
        request, preference, count = self._settled(request)
        jobs = plan(request, self._catalogue, count, self._dataset.present(plan_filters(request)))
        return plan_summary(jobs, preference, self._generation, self._llm)

    def start(self, request: BatchRequest) -> dict[str, Any]:
        """Plan and start a batch; as `start_batch`."""
        request, preference, count = self._settled(request)
        jobs = plan(request, self._catalogue, count, self._dataset.present(plan_filters(request)))
        now = self._clock.now()
        batch_id = f"batch_{int(now.timestamp())}_{secrets.token_hex(4)}"
        model = request.model or (None if preference.provider == AUTO else self._llm.targets(preference)[0].model.id)
        row = new_row(batch_id, iso(now), request, count, model)
        with self._place():
            self._stores.ledger.plan(row, jobs)
            self._run(row, "started", {"target": count})
        log.info("batch started", extra={"batch_id": batch_id, "target": count, "provider": request.provider})
        return self._object(batch_id)

    def pause(self, batch_id: str) -> dict[str, Any]:
        """Make no new call for a batch; answers under way are still recorded.

        Raises:
            NotFoundError: no such batch.
            InputError: it does not run.
        """
        running = self._of(batch_id)
        if running is None or not running.runner.progress.rest(BatchStatus.PAUSED):
            raise InputError(
                f"batch {batch_id} is {self._object(batch_id)['status']}, only a running one can be paused"
            )
        running.runner.pause()
        columns = {**running.runner.progress.columns(), "status": BatchStatus.PAUSED.value}
        self.publisher.changed(batch_id, self._stores.ledger.change(batch_id, "paused", {}, **columns), True)
        threading.Thread(
            target=self._fold, args=(running.runner.progress,), name="fold at a pause", daemon=True
        ).start()
        return self._object(batch_id)

    def resume(self, batch_id: str) -> dict[str, Any]:
        """Go on with a paused batch.

        Raises:
            NotFoundError: no such batch.
            InputError: it is not paused, or too many batches run.
        """
        running = self._of(batch_id)
        row = self._row(batch_id)
        if row["status"] != BatchStatus.PAUSED:
            raise InputError(f"batch {batch_id} is {row['status']}, only a paused one can be resumed")
        with self._place():
            if running is None:
                self._stores.ledger.recover(batch_id)
                self._run(self._row(batch_id), "resumed", {})
            else:
                event = self._stores.ledger.change(batch_id, "resumed", {}, status=BatchStatus.RUNNING.value)
                running.runner.progress.run()
                running.runner.resume()
                self.publisher.changed(batch_id, event, True)
        return self._object(batch_id)

    def stop_batch(self, batch_id: str | None = None) -> list[str]:
        """Stop one batch, or all that run or pause; returns at once.

        Returns:
            The ids of the batches that are stopping.

        Raises:
            NotFoundError: no such batch.
            InputError: it does not run, or none does.
        """
        if batch_id is None:
            rows = self._stores.batches.with_status([*ACTIVE, BatchStatus.PAUSED])
            stopped = [row["id"] for row in rows if self._stop(row["id"])]
            if not stopped:
                raise InputError("No batch generation running")
            return stopped
        self._row(batch_id)
        if not self._stop(batch_id):
            raise InputError(f"batch {batch_id} is not running")
        return [batch_id]

    def resume_all(self) -> list[str]:
        """Go on with every batch that was running when the process ended; return their ids."""
        self._close_interrupted((BatchStatus.STOPPING,), "stopped on request")
        resumed = []
        for row in self._stores.batches.with_status([BatchStatus.RUNNING]):
            in_doubt = self._stores.ledger.recover(row["id"])
            self._run(self._row(row["id"]), "resumed", {"in_doubt": in_doubt})
            resumed.append(row["id"])
            log.info("batch resumed", extra={"batch_id": row["id"], "in_doubt": in_doubt})
        return resumed

    def close_interrupted(self) -> None:
        """Mark what was running as stopped, for those who do not want it resumed."""
        self._close_interrupted((BatchStatus.STOPPING, BatchStatus.RUNNING), "the service ended; RESUME_BATCHES is off")

    def shutdown(self, timeout_s: float) -> None:
        """Leave every batch for the next start; waits at most *timeout_s* seconds.

        Answers under way get most of the time to come in: what is paid for should be kept.
        """
        begun = self._clock.monotonic()
        with self._lock:
            runners = [running.runner for running in self._running.values()]
        for runner in runners:
            runner.drain()
        for share in (_WARM, 1.0):
            for runner in runners:
                runner.join(max(0.0, begun + share * timeout_s - self._clock.monotonic()))
            for runner in runners:
                runner.abandon()
        self.publisher.close()

    def wait(self, batch_id: str, timeout_s: float | None = None) -> bool:
        """Wait for the end of a batch; False when it did not come in time."""
        running = self._of(batch_id)
        return running is None or running.runner.join(timeout_s)

    # --- queries -------------------------------------------------------------------------

    def running_count(self) -> int:
        """How many batches run now."""
        with self._lock:
            return sum(running.runner.progress.status.is_active for running in self._running.values())

    def get_status(self, batch_id: str | None = None) -> dict[str, Any]:
        """Return one batch object, or the primary one with all others under `batches`.

        Raises:
            NotFoundError: no such batch.
        """
        if batch_id is not None:
            return self._object(batch_id)
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
        row = self._row(batch_id)
        running = self._of(batch_id)
        metrics = running.runner.metrics if running else BatchMetrics(row["metrics"])
        usage = self._stores.usage.summary(("provider", "model"), batch_id=batch_id)
        counts, reasons = self._stores.work.counts(batch_id), self._stores.work.reasons(batch_id)
        return report(self._object_of(row), counts, reasons, usage, metrics)

    def events_of(self, batch_id: str, after: int, limit: int | None) -> list[dict[str, Any]]:
        """Return the changes of a batch after event *after*, oldest first; NotFoundError when there is none."""
        self._row(batch_id)
        return self._stores.events.of(batch_id, after, min(limit or _MAX_EVENTS, _MAX_EVENTS))

    def stuck(self) -> list[dict[str, Any]]:
        """Return the batches that run and make no progress, and why."""
        found = []
        for row in self._stores.batches.with_status(ACTIVE):
            running, batch = self._of(row["id"]), self._object_of(row)
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
                    update = {"type": "batch_update", "batch_id": batch_id, "batch": self._object(batch_id)}
                    messages.append(encode(update, event_id))
            return messages

        return self._events.subscribe(first, shared=last_event_id is None)

    # --- inside --------------------------------------------------------------------------

    def _settled(self, request: BatchRequest) -> tuple[BatchRequest, Preference, int]:
        """Fill in what the request left open; refuse what cannot be done."""
        default = AUTO if request.smart_mode or request.providers else self._llm.default_provider.id
        kind = BALANCE if request.smart_mode or (request.mix and request.mix.sample_types) else "case_analysis"
        request = request.model_copy(
            update={"provider": request.provider or default, "sample_type": request.sample_type or kind}
        )
        preference = _preference(request)
        self._llm.check(preference)
        return request, preference, self._count(request)

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Hold one of the places for concurrent batches while a batch is written down."""
        with self._lock:
            active = self._starting + sum(row.runner.progress.status.is_active for row in self._running.values())
            if active >= self._limits.max_concurrent:
                raise InputError(
                    f"{active} batch generations are already running, which is the limit; "
                    "wait for one, stop one, or raise MAX_CONCURRENT_BATCHES"
                )
            self._starting += 1
        try:
            yield
        finally:
            with self._lock:
                self._starting -= 1

    def _count(self, request: BatchRequest) -> int:
        """How many new samples are wanted; `target_count` is the size the data set shall reach."""
        if request.count is not None:
            return request.count
        present = self._dataset.count()
        target = request.target_count or self._limits.default_target
        if target <= present:
            raise InputError(f"Target count ({target}) must be greater than current samples ({present})")
        if target - present > MAX_BATCH:
            raise InputError(f"target_count: got {target - present} new samples, want at most {MAX_BATCH} in one batch")
        return target - present

    def _run(self, row: dict[str, Any], kind: str, detail: dict[str, Any]) -> None:
        """Give *row* a runner and let it run; every item of it is written down."""
        batch_id = row["id"]
        request = BatchRequest.model_validate(row["request"])
        progress = BatchProgress(row, self._clock)
        breaker = CircuitBreaker(clock=self._clock)
        services = RunnerServices(
            self._generation,
            self._llm,
            self._stores.ledger,
            ItemQueue(self._stores.work, batch_id),
            breaker,
            BatchMetrics(row["metrics"]),
            self._clock,
            lambda event, now: self.publisher.changed(batch_id, event, now),
        )
        spent = Budget(
            "budget of the batch", request.max_tokens_total, request.max_cost_usd, row["tokens_used"], row["cost_usd"]
        )
        minutes = request.max_minutes or self._limits.time_limit_s / 60
        settings = RunnerSettings(_preference(request), spent, self._limits.max_workers, minutes)
        runner = BatchRunner(progress, settings, services, self._finish)
        event = self._stores.ledger.change(batch_id, kind, detail, status=BatchStatus.RUNNING.value)
        progress.run()
        with self._lock:
            self._running[batch_id] = _Running(runner, breaker)
        runner.start()
        self.publisher.changed(batch_id, event, True)

    def _stop(self, batch_id: str) -> bool:
        running = self._of(batch_id)
        if running is None:
            if self._row(batch_id)["status"] != BatchStatus.PAUSED:
                return False
            self._close_row(batch_id, "stopped on request")
            return True
        if not running.runner.progress.rest(BatchStatus.STOPPING):
            return False
        # On the disk before anybody is told: a restart must not go on with what was stopped.
        event = self._stores.ledger.change(batch_id, "stopping", {}, status=BatchStatus.STOPPING.value)
        running.runner.stop()
        self.publisher.changed(batch_id, event, True)
        return True

    def _finish(self, runner: BatchRunner) -> None:
        """Record the end of a batch, in the runner's own thread."""
        progress = runner.progress
        runner.keep()
        if runner.end is None:
            return
        status, reason = runner.end
        if progress.samples >= progress.target:
            status, reason = BatchStatus.COMPLETED, ""  # the last sample may come in while the end is under way
        else:
            progress.end_with(reason)
        self._fold(progress)
        progress.rest(status)
        columns = {**progress.columns(), "metrics": runner.metrics.to_dict(), "status": status.value}
        event = 0
        try:
            event = self._stores.ledger.close(progress.batch_id, **columns)
        except StorageError as error:
            log.warning("end of batch not stored", extra={"batch_id": progress.batch_id, "reason": str(error)})
        else:
            with self._lock:  # from here on the table knows all there is
                self._running.pop(progress.batch_id, None)
        self.publisher.changed(progress.batch_id, event, True)
        self.publisher.forget(progress.batch_id)
        self._llm.gate.forget(progress.batch_id)
        log.info("batch ended", extra={"batch_id": progress.batch_id, "status": status.value, "reason": reason})

    def _fold(self, progress: BatchProgress) -> None:
        """Bring train.parquet up to date before anybody hears that the batch has ended."""
        try:
            self._dataset.fold()
        except StorageError as error:
            progress.note(str(error), error.code)
            log.warning("samples stay in the journal", extra={"batch_id": progress.batch_id, "reason": str(error)})

    def _close_interrupted(self, statuses: tuple[BatchStatus, ...], reason: str) -> None:
        for row in self._stores.batches.with_status([BatchStatus.PENDING]):
            self._stores.ledger.discard(row["id"], "the service ended while the batch was being planned")
        for row in self._stores.batches.with_status(statuses):
            self._close_row(row["id"], reason)

    def _close_row(self, batch_id: str, reason: str) -> None:
        columns = {"status": BatchStatus.STOPPED.value, "completed_at": iso(self._clock.now()), "reason": reason}
        self.publisher.changed(batch_id, self._stores.ledger.close(batch_id, **columns), True)

    def _of(self, batch_id: str) -> _Running | None:
        with self._lock:
            return self._running.get(batch_id)

    def _row(self, batch_id: str) -> dict[str, Any]:
        row = self._stores.batches.get(batch_id)
        if row is None:
            raise NotFoundError(f"batch {batch_id!r}: not found; list them with GET /api/generate/batch/history")
        return row

    def _object(self, batch_id: str) -> dict[str, Any]:
        running = self._of(batch_id)
        return self._object_of({"id": batch_id} if running else self._row(batch_id))

    def _object_of(self, row: dict[str, Any]) -> dict[str, Any]:
        running = self._of(row["id"])
        if running is not None:
            return running.runner.progress.snapshot(running.breaker.get_summary())
        if "status" not in row or row["status"] in ACTIVE:  # it has ended since
            row = self._row(row["id"])
        return BatchProgress(row, self._clock).snapshot(NO_CIRCUITS)


def _preference(request: BatchRequest) -> Preference:
    return Preference(
        request.provider or "",
        request.model,
        request.allow_failover,
        request.providers,
        request.models,
        request.weights,
        priced_only=request.max_cost_usd is not None,
    )
