"""What happens when a batch ends: its paid drafts are kept, the file is brought up to date, the end is written.

Each step is tried until the disk takes it, or the service leaves the batch to its next start.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from models.batches.batch_store import BatchColumns, BatchRow
from models.batches.work_item import WorkItem
from models.domain import BatchStatus
from models.schemas import Sample
from services.batch.live import LiveBatch
from services.batch.objects import judge_of, request_of
from services.batch.others import Others
from services.batch.publisher import BatchPublisher
from services.batch.runner import BatchRunner
from services.batch.running import RunningBatches
from services.batch.stores import BatchStores
from services.dataset.dataset_service import DatasetService
from services.generation.judge import JudgeSpec
from services.generation_service import GenerationService
from utils.clock import Clock, iso
from utils.errors import GenerationError, LeaseLostError, StorageError

log = logging.getLogger(__name__)
_AGAIN_S = 5.0
GOES_ON = (BatchStatus.RUNNING, BatchStatus.PAUSED)


@dataclass(frozen=True, slots=True)
class Ending:
    """Ends batches, each in its runner's own thread.

    Attributes:
        commands: Held while an end is written: no command may come in between.
        forget: Told the id of a batch that has ended.
        leaving: Set when the service stops: what could not be written is left to the next start.
    """

    stores: BatchStores
    generation: GenerationService
    dataset: DatasetService
    running: RunningBatches
    publisher: BatchPublisher
    commands: threading.RLock
    others: Others
    clock: Clock
    forget: Callable[[str], None]
    leaving: threading.Event = field(default_factory=threading.Event)

    def finish(self, runner: BatchRunner) -> None:
        """Record the end of the batch of *runner*, or leave it for the next start."""
        live = runner.live
        runner.raise_alerts()
        runner.keep()
        if not self.others.are_none:
            self._finish_here(runner)
            return
        if runner.end is None:
            return
        while not self._drafts_are_kept(live) and not self.leaving.wait(_AGAIN_S):
            continue
        status, reason = runner.end
        if live.samples >= live.target:
            status, reason = BatchStatus.COMPLETED, ""  # the last sample may come in while the end is under way
        else:
            live.end_with(reason)
        self.fold(live)
        while not self._close(live, status) and not self.leaving.wait(_AGAIN_S):
            continue
        self._forget(live.batch_id)
        log.info("batch ended", extra={"batch_id": live.batch_id, "status": status.value, "reason": reason})

    # --- several processes ---------------------------------------------------------------

    def _finish_here(self, runner: BatchRunner) -> None:
        """End the work of this process on a batch; the last of them ends the batch."""
        live = runner.live
        while not self._is_left(live, runner.end) and not self.leaving.wait(_AGAIN_S):
            continue
        try:
            if runner.end is not None:
                self.close_left(live.batch_id)
        except StorageError as error:
            log.warning("end of batch not stored, will try again", extra=_facts(live, error))
        finally:
            self.running.remove(live.batch_id)  # from here on whoever looks ends what is left

    def _is_left(self, live: LiveBatch, end: tuple[BatchStatus, str] | None) -> bool:
        """Tell the others how the batch ends, if it does, and let them have what is in hand; False when it fails."""
        ledger = self.stores.ledger
        try:
            if end is not None:
                status, reason = end
                stopping = BatchStatus.STOPPING.value
                columns: BatchColumns = {"status": stopping, "ends_as": status.value, "reason": reason or None}
                ledger.ends(live.batch_id, GOES_ON, **columns)
            ledger.put_back(live.batch_id)
        except StorageError as error:
            log.warning("batch not left, will try again", extra=_facts(live, error))
            return False
        return True

    def close_left(self, batch_id: str) -> bool:
        """End a batch that is to end and that no process works on any more; False where one does, or did it.

        Raises:
            StorageError: the database or the disk refuses; the batch is ended later, by whomever.
        """
        row = self.stores.batches.get(batch_id)
        if row is None or row["status"] != BatchStatus.STOPPING.value or self.others.hold_any(batch_id):
            return False
        for _ in range(self.keep_drafts(row)):
            continue
        row = self.others.told(self.stores.batches.get(batch_id) or row)
        status, reason = BatchStatus(row["ends_as"] or BatchStatus.STOPPED), row["reason"]
        if row["samples_generated"] >= row["target"]:
            status, reason = BatchStatus.COMPLETED, None
        live = LiveBatch(row, self.clock)
        if reason:
            live.end_with(reason)
        self.fold(live)
        columns = live.columns()
        columns["status"], columns["completed_at"] = status.value, iso(self.clock.now())
        columns["reason"] = reason
        event = self.stores.ledger.close(batch_id, **columns)
        if event is None:
            return False
        self.publisher.changed(batch_id, event, True)
        self._forget(batch_id)
        log.info("batch ended", extra={"batch_id": batch_id, "status": status.value, "reason": reason})
        return True

    def _forget(self, batch_id: str) -> None:
        self.publisher.forget(batch_id)
        self.forget(batch_id)

    # --- inside --------------------------------------------------------------------------

    def fold(self, live: LiveBatch) -> None:
        """Bring train.parquet up to date before anybody hears that the batch has ended."""
        try:
            self.dataset.fold()
        except StorageError as error:
            live.note(str(error), error.code)
            log.warning("samples stay in the journal", extra={"batch_id": live.batch_id, "reason": str(error)})
        except Exception:  # the end of a batch must not hang on its file; the samples are in the journal
            log.exception("fold failed", extra={"batch_id": live.batch_id})

    def keep_drafts(self, row: BatchRow) -> int:
        """Store every draft of a batch that passes its checks; no worker has one in hand any more. Return how many.

        Raises:
            StorageError: the disk refuses; what was stored stays, the rest is stored by the next call.
        """
        judge = judge_of(request_of(row))
        kept = 0
        for item in self.stores.work.drafts(row["id"]):
            sample = self._sample(item, judge)
            if sample is None:
                continue
            with suppress(LeaseLostError):  # another process that ends the batch was quicker
                self.stores.ledger.finish(item, sample)
                kept += 1
        return kept

    def _drafts_are_kept(self, live: LiveBatch) -> bool:
        """Store the drafts that were paid for; False when the disk refused."""
        try:
            row = self.stores.batches.get(live.batch_id)
            for _ in range(self.keep_drafts(row) if row is not None else 0):
                live.finished()
        except StorageError as error:
            facts = {"batch_id": live.batch_id, "reason": str(error)}
            log.warning("drafts not stored, will try again", extra=facts)
            return False
        return True

    def _sample(self, item: WorkItem, judge: JudgeSpec | None) -> Sample | None:
        """Return the sample of what *item* has in hand; None when it is not good enough."""
        if item.answer is None:
            return None
        facts = {"batch_id": item.batch_id, "item": item.ordinal}
        try:
            sample = self.generation.conclude(item.job, item.answer, judge, "the batch ended first")
        except GenerationError as error:
            log.info("draft refused", extra={**facts, "reason": error.labelled()})
            return None
        except Exception:  # a fault of ours that one draft brings out must not leave its batch without an end
            log.exception("draft not kept", extra=facts)
            return None
        return sample.model_copy(update={"batch_id": item.batch_id})

    def _close(self, live: LiveBatch, status: BatchStatus) -> bool:
        """Write the end of a batch; False when the disk refused."""
        with self.commands:
            columns = live.columns()
            columns["status"] = status.value
            columns["completed_at"] = columns["completed_at"] or iso(self.clock.now())
            try:
                event = self.stores.ledger.close(live.batch_id, **columns)
            except StorageError as error:
                facts = {"batch_id": live.batch_id, "reason": str(error)}
                log.warning("end of batch not stored, will try again", extra=facts)
                return False
            live.rest(status)
            self.running.remove(live.batch_id)  # from here on the table knows all there is
        self.publisher.changed(live.batch_id, event or 0, True)
        return True


def _facts(live: LiveBatch, error: StorageError) -> dict[str, str]:
    return {"batch_id": live.batch_id, "reason": str(error)}
