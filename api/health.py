"""Health and general information."""

from flask import Blueprint, Response, current_app

from api.deps import reply, services, success

VERSION = "0.1.0"


def blueprint(name: str) -> Blueprint:
    """Build the blueprint under *name*; it is mounted at /api and at /api/v1."""
    routes = Blueprint(f"{name}_health", __name__)

    @routes.get("/health")
    def health() -> Response:
        container = services()
        factory = container.llm.factory
        running = container.batches.running_count()
        return reply(
            {
                "success": True,
                "status": "healthy",
                "dataset_exists": container.dataset.exists(),
                "total_samples": container.dataset.count(),
                "groq_configured": factory.has_key("groq"),
                "cerebras_configured": factory.has_key("cerebras"),
                "ollama_configured": any(provider.id == "ollama" for provider in factory.enabled()),
                "active_batches": running,
                "running_batches": running,
                "batch_generation_running": running > 0,
                "database": container.engine.dialect.name,
            }
        )

    @routes.get("/health/live")
    def live() -> Response:
        return reply({"status": "alive"})

    @routes.get("/health/ready")
    def ready() -> Response:
        return reply({"status": "ready", "total_samples": services().dataset.count()})

    @routes.get("/info")
    def info() -> Response:
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

    return routes
