"""Which key goes where: to the address that it was given for, and to no other."""

import itertools
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import Unpack

from models.catalogue.provider_store import KeptProvider, ProviderFields
from services.llm.routing.credentials import Given, address_of, address_of_key, credentials_of, seal_key
from services.llm.routing.roster import Credentials
from tests.fakes import provider_info
from utils.addresses import origin
from utils.errors import InputError
from utils.secret_box import SecretBox, new_key

BOX = SecretBox([new_key()])
OF_SETTINGS, STORED = "key-of-the-settings", "key-that-was-stored"
GROQ, OPENAI, OLLAMA, LOCAL = (provider_info(name) for name in ("groq", "openai", "ollama", "local"))
HERE, THERE = "https://here.test/v1", "https://there.test/v1"


def kept(sealed: str | None = None, **fields: Unpack[ProviderFields]) -> KeptProvider:
    """Return what a user set over the API."""
    return KeptProvider("x", False, fields, sealed, None, "", "")


def sealed(address: str) -> str:
    return seal_key(BOX, STORED, address)


@pytest.mark.parametrize(
    ("info", "held", "row", "found"),
    [
        pytest.param(
            GROQ, Given(OF_SETTINGS), None, Credentials(OF_SETTINGS), id="key-of-the-settings-to-the-catalogues-address"
        ),
        pytest.param(
            GROQ, Given(OF_SETTINGS, HERE), None, Credentials(OF_SETTINGS, HERE), id="to-the-address-of-the-settings"
        ),
        pytest.param(GROQ, Given(OF_SETTINGS), kept(base_url=THERE), None, id="not-to-an-address-over-the-api"),
        pytest.param(
            GROQ, Given(OF_SETTINGS, HERE), kept(base_url=THERE), None, id="not-from-one-of-ones-own-to-another"
        ),
        pytest.param(
            GROQ,
            Given(OF_SETTINGS),
            kept(base_url=f"{GROQ.base_url}/other/path"),
            Credentials(OF_SETTINGS, f"{GROQ.base_url}/other/path", True),
            id="another-path-of-the-same-host-is-the-same-address",
        ),
        pytest.param(
            GROQ,
            Given(OF_SETTINGS, "https://HERE.test:443"),
            kept(base_url=HERE),
            Credentials(OF_SETTINGS, HERE, True),
            id="spelling-and-standard-port-are-no-difference",
        ),
        pytest.param(
            GROQ, Given(OF_SETTINGS, HERE), kept(base_url="http://here.test/v1"), None, id="http-is-not-https"
        ),
        pytest.param(
            GROQ, Given(OF_SETTINGS, HERE), kept(base_url="https://here.test:8443/v1"), None, id="nor-another-port"
        ),
        pytest.param(GROQ, Given(), None, None, id="vendor-without-a-key-is-not-set-up"),
        pytest.param(GROQ, Given("", HERE), None, None, id="nor-by-an-address-alone"),
        pytest.param(OPENAI, Given("", HERE), None, Credentials("", HERE), id="server-of-the-users-own-needs-no-key"),
        pytest.param(OPENAI, Given(), kept(base_url=HERE), Credentials("", HERE, True), id="nor-does-one-over-the-api"),
        pytest.param(
            OPENAI, Given(OF_SETTINGS), kept(base_url=HERE), Credentials("", HERE, True), id="it-is-called-without-one"
        ),
        pytest.param(OPENAI, Given(), None, None, id="openai-itself-needs-one"),
        pytest.param(LOCAL, Given(), None, Credentials(), id="embedded-model-needs-none"),
        pytest.param(GROQ, Given(), kept(sealed(GROQ.base_url)), Credentials(STORED), id="stored-key"),
        pytest.param(GROQ, Given(OF_SETTINGS), kept(sealed(GROQ.base_url)), Credentials(STORED), id="stored-one-wins"),
        pytest.param(
            GROQ,
            Given(),
            kept(sealed(HERE), base_url=HERE),
            Credentials(STORED, HERE, True),
            id="stored-for-the-address-over-the-api",
        ),
        pytest.param(GROQ, Given(), kept(sealed(HERE), base_url=THERE), None, id="stays-behind-when-that-changes"),
        pytest.param(GROQ, Given(), kept(sealed(HERE)), None, id="stays-behind-when-that-is-taken-back"),
        pytest.param(
            GROQ, Given("", THERE), kept(sealed(GROQ.base_url)), None, id="stays-behind-when-the-environment-changes"
        ),
        pytest.param(GROQ, Given(OF_SETTINGS), kept(sealed(HERE)), None, id="settings-do-not-step-in-for-a-stored-one"),
        pytest.param(
            OLLAMA, Given(OF_SETTINGS), None, Credentials(OF_SETTINGS), id="key-of-ollamas-cloud-to-the-cloud"
        ),
        pytest.param(OLLAMA, Given(OF_SETTINGS, HERE), None, Credentials("", HERE), id="not-to-a-server-of-ones-own"),
        pytest.param(
            OLLAMA, Given("", HERE), kept(sealed(HERE)), Credentials(STORED, HERE), id="unless-stored-for-that-server"
        ),
        pytest.param(
            GROQ, Given(), kept(BOX.seal(STORED)), Credentials(STORED), id="sealed-alone-is-for-the-catalogues-address"
        ),
        pytest.param(
            GROQ,
            Given(),
            kept(BOX.seal(STORED), base_url=HERE),
            Credentials(STORED, HERE, True),
            id="sealed-alone-is-for-the-address-beside-it",
        ),
        pytest.param(
            GROQ, Given("", HERE), kept(BOX.seal(STORED)), None, id="sealed-alone-was-never-for-the-environments"
        ),
        pytest.param(
            GROQ, Given(OF_SETTINGS), kept(enabled=False), Credentials(OF_SETTINGS), id="other-fields-change-nothing"
        ),
    ],
)
def test_key_goes_where_it_was_given_for(
    info: Any, held: Given, row: KeptProvider | None, found: Credentials | None
) -> None:
    assert credentials_of(info, held, row, BOX) == found


ADDRESSES = ["", HERE, THERE, "http://here.test", GROQ.base_url, OLLAMA.base_url]


@given(
    info=st.sampled_from([GROQ, OPENAI, OLLAMA, LOCAL]),
    of_settings=st.sampled_from(ADDRESSES),
    over_api=st.sampled_from(ADDRESSES),
    stored_for=st.sampled_from(ADDRESSES),
    has_key=st.booleans(),
)
def test_no_way_of_setting_sends_a_key_to_another_address_than_its_own(
    info: Any, of_settings: str, over_api: str, stored_for: str, has_key: bool
) -> None:
    held = Given(OF_SETTINGS if has_key else "", of_settings)
    fields: ProviderFields = {"base_url": over_api} if over_api else {}
    row = kept(sealed(stored_for) if stored_for else None, **fields)

    found = credentials_of(info, held, row, BOX)

    if found is None or not found.api_key:
        return
    called = origin(found.base_url or info.base_url)
    if found.api_key == STORED:
        assert called == origin(stored_for)
    else:
        assert found.api_key == OF_SETTINGS
        given_for = info.base_url if info is OLLAMA else of_settings or info.base_url
        assert called == origin(given_for)


@pytest.mark.parametrize(
    ("box", "says"),
    [
        pytest.param(SecretBox(), "ENCRYPTION_KEY is not set", id="no-encryption-key"),
        pytest.param(SecretBox([new_key()]), "another ENCRYPTION_KEY", id="another-one"),
    ],
)
def test_stored_key_that_does_not_open_leaves_the_provider_out(
    box: SecretBox, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    found = credentials_of(OPENAI, Given(OF_SETTINGS, HERE), kept(sealed(HERE)), box)

    assert found is None
    assert [record.message for record in caplog.records] == ["stored key not usable"]
    assert says in caplog.records[0].__dict__["reason"]


def test_key_that_stays_behind_is_told_by_its_address_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        credentials_of(OPENAI, Given(OF_SETTINGS), kept(base_url=HERE), BOX)

    record = caplog.records[0].__dict__
    assert (record["message"], record["given_for"], record["address"]) == (
        "key not sent",
        "https://api.openai.com:443",
        "https://here.test:443",
    )
    assert OF_SETTINGS not in str(record)


def test_key_is_not_sealed_without_an_encryption_key() -> None:
    with pytest.raises(InputError, match="ENCRYPTION_KEY is not set"):
        seal_key(SecretBox(), STORED, HERE)


def test_sealed_key_shows_neither_itself_nor_its_address() -> None:
    text = sealed(HERE)

    assert STORED not in text
    assert "here.test" not in text
    assert BOX.open(text) == f"https://here.test:443\n{STORED}"


@pytest.mark.parametrize(("of_settings", "over_api"), list(itertools.product(["", HERE], ["", THERE])))
def test_address_over_the_api_stands_before_that_of_the_settings_and_the_catalogues(
    of_settings: str, over_api: str
) -> None:
    fields: ProviderFields = {"base_url": over_api} if over_api else {}
    held = Given("", of_settings)

    assert address_of(GROQ, held, fields) == (over_api or of_settings or GROQ.base_url)
    assert address_of_key(GROQ, held, fields) == (over_api or of_settings or GROQ.base_url)
    assert address_of(OLLAMA, held, fields) == (over_api or of_settings or OLLAMA.base_url)
    assert address_of_key(OLLAMA, held, fields) == (over_api or OLLAMA.base_url)


def test_key_of_the_settings_is_not_shown() -> None:
    assert OF_SETTINGS not in repr(Given(OF_SETTINGS, HERE))
