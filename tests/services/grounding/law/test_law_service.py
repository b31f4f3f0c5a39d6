"""Law that was added by reference: fetched, taken in, read, found."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.grounding.rows import Stage
from services.grounding.law.fetching import Fetcher, Limits
from services.grounding.law.law_service import Added, LawService
from tests.services.grounding.law.services import CLML, Services, marked, serving
from tests.services.grounding.shelves import Shelf


@pytest.fixture
def services() -> Iterator[Services]:
    with serving() as made:
        made.answers["/ukpga/2011/7/data.xml"] = made.answers["/ukpga/2011/7/data.xml"][1:]
        yield made


def _add(shelf: Shelf, services: Services, reference: str) -> Added:
    fetcher = Fetcher(shelf.files.parent / "law", Limits(1 << 20, pause_s=0.0))
    added = LawService(shelf.service, lambda: fetcher, services.bases).add(reference)
    shelf.service.wait(added.document.id, 30)
    return added


@pytest.mark.parametrize(
    ("reference", "kind", "title", "identifier", "units", "licence"),
    [
        ("legislation.gov.uk/ukpga/2011/7", "clml", "Harbour Lights Act 2011", "ukpga/2011/7", 6, "ogl-uk-3.0"),
        ("eur-lex/32031R0077", "eur-lex", "Regulation (EU) 2031/77", "32031R0077", 1, "eu-reuse"),
        ("uscode/17", "uslm", "17 U.S.C.", "usc/17", 2, "us-government"),
        (
            "caselaw/uksc/2015/67",
            "akoma-ntoso",
            "Marsh v Lighthouse Board [2015] UKSC 67",
            "[2015] UKSC 67",
            1,
            "open-justice",
        ),
        ("static.case.law/us/530", "static.case.law", "530 U.S.", "530 U.S.", 2, "cc0-1.0"),
    ],
)
def test_law_of_each_service_becomes_a_document_with_provisions(
    services: Services, tmp_path: Path, reference: str, kind: str, title: str, identifier: str, units: int, licence: str
) -> None:
    with Shelf(tmp_path) as shelf:
        document = shelf.service.find(_add(shelf, services, reference).document.id)
        assert (document.stage, document.reason) == (Stage.READY, "")
        assert (document.kind, document.title, document.identifier) == (kind, title, identifier)
        assert (document.units, document.licence) == (units, licence)
        assert document.url.startswith("https://")


def test_the_same_text_again_is_told_as_unchanged(services: Services, tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        first = _add(shelf, services, "legislation.gov.uk/ukpga/2011/7")
        again = _add(shelf, services, "https://www.legislation.gov.uk/ukpga/2011/7/section/1")
        assert (first.is_unchanged, again.is_unchanged) == (False, True)
        assert again.document.id == first.document.id


def test_a_later_state_takes_the_place_of_the_earlier(services: Services, tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        first = _add(shelf, services, "legislation.gov.uk/ukpga/2011/7")
        services.answers["/ukpga/2011/7/data.xml"] = [marked(CLML.replace("No oil", "Some oil").encode(), '"two"')]
        second = _add(shelf, services, "legislation.gov.uk/ukpga/2011/7")
        assert second.document.id != first.document.id
        earlier = shelf.service.find(first.document.id)
        assert (earlier.stage, earlier.chunks) == (Stage.FAILED, 0)
        assert f"a later state is here, {second.document.id} (Harbour Lights Act 2011" in earlier.reason
        assert shelf.find("oil lamp section 26A")[0].startswith("Some oil.")


def test_law_is_found_by_its_section(services: Services, tmp_path: Path) -> None:
    with Shelf(tmp_path) as shelf:
        _add(shelf, services, "legislation.gov.uk/ukpga/2011/7")
        _add(shelf, services, "uscode/17")
        assert shelf.find("Harbour Lights Act 2011, s 1(1)")[0].strip() == "(1) A keeper must light the lamp."
        assert shelf.find("17 USC 107")[0].strip() == "(a) Light is free."
