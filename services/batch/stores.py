"""Where batches are kept."""

from dataclasses import dataclass

from models.batches.batch_store import BatchStore
from models.batches.call_ledger import CallLedger
from models.batches.event_store import EventStore
from models.batches.ledger import Ledger
from models.batches.members import Members
from models.batches.usage_store import UsageStore
from models.batches.work_store import WorkStore


@dataclass(frozen=True, slots=True)
class BatchStores:
    """The tables of batches."""

    batches: BatchStore
    work: WorkStore
    events: EventStore
    usage: UsageStore
    ledger: Ledger
    calls: CallLedger
    members: Members
