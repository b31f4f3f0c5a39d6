"""The commits of a running batch: what must be true together is written together.

Every method returns once it is on the disk. The steps of an item: `sending` ahead of
each call, then `answered` or `failed`, then `finish`, `refuse` or `reject`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection
from typing_extensions import Unpack

from models.batches.batch_store import BatchColumns, BatchPart, BatchRow, BatchStore
from models.batches.call_store import CallStore
from models.batches.event_store import EventStore
from models.batches.members import Members, notify
from models.batches.parts import merged, told_in
from models.batches.review_store import ReviewStore
from models.batches.spend_limits import SpendLimits, check_budget
from models.batches.usage_store import UsageStore
from models.batches.work_item import SentCall, WorkItem
from models.batches.work_store import WorkStore
from models.database import BatchPartRow
from models.domain import BatchStatus, CallUsage, ItemState, Job, RawAnswer
from models.engines.writer import Writer
from models.samples.sample_store import SampleStore
from models.schemas import Sample
from utils.clock import Clock, iso

# A commit of so many items holds the writer for some 5 ms.
_PLANNED_AT_ONCE = 500
_NOT_ENDED = tuple(status for status in BatchStatus if not status.is_final)


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

    def __init__(self, writer: Writer, tables: Tables, members: Members, clock: Clock) -> None:
        self._writer = writer
        self._tables = tables
        self._members = members
        self._clock = clock

    # --- batches -------------------------------------------------------------------------

    def plan(self, row: BatchRow, jobs: Iterable[Job]) -> None:
        """Write a batch down with its items, a piece at a time: others go on writing meanwhile.

        Until the last piece its status is what *row* says; `note` then lets it run.
        """
        owner = self._members.me
        self._writer.run(lambda connection: self._tables.batches.insert(connection, row, owner))
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

    def change_from(
        self,
        batch_id: str,
        statuses: Collection[BatchStatus],
        kind: str,
        detail: Mapping[str, object],
        **columns: Unpack[BatchColumns],
    ) -> int | None:
        """Record a change as `change`, if the batch is in one of *statuses*; None where it is not any more."""

        def write(connection: Connection) -> int | None:
            if not self._tables.batches.update_from(connection, batch_id, statuses, **columns):
                return None
            return self._event(connection, batch_id, kind, detail)

        return self._writer.run(write)

    def ends(self, batch_id: str, statuses: Collection[BatchStatus], **columns: Unpack[BatchColumns]) -> None:
        """Let all processes know how a batch ends that is in one of *statuses*; its event comes when it has ended."""

        def write(connection: Connection) -> None:
            if self._tables.batches.update_from(connection, batch_id, statuses, **columns):
                notify(connection)

        self._writer.run(write)

    def recover(self, batch_id: str) -> int:
        """Put back what an earlier process had in flight; return how many calls are in doubt."""

        def write(connection: Connection) -> int:
            return self._doubt(connection, batch_id, self._tables.work.recover(connection, batch_id))

        return self._writer.run(write)

    def discard(self, batch_id: str, reason: str) -> None:
        """Close a batch whose plan was never finished; nobody was told that it began. One that runs stays as it is."""
        columns: BatchColumns = {"status": "failed", "reason": reason, "completed_at": iso(self._clock.now())}

        def write(connection: Connection) -> None:
            if self._tables.batches.update_from(connection, batch_id, (BatchStatus.PENDING,), **columns):
                self._tables.work.remove(connection, batch_id)

        self._writer.run(write)

    def close(self, batch_id: str, **columns: Unpack[BatchColumns]) -> int | None:
        """End a batch: cancel what was not begun, doubt what is in flight; return the event's id.

        None where it had ended before.
        """

        def write(connection: Connection) -> int | None:
            if not self._tables.batches.update_from(connection, batch_id, _NOT_ENDED, status=columns["status"]):
                return None
            doubt = self._doubt(connection, batch_id, self._tables.work.cancel_rest(connection, batch_id))
            self._tables.batches.update(connection, batch_id, **columns)
            self._tables.batches.drop_parts(connection, BatchPartRow.batch_id == batch_id)
            detail = {"status": columns["status"], "reason": columns.get("reason"), "left_in_flight": doubt}
            return self._event(connection, batch_id, "ended", detail)

        event = self._writer.run(write)
        if event is not None:
            self._tables.work.forget(self._writer, batch_id)
        return event

    # --- processes -----------------------------------------------------------------------

    def take_over(self, member: str | None, is_stranger: bool = False) -> dict[str, int] | None:
        """Give back what a process had in hand that is gone; return its calls that are in doubt, by batch.

        Its calls of no batch are left: its runs may know what they took; `lose_calls` doubts the rest. None where
        another process did it. A stranger has no row that could tell that; None is whoever left no name.
        """

        def write(connection: Connection) -> dict[str, int] | None:
            if not is_stranger and not self._members.remove(connection, str(member)):
                return None
            lost = self._tables.work.lose(connection, member)
            if member is not None:
                self._settle_parts(connection, member)
            found = {batch_id: self._doubt(connection, batch_id, targets) for batch_id, targets in lost.items()}
            for batch_id, count in found.items():
                self._event(connection, batch_id, "resumed", {"in_doubt": count})
            return found

        return self._writer.run(write)

    def keep_part(self, batch_id: str, part: BatchPart) -> None:
        """Keep what this process has to tell of a batch that several work on, unless it has ended: all is told then."""
        member = self._members.me

        def write(connection: Connection) -> None:
            if self._members.lives(connection, member) and self._tables.batches.is_open(connection, batch_id):
                self._tables.batches.put_part(connection, batch_id, member, part)

        self._writer.run(write)

    # --- items ---------------------------------------------------------------------------

    def claim(self, batch_id: str, most: int) -> list[WorkItem]:
        """Take up to so many items of a batch that nobody has in hand, in order.

        None while this process does not know yet that it was taken over: nobody would ever take them from it.
        """
        owner = self._members.me

        def take(connection: Connection) -> list[WorkItem]:
            if not self._members.lives(connection, owner):
                return []
            return self._tables.work.claim(connection, batch_id, owner, most)

        return self._writer.aside(take)

    def put_back(self, batch_id: str) -> None:
        """Let others take what this process has in hand of a batch and does not work on."""
        owner = self._members.me
        self._writer.run(lambda connection: self._tables.work.put_back(connection, batch_id, owner))

    def sending(
        self,
        item: WorkItem,
        attempt: int,
        account: str,
        target: str,
        tokens: int,
        limits: SpendLimits | None = None,
    ) -> None:
        """Mark the item as under way: call number *attempt* leaves for *target* with at most *tokens*.

        Raises:
            LeaseLostError: another process has it; as every step of an item.
            BudgetSpentError, BudgetHeldError: it might go beyond *limits*, with what all processes use.
        """
        usd = limits.call_usd if limits is not None else None
        call = SentCall(attempt, self._clock.now().timestamp(), account, target, tokens, usd)

        def write(connection: Connection) -> None:
            if limits is not None:
                used = self._tables.batches.used(connection, item.batch_id)
                check_budget(limits, call, used, self._tables.work.under_way(connection, item.batch_id))
            self._tables.work.lease(connection, item, call)

        self._writer.run(write)

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

    # --- inside --------------------------------------------------------------------------

    def _settle_parts(self, connection: Connection, member: str) -> None:
        """Put what a process told of its batches into their rows."""
        batches = self._tables.batches
        for batch_id, part in batches.parts_of_member(connection, member).items():
            row = batches.of_connection(connection, batch_id)
            if row is not None:
                batches.update(connection, batch_id, **told_in(merged(row, [part])))
        batches.drop_parts(connection, BatchPartRow.member == member)

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
        notify(connection)
        return self._tables.events.add(connection, batch_id, iso(self._clock.now()), kind, detail)

    def _hour(self) -> str:
        return self._clock.now().isoformat()[:13]
