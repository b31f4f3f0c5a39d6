"""Batches: plan, start, pause, resume, stop, watch."""

from collections.abc import Iterator

from flask import Blueprint, Response, request

from api.deps import body_as, number, reply, services, success
from models.schemas import BatchReference, BatchRequest, NamedBatch, PlanRequest
from services.events import Subscription

_FEATURES = [
    "failover between models and providers",
    "rate limits shared by all batches",
    "validation of every sample",
    "circuit breaker by topic",
    "resumes after a restart",
    "stops at a budget",
]


def plan() -> Response:
    """Say what a start would do."""
    return success(**services().batches.plan(body_as(PlanRequest)))


def start() -> Response:
    """Start a batch."""
    batch = services().batches.start(body_as(BatchRequest))
    return success(
        message=f"Batch started: {batch['total']} samples wanted",
        batch_id=batch["batch_id"],
        provider=batch["current_provider"],
        model=batch["current_model"],
        smart_mode=batch["smart_mode"],
        features=_FEATURES,
    )


def pause() -> Response:
    """Make no new call."""
    batch = services().batches.pause(body_as(NamedBatch).batch_id)
    message = f"Batch {batch['batch_id']} is paused; answers under way are still stored"
    return success(message=message, batch_id=batch["batch_id"], batch=batch)


def resume() -> Response:
    """Go on after a pause."""
    batch = services().batches.resume(body_as(NamedBatch).batch_id)
    return success(message=f"Batch {batch['batch_id']} goes on", batch_id=batch["batch_id"], batch=batch)


def stop() -> Response:
    """Stop one batch, or all."""
    batch_id = body_as(BatchReference).batch_id
    stopped = services().batches.stop_batch(batch_id)
    fields: dict[str, object] = {"stopped_batches": stopped, "count": len(stopped)}
    if batch_id is not None:
        return success(message=f"Batch {batch_id} is stopping", batch_id=batch_id, **fields)
    return success(message=f"{len(stopped)} batches are stopping", stopped_batch_ids=stopped, **fields)


def status() -> Response:
    """Return one batch, or all."""
    return reply(services().batches.get_status(request.args.get("batch_id") or None))


def history() -> Response:
    """Return past and present batches."""
    limit, offset = number("limit", None), number("offset", 0) or 0
    rows = services().batches.views.history(limit, offset, request.args.get("status") or None)
    return success(batches=rows, count=len(rows))


def stream() -> Response:
    """Send every change as it happens."""
    container = services()
    given = request.headers.get("Last-Event-ID", "").strip()
    subscription = container.batches.views.subscribe(int(given) if given.isdecimal() and len(given) < 19 else None)

    def messages(subscription: Subscription) -> Iterator[bytes]:
        try:
            yield b"retry: 2000\n\n"
            yield from subscription.messages()
        finally:
            container.events.unsubscribe(subscription)

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
