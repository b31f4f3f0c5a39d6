"""Runs one batch: workers take items, make samples, record them; one thread supervises.

A worker takes no new item until its last one is recorded. Everything that waits (a
limit, an answer, a closed provider) wakes at once when the batch is stopped or paused.
The batch is completed only when every sample wanted is there; otherwise it says why not.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from models.domain import BatchStatus, ItemState
from models.ledger import Ledger
from models.work_store import WorkItem
from services.batch.item_queue import ItemQueue
from services.batch.item_recorder import ItemRecorder
from services.batch.metrics import BatchMetrics
from services.batch.planner import replacement
from services.batch.progress import BatchProgress
from services.generation_service import GenerationService, Trail
from services.llm_service import Budget, LLMService, Preference, Target, Terms
from utils.cancellation import CancelToken
from utils.circuit_breaker import CircuitBreaker
from utils.clock import Clock
from utils.errors import (
    AnswerFormatError,
    AppError,
    BadRequestError,
    BudgetSpentError,
    CancelledError,
    ConfigurationError,
    GenerationError,
    InputError,
    NoTargetError,
    QualityError,
    StorageError,
)

log = logging.getLogger(__name__)
T = TypeVar("T")
# A batch whose every draft is refused would otherwise spend money for ever.
_HOPELESS_IN_A_ROW = 30
_SPARE_REPLACEMENTS = 10
# Calls after which an item that fails in ways nobody knows is given up for another.
_GIVE_UP_AFTER = 15
_RETRY_STORAGE_S = 5.0
_TICK_S = 1.0
_KEEP_S = 10.0


@dataclass(frozen=True, slots=True)
class RunnerServices:
    """What a runner works with; `publish` takes the id of an event and whether it must go at once."""

    generation: GenerationService
    llm: LLMService
    ledger: Ledger
    queue: ItemQueue
    breaker: CircuitBreaker
    metrics: BatchMetrics
    clock: Clock
    publish: Callable[[int, bool], None]


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """Who may be called, and what may be spent; 0 for no time limit."""

    preference: Preference
    budget: Budget
    max_workers: int
    max_minutes: float = 0.0


class BatchRunner:
    """One running batch. `stop` and `pause` return at once; `join` waits for the end."""

    def __init__(
        self,
        progress: BatchProgress,
        settings: RunnerSettings,
        services: RunnerServices,
        finished: Callable[["BatchRunner"], None],
    ) -> None:
        self.progress = progress
        self.metrics = services.metrics
        self._settings = settings
        self._services = services
        self._finished = finished
        self._calling = CancelToken()
        self._waiting = CancelToken()
        self._changed = threading.Condition()
        self._paused = False
        self._in_hand = 0
        self._rejected_in_a_row = 0
        self._replaced = 0
        self._end: tuple[BatchStatus, str] | None = None
        self._abandoned = False
        self._kept_at_s = 0.0
        self._workers: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._supervise, name=f"batch {progress.batch_id}", daemon=True)

    @property
    def end(self) -> tuple[BatchStatus, str] | None:
        """How the batch ended: status and reason; None when the process is leaving it for the next start."""
        return None if self._abandoned else self._end

    # --- commands ------------------------------------------------------------------------

    def start(self) -> None:
        """Start the supervising thread, which starts the workers."""
        self._thread.start()

    def pause(self) -> None:
        """Make no new call; answers under way are still recorded."""
        with self._changed:
            self._paused = True
            waiting = self._waiting
        waiting.cancel()

    def resume(self) -> None:
        """Go on after a pause."""
        with self._changed:
            self._paused, self._waiting = False, CancelToken()
            self._changed.notify_all()

    def stop(self, status: BatchStatus = BatchStatus.STOPPED, reason: str = "stopped on request") -> None:
        """End the batch as *status*; what is finished stays, what is in flight is recorded as in doubt."""
        self._close(status, reason)
        self._calling.cancel()

    def drain(self) -> None:
        """Leave the batch for the next start of the service, once the answers under way are recorded."""
        with self._changed:
            self._abandoned = self._end is None  # what was to end anyway ends as it was told to
        self._close(BatchStatus.STOPPED, "")

    def abandon(self) -> None:
        """Leave at once: what is in flight is in doubt."""
        self._calling.cancel()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; False when it did not come in time."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _close(self, status: BatchStatus, reason: str) -> None:
        with self._changed:
            self._end = self._end or (status, reason)
            waiting = self._waiting
            self._changed.notify_all()
        waiting.cancel()

    # --- the supervising thread ----------------------------------------------------------

    def _supervise(self) -> None:
        try:
            while self._end is None:
                self._tick()
                with self._changed:
                    if self._end is None:
                        self._changed.wait(_TICK_S)
            for thread in self._workers:
                thread.join()
        except Exception:  # top of a thread: the batch must not be left without an end
            log.exception("supervisor failed", extra={"batch_id": self.progress.batch_id})
            self.stop(BatchStatus.FAILED, "a fault of the service itself; see its log")
        finally:
            self._finished(self)

    def _tick(self) -> None:
        """Start workers that the limits can use, keep the time limit, tell and keep where the batch stands."""
        progress = self.progress
        if self._paused:
            return
        self._grow()
        minutes = self._settings.max_minutes
        if minutes and progress.elapsed_s() >= minutes * 60:
            self.stop(BatchStatus.STOPPED, f"the time limit of {minutes:g} minutes was reached")
            return
        self._tell_waiting()
        if progress.changed or progress.elapsed_s() - self._kept_at_s > _KEEP_S:
            self._services.publish(0, False)
            self.keep()

    def keep(self) -> None:
        """Keep what is told and measured; what is counted is kept with each step."""
        columns = {**self.progress.columns(), "metrics": self.metrics.to_dict()}
        self._kept_at_s = self.progress.elapsed_s()
        try:
            self._services.ledger.note(self.progress.batch_id, **columns)
        except StorageError as error:
            log.warning("history not stored", extra={"batch_id": self.progress.batch_id, "reason": str(error)})

    def _grow(self) -> None:
        left = self.progress.target - self.progress.samples
        useful = self._services.llm.useful_workers(self._settings.preference)
        for number in range(len(self._workers), max(1, min(self._settings.max_workers, useful, left))):
            name = f"{self.progress.batch_id} worker {number}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._workers.append(thread)
            thread.start()

    def _tell_waiting(self) -> None:
        """Say what all workers wait for, and until when."""
        count, cause, left_s = self._services.llm.gate.waiting(self.progress.batch_id)
        with self._changed:
            busy = self._in_hand - count
        if busy > 0 or not cause or (left_s is not None and left_s < _TICK_S):
            return
        if self.progress.wait(cause, left_s):
            self._services.publish(0, False)

    # --- the workers ---------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while (item := self._next()) is not None:
                try:
                    self._process(item)
                finally:
                    with self._changed:
                        self._in_hand -= 1
                        self._changed.notify_all()
        except Exception:  # top of a worker thread
            log.exception("worker failed", extra={"batch_id": self.progress.batch_id})
            self.stop(BatchStatus.FAILED, "a fault of the service itself; see its log")

    def _next(self) -> WorkItem | None:
        """Take an item, or wait for one; None when the batch is at its end."""
        while True:
            try:
                with self._changed:
                    if self._end is not None:
                        return None
                    item = None if self._paused else self._services.queue.take(self._open_circuits())
                    if item is not None:
                        self._in_hand += 1
                        return item
                    if self._paused or self._in_hand:
                        self._changed.wait()  # somebody's item may come back or be replaced
                        continue
                self._nothing_to_take()
            except StorageError as error:
                self._rest(error)

    def _open_circuits(self) -> frozenset[str]:
        return self._services.breaker.open_topics()

    def _nothing_to_take(self) -> None:
        """Nobody has an item: wait for a topic, or end."""
        if not self._services.queue.is_empty():
            waits = [self._services.breaker.reopens_in_s(topic) for topic in self._open_circuits()]
            if waits:
                self.progress.wait("topic", min(waits))
                self._services.publish(0, False)
                self._sleep("topic", max(0.05, min(waits)))
            return
        short = self.progress.target - self.progress.samples
        if short <= 0:
            self._close(BatchStatus.COMPLETED, "")
        else:
            self._close(BatchStatus.FAILED, f"{short} of {self.progress.target} samples could not be made")

    def _process(self, item: WorkItem) -> None:
        trail = Trail()
        recorder = ItemRecorder(
            item,
            trail,
            self._services.ledger,
            self.progress,
            self.metrics,
            self._durable,
            lambda event: self._services.publish(event, False),
        )
        try:
            self._make(item, recorder)
        except CancelledError as error:
            if not error.in_flight:
                self._put_back(item, trail)
        except (AnswerFormatError, QualityError, BadRequestError) as error:
            self._reject(item, error, ItemState.FAILED if isinstance(error, BadRequestError) else ItemState.REJECTED)
        except BudgetSpentError as error:
            self._put_back(item, trail)
            self.stop(BatchStatus.STOPPED, str(error))
        except (InputError, ConfigurationError, NoTargetError) as error:
            self._fail_batch(item, trail, error)
        except GenerationError as error:
            self._after_failure(item, trail, error)

    def _make(self, item: WorkItem, recorder: ItemRecorder) -> None:
        services, trail = self._services, recorder.trail
        with self._changed:
            terms = Terms(self.progress.batch_id, self._calling, self._waiting, (self._settings.budget,))
        sample = services.generation.generate(item.job, self._settings.preference, terms, recorder, trail, item.answer)
        sample = sample.model_copy(update={"batch_id": self.progress.batch_id})
        event = self._durable(lambda: services.ledger.finish(item, sample))
        services.breaker.record_success(item.job.circuit)
        self._rejected_in_a_row = 0
        self.progress.finished()
        if trail.target is not None:
            self._note_target(trail.target, trail)
        services.publish(event, False)

    def _note_target(self, target: Target, trail: Trail) -> None:
        reason = trail.failures[-1].category if trail.failures else trail.detour
        switch = self.progress.use(target, reason)
        if switch is not None:
            columns = self.progress.columns()
            event = self._durable(
                lambda: self._services.ledger.change(self.progress.batch_id, "switch", switch, **columns)
            )
            self._services.publish(event, True)

    def _reject(self, item: WorkItem, error: GenerationError, state: ItemState) -> None:
        """Close an item that no try could save, and plan another in its place."""
        with self._changed:
            self._rejected_in_a_row += 1
            hopeless = self._rejected_in_a_row >= _HOPELESS_IN_A_ROW
            self._replaced += 1
            spent = self._replaced > self.progress.target + _SPARE_REPLACEMENTS
        following = None if hopeless or spent else replacement(item.job, item.ordinal)
        reason = error.labelled()
        event = self._durable(lambda: self._services.ledger.reject(item, state, reason, following))
        self._services.queue.look_again()
        self._services.breaker.record_failure(item.job.circuit)
        self.progress.rejected()
        self._services.publish(event, False)
        if hopeless:
            self.stop(BatchStatus.FAILED, f"{_HOPELESS_IN_A_ROW} samples in a row were refused, the last: {reason}")

    def _after_failure(self, item: WorkItem, trail: Trail, error: GenerationError) -> None:
        """Put an item back whose calls failed: the provider is at fault, not the item."""
        if not error.retryable and error.category == "general":
            self._services.breaker.record_failure(item.job.circuit)
            if item.attempts + trail.calls >= _GIVE_UP_AFTER:
                self._reject(item, error, ItemState.FAILED)
                return
        self._put_back(item, trail, last=True)

    def _put_back(self, item: WorkItem, trail: Trail, last: bool = False) -> None:
        answer = item.answer if not trail.calls and not trail.failures else None
        self._services.queue.put_back(replace(item, attempts=item.attempts + trail.calls, answer=answer), last)

    def _fail_batch(self, item: WorkItem, trail: Trail, error: AppError) -> None:
        """Nothing can be made as things are."""
        if trail.calls:
            self._durable(lambda: self._services.ledger.release(item))
        self._put_back(item, trail)
        self.stop(BatchStatus.FAILED, str(error))

    # --- waiting -------------------------------------------------------------------------

    def _durable(self, write: Callable[[], T]) -> T:
        """Write until the disk takes it.

        Raises:
            CancelledError: the batch ends before that; the item stays as the table has it.
        """
        while True:
            try:
                return write()
            except StorageError as error:
                if self._end is not None:
                    raise CancelledError("the disk refused until the end", in_flight=True) from error
                self._rest(error)

    def _rest(self, error: StorageError) -> None:
        log.warning("storage refused, will try again", extra={"batch_id": self.progress.batch_id, "reason": str(error)})
        self.progress.note(str(error), error.code)
        self._services.publish(0, False)
        self._sleep("storage", _RETRY_STORAGE_S)

    def _sleep(self, cause: str, seconds: float) -> None:
        """Wait until the time is over, or the batch is stopped or paused."""
        with self._changed:
            waiting = self._waiting
        started = self._services.clock.monotonic()
        waiting.wait(seconds)
        self.metrics.waited(cause, self._services.clock.monotonic() - started)
