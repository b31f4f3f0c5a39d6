"""Serves an existing build of a single-page dashboard at /, beside the API.

Paths that are no file of the build are routes of the dashboard and get its index; only
files that its bundler named by a hash are cached for long.
"""

import base64
import hashlib
import re
from pathlib import Path

from flask import Blueprint, Response, send_from_directory
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from utils.errors import ConfigurationError

_INDEX = "index.html"
# Bundlers put a hash of the content into the names of what never changes: index-B3x9dK2f.js, main.8f2a11c0.css
_HASHED = re.compile(r"[.-](?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{8,}\.[a-z0-9]{2,5}(\.map)?$")
_FOR_EVER = "public, max-age=31536000, immutable"
# Scripts only of the build itself; pictures, fonts and styles do no harm, and builds fetch them from elsewhere.
_POLICY = (
    "default-src 'self'; script-src 'self'{hashes}; img-src 'self' data: blob: https:; font-src 'self' data: https:; "
    "style-src 'self' 'unsafe-inline' https:; connect-src 'self' http://localhost:* http://127.0.0.1:*; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'"
)
_INLINE = re.compile(rb"<script(?![^>]*\bsrc\s*=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
_OURS = ("api", "metrics", "ui")


def blueprint(folder: Path) -> Blueprint:
    """Build the blueprint of the dashboard in *folder*.

    Raises:
        ConfigurationError: there is no index.html in it.
    """
    folder = folder.resolve()
    if not (folder / _INDEX).is_file():
        raise ConfigurationError(f"DASHBOARD_DIR: {folder} has no {_INDEX}; give the folder of the built dashboard")
    routes = Blueprint("dashboard", __name__)

    def page(path: str = _INDEX) -> Response:
        if path.split("/", 1)[0] in _OURS:
            raise NotFound
        found = _file(folder, path)
        if found is None and Path(path).suffix and not path.endswith(".html"):
            raise NotFound  # a missing script must not be answered with a page
        return _send(folder, found or _INDEX)

    routes.add_url_rule("/", view_func=page, methods=["GET"])
    routes.add_url_rule("/<page:path>", view_func=page, methods=["GET"])
    return routes


def _file(folder: Path, path: str) -> str | None:
    """Return *path* if it is a file inside *folder*: no way out by dots, by links, or to hidden files."""
    joined = safe_join(str(folder), path)
    if joined is None or "\0" in path or any(part.startswith(".") for part in path.split("/")):
        return None
    try:
        real = Path(joined).resolve(strict=True)
    except (OSError, ValueError):
        return None
    return path if real.is_file() and real.is_relative_to(folder) else None


def _send(folder: Path, name: str) -> Response:
    response = send_from_directory(folder, name, conditional=True)
    response.headers["Cache-Control"] = _FOR_EVER if _HASHED.search(name) else "no-cache"
    response.headers["Content-Security-Policy"] = _POLICY.format(hashes=_hashes(folder) if name == _INDEX else "")
    return response


def _hashes(folder: Path) -> str:
    """Allow the inline scripts of the index by their hashes; read each time, since a build may be replaced."""
    digests = [hashlib.sha256(script).digest() for script in _INLINE.findall((folder / _INDEX).read_bytes())]
    return "".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
