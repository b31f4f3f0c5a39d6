"""Batches: start, stop, resume, list. Owns the runners and their shutdown."""

import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from models.batch_store import BatchStore
from models.database import Writer
from models.domain import BatchStatus
from models.ledger import Ledger
from models.schemas import MAX_BATCH, BatchRequest, validated
from models.work_store import WorkStore
from services.batch.planner import plan
from services.batch.progress import BatchProgress
from services.batch.records import NO_CIRCUITS, history_row, new_row, nothing
from services.batch.runner import BatchRunner, RunnerServices
from services.catalogue import BALANCE, Catalogue
from services.dataset_service import DatasetService
from services.events import EventBroker
from services.generation_service import GenerationService
from services.llm_service import AUTO, LLMService, Preference
from utils.circuit_breaker import CircuitBreaker
from utils.clock import Clock, iso
from utils.errors import InputError, NotFoundError, StorageError

log = logging.getLogger(__name__)
_PROGRESS_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """Settings of batches."""

    max_concurrent: int = 4
    max_workers: int = 16
    time_limit_s: float = 7200.0
    default_target: int = 2100


@dataclass(frozen=True, slots=True)
class BatchStores:
    """Where batches are kept."""

    writer: Writer
    batches: BatchStore
    work: WorkStore
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
        self._runners: dict[str, BatchRunner] = {}
        self._breakers: dict[str, CircuitBreaker] = {}
        self._published: dict[str, float] = {}
        self._lock = threading.Lock()
        self._publish_lock = threading.Lock()
        self._starting = 0

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

    def start(self, request: BatchRequest) -> dict[str, Any]:
        """Plan and start a batch; as `start_batch`."""
        request = self._settled(request)
        preference = Preference(request.provider or "", request.model, request.allow_failover)
        self._llm.check(preference)
        count = self._count(request)
        jobs = plan(request, self._catalogue, count)
        now = self._clock.now()
        batch_id = f"batch_{int(now.timestamp())}_{secrets.token_hex(4)}"
        row = new_row(batch_id, iso(now), request, count, request.model or self._first_model(preference))
        with self._place():

            def change(connection: Any) -> None:
                self._stores.batches.insert(connection, row)
                self._stores.work.add(connection, batch_id, jobs)

            self._stores.writer.run(change)
            with self._lock:
                runner = self._runner(row, preference)
        runner.start()
        self._publish(runner.progress, True)
        log.info("batch started", extra={"batch_id": batch_id, "target": count, "provider": request.provider})
        return self.snapshot(runner.progress)

    def stop_batch(self, batch_id: str | None = None) -> list[str]:
        """Stop one batch, or all that run; returns at once.

        Returns:
            The ids of the batches that are stopping.

        Raises:
            NotFoundError: no such batch.
            InputError: it does not run, or none does.
        """
        with self._lock:
            running = {name: r for name, r in self._runners.items() if not r.progress.status.is_final}
        if batch_id is not None:
            if batch_id not in running:
                if self._stores.batches.get(batch_id) is None:
                    raise NotFoundError(
                        f"batch {batch_id!r}: not found; list them with GET /api/generate/batch/history"
                    )
                raise InputError(f"batch {batch_id} is not running")
            running = {batch_id: running[batch_id]}
        if not running:
            raise InputError("No batch generation running")
        stopped = []
        for name, runner in running.items():
            if not runner.progress.request_stop():
                continue
            # On the disk before anybody is told: a restart must not go on with what was stopped.
            self._stores.ledger.note(name, status=BatchStatus.STOPPING.value)
            runner.stop()
            self._publish(runner.progress, True)
            stopped.append(name)
        return stopped

    def resume_all(self) -> list[str]:
        """Go on with every batch that was running when the process ended; return their ids."""
        resumed = []
        for row in self._stores.batches.with_status([BatchStatus.RUNNING, BatchStatus.STOPPING, BatchStatus.PENDING]):
            if row["status"] == BatchStatus.STOPPING:
                self._close_row(row["id"], BatchStatus.STOPPED)
                continue
            batch_id = row["id"]
            in_doubt = self._stores.writer.run(partial(self._stores.work.recover, batch_id=batch_id))
            request = BatchRequest.model_validate(row["request"])
            preference = Preference(request.provider or "", request.model, request.allow_failover)
            with self._lock:
                runner = self._runner({**row, "status": BatchStatus.RUNNING.value}, preference)
            runner.progress.doubt(in_doubt)
            runner.start()
            resumed.append(batch_id)
            log.info("batch resumed", extra={"batch_id": batch_id, "in_doubt": in_doubt})
        return resumed

    def close_interrupted(self) -> None:
        """Mark what was running as stopped, for those who do not want it resumed."""
        for row in self._stores.batches.with_status([BatchStatus.RUNNING, BatchStatus.STOPPING, BatchStatus.PENDING]):
            self._close_row(row["id"], BatchStatus.STOPPED)

    def shutdown(self, timeout_s: float) -> None:
        """Leave every batch for the next start; waits at most *timeout_s* seconds."""
        deadline = self._clock.monotonic() + timeout_s
        with self._lock:
            runners = list(self._runners.values())
        for runner in runners:
            runner.abandon()
        for runner in runners:
            runner.join(max(0.0, deadline - self._clock.monotonic()))

    def wait(self, batch_id: str, timeout_s: float | None = None) -> bool:
        """Wait for the end of a batch; False when it did not come in time."""
        runner = self._runners.get(batch_id)
        return runner is None or runner.join(timeout_s)

    # --- queries -------------------------------------------------------------------------

    def running_count(self) -> int:
        """How many batches run now."""
        with self._lock:
            return sum(not runner.progress.status.is_final for runner in self._runners.values())

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

    def all_batches(self, limit: int = 50) -> dict[str, dict[str, Any]]:
        """Return the batch objects by id, newest first."""
        rows = self._stores.batches.page(limit)
        known = {row["id"] for row in rows}
        # A long one may be older than all these.
        rows += [row for row in self._stores.batches.with_status([BatchStatus.RUNNING]) if row["id"] not in known]
        return {row["id"]: self._object_of(row) for row in rows}

    def history(self, limit: int | None, offset: int, status: str | None) -> list[dict[str, Any]]:
        """Return history rows, newest first; running ones with live values."""
        return [history_row(row, self._object_of(row)) for row in self._stores.batches.page(limit, offset, status)]

    def history_of(self, batch_id: str) -> dict[str, Any] | None:
        """Return the history row of one batch; None when there is none."""
        row = self._stores.batches.get(batch_id)
        return history_row(row, self._object_of(row)) if row is not None else None

    def snapshot(self, progress: BatchProgress) -> dict[str, Any]:
        """Return the batch object of *progress*."""
        breaker = self._breakers.get(progress.batch_id)
        return progress.snapshot(breaker.get_summary() if breaker else NO_CIRCUITS)

    # --- inside --------------------------------------------------------------------------

    def _settled(self, request: BatchRequest) -> BatchRequest:
        """Fill in what the request left open."""
        default = AUTO if request.smart_mode else self._llm.default_provider.id
        kind = BALANCE if request.smart_mode else "case_analysis"
        return request.model_copy(
            update={"provider": request.provider or default, "sample_type": request.sample_type or kind}
        )

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Hold one of the places for concurrent batches while a batch is written down."""
        with self._lock:
            active = self._starting + sum(not runner.progress.status.is_final for runner in self._runners.values())
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

    def _first_model(self, preference: Preference) -> str | None:
        if preference.provider == AUTO:
            return None
        return self._llm.candidates(preference)[0].target.model.id

    def _runner(self, row: dict[str, Any], preference: Preference) -> BatchRunner:
        """Make the runner of *row* and remember it; the caller holds the lock."""
        progress = BatchProgress(row, self._clock)
        breaker = CircuitBreaker(clock=self._clock)
        services = RunnerServices(
            self._generation, self._stores.ledger, self._stores.work, breaker, self._clock, self._publish
        )
        runner = BatchRunner(
            progress,
            preference,
            services,
            workers=self._workers(row["target"], preference),
            time_limit_s=self._limits.time_limit_s,
            finished=self._finish,
        )
        self._runners[row["id"]] = runner
        self._breakers[row["id"]] = breaker
        return runner

    def _workers(self, target: int, preference: Preference) -> int:
        """As many workers as the preferred targets can serve at a time."""
        first = [c.target.provider.max_concurrency for c in self._llm.candidates(preference) if c.tier == 0]
        return max(1, min(self._limits.max_workers, target, sum(first) or 1))

    def _finish(self, runner: BatchRunner) -> None:
        """Record the end of a batch, in the runner's own thread."""
        progress = runner.progress
        end = runner.end
        if end is None:
            self._keep_told(progress)
            return
        status, reason = end
        if progress.samples >= progress.target:
            status = BatchStatus.COMPLETED  # the last sample came in while the end was under way
        elif status is BatchStatus.FAILED:
            progress.note(reason)
        self._fold(progress)
        progress.set_status(status)
        columns = progress.columns()

        def change(connection: Any) -> None:
            self._stores.work.cancel_rest(connection, progress.batch_id)
            self._stores.batches.update(connection, progress.batch_id, **columns)

        try:
            self._stores.writer.run(change)
        except StorageError as error:
            log.warning("end of batch not stored", extra={"batch_id": progress.batch_id, "reason": str(error)})
        self._publish(progress, True)
        log.info("batch ended", extra={"batch_id": progress.batch_id, "status": status.value, "reason": reason})

    def _keep_told(self, progress: BatchProgress) -> None:
        """Keep errors and switches of a batch that the next start will go on with."""
        try:
            self._stores.ledger.note(progress.batch_id, **progress.told())
        except StorageError as error:
            log.warning("history not stored", extra={"batch_id": progress.batch_id, "reason": str(error)})

    def _fold(self, progress: BatchProgress) -> None:
        """Bring train.parquet up to date before anybody hears that the batch has ended."""
        try:
            self._dataset.fold()
        except StorageError as error:
            progress.note(str(error), error.code)
            log.warning("samples stay in the journal", extra={"batch_id": progress.batch_id, "reason": str(error)})

    def _close_row(self, batch_id: str, status: BatchStatus) -> None:
        now = iso(self._clock.now())

        def change(connection: Any) -> None:
            self._stores.work.cancel_rest(connection, batch_id)
            self._stores.batches.update(connection, batch_id, status=status.value, completed_at=now)

        self._stores.writer.run(change)

    def _publish(self, progress: BatchProgress, now: bool) -> None:
        """Send the batch object to the streams: ten times a second at most, unless it must go *now*."""
        moment = self._clock.monotonic()
        with self._lock:
            last = self._published.get(progress.batch_id, -1.0)
            if not now and moment - last < _PROGRESS_EVERY_S:
                return
            self._published[progress.batch_id] = moment
        with self._publish_lock:  # an older state must not overtake a newer one
            batch = self.snapshot(progress)
            self._events.publish({"type": "batch_update", "batch_id": progress.batch_id, "batch": batch})

    def _object(self, batch_id: str) -> dict[str, Any]:
        row = self._stores.batches.get(batch_id)
        if row is None:
            raise NotFoundError(f"batch {batch_id!r}: not found; list them with GET /api/generate/batch/history")
        return self._object_of(row)

    def _object_of(self, row: dict[str, Any]) -> dict[str, Any]:
        runner = self._runners.get(row["id"])
        return self.snapshot(runner.progress if runner else BatchProgress(row, self._clock))
