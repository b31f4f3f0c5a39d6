"""Batches: plan, start, pause, resume, stop, watch."""

from collections.abc import Callable

from flask import Blueprint, Response, request

from api.edge.deps import broker_stream, services
from api.edge.endpoint import Endpoint, File
from models.contract.answers.batch_reports import PlanAnswer
from models.contract.answers.batches import (
    ChangedAnswer,
    HistoryAnswer,
    StartedAnswer,
    StatusAnswer,
    StopAnswer,
    StreamMessage,
)
from models.contract.arguments import HistoryArguments, StatusArguments, StreamArguments
from models.contract.bodies import BatchReference, BatchRequest, NamedBatch, PlanRequest
from utils.access_tokens import Role

_TAG = "Batches"
_FEATURES = [
    "failover between models and providers",
    "rate limits shared by all batches",
    "validation of every sample",
    "circuit breaker by topic",
    "resumes after a restart",
    "stops at a budget",
]


@Endpoint(role=Role.READ, tag=_TAG)
def plan(body: PlanRequest) -> PlanAnswer:
    """Estimate what a start would make, cost and take; starts nothing."""
    return {"success": True, **services().batches.plan(body)}


@Endpoint(tag=_TAG)
def start(body: BatchRequest) -> StartedAnswer:
    """Start a batch."""
    batch = services().batches.start(body)
    return {
        "success": True,
        "message": f"Batch started: {batch['total']} samples wanted",
        "batch_id": batch["batch_id"],
        "provider": batch["current_provider"],
        "model": batch["current_model"],
        "smart_mode": batch["smart_mode"],
        "features": _FEATURES,
    }


@Endpoint(tag=_TAG, errors=(404,))
def pause(body: NamedBatch) -> ChangedAnswer:
    """Make no new call; answers under way are still stored."""
    batch = services().batches.pause(body.batch_id)
    message = f"Batch {batch['batch_id']} is paused; answers under way are still stored"
    return {"success": True, "message": message, "batch_id": batch["batch_id"], "batch": batch}


@Endpoint(tag=_TAG, errors=(404,))
def resume(body: NamedBatch) -> ChangedAnswer:
    """Resume a paused batch."""
    batch = services().batches.resume(body.batch_id)
    return {
        "success": True,
        "message": f"Batch {batch['batch_id']} goes on",
        "batch_id": batch["batch_id"],
        "batch": batch,
    }


@Endpoint(tag=_TAG, errors=(404,))
def stop(body: BatchReference) -> StopAnswer:
    """Stop one batch, or all."""
    batch_id = body.batch_id
    stopped = services().batches.stop_batch(batch_id)
    count = len(stopped)
    if batch_id is not None:
        message = f"Batch {batch_id} is stopping"
        return {"success": True, "message": message, "batch_id": batch_id, "stopped_batches": stopped, "count": count}
    return {
        "success": True,
        "message": f"{count} batches are stopping",
        "stopped_batch_ids": stopped,
        "stopped_batches": stopped,
        "count": count,
    }


@Endpoint(tag=_TAG, errors=(404,))
def status(query: StatusArguments) -> StatusAnswer:
    """Return one batch, or the primary one with all others."""
    batches = services().batches
    return batches.get_status(query.batch_id) if query.batch_id else batches.get_status()


@Endpoint(tag=_TAG)
def history(query: HistoryArguments) -> HistoryAnswer:
    """Return past and present batches, newest first."""
    rows = services().monitor.history(query.limit, query.offset, query.status)
    return {"success": True, "batches": rows, "count": len(rows)}


@Endpoint(answers=File("text/event-stream", "Unnamed messages, `data` is JSON", events=StreamMessage), tag=_TAG)
def stream(query: StreamArguments) -> Response:  # api/edge/access.py reads its token
    """Send every change as it happens; send `Last-Event-ID` to get what changed since."""
    platform = services()
    given = request.headers.get("Last-Event-ID", "").strip()
    subscription = platform.monitor.subscribe(int(given) if given.isdecimal() and len(given) < 19 else None)

    return broker_stream(platform.events, subscription, subscription.messages())


_ROUTES: dict[str, dict[str, Callable[..., Response]]] = {
    "POST": {"/plan": plan, "/start": start, "/pause": pause, "/resume": resume, "/stop": stop},
    "GET": {"/status": status, "/history": history, "/stream": stream},
}


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_batches", __name__)
    for method, views in _ROUTES.items():
        for path, view in views.items():
            routes.add_url_rule(path, view_func=view, methods=[method])
    return routes
