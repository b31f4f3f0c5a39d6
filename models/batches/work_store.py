"""Work items: one durable row for each sample that a batch wants.

States and what moves between them: `lease` todo -> leased (a call is about to be
made), `release` leased -> todo, `finish` leased -> done, `settle` leased -> rejected,
failed or cancelled. An item waits for its turn as todo: only one whose call may have
reached a provider is leased. A lease of an earlier process is dead at start: `recover`
hands an answer on that was committed already, so that nothing is paid twice. Apart from the
state stands whether a call is under way, the draft's or its judge's: whatever cuts it off,
it is in doubt then.

A process takes items by `claim`, which gives each a new fence. Every change names the fence that it knows: of an item
that was given to another meanwhile nothing is kept (`LeaseLostError`). Whose turn an item is says the engine
(`engine.py`), which is asked first.
"""

from collections.abc import Iterable
from dataclasses import replace

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Update,
    and_,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    select,
    update,
)

from models.batches.engine import BatchEngine, Key, TableEngine
from models.batches.work_item import SentCall, WorkItem, item_of
from models.database import WorkRow
from models.domain import ItemState, Job, RawAnswer
from models.engines.dialects import WHOLE
from models.engines.opening import reading
from models.engines.statement import Statement
from models.engines.writer import Writer
from utils.errors import LeaseLostError

_MINE = (
    WorkRow.batch_id == bindparam("batch"),
    WorkRow.ordinal == bindparam("number"),
    WorkRow.fence == bindparam("known"),
    # What has ended is not ended again, whoever tries.
    WorkRow.state.in_([literal_column(f"'{state}'") for state in (ItemState.TODO, ItemState.LEASED)]),
)
_LEASED = ItemState.LEASED
_OPEN = (ItemState.TODO, ItemState.LEASED)
# What a new owner may do must not be undone by the one before.
_NEXT_FENCE = WorkRow.fence + literal_column("1")
_ADD = Statement(
    insert(WorkRow).values(
        {name: bindparam(name) for name in ("batch_id", "ordinal", "job")}
        | {
            "state": literal_column(f"'{ItemState.TODO}'"),
            "attempts": literal_column("0"),
            "fence": literal_column("0"),
        }
    )
)
_STATE = Statement(update(WorkRow).where(*_MINE).values(state=bindparam("new"), in_flight=literal_column("NULL")))
_LEASE = Statement(
    update(WorkRow)
    .where(*_MINE)
    .values(
        state=literal_column(f"'{ItemState.LEASED}'"),
        attempts=bindparam("tries"),
        sent_at=bindparam("at"),
        sent_to=bindparam("to"),
        sent_tokens=bindparam("tokens"),
        sent_usd=bindparam("usd"),
        in_flight=bindparam("target"),
    )
)
_ANSWER = Statement(update(WorkRow).where(*_MINE).values(raw_answer=bindparam("raw"), in_flight=literal_column("NULL")))
_LANDED = Statement(update(WorkRow).where(*_MINE).values(in_flight=literal_column("NULL")))
_END = Statement(
    update(WorkRow)
    .where(*_MINE)
    .values(
        state=bindparam("new"),
        sample_id=bindparam("sample"),
        reason=bindparam("why"),
        raw_answer=literal_column("NULL"),
        owner=literal_column("NULL"),
    )
)


_KEY = (WorkRow.batch_id, WorkRow.ordinal)
_ITEM = (WorkRow.ordinal, WorkRow.job, WorkRow.attempts, WorkRow.raw_answer, WorkRow.fence)


class WorkStore:
    """Reads and writes rows of `work`."""

    def __init__(self, engine: Engine, batch_engine: BatchEngine | None = None) -> None:
        self._engine = engine
        self._turns: BatchEngine = batch_engine or TableEngine()

    def add(self, connection: Connection, batch_id: str, jobs: Iterable[Job], first: int = 0) -> None:
        """Plan *jobs* as items from ordinal *first* on."""
        rows: list[dict[str, object]] = [
            {"batch_id": batch_id, "ordinal": n, "job": orjson.dumps(job.to_dict()).decode()}
            for n, job in enumerate(jobs, first)
        ]
        _ADD.run_many(connection, rows)
        self._turns.add(connection, batch_id, range(first, first + len(rows)))

    def replace(self, connection: Connection, item: WorkItem, job: Job) -> None:
        """Plan *job* as one more item, for one that was rejected."""
        query = select(func.max(WorkRow.ordinal)).where(WorkRow.batch_id == item.batch_id)
        self.add(connection, item.batch_id, [job], first=int(connection.execute(query).scalar() or 0) + 1)

    def claim(self, connection: Connection, batch_id: str, owner: str, most: int) -> list[WorkItem]:
        """Take the next items that nobody has in hand, in order; none that another process is about to take."""
        turns = self._turns.claim(connection, batch_id, most)
        # Order, limit and lock in one and the same query: in a subquery fewer rows come than there are.
        free = (
            select(*_ITEM)
            .where(WorkRow.batch_id == batch_id, WorkRow.state == ItemState.TODO, WorkRow.owner.is_(None))
            .order_by(WorkRow.ordinal)
            .limit(most)
            .with_for_update(skip_locked=turns is None)
        )
        if turns is not None:
            free = free.where(WorkRow.ordinal.in_(turns))
        items = [item_of(batch_id, row) for row in connection.execute(free)]
        if items:
            taken = update(WorkRow).where(
                WorkRow.batch_id == batch_id, WorkRow.ordinal.in_([item.ordinal for item in items])
            )
            connection.execute(taken.values(owner=owner, fence=_NEXT_FENCE))
        return [replace(item, fence=item.fence + 1, hold=(turns or {}).get(item.ordinal)) for item in items]

    def put_back(self, connection: Connection, batch_id: str, owner: str) -> None:
        """Let others take what *owner* has in hand of a batch and does not work on."""
        mine = (WorkRow.batch_id == batch_id, WorkRow.owner == owner, WorkRow.state == ItemState.TODO)
        self._give_back(connection, update(WorkRow).where(*mine).values(owner=None, fence=_NEXT_FENCE))

    def is_held_by_others(self, batch_id: str, owner: str) -> bool:
        """Tell whether another process than *owner* has open items of a batch in hand."""
        others = (WorkRow.batch_id == batch_id, WorkRow.owner.is_not(None), WorkRow.owner != owner)
        query = select(WorkRow.ordinal).where(*others, WorkRow.state.in_(_OPEN)).limit(1)
        with reading(self._engine) as connection:
            return connection.execute(query).first() is not None

    def has_open(self, batch_id: str) -> bool:
        """Tell whether a batch has items that are not ended, in hand or not."""
        query = select(WorkRow.ordinal).where(WorkRow.batch_id == batch_id, WorkRow.state.in_(_OPEN)).limit(1)
        with reading(self._engine) as connection:
            return connection.execute(query).first() is not None

    def under_way(self, connection: Connection, batch_id: str) -> tuple[int, float]:
        """Sum what calls under way may use of a batch's budget: tokens and US dollars."""
        query = select(
            func.coalesce(cast(func.sum(WorkRow.sent_tokens), WHOLE), 0),
            func.coalesce(func.sum(WorkRow.sent_usd), 0.0),
        ).where(WorkRow.batch_id == batch_id, WorkRow.in_flight.is_not(None))
        tokens, usd = connection.execute(query).one()
        return tokens, usd or 0.0

    def lose(self, connection: Connection, owner: str | None) -> dict[str, list[str]]:
        """Give back all that a process had in hand that is gone; return its calls that are in doubt, by batch.

        None is a process of a version that left no name.
        """
        mine = WorkRow.owner == owner if owner is not None else and_(WorkRow.owner.is_(None), WorkRow.state == _LEASED)
        doubt: dict[str, list[str]] = {}
        found = select(WorkRow.batch_id, WorkRow.in_flight).where(mine, WorkRow.in_flight.is_not(None))
        for batch_id, target in connection.execute(found.order_by(WorkRow.batch_id, WorkRow.ordinal)):
            doubt.setdefault(batch_id, []).append(str(target))
        still_open = update(WorkRow).where(mine, WorkRow.state.in_(_OPEN))
        free = {"state": ItemState.TODO, "owner": None, "in_flight": None, "fence": _NEXT_FENCE}
        self._give_back(connection, still_open.values(free))
        return doubt

    def upcoming(self, batch_id: str, after: int, limit: int) -> list[WorkItem]:
        """Return the next items to do with a higher ordinal than *after*, in order."""
        return self._items(batch_id, WorkRow.state == ItemState.TODO, WorkRow.ordinal > after, limit=limit)

    def drafts(self, batch_id: str) -> list[WorkItem]:
        """Return the items that are not done and have an answer that was paid for."""
        return self._items(
            batch_id, WorkRow.state.in_([ItemState.TODO, ItemState.LEASED]), WorkRow.raw_answer.is_not(None)
        )

    def _items(self, batch_id: str, *where: ColumnElement[bool], limit: int | None = None) -> list[WorkItem]:
        query = select(*_ITEM).where(WorkRow.batch_id == batch_id, *where).order_by(WorkRow.ordinal).limit(limit)
        with reading(self._engine) as connection:
            return [item_of(batch_id, row) for row in connection.execute(query).all()]

    def lease(self, connection: Connection, item: WorkItem, call: SentCall) -> None:
        """Mark *item* as under way ahead of *call*; LeaseLostError as every change of an item."""
        values = {"tries": call.attempt, "at": call.at, "to": call.account, "target": call.target}
        _change(_LEASE, connection, item, **values, tokens=call.tokens, usd=call.usd)

    def sent_since(self, account: str, at: float) -> list[tuple[float, int]]:
        """Return time and reserved tokens of the last calls of items to *account* since then, oldest first."""
        query = select(WorkRow.sent_at, WorkRow.sent_tokens).where(WorkRow.sent_at >= at, WorkRow.sent_to == account)
        with reading(self._engine) as connection:
            return [(row[0] or 0.0, row[1] or 0) for row in connection.execute(query.order_by(WorkRow.sent_at))]

    def keep_answer(self, connection: Connection, item: WorkItem, answer: RawAnswer | None) -> None:
        """Keep an answer before it is read, so that it is never asked for again; None drops a refused one."""
        raw = None if answer is None else orjson.dumps(answer.to_dict()).decode()
        _change(_ANSWER, connection, item, raw=raw)

    def landed(self, connection: Connection, item: WorkItem) -> None:
        """Note that no call for *item* is under way any more."""
        _change(_LANDED, connection, item)

    def finish(self, connection: Connection, item: WorkItem, sample_id: str) -> None:
        """Mark *item* done by *sample_id*; the raw answer is not needed any more."""
        self._end(connection, item, ItemState.DONE, sample_id, None)

    def settle(self, connection: Connection, item: WorkItem, state: ItemState, reason: str) -> None:
        """Mark *item* as ended without a sample."""
        self._end(connection, item, state, None, reason[:500])

    def release(self, connection: Connection, item: WorkItem) -> None:
        """Give *item* back to be done again."""
        _change(_STATE, connection, item, new=ItemState.TODO.value)

    def cancel_rest(self, connection: Connection, batch_id: str) -> list[str]:
        """Cancel what is not done; return the targets of the calls that were under way, which are in doubt now."""
        self._turns.cancel(connection, batch_id)
        mine = update(WorkRow).where(WorkRow.batch_id == batch_id)
        open_ones, ended = mine.where(WorkRow.state.in_(_OPEN)), {"owner": None, "fence": _NEXT_FENCE}
        connection.execute(open_ones.where(WorkRow.in_flight.is_not(None)).values(state=ItemState.IN_DOUBT, **ended))
        connection.execute(open_ones.values(state=ItemState.CANCELLED, **ended))
        return self._lost(connection, batch_id)

    def forget(self, writer: Writer, batch_id: str) -> None:
        """Remove what the engine still tells of a batch that has ended; not in the transaction that ends it."""
        self._turns.forget(writer, batch_id)

    def remove(self, connection: Connection, batch_id: str) -> None:
        """Remove the items of a batch that was never started."""
        self._turns.cancel(connection, batch_id)
        connection.execute(WorkRow.__table__.delete().where(WorkRow.batch_id == batch_id))  # type: ignore[attr-defined]  # a Table

    def recover(self, connection: Connection, batch_id: str) -> list[str]:
        """Put the dead leases of an earlier process back; return the targets of the calls that are in doubt."""
        taken = (WorkRow.batch_id == batch_id, WorkRow.state.in_(_OPEN), WorkRow.owner.is_not(None))
        self._give_back(connection, update(WorkRow).where(*taken).values(owner=None, fence=_NEXT_FENCE))
        leased = (WorkRow.batch_id == batch_id, WorkRow.state == ItemState.LEASED)
        connection.execute(update(WorkRow).where(*leased).values(state=ItemState.TODO))
        return self._lost(connection, batch_id)

    def _lost(self, connection: Connection, batch_id: str) -> list[str]:
        """Return the targets of all calls of a batch that are under way, and take them for lost."""
        mine = (WorkRow.batch_id == batch_id, WorkRow.in_flight.is_not(None))
        targets = list(connection.execute(select(WorkRow.in_flight).where(*mine)).scalars())
        connection.execute(update(WorkRow).where(*mine).values(in_flight=None))
        return [str(target) for target in targets]

    def counts(self, batch_id: str) -> dict[str, int]:
        """Count the items of a batch by state."""
        query = select(WorkRow.state, func.count()).where(WorkRow.batch_id == batch_id).group_by(WorkRow.state)
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def reasons(self, batch_id: str) -> dict[str, int]:
        """Count rejected and failed items by the reason's name: what stands before its figures."""
        query = select(WorkRow.reason, func.count()).where(WorkRow.batch_id == batch_id, WorkRow.reason.is_not(None))
        found: dict[str, int] = {}
        with reading(self._engine) as connection:
            for reason, count in connection.execute(query.group_by(WorkRow.reason)):
                name = str(reason).partition(":")[0][:120]
                found[name] = found.get(name, 0) + count
        return found

    def _end(
        self, connection: Connection, item: WorkItem, state: ItemState, sample_id: str | None, reason: str | None
    ) -> None:
        key = (item.batch_id, item.ordinal)
        self._turns.end(connection, key, item.hold, is_done=state is ItemState.DONE)
        _change(_END, connection, item, new=state.value, sample=sample_id, why=reason)

    def _give_back(self, connection: Connection, freed: Update) -> None:
        """Free rows, and let their items have a turn again."""
        keys: list[Key] = [(row[0], row[1]) for row in connection.execute(freed.returning(*_KEY))]
        if keys:
            self._turns.put_back(connection, keys)


def _change(statement: Statement, connection: Connection, item: WorkItem, **values: object) -> None:
    """Run *statement* on the row of *item*, if it is still that of the process that took it."""
    done = statement.run(connection, batch=item.batch_id, number=item.ordinal, known=item.fence, **values)
    if not done.rowcount:
        raise LeaseLostError(f"item {item.ordinal} of batch {item.batch_id}: was given to another process")
