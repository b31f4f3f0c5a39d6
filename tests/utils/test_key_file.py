"""The encryption key that is made at the first start: for its owner alone, and the same at every start."""

import stat
from pathlib import Path

import pytest

from models.contract.management_bodies import ProviderConfigChange
from tests.fakes import Start
from utils.errors import StorageError
from utils.key_file import NAME, encryption_keys
from utils.secret_box import SecretBox, new_key


def test_first_start_makes_a_key_that_its_owner_alone_may_read(tmp_path: Path) -> None:
    first = encryption_keys(tmp_path, [], make=True)

    assert encryption_keys(tmp_path, [], make=True) == first
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_key_of_the_settings_encrypts_and_that_of_the_file_still_decrypts(tmp_path: Path) -> None:
    sealed = SecretBox(encryption_keys(tmp_path, [], make=True)).seal("secret")
    given = new_key()

    keys = encryption_keys(tmp_path, [given], make=True)

    assert keys[0] == given
    assert SecretBox(keys).open(sealed) == "secret"


def test_no_file_is_made_where_a_key_is_set_or_none_is_wanted(tmp_path: Path) -> None:
    given = new_key()

    assert encryption_keys(tmp_path, [given], make=True) == [given]
    assert encryption_keys(tmp_path, [], make=False) == []
    assert not (tmp_path / NAME).exists()


def test_file_that_holds_no_key_is_told(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("oops")

    with pytest.raises(StorageError, match="holds no key"):
        encryption_keys(tmp_path, [], make=True)


def test_provider_key_is_stored_without_any_setting_and_is_there_at_the_next_start(start: Start) -> None:
    platform = start({})
    platform.providers.set_config("mistral", ProviderConfigChange(api_key="the-key-0123456789"))
    platform.close()

    assert start({}).providers.config("mistral")["key_usable"]
