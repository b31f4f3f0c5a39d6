"""Batches in the database. Changes take the writer's connection, reads their own."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, insert, select, update

from models.database import BatchHistory, reading
from models.domain import BatchStatus
from models.statements import Statement

_TABLE = BatchHistory.__table__
_JSON = ("errors", "model_switches", "provider_switches", "request", "metrics")


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

    def insert(self, connection: Connection, row: dict[str, Any]) -> None:
        """Add a batch; *row* holds the columns, lists and `request` not encoded yet."""
        connection.execute(insert(BatchHistory).values(**_encoded(row)))

    def update(self, connection: Connection, batch_id: str, **values: Any) -> None:
        """Set columns of one batch."""
        connection.execute(update(BatchHistory).where(BatchHistory.id == batch_id).values(**_encoded(values)))

    def add(self, connection: Connection, batch_id: str, **amounts: float) -> None:
        """Add to counters of one batch; which go together stands in `_ADD`."""
        _ADD[tuple(amounts)].run(connection, batch=batch_id, **amounts)

    def get(self, batch_id: str) -> dict[str, Any] | None:
        """Return one batch, or None."""
        rows = self._select(select(_TABLE).where(BatchHistory.id == batch_id))
        return rows[0] if rows else None

    def page(self, limit: int | None = None, offset: int = 0, status: str | None = None) -> list[dict[str, Any]]:
        """Return batches, newest first."""
        query = select(_TABLE).order_by(BatchHistory.started_at.desc(), BatchHistory.id.desc())
        if status:
            query = query.where(BatchHistory.status == status)
        return self._select(query.limit(limit).offset(offset))

    def with_status(self, statuses: Sequence[BatchStatus]) -> list[dict[str, Any]]:
        """Return the batches in any of *statuses*, oldest first."""
        query = select(_TABLE).where(BatchHistory.status.in_(statuses)).order_by(BatchHistory.started_at)
        return self._select(query)

    def _select(self, query: Any) -> list[dict[str, Any]]:
        with reading(self._engine) as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        for row in rows:
            for name in _JSON:
                row[name] = json.loads(row[name])
        return rows


def _encoded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: json.dumps(value) if name in _JSON else value for name, value in values.items()}
