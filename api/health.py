"""Health and general information."""

from flask import Blueprint, Response, current_app

from api.deps import reply, services, success
from api.endpoint import endpoint
from models.answers.engine import HealthAnswer, InfoAnswer, LiveAnswer, ReadyAnswer
from utils.access_tokens import Role

VERSION = "0.1.0"
_TAG = "Service"


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*; it is mounted at /api and at /api/v1."""
    routes = Blueprint(f"{name}_health", __name__)
    routes.get("/health")(health)
    routes.get("/health/live")(live)
    routes.get("/health/ready")(ready)
    routes.get("/info")(info)
    return routes


@endpoint(HealthAnswer, tag=_TAG, in_line=False)
def health() -> Response:
    """Tell what the service has and does."""
    container = services()
    factory = container.llm.factory
    running = container.batches.running_count()
    total_samples, has_file = container.dataset.size()
    return success(
        status="healthy",
        dataset_exists=has_file,
        total_samples=total_samples,
        groq_configured=factory.has_key("groq"),
        cerebras_configured=factory.has_key("cerebras"),
        ollama_configured=any(provider.id == "ollama" for provider in factory.enabled()),
        active_batches=running,
        running_batches=running,
        batch_generation_running=running > 0,
        database=container.engine.dialect.name,
    )


@endpoint(LiveAnswer, tag=_TAG, role=Role.NONE, in_line=False)
def live() -> Response:
    """Answer while the process lives; for supervisors, needs no token."""
    return reply({"status": "alive"})


@endpoint(ReadyAnswer, tag=_TAG, role=Role.NONE, errors=(503,), in_line=False)
def ready() -> Response:
    """Ping database, data set and disk; 503 says what does not work. Needs no token."""
    return reply(services().health.ready())


@endpoint(InfoAnswer, tag=_TAG)
def info() -> Response:
    """Tell the version and list the endpoints."""
    endpoints = sorted(
        f"{method} {rule.rule}"
        for rule in current_app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/") and not rule.rule.startswith("/api/v1/")
    )
    return success(
        name="Legal Training Platform",
        version=VERSION,
        database=services().engine.dialect.name,
        architecture="Flask REST service with batch threads; Parquet data set, SQLite journal and history",
        endpoints=endpoints,
    )
