"""Signing in and out, and the look of the pages."""

from flask import Blueprint, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from utils.access_tokens import Role
from web.page_spec import PageSpec
from web.rendering import done, page
from web.session import Sessions, own_path

_A_YEAR_S = 365 * 86_400


def _add_to(ui: Blueprint) -> None:
    ui.add_url_rule("/sign-in", "sign_in", _sign_in, methods=["GET", "POST"])
    ui.add_url_rule("/sign-out", "sign_out", _sign_out, methods=["POST"])
    ui.add_url_rule("/look", "look", _look, methods=["POST"])


def _sessions() -> Sessions:
    sessions: Sessions = current_app.extensions["sessions"]
    return sessions


def _sign_in() -> ResponseReturnValue:
    """Ask for a token, and take it."""
    after = own_path(request.values.get("next", ""))
    if g.role is not Role.NONE:
        return redirect(after, 303)
    if request.method == "POST":
        if _sessions().sign_in(request.form.get("token", "")):
            return redirect(after, 303)
        return page("sign_in.html", 401, after=after, is_refused=True)
    return page("sign_in.html", after=after, is_refused=False)


def _sign_out() -> ResponseReturnValue:
    """End the session."""
    _sessions().sign_out()
    return done("You are signed out.", url_for("ui.sign_in"))


def _look() -> ResponseReturnValue:
    """Remember whether the pages are light or dark."""
    response = redirect(own_path(request.form.get("here", "")), 303)
    chosen = request.form.get("look", "")
    if chosen in ("light", "dark"):
        response.set_cookie("look", chosen, max_age=_A_YEAR_S, path="/ui", samesite="Lax", secure=request.is_secure)
    else:
        response.delete_cookie("look", path="/ui")
    return response


SPEC = PageSpec(_add_to)
