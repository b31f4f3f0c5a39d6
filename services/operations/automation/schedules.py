"""Schedules: templates that are run at their times, each time once, whichever process does it.

A moment is claimed before its batch is started. What a process that was killed had claimed is finished by another:
it looks whether the batch is there, by its origin, and starts it if it is not.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from models.batches.batch_store import BatchRow
from models.batches.schedule_store import KeptSchedule, ScheduleStore
from models.contract.answers.automation import Schedule, WebhookEvent
from models.contract.automation_bodies import ScheduleBody
from services.operations.automation.templates import Templates
from utils.clock import Clock, iso
from utils.errors import AppError, InputError, StorageError

log = logging.getLogger(__name__)
Tell = Callable[[WebhookEvent, dict[str, object]], None]
_FIELDS = 5
# Nobody starts a batch for so long.
_LEFT_AFTER = timedelta(minutes=2)
# Moments that passed while no service ran are counted up to here.
_MOST_MISSED = 1_000


class Batches(Protocol):
    """Finds batches."""

    def with_origin(self, beginning: str) -> list[BatchRow]:
        """Return the batches whose origin begins so, newest first."""


class Schedules:
    """Thread-safe. Call `run_due` every few seconds."""

    def __init__(self, store: ScheduleStore, templates: Templates, batches: Batches, tell: Tell, clock: Clock) -> None:
        """Run *templates* when it is time; *tell* hears of it."""
        self._store = store
        self._templates = templates
        self._batches = batches
        self._tell = tell
        self._clock = clock

    def add(self, body: ScheduleBody) -> Schedule:
        """Keep a new schedule.

        Raises:
            NotFoundError: there is no such template.
            InputError: the times or their zone cannot be understood.
        """
        self._templates.kept(body.template, body.version)
        now = self._clock.now()
        first = following(body.cron, body.timezone, now)
        kept = KeptSchedule(
            id=f"sch_{secrets.token_hex(6)}",
            template=body.template,
            version=body.version,
            cron=" ".join(body.cron.split()),
            timezone=body.timezone,
            is_on=body.is_on,
            created_at=iso(now),
            next_at=iso(first) if body.is_on else None,
            pending=None,
            claimed_at=None,
            last_at=None,
            last_batch=None,
            last_error=None,
            missed=0,
        )
        self._store.add(kept)
        return _shown(kept)

    def all(self) -> list[Schedule]:
        """Return all schedules, oldest first."""
        return [_shown(kept) for kept in self._store.all()]

    def get(self, schedule_id: str) -> Schedule:
        """Return a schedule; NotFoundError when there is none."""
        return _shown(self._store.get(schedule_id))

    def turn(self, schedule_id: str, is_on: bool) -> Schedule:
        """Turn a schedule on, from the next moment on, or off; NotFoundError when there is none."""
        kept = self._store.get(schedule_id)
        if is_on != kept.is_on:
            first = following(kept.cron, kept.timezone, self._clock.now()) if is_on else None
            self._store.turn(schedule_id, iso(first) if first is not None else None)
        return self.get(schedule_id)

    def delete(self, schedule_id: str) -> None:
        """Delete a schedule, no batch of it; NotFoundError when there is none."""
        self._store.delete(schedule_id)

    def run_due(self) -> None:
        """Start the batches whose moment has come."""
        now = self._clock.now()
        for kept in self._store.due(iso(now)):
            upcoming, missed = self._upcoming(kept, now)
            if self._store.claim(kept, upcoming, missed, iso(now)) and kept.next_at is not None:
                self._begin(kept, kept.next_at)
        for kept in self._store.left(iso(now - _LEFT_AFTER)):
            if self._store.claim_left(kept, iso(now)) and kept.pending is not None:
                self._finish(kept, kept.pending)

    def _upcoming(self, kept: KeptSchedule, now: datetime) -> tuple[str | None, int]:
        """Return the next moment after *now*, and how many passed since the one that is due."""
        moment, missed = datetime.fromisoformat(str(kept.next_at)), 0
        try:
            while (moment := following(kept.cron, kept.timezone, moment)) <= now and missed < _MOST_MISSED:
                missed += 1
            return iso(moment if moment > now else following(kept.cron, kept.timezone, now)), missed
        except InputError:
            return None, missed  # its zone is not known here any more

    def _finish(self, kept: KeptSchedule, due: str) -> None:
        """Settle what a process left that was killed between claim and start, or between start and saying so."""
        origin = _origin(kept, due)
        for row in self._batches.with_origin(f"schedule {kept.id} "):
            if row["request"].get("origin") == origin:
                self._store.settle(kept.id, due, row["id"], None)
                return
        self._begin(kept, due)

    def _begin(self, kept: KeptSchedule, due: str) -> None:
        told: dict[str, object] = {"schedule_id": kept.id, "template": kept.template, "due_at": due}
        try:
            template = self._templates.kept(kept.template, kept.version)
            batch = self._templates.begin(template, {}, _origin(kept, due))
        except StorageError:
            raise  # it is tried again, as after a kill
        except AppError as error:
            log.warning("schedule failed", extra={"schedule": kept.id, "reason": str(error)})
            self._store.settle(kept.id, due, None, str(error)[:500])
            self._tell("schedule.failed", {**told, "error": str(error)[:500]})
            return
        self._store.settle(kept.id, due, batch["batch_id"], None)
        self._tell("schedule.started", {**told, "version": template.version, "batch_id": batch["batch_id"]})


def following(cron: str, timezone: str, after: datetime) -> datetime:
    """Return the first moment after *after* that *cron* names in *timezone*, in UTC; InputError if there is none."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from cronsim import CronSim, CronSimError

    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError(f"timezone: got {timezone[:40]!r}, want a name such as UTC or Europe/London") from None
    if len(cron.split()) != _FIELDS:
        raise InputError(
            f"cron: got {cron[:60]!r}, want five fields: minute, hour, day, month, weekday; such as 0 6 * * 1"
        )
    try:
        return next(CronSim(cron, after.astimezone(zone))).astimezone(UTC)
    except CronSimError as error:
        raise InputError(f"cron: got {cron[:60]!r}, which is no time ({error}); want such as 0 6 * * 1") from None
    except StopIteration:
        raise InputError(f"cron: got {cron[:60]!r}, which never comes; check day and month") from None


def _origin(kept: KeptSchedule, due: str) -> str:
    return f"schedule {kept.id} at {due}"


def _shown(kept: KeptSchedule) -> Schedule:
    return {
        "id": kept.id,
        "template": kept.template,
        "version": kept.version,
        "cron": kept.cron,
        "timezone": kept.timezone,
        "is_on": kept.is_on,
        "created_at": kept.created_at,
        "next_at": kept.next_at,
        "last_at": kept.last_at,
        "last_batch": kept.last_batch,
        "last_error": kept.last_error,
        "missed": kept.missed,
    }
