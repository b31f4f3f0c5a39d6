"""What becomes of batches that were under way when the process ended."""

import logging
from collections.abc import Callable, Mapping

from models.batches.batch_store import BatchColumns, BatchRow
from models.domain import BatchStatus
from services.batch.objects import ON_REQUEST
from services.batch.publisher import BatchPublisher
from services.batch.stores import BatchStores
from utils.clock import Clock, iso
from utils.errors import NotFoundError

log = logging.getLogger(__name__)


class Recovery:
    """Goes on with interrupted batches, or closes them; for the start of the service."""

    def __init__(
        self,
        stores: BatchStores,
        publisher: BatchPublisher,
        clock: Clock,
        run: Callable[[BatchRow, str, Mapping[str, object]], None],
        keep_drafts: Callable[[BatchRow], int],
    ) -> None:
        self._stores = stores
        self._publisher = publisher
        self._clock = clock
        self._run = run
        self._keep_drafts = keep_drafts

    def resume_all(self) -> list[str]:
        """Go on with every batch that was running when the process ended; return their ids."""
        self._close_all(BatchStatus.STOPPING, ON_REQUEST)
        resumed = []
        for row in self._interrupted(BatchStatus.RUNNING):
            try:
                self.resume(row["id"])
            except Exception:  # one batch that cannot go on must not keep the service from starting
                log.exception("batch not resumed", extra={"batch_id": row["id"]})
            else:
                resumed.append(row["id"])
        return resumed

    def resume(self, batch_id: str) -> None:
        """Go on with one batch that has no runner: what was in flight is in doubt and asked again."""
        in_doubt = self._stores.ledger.recover(batch_id)
        row = self._stores.batches.get(batch_id)
        if row is None:
            raise NotFoundError(f"batch {batch_id!r}: not found")
        self._run(row, "resumed", {"in_doubt": in_doubt})
        log.info("batch resumed", extra={"batch_id": batch_id, "in_doubt": in_doubt})

    def close_interrupted(self) -> None:
        """Mark what was running as stopped, for those who do not want it resumed."""
        self._close_all(BatchStatus.STOPPING, ON_REQUEST)
        self._close_all(BatchStatus.RUNNING, "the service ended, and RESUME_BATCHES is off")

    def close(self, batch_id: str, reason: str = ON_REQUEST) -> None:
        """End a batch that has no runner as stopped; drafts that were paid for are kept."""
        row = self._stores.batches.get(batch_id)
        if row is not None:
            self._keep_drafts(row)
        columns: BatchColumns = {
            "status": BatchStatus.STOPPED.value,
            "completed_at": iso(self._clock.now()),
            "reason": reason,
        }
        self._publisher.changed(batch_id, self._stores.ledger.close(batch_id, **columns) or 0, True)

    def _close_all(self, status: BatchStatus, reason: str) -> None:
        for row in self._interrupted(BatchStatus.PENDING):
            self._stores.ledger.discard(row["id"], "the service ended while the batch was being planned")
        for row in self._interrupted(status):
            self.close(row["id"], reason)

    def _interrupted(self, status: BatchStatus) -> list[BatchRow]:
        return self._stores.batches.with_status([status])
