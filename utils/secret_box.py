"""Keeps secrets at rest encrypted: Fernet (AES-128-CBC with HMAC-SHA256), keys from the setting ENCRYPTION_KEY.

Several keys, comma-separated, are a rotation under way: the first encrypts, all decrypt.
"""

import base64
import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from utils.errors import InputError, StorageError
from utils.installation import COMMAND
from utils.redaction import remember_secret

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

# The library, which takes 7 MiB, is imported when a secret is sealed or opened: most starts do neither.
_KEY_BYTES = 32


def new_key() -> str:
    """Return a fresh key for ENCRYPTION_KEY."""
    return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode()


def clean_key(text: str) -> str:
    """Strip a provider's key and refuse what could never be sent in a header."""
    text = text.strip()
    if any(not 32 < ord(char) < 127 for char in text):
        raise ValueError("holds a space, line break or non-ASCII character; copy the key again")
    return text


class SecretBox:
    """Seals and opens. Without keys it refuses both."""

    def __init__(self, keys: Sequence[str] = ()) -> None:
        """Take *keys*, the one that encrypts first.

        Raises:
            ValueError: one is not 32 bytes in URL-safe base64.
        """
        if any(len(base64.urlsafe_b64decode(key)) != _KEY_BYTES for key in keys):
            raise ValueError("want 32 bytes in URL-safe base64")
        self._keys = tuple(keys)

    @property
    def is_open(self) -> bool:
        """Whether there is a key."""
        return bool(self._keys)

    @cached_property
    def _fernet(self) -> "MultiFernet":
        from cryptography.fernet import Fernet, MultiFernet

        return MultiFernet([Fernet(key) for key in self._keys])

    def seal(self, text: str) -> str:
        """Encrypt *text*; InputError without a key."""
        if not self._keys:
            raise InputError(
                "ENCRYPTION_KEY is not set, and secrets are kept encrypted only; "
                f"make one with `{COMMAND} keys new`, put it into .env and start again"
            )
        remember_secret(text)
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Decrypt what `seal` returned; StorageError when no key fits."""
        if not self._keys:
            raise StorageError("a secret is stored encrypted and ENCRYPTION_KEY is not set; set it and start again")
        from cryptography.fernet import InvalidToken

        try:
            text = self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise StorageError(
                "a stored secret was encrypted with another ENCRYPTION_KEY; add that key after the comma, "
                "or store the secret again"
            ) from None
        remember_secret(text)
        return text

    def renew(self, sealed: str) -> str:
        """Encrypt again with the first key; StorageError as `open`."""
        return self.seal(self.open(sealed))
