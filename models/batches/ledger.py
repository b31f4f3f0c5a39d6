"""The commits of a running batch: what must be true together is written together.

Every method returns once it is on the disk. The steps of an item: `sending` ahead of
each call, then `answered` or `failed`, then `finish`, `refuse` or `reject`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection
from typing_extensions import Unpack

from models.batches.batch_store import BatchColumns, BatchRow, BatchStore
from models.batches.call_store import CallStore
from models.batches.event_store import EventStore
from models.batches.review_store import ReviewStore
from models.batches.usage_store import UsageStore
from models.batches.work_store import SentCall, WorkItem, WorkStore
from models.domain import CallUsage, ItemState, Job, RawAnswer
from models.engines.writer import Writer
from models.samples.sample_store import SampleStore
from models.schemas import Sample
from utils.clock import Clock, iso

# A commit of so many items holds the writer for some 5 ms.
_PLANNED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables that a batch writes."""

    batches: BatchStore
    work: WorkStore
    samples: SampleStore
    usage: UsageStore
    calls: CallStore
    events: EventStore
    reviews: ReviewStore


class Ledger:
    """Records the way of each item. Thread-safe: all changes are the writer's."""

    def __init__(self, writer: Writer, tables: Tables, clock: Clock) -> None:
        self._writer = writer
        self._tables = tables
        self._clock = clock

    # --- batches -------------------------------------------------------------------------

    def plan(self, row: BatchRow, jobs: Iterable[Job]) -> None:
        """Write a batch down with its items, a piece at a time: others go on writing meanwhile.

        Until the last piece its status is what *row* says; `note` then lets it run.
        """
        self._writer.run(lambda connection: self._tables.batches.insert(connection, row))
        piece: list[Job] = []
        first = 0

        def add() -> None:
            self._writer.run(lambda connection: self._tables.work.add(connection, row["id"], piece, first))

        for job in jobs:
            piece.append(job)
            if len(piece) == _PLANNED_AT_ONCE:
                add()
                first += len(piece)
                piece = []
        add()

    def note(self, batch_id: str, **columns: Unpack[BatchColumns]) -> None:
        """Keep what is told of a batch: errors, switches, measurements."""
        self._writer.run(lambda connection: self._tables.batches.update(connection, batch_id, **columns))

    def change(self, batch_id: str, kind: str, detail: Mapping[str, object], **columns: Unpack[BatchColumns]) -> int:
        """Record a change of the batch as a whole, with the columns it sets; return the event's id."""

        def write(connection: Connection) -> int:
            if columns:
                self._tables.batches.update(connection, batch_id, **columns)
            return self._event(connection, batch_id, kind, detail)

        return self._writer.run(write)

    def recover(self, batch_id: str) -> int:
        """Put back what an earlier process had in flight; return how many calls are in doubt."""

        def write(connection: Connection) -> int:
            return self._doubt(connection, batch_id, self._tables.work.recover(connection, batch_id))

        return self._writer.run(write)

    def discard(self, batch_id: str, reason: str) -> None:
        """Close a batch whose plan was never finished; nobody was told that it began."""

        def write(connection: Connection) -> None:
            self._tables.work.remove(connection, batch_id)
            columns: BatchColumns = {"status": "failed", "reason": reason, "completed_at": iso(self._clock.now())}
            self._tables.batches.update(connection, batch_id, **columns)

        self._writer.run(write)

    def close(self, batch_id: str, **columns: Unpack[BatchColumns]) -> int:
        """End a batch: cancel what was not begun, doubt what is in flight; return the event's id."""

        def write(connection: Connection) -> int:
            doubt = self._doubt(connection, batch_id, self._tables.work.cancel_rest(connection, batch_id))
            self._tables.batches.update(connection, batch_id, **columns)
            detail = {"status": columns["status"], "reason": columns.get("reason"), "left_in_flight": doubt}
            return self._event(connection, batch_id, "ended", detail)

        return self._writer.run(write)

    # --- items ---------------------------------------------------------------------------

    def sending(self, item: WorkItem, attempt: int, account: str, target: str, tokens: int) -> None:
        """Mark the item as under way: call number *attempt* leaves for *target* with at most *tokens*."""
        call = SentCall(attempt, self._clock.now().timestamp(), account, target, tokens)
        self._writer.run(lambda connection: self._tables.work.lease(connection, item, call))

    def answered(self, item: WorkItem, answer: RawAnswer, usage: CallUsage) -> None:
        """Keep a paid answer, with what it cost, before it is read."""

        def write(connection: Connection) -> None:
            self._tables.work.keep_answer(connection, item, answer)
            self._count(connection, item.batch_id, usage)

        self._writer.run(write)

    def failed(self, item: WorkItem, usage: CallUsage, detail: Mapping[str, object]) -> int:
        """Record a call that gave no answer; the item is to be done again. Return the event's id."""

        def write(connection: Connection) -> int:
            self._tables.work.release(connection, item)
            self._count(connection, item.batch_id, usage)
            return self._event(connection, item.batch_id, "failure", {"item": item.ordinal, **detail})

        return self._writer.run(write)

    def spent(self, item: WorkItem, usage: CallUsage) -> None:
        """Count a call beside the draft that gave nothing; the item stays as it is."""

        def write(connection: Connection) -> None:
            self._tables.work.landed(connection, item)
            self._count(connection, item.batch_id, usage)

        self._writer.run(write)

    def refuse(self, item: WorkItem, answer: RawAnswer, reason: str, detail: Mapping[str, object]) -> int:
        """Put an answer aside that was examined and refused; the item is to be done again."""

        def write(connection: Connection) -> int:
            self._tables.reviews.refuse(connection, item, answer.text, reason)
            self._tables.work.keep_answer(connection, item, None)
            self._tables.work.release(connection, item)
            return self._event(connection, item.batch_id, "refusal", {"item": item.ordinal, **detail})

        return self._writer.run(write)

    def finish(self, item: WorkItem, sample: Sample) -> int:
        """Store the sample, close the item and count it, in one commit; return the event's id."""

        def write(connection: Connection) -> int:
            self._tables.samples.put(connection, sample)
            self._tables.work.finish(connection, item, sample.id)
            self._tables.batches.add(connection, item.batch_id, samples_generated=1)
            return self._event(connection, item.batch_id, "sample", {"item": item.ordinal, "sample": sample.id})

        return self._writer.run(write)

    def reject(self, item: WorkItem, state: ItemState, reason: str, replacement: Job | None) -> int:
        """Close the item without a sample and plan *replacement* for it, in one commit."""

        def write(connection: Connection) -> int:
            self._tables.work.settle(connection, item, state, reason)
            self._tables.batches.add(connection, item.batch_id, rejected=1)
            if replacement is not None:
                self._tables.work.replace(connection, item, replacement)
            return self._event(connection, item.batch_id, state.value, {"item": item.ordinal, "reason": reason[:300]})

        return self._writer.run(write)

    def release(self, item: WorkItem) -> None:
        """Give an item back whose call was never made after all."""
        self._writer.run(lambda connection: self._tables.work.release(connection, item))

    # --- calls of no batch ---------------------------------------------------------------

    def open_call(self, target: str) -> int:
        """Note that a call of no batch leaves for *target*; return its number."""
        row = {"at": iso(self._clock.now()), "target": target}
        return self._writer.run(lambda connection: self._tables.calls.add(connection, row))

    def used(self, usage: CallUsage, call: int) -> None:
        """Count what came of call number *call*."""

        def write(connection: Connection) -> None:
            self._tables.calls.take(connection, call)
            self._tables.usage.add(connection, self._hour(), "", usage)

        self._writer.run(write)

    def lose_call(self, call: int, sent: bool) -> None:
        """Record that call number *call* came to no end: it is in doubt, or, where it was never *sent*, it was none."""

        def write(connection: Connection) -> None:
            for target in self._tables.calls.take(connection, call):
                if sent:
                    self._tables.usage.doubt(connection, self._hour(), "", target)

        self._writer.run(write)

    def settle_lost(self, call: int, usage: CallUsage) -> bool:
        """Count *usage* for a call that an earlier process had under way; False where it is counted already."""

        def write(connection: Connection) -> bool:
            is_open = bool(self._tables.calls.take(connection, call))
            if is_open:
                self._tables.usage.add(connection, self._hour(), "", usage)
            return is_open

        return self._writer.run(write)

    def lose_calls(self) -> int:
        """Doubt the calls of no batch that an earlier process had under way; return how many."""

        def write(connection: Connection) -> int:
            targets = self._tables.calls.take(connection)
            for target in targets:
                self._tables.usage.doubt(connection, self._hour(), "", target)
            return len(targets)

        return self._writer.run(write)

    # --- inside --------------------------------------------------------------------------

    def _count(self, connection: Connection, batch_id: str, usage: CallUsage) -> None:
        self._tables.usage.add(connection, self._hour(), batch_id, usage)
        amounts = {
            "attempts": 1,
            "tokens_used": usage.tokens,
            "cost_usd": usage.cost_usd or 0.0,
            "unpriced_tokens": usage.unpriced_tokens,
        }
        self._tables.batches.add(connection, batch_id, **amounts)

    def _doubt(self, connection: Connection, batch_id: str, targets: list[str]) -> int:
        """Count the calls of a batch to *targets* that were cut off; return how many."""
        for target in targets:
            self._tables.usage.doubt(connection, self._hour(), batch_id, target)
        self._tables.batches.add(connection, batch_id, attempts=len(targets), in_doubt=len(targets))
        return len(targets)

    def _event(self, connection: Connection, batch_id: str, kind: str, detail: Mapping[str, object]) -> int:
        return self._tables.events.add(connection, batch_id, iso(self._clock.now()), kind, detail)

    def _hour(self) -> str:
        return self._clock.now().isoformat()[:13]
