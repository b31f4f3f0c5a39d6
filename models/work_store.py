"""Work items: one durable row for each sample that a batch wants.

States and what moves between them: `claim` todo -> leased, `finish` leased -> done,
`settle` leased -> rejected, failed or cancelled, `release` leased -> todo. A lease of
an earlier process is dead at start: `recover` calls it in_doubt or, when the answer
was committed already, hands the answer on so that nothing is paid twice.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, insert, select, update

from models.database import WorkRow
from models.domain import ItemState, Job, RawAnswer


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One leased item.

    Attributes:
        attempts: Calls made for it so far.
        answer: An answer that was paid for and not judged yet, or None.
    """

    batch_id: str
    ordinal: int
    job: Job
    attempts: int
    answer: RawAnswer | None = None


class WorkStore:
    """Reads and writes rows of `work`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, connection: Connection, batch_id: str, jobs: Iterable[Job], first: int = 0) -> None:
        """Plan *jobs* as items from ordinal *first* on."""
        rows = [
            {
                "batch_id": batch_id,
                "ordinal": n,
                "state": ItemState.TODO,
                "job": json.dumps(job.to_dict()),
                "attempts": 0,
            }
            for n, job in enumerate(jobs, first)
        ]
        if rows:
            connection.execute(insert(WorkRow), rows)

    def replace(self, connection: Connection, item: WorkItem, job: Job) -> None:
        """Plan *job* as one more item, for one that was rejected."""
        query = select(func.max(WorkRow.ordinal)).where(WorkRow.batch_id == item.batch_id)
        self.add(connection, item.batch_id, [job], first=int(connection.execute(query).scalar() or 0) + 1)

    def claim(self, connection: Connection, batch_id: str, skip: frozenset[str] = frozenset()) -> WorkItem | None:
        """Lease the next item whose circuit is not in *skip*; None when there is none."""
        query = (
            select(WorkRow.ordinal, WorkRow.job, WorkRow.attempts, WorkRow.raw_answer)
            .where(WorkRow.batch_id == batch_id, WorkRow.state == ItemState.TODO)
            .order_by(WorkRow.ordinal)
        )
        for ordinal, job_text, attempts, raw in connection.execute(query if skip else query.limit(1)):
            job = Job(**json.loads(job_text))
            if job.circuit in skip:
                continue
            item = WorkItem(batch_id, ordinal, job, attempts, _answer(raw))
            self._set(connection, item, state=ItemState.LEASED)
            return item
        return None

    def keep_answer(self, connection: Connection, item: WorkItem, answer: RawAnswer, attempts: int) -> None:
        """Commit an answer before it is judged: from here on it is never asked for again."""
        self._set(connection, item, raw_answer=json.dumps(answer.to_dict()), attempts=attempts)

    def finish(self, connection: Connection, item: WorkItem, sample_id: str) -> None:
        """Mark *item* done by *sample_id*; the raw answer is not needed any more."""
        self._set(connection, item, state=ItemState.DONE, sample_id=sample_id, raw_answer=None)

    def settle(self, connection: Connection, item: WorkItem, state: ItemState, reason: str) -> None:
        """Mark *item* as ended without a sample."""
        self._set(connection, item, state=state, reason=reason[:500], raw_answer=None)

    def release(self, connection: Connection, item: WorkItem, attempts: int) -> None:
        """Give *item* back to be claimed again."""
        self._set(connection, item, state=ItemState.TODO, attempts=attempts)

    def forget_answer(self, connection: Connection, item: WorkItem, attempts: int) -> None:
        """Drop an answer that was judged and found wanting, so that the next try asks anew."""
        self._set(connection, item, raw_answer=None, attempts=attempts)

    def cancel_rest(self, connection: Connection, batch_id: str) -> None:
        """Cancel what was not begun; what was in flight becomes in_doubt."""
        for old, new in ((ItemState.TODO, ItemState.CANCELLED), (ItemState.LEASED, ItemState.IN_DOUBT)):
            query = update(WorkRow).where(WorkRow.batch_id == batch_id, WorkRow.state == old)
            connection.execute(query.values(state=new))

    def recover(self, connection: Connection, batch_id: str) -> int:
        """Put the dead leases of an earlier process back; return how many were in doubt."""
        mine = (WorkRow.batch_id == batch_id, WorkRow.state == ItemState.LEASED)
        doubt = connection.execute(select(func.count()).where(*mine, WorkRow.raw_answer.is_(None))).scalar() or 0
        connection.execute(update(WorkRow).where(*mine).values(state=ItemState.TODO))
        return int(doubt)

    def counts(self, batch_id: str) -> dict[str, int]:
        """Count the items of a batch by state."""
        query = select(WorkRow.state, func.count()).where(WorkRow.batch_id == batch_id).group_by(WorkRow.state)
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def _set(self, connection: Connection, item: WorkItem, **values: object) -> None:
        mine = (WorkRow.batch_id == item.batch_id, WorkRow.ordinal == item.ordinal)
        connection.execute(update(WorkRow).where(*mine).values(**values))


def _answer(raw: str | None) -> RawAnswer | None:
    if raw is None:
        return None
    fields = json.loads(raw)
    return RawAnswer(**{**fields, "chain": tuple(fields["chain"])})
