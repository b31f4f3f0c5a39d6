"""Schedules: each moment once, whatever is killed, whichever process does it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap import build
from models.contract.automation_bodies import ScheduleBody, TemplateBody
from services.operations.automation.schedules import Schedules, following
from services.platform import Platform
from tests.fakes import settings_for
from utils.clock import ManualClock, iso
from utils.errors import ConflictError, InputError, NotFoundError, StorageError

HOURLY = "0 * * * *"


class Told(list[tuple[str, dict[str, object]]]):
    """What webhooks were told."""

    def __call__(self, event: str, data: dict[str, object]) -> None:
        self.append((event, data))


@pytest.fixture
def own(tmp_path: Path, clock: ManualClock) -> Iterator[Platform]:
    made = build(settings_for(tmp_path / "own"))
    made.start()
    made.templates.put("nightly", TemplateBody(batch={"count": 1}))
    yield made
    made.close()


class Begun:
    """A schedule service whose batches are begun on paper alone."""

    def __init__(self, platform: Platform, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told, self.started, self.fault = Told(), list[Any](), list[Exception]()
        self.store = platform.schedules._store
        self.rows: list[Any] = []
        templates = platform.templates
        self._clock = clock

        def begin(request: Any) -> Any:
            if self.fault:
                raise self.fault.pop(0)
            self.started.append(request.origin)
            self.rows.insert(
                0,
                {"id": f"b{len(self.started)}", "request": {"origin": request.origin}, "started_at": iso(clock.now())},
            )
            return {"batch_id": self.rows[0]["id"]}

        monkeypatch.setattr(platform.batches, "start", begin)
        self.schedules = Schedules(self.store, templates, self, self.told, clock)

    def with_origin(self, beginning: str) -> list[Any]:
        return [row for row in self.rows if row["request"]["origin"].startswith(beginning)]

    def after(self, **span: float) -> None:
        self._clock.advance(timedelta(**span).total_seconds())
        self.schedules.run_due()


@pytest.fixture
def begun(own: Platform, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Begun:
    return Begun(own, clock, monkeypatch)


def test_batch_is_started_when_it_is_time_and_once(begun: Begun) -> None:
    made = begun.schedules.add(ScheduleBody(template="nightly", cron=HOURLY))

    begun.after(minutes=1)
    assert begun.started == []
    begun.after(hours=1)
    begun.after(seconds=5)

    shown = begun.schedules.get(made["id"])
    assert begun.started == [f"schedule {made['id']} at {made['next_at']}"]
    assert (shown["last_batch"], shown["last_at"], shown["last_error"]) == ("b1", made["next_at"], None)
    told = {"schedule_id": made["id"], "template": "nightly", "due_at": made["next_at"], "version": 1, "batch_id": "b1"}
    assert begun.told == [("schedule.started", told)]


def test_moments_that_passed_while_nobody_ran_are_made_up_for_by_one_batch(begun: Begun) -> None:
    made = begun.schedules.add(ScheduleBody(template="nightly", cron=HOURLY))

    begun.after(hours=5, minutes=30)

    assert len(begun.started) == 1
    assert begun.schedules.get(made["id"])["missed"] in (4, 5)
    assert str(begun.schedules.get(made["id"])["next_at"]) > iso(begun._clock.now())


def test_failure_is_told_and_the_next_moment_comes_all_the_same(begun: Begun) -> None:
    made = begun.schedules.add(ScheduleBody(template="nightly", cron=HOURLY))
    begun.fault.append(InputError("too many batches run"))

    begun.after(hours=1)
    assert begun.schedules.get(made["id"])["last_error"] == "too many batches run"
    assert begun.told[0][0] == "schedule.failed"
    begun.after(hours=1)

    assert len(begun.started) == 1
    assert begun.schedules.get(made["id"])["last_error"] is None


def test_template_that_a_schedule_runs_is_not_deleted(begun: Begun, own: Platform) -> None:
    made = own.schedules.add(ScheduleBody(template="nightly", cron=HOURLY))

    with pytest.raises(ConflictError, match=made["id"]):
        own.templates.delete("nightly")

    own.schedules.delete(made["id"])
    own.templates.delete("nightly")


@pytest.mark.parametrize("was_started", [False, True])
def test_what_a_killed_process_had_claimed_is_finished_by_another_once(begun: Begun, was_started: bool) -> None:
    made = begun.schedules.add(ScheduleBody(template="nightly", cron=HOURLY))
    begun.fault.append(StorageError("killed here"))
    with pytest.raises(StorageError):
        begun.after(hours=1)
    if was_started:  # and killed before it could say so
        begun.rows.insert(
            0,
            {
                "id": "b0",
                "request": {"origin": f"schedule {made['id']} at {made['next_at']}"},
                "started_at": iso(begun._clock.now()),
            },
        )

    begun.after(seconds=30)
    assert begun.started == []
    begun.after(minutes=3)
    begun.after(minutes=3)

    assert len(begun.started) == (0 if was_started else 1)
    assert begun.schedules.get(made["id"])["last_batch"] == ("b0" if was_started else "b1")


def test_two_processes_start_one_batch(begun: Begun) -> None:
    begun.schedules.add(ScheduleBody(template="nightly", cron=HOURLY))
    begun._clock.advance(3600)
    due = begun.store.due(iso(begun._clock.now()))

    assert [begun.store.claim(due[0], None, 0, "now") for _ in range(2)] == [True, False]


def test_schedule_that_is_off_runs_nothing_and_goes_on_from_when_it_is_on(begun: Begun) -> None:
    made = begun.schedules.add(ScheduleBody(template="nightly", cron=HOURLY, is_on=False))

    begun.after(hours=3)
    on = begun.schedules.turn(made["id"], True)

    assert begun.started == []
    assert made["next_at"] is None
    assert str(on["next_at"]) > iso(begun._clock.now())
    assert begun.schedules.turn(made["id"], False)["next_at"] is None


@pytest.mark.parametrize(
    ("cron", "zone", "told"),
    [
        ("0 25 * * *", "UTC", "cron"),
        ("* * * *", "UTC", "five fields"),
        ("0 0 30 2 *", "UTC", "cron"),
        ("* * * * * *", "UTC", "five"),
        (HOURLY, "Mars/Base", "timezone"),
        (HOURLY, "../x", "timezone"),
    ],
)
def test_times_that_cannot_be_are_refused(begun: Begun, cron: str, zone: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        begun.schedules.add(ScheduleBody(template="nightly", cron=cron, timezone=zone))
    with pytest.raises(NotFoundError, match="template"):
        begun.schedules.add(ScheduleBody(template="other", cron=HOURLY))


def test_moments_are_those_of_the_zone_also_when_its_clocks_change() -> None:
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)

    assert following("30 6 * * *", "Europe/London", before) == datetime(2026, 3, 29, 5, 30, tzinfo=UTC)
    assert following("30 6 * * *", "UTC", before) == datetime(2026, 3, 29, 6, 30, tzinfo=UTC)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)), st.integers(0, 59), st.integers(0, 23))
def test_following_moment_is_later_and_fits(at: datetime, minute: int, hour: int) -> None:
    after = at.replace(tzinfo=UTC)

    found = following(f"{minute} {hour} * * *", "UTC", after)

    assert after < found <= after + timedelta(days=1)
    assert (found.minute, found.hour, found.second) == (minute, hour, 0)
