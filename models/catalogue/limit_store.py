"""What was learned of vendors' limits, kept over a restart; forgotten after some days."""

from collections.abc import Mapping
from datetime import timedelta

import orjson
from sqlalchemy import Connection, Engine, delete, insert, select

from models.database import LimitRow
from models.engines.opening import reading
from models.engines.writer import Writer
from utils.clock import Clock, iso

# What nobody confirmed for so long may be another limit by now.
_KEPT_DAYS = 7


class LimitStore:
    """Reads and writes rows of `limits`."""

    def __init__(self, engine: Engine, writer: Writer, clock: Clock) -> None:
        self._engine = engine
        self._writer = writer
        self._clock = clock

    def recall(self, account: str) -> dict[str, Mapping[str, float | None]]:
        """Return what was kept of *account*, by unit; nothing when it is too old."""
        oldest = iso(self._clock.now() - timedelta(days=_KEPT_DAYS))
        query = select(LimitRow.learned).where(LimitRow.account == account, LimitRow.learned_at >= oldest)
        with reading(self._engine) as connection:
            row = connection.execute(query).scalar_one_or_none()
        found: dict[str, Mapping[str, float | None]] = {} if row is None else orjson.loads(row)
        return found

    def keep(self, account: str, learned: Mapping[str, Mapping[str, float | None]]) -> None:
        """Keep what was learned of *account*; StorageError when it cannot be."""
        values = {
            "account": account,
            "learned": orjson.dumps(learned).decode(),
            "learned_at": iso(self._clock.now()),
        }

        def write(connection: Connection) -> None:
            connection.execute(delete(LimitRow).where(LimitRow.account == account))
            connection.execute(insert(LimitRow).values(values))

        self._writer.run(write)
