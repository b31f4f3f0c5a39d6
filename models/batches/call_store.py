"""Calls of no batch that are under way: single samples, chats, tests of a provider, the judge of either."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select

from models.database import CallRow


class CallStore:
    """Reads and writes rows of `calls`, within the caller's transaction."""

    def add(self, connection: Connection, row: Mapping[str, str]) -> int:
        """Note a call that leaves; return its number."""
        return int(connection.execute(insert(CallRow).values(**row).returning(CallRow.id)).scalar_one())

    def take(self, connection: Connection, call: int | None = None, owner: str | None = None) -> list[str]:
        """Remove call number *call*, or all those of *owner*, or all of them; return their targets."""
        which = [*([CallRow.id == call] if call is not None else []), *([CallRow.owner == owner] if owner else [])]
        targets = list(connection.execute(select(CallRow.target).where(*which)).scalars())
        connection.execute(delete(CallRow).where(*which))
        return targets
