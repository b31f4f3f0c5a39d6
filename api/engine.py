"""What the engine did and does: reports, stuck batches, usage, targets."""

from flask import Blueprint, Response

from api.deps import services, success
from api.endpoint import endpoint
from models.answers.batch_events import BatchEventsAnswer
from models.answers.batch_reports import BatchReportAnswer, StuckAnswer
from models.answers.engine import TargetsAnswer, UsageAnswer
from models.fields import validated_day
from models.queries import EventArguments, UsageArguments
from models.usage_store import GROUPS
from utils.errors import InputError

_TAG = "Engine"


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_engine", __name__)
    routes.get("/batches/stuck")(stuck)
    routes.get("/batches/<id:batch_id>/report")(report)
    routes.get("/batches/<id:batch_id>/events")(events)
    routes.get("/usage")(usage)
    routes.get("/targets")(targets)
    return routes


@endpoint(StuckAnswer, tag=_TAG)
def stuck() -> Response:
    """List running batches that make no progress, and why; stops nothing."""
    found = services().batches.views.stuck()
    zombies = sum(row["is_zombie"] for row in found)
    return success(
        stuck_batches=found,
        stopped_batches=[],
        count=len(found),
        stopped_count=0,
        zombie_count=zombies,
        time_stuck_count=len(found) - zombies,
        threshold_minutes=10,
        message=f"{len(found)} batches make no progress" if found else "every running batch makes progress",
    )


@endpoint(BatchReportAnswer, tag=_TAG, errors=(404,))
def report(batch_id: str) -> Response:
    """Report everything that is known of a batch."""
    return success(report=services().batches.views.report(batch_id))


@endpoint(BatchEventsAnswer, query=EventArguments, tag=_TAG, errors=(404,))
def events(batch_id: str, query: EventArguments) -> Response:
    """List every change of a batch, oldest first."""
    rows = services().batches.views.events_of(batch_id, query.after, query.limit)
    return success(batch_id=batch_id, events=rows, count=len(rows))


@endpoint(UsageAnswer, query=UsageArguments, tag=_TAG)
def usage(query: UsageArguments) -> Response:
    """Tell calls, tokens and cost by day, provider, model and batch."""
    groups = [part.strip() for part in query.by.split(",") if part.strip()] or list(GROUPS)
    if not set(groups) <= set(GROUPS):
        raise InputError(f"by: got {','.join(groups)[:60]!r}, want some of {', '.join(GROUPS)}, comma-separated")
    since = validated_day("since", query.since)
    store = services().usage
    total = store.summary((), since, query.batch_id)
    return success(by=groups, usage=store.summary(groups, since, query.batch_id), total=total[0])


@endpoint(TargetsAnswer, tag=_TAG)
def targets() -> Response:
    """List every model that may be chosen: open or closed, its limits, and what is used of them."""
    return success(targets=services().llm.status())
