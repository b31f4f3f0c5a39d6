"""What was used: calls, tokens and cost by hour, provider, model and batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Engine,
    Label,
    SQLColumnExpression,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.types import TypeEngine

from models.contract.answers.monitoring import UsageGroup, UsageRow
from models.database import UsageRow as Table
from models.domain import CallUsage
from models.engines.dialects import WHOLE
from models.engines.opening import reading
from models.engines.statement import Statement

_KEY = ("hour", "provider", "model", "batch_id")
_AMOUNTS = ("calls", "failed", "rate_limited", "prompt_tokens", "completion_tokens", "cost_usd", "unpriced_tokens")
_MINE = tuple(getattr(Table, name) == bindparam(f"of_{name}") for name in _KEY)
_ADD = Statement(
    update(Table).where(*_MINE).values({name: getattr(Table, name) + bindparam(name) for name in _AMOUNTS})
)
_INSERT = Statement(insert(Table).values({name: bindparam(name) for name in (*_KEY, *_AMOUNTS)}))
_DOUBT = Statement(update(Table).where(*_MINE).values(in_doubt=Table.in_doubt + literal_column("1")))
_TOLD = (*_AMOUNTS, "in_doubt")
GROUPS: tuple[UsageGroup, ...] = ("day", "provider", "model", "batch")


@dataclass(frozen=True, slots=True)
class HourOfUse:
    """What a model was used in one hour; tokens are prompt plus completion."""

    hour: str
    provider: str
    model: str
    calls: int
    tokens: int
    cost_usd: float


class UsageStore:
    """Reads and writes rows of `usage`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, connection: Connection, hour: str, batch_id: str, usage: CallUsage) -> None:
        """Count one call of *batch_id* ("" for none) in *hour* ("2026-11-21T09")."""
        key = dict(zip(_KEY, (hour, usage.provider, usage.model, batch_id), strict=True))
        amounts: dict[str, object] = {
            "calls": 1,
            "failed": int(usage.failed),
            "rate_limited": int(usage.rate_limited),
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "cost_usd": usage.cost_usd or 0.0,
            "unpriced_tokens": usage.unpriced_tokens,
        }
        mine = {f"of_{name}": value for name, value in key.items()}
        if not _ADD.run(connection, **mine, **amounts).rowcount:
            _INSERT.run(connection, **key, **amounts)

    def doubt(self, connection: Connection, hour: str, batch_id: str, target: str) -> None:
        """Count one call to *target* ("provider/model") that was cut off: nobody knows whether it was billed."""
        provider, _, model = target.partition("/")
        key = dict(zip(_KEY, (hour, provider, model, batch_id), strict=True))
        mine = {f"of_{name}": value for name, value in key.items()}
        if not _DOUBT.run(connection, **mine).rowcount:
            _INSERT.run(connection, **key, **dict.fromkeys(_AMOUNTS, 0))
            _DOUBT.run(connection, **mine)

    def summary(self, groups: Sequence[str], since: str = "", batch_id: str | None = None) -> list[UsageRow]:
        """Sum the use by *groups* (of `GROUPS`); from day or hour *since* on, of one batch if given.

        Returns:
            Rows in order of their groups; `cost_usd` is null where a price is not known.
        """
        columns = {
            "day": func.substr(Table.hour, 1, 10),
            "provider": Table.provider,
            "model": Table.model,
            "batch": Table.batch_id,
        }
        chosen: list[Label[str]] = [columns[name].label(name) for name in groups]
        sums = [
            func.coalesce(_sum(getattr(Table, name), Double() if name == "cost_usd" else WHOLE), 0).label(name)
            for name in _TOLD
        ]
        query = select(*chosen, *sums).where(Table.hour >= since)
        if batch_id is not None:
            query = query.where(Table.batch_id == batch_id)
        with reading(self._engine) as connection:
            rows = connection.execute(query.group_by(*chosen).order_by(*chosen)).mappings()
            return [_told(dict(row)) for row in rows]

    def hours(self, since: str) -> list[HourOfUse]:
        """Return the use of every model by hour, from *since* on, oldest first."""
        tokens = _sum(Table.prompt_tokens + Table.completion_tokens, WHOLE)
        query = (
            select(
                Table.hour,
                Table.provider,
                Table.model,
                _sum(Table.calls, WHOLE),
                tokens,
                func.sum(Table.cost_usd),
            )
            .where(Table.hour >= since)
            .group_by(Table.hour, Table.provider, Table.model)
            .order_by(Table.hour, Table.provider, Table.model)
        )
        with reading(self._engine) as connection:
            return [HourOfUse(*row) for row in connection.execute(query)]


def _sum(column: SQLColumnExpression[Any], kind: TypeEngine[Any]) -> ColumnElement[Any]:  # of whatever the column holds
    """Sum *column* as a number of *kind*: PostgreSQL's sum of whole numbers is none that JSON knows."""
    return cast(func.sum(column), kind)


def _told(row: Mapping[str, Any]) -> UsageRow:  # SQLAlchemy knows the types of columns by their values only
    told: UsageRow = {
        "calls": row["calls"],
        "failed": row["failed"],
        "rate_limited": row["rate_limited"],
        "prompt_tokens": row["prompt_tokens"],
        "completion_tokens": row["completion_tokens"],
        "total_tokens": row["prompt_tokens"] + row["completion_tokens"],
        "cost_usd": None if row["unpriced_tokens"] else round(row["cost_usd"], 6),
        "priced_usd": round(row["cost_usd"], 6),
        "unpriced_tokens": row["unpriced_tokens"],
        "in_doubt": row["in_doubt"],
    }
    for name in GROUPS:
        if name in row:
            told[name] = row[name]
    return told
