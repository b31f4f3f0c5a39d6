"""Changes of many samples at once: what was done, and the samples as they were, so that it can be undone."""

from collections.abc import Iterable, Mapping
from typing import TypedDict

import orjson
from sqlalchemy import Connection, Engine, delete, insert, select, update

from models.database import BulkBeforeRow, BulkRow
from models.engines.opening import reading
from models.samples.file.column_types import plain
from utils.errors import ConflictError, NotFoundError

# Older ones are forgotten.
KEPT = 10


class BulkChange(TypedDict):
    """A change of many samples, as it was recorded."""

    undo: str
    at: str
    told: str
    samples: int
    undone_at: str | None


class BulkStore:
    """Reads and writes rows of `bulk_changes` and `bulk_befores`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(
        self, connection: Connection, token: str, at: str, told: str, befores: Iterable[Mapping[str, object]]
    ) -> None:
        """Record a change and the samples before it, within the caller's transaction; forget the oldest."""
        rows = [
            {"token": token, "sample_id": before["id"], "data": orjson.dumps(before, default=plain).decode()}
            for before in befores
        ]
        connection.execute(insert(BulkRow).values(token=token, at=at, told=told, samples=len(rows)))
        if rows:
            connection.execute(insert(BulkBeforeRow), rows)
        newest = select(BulkRow.token).order_by(BulkRow.number.desc()).limit(KEPT)
        kept = list(connection.execute(newest).scalars())
        connection.execute(delete(BulkBeforeRow).where(BulkBeforeRow.token.not_in(kept)))
        connection.execute(delete(BulkRow).where(BulkRow.token.not_in(kept)))

    def recorded(self) -> list[BulkChange]:
        """Return the changes that are kept, newest first."""
        query = select(BulkRow.__table__).order_by(BulkRow.number.desc())
        with reading(self._engine) as connection:
            return [_change(dict(row)) for row in connection.execute(query).mappings()]

    def befores(self, token: str) -> tuple[BulkChange, dict[str, dict[str, object]]]:
        """Return a change that was not undone, and the samples before it by id.

        Raises:
            NotFoundError: there is none, or it was forgotten.
            ConflictError: it was undone already.
        """
        with reading(self._engine) as connection:
            found = connection.execute(select(BulkRow.__table__).where(BulkRow.token == token)).mappings().first()
            query = select(BulkBeforeRow.sample_id, BulkBeforeRow.data).where(BulkBeforeRow.token == token)
            found_rows = connection.execute(query.order_by(BulkBeforeRow.number))
            rows = {row.sample_id: orjson.loads(row.data) for row in found_rows}
        if found is None:
            raise NotFoundError(
                f"undo {token[:40]!r}: not found; the last {KEPT} changes can be undone, see GET /api/samples/bulk"
            )
        if found["undone_at"]:
            raise ConflictError(f"undo {token[:40]}: was undone at {found['undone_at']}")
        return _change(dict(found)), rows

    def close(self, connection: Connection, token: str, at: str) -> None:
        """Record that a change was undone, within the caller's transaction.

        Raises:
            ConflictError: it was undone meanwhile.
        """
        done = update(BulkRow).where(BulkRow.token == token, BulkRow.undone_at.is_(None)).values(undone_at=at)
        if not connection.execute(done).rowcount:
            raise ConflictError(f"undo {token[:40]}: was undone meanwhile")


def _change(row: Mapping[str, object]) -> BulkChange:
    return {
        "undo": str(row["token"]),
        "at": str(row["at"]),
        "told": str(row["told"]),
        "samples": int(str(row["samples"])),
        "undone_at": None if row["undone_at"] is None else str(row["undone_at"]),
    }
