"""What a reference means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.grounding.law.sources import Bases, wanted
from utils.errors import InputError

_UK, _CELLAR = "https://www.legislation.gov.uk", "https://publications.europa.eu/resource/celex"
_USC = "https://uscode.house.gov/download/releasepoints/us/pl"


@pytest.mark.parametrize(
    ("reference", "address", "identifier"),
    [
        ("legislation.gov.uk/ukpga/2006/46", f"{_UK}/ukpga/2006/46/data.xml", "ukpga/2006/46"),
        ("https://www.legislation.gov.uk/ukpga/2006/46/section/172", f"{_UK}/ukpga/2006/46/data.xml", "ukpga/2006/46"),
        ("https://www.legislation.gov.uk/id/ukpga/2006/46", f"{_UK}/ukpga/2006/46/data.xml", "ukpga/2006/46"),
        ("legislation.gov.uk/ukpga/2006/46/2010-01-01", f"{_UK}/ukpga/2006/46/2010-01-01/data.xml", ""),
        ("legislation.gov.uk/ukpga/2006/46/section/172/2010-01-01", f"{_UK}/ukpga/2006/46/2010-01-01/data.xml", ""),
        ("legislation.gov.uk/uksi/2012/632/contents/made", f"{_UK}/uksi/2012/632/made/data.xml", ""),
        (
            "legislation.gov.uk/ukpga/Vict/24-25/100",
            f"{_UK}/ukpga/Vict/24-25/100/data.xml",
            "ukpga/Vict/24-25/100",
        ),
        ("eur-lex/32016R0679", f"{_CELLAR}/32016R0679", "32016R0679"),
        ("eur-lex/02016R0679-20160504", f"{_CELLAR}/02016R0679-20160504", "32016R0679"),
        (
            "https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=CELEX:32016R0679",
            f"{_CELLAR}/32016R0679",
            "32016R0679",
        ),
        (
            "https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=celex%3A32016R0679",
            f"{_CELLAR}/32016R0679",
            "32016R0679",
        ),
        ("https://eur-lex.europa.eu/eli/reg/2016/679/oj", f"{_CELLAR}/32016R0679", "32016R0679"),
        ("eur-lex/12012E/TXT", f"{_CELLAR}/12012E%2FTXT", "12012E/TXT"),
        ("eur-lex/62014CJ0362", f"{_CELLAR}/62014CJ0362", "62014CJ0362"),
        ("http://data.europa.eu/eli/dir/2011/83/oj", f"{_CELLAR}/32011L0083", "32011L0083"),
        ("uscode/17@118-42", f"{_USC}/118/42/xml_usc17@118-42.zip", ""),
        ("uscode/5a@118-42", f"{_USC}/118/42/xml_usc05A@118-42.zip", ""),
        ("uscode/17", "https://uscode.house.gov/download/download.shtml", "usc/17"),
        (
            "https://uscode.house.gov/view.xhtml?req=granuleid:USC-prelim-title17-section107&edition=prelim",
            "https://uscode.house.gov/download/download.shtml",
            "usc/17",
        ),
        (
            "caselaw/uksc/2015/67",
            "https://caselaw.nationalarchives.gov.uk/uksc/2015/67/data.xml",
            "[2015] UKSC 67",
        ),
        (
            "https://caselaw.nationalarchives.gov.uk/ewca/civ/2015/1#para_3",
            "https://caselaw.nationalarchives.gov.uk/ewca/civ/2015/1/data.xml",
            "[2015] EWCA Civ 1",
        ),
        (
            "caselaw/ewhc/ch/2020/5",
            "https://caselaw.nationalarchives.gov.uk/ewhc/ch/2020/5/data.xml",
            "[2020] EWHC 5 (Ch)",
        ),
        (
            "caselaw/ukut/iac/2020/5",
            "https://caselaw.nationalarchives.gov.uk/ukut/iac/2020/5/data.xml",
            "[2020] UKUT 5 (IAC)",
        ),
        ("static.case.law/us/530", "https://static.case.law/us/530.zip", ""),
        ("https://static.case.law/us/530/cases/0001-01.json", "https://static.case.law/us/530/cases/0001-01.json", ""),
    ],
)
def test_a_reference_or_an_address_means_one_text_of_a_service(reference: str, address: str, identifier: str) -> None:
    found = wanted(reference)
    assert (found.address, found.told.identifier) == (address, identifier)


def test_each_service_has_its_licence_and_jurisdiction() -> None:
    told = {
        one.split("/")[0]: wanted(one).told
        for one in (
            "legislation.gov.uk/ukpga/2006/46",
            "eur-lex/32016R0679",
            "uscode/17",
            "caselaw/uksc/2015/67",
            "static.case.law/us/530",
            "courtlistener/opinions-2025-12-02.csv.bz2",
        )
    }
    assert {name: (one.licence, one.jurisdiction) for name, one in told.items()} == {
        "legislation.gov.uk": ("ogl-uk-3.0", "uk"),
        "eur-lex": ("eu-reuse", "eu"),
        "uscode": ("us-government", "us"),
        "caselaw": ("open-justice", "uk"),
        "static.case.law": ("cc0-1.0", "us"),
        "courtlistener": ("public-domain", "us"),
    }
    assert wanted("eur-lex/02016R0679-20160504").told.version == "2016-05-04"


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "ukpga/2006/46",
        "https://example.com/ukpga/2006/46",
        "https://legislation.gov.uk.example.com/ukpga/2006/46",
        "https://www.legislation.gov.uk" + "@example.com/ukpga/2006/46",
        "legislation.gov.uk/browse",
        "legislation.gov.uk/ukpga/2006/46x/../../admin",
        "uscode/99",
        "eur-lex/GDPR",
        "caselaw/search",
        "static.case.law/../etc",
        "courtlistener//etc/passwd",
        "file:///etc/passwd",
        "legislation.gov.uk/ukpga/2006/46\nHost: x",
    ],
)
def test_anything_else_is_refused_with_examples(reference: str) -> None:
    with pytest.raises(InputError, match=r"reference: .*eur-lex/32016R0679"):
        wanted(reference)


@given(
    st.text(max_size=60),
    st.sampled_from(["", "legislation.gov.uk/", "eur-lex/", "uscode/", "caselaw/", "static.case.law/"]),
)
def test_whatever_is_given_the_service_itself_is_asked_or_nothing(text: str, service: str) -> None:
    try:
        found = wanted(f"{service}{text}")
    except InputError:
        return
    bases = Bases()
    assert found.address.startswith(
        tuple(
            f"{base}/"
            for base in (
                bases.legislation,
                bases.cellar,
                bases.us_code,
                bases.case_law,
                bases.static_case_law,
                bases.courtlistener,
            )
        )
    )
    assert ".." not in found.address
