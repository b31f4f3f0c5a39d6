"""Runs one batch: workers take items, make samples, record them; one thread supervises.

A worker takes no new item until its last one is recorded. Everything that waits (a
limit, an answer, a closed provider) wakes at once when the batch is stopped or paused.
The batch is completed only when every sample wanted is there; otherwise it says why not.
"""

import logging
import threading
from collections.abc import Callable
from typing import cast

from models.batches.batch_store import BatchPart
from models.batches.work_item import WorkItem
from models.contract.answers.batches import Cause
from models.domain import BatchStatus
from services.batch.live import LiveBatch
from services.batch.objects import ON_REQUEST
from services.batch.report import why_stuck
from services.batch.worker import ItemWorker, RunnerServices, RunnerSettings
from services.llm_service import Terms
from utils.cancellation import CancelToken
from utils.errors import StorageError
from utils.logs import bind

log = logging.getLogger(__name__)
_TICK_S = 1.0
_KEEP_S = 10.0


class BatchRunner:
    """One running batch. `stop` and `pause` return at once; `join` waits for the end."""

    def __init__(
        self,
        live: LiveBatch,
        settings: RunnerSettings,
        services: RunnerServices,
        finished: Callable[["BatchRunner"], None],
    ) -> None:
        self.live = live
        self._settings = settings
        self._services = services
        self._finished = finished
        self._calling = CancelToken()
        self._waiting = CancelToken()
        self._changed = threading.Condition()
        # Not the condition: every finished item would wake the supervisor, which keeps and tells the whole batch.
        self._look = threading.Event()
        self._paused = False
        self._in_hand = 0
        # Workers that the disk refused: all, and those of them with an item in hand.
        self._resting = self._resting_in_hand = 0
        self._end: tuple[BatchStatus, str] | None = None
        self._abandoned = False
        # Whether other processes have items of this batch in hand, as far as it was seen.
        self._others_hold = not services.others.are_none
        self._is_untold = False
        self._kept_at_s = 0.0
        self._worker = ItemWorker(self, settings, services)
        self._workers: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._supervise, name=f"batch {live.batch_id}", daemon=True)

    @property
    def end(self) -> tuple[BatchStatus, str] | None:
        """How the batch ended: status and reason; None when the process is leaving it for the next start."""
        return None if self._abandoned else self._end

    @property
    def untold(self) -> BatchPart | None:
        """What this process has to tell of the batch and could not keep; None where all of it is kept."""
        return self.live.part() if self._is_untold else None

    @property
    def is_ending(self) -> bool:
        """True once the batch ends, in whatever way."""
        return self._end is not None

    def terms(self) -> Terms:
        """Return on which terms a call is made now."""
        with self._changed:
            return Terms(self.live.batch_id, self._calling, self._waiting, (self._settings.budget,))

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
        self._look.set()

    def stop(self, status: BatchStatus = BatchStatus.STOPPED, reason: str = ON_REQUEST) -> None:
        """End the batch as *status*; what is finished stays, what is in flight is recorded as in doubt."""
        self.finish(status, reason)
        self._calling.cancel()

    def drain(self) -> None:
        """Leave the batch for the next start of the service, once the answers under way are recorded."""
        with self._changed:
            self._abandoned = self._end is None  # what was to end anyway ends as it was told to
        self.finish(BatchStatus.STOPPED, "")

    def abandon(self) -> None:
        """Leave at once: what is in flight is in doubt."""
        self._calling.cancel()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; False when it did not come in time."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def finish(self, status: BatchStatus, reason: str) -> None:
        """End the batch as *status* once the answers under way are in: what is paid for is kept."""
        with self._changed:
            self._end = self._end or (status, reason)
            waiting = self._waiting
            self._changed.notify_all()
        self._look.set()
        waiting.cancel()

    # --- the supervising thread ----------------------------------------------------------

    def _supervise(self) -> None:
        bind(batch_id=self.live.batch_id)
        try:
            while self._end is None:
                try:
                    self._tick()
                except StorageError as error:  # the database is away; what was to be done is done at the next look
                    log.warning("batch not looked after", extra={"reason": str(error)})
                self._look.wait(_TICK_S)
                self._look.clear()
        except Exception:  # top of a thread: the batch must not be left without an end
            log.exception("supervisor failed", extra={"batch_id": self.live.batch_id})
            self.stop(BatchStatus.FAILED, "a fault of the service itself; see its log")
        finally:
            for thread in self._workers:
                thread.join()
            self._finished(self)

    def _tick(self) -> None:
        """Start workers that the limits can use, keep the time limit, tell and keep where the batch stands."""
        live = self.live
        if self._paused:
            if live.changed and not self._services.others.are_none:
                self.keep()  # answers under way still come in, and others are asked about the batch as well
            return
        self._look_at_others()
        self._grow()
        minutes = self._settings.max_minutes
        if minutes and live.elapsed_s() >= minutes * 60:
            now = live.snapshot()
            why = f"; {why_stuck(now)}" if now["waiting_for"] == "closed" else ""
            self.finish(BatchStatus.STOPPED, f"the time limit of {minutes:g} minutes was reached{why}")
            return
        self._tell_waiting()
        self.raise_alerts()
        if live.changed or self._is_untold or live.elapsed_s() - self._kept_at_s > _KEEP_S:
            self._services.publish(0, False)
            self.keep()

    def raise_alerts(self) -> None:
        """Tell what the batch's owner should look at."""
        batch_id = self.live.batch_id
        for alert in self.live.measures.raised(self.live.samples):
            log.warning("batch alert", extra={"batch_id": batch_id, "kind": alert["kind"], "reason": alert["message"]})
            self._services.counters.alerts.labels(alert["kind"]).inc()
            try:
                event = self._services.ledger.change(batch_id, "alert", alert)
            except StorageError as error:
                log.warning("alert not stored", extra={"batch_id": batch_id, "reason": str(error)})
                event = 0
            self._services.publish(event, True)

    def keep(self) -> None:
        """Keep what is told and measured; what is counted is kept with each step."""
        self._kept_at_s = self.live.elapsed_s()
        self._is_untold = True
        try:
            self._services.others.keep(self.live)
            self._is_untold = False
        except StorageError as error:
            log.warning("history not stored", extra={"batch_id": self.live.batch_id, "reason": str(error)})

    def _look_at_others(self) -> None:
        """See what other processes have made of the batch, and what they put back."""
        others = self._services.others
        if others.are_none:
            return
        try:
            others.refresh(self.live)
            hold = others.hold_any(self.live.batch_id)
        except StorageError as error:
            log.warning("others not seen", extra={"batch_id": self.live.batch_id, "reason": str(error)})
            return
        self._services.queue.look_again()
        with self._changed:
            self._others_hold = hold
            self._changed.notify_all()

    def _grow(self) -> None:
        left = self.live.target - self.live.samples
        useful = self._services.llm.useful_workers(self._settings.preference)
        for number in range(len(self._workers), max(1, min(self._settings.max_workers, useful, left))):
            name = f"{self.live.batch_id} worker {number}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._workers.append(thread)
            thread.start()

    def _tell_waiting(self) -> None:
        """Say what all workers wait for, and until when."""
        count, cause, left_s = self._services.llm.gate.waiting(self.live.batch_id)
        with self._changed:
            busy = self._in_hand - count - self._resting_in_hand
            if self._resting:
                cause, left_s = "storage", None
        if busy > 0 or not cause or (left_s is not None and left_s < _TICK_S):
            return
        if self.live.wait(cast("Cause", cause), left_s):  # what the gate calls it, or "storage"
            self._services.publish(0, False)

    # --- the workers ---------------------------------------------------------------------

    def _work(self) -> None:
        bind(batch_id=self.live.batch_id)
        try:
            while (item := self._next()) is not None:
                try:
                    self._worker.process(item)
                finally:
                    with self._changed:
                        self._in_hand -= 1
                        self._changed.notify_all()
        except Exception:  # top of a worker thread
            log.exception("worker failed", extra={"batch_id": self.live.batch_id})
            self.stop(BatchStatus.FAILED, "a fault of the service itself; see its log")

    def _next(self) -> WorkItem | None:
        """Take an item, or wait for one; None when the batch is at its end."""
        while True:
            try:
                with self._changed:
                    if self._end is not None:
                        return None
                    item = None if self._paused else self._services.queue.take(self.live.circuits.open_topics())
                    if item is not None:
                        self._in_hand += 1
                        return item
                    if self._wait_for_item():
                        continue
                self._nothing_left()
            except StorageError as error:
                self._worker.rest(error, in_hand=False)

    def _wait_for_item(self) -> bool:
        """Wait until there may be an item; False when there will be none. The caller holds the lock."""
        if self._paused:
            self._changed.wait()
        elif not self._services.queue.is_empty():  # what is left belongs to topics that are put aside
            self._wait_for_topic()
        elif self._in_hand or self._others_hold:
            self._changed.wait()  # somebody's item may come back or be replaced
        else:
            return False
        return True

    def _wait_for_topic(self) -> None:
        breaker = self.live.circuits
        waits = [breaker.reopens_in_s(topic) for topic in breaker.open_topics()]
        if not waits:
            return
        if not self._in_hand:
            self.live.wait("topic", min(waits))
            self._services.publish(0, False)
        started = self._services.clock.monotonic()
        self._changed.wait(max(0.05, min(waits)))
        if not self._in_hand:
            self.live.measures.waited("topic", self._services.clock.monotonic() - started)

    def _nothing_left(self) -> None:
        others = self._services.others
        if others.leave_any(self.live.batch_id):
            with self._changed:
                self._others_hold = True
            return
        others.refresh(self.live)
        short = self.live.target - self.live.samples
        if short <= 0:
            self.finish(BatchStatus.COMPLETED, "")
        else:
            self.finish(BatchStatus.FAILED, f"{short} of {self.live.target} samples could not be made")

    def rest(self, seconds: float, in_hand: bool) -> None:
        """Wait because the disk refused, until the time is over or the batch is stopped."""
        started = self._services.clock.monotonic()
        self._count_resting(1, in_hand)
        try:
            self._tell_waiting()
            self._calling.wait(seconds)
        finally:
            self._count_resting(-1, in_hand)
            self.live.measures.waited("storage", self._services.clock.monotonic() - started)

    def _count_resting(self, number: int, in_hand: bool) -> None:
        with self._changed:
            self._resting += number
            self._resting_in_hand += number * in_hand
