"""Batches: plan, start, pause, resume, stop, list. Owns the runners and their shutdown."""

import itertools
import logging
import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import overload

from models.batches.batch_store import BatchRow
from models.batches.parts import bare
from models.batches.spend_limits import SpendLimits
from models.contract.answers.batch_reports import BatchPlan, PlanLimits
from models.contract.answers.batches import Batch, NoBatch, PrimaryBatch
from models.contract.bodies import BatchRequest
from models.domain import ACTIVE, BatchStatus, Job
from models.fields import validated
from services.batch.admission import Admission, BatchSettings
from services.batch.alike import Admitted, AlikePlanner, Refusal
from services.batch.ending import GOES_ON, Ending
from services.batch.fleet import Fleet
from services.batch.item_queue import ItemQueue
from services.batch.live import LiveBatch
from services.batch.monitor import BatchMonitor
from services.batch.objects import ON_REQUEST, judge_of, new_row, preference_of, request_of
from services.batch.others import Others
from services.batch.planner import leaves_topics_open, plan, plan_filters, type_shares
from services.batch.publisher import BatchPublisher
from services.batch.recovery import Recovery
from services.batch.report import plan_summary
from services.batch.runner import BatchRunner
from services.batch.running import RunningBatches
from services.batch.stores import BatchStores
from services.batch.worker import RunnerServices, RunnerSettings
from services.catalogue.catalogue import Catalogue
from services.dataset.dataset_service import DatasetService
from services.generation_service import GenerationService
from services.llm_service import AUTO, Budget, LLMService, Preference
from services.streams.broker import EventBroker
from utils.clock import Clock, iso
from utils.errors import InputError, StorageError
from utils.metrics import Metrics

__all__ = ["BatchService", "BatchSettings", "BatchStores", "Collaborators"]
log = logging.getLogger(__name__)
# Share of a shutdown's time that answers under way get to come in.
_WARM = 0.7
# Items that are taken at a time: few where others want some too.
_MANY, _FEW = 200, 8


@dataclass(frozen=True, slots=True)
class Collaborators:
    """The services that batches build on."""

    catalogue: Catalogue
    llm: LLMService
    generation: GenerationService
    dataset: DatasetService
    events: EventBroker
    metrics: Metrics
    clock: Clock


class BatchService:
    """Every batch of this process. Thread-safe."""

    def __init__(self, services: Collaborators, stores: BatchStores, settings: BatchSettings) -> None:
        self._catalogue = services.catalogue
        self._llm = services.llm
        self._generation = services.generation
        self._dataset = services.dataset
        self._metrics = services.metrics
        self._clock = services.clock
        self._stores = stores
        self._settings = settings
        # One command at a time: two may not give a batch two runners, nor may its end come in between.
        self._commands = threading.RLock()
        self._admission = Admission(self._llm, self._generation, self._dataset, settings)
        self._alike = AlikePlanner(self._admission, self._catalogue, self._generation, self._dataset)
        self._running = RunningBatches(settings.max_concurrent)
        self._others = Others(stores, services.clock)
        self.monitor = BatchMonitor(self._running, stores, services.events, services.clock)
        self.publisher = BatchPublisher(services.events, self.monitor.one)
        self._ending = Ending(
            stores,
            self._generation,
            self._dataset,
            self._running,
            self.publisher,
            self._commands,
            self._others,
            services.clock,
            self._llm.gate.forget,
        )
        self.recovery = Recovery(stores, self.publisher, services.clock, self._run, self._ending.keep_drafts)
        self.fleet = Fleet(stores, self._running, self.publisher, self._ending, services.clock, self._join)

    def begin(self, resume: bool) -> None:
        """Start what tells the streams, and *resume* the batches that were running, or close them.

        What other processes are at is joined in any case.
        """
        self.publisher.start()
        if self._others.are_none:
            self._begin_alone(resume)
            return
        self.fleet.take_over_left()
        if not resume and not self._stores.members.others():
            self.recovery.close_interrupted()
        self.fleet.start()

    def _begin_alone(self, resume: bool) -> None:
        if resume:
            self.recovery.resume_all()
        else:
            self.recovery.close_interrupted()

    # --- commands ------------------------------------------------------------------------

    def start_batch(self, target_count: int | None = None, provider: str | None = None, **filters: object) -> Batch:
        """Start a batch; *filters* are the other fields of `BatchRequest`.

        Returns:
            The batch object as it starts.

        Raises:
            InputError: a field is wrong, the target is reached already, or too many batches run.
        """
        return self.start(validated(BatchRequest, {"target_count": target_count, "provider": provider, **filters}))

    def check(self, request: BatchRequest) -> None:
        """Refuse what no batch can be planned by, whichever models there are; InputError says why."""
        plan(request, self._catalogue, 1)

    def plan(self, request: BatchRequest) -> BatchPlan:
        """Return what a start with *request* would do, and what it would take; InputError as `start`."""
        request, preference, _, jobs = self._planned(request)
        return self._summary(jobs, request, preference)

    def plan_alike(self, requests: Sequence[BatchRequest]) -> list[BatchPlan | Refusal]:
        """Return what a start of *requests* on one plan would do, or why one cannot be met; errors as `start_alike`."""
        alike = self._alike.plan(requests)
        return [
            self._summary(alike.jobs, one.request, one.preference) if isinstance(one, Admitted) else one
            for one in alike.answers
        ]

    def start(self, request: BatchRequest) -> Batch:
        """Plan and start a batch; as `start_batch`."""
        request, preference, count, jobs = self._planned(request)
        first = next(jobs)
        self._admission.check_budget(request, preference, first)
        model = request.model or (None if preference.provider == AUTO else self._first_model(preference))
        with self._running.place():
            batch_id = self._begun(self._row(request, count, model), itertools.chain([first], jobs))
        return self.monitor.one(batch_id)

    def start_alike(self, requests: Sequence[BatchRequest]) -> list[str]:
        """Start a batch for each of *requests*, which differ in who writes: item n is the same wish in each.

        A batch whose writer cannot be asked is kept as failed, with the reason. Returns their ids, in order.

        Raises:
            InputError: nobody can be asked, not even one call fits the budget of one, or too many batches run.
        """
        alike = self._alike.plan(requests)
        count = len(alike.jobs)
        rows = [
            self._row(answer.request if isinstance(answer, Admitted) else request, count, request.model)
            for request, answer in zip(requests, alike.answers, strict=True)
        ]
        with ExitStack() as places:
            for _ in filter(lambda answer: isinstance(answer, Admitted), alike.answers):
                places.enter_context(self._running.place())
            for row, answer in zip(rows, alike.answers, strict=True):
                if isinstance(answer, Admitted):
                    self._begun(row, alike.jobs)
                else:
                    self._stores.ledger.plan(row, ())
                    self._stores.ledger.discard(row["id"], str(answer))
        return [row["id"] for row in rows]

    def pause(self, batch_id: str) -> Batch:
        """Make no new call for a batch; answers under way are still recorded.

        Raises:
            NotFoundError: no such batch.
            InputError: it does not run.
        """
        with self._commands:
            runner = self._running.of(batch_id)
            # On the disk first: a pause that a restart forgets would be none.
            runs_here = runner is not None and runner.live.status is BatchStatus.RUNNING
            event = self._paused(batch_id) if runs_here or not self._others.are_none else None
            if event is None:
                status = self.monitor.one(batch_id)["status"]
                raise InputError(f"batch {batch_id} is {status}, only a running one can be paused")
            if runner is not None:
                runner.live.rest(BatchStatus.PAUSED)
                runner.pause()
        self.publisher.changed(batch_id, event, True)
        if runner is not None:
            told = (runner.live,)
            threading.Thread(target=self._ending.fold, args=told, name="fold at a pause", daemon=True).start()
        return self.monitor.one(batch_id)

    def _paused(self, batch_id: str) -> int | None:
        paused = BatchStatus.PAUSED.value
        return self._stores.ledger.change_from(batch_id, (BatchStatus.RUNNING,), "paused", {}, status=paused)

    def resume(self, batch_id: str) -> Batch:
        """Go on with a paused batch.

        Raises:
            NotFoundError: no such batch.
            InputError: it is not paused, or too many batches run.
        """
        with self._commands:
            runner = self._running.of(batch_id)
            status = self.monitor.one(batch_id)["status"]
            if status != BatchStatus.PAUSED.value:
                raise InputError(f"batch {batch_id} is {status}, only a paused one can be resumed")
            self._resume(batch_id, runner)
        return self.monitor.one(batch_id)

    def _resume(self, batch_id: str, runner: BatchRunner | None) -> None:
        with self._running.place():
            if not self._others.are_none:
                running = BatchStatus.RUNNING.value
                event = self._stores.ledger.change_from(batch_id, (BatchStatus.PAUSED,), "resumed", {}, status=running)
                self.fleet.follow(batch_id)
                self.publisher.changed(batch_id, event or 0, True)
            elif runner is None:
                self.recovery.resume(batch_id)
            else:
                event = self._stores.ledger.change(batch_id, "resumed", {}, status=BatchStatus.RUNNING.value)
                runner.live.run()
                runner.resume()
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
        self.monitor.row(batch_id)
        if not self._stop(batch_id):
            raise InputError(f"batch {batch_id} is not running")
        return [batch_id]

    def shutdown(self, timeout_s: float) -> None:
        """Leave every batch for the next start; waits at most *timeout_s* seconds.

        Answers under way get most of the time to come in: what is paid for should be kept.
        """
        self._ending.leaving.set()
        if not self._others.are_none:
            self.fleet.close()
        begun = self._clock.monotonic()
        runners = self._running.runners()
        for runner in runners:
            runner.drain()
        for share in (_WARM, 1.0):
            for runner in runners:
                runner.join(max(0.0, begun + share * timeout_s - self._clock.monotonic()))
            for runner in runners:
                runner.abandon()
        self.publisher.close()

    def leave(self) -> None:
        """Let the other processes have at once what this one had in hand, and know that it has ended."""
        if self._others.are_none:
            return
        members = self._stores.members
        try:
            self._stores.ledger.take_over(members.me)
            self._stores.calls.lose_calls(members.me)
            members.leave()
        except StorageError as error:
            log.warning("others not told of the end", extra={"reason": str(error)})

    def wait(self, batch_id: str, timeout_s: float | None = None) -> bool:
        """Wait for the end of a batch; False when it did not come in time."""
        runner = self._running.of(batch_id)
        return runner is None or runner.join(timeout_s)

    # --- queries -------------------------------------------------------------------------

    def running_count(self) -> int:
        """How many batches run now."""
        return self._running.active_count()

    def queue_depth(self) -> int:
        """How many samples the running batches still want."""
        rows = [runner.live for runner in self._running.runners()]
        return sum(max(0, row.target - row.samples) for row in rows if row.status.is_active)

    def circuits(self) -> dict[str, int]:
        """Count the topics' circuits that are open or half-open, over all batches."""
        found = [runner.live.circuits.get_summary() for runner in self._running.runners()]
        return {
            "open": sum(len(row["open_circuits"]) for row in found),
            "half_open": sum(len(row["half_open_circuits"]) for row in found),
        }

    @overload
    def get_status(self, batch_id: str) -> Batch: ...

    @overload
    def get_status(self, batch_id: None = None) -> PrimaryBatch | NoBatch: ...

    def get_status(self, batch_id: str | None = None) -> Batch | PrimaryBatch | NoBatch:
        """Return one batch object, or the primary one with all others under `batches`.

        Raises:
            NotFoundError: no such batch.
        """
        return self.monitor.one(batch_id) if batch_id is not None else self.monitor.status()

    def _planned(self, request: BatchRequest) -> tuple[BatchRequest, Preference, int, Iterator[Job]]:
        """Return the request as it is taken, its targets, the number of samples and their jobs."""
        is_open = self._admission.leaves_type_open(request)
        request, preference, count = self._admission.settled(request)
        present = self._dataset.present(plan_filters(request, self._catalogue))
        one = self._is_of_law(request) or (is_open and self._llm.guided(preference) is not None)
        on_law = one or request.use_rag or bool(request.file_ids)
        answers = self._generation.answers(request.file_ids, is_small=one) if on_law else None
        jobs = plan(request, self._catalogue, count, present, answers)
        if is_open:
            jobs = self._generation.fitted(jobs, preference)
        first = next(jobs)
        self._check_ground(request, first)
        if not is_open:
            kinds = [kind for kind, share in type_shares(request, self._catalogue).items() if share > 0]
            self._generation.maker.check_model(kinds, request.use_rag or bool(request.file_ids), preference)
        return request, preference, count, itertools.chain([first], jobs)

    def _summary(self, jobs: Iterable[Job], request: BatchRequest, preference: Preference) -> BatchPlan:
        limits: PlanLimits = {
            "max_tokens_total": request.max_tokens_total,
            "max_cost_usd": request.max_cost_usd,
            "max_minutes": self._admission.minutes(request) or None,
        }
        return plan_summary(jobs, preference, self._generation, self._llm, limits)

    def _row(self, request: BatchRequest, count: int, model: str | None) -> BatchRow:
        """Return the row of a batch that begins now, under an id of its own."""
        now = self._clock.now()
        batch_id = f"batch_{int(now.timestamp())}_{secrets.token_hex(4)}"
        return new_row(batch_id, iso(now), request, count, model)

    def _begun(self, row: BatchRow, jobs: Iterable[Job]) -> str:
        """Write a batch down and let it run, in a place that the caller holds; return its id."""
        batch_id, count = row["id"], row["target"]
        try:
            self._stores.ledger.plan(row, jobs)
            self._run(row, "started", {"target": count})
        except StorageError:
            self._discard(batch_id)
            raise
        log.info("batch started", extra={"batch_id": batch_id, "target": count, "provider": row["provider"]})
        return batch_id

    def _first_model(self, preference: Preference) -> str | None:
        """Return the model that is asked first; None while its server has not said which it has."""
        first = self._llm.targets(preference)[0].model
        return None if first.awaited else first.id

    def _is_of_law(self, request: BatchRequest) -> bool:
        """Tell whether samples about one provision are asked for."""
        law_type = self._catalogue.law_type
        return law_type is not None and request.sample_type == law_type.id

    def _check_ground(self, request: BatchRequest, first: Job) -> None:
        """Refuse a batch of which some samples shall stand on documents where none can be."""
        mixed = request.mix.sample_types if request.mix else None
        asked = set(mixed or ()) | {request.sample_type}
        needs_law = any(kind.needs_law for kind in self._catalogue.sample_types if kind.id in asked)
        self._generation.maker.check_ground(replace(first, use_rag=True) if needs_law else first)

    def _run(self, row: BatchRow, kind: str, detail: Mapping[str, object]) -> None:
        """Give *row* a runner and let it run; every item of it is written down."""
        batch_id, running = row["id"], BatchStatus.RUNNING.value
        if self._others.are_none:
            event: int | None = self._stores.ledger.change(batch_id, kind, detail, status=running)
            self._join(row)
        else:
            # Whoever took this process for gone may have discarded what it planned.
            event = self._stores.ledger.change_from(batch_id, (BatchStatus.PENDING,), kind, detail, status=running)
            if event is None:
                raise StorageError(f"batch {batch_id}: this process was cut off while it planned; start it again")
            self.fleet.follow(batch_id)  # it may have seen it already
        self.publisher.changed(batch_id, event or 0, True)

    def _join(self, row: BatchRow) -> None:
        """Give the batch of *row*, which runs, a runner here."""
        batch_id, is_shared = row["id"], not self._others.are_none
        ledger = self._stores.ledger
        renounce = partial(ledger.put_back, batch_id) if is_shared else None
        at_once = min(_FEW, self._settings.max_workers) if is_shared else _MANY
        request = request_of(row)
        services = RunnerServices(
            self._generation,
            self._llm,
            self._metrics,
            ledger,
            self._others,
            ItemQueue(partial(ledger.claim, batch_id), at_once, renounce),
            self._clock,
            lambda event, now: self.publisher.changed(batch_id, event, now),
        )
        spent = Budget(
            "budget of the batch", request.max_tokens_total, request.max_cost_usd, row["tokens_used"], row["cost_usd"]
        )
        settings = RunnerSettings(
            preference_of(request),
            spent,
            self._settings.max_workers,
            _minutes_left(self._admission.minutes(request), row) if is_shared else self._admission.minutes(request),
            judge_of(request),
            leaves_topics_open(request),
            SpendLimits(request.max_tokens_total, request.max_cost_usd) if is_shared else None,
        )
        live = LiveBatch(bare(row) if is_shared else row, self._clock, self._settings.alerts, is_shared)
        runner = BatchRunner(live, settings, services, self._ending.finish)
        live.run()
        self._running.add(runner)
        runner.start()

    def _stop(self, batch_id: str) -> bool:
        if not self._others.are_none:
            return self._stop_everywhere(batch_id)
        with self._commands:
            runner = self._running.of(batch_id)
            if runner is None:
                if BatchStatus(self.monitor.row(batch_id)["status"]).is_final:
                    return False
                self.recovery.close(batch_id)
                return True
            if not runner.live.rest(BatchStatus.STOPPING):
                return False
            try:
                # On the disk before anybody is told: a restart must not go on with what was stopped.
                event = self._stores.ledger.change(batch_id, "stopping", {}, status=BatchStatus.STOPPING.value)
            finally:
                runner.stop()  # also when it could not be written: its end is written as soon as that works
        self.publisher.changed(batch_id, event, True)
        return True

    def _stop_everywhere(self, batch_id: str) -> bool:
        stopping, stopped = BatchStatus.STOPPING.value, BatchStatus.STOPPED.value
        try:
            event = self._stores.ledger.change_from(
                batch_id, GOES_ON, "stopping", {}, status=stopping, ends_as=stopped, reason=ON_REQUEST
            )
        except StorageError:
            runner = self._running.of(batch_id)
            if runner is not None:
                runner.stop()  # its end is told to the others as soon as that works
            raise
        if event is None:
            return False
        self.fleet.follow(batch_id)
        self.publisher.changed(batch_id, event, True)
        return True

    def _discard(self, batch_id: str) -> None:
        try:
            self._stores.ledger.discard(batch_id, "it could not be planned")
        except StorageError as error:
            log.warning("batch not discarded", extra={"batch_id": batch_id, "reason": str(error)})


def _minutes_left(minutes: float, row: BatchRow) -> float:
    """Return what is left of the time of a batch that was worked on before; 0 for no limit."""
    return max(minutes - row["elapsed_s"] / 60, 1e-6) if minutes else 0.0
