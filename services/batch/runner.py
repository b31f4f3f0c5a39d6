"""Runs one batch: workers claim items, make samples, record them; one thread supervises.

A worker takes no new item until its last one is recorded. Everything that waits (a
limit, an answer, a closed provider) wakes at once when the batch is stopped. The
batch is completed only when every sample wanted is there; otherwise it says why not.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from models.domain import BatchStatus, RawAnswer
from models.ledger import Ledger
from models.work_store import WorkItem, WorkStore
from services.batch.planner import replacement
from services.batch.progress import BatchProgress
from services.generation_service import GenerationService, Trail
from services.llm_service import Preference
from utils.cancellation import CancelToken
from utils.circuit_breaker import CircuitBreaker
from utils.clock import Clock, iso
from utils.errors import (
    AnswerFormatError,
    BadRequestError,
    CancelledError,
    ConfigurationError,
    GenerationError,
    InputError,
    NoTargetError,
    QualityError,
    StorageError,
)

log = logging.getLogger(__name__)
# A batch whose every draft is refused would otherwise spend money for ever.
_HOPELESS_IN_A_ROW = 30
_SPARE_REPLACEMENTS = 10
_RETRY_STORAGE_S = 5.0
_LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class RunnerServices:
    """What every runner shares."""

    generation: GenerationService
    ledger: Ledger
    work: WorkStore
    breaker: CircuitBreaker
    clock: Clock
    publish: Callable[[BatchProgress, bool], None]


class BatchRunner:
    """One running batch. `stop` and `pause` return at once; `join` waits for the end."""

    def __init__(
        self,
        progress: BatchProgress,
        preference: Preference,
        services: RunnerServices,
        *,
        workers: int,
        time_limit_s: float,
        finished: Callable[["BatchRunner"], None],
    ) -> None:
        self.progress = progress
        self._preference = preference
        self._services = services
        self._workers = workers
        self._time_limit_s = time_limit_s
        self._finished = finished
        self._cancel = CancelToken()
        self._lock = threading.Lock()
        self._in_flight = 0
        self._rejected_in_a_row = 0
        self._replaced = 0
        self._end: tuple[BatchStatus, str] | None = None
        self._abandoned = False
        self._changed = threading.Condition(self._lock)
        self._thread = threading.Thread(target=self._supervise, name=f"batch {progress.batch_id}", daemon=True)

    @property
    def end(self) -> tuple[BatchStatus, str] | None:
        """How the batch ended: status and reason; None when the process is leaving it for the next start."""
        return None if self._abandoned else self._end

    def start(self) -> None:
        """Start the supervising thread, which starts the workers."""
        self._thread.start()

    def stop(self, status: BatchStatus = BatchStatus.STOPPED, reason: str = "stopped on request") -> None:
        """End the batch as *status*; what is finished stays, what is in flight is recorded as in doubt."""
        with self._lock:
            if self._end is None:
                self._end = (status, reason)
        self._cancel.cancel()
        with self._changed:
            self._changed.notify_all()

    def abandon(self) -> None:
        """Leave the batch as it is, for the next start of the service to go on with."""
        with self._lock:
            self._abandoned = self._end is None  # what was to end anyway ends as it was told to
        self.stop()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; False when it did not come in time."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _supervise(self) -> None:
        names = [f"{self.progress.batch_id} worker {number}" for number in range(self._workers)]
        threads = [threading.Thread(target=self._work, name=name, daemon=True) for name in names]
        timer = threading.Timer(self._time_limit_s, self._out_of_time) if self._time_limit_s else None
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            if timer is not None:
                timer.cancel()
            self._finished(self)

    def _work(self) -> None:
        try:
            while not self._cancel.is_cancelled:
                item = self._claim()
                if item is not None:
                    self._process(item)
        except Exception:
            log.exception("worker failed", extra={"batch_id": self.progress.batch_id})
            self.stop(BatchStatus.FAILED, "a fault of the service itself; see its log")

    def _claim(self) -> WorkItem | None:
        """Lease an item, or wait for one; ends the batch when none will come."""
        open_circuits = {row["topic"] for row in self._services.breaker.get_summary()["open_circuits"]}
        skip = frozenset(str(topic) for topic in open_circuits)
        try:
            item = self._services.ledger.claim(self.progress.batch_id, skip)
        except StorageError as error:
            self._rest(_RETRY_STORAGE_S, error)
            return None
        with self._changed:
            if item is not None:
                self._in_flight += 1
                return item
            if self._cancel.is_cancelled or self._in_flight:
                # Somebody else's item may come back or be replaced.
                self._changed.wait(1.0)
                return None
        self._nothing_to_claim(skip)
        return None

    def _nothing_to_claim(self, open_circuits: frozenset[str]) -> None:
        counts = self._services.work.counts(self.progress.batch_id)
        left = counts.get("todo", 0)
        with self._lock:
            # An item is leased in the table before it counts as in flight, and is counted as a
            # sample before it stops to: seen in this order, no item can hide between the two.
            if counts.get("leased", 0) or self._in_flight:
                return
        if left and open_circuits:
            reopens_s = min(self._services.breaker.reopens_in_s(topic) for topic in open_circuits)
            self._pause(max(0.1, reopens_s))
        elif not left:
            short = self.progress.target - self.progress.samples
            if short <= 0:
                self.stop(BatchStatus.COMPLETED, "")
            else:
                self.stop(BatchStatus.FAILED, f"{short} of {self.progress.target} samples could not be made")

    def _process(self, item: WorkItem) -> None:
        trail = Trail()
        self.progress.begin(item.job.topic_key)
        try:
            self._make(item, trail)
        except CancelledError as error:
            if not error.in_flight:
                self._release(item, trail)
        except NoTargetError as error:
            self._note_failures(item, trail)
            self._release(item, trail)
            self._wait_for_target(error)
        except (AnswerFormatError, QualityError, BadRequestError) as error:
            self._reject(item, trail, error)
        except (InputError, ConfigurationError) as error:
            self._release(item, trail)
            self.stop(BatchStatus.FAILED, str(error))
        except GenerationError as error:
            self._give_back(item, trail, error)
        finally:
            self._done_with_item()

    def _done_with_item(self) -> None:
        with self._changed:
            self._in_flight -= 1
            self._changed.notify_all()

    def _make(self, item: WorkItem, trail: Trail) -> None:
        services = self._services

        def keep(answer: RawAnswer | None) -> None:
            attempts = item.attempts + trail.calls
            if answer is None:
                self._record(lambda: services.ledger.forget_answer(item, attempts))
            else:
                self._record(lambda: services.ledger.keep_answer(item, answer, attempts))

        sample = services.generation.generate(item.job, self._preference, self._cancel, trail, item.answer, keep)
        sample = sample.model_copy(update={"batch_id": self.progress.batch_id})
        tokens = trail.tokens or sample.tokens_used or 0
        self._note_failures(item, trail)
        if not self._record(lambda: services.ledger.finish(item, sample, tokens, trail.calls)):
            return
        services.breaker.record_success(item.job.circuit)
        with self._lock:
            self._rejected_in_a_row = 0
        if trail.target is not None:
            reason = trail.failures[-1].category if trail.failures else trail.detour
            self.progress.use(trail.target, reason)
        self.progress.count(samples=1, tokens=tokens, attempts=trail.calls)
        services.publish(self.progress, False)

    def _reject(self, item: WorkItem, trail: Trail, error: GenerationError) -> None:
        """Close an item that no try could save, and plan another in its place."""
        self._note_failures(item, trail)
        with self._lock:
            self._rejected_in_a_row += 1
            hopeless = self._rejected_in_a_row >= _HOPELESS_IN_A_ROW
            self._replaced += 1
            spent = self._replaced > self.progress.target + _SPARE_REPLACEMENTS
        following = None if hopeless or spent else replacement(item.job, item.ordinal)
        reason = error.labelled()
        self._record(lambda: self._services.ledger.reject(item, reason, trail.tokens, trail.calls, following))
        self._services.breaker.record_failure(item.job.circuit)
        self.progress.count(rejected=1, tokens=trail.tokens, attempts=trail.calls)
        self._services.publish(self.progress, False)
        if hopeless:
            self.stop(BatchStatus.FAILED, f"{_HOPELESS_IN_A_ROW} samples in a row were refused, the last: {reason}")

    def _give_back(self, item: WorkItem, trail: Trail, error: GenerationError) -> None:
        """Put an item back whose calls failed: the provider is at fault, not the item."""
        self._note_failures(item, trail)
        self._release(item, trail)
        self._services.publish(self.progress, False)
        if not error.retryable and error.category == "general":
            self._services.breaker.record_failure(item.job.circuit)

    def _release(self, item: WorkItem, trail: Trail) -> None:
        self._record(lambda: self._services.ledger.release(item, trail.calls, trail.tokens))
        self.progress.count(attempts=trail.calls, tokens=trail.tokens)

    def _note_failures(self, item: WorkItem, trail: Trail) -> None:
        for number, failure in enumerate(trail.failures, 1):
            self.progress.fail(item.job.topic_key, failure, number)
        if trail.failures:
            told = self.progress.told()
            self._record(lambda: self._services.ledger.note(self.progress.batch_id, **told))

    def _wait_for_target(self, error: NoTargetError) -> None:
        if error.retry_in_s is None:
            self.stop(BatchStatus.FAILED, str(error))
            return
        self._pause(max(0.1, error.retry_in_s))

    def _pause(self, seconds: float) -> None:
        """Wait, and say until when."""
        self.progress.wait_until(iso(self._services.clock.now() + timedelta(seconds=seconds)))
        self._services.publish(self.progress, False)
        self._cancel.wait(min(seconds, _LONGEST_WAIT_S))

    def _record(self, write: Callable[[], None]) -> bool:
        """Write until the disk takes it; False only when the batch ends before that."""
        while True:
            try:
                write()
            except StorageError as error:
                if self._cancel.is_cancelled:
                    return False
                self._rest(_RETRY_STORAGE_S, error)
            else:
                return True

    def _rest(self, seconds: float, error: StorageError) -> None:
        log.warning("storage refused, will try again", extra={"batch_id": self.progress.batch_id, "reason": str(error)})
        self.progress.note(str(error), error.code)
        self._services.publish(self.progress, False)
        self._cancel.wait(seconds)

    def _out_of_time(self) -> None:
        self.stop(BatchStatus.FAILED, f"the time limit of {self._time_limit_s:g} s was reached")
