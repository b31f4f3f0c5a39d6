"""Whose a request is: a label that parts lists, and no access control; the token alone says who may call."""

from flask import g

from utils.access_tokens import AccessToken

LOCAL = "local"


def user_of(given: str | None) -> str:
    """Return the user that a request names; else the name of its token, and "local" where no tokens are set."""
    if given:
        return given
    token: AccessToken | None = g.get("token")
    return token.name if token is not None else LOCAL
