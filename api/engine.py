"""What the engine did and does: reports, stuck batches, usage, targets."""

from flask import Blueprint, Response, request

from api.deps import known_arguments, number, services, success
from models.schemas import validated_day
from models.usage_store import GROUPS
from utils.errors import InputError


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*."""
    routes = Blueprint(f"{name}_engine", __name__)

    @routes.get("/batches/stuck")
    def stuck() -> Response:
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

    @routes.get("/batches/<id:batch_id>/report")
    def report(batch_id: str) -> Response:
        return success(report=services().batches.views.report(batch_id))

    @routes.get("/batches/<id:batch_id>/events")
    def events(batch_id: str) -> Response:
        known_arguments({"after", "limit"})
        rows = services().batches.views.events_of(batch_id, number("after", 0) or 0, number("limit", None))
        return success(batch_id=batch_id, events=rows, count=len(rows))

    @routes.get("/usage")
    def usage() -> Response:
        known_arguments({"by", "since", "batch_id"})
        groups = [part.strip() for part in request.args.get("by", ",".join(GROUPS)).split(",") if part.strip()]
        if not set(groups) <= set(GROUPS):
            raise InputError(f"by: got {','.join(groups)[:60]!r}, want some of {', '.join(GROUPS)}, comma-separated")
        since = validated_day("since", request.args.get("since", ""))
        store, batch_id = services().usage, request.args.get("batch_id")
        total = store.summary((), since, batch_id)
        return success(by=groups, usage=store.summary(groups, since, batch_id), total=total[0])

    @routes.get("/targets")
    def targets() -> Response:
        return success(targets=services().llm.status())

    return routes
