"""Assembles the Flask app: resources, CORS, errors. Starts no thread."""

import re
from collections.abc import Sequence
from typing import Any

from flask import Flask, request
from flask_cors import CORS
from werkzeug.exceptions import Forbidden
from werkzeug.routing import BaseConverter

from api import batches, catalogue, data, engine, generation, health, quality, samples, transfer
from api.errors import register_errors
from models.database import init_db

_MAX_BODY_BYTES = 64 * 1024 * 1024


def assemble(container: Any, database_url: str, cors_origins: Sequence[str], max_import_bytes: int) -> Flask:
    """Build the app around *container*.

    Args:
        container: The wired services (`bootstrap.Container`).
        database_url: SQLAlchemy address for `models.database.db`.
        cors_origins: Allowed browser origins, as regular expressions.
        max_import_bytes: Largest body of an import; all others are smaller.
    """
    app = Flask("legal_training_platform")
    app.config.update(SQLALCHEMY_DATABASE_URI=database_url, MAX_CONTENT_LENGTH=_MAX_BODY_BYTES)
    app.config["MAX_IMPORT_BYTES"] = max_import_bytes
    app.url_map.strict_slashes = False
    app.url_map.converters["id"] = _IdConverter
    app.url_map.merge_slashes = False  # an id may hold any of them
    app.extensions["container"] = container
    init_db(app)
    origins = [re.compile(f"^{origin}$") for origin in cors_origins]
    CORS(
        app,
        resources={r"/api/*": {"origins": origins}},
        allow_headers=["Content-Type", "Authorization", "Cache-Control", "Pragma", "Expires", "Last-Event-ID"],
        methods=["GET", "POST", "PUT", "DELETE", "OPTIONS"],
        expose_headers=[
            "Content-Disposition",
            "X-Request-ID",
            "Retry-After",
            "X-Total-Count",
            "X-Next-Cursor",
            "X-Data-Version",
            "X-Split-Counts",
            "X-Left-Out",
        ],
    )
    register_errors(app)
    app.before_request(lambda: _refuse_foreign_pages(origins))
    for prefix, name in (("/api", "api"), ("/api/v1", "v1")):
        for resource in (health, catalogue, quality, data, samples, transfer, generation, engine):
            app.register_blueprint(resource.blueprint(name), url_prefix=prefix)
        app.register_blueprint(batches.blueprint(name), url_prefix=f"{prefix}/generate/batch")
    return app


class _IdConverter(BaseConverter):
    """An id in a path: anything, slashes too, also at its beginning."""

    regex = ".+?"
    part_isolating = False


def _refuse_foreign_pages(origins: Sequence[re.Pattern[str]]) -> None:
    """Refuse changes that a page of another site asks for; browsers send such requests without asking us."""
    origin = request.headers.get("Origin")
    if origin is None or request.method in ("GET", "HEAD", "OPTIONS"):
        return
    if origin != request.host_url.rstrip("/") and not any(allowed.match(origin) for allowed in origins):
        raise Forbidden(f"origin {origin[:100]!r}: not allowed to change anything; add it to CORS_ORIGINS")
