"""Assembles the Flask app: errors, access, resources, documentation. Starts no thread."""

from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, request
from flask_cors import CORS
from werkzeug.routing import BaseConverter

from api.edge import dashboard, documentation
from api.edge.access import AccessRules, guard
from api.edge.errors import register_errors
from api.edge.measurement import measure
from api.edge.turns import Turns
from api.resources import (
    automation,
    batches,
    catalogue,
    chat,
    comparisons,
    data,
    documents,
    generation,
    health,
    jobs,
    memories,
    monitoring,
    products,
    providers,
    quality,
    query,
    query_socket,
    releases,
    runs,
    samples,
    sessions,
    transfer,
)
from api.resources import models as model_pages
from models.database import init_db
from services.platform import PAGES, Platform

_RESOURCES = (
    health,
    catalogue,
    providers,
    model_pages,
    chat,
    quality,
    comparisons,
    data,
    samples,
    transfer,
    generation,
    monitoring,
    documents,
    jobs,
    releases,
    automation,
    runs,
    products,
    sessions,
    memories,
    query,
)


@dataclass(frozen=True, slots=True)
class AppSettings:
    """Settings of the HTTP side.

    Attributes:
        database_url: SQLAlchemy address for `models.database.db`.
        access: Who may call.
        max_import_bytes: Largest body of an import; all others are smaller.
        max_body_bytes: Largest other body.
        max_document_bytes: Largest document that is uploaded.
        dashboard: Folder of a built single-page dashboard, or None.
        websocket: Whether queries may come over a WebSocket.
    """

    database_url: str
    access: AccessRules
    max_import_bytes: int
    max_body_bytes: int = 64 << 20
    max_document_bytes: int = 100 << 20
    dashboard: Path | None = None
    websocket: bool = False


def assemble(platform: Platform, settings: AppSettings) -> Flask:
    """Build the app around *platform*.

    Args:
        platform: The wired services (`services.platform.Platform`).
        settings: How to serve them.

    Raises:
        ConfigurationError: a setting cannot be used.
    """
    app = _App("legal_training_platform", static_folder=None)
    app.config.update(SQLALCHEMY_DATABASE_URI=settings.database_url, MAX_CONTENT_LENGTH=settings.max_body_bytes)
    app.config["MAX_IMPORT_BYTES"] = settings.max_import_bytes
    # The parts around the file count too.
    app.config["MAX_DOCUMENT_BYTES"] = settings.max_document_bytes + (1 << 20)
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_body_bytes
    app.url_map.strict_slashes = False
    own = {"id": _IdConverter, "provider": _ProviderConverter, "model": _ModelConverter, "page": _PageConverter}
    app.url_map.converters.update(own)
    app.url_map.merge_slashes = False  # an id may hold any of them
    app.extensions.update(platform=platform, turns=Turns(lambda: platform.batches.running_count() > 0))
    init_db(app)
    register_errors(app)
    measure(app, platform)
    CORS(
        app,
        resources={r"/api/*": {"origins": list(settings.access.origins)}},
        allow_headers=[
            "Content-Type",
            "Authorization",
            "Cache-Control",
            "Pragma",
            "Expires",
            "Last-Event-ID",
            "Idempotency-Key",
        ],
        methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        expose_headers=[
            "Content-Disposition",
            "X-Request-ID",
            "Retry-After",
            "X-Total-Count",
            "X-Next-Cursor",
            "X-Data-Version",
            "X-Split-Counts",
            "X-Left-Out",
            "X-Run-ID",
        ],
    )
    guard(app, settings.access)
    for prefix, name in (("/api", "api"), ("/api/v1", "v1")):
        for resource in _RESOURCES:
            app.register_blueprint(resource.blueprint(name), url_prefix=prefix)
        app.register_blueprint(batches.blueprint(name), url_prefix=f"{prefix}/generate/batch")
    app.register_blueprint(documentation.blueprint())
    if settings.websocket:
        app.register_blueprint(query_socket.blueprint())
    if settings.dashboard is not None:
        app.register_blueprint(dashboard.blueprint(settings.dashboard))
    return app


class _App(Flask):
    """Answers OPTIONS with the methods of the route itself: an id may hold the rest of a longer path."""

    def make_default_options_response(self) -> Response:
        response = self.response_class()
        written = request.url_rule.rule if request.url_rule is not None else ""
        rules = (rule for rule in self.url_map.iter_rules() if rule.rule == written)
        response.allow.update(method for rule in rules for method in rule.methods or ())
        return response


class _IdConverter(BaseConverter):
    """An id in a path: any text, even with leading slashes; a path that ends like one of our routes is that route."""

    regex = ".+?"
    part_isolating = False


class _ProviderConverter(BaseConverter):
    """A provider's id: any text but the names of our routes beside it."""

    regex = rf"(?!(?:{'|'.join(PAGES)})(?:/|$))[^/]+"


class _ModelConverter(BaseConverter):
    """A model's id: any text, also with slashes, but the names of our routes."""

    regex = r"(?!(?:all|reorder)$).+?(?<!/toggle)(?<!/priority)"
    part_isolating = False


class _PageConverter(BaseConverter):
    """A path of the dashboard: any but ours."""

    regex = r"(?!(?:api|metrics|ui)(?:/|$)).+"
    part_isolating = False
