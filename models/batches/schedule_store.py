"""Schedules: when a template is run. Of several processes one alone starts what is due."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, select, update

from models.database import ScheduleRow
from models.engines.opening import reading
from models.engines.writer import Writer
from utils.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class KeptSchedule:
    """A schedule; moments are UTC in ISO 8601, and sort as text."""

    id: str
    template: str
    version: int | None
    cron: str
    timezone: str
    is_on: bool
    created_at: str
    next_at: str | None
    pending: str | None
    claimed_at: str | None
    last_at: str | None
    last_batch: str | None
    last_error: str | None
    missed: int


_COLUMNS = tuple(getattr(ScheduleRow, name) for name in KeptSchedule.__slots__)


class ScheduleStore:
    """Reads and writes the table. Thread-safe."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    def add(self, schedule: KeptSchedule) -> None:
        """Keep a new schedule."""
        values = {name: getattr(schedule, name) for name in KeptSchedule.__slots__}
        self._writer.run(lambda connection: connection.execute(insert(ScheduleRow).values(**values)))

    def all(self) -> list[KeptSchedule]:
        """Return all schedules, oldest first."""
        return self._found(ScheduleRow.id == ScheduleRow.id)

    def get(self, schedule_id: str) -> KeptSchedule:
        """Return one; NotFoundError when there is none."""
        found = self._found(ScheduleRow.id == schedule_id)
        if not found:
            raise _unknown(schedule_id)
        return found[0]

    def due(self, now: str) -> list[KeptSchedule]:
        """Return those whose moment has come."""
        return self._found(ScheduleRow.is_on & (ScheduleRow.next_at <= now))

    def left(self, claimed_before: str) -> list[KeptSchedule]:
        """Return those whose batch was being started by a process that has not said for long what came of it."""
        return self._found(ScheduleRow.pending.is_not(None) & (ScheduleRow.claimed_at < claimed_before))

    def claim(self, schedule: KeptSchedule, following: str | None, missed: int, now: str) -> bool:
        """Take the moment that is due; False where another process has it."""
        still = (ScheduleRow.id == schedule.id, ScheduleRow.next_at == schedule.next_at, ScheduleRow.is_on.is_(True))
        values = {
            "next_at": following,
            "pending": schedule.next_at,
            "claimed_at": now,
            "missed": schedule.missed + missed,
        }
        return self._changed(still, values)

    def claim_left(self, schedule: KeptSchedule, now: str) -> bool:
        """Take over what another process left; False where a third has it."""
        still = (ScheduleRow.id == schedule.id, ScheduleRow.claimed_at == schedule.claimed_at)
        return self._changed(still, {"claimed_at": now})

    def settle(self, schedule_id: str, at: str, batch_id: str | None, error: str | None) -> None:
        """Say what came of the moment *at*."""
        values: dict[str, object] = {"pending": None, "claimed_at": None, "last_at": at, "last_error": error}
        if batch_id is not None:
            values["last_batch"] = batch_id
        self._changed((ScheduleRow.id == schedule_id,), values)

    def turn(self, schedule_id: str, next_at: str | None) -> None:
        """Turn a schedule on, its first moment being *next_at*, or off with None; NotFoundError when there is none."""
        values = {"is_on": next_at is not None, "next_at": next_at}
        if not self._changed((ScheduleRow.id == schedule_id,), values):
            raise _unknown(schedule_id)

    def delete(self, schedule_id: str) -> None:
        """Delete a schedule; NotFoundError when there is none."""

        def change(connection: Connection) -> int:
            return connection.execute(delete(ScheduleRow).where(ScheduleRow.id == schedule_id)).rowcount

        if not self._writer.run(change):
            raise _unknown(schedule_id)

    def _changed(self, where: tuple[ColumnElement[bool], ...], values: Mapping[str, object]) -> bool:
        def change(connection: Connection) -> int:
            return connection.execute(update(ScheduleRow).where(*where).values(**values)).rowcount

        return bool(self._writer.run(change))

    def _found(self, where: ColumnElement[bool]) -> list[KeptSchedule]:
        with reading(self._engine) as connection:
            rows = connection.execute(select(*_COLUMNS).where(where).order_by(ScheduleRow.created_at, ScheduleRow.id))
            return [KeptSchedule(*row) for row in rows]


def _unknown(schedule_id: str) -> NotFoundError:
    return NotFoundError(f"schedule {schedule_id[:100]!r}: is not there; list them with GET /api/schedules")
