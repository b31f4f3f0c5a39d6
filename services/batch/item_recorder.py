"""Keeps every step of one item: in the ledger first, then in the live state of its batch."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from models.batches.ledger import Ledger
from models.batches.spend_limits import SpendLimits
from models.batches.work_item import WorkItem
from models.domain import RawAnswer
from services.batch.live import LiveBatch
from services.llm.attempts import Attempts
from services.llm_service import Outcome, Permit
from utils.errors import GenerationError

T = TypeVar("T")


class Durable(Protocol):
    """Writes until the disk takes it."""

    def __call__(self, write: Callable[[], T]) -> T:
        """Return what *write* returns; CancelledError when the batch ends before the disk took it."""


@dataclass(frozen=True, slots=True)
class ItemRecorder:
    """The recorder of one item (see `services.generation.making.Recorder`).

    Attributes:
        publish: Told the id of each event.
        limits: What the batch may use, where other processes use it too; None where this one alone does.
    """

    item: WorkItem
    tried: Attempts
    ledger: Ledger
    live: LiveBatch
    durable: Durable
    publish: Callable[[int], None]
    limits: SpendLimits | None = None

    @property
    def attempts(self) -> int:
        """Calls made for the item so far."""
        return self.item.attempts + self.tried.calls

    def sending(self, permit: Permit) -> None:
        """Mark the item as in flight before the request leaves."""
        self.live.measures.waited(permit.cause, permit.waited_s)
        target, need, limits = permit.target, permit.need, self.limits
        if limits is not None:
            limits = replace(limits, call_usd=need.cost_usd)
        self.durable(
            lambda: self.ledger.sending(self.item, self.attempts, target.account, target.name, need.tokens, limits)
        )
        self.live.begin(self.item.job.topic_key)

    def answered(self, answer: RawAnswer, outcome: Outcome) -> None:
        """Commit the raw answer and what it cost."""
        self.durable(lambda: self.ledger.answered(self.item, answer, outcome.usage))
        self._spent(outcome)

    def failed(self, error: GenerationError, outcome: Outcome) -> None:
        """Commit the failure; the item may be tried again."""
        row = self.live.fail(self.item.job.topic_key, error, self.attempts)
        event = self.durable(lambda: self.ledger.failed(self.item, outcome.usage, row))
        self._spent(outcome)
        self.publish(event)

    def spent(self, outcome: Outcome) -> None:
        """Commit what a call beside the draft has cost."""
        self.durable(lambda: self.ledger.spent(self.item, outcome.usage))
        self._spent(outcome)

    def refused(self, answer: RawAnswer, error: GenerationError) -> None:
        """Put the refused answer aside, so that nobody examines it again."""
        row = self.live.fail(self.item.job.topic_key, error, self.attempts)
        self.publish(self.durable(lambda: self.ledger.refuse(self.item, answer, error.labelled(), row)))

    def _spent(self, outcome: Outcome) -> None:
        self.live.spend(outcome.usage)
        self.live.measures.called(outcome)
