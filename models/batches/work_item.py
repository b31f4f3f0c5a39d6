"""An item of a batch in the hand of a worker, and the call that leaves for it."""

from dataclasses import dataclass

import orjson
from sqlalchemy import Row

from models.batches.engine import Hold
from models.domain import Job, RawAnswer


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One item that a worker has in hand.

    Attributes:
        attempts: Calls made for it so far.
        answer: An answer that was paid for and not examined yet, or None.
        fence: How often it was taken by a process, this time included.
        hold: The claim as the engine keeps it, if it does.
    """

    batch_id: str
    ordinal: int
    job: Job
    attempts: int
    answer: RawAnswer | None = None
    fence: int = 0
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class SentCall:
    """A call that is about to leave.

    Attributes:
        attempt: Number of the call for its item, from 1.
        at: Seconds since 1970, by the clock of the machine.
        account: What the vendor counts limits by.
        target: Who is called, as provider/model.
        tokens: What it may use at most.
        usd: What it may cost at most; None when its price is not known.
    """

    attempt: int
    at: float
    account: str
    target: str
    tokens: int
    usd: float | None = None


def item_of(batch_id: str, row: Row[int, str, int, str | None, int]) -> WorkItem:
    """Return the item of a row: ordinal, job, attempts, raw answer, fence."""
    return WorkItem(batch_id, row.ordinal, _job(row.job), row.attempts, _answer(row.raw_answer), row.fence)


def _job(stored: str) -> Job:
    fields = orjson.loads(stored)
    return Job(**{**fields, "file_ids": tuple(fields.get("file_ids", ()))})


def _answer(raw: str | None) -> RawAnswer | None:
    if raw is None:
        return None
    fields = orjson.loads(raw)
    return RawAnswer(**{**fields, "chain": tuple(fields["chain"]), "sources": tuple(fields.get("sources", ()))})
