"""The ladder: what the rules contradict, and what an index says of name, year and references in parallel."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.citations.checker import CitationChecker
from services.citations.citation import Finding, fold_cite
from services.citations.reference import Known, name_key
from services.citations.verifier import compare_known, verify
from tests.fakes import CHECKER
from tests.services.citations.found import only, outcome

KNOWN, UNKNOWN = ("verified", "in_index"), ("unverified", "not_in_index")


@dataclass(frozen=True)
class Rows:
    """An index of a few cases."""

    cases: tuple[Known, ...]

    def find(self, key: str) -> Sequence[Known]:
        return [case for case in self.cases if key in map(fold_cite, case.cites)]

    def named(self, key: str) -> Sequence[Known]:
        return [case for case in self.cases if key in map(name_key, case.names)]


def found_with(text: str, *cases: Known) -> Finding:
    """Return what is known of the one citation in *text* by those who know *cases* too."""
    (checked,) = CitationChecker(replace(CHECKER.reference, index=Rows(cases))).check(text)
    return checked.finding


def case(name: str, *cites: str, jurisdiction: str = "uk", year: int | None = 2000) -> Known:
    return Known((name,), cites, jurisdiction, year)


LISTED = [row for row in CHECKER.reference.cases if row.cites[0].startswith("[") and " v " in row.names[0]]
ASHDOWN = case("Ashdown v Byrne", "[2001] 1 WLR 5")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("[1932] AC 562", KNOWN, id="reference alone"),
        pytest.param("Donoghue v Stevenson [1932] AC 562", KNOWN, id="its name"),
        pytest.param("Stevenson v Donoghue [1932] AC 562", KNOWN, id="sides changed"),
        pytest.param("Donoghue [1932] AC 562", KNOWN, id="one party"),
        pytest.param("Marsh v Baird [1932] AC 562", ("invalid", "name_mismatch"), id="another name"),
        pytest.param("R v Marsh [1994] 1 AC 212", ("invalid", "name_mismatch"), id="another accused"),
        pytest.param("Donoghue v Smith [1932] AC 562", ("unverified", "name_unclear"), id="one side wrong"),
        pytest.param("Atkin [1932] AC 562", ("unverified", "name_unclear"), id="no name of a case"),
        pytest.param("The Moorcock (1889) 14 PD 64", KNOWN, id="ship"),
        pytest.param("The Titanic (1889) 14 PD 64", ("unverified", "name_unclear"), id="another ship"),
        pytest.param("Donoghue v Stevenson [1932] AC 562, 1932 SC (HL) 31", KNOWN, id="two references of it"),
        pytest.param("Donoghue v Stevenson [1932] AC 562, 1932 SC (HL) 32", ("invalid", "parallel_mismatch"), id="p"),
        pytest.param("Donoghue v Stevenson [1932] AC 562, [1893] 1 QB 256", ("invalid", "parallel_mismatch"), id="two"),
        pytest.param(
            "Donoghue v Stevenson [1932] AC 562, [1932] All ER Rep 1", ("unverified", "parallel_unknown"), id="u"
        ),
        pytest.param("Donoghue v Stevenson [1932] AC 563", ("invalid", "citation_mismatch"), id="another page"),
        pytest.param("Donoghue v Stevenson [1933] AC 562", ("invalid", "citation_mismatch"), id="another year"),
        pytest.param("Donoghue v Stevenson [1950] 1 KB 4", ("invalid", "year_mismatch"), id="another series"),
        pytest.param("Marsh v Baird [1950] 1 KB 4", UNKNOWN, id="nobody knows it"),
        pytest.param("R v Brown [1998] 2 AC 5", UNKNOWN, id="name that many share"),
        pytest.param("R v Brown [1994] 1 AC 213", ("invalid", "citation_mismatch"), id="shared name, next page"),
        pytest.param("Hadley v Baxendale (1853) 9 Exch 341", ("invalid", "year_mismatch"), id="before it was decided"),
        pytest.param("Hadley v Baxendale (1854) 9 Exch 341", KNOWN, id="in its year"),
        pytest.param("Hadley v Baxendale (1856) 9 Exch 341", KNOWN, id="reported two years later"),
        pytest.param("Hadley v Baxendale (1857) 9 Exch 341", ("invalid", "year_mismatch"), id="three years later"),
        pytest.param("Katz v. United States, 389 U.S. 347 (1967)", KNOWN, id="year of a us case"),
        pytest.param("Katz v. United States, 389 U.S. 347 (1966)", ("invalid", "year_mismatch"), id="a year early"),
        pytest.param("Katz v. United States, 389 U.S. 347 (1968)", ("invalid", "year_mismatch"), id="a year late"),
        pytest.param("Katz v. United States, 389 U.S. 347", KNOWN, id="us case without year"),
        pytest.param("Roe v. Wade, 410 U.S. 114 (1973)", ("invalid", "citation_mismatch"), id="us page"),
        pytest.param("Roe v. Wade, 300 F.3d 4 (2d Cir. 2002)", ("invalid", "year_mismatch"), id="us series"),
        pytest.param("Roe v. Wade, 410 U.S. 113, 93 S. Ct. 705 (1973)", ("unverified", "parallel_unknown"), id="us"),
        pytest.param("Roe v. Wade, 410 U.S. 113 (2d Cir. 1973)", ("invalid", "court_mismatch"), id="court beats index"),
        pytest.param("LaGrand [2001] ICJ Rep 466", KNOWN, id="short name"),
        pytest.param("LaGrand [1999] ICJ Rep 9", ("invalid", "citation_mismatch"), id="short name at another place"),
        pytest.param("LaGrand (Provisional Measures) [1999] ICJ Rep 9", UNKNOWN, id="another phase"),
        pytest.param("Theft Act 1968, s 1", KNOWN, id="section"),
        pytest.param("Pond Weed (Control) Act 1974, s 3", UNKNOWN, id="act that nobody knows"),
    ],
)
def test_each_rung_of_the_ladder_has_its_code(text: str, expected: tuple[str, str]) -> None:
    assert outcome(text) == expected


@pytest.mark.parametrize(
    ("text", "reason", "matched"),
    [
        pytest.param("Donoghue v Stevenson [1932] AC 562", "known: ", "Donoghue v Stevenson [1932] AC 562", id="known"),
        pytest.param(
            "Marsh v Baird [1893] 1 QB 256",
            "the reference is that of Carlill v Carbolic Smoke Ball Co, not of Marsh v Baird",
            "Carlill v Carbolic Smoke Ball Co [1893] 1 QB 256",
            id="name",
        ),
        pytest.param(
            "Fisher v Bell [1981] 1 QB 394",
            "Fisher v Bell stands at [1961] 1 QB 394, not at [1981] 1 QB 394",
            "Fisher v Bell [1961] 1 QB 394",
            id="place",
        ),
        pytest.param(
            "Donoghue v Stevenson [1932] AC 562, [1893] 1 QB 256",
            "its references belong to Donoghue v Stevenson and to Carlill v Carbolic Smoke Ball Co",
            "Donoghue v Stevenson [1932] AC 562",
            id="two cases",
        ),
        pytest.param(
            "Katz v. United States, 389 U.S. 347 (1987)",
            "Katz v. United States 389 U.S. 347 is of 1967, not of 1987",
            "Katz v. United States 389 U.S. 347",
            id="year",
        ),
    ],
)
def test_reason_names_what_was_got_and_what_is_known(text: str, reason: str, matched: str) -> None:
    finding = only(text).finding

    assert finding.reason.startswith(reason)
    assert (finding.matched or "").startswith(matched)


def test_reason_shows_no_more_than_the_beginning_of_a_long_name() -> None:
    name = f"{'Zyxwvut ' * 11}v Qponmlk"

    finding = only(f"{name} [1932] AC 562").finding

    assert finding.reason == f"the reference is that of Donoghue v Stevenson, not of {name[:80]}"


def test_another_case_of_a_common_name_in_the_same_series_is_possible() -> None:
    # Decided by the House of Lords in 2008 ([2008] UKHL 37); the R v G that is listed was decided in 2003.
    assert outcome("R v G [2009] 1 AC 92")[0] == "unverified"


def test_invented_name_that_ends_in_plc_is_invalid() -> None:
    assert outcome("Marsh v Baird Industries plc [1990] Ch 433") == ("invalid", "name_mismatch")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Lampleigh v Brathwait (1615) Hob 105", id="series without volumes"),
        pytest.param("Somerset v Stewart (1772) Lofft 1", id="another without volumes"),
        pytest.param("Lumley v Wagner (1852) 1 De GM & G 604", id="series under the name of a later one"),
        pytest.param("Byrne v. Boadle, 159 Eng. Rep. 299 (1863)", id="series under its other name"),
    ],
)
def test_listed_case_is_verified_as_it_is_listed(text: str) -> None:
    assert outcome(text) == KNOWN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Ashdown v Byrne [2001] 1 WLR 5", KNOWN, id="its name and place"),
        pytest.param("Ashdown v Byrne [2001] 1 W.L.R. 5", KNOWN, id="other spelling"),
        pytest.param("Olsen v Trent [2001] 1 WLR 5", ("invalid", "name_mismatch"), id="another name"),
        pytest.param("Ashdown v Trent [2001] 1 WLR 5", ("unverified", "name_unclear"), id="one side of the name"),
        pytest.param("Ashdown v Byrne [2001] 1 WLR 6", ("invalid", "citation_mismatch"), id="another page"),
        pytest.param("Ashdown v Byrne [1990] 2 AC 7", ("unverified", "other_reference"), id="another series"),
        pytest.param("Olsen v Trent [1990] 2 AC 7", UNKNOWN, id="nothing in common"),
        pytest.param("Ashdown v. Byrne, 900 F.3d 33 (2d Cir. 2018)", UNKNOWN, id="name of another country"),
        pytest.param("Ashdown v Byrne [2001] 1 WLR 5, [2000] UKHL 9", ("unverified", "parallel_unknown"), id="more"),
        pytest.param("Ashdown v Byrne [2001] 1 WLR 5, [1932] AC 562", ("invalid", "parallel_mismatch"), id="other"),
        pytest.param("Ashdown v Byrne [2001] 1 WLR 5, [2010] UKHL 9", ("invalid", "after_court"), id="impossible"),
    ],
)
def test_case_that_an_index_knows_is_held_to_its_name_and_place(text: str, expected: tuple[str, str]) -> None:
    finding = found_with(text, ASHDOWN)

    assert (finding.verdict.value, finding.code) == expected


@pytest.mark.parametrize(
    ("year", "code"),
    [
        pytest.param(1998, "year_mismatch", id="two years before"),
        pytest.param(1999, "in_index", id="a year before"),
        pytest.param(2000, "in_index", id="its year"),
        pytest.param(2001, "in_index", id="a year after"),
        pytest.param(2002, "year_mismatch", id="two years after"),
    ],
)
def test_year_behind_a_reference_may_be_a_year_off(year: int, code: str) -> None:
    assert found_with(f"Ashdown v Byrne [2001] 1 WLR 5 ({year})", ASHDOWN).code == code


@pytest.mark.parametrize(
    ("jurisdiction", "cite", "earliest", "latest"),
    [
        pytest.param("uk", "(YEAR) 82 Cr App R 50", 2000, 2002, id="united kingdom"),
        pytest.param("international", "(YEAR) 30 EHRR 50", 2000, 2005, id="abroad"),
    ],
)
def test_year_before_a_volume_may_be_that_of_a_late_report(
    jurisdiction: str, cite: str, earliest: int, latest: int
) -> None:
    known = case("Ashdown v Byrne", cite.removeprefix("(YEAR) "), jurisdiction=jurisdiction)
    fits = [
        year
        for year in range(1996, 2010)
        if found_with(f"Ashdown v Byrne {cite.replace('YEAR', str(year))}", known).code == "in_index"
    ]

    assert fits == list(range(earliest, latest + 1))


def test_year_of_a_united_states_case_is_exact() -> None:
    known = case("Ashdown v. Byrne", "900 F.3d 33", jurisdiction="us", year=2018)
    codes = [found_with(f"Ashdown v. Byrne, 900 F.3d 33 (2d Cir. {year})", known).code for year in (2017, 2018, 2019)]

    assert codes == ["year_mismatch", "in_index", "year_mismatch"]


def test_case_without_a_year_fits_any() -> None:
    known = replace(ASHDOWN, year=None)

    assert found_with("Ashdown v Byrne [2001] 1 WLR 5 (1950)", known).code == "in_index"


def test_one_of_several_rows_of_a_reference_that_agrees_is_enough() -> None:
    rows = case("Olsen v Trent", "[2001] 1 WLR 5"), ASHDOWN

    assert found_with("Ashdown v Byrne [2001] 1 WLR 5", *rows).matched == "Ashdown v Byrne [2001] 1 WLR 5"
    assert found_with("Moya v Prentice [2001] 1 WLR 5", *rows).code == "name_mismatch"


def test_rows_of_one_case_are_taken_together() -> None:
    rows = case("Ashdown v Byrne", "[2001] 1 WLR 5"), case("Ashdown v Byrne Ltd", "[2000] UKHL 9")

    assert found_with("Ashdown v Byrne [2001] 1 WLR 5, [2000] UKHL 9", *rows).code == "in_index"


def test_rows_of_two_cases_contradict_each_other() -> None:
    rows = case("Ashdown v Byrne", "[2001] 1 WLR 5"), case("Olsen v Trent", "[2000] UKHL 9")

    assert found_with("Ashdown v Byrne [2001] 1 WLR 5, [2000] UKHL 9", *rows).code == "parallel_mismatch"


def test_what_an_index_knows_is_possible_whatever_the_rules_say() -> None:
    assert found_with("Ashdown v Byrne [1990] UKSC 4").code == "before_court"
    assert found_with("Ashdown v Byrne [1990] UKSC 4", case("Ashdown v Byrne", "[1990] UKSC 4")).code == "in_index"


def test_provision_that_a_user_brought_in_is_known() -> None:
    known = Known(("Pond Weed (Control) Act 1974",), ("Pond Weed (Control) Act 1974, s 3",), "uk", 1974, "statute")

    assert found_with("Pond Weed (Control) Act 1974, s 3", known).matched == "Pond Weed (Control) Act 1974"
    assert found_with("Pond Weed (Control) Act 1974, s 4", known).code == "not_in_index"


@pytest.mark.parametrize(
    ("ecli", "code"),
    [
        pytest.param("EU:C:2014:317", "in_index", id="its own"),
        pytest.param("EU:C:2014:318", "parallel_mismatch", id="another"),
    ],
)
def test_ecli_of_a_case_that_has_one_must_be_that_one(ecli: str, code: str) -> None:
    known = case("Ashdown v Byrne", "C-500/12", "EU:C:2014:317", jurisdiction="eu", year=2014)

    assert found_with(f"Case C-500/12 Ashdown v Byrne {ecli}", known).code == code


def test_ecli_of_a_case_that_has_none_in_the_index_says_nothing() -> None:
    known = case("Ashdown v Byrne", "C-500/12", jurisdiction="eu", year=2014)

    assert found_with("Case C-500/12 Ashdown v Byrne EU:C:2014:999", known).code == "in_index"


@pytest.mark.parametrize(
    ("text", "known", "code"),
    [
        pytest.param("Ashdown v Byrne [2001] 1 WLR 5", ASHDOWN, "in_index", id="name agrees"),
        pytest.param("[2001] 1 WLR 5", ASHDOWN, "in_index", id="no name"),
        pytest.param("Olsen v Trent [2001] 1 WLR 5", ASHDOWN, "name_mismatch", id="name differs"),
        pytest.param("Ashdown v Byrne [2001] 1 WLR 5 (1950)", ASHDOWN, "year_mismatch", id="year differs"),
        pytest.param("SI 2010/12", Known(("Sheep Order",), ("x",), "uk", None, "regulation"), "in_index", id="act"),
    ],
)
def test_answer_of_a_service_is_held_against_name_and_year(text: str, known: Known, code: str) -> None:
    assert compare_known(only(text).citation, [known], CHECKER.reference).code == code


@given(
    st.sampled_from([row for row in CHECKER.reference.cases if row.cites[0].startswith("[") and " v " in row.names[0]])
)
def test_reference_of_a_listed_case_is_verified_alone_and_never_under_an_invented_name(row: Known) -> None:
    alone = CHECKER.check(row.cites[0])
    invented = CHECKER.check(f"Zyxwvut v Qponmlk {row.cites[0]}")

    assert [item.finding.verdict for item in alone] == ["verified"]
    assert [item.finding.code for item in invented] == ["name_mismatch"]


@given(st.sampled_from(["Ashdown v Byrne", "Zyx v Wvu", ""]), st.integers(1999, 2003), st.integers(7000, 7002))
def test_verdict_hangs_on_citation_and_index_only(name: str, year: int, page: int) -> None:
    citation = only(f"{name} [{year}] 1 WLR {page}").citation
    reference = replace(CHECKER.reference, index=Rows((case("Ashdown v Byrne", "[2001] 1 WLR 7001"),)))

    first = verify(citation, reference)

    assert verify(citation, reference) == first
    assert (first.verdict == "verified") == ((year, page) == (2001, 7001) and name != "Zyx v Wvu")
