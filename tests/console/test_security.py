"""Stored secrets, encrypted anew with another key."""

from pathlib import Path

import pytest

from bootstrap import build
from console.security import rotate
from models.contract.management_bodies import ProviderConfigChange
from tests.console.terminal import invoked
from tests.fakes import settings_for
from utils.errors import ConfigurationError, StorageError
from utils.filelock import FolderLock
from utils.secret_box import new_key

OLD, NEW = new_key(), new_key()


def key_of_mistral(folder: Path, encryption_key: str) -> str:
    """Return the stored key, as a service with *encryption_key* reads it; "" where it cannot."""
    platform = build(settings_for(folder, encryption_key=encryption_key))
    platform.start()
    try:
        found = platform.llm.roster.credentials_of("mistral")
        return found.api_key if found else ""
    finally:
        platform.close()


@pytest.fixture
def stored(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a key and a free setting, encrypted with `OLD`."""
    platform = build(settings_for(folder, encryption_key=OLD))
    platform.start()
    platform.providers.set_config(
        "mistral", ProviderConfigChange(api_key="mistral-0123456789", config={"project": "secret-project"})
    )
    platform.close()
    return folder


def test_secrets_open_with_the_new_key_alone_after_a_rotation(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCRYPTION_KEY", f"{NEW},{OLD}")

    assert "encrypted with the first key now: 2; the others may be dropped" in invoked("keys", "rotate")

    assert key_of_mistral(stored, NEW) == "mistral-0123456789"
    assert key_of_mistral(stored, OLD) == ""


def test_secret_that_opens_with_none_of_the_keys_changes_nothing(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCRYPTION_KEY", NEW)

    assert "encrypted with another ENCRYPTION_KEY" in invoked("keys", "rotate", code=1)

    assert key_of_mistral(stored, OLD) == "mistral-0123456789"
    with pytest.raises(StorageError):
        rotate(settings_for(stored, encryption_key=new_key()))


def test_without_a_key_nothing_is_rotated(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="give the new key first, then a comma, then the old one"):
        rotate(settings_for(folder))

    assert list(folder.iterdir()) == []


def test_folder_of_a_running_service_is_not_touched(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCRYPTION_KEY", f"{NEW},{OLD}")
    lock = FolderLock(stored)
    lock.acquire()

    said = invoked("keys", "rotate", code=1)

    lock.release()
    assert "is using it" in said
    assert key_of_mistral(stored, OLD) == "mistral-0123456789"
