"""Bearer tokens of the API: made here, kept as SHA-256 hashes, compared in constant time.

A plain hash is enough for 256 random bits; that is why short tokens are refused.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from utils.installation import COMMAND

_HASH = re.compile(r"sha256:([0-9a-f]{64})")
_SHORTEST = 24


class Role(IntEnum):
    """What a caller may do; each role may also do what the ones before it may."""

    NONE = 0
    READ = 1
    WRITE = 2
    ADMIN = 3


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token that is accepted, known by its hash only."""

    role: Role
    digest: str

    @property
    def name(self) -> str:
        """Names the token in logs and limits."""
        return f"{self.role.name.lower()}-{self.digest[:8]}"


def new_token() -> str:
    """Return a fresh token."""
    return f"ltp_{secrets.token_urlsafe(32)}"


def hashed(token: str) -> str:
    """Return the hash of *token*, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def hashed_form(token: str) -> str:
    """Return *token* in its hashed form for API_TOKENS, to be written behind a role."""
    return f"sha256:{hashed(token)}"


def parse_token(text: str) -> AccessToken:
    """Read one entry of API_TOKENS: `role:token` or `role:sha256:<hash>`.

    Raises:
        ValueError: the role is unknown, or the token is too short.
    """
    role, _, rest = text.partition(":")
    if role not in ("read", "write", "admin") or not rest:
        raise ValueError("want role:token or role:sha256:<hash> with role read, write or admin")
    found = _HASH.fullmatch(rest)
    if found is None and (rest.startswith("sha256:") or len(rest) < _SHORTEST):
        raise ValueError(f"the {role} token: want {_SHORTEST} characters or more; `{COMMAND} tokens new` makes one")
    return AccessToken(Role[role.upper()], found[1] if found else hashed(rest))


def find_token(known: Sequence[AccessToken], token: str) -> AccessToken | None:
    """Return the accepted token that equals *token*, or None. Takes the same time for each."""
    digest = hashed(token)
    found = None
    for candidate in known:
        if hmac.compare_digest(candidate.digest, digest):
            found = candidate
    return found
