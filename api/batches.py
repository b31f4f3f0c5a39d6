"""Batches: start, stop, watch."""

from collections.abc import Iterator

from flask import Blueprint, Response, request

from api.deps import body_as, number, reply, services, success
from models.schemas import BatchReference, BatchRequest
from services.events import Subscription

_FEATURES = [
    "failover between models and providers",
    "rate limits shared by all batches",
    "validation of every sample",
    "circuit breaker by topic",
    "resumes after a restart",
]


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_batches", __name__)

    @routes.post("/start")
    def start() -> Response:
        batch = services().batches.start(body_as(BatchRequest))
        return success(
            message=f"Batch started: {batch['total']} samples wanted",
            batch_id=batch["batch_id"],
            provider=batch["current_provider"],
            model=batch["current_model"],
            smart_mode=batch["smart_mode"],
            features=_FEATURES,
        )

    @routes.post("/stop")
    def stop() -> Response:
        batch_id = body_as(BatchReference).batch_id
        stopped = services().batches.stop_batch(batch_id)
        fields: dict[str, object] = {"stopped_batches": stopped, "count": len(stopped)}
        if batch_id is not None:
            return success(message=f"Batch {batch_id} is stopping", batch_id=batch_id, **fields)
        return success(message=f"{len(stopped)} batches are stopping", stopped_batch_ids=stopped, **fields)

    @routes.get("/status")
    def status() -> Response:
        return reply(services().batches.get_status(request.args.get("batch_id") or None))

    @routes.get("/history")
    def history() -> Response:
        limit, offset = number("limit", None), number("offset", 0) or 0
        rows = services().batches.history(limit, offset, request.args.get("status") or None)
        return success(batches=rows, count=len(rows))

    @routes.get("/stream")
    def stream() -> Response:
        container = services()
        subscription = container.events.subscribe(
            lambda: {"type": "all_batches", "batches": container.batches.all_batches()}
        )

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

    return routes
