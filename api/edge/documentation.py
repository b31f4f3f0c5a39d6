"""The API's own description: the document, and a page that shows it without the network (Swagger UI)."""

from importlib.resources import files

from flask import Blueprint, Response, current_app

from api.edge.deps import reply
from api.edge.endpoint import Endpoint, File
from api.edge.openapi import document
from utils.access_tokens import Role
from utils.errors import NotFoundError

_TAG = "Service"
_ASSETS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
# The page draws with inline styles and pictures in its style sheet; scripts come from here only.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Legal Training Platform: API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/api/docs/assets/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<noscript>This page needs JavaScript; the document itself is <a href="/api/openapi.json">here</a>.</noscript>
<script src="/api/docs/assets/swagger-ui-bundle.js"></script>
<script src="/api/docs/assets/start.js"></script>
</body>
</html>
"""
# Open, so many operations are not all put into the page: those out of sight are left out, and no link leads to them.
_START = """SwaggerUIBundle({
  url: "/api/openapi.json", dom_id: "#api", deepLinking: true, docExpansion: "none", filter: true,
  displayRequestDuration: true, persistAuthorization: false, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""


def blueprint() -> Blueprint:
    """Build the blueprint; the description needs no token, since it holds no data."""
    routes = Blueprint("documentation", __name__)
    routes.get("/api/openapi.json")(openapi)
    routes.get("/api/docs")(page)
    routes.get("/api/docs/assets/<name>")(asset)
    return routes


@Endpoint(answers=File("application/json", "OpenAPI 3.1"), role=Role.NONE, tag=_TAG)
def openapi() -> Response:
    """Describe the API as an OpenAPI 3.1 document."""
    kept = current_app.extensions.get("openapi")
    if kept is None:
        kept = current_app.extensions["openapi"] = document(current_app)
    return reply(kept)


@Endpoint(answers=File("text/html", "A page"), role=Role.NONE, tag=_TAG)
def page() -> Response:
    """Show the API as a readable page; works offline."""
    return _page(_PAGE, "text/html")


@Endpoint(
    answers=File("text/javascript", "Scripts and styles of the page", ("text/css",)),
    role=Role.NONE,
    tag=_TAG,
    errors=(404,),
)
def asset(name: str) -> Response:
    """Return a part of the documentation page."""
    if name == "start.js":
        return _page(_START, "text/javascript")
    if name not in _ASSETS:
        raise NotFoundError(f"{name[:100]!r}: is not a file of the documentation page")
    response = _page(files("flask_swagger_ui").joinpath("dist", name).read_bytes(), _ASSETS[name])
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


def _page(content: str | bytes, mimetype: str) -> Response:
    response = Response(content, mimetype=mimetype)
    response.headers["Content-Security-Policy"] = _POLICY
    return response
