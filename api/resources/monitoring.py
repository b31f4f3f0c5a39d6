"""Watching: reports, stuck batches, usage, the limits of the models."""

from flask import Blueprint

from api.edge.deps import services
from api.edge.endpoint import Endpoint
from models.contract.answers.batch_events import BatchEventsAnswer
from models.contract.answers.batch_reports import BatchReportAnswer, StuckAnswer
from models.contract.answers.monitoring import TargetsAnswer, UsageAnswer
from models.contract.arguments import EventArguments, UsageArguments

_TAG = "Monitoring"


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_engine", __name__)
    routes.get("/batches/stuck")(stuck)
    routes.get("/batches/<id:batch_id>/report")(report)
    routes.get("/batches/<id:batch_id>/events")(events)
    routes.get("/usage")(usage)
    routes.get("/targets")(targets)
    return routes


@Endpoint(tag=_TAG)
def stuck() -> StuckAnswer:
    """List running batches that make no progress, and why; stops nothing."""
    found = services().monitor.stuck()
    zombies = sum(row["is_zombie"] for row in found)
    return {
        "success": True,
        "stuck_batches": found,
        "stopped_batches": [],
        "count": len(found),
        "stopped_count": 0,
        "zombie_count": zombies,
        "time_stuck_count": len(found) - zombies,
        "threshold_minutes": 10,
        "message": f"{len(found)} batches make no progress" if found else "every running batch makes progress",
    }


@Endpoint(tag=_TAG, errors=(404,))
def report(batch_id: str) -> BatchReportAnswer:
    """Report everything that is known about a batch."""
    return {"success": True, "report": services().monitor.report(batch_id)}


@Endpoint(tag=_TAG, errors=(404,))
def events(batch_id: str, query: EventArguments) -> BatchEventsAnswer:
    """List every change of a batch, oldest first."""
    rows = services().monitor.events_of(batch_id, query.after, query.limit)
    return {"success": True, "batch_id": batch_id, "events": rows, "count": len(rows)}


@Endpoint(tag=_TAG)
def usage(query: UsageArguments) -> UsageAnswer:
    """Return calls, tokens and cost by day, provider, model and batch."""
    return {"success": True, **services().usage.summary(query.by, query.since, query.batch_id)}


@Endpoint(tag=_TAG)
def targets() -> TargetsAnswer:
    """List every model that may be chosen: open or closed, its limits, and what is used of them."""
    return {"success": True, "targets": services().usage.targets()}
