"""Styles and scripts: one file of each, compressed once, named by its content so that browsers keep it for ever."""

import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

_OURS = files("web") / "static"
_HTMX = files("js_lib_htmx") / "static" / "htmx"
_FOR_EVER = "public, max-age=31536000, immutable"


def _in_order(folder: Traversable) -> list[Traversable]:
    """Return the files of *folder*: what all pages use is in the first, "base"."""
    return sorted(folder.iterdir(), key=lambda file: (not file.name.startswith("base."), file.name))


_SOURCES: dict[str, tuple[str, Sequence[Traversable]]] = {
    "style.css": ("text/css", _in_order(_OURS / "css")),
    "app.js": ("text/javascript", [_HTMX / "htmx.min.js", *_in_order(_OURS / "js")]),
    "icon.svg": ("image/svg+xml", [_OURS / "icon.svg"]),
}


@dataclass(frozen=True, slots=True)
class _Asset:
    mimetype: str
    content: bytes
    compressed: bytes


class Assets:
    """Every file that pages load, by the name in its address."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._assets: dict[str, _Asset] = {}
        for name, (mimetype, parts) in _SOURCES.items():
            content = b"\n".join(part.read_bytes() for part in parts)
            stem, _, suffix = name.rpartition(".")
            full = f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}.{suffix}"
            self._names[name] = full
            self._assets[full] = _Asset(mimetype, content, gzip.compress(content, mtime=0))

    def url(self, name: str) -> str:
        """Return the address of the file *name*."""
        return f"/ui/static/{self._names[name]}"

    def add_to(self, ui: Blueprint) -> None:
        """Serve the files; who has not signed in yet needs them too."""
        ui.add_url_rule("/static/<name>", "asset", self._send)

    def _send(self, name: str) -> Response:
        asset = self._assets.get(name)
        if asset is None:
            raise NotFound
        takes_gzip = request.accept_encodings["gzip"] > 0
        response = Response(asset.compressed if takes_gzip else asset.content, mimetype=asset.mimetype)
        if takes_gzip:
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Cache-Control"] = _FOR_EVER
        response.vary.add("Accept-Encoding")
        return response
