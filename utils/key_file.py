"""The encryption key that the service made for itself: a file of the data folder that its owner alone may read.

It stands in for the setting ENCRYPTION_KEY where that is not given, so that provider keys can be stored from the
first start on. It is in no backup: who has a copy of the data has not the keys.
"""

import hmac
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from utils.errors import StorageError
from utils.redaction import remember_secret
from utils.secret_box import SecretBox, new_key

log = logging.getLogger(__name__)
NAME = "encryption.key"


def encryption_keys(folder: Path, given: Sequence[str], make: bool) -> list[str]:
    """Return the keys that secrets are encrypted with, the current one first: those *given*, then the file's.

    Args:
        folder: The data folder.
        given: The keys of the settings.
        make: Whether to make the file where there is neither.

    Raises:
        StorageError: the file cannot be read or made, or holds no key.
    """
    path = folder / NAME
    try:
        if path.exists():
            return [*given, _read(path)]
        if given or not make:
            return list(given)
        key = new_key()
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(f"{key}\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageError(f"{path}: cannot be used ({error.strerror}); mend that, or set ENCRYPTION_KEY") from error
    remember_secret(key)
    log.warning(
        "encryption key made", extra={"path": str(path), "reason": "ENCRYPTION_KEY is not set; keep a copy of the file"}
    )
    return [key]


def fingerprints(keys: Sequence[str]) -> list[str]:
    """Return what tells *keys* apart and says nothing of them, in their order."""
    return [hmac.digest(key.encode(), b"which key this is", "sha256").hex()[:16] for key in keys]


def _read(path: Path) -> str:
    key = path.read_text(encoding="utf-8", errors="replace").strip()
    try:
        SecretBox([key])
    except ValueError:
        raise StorageError(f"{path}: holds no key; put the right one back, or remove it and store keys anew") from None
    remember_secret(key)
    return key
