"""What a process knows of the others that work on the same batches. Alone, as on SQLite, there is nothing to know."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.batches.batch_store import BatchColumns, BatchPart, BatchRow
from models.batches.parts import circuits_of, merged
from models.contract.answers.batches import Batch
from services.batch.live import LiveBatch
from services.batch.stores import BatchStores
from utils.clock import Clock


@dataclass(frozen=True, slots=True)
class Others:
    """The other processes, as the tables tell of them."""

    stores: BatchStores
    clock: Clock

    @property
    def are_none(self) -> bool:
        """Whether this process alone works on the database."""
        return self.stores.members.is_alone

    def refresh(self, live: LiveBatch) -> None:
        """Let *live* count what all processes have made."""
        row = None if self.are_none else self.stores.batches.get(live.batch_id)
        if row is not None:
            live.adopt(row)

    def hold_any(self, batch_id: str) -> bool:
        """Tell whether others have items of a batch in hand, which may come back."""
        return not self.are_none and self.stores.work.is_held_by_others(batch_id, self.stores.members.me)

    def leave_any(self, batch_id: str) -> bool:
        """Tell whether a batch has items left that are not ended, whoever has them."""
        return not self.are_none and self.stores.work.has_open(batch_id)

    def keep(self, live: LiveBatch) -> None:
        """Keep what is told and measured of a batch here; StorageError when it cannot be."""
        if self.are_none:
            self.stores.ledger.note(live.batch_id, **live.columns())
        else:
            self.stores.ledger.keep_part(live.batch_id, live.part())

    def alone_in_row(self, live: LiveBatch) -> BatchColumns:
        """Return what this process writes into the row of a batch: nothing where others have as much to say."""
        return live.columns() if self.are_none else {}

    def told(self, row: BatchRow) -> BatchRow:
        """Return the row of a batch with what all processes tell of it."""
        return row if self.are_none else merged(row, self.stores.batches.parts(row["id"]).values())

    def seen(self, row: BatchRow, own: BatchPart | None = None) -> Batch:
        """Return the batch object of a batch that several may work on: the same at each of them.

        Unless what this process has to tell could not be kept: then *own* is that.
        """
        told = self.stores.batches.parts(row["id"])
        parts = list((told if own is None else {**told, self.stores.members.me: own}).values())
        live = LiveBatch(merged(row, parts), self.clock)
        return _together(live.snapshot(), parts) if parts else live.snapshot()


def _together(batch: Batch, parts: Sequence[BatchPart]) -> Batch:
    """Add to *batch* what its processes are at now."""
    if not batch["running"]:
        return batch
    circuits = circuits_of(parts)
    rates = [part["rate"] for part in parts if part["rate"] is not None]
    rate = round(sum(rates), 2) if rates else None
    left = batch["total"] - batch["samples_generated"]
    waiting = [part for part in parts if part["waiting_for"] is not None]
    first = min(waiting, key=lambda part: part["waiting_until"] or "~") if len(waiting) == len(parts) else None
    return {
        **batch,
        "current_sample": next((part["current_sample"] for part in reversed(parts) if part["current_sample"]), None),
        "samples_per_minute": rate,
        "eta_seconds": round(left / rate * 60) if rate and left > 0 else None,
        "waiting_for": first["waiting_for"] if first is not None else None,
        "waiting_until": first["waiting_until"] if first is not None else None,
        "skipped_topics": [one["topic"] for one in circuits["open_circuits"]],
        "circuit_breaker_summary": circuits,
    }
