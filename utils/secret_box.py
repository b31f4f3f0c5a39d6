"""Keeps secrets at rest encrypted: Fernet (AES-128-CBC with HMAC-SHA256), keys from the setting ENCRYPTION_KEY.

Several keys, comma-separated, are a rotation under way: the first encrypts, all decrypt.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from utils.errors import InputError, StorageError
from utils.redaction import remember_secret

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

# The library is imported when first used: the server's parent process, which reads the settings, stays light.


def new_key() -> str:
    """Return a fresh key for ENCRYPTION_KEY."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


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
        self._fernet = _fernet(keys) if keys else None

    @property
    def is_open(self) -> bool:
        """Whether there is a key."""
        return self._fernet is not None

    def seal(self, text: str) -> str:
        """Encrypt *text*; InputError without a key."""
        if self._fernet is None:
            raise InputError(
                "ENCRYPTION_KEY is not set, and secrets are kept encrypted only; "
                "make one with `python3 cli.py keys new`, put it into .env and start again"
            )
        remember_secret(text)
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Decrypt what `seal` returned; StorageError when no key fits."""
        if self._fernet is None:
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


def _fernet(keys: Sequence[str]) -> "MultiFernet":
    from cryptography.fernet import Fernet, MultiFernet

    return MultiFernet([Fernet(key) for key in keys])
