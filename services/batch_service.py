"""Batches: plan, start, pause, resume, stop, list. Owns the runners and their shutdown."""

import itertools
import logging
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from models.domain import ACTIVE, BatchStatus, Job
from models.fields import validated
from models.requests import BatchRequest
from services.batch.admission import Admission, BatchLimits
from services.batch.drafts import keep_drafts
from services.batch.item_queue import ItemQueue
from services.batch.metrics import BatchMetrics
from services.batch.planner import plan, plan_filters
from services.batch.progress import BatchProgress
from services.batch.publisher import BatchPublisher
from services.batch.records import judge_of, new_row, preference_of
from services.batch.recovery import Recovery
from services.batch.registry import Registry, Running
from services.batch.report import plan_summary, within
from services.batch.runner import BatchRunner
from services.batch.views import BatchStores, BatchViews
from services.batch.worker import RunnerServices, RunnerSettings
from services.catalogue import Catalogue
from services.dataset_service import DatasetService
from services.events import EventBroker
from services.generation_service import GenerationService
from services.llm_service import AUTO, Budget, LLMService, Preference
from utils.circuit_breaker import CircuitBreaker
from utils.clock import Clock, iso
from utils.errors import InputError, StorageError

__all__ = ["BatchLimits", "BatchService", "BatchStores", "Collaborators"]
log = logging.getLogger(__name__)
# Share of a shutdown's time that answers under way get to come in.
_WARM = 0.7
_AGAIN_S = 5.0


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
        self._clock = services.clock
        self._stores = stores
        self._limits = limits
        # One command at a time: two may not give a batch two runners, nor may its end come in between.
        self._commands = threading.RLock()
        self._leaving = threading.Event()
        self._admission = Admission(self._llm, self._generation, self._dataset, limits)
        self._registry = Registry(limits.max_concurrent)
        self.views = BatchViews(self._registry, stores, services.events, services.clock)
        self.publisher = BatchPublisher(services.events, self.views.one)
        self.recovery = Recovery(stores, self.publisher, services.clock, self._run, self._keep_drafts)

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
        request, preference, _, jobs = self._planned(request)
        limits = {
            "max_tokens_total": request.max_tokens_total,
            "max_cost_usd": request.max_cost_usd,
            "max_minutes": self._admission.minutes(request) or None,
        }
        return within(plan_summary(jobs, preference, self._generation, self._llm), limits)

    def start(self, request: BatchRequest) -> dict[str, Any]:
        """Plan and start a batch; as `start_batch`."""
        request, preference, count, jobs = self._planned(request)
        first = next(jobs)
        self._admission.check_budget(request, preference, first)
        jobs = itertools.chain([first], jobs)
        now = self._clock.now()
        batch_id = f"batch_{int(now.timestamp())}_{secrets.token_hex(4)}"
        model = request.model or (None if preference.provider == AUTO else self._llm.targets(preference)[0].model.id)
        row = new_row(batch_id, iso(now), request, count, model)
        with self._registry.place():
            try:
                self._stores.ledger.plan(row, jobs)
                self._run(row, "started", {"target": count})
            except StorageError:
                self._discard(batch_id)
                raise
        log.info("batch started", extra={"batch_id": batch_id, "target": count, "provider": request.provider})
        return self.views.one(batch_id)

    def pause(self, batch_id: str) -> dict[str, Any]:
        """Make no new call for a batch; answers under way are still recorded.

        Raises:
            NotFoundError: no such batch.
            InputError: it does not run.
        """
        with self._commands:
            running = self._registry.of(batch_id)
            if running is None or running.runner.progress.status is not BatchStatus.RUNNING:
                status = self.views.one(batch_id)["status"]
                raise InputError(f"batch {batch_id} is {status}, only a running one can be paused")
            progress = running.runner.progress
            # On the disk first: a pause that a restart forgets would be none.
            event = self._stores.ledger.change(batch_id, "paused", {}, status=BatchStatus.PAUSED.value)
            progress.rest(BatchStatus.PAUSED)
            running.runner.pause()
        self.publisher.changed(batch_id, event, True)
        threading.Thread(target=self._fold, args=(progress,), name="fold at a pause", daemon=True).start()
        return self.views.one(batch_id)

    def resume(self, batch_id: str) -> dict[str, Any]:
        """Go on with a paused batch.

        Raises:
            NotFoundError: no such batch.
            InputError: it is not paused, or too many batches run.
        """
        with self._commands:
            running = self._registry.of(batch_id)
            status = self.views.one(batch_id)["status"]
            if status != BatchStatus.PAUSED:
                raise InputError(f"batch {batch_id} is {status}, only a paused one can be resumed")
            self._resume(batch_id, running)
        return self.views.one(batch_id)

    def _resume(self, batch_id: str, running: Running | None) -> None:
        with self._registry.place():
            if running is None:
                self.recovery.resume(batch_id)
            else:
                event = self._stores.ledger.change(batch_id, "resumed", {}, status=BatchStatus.RUNNING.value)
                running.runner.progress.run()
                running.runner.resume()
                self.publisher.changed(batch_id, event, True)

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
        self.views.row(batch_id)
        if not self._stop(batch_id):
            raise InputError(f"batch {batch_id} is not running")
        return [batch_id]

    def shutdown(self, timeout_s: float) -> None:
        """Leave every batch for the next start; waits at most *timeout_s* seconds.

        Answers under way get most of the time to come in: what is paid for should be kept.
        """
        self._leaving.set()
        begun = self._clock.monotonic()
        runners = self._registry.runners()
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
        running = self._registry.of(batch_id)
        return running is None or running.runner.join(timeout_s)

    # --- queries -------------------------------------------------------------------------

    def running_count(self) -> int:
        """How many batches run now."""
        return self._registry.active_count()

    def queue_depth(self) -> int:
        """How many samples the running batches still want."""
        rows = [runner.progress for runner in self._registry.runners()]
        return sum(max(0, row.target - row.samples) for row in rows if row.status.is_active)

    def circuits(self) -> dict[str, int]:
        """Count the topics' circuits that are open or half-open, over all batches."""
        found = [running.breaker.get_summary() for running in self._registry.all()]
        return {state: sum(len(row[f"{state}_circuits"]) for row in found) for state in ("open", "half_open")}

    def get_status(self, batch_id: str | None = None) -> dict[str, Any]:
        """Return one batch object, or the primary one with all others under `batches`.

        Raises:
            NotFoundError: no such batch.
        """
        return self.views.one(batch_id) if batch_id is not None else self.views.status()

    # --- inside --------------------------------------------------------------------------

    def _planned(self, request: BatchRequest) -> tuple[BatchRequest, Preference, int, Iterator[Job]]:
        """Return the request as it is taken, its targets, the number of samples and their jobs."""
        request, preference, count = self._admission.settled(request)
        present = self._dataset.present(plan_filters(request))
        return request, preference, count, plan(request, self._catalogue, count, present)

    def _run(self, row: dict[str, Any], kind: str, detail: dict[str, Any]) -> None:
        """Give *row* a runner and let it run; every item of it is written down."""
        batch_id = row["id"]
        request = BatchRequest.model_validate(row["request"])
        progress = BatchProgress(row, self._clock, self._limits.alerts)
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
        settings = RunnerSettings(
            preference_of(request), spent, self._limits.max_workers, self._admission.minutes(request), judge_of(request)
        )
        runner = BatchRunner(progress, settings, services, self._finish)
        event = self._stores.ledger.change(batch_id, kind, detail, status=BatchStatus.RUNNING.value)
        progress.run()
        self._registry.add(batch_id, Running(runner, breaker))
        runner.start()
        self.publisher.changed(batch_id, event, True)

    def _stop(self, batch_id: str) -> bool:
        with self._commands:
            running = self._registry.of(batch_id)
            if running is None:
                if BatchStatus(self.views.row(batch_id)["status"]).is_final:
                    return False
                self.recovery.close(batch_id)
                return True
            if not running.runner.progress.rest(BatchStatus.STOPPING):
                return False
            try:
                # On the disk before anybody is told: a restart must not go on with what was stopped.
                event = self._stores.ledger.change(batch_id, "stopping", {}, status=BatchStatus.STOPPING.value)
            finally:
                running.runner.stop()  # also when it could not be written: its end is written as soon as that works
        self.publisher.changed(batch_id, event, True)
        return True

    def _finish(self, runner: BatchRunner) -> None:
        """Record the end of a batch, in the runner's own thread."""
        progress = runner.progress
        runner.raise_alerts()
        runner.keep()
        if runner.end is None:
            return
        while not self._drafts_are_kept(progress) and not self._leaving.wait(_AGAIN_S):
            continue
        status, reason = runner.end
        if progress.samples >= progress.target:
            status, reason = BatchStatus.COMPLETED, ""  # the last sample may come in while the end is under way
        else:
            progress.end_with(reason)
        self._fold(progress)
        while not self._close(runner, status) and not self._leaving.wait(_AGAIN_S):
            continue
        self.publisher.forget(progress.batch_id)
        self._llm.gate.forget(progress.batch_id)
        log.info("batch ended", extra={"batch_id": progress.batch_id, "status": status.value, "reason": reason})

    def _drafts_are_kept(self, progress: BatchProgress) -> bool:
        """Store the drafts that were paid for; False when the disk refused."""
        try:
            row = self._stores.batches.get(progress.batch_id)
            for _ in range(self._keep_drafts(row) if row is not None else 0):
                progress.finished()
        except StorageError as error:
            facts = {"batch_id": progress.batch_id, "reason": str(error)}
            log.warning("drafts not stored, will try again", extra=facts)
            return False
        return True

    def _keep_drafts(self, row: dict[str, Any]) -> int:
        """Store the drafts of the batch *row* that were paid for; return how many."""
        judge = judge_of(BatchRequest.model_validate(row["request"]))
        return keep_drafts(row["id"], judge, self._stores.work, self._stores.ledger, self._generation)

    def _close(self, runner: BatchRunner, status: BatchStatus) -> bool:
        """Write the end of a batch; False when the disk refused."""
        progress = runner.progress
        with self._commands:  # no command may come in between
            columns = {**progress.columns(), "metrics": runner.measured, "status": status.value}
            columns["completed_at"] = columns["completed_at"] or iso(self._clock.now())
            try:
                event = self._stores.ledger.close(progress.batch_id, **columns)
            except StorageError as error:
                facts = {"batch_id": progress.batch_id, "reason": str(error)}
                log.warning("end of batch not stored, will try again", extra=facts)
                return False
            progress.rest(status)
            self._registry.remove(progress.batch_id)  # from here on the table knows all there is
        self.publisher.changed(progress.batch_id, event, True)
        return True

    def _discard(self, batch_id: str) -> None:
        try:
            self._stores.ledger.discard(batch_id, "it could not be planned")
        except StorageError as error:
            log.warning("batch not discarded", extra={"batch_id": batch_id, "reason": str(error)})

    def _fold(self, progress: BatchProgress) -> None:
        """Bring train.parquet up to date before anybody hears that the batch has ended."""
        try:
            self._dataset.fold()
        except StorageError as error:
            progress.note(str(error), error.code)
            log.warning("samples stay in the journal", extra={"batch_id": progress.batch_id, "reason": str(error)})
        except Exception:  # the end of a batch must not hang on its file; the samples are in the journal
            log.exception("fold failed", extra={"batch_id": progress.batch_id})
