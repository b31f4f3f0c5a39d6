"""Authorities that a user brought in: rows of a text, what the file answers, and a file that cannot be read."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.catalogue.authority_store import AuthorityRow, AuthorityStore
from services.citations.local_index import LocalIndex, known_from, rows_from
from services.citations.reference import Known
from tests.fakes import CHECKER
from tests.services.citations.authorities import KINDS, opened
from utils.errors import StorageError

EXTRACTOR, SECTION = CHECKER.extractor, "Theft Act 1968, s 1"


class Broken(AuthorityStore):
    """A file that cannot be read, and counts how often it was tried."""

    def __init__(self) -> None:
        super().__init__(Path("/nowhere/authorities.db"))
        self.tried = 0

    def with_key(self, key: str) -> list[AuthorityRow]:
        self.tried += 1
        raise StorageError(f"{key}: broken")

    def with_name(self, name_key: str) -> list[AuthorityRow]:
        return self.with_key(name_key)


@pytest.fixture(params=KINDS)
def authorities(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AuthorityStore]:
    with opened(request.param, tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        pytest.param(
            "[2015] EWHC 901 (Ch)",
            {},
            [("[2015]ewhc901(ch)", "[2015] EWHC 901 (Ch)", "uk", "case", None)],
            id="facts of the reference",
        ),
        pytest.param(
            "[2015] EWHC 901 (Ch)",
            {"jurisdiction": "eu", "kind": "statute", "year": "2014"},
            [("[2015]ewhc901(ch)", "[2015] EWHC 901 (Ch)", "eu", "statute", 2014)],
            id="facts that are given",
        ),
        pytest.param(
            "[2015] UKSC 99, [2016] AC 5",
            {"year": "2015-03-04"},
            [("[2015]uksc99", "[2015] UKSC 99", "uk", "case", 2015), ("[2016]ac5", "[2016] AC 5", "uk", "case", 2015)],
            id="row for each reference, year of a day",
        ),
        pytest.param(
            "410 U.S. 4 (1973)", {}, [("410us4", "410 U.S. 4", "us", "case", 1973)], id="year behind the reference"
        ),
        pytest.param(
            "410 U.S. 4 (1973)",
            {"year": "unknown"},
            [("410us4", "410 U.S. 4", "us", "case", 1973)],
            id="year that is none",
        ),
        pytest.param("410 U.S. 4", {"year": "١٩٧٣"}, [("410us4", "410 U.S. 4", "us", "case", None)], id="other digits"),
        pytest.param(
            "Theft Act 1968, s 1", {}, [("theftact1968s1", "Theft Act 1968, s 1", "uk", "statute", None)], id="act"
        ),
        pytest.param("nothing that can be read", {}, [], id="nothing"),
        pytest.param("", {}, [], id="empty"),
    ],
)
def test_text_becomes_a_row_for_each_reference(
    text: str, facts: dict[str, str], expected: list[tuple[str, str, str, str, int | None]]
) -> None:
    rows = rows_from("Marsh v Baird", text, facts, EXTRACTOR)

    assert [(row.key, row.citation, row.jurisdiction, row.kind, row.year) for row in rows] == expected
    assert {(row.name, row.name_key) for row in rows} <= {("Marsh v Baird", "baird marsh")}


def test_name_is_taken_from_the_text_where_none_is_given() -> None:
    (row,) = rows_from("", "Olsen v Trent Ltd [2015] UKSC 99", {"source": "mine"}, EXTRACTOR)

    assert (row.name, row.name_key, row.source) == ("Olsen v Trent Ltd", "olsen trent", "mine")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "Marsh v Baird [2015] UKSC 99",
            Known(("Marsh v Baird",), ("[2015] UKSC 99",), "uk", None, "case"),
            id="year of the volume is none of the decision",
        ),
        pytest.param(
            "Marsh v Baird (1889) 14 App Cas 5",
            Known(("Marsh v Baird",), ("(1889) 14 App Cas 5",), "uk", 1889, "case"),
            id="year in round brackets is",
        ),
        pytest.param(
            "Marsh v. Baird, 410 U.S. 4 (1973)",
            Known(("Marsh v. Baird",), ("410 U.S. 4",), "uk", 1973, "case"),
            id="year behind",
        ),
        pytest.param(
            "Case C-500/12 Marsh v Baird EU:C:2014:999",
            Known(("Marsh v Baird",), ("C-500/12", "EU:C:2014:999"), "uk", 2014, "case"),
            id="ecli is a reference of its own",
        ),
        pytest.param(
            "Theft Act 1968, s 1",
            Known(("Theft Act 1968, s 1",), ("Theft Act 1968, s 1",), "uk", None, "statute"),
            id="act is named by its text",
        ),
    ],
)
def test_authority_of_a_topic_is_taken_as_it_is_written(text: str, expected: Known) -> None:
    assert list(known_from(text, "uk", EXTRACTOR)) == [expected]


def test_text_without_citation_names_no_authority() -> None:
    assert list(known_from("see the notes", "uk", EXTRACTOR)) == []


def test_index_finds_what_was_added_by_reference_and_by_name(authorities: AuthorityStore) -> None:
    facts = {"year": "2015"}
    authorities.add(rows_from("Marsh v Baird", "[2015] UKSC 99, [2016] AC 5", facts, EXTRACTOR))
    index = LocalIndex(authorities)
    expected = Known(("Marsh v Baird",), ("[2015] UKSC 99",), "uk", 2015, "case")

    assert index.find("[2015]uksc99") == [expected]
    assert [known.cites for known in index.named("baird marsh")] == [("[2015] UKSC 99",), ("[2016] AC 5",)]
    assert (index.find("[2015]uksc98"), index.named("olsen trent"), index.named("")) == ([], [], [])


def test_same_reference_under_two_names_is_two_authorities(authorities: AuthorityStore) -> None:
    for name in ("Marsh v Baird", "Olsen v Trent", "Marsh v Baird"):
        authorities.add(rows_from(name, "[2015] UKSC 99", {}, EXTRACTOR))

    assert {known.names for known in LocalIndex(authorities).find("[2015]uksc99")} == {
        ("Marsh v Baird",),
        ("Olsen v Trent",),
    }


def test_file_that_cannot_be_read_knows_nothing_and_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    broken = Broken()
    index = LocalIndex(broken)

    with caplog.at_level(logging.WARNING):
        answers = [index.find("a"), index.named("b"), index.find("c")]

    assert (answers, broken.tried) == ([[], [], []], 3)
    assert [record.message for record in caplog.records] == ["authorities not read"]
