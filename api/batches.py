"""Batches: plan, start, pause, resume, stop, watch."""

from collections.abc import Iterator

from flask import Blueprint, Response, request

from api.deps import reply, services, success
from api.endpoint import File, endpoint
from models.answers.batch_reports import PlanAnswer
from models.answers.batches import ChangedAnswer, HistoryAnswer, StartedAnswer, StatusAnswer, StopAnswer
from models.queries import HistoryArguments, StatusArguments, StreamArguments
from models.requests import BatchReference, BatchRequest, NamedBatch, PlanRequest
from services.events import Subscription
from utils.access_tokens import Role
from utils.wsgi import ON_CLIENT_LEFT

_TAG = "Batches"
_FEATURES = [
    "failover between models and providers",
    "rate limits shared by all batches",
    "validation of every sample",
    "circuit breaker by topic",
    "resumes after a restart",
    "stops at a budget",
]


@endpoint(PlanAnswer, body=PlanRequest, role=Role.READ, tag=_TAG)
def plan(body: PlanRequest) -> Response:
    """Say what a start would make, cost and take; starts nothing."""
    return success(**services().batches.plan(body))


@endpoint(StartedAnswer, body=BatchRequest, tag=_TAG)
def start(body: BatchRequest) -> Response:
    """Start a batch."""
    batch = services().batches.start(body)
    return success(
        message=f"Batch started: {batch['total']} samples wanted",
        batch_id=batch["batch_id"],
        provider=batch["current_provider"],
        model=batch["current_model"],
        smart_mode=batch["smart_mode"],
        features=_FEATURES,
    )


@endpoint(ChangedAnswer, body=NamedBatch, tag=_TAG, errors=(404,))
def pause(body: NamedBatch) -> Response:
    """Make no new call; answers under way are still stored."""
    batch = services().batches.pause(body.batch_id)
    message = f"Batch {batch['batch_id']} is paused; answers under way are still stored"
    return success(message=message, batch_id=batch["batch_id"], batch=batch)


@endpoint(ChangedAnswer, body=NamedBatch, tag=_TAG, errors=(404,))
def resume(body: NamedBatch) -> Response:
    """Go on after a pause."""
    batch = services().batches.resume(body.batch_id)
    return success(message=f"Batch {batch['batch_id']} goes on", batch_id=batch["batch_id"], batch=batch)


@endpoint(StopAnswer, body=BatchReference, tag=_TAG, errors=(404,))
def stop(body: BatchReference) -> Response:
    """Stop one batch, or all."""
    batch_id = body.batch_id
    stopped = services().batches.stop_batch(batch_id)
    fields: dict[str, object] = {"stopped_batches": stopped, "count": len(stopped)}
    if batch_id is not None:
        return success(message=f"Batch {batch_id} is stopping", batch_id=batch_id, **fields)
    return success(message=f"{len(stopped)} batches are stopping", stopped_batch_ids=stopped, **fields)


@endpoint(StatusAnswer, query=StatusArguments, tag=_TAG, errors=(404,))
def status(query: StatusArguments) -> Response:
    """Return one batch, or the primary one with all others."""
    return reply(services().batches.get_status(query.batch_id or None))


@endpoint(HistoryAnswer, query=HistoryArguments, tag=_TAG)
def history(query: HistoryArguments) -> Response:
    """Return past and present batches, newest first."""
    rows = services().batches.views.history(query.limit, query.offset, query.status)
    return success(batches=rows, count=len(rows))


@endpoint(File("text/event-stream", "Unnamed messages, `data` is JSON"), query=StreamArguments, tag=_TAG)
def stream(query: StreamArguments) -> Response:  # its token is read where tokens are
    """Send every change as it happens; send `Last-Event-ID` to get what changed since."""
    container = services()
    given = request.headers.get("Last-Event-ID", "").strip()
    subscription = container.batches.views.subscribe(int(given) if given.isdecimal() and len(given) < 19 else None)

    def leave() -> None:
        container.events.unsubscribe(subscription)
        subscription.end()

    def messages(subscription: Subscription) -> Iterator[bytes]:
        try:
            yield b"retry: 2000\n\n"
            yield from subscription.messages()
        finally:
            container.events.unsubscribe(subscription)

    when_left = request.environ.get(ON_CLIENT_LEFT)
    if when_left is not None:
        when_left(leave)
    response = Response(messages(subscription), mimetype="text/event-stream")
    response.call_on_close(lambda: container.events.unsubscribe(subscription))
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Accel-Buffering"] = "no"
    return response


_ROUTES = {
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
