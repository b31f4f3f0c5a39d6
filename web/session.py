"""Who looks at the pages: a signed cookie names the token that was signed in with; the token itself is not in it."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlsplit

from flask import Flask, current_app, g, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import Forbidden

from utils.access_tokens import AccessToken, Role, find_token

_LIFETIME = timedelta(hours=12)
_ROLE = "needed_role"
_MOST = "most_bytes_setting"
_SAFE = ("GET", "HEAD", "OPTIONS")
# Only addresses of ours: a link that leads to the sign-in must not lead away from here.
_OWN_PATH = re.compile(r"/ui(/[^\\]*)?")
_TOKEN = "token"  # noqa: S105  # the name of a field
View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


class _Cookies(SecureCookieSessionInterface):
    """Marks the cookie as one for HTTPS wherever the page came by it."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def needs(role: Role) -> Callable[[View], View]:
    """Say which role a view needs; without it: read to look, write to change."""

    def mark(view: View) -> View:
        setattr(view, _ROLE, role)
        return view

    return mark


def takes_up_to(setting: str) -> Callable[[View], View]:
    """Say which setting of the app bounds what is sent to a view; without it: MAX_CONTENT_LENGTH."""

    def mark(view: View) -> View:
        setattr(view, _MOST, setting)
        return view

    return mark


class Sessions:
    """Signs callers in and out, and lets them do what their role allows."""

    def __init__(self, app: Flask, tokens: Sequence[AccessToken], secret: bytes) -> None:
        """Use cookies of *app*, signed with *secret*; without *tokens* everybody may do everything."""
        self._tokens = {token.digest: token for token in tokens}
        app.secret_key = secret
        app.session_interface = _Cookies()
        app.config.update(
            SESSION_COOKIE_NAME="legal_platform",
            SESSION_COOKIE_PATH="/ui",
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SAMESITE="Lax",
            PERMANENT_SESSION_LIFETIME=_LIFETIME,
            # An answer that was under way at the sign-out must not bring the cookie back.
            SESSION_REFRESH_EACH_REQUEST=False,
            WTF_CSRF_CHECK_DEFAULT=False,  # bodies of the API come without cookies
            WTF_CSRF_TIME_LIMIT=None,  # a form that was left open overnight is still good
            WTF_CSRF_SSL_STRICT=False,  # pages send no Referer; the edge checks Origin
        )
        self._csrf = CSRFProtect(app)

    @property
    def is_open(self) -> bool:
        """Whether everybody may do everything."""
        return not self._tokens

    def admit(self, view: object) -> ResponseReturnValue | None:
        """Let the caller of *view* through, or return the way to the sign-in.

        Raises:
            Forbidden: the caller's role does not allow it, or the form is not one of ours.
        """
        needed = getattr(view, _ROLE, Role.READ if request.method in _SAFE else Role.WRITE)
        role = g.role = self.role()
        if role is Role.NONE:
            return _to_sign_in()  # before anything that strangers send is read
        if role >= needed and hasattr(view, _MOST):  # before the form is read, which reads the whole body
            request.max_content_length = current_app.config[getattr(view, _MOST)]
        self.check_form()
        if role >= needed:
            return None
        raise Forbidden(f"you are signed in with the role {role.name.lower()}, this needs {needed.name.lower()}")

    def check_form(self) -> None:
        """Refuse a form that is not one of ours.

        Raises:
            BadRequest: it lacks the token that the page has for it (`flask_wtf.csrf.CSRFError`).
        """
        if request.method not in _SAFE:
            self._csrf.protect()

    def sign_in(self, given: str) -> bool:
        """Sign in with the token *given*; False if it is not known."""
        token = find_token(list(self._tokens.values()), given.strip())
        if token is None:
            return False
        session.clear()  # nothing that was known before goes on under another name
        session.permanent = True
        session[_TOKEN] = token.digest
        return True

    def sign_out(self) -> None:
        """Forget who it is."""
        session.clear()

    def role(self) -> Role:
        """Return what the caller may do."""
        if self.is_open:
            return Role.ADMIN
        # Looked up each time: a token that was taken back ends what was signed in with it.
        token = self._tokens.get(session.get(_TOKEN, ""))
        g.token = token
        return token.role if token is not None else Role.NONE


def may(role: str) -> bool:
    """Say for a template whether the caller's role is *role* or more."""
    return bool(g.get("role", Role.NONE) >= Role[role.upper()])


def own_path(given: str) -> str:
    """Return *given* if it is an address of a page, else that of the overview."""
    return given if _OWN_PATH.fullmatch(given) else url_for("ui.overview")


def _to_sign_in() -> ResponseReturnValue:
    address = url_for("ui.sign_in", next=_here())
    if request.headers.get("HX-Request"):
        return "", 401, {"HX-Redirect": address}
    return redirect(address, 303)


def _here() -> str:
    """Return the address of the page that is asked for, or from which something was sent."""
    if request.method == "GET" and not request.headers.get("HX-Request"):
        return request.full_path.rstrip("?")
    page = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    address = f"{page.path}?{page.query}" if page.query else page.path
    return own_path(address) if page.netloc == request.host else "/ui/"
