"""Health and general information."""

from flask import Blueprint, current_app

from api.edge.deps import services
from api.edge.endpoint import Endpoint
from api.edge.version import VERSION
from models.contract.answers.monitoring import HealthAnswer, InfoAnswer, LiveAnswer, ReadyAnswer
from utils.access_tokens import Role

_TAG = "Service"


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*; it is mounted at /api and at /api/v1."""
    routes = Blueprint(f"{name}_health", __name__)
    routes.get("/health")(health)
    routes.get("/health/live")(live)
    routes.get("/health/ready")(ready)
    routes.get("/info")(info)
    return routes


@Endpoint(tag=_TAG, in_line=False)
def health() -> HealthAnswer:
    """Return the state of the service."""
    return {"success": True, **services().health.told(services().batches.running_count())}


@Endpoint(tag=_TAG, role=Role.NONE, in_line=False)
def live() -> LiveAnswer:
    """Answer while the process lives; for supervisors, needs no token."""
    return {"status": "alive"}


@Endpoint(tag=_TAG, role=Role.NONE, errors=(503,), in_line=False)
def ready() -> ReadyAnswer:
    """Ping database, data set and disk; 503 names the parts that do not work. Needs no token."""
    return services().health.ready()


@Endpoint(tag=_TAG)
def info() -> InfoAnswer:
    """Return the version and the endpoints."""
    endpoints = sorted(
        f"{method} {rule.rule}"
        for rule in current_app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/") and not rule.rule.startswith("/api/v1/")
    )
    return {
        "success": True,
        "name": "Legal Training Platform",
        "version": VERSION,
        "database": services().health.database,
        "architecture": "Flask REST service with batch threads; Parquet data set, SQLite journal and history",
        "endpoints": endpoints,
    }
