"""The commits of a running batch: what must be true together is written together."""

from typing import Any

from sqlalchemy import Connection

from models.batch_store import BatchStore
from models.database import Writer
from models.domain import ItemState, Job, RawAnswer
from models.sample_store import SampleStore
from models.schemas import Sample
from models.work_store import WorkItem, WorkStore


class Ledger:
    """Records the way of each item; every method returns once it is on the disk."""

    def __init__(self, writer: Writer, batches: BatchStore, work: WorkStore, samples: SampleStore) -> None:
        self._writer = writer
        self._batches = batches
        self._work = work
        self._samples = samples

    def claim(self, batch_id: str, skip: frozenset[str]) -> WorkItem | None:
        """Lease the next item whose circuit is not in *skip*."""
        return self._writer.run(lambda connection: self._work.claim(connection, batch_id, skip))

    def keep_answer(self, item: WorkItem, answer: RawAnswer, attempts: int) -> None:
        """Keep a paid answer before it is judged."""
        self._writer.run(lambda connection: self._work.keep_answer(connection, item, answer, attempts))

    def forget_answer(self, item: WorkItem, attempts: int) -> None:
        """Drop an answer that was refused, so that nobody judges it again."""
        self._writer.run(lambda connection: self._work.forget_answer(connection, item, attempts))

    def note(self, batch_id: str, **columns: Any) -> None:
        """Keep what is told of a running batch: errors, switches, where it stands."""
        self._writer.run(lambda connection: self._batches.update(connection, batch_id, **columns))

    def finish(self, item: WorkItem, sample: Sample, tokens: int, attempts: int) -> None:
        """Store the sample, close the item and count it, in one commit."""

        def change(connection: Connection) -> None:
            self._samples.put(connection, sample)
            self._work.finish(connection, item, sample.id)
            self._batches.count_sample(connection, item.batch_id, tokens)
            self._batches.count_attempts(connection, item.batch_id, attempts)

        self._writer.run(change)

    def reject(self, item: WorkItem, reason: str, tokens: int, attempts: int, replacement: Job | None) -> None:
        """Close the item without a sample and plan *replacement* for it, in one commit."""

        def change(connection: Connection) -> None:
            self._work.settle(connection, item, ItemState.REJECTED, reason)
            self._batches.count_rejection(connection, item.batch_id, tokens)
            self._batches.count_attempts(connection, item.batch_id, attempts)
            if replacement is not None:
                self._work.replace(connection, item, replacement)

        self._writer.run(change)

    def release(self, item: WorkItem, attempts: int, tokens: int = 0) -> None:
        """Give the item back; the calls made for it and their tokens stay counted."""

        def change(connection: Connection) -> None:
            self._work.release(connection, item, item.attempts + attempts)
            self._batches.count_attempts(connection, item.batch_id, attempts, tokens)

        self._writer.run(change)
