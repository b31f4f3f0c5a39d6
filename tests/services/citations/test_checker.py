"""The entrance: citations of texts and samples with their verdicts, what the API shows of them, and their counts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.citations.checker import FIELDS, CitationChecker, by_field, counts_of, verdict_of
from services.citations.citation import Citation
from services.citations.reference import Known
from tests.fakes import CHECKER
from tests.services.citations.found import only

GOOD, UNSURE, BAD = "Theft Act 1968, s 1", "[2015] EWHC 901 (Ch)", "[2007] UKSC 4"


class Service:
    """Knows one case, and holds what it was asked for."""

    def __init__(self, *known: Known) -> None:
        self.known = list(known)
        self.asked: list[str] = []

    def find(self, citation: Citation) -> list[Known]:
        self.asked.append(citation.normalized)
        return self.known


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        pytest.param("nothing", None, id="nothing cited"),
        pytest.param(GOOD, "verified", id="verified"),
        pytest.param(f"{GOOD} and {UNSURE}", "unverified", id="unverified is worse"),
        pytest.param(f"{BAD} and {GOOD} and {UNSURE}", "invalid", id="invalid is worst"),
        pytest.param(f"{GOOD} and {GOOD}", "verified", id="twice the same"),
    ],
)
def test_verdict_of_a_text_is_its_worst(text: str, verdict: str | None) -> None:
    assert verdict_of(CHECKER.check(text)) == verdict


@given(st.lists(st.sampled_from([GOOD, UNSURE, BAD]), max_size=8))
def test_counts_are_those_of_the_citations_and_add_up(cites: list[str]) -> None:
    counts = counts_of(CHECKER.check(" and ".join(cites)))

    assert counts == {
        "total": len(cites),
        "verified": cites.count(GOOD),
        "unverified": cites.count(UNSURE),
        "invalid": cites.count(BAD),
    }


def test_citation_is_shown_with_all_that_a_reader_needs() -> None:
    text = "as in Fisher v Bell [1981] 1 QB 394"

    shown = only(text).to_dict()

    assert shown == {
        "text": "Fisher v Bell [1981] 1 QB 394",
        "start": 6,
        "end": len(text),
        "kind": "case",
        "jurisdiction": "uk",
        "normalized": "[1981] 1 QB 394",
        "verdict": "invalid",
        "reason_code": "citation_mismatch",
        "reason": "Fisher v Bell stands at [1961] 1 QB 394, not at [1981] 1 QB 394",
        "matched": "Fisher v Bell [1961] 1 QB 394",
    }
    assert json.loads(json.dumps(shown)) == shown


@pytest.mark.parametrize(
    ("jurisdiction", "found"),
    [
        pytest.param("", ["uk", "us", "eu", "international"], id="any"),
        pytest.param("uk", ["uk"], id="united kingdom"),
        pytest.param("us", ["us"], id="united states"),
        pytest.param("eu", ["eu"], id="union"),
        pytest.param("international", ["international"], id="international"),
        pytest.param("fr", [], id="nobody's"),
    ],
)
def test_citations_of_one_jurisdiction_can_be_asked_for(jurisdiction: str, found: list[str]) -> None:
    text = f"{GOOD}; 42 U.S.C. § 1983; Article 102 TFEU; Article 8 ECHR"

    assert [item.citation.jurisdiction for item in CHECKER.check(text, jurisdiction)] == found


def test_sample_is_read_field_by_field_in_order() -> None:
    sample = {"reasoning": BAD, "answer": f"{UNSURE} and {GOOD}", "case_citation": GOOD, "question": BAD}

    checked = CHECKER.check_sample(sample)

    assert [(item.field, item.finding.verdict.value) for item in checked] == [
        ("case_citation", "verified"),
        ("answer", "unverified"),
        ("answer", "verified"),
        ("reasoning", "invalid"),
    ]
    assert FIELDS == ("case_citation", "answer", "reasoning")


@pytest.mark.parametrize(
    "sample",
    [
        pytest.param({}, id="empty"),
        pytest.param({"question": BAD}, id="question only"),
        pytest.param({"answer": None, "reasoning": 5, "case_citation": [GOOD]}, id="no texts"),
        pytest.param({"answer": "", "reasoning": "plain"}, id="no citations"),
    ],
)
def test_sample_without_citations_has_no_verdict(sample: dict[str, object]) -> None:
    assert CHECKER.check_sample(sample) == []
    assert verdict_of(CHECKER.check_sample(sample)) is None


def test_places_in_a_sample_are_those_of_its_fields() -> None:
    rows = by_field(CHECKER.check_sample({"answer": f"so {GOOD}", "reasoning": f"thus {BAD}"}))

    assert [(row["field"], row["start"], row["text"]) for row in rows] == [("answer", 3, GOOD), ("reasoning", 5, BAD)]


def test_citations_of_a_bare_text_stand_in_no_field() -> None:
    assert by_field(CHECKER.check(GOOD)) == []


KNOWN = Known(("Ashdown v Byrne",), ("[2015] EWHC 901 (Ch)",), "uk", 2015)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("Ashdown v Byrne [2015] EWHC 901 (Ch)", "in_index", id="name agrees"),
        pytest.param("Olsen v Trent [2015] EWHC 901 (Ch)", "name_mismatch", id="name differs"),
        pytest.param("Ashdown v Byrne [2015] EWHC 901 (Ch) (1999)", "year_mismatch", id="year differs"),
        pytest.param("[2015] EWHC 901 (Ch)", "in_index", id="no name"),
    ],
)
def test_service_decides_on_what_the_reference_data_do_not_know(text: str, code: str) -> None:
    service = Service(KNOWN)

    (checked,) = CitationChecker(CHECKER.reference, service).check(text)

    assert (checked.finding.code, service.asked) == (code, ["[2015] EWHC 901 (Ch)"])


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        pytest.param(GOOD, False, id="verified"),
        pytest.param(BAD, False, id="invalid"),
        pytest.param("2022 WL 4424741", False, id="number of a database"),
        pytest.param("[1999] 1 Foo 4", False, id="unknown series"),
        pytest.param(UNSURE, True, id="not in the index"),
        pytest.param("Limitation Act 1980, s 14Z", True, id="unknown provision"),
    ],
)
def test_service_is_asked_only_where_it_could_help(text: str, asked: bool) -> None:
    service = Service()
    before = only(text).finding

    (checked,) = CitationChecker(CHECKER.reference, service).check(text)

    assert bool(service.asked) is asked
    assert checked.finding == before


@given(st.text(max_size=300))
def test_any_text_is_checked_and_shown(text: str) -> None:
    checked = CHECKER.check(text, field="answer")

    assert counts_of(checked)["total"] == len(checked)
    for item, row in zip(checked, by_field(checked), strict=True):
        assert row["text"] == text[row["start"] : row["end"]] == item.citation.text
        assert (row["field"], row["verdict"]) == ("answer", item.finding.verdict.value)
