"""Puts the pages into the app: addresses, sign-in, errors, headers. `api_server.create_app` calls it."""

import gzip
import logging

from flask import Blueprint, Flask, current_app, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from heroicons.jinja import heroicon_mini, heroicon_outline
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response

from api.edge.errors import status_of
from utils.errors import AppError
from utils.installation import COMMAND
from utils.logs import redact
from utils.plugins import find_specs
from web import formats, views
from web.assets import Assets
from web.page_spec import PageSpec
from web.page_words import page_words
from web.rendering import same_page
from web.session import Sessions, may
from web.settings import SiteSettings

log = logging.getLogger(__name__)
# Everything from here, nothing inline, no eval; forms go nowhere else.
_POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; img-src 'self'"
)
_SMALLEST_COMPRESSED = 1_000
_FREE = ("ui.sign_in", "ui.sign_out", "ui.asset", "ui.look")


def install(app: Flask, settings: SiteSettings) -> None:
    """Serve the pages of *app* at /ui."""
    sessions = app.extensions["sessions"] = Sessions(app, settings.tokens, settings.secret)
    assets = Assets()
    ui = Blueprint("ui", __name__, url_prefix="/ui", template_folder="templates")
    ui.before_request(lambda: _admit(sessions))
    ui.after_request(_finish)
    ui.register_error_handler(AppError, _app_error)
    ui.register_error_handler(HTTPException, _http_error)
    ui.register_error_handler(Exception, _unforeseen)
    ui.app_template_global("asset")(assets.url)
    ui.app_template_global()(may)
    ui.app_template_global()(same_page)
    ui.app_template_global()(heroicon_mini)
    ui.app_template_global()(heroicon_outline)
    for name, shown in formats.FILTERS.items():
        ui.app_template_filter(name)(shown)
    specs = find_specs(views, PageSpec)
    menu = sorted((spec.menu for spec in specs if spec.menu is not None), key=lambda entry: entry.place)
    told = {"menu": menu, "is_open": sessions.is_open, "command": COMMAND}
    ui.context_processor(lambda: {**told, "theme": _theme()})
    assets.add_to(ui)
    for spec in specs:
        spec.add_to(ui)
    ui.add_url_rule("/<path:rest>", "missing", _missing)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_blueprint(ui)
    if settings.is_front:
        app.add_url_rule("/", "front", lambda: redirect("/ui/", 302))


def _admit(sessions: Sessions) -> ResponseReturnValue | None:
    if request.endpoint in _FREE:
        g.role = sessions.role()
        sessions.check_form()
        return None
    return sessions.admit(current_app.view_functions.get(request.endpoint or ""))


def _theme() -> str:
    chosen = request.cookies.get("look", "")
    return chosen if chosen in ("light", "dark") else ""


def _missing(rest: str) -> ResponseReturnValue:
    raise NotFound(f"There is no page at /ui/{rest[:200]}.")


def _app_error(error: AppError) -> ResponseReturnValue:
    return _problem(page_words(redact(str(error))), status_of(type(error)))


def _http_error(error: HTTPException) -> ResponseReturnValue:
    message = error.description or error.name
    if isinstance(error, CSRFError):
        message = "This form is from an earlier visit. Load its page again, then send it once more."
    if error.code == 413:
        message = (
            "This is larger than the service takes at once. Send fewer or smaller files, or raise MAX_DOCUMENT_MB."
        )
    return _problem(message, error.code or 500)


def _unforeseen(_: Exception) -> ResponseReturnValue:
    log.exception("page failed", extra={"path": request.path})
    return _problem("The service failed here. Its log has the details under the number of this request.", 500)


def _problem(message: str, status: int) -> ResponseReturnValue:
    """Say what went wrong: in the notices of the page that asked, or as a page."""
    if request.headers.get("HX-Request"):
        told = {"HX-Retarget": "#notices", "HX-Reswap": "innerHTML show:window:top"}
        return render_template("parts/problem.html", message=message), status, told
    return render_template("problem.html", message=message, status=status, request_id=g.get("request_id", "")), status


def _finish(response: Response) -> Response:
    headers = response.headers
    headers["Content-Security-Policy"] = _POLICY
    # Under "no-referrer" browsers send forms with "Origin: null", which the edge refuses as foreign.
    headers["Referrer-Policy"] = "same-origin"
    headers.setdefault("Cache-Control", "no-store")
    if response.mimetype == "text/html" and not response.is_streamed and "Content-Encoding" not in headers:
        content = response.get_data()
        response.vary.add("Accept-Encoding")
        if len(content) > _SMALLEST_COMPRESSED and request.accept_encodings["gzip"] > 0:
            response.set_data(gzip.compress(content, 4, mtime=0))
            headers["Content-Encoding"] = "gzip"
    return response
