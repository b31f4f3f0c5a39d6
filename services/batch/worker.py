"""Takes one item of a batch from its first call to its end: done, rejected, failed, or put back."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from models.batches.ledger import Ledger
from models.batches.spend_limits import SpendLimits
from models.batches.work_item import WorkItem
from models.domain import BatchStatus, ItemState, Job
from services.batch.item_queue import ItemQueue
from services.batch.item_recorder import ItemRecorder
from services.batch.live import LiveBatch
from services.batch.others import Others
from services.batch.planner import replacement
from services.batch.sameness import Sameness
from services.generation.judge import JudgeSpec
from services.generation_service import GenerationService, Making
from services.llm_service import Budget, LLMService, Preference, Terms
from utils.clock import Clock
from utils.errors import (
    AnswerFormatError,
    AppError,
    BadRequestError,
    BudgetHeldError,
    BudgetSpentError,
    CancelledError,
    ConfigurationError,
    GenerationError,
    InputError,
    LeaseLostError,
    NoGroundError,
    NoTargetError,
    QualityError,
    RefusedError,
    StorageError,
)
from utils.logs import bound
from utils.metrics import Metrics

log = logging.getLogger(__name__)
T = TypeVar("T")
# A batch whose every draft is refused would otherwise spend money for ever.
_HOPELESS_IN_A_ROW = 30
_SPARE_REPLACEMENTS = 10
# Calls after which an item that fails in ways nobody knows is given up for another.
_GIVE_UP_AFTER = 15
_RETRY_STORAGE_S = 5.0
# Until calls of other processes have come back, and with them what they set aside.
_HELD_S = 0.5


@dataclass(frozen=True, slots=True)
class RunnerServices:
    """What a runner works with; `publish` takes the id of an event and whether it must go at once."""

    generation: GenerationService
    llm: LLMService
    counters: Metrics
    ledger: Ledger
    others: Others
    queue: ItemQueue
    clock: Clock
    publish: Callable[[int, bool], None]


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """Who may be called, and what may be spent; 0 for no time limit.

    Attributes:
        is_topic_open: The caller named no topics, so that another may stand for one without law.
        limits: What the batch may use, where other processes use it too.
    """

    preference: Preference
    budget: Budget
    max_workers: int
    max_minutes: float = 0.0
    judge: JudgeSpec | None = None
    is_topic_open: bool = False
    limits: SpendLimits | None = None


class Run(Protocol):
    """The running batch that an item belongs to."""

    live: LiveBatch

    @property
    def is_ending(self) -> bool:
        """True once the batch ends, in whatever way."""

    def terms(self) -> Terms:
        """Return on which terms a call is made now."""

    def stop(self, status: BatchStatus, reason: str) -> None:
        """End the batch; calls under way are left."""

    def finish(self, status: BatchStatus, reason: str) -> None:
        """End the batch once the answers under way are in."""

    def rest(self, seconds: float, in_hand: bool) -> None:
        """Wait because the disk refused, with an item in hand or without, unless the batch is stopped."""


class ItemWorker:
    """Works on items, one a call of `process`. Thread-safe."""

    def __init__(self, run: Run, settings: RunnerSettings, services: RunnerServices) -> None:
        self._run = run
        self._live = run.live
        self._settings = settings
        self._services = services
        self._lock = threading.Lock()
        self._rejected_in_a_row = 0
        self._replaced = 0
        self._sameness = Sameness()
        self._groundless: set[str] = set()

    def process(self, item: WorkItem) -> None:
        """Take *item* to its end; it is recorded when this returns."""
        making = self._making(item)
        try:
            with bound(item=item.ordinal):
                self._take_through(item, making)
        except CancelledError as error:
            # The disk refused until the end, or nothing was sent: then the item is to be done again.
            if not error.in_flight:
                self._give_back(item, making)
        except LeaseLostError as error:
            # This process was cut off, and another has the item now: what became of it here counts for nothing.
            log.warning("item given to another", extra={"batch_id": item.batch_id, "reason": str(error)})

    def _making(self, item: WorkItem) -> Making:
        services, settings = self._services, self._settings
        attempts = services.generation.attempts()
        recorder = ItemRecorder(item, attempts, services.ledger, self._live, self.durable, self._tell, settings.limits)
        return Making(item.job, settings.preference, settings.judge, self._run.terms(), recorder, attempts, item.answer)

    def _take_through(self, item: WorkItem, making: Making) -> None:
        try:
            self._make(item, making)
        except CancelledError:
            raise
        except (AnswerFormatError, QualityError, RefusedError, BadRequestError) as error:
            self._reject(item, error, ItemState.FAILED if isinstance(error, BadRequestError) else ItemState.REJECTED)
        except BudgetHeldError:
            self._put_back(item, making)
            self._run.rest(_HELD_S, in_hand=True)
        except BudgetSpentError as error:
            self._put_back(item, making)
            self._run.finish(BatchStatus.STOPPED, str(error))
        except (InputError, ConfigurationError, NoTargetError) as error:
            self._fail_batch(item, making, error)
        except GenerationError as error:
            self._after_failure(item, making, error)

    def _make(self, item: WorkItem, making: Making) -> None:
        services = self._services
        sample = services.generation.maker.make(making)
        sample = sample.model_copy(update={"batch_id": self._live.batch_id})
        try:
            event = self.durable(lambda: services.ledger.finish(item, sample))
        except (CancelledError, LeaseLostError):
            services.generation.maker.forget(sample.id)
            raise
        self._live.circuits.record_success(item.job.circuit)
        self._rejected_in_a_row = 0
        self._sameness.broken()
        self._live.finished()
        services.counters.samples.labels("stored").inc()
        self._note_target(making)
        self._tell(event)

    def _note_target(self, making: Making) -> None:
        tried = making.attempts
        if tried.target is None:  # the answer was there already
            return
        reason = tried.failures[-1].category if tried.failures else tried.detour
        switch = self._live.use(tried.target, reason)
        if switch is not None:
            columns = self._services.others.alone_in_row(self._live)
            event = self.durable(lambda: self._services.ledger.change(self._live.batch_id, "switch", switch, **columns))
            self._services.publish(event, True)

    def _reject(self, item: WorkItem, error: GenerationError, state: ItemState) -> None:
        """Close an item that no try could save, and plan another in its place."""
        with self._lock:
            self._rejected_in_a_row += 1
            hopeless = self._rejected_in_a_row >= _HOPELESS_IN_A_ROW
            self._replaced += 1
            spent = self._replaced > self._live.target + _SPARE_REPLACEMENTS
        groundless = isinstance(error, NoGroundError)
        same = self._sameness.add(error)
        following = None if hopeless or spent or same else self._following(item, groundless)
        reason = error.labelled()
        event = self.durable(lambda: self._services.ledger.reject(item, state, reason, following))
        self._services.queue.look_again()
        if groundless:
            self._live.note(reason, error.code)
        elif not isinstance(error, BadRequestError):  # a request that no vendor takes is not its topic's fault
            self._live.circuits.record_failure(item.job.circuit)
        self._live.rejected()
        self._services.counters.samples.labels("rejected").inc()
        self._tell(event)
        if same:
            self._stop_for_sameness(same, error)
        elif hopeless:
            told = f"{_HOPELESS_IN_A_ROW} samples in a row were refused, the last: {reason}"
            self._run.stop(BatchStatus.FAILED, told)

    def _following(self, item: WorkItem, groundless: bool) -> Job | None:
        """Return the job in place of a rejected one: another draw, or another topic where this one has no law."""
        if not groundless:
            return replacement(item.job, item.ordinal)
        with self._lock:
            self._groundless.add(item.job.circuit)
            avoided = frozenset(self._groundless)
        return self._services.generation.elsewhere(item.job, avoided) if self._settings.is_topic_open else None

    def _stop_for_sameness(self, count: int, error: GenerationError) -> None:
        told = f"{count} samples in a row failed in the same way: {error.labelled()}"
        self._run.stop(BatchStatus.FAILED, told)

    def _after_failure(self, item: WorkItem, making: Making, error: GenerationError) -> None:
        """Put an item back whose calls failed: the provider is at fault, not the item."""
        if not error.retryable and error.category == "general":
            if item.attempts + making.attempts.calls >= _GIVE_UP_AFTER:
                self._reject(item, error, ItemState.FAILED)
                return
            if same := self._sameness.add(error):
                self._put_back(item, making, last=True)
                self._run.stop(
                    BatchStatus.FAILED, f"{same} samples in a row failed in the same way: {error.labelled()}"
                )
                return
            self._live.circuits.record_failure(item.job.circuit)
        self._put_back(item, making, last=True)

    def _put_back(self, item: WorkItem, making: Making, last: bool = False) -> None:
        answer = making.answer  # what is paid for is not asked for again
        self._services.queue.put_back(
            replace(item, attempts=item.attempts + making.attempts.calls, answer=answer), last
        )

    def _give_back(self, item: WorkItem, making: Making) -> None:
        """Put an item back whose call never left, though the table may say so."""
        if making.attempts.calls:
            try:
                self._services.ledger.release(item)
            except StorageError as error:
                log.warning("item not released", extra={"batch_id": item.batch_id, "reason": str(error)})
        self._put_back(item, making)

    def _fail_batch(self, item: WorkItem, making: Making, error: AppError) -> None:
        """Nothing can be made as things are."""
        if making.attempts.calls:
            self.durable(lambda: self._services.ledger.release(item))
        self._put_back(item, making)
        self._run.stop(BatchStatus.FAILED, str(error))

    def _tell(self, event: int) -> None:
        """Let the streams know soon, *event* being the newest change."""
        self._services.publish(event, False)

    def durable(self, write: Callable[[], T]) -> T:
        """Write until the disk takes it.

        Raises:
            CancelledError: the batch ends before that; the item stays as the table has it.
        """
        while True:
            try:
                return write()
            except StorageError as error:
                if self._run.is_ending:
                    raise CancelledError("the disk refused until the end", in_flight=True) from error
                self.rest(error)

    def rest(self, error: StorageError, in_hand: bool = True) -> None:
        """Wait a little because the disk refused, and say so."""
        facts = {"batch_id": self._live.batch_id, "reason": str(error)}
        log.warning("storage refused, will try again", extra=facts)
        self._live.note(str(error), error.code)
        self._services.publish(0, False)
        self._run.rest(_RETRY_STORAGE_S, in_hand)
