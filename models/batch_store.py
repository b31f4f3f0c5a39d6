"""Batches in the database. Changes take the writer's connection, reads their own."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, update

from models.database import BatchHistory
from models.domain import BatchStatus

_TABLE = BatchHistory.__table__
_JSON = ("errors", "model_switches", "provider_switches", "request")


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

    def count_sample(self, connection: Connection, batch_id: str, tokens: int) -> None:
        """Add one finished sample and its tokens."""
        self._add(connection, batch_id, samples_generated=1, tokens_used=tokens)

    def count_rejection(self, connection: Connection, batch_id: str, tokens: int) -> None:
        """Add one rejected sample; its tokens were paid all the same."""
        self._add(connection, batch_id, rejected=1, tokens_used=tokens)

    def count_attempts(self, connection: Connection, batch_id: str, attempts: int, tokens: int = 0) -> None:
        """Add calls made, and what they used without giving a sample."""
        self._add(connection, batch_id, attempts=attempts, tokens_used=tokens)

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

    def _add(self, connection: Connection, batch_id: str, **amounts: int) -> None:
        values = {name: getattr(BatchHistory, name) + amount for name, amount in amounts.items()}
        connection.execute(update(BatchHistory).where(BatchHistory.id == batch_id).values(**values))

    def _select(self, query: Any) -> list[dict[str, Any]]:
        with self._engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        for row in rows:
            for name in _JSON:
                row[name] = json.loads(row[name])
        return rows


def _encoded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: json.dumps(value) if name in _JSON else value for name, value in values.items()}
