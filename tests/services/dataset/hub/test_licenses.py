"""Licences are those of the Hub's list."""

import pytest

from services.dataset.hub.licenses import LICENSES, license_fields
from utils.errors import InputError


@pytest.mark.parametrize("identifier", sorted(LICENSES - {"unknown"}))
def test_every_licence_of_the_list_is_taken_in_any_case(identifier: str) -> None:
    assert license_fields(f" {identifier.upper()} ", "", "") == {"license": identifier}


@pytest.mark.parametrize("identifier", ["", " ", "unknown", "Unknown"])
def test_no_licence_says_nothing_so_that_a_card_keeps_its_own(identifier: str) -> None:
    assert license_fields(identifier, "", "") == {}


def test_other_licence_has_a_name_and_an_address() -> None:
    wanted = {"license": "other", "license_name": "house", "license_link": "LICENSE"}

    assert license_fields("other", "house", "LICENSE") == wanted


@pytest.mark.parametrize(
    ("identifier", "name", "link", "says"),
    [
        pytest.param("my-lic", "", "", "license: got 'my-lic', want an identifier of the Hub's list", id="none"),
        pytest.param("cc-by", "", "", r"cc-by-4\.0", id="near"),
        pytest.param("apache2", "", "", r"apache-2\.0", id="other spelling"),
        pytest.param("mit", "house", "", "license_name: goes with license=other only, got license=mit", id="name"),
        pytest.param(
            "", "", "https://x.example", "license_link: goes with license=other only, got license=none", id="link"
        ),
    ],
)
def test_licence_that_the_hub_does_not_know_is_refused(identifier: str, name: str, link: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        license_fields(identifier, name, link)
