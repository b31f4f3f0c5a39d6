"""Batches in the database. Changes take the writer's connection, reads their own."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import cast

from sqlalchemy import ColumnElement, Connection, Engine, Select, bindparam, delete, func, insert, select, update
from typing_extensions import TypedDict, Unpack

from models.contract.answers.batches import Alert, BatchError, Cause, Switch
from models.database import BatchHistory, BatchPartRow
from models.domain import BatchStatus
from models.engines.opening import reading
from models.engines.statement import Statement
from utils.circuit_breaker import CircuitSummary

_TABLE = BatchHistory.__table__
_COLUMNS = tuple(column for column in _TABLE.columns if column.name != "owner")
_JSON = ("errors", "model_switches", "provider_switches", "request", "metrics")


class KeptWatch(TypedDict, total=False):
    """What alerts go by."""

    timeouts: int
    refusals: int
    switches: int
    alerts: list[Alert]


class KeptMeasures(TypedDict, total=False):
    """What a batch is measured by.

    Attributes:
        waited_s: Seconds that workers waited, by cause.
        latency: Counts of a histogram (`utils/histogram.py`), by target.
    """

    waited_s: dict[str, float]
    latency: dict[str, dict[str, int]]
    watch: KeptWatch


class KeptJudge(TypedDict):
    """Who judges the samples of a batch: the fields of `JudgeRequest` that are shown."""

    provider: str
    model: str | None


class KeptRequest(TypedDict, total=False):
    """What a batch was started with: the fields of `BatchRequest` that are shown."""

    provider: str
    model: str | None
    topic: str | None
    difficulty: str | None
    sample_type: str | None
    jurisdiction: str | None
    reasoning_instruction: str | None
    smart_mode: bool
    allow_failover: bool
    judge: KeptJudge | None
    seed: int
    origin: str | None


class BatchColumns(TypedDict, total=False):
    """The columns that are set while a batch runs and at its end, JSON not encoded yet."""

    status: str
    completed_at: str | None
    provider: str
    model: str | None
    elapsed_s: float
    reason: str | None
    metrics: KeptMeasures
    errors: list[BatchError]
    model_switches: list[Switch]
    provider_switches: list[Switch]
    ends_as: str | None


class BatchPart(TypedDict):
    """What one of several processes tells of a batch.

    Attributes:
        columns: Of its own work alone.
        current_sample: What it writes now.
        waiting_for: What all its workers wait for.
        waiting_until: When that may be over.
        rate: Samples a minute.
        circuits: Its topics' circuits.
    """

    columns: BatchColumns
    current_sample: str | None
    waiting_for: Cause | None
    waiting_until: str | None
    rate: float | None
    circuits: CircuitSummary


class BatchRow(TypedDict):
    """A row of `batches`, JSON decoded."""

    id: str
    status: str
    started_at: str
    completed_at: str | None
    provider: str
    model: str | None
    target: int
    samples_generated: int
    tokens_used: int
    attempts: int
    rejected: int
    in_doubt: int
    cost_usd: float
    unpriced_tokens: int
    elapsed_s: float
    reason: str | None
    metrics: KeptMeasures
    request: KeptRequest
    errors: list[BatchError]
    model_switches: list[Switch]
    provider_switches: list[Switch]
    ends_as: str | None


def _adding(*names: str) -> Statement:
    amounts = {name: getattr(BatchHistory, name) + bindparam(name) for name in names}
    return Statement(update(BatchHistory).where(BatchHistory.id == bindparam("batch")).values(amounts))


# The columns that the steps of an item count, one statement for each set.
_ADD: dict[tuple[str, ...], Statement] = {
    names: _adding(*names)
    for names in (
        ("samples_generated",),
        ("rejected",),
        ("attempts", "in_doubt"),
        ("attempts", "tokens_used", "cost_usd", "unpriced_tokens"),
    )
}


class BatchStore:
    """Reads and writes rows of `batches`; lists are kept as JSON."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def insert(self, connection: Connection, row: BatchRow, owner: str | None = None) -> None:
        """Add a batch that *owner* plans; *row* holds the columns, lists and `request` not encoded yet."""
        connection.execute(insert(BatchHistory).values(**_encoded(row), owner=owner))

    def update(self, connection: Connection, batch_id: str, **values: Unpack[BatchColumns]) -> None:
        """Set columns of one batch."""
        connection.execute(update(BatchHistory).where(BatchHistory.id == batch_id).values(**_encoded(values)))

    def update_from(
        self,
        connection: Connection,
        batch_id: str,
        statuses: Collection[BatchStatus],
        **values: Unpack[BatchColumns],
    ) -> bool:
        """Set columns of a batch that is in one of *statuses*; False where it is not."""
        still = (BatchHistory.id == batch_id, BatchHistory.status.in_(statuses))
        return bool(connection.execute(update(BatchHistory).where(*still).values(**_encoded(values))).rowcount)

    def is_open(self, connection: Connection, batch_id: str) -> bool:
        """Tell whether a batch has not ended."""
        query = select(BatchHistory.status).where(BatchHistory.id == batch_id)
        status = connection.execute(query).scalar()
        return status is not None and not BatchStatus(status).is_final

    def used(self, connection: Connection, batch_id: str) -> tuple[int, float]:
        """Return the tokens and US dollars that a batch has used."""
        query = select(BatchHistory.tokens_used, BatchHistory.cost_usd).where(BatchHistory.id == batch_id)
        tokens, usd = connection.execute(query).one()
        return tokens, usd

    def planned_by(self, batch_id: str) -> str | None:
        """Return the process that plans, or planned, a batch."""
        with reading(self._engine) as connection:
            return connection.execute(select(BatchHistory.owner).where(BatchHistory.id == batch_id)).scalar()

    def put_part(self, connection: Connection, batch_id: str, member: str, part: BatchPart) -> None:
        """Keep what one process tells of a batch, in place of what it told before."""
        mine = (BatchPartRow.batch_id == batch_id, BatchPartRow.member == member)
        data = json.dumps(part)
        if not connection.execute(update(BatchPartRow).where(*mine).values(data=data)).rowcount:
            connection.execute(insert(BatchPartRow).values(batch_id=batch_id, member=member, data=data))

    def parts(self, batch_id: str) -> dict[str, BatchPart]:
        """Return what the processes tell of a batch, by process."""
        query = select(BatchPartRow.member, BatchPartRow.data).where(BatchPartRow.batch_id == batch_id)
        with reading(self._engine) as connection:
            return {name: json.loads(data) for name, data in connection.execute(query.order_by(BatchPartRow.member))}

    def parts_of_member(self, connection: Connection, member: str) -> dict[str, BatchPart]:
        """Return what a process told, by batch."""
        query = select(BatchPartRow.batch_id, BatchPartRow.data).where(BatchPartRow.member == member)
        return {batch_id: json.loads(data) for batch_id, data in connection.execute(query)}

    def drop_parts(self, connection: Connection, *where: ColumnElement[bool]) -> None:
        """Forget what processes told: it is in the rows now."""
        connection.execute(delete(BatchPartRow).where(*where))

    def of_connection(self, connection: Connection, batch_id: str) -> BatchRow | None:
        """Return one batch as the open transaction sees it, or None."""
        found = connection.execute(select(*_COLUMNS).where(BatchHistory.id == batch_id)).mappings().first()
        return None if found is None else _decoded(dict(found))

    def add(self, connection: Connection, batch_id: str, **amounts: float) -> None:
        """Add to counters of one batch; which go together stands in `_ADD`."""
        _ADD[tuple(amounts)].run(connection, batch=batch_id, **amounts)

    def get(self, batch_id: str) -> BatchRow | None:
        """Return one batch, or None."""
        rows = self._select(select(*_COLUMNS).where(BatchHistory.id == batch_id))
        return rows[0] if rows else None

    def page(self, limit: int | None = None, offset: int = 0, status: str | None = None) -> list[BatchRow]:
        """Return batches, newest first."""
        query = select(*_COLUMNS).order_by(BatchHistory.started_at.desc(), BatchHistory.id.desc())
        if status:
            query = query.where(BatchHistory.status == status)
        return self._select(query.limit(limit).offset(offset))

    def count(self, status: str | None = None) -> int:
        """Count the batches, or those in *status*."""
        query = select(func.count()).select_from(BatchHistory)
        with reading(self._engine) as connection:
            return int(connection.execute(query.where(BatchHistory.status == status) if status else query).scalar_one())

    def with_status(self, statuses: Sequence[BatchStatus]) -> list[BatchRow]:
        """Return the batches in any of *statuses*, oldest first."""
        query = select(*_COLUMNS).where(BatchHistory.status.in_(statuses)).order_by(BatchHistory.started_at)
        return self._select(query)

    def with_origin(self, beginning: str) -> list[BatchRow]:
        """Return the batches whose origin begins so (letters, digits, "_" and spaces), newest first."""
        query = select(*_COLUMNS).where(BatchHistory.request.contains(f'"origin": "{beginning}', autoescape=True))
        return self._select(query.order_by(BatchHistory.started_at.desc(), BatchHistory.id.desc()))

    def _select(self, query: Select[tuple[object, ...]]) -> list[BatchRow]:
        with reading(self._engine) as connection:
            return [_decoded(dict(row)) for row in connection.execute(query).mappings()]


def _encoded(values: Mapping[str, object]) -> dict[str, object]:
    return {name: json.dumps(value) if name in _JSON else value for name, value in values.items()}


def _decoded(values: dict[str, object]) -> BatchRow:
    row = {name: json.loads(str(value)) if name in _JSON else value for name, value in values.items()}
    return cast("BatchRow", row)  # SQLAlchemy knows the types of columns by their values only
