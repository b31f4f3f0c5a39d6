"""What the pages go by; `bootstrap.settings_of_site` makes it."""

from collections.abc import Sequence
from dataclasses import dataclass

from utils.access_tokens import AccessToken


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """What the pages go by.

    Attributes:
        tokens: Tokens that one signs in with; if empty, everybody may do everything.
        secret: Signs the session cookie.
        is_front: Whether / leads to the pages, because no other dashboard is served there.
    """

    tokens: Sequence[AccessToken]
    secret: bytes
    is_front: bool
