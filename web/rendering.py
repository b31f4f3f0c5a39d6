"""How views answer: a page, a part of one, the way to the next page, and what went wrong."""

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from web.page_words import page_words


def page(template: str, status: int = 200, /, **values: object) -> ResponseReturnValue:
    """Answer with a page."""
    return render_template(template, **values), status


def is_part() -> bool:
    """Whether htmx asks for a part of a page, not for a page."""
    return bool(request.headers.get("HX-Request")) and not request.headers.get("HX-History-Restore-Request")


def done(message: str, address: str) -> Response:
    """Say what was done on the page at *address*, which the browser gets next."""
    flash(page_words(message), "done")
    return _next(address)


def failed(message: str, address: str) -> Response:
    """Say what was not done on the page at *address*."""
    flash(page_words(message), "problem")
    return _next(address)


def sent() -> dict[str, str]:
    """Return the fields of the form that were filled in."""
    skipped = ("csrf_token",)
    return {name: text for name, text in request.form.items() if text.strip() and name not in skipped}


def asked() -> dict[str, str]:
    """Return the arguments of the address that are not empty."""
    return {name: text for name, text in request.args.items() if text.strip()}


def same_page(**changes: object) -> str:
    """Return the address of this page with arguments changed; None takes one away. For filters and pagers."""
    arguments: Mapping[str, object] = {**asked(), **changes}
    query = urlencode({name: value for name, value in arguments.items() if value is not None and value != ""})
    return f"{request.path}?{query}" if query else request.path


def _next(address: str) -> Response:
    if request.headers.get("HX-Request"):
        response = Response(status=204)
        response.headers["HX-Redirect"] = address
        return response
    return redirect(address, 303)
