"""Cases of the United States: volume, reporter and page, what stands behind them, and the rules on both."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.citations.formats import reports_us
from tests.fakes import CHECKER
from tests.services.citations.found import BEFORE, found_by, in_prose, only, outcome, parts_by, what

REPORTERS = (
    "U.S.",
    "S. Ct.",
    "L. Ed. 2d",
    "F.2d",
    "F.3d",
    "F.4th",
    "F. Supp.",
    "F. Supp. 3d",
    "B.R.",
    "N.E.2d",
    "P.3d",
)


@pytest.mark.parametrize(
    ("written", "normalized"),
    [
        pytest.param("410 U.S. 113", "410 U.S. 113", id="supreme court"),
        pytest.param("410 U. S. 113", "410 U.S. 113", id="supreme court, spaced as in slip opinions"),
        pytest.param("5 U.S. (1 Cranch) 137", "5 U.S. 137", id="nominate volume in brackets"),
        pytest.param("93 S. Ct. 705", "93 S. Ct. 705", id="supreme court reporter"),
        pytest.param("93 S.Ct. 705", "93 S. Ct. 705", id="supreme court reporter, close"),
        pytest.param("35 L. Ed. 2d 147", "35 L. Ed. 2d 147", id="lawyers' edition"),
        pytest.param("35 L.Ed.2d 147", "35 L. Ed. 2d 147", id="lawyers' edition, close"),
        pytest.param("150 F. 33", "150 F. 33", id="federal reporter, first series"),
        pytest.param("159 F.2d 169", "159 F.2d 169", id="federal reporter, second"),
        pytest.param("900 F.3d 33", "900 F.3d 33", id="federal reporter, third"),
        pytest.param("900 F. 3d 33", "900 F.3d 33", id="federal reporter, spaced"),
        pytest.param("25 F.4th 33", "25 F.4th 33", id="federal reporter, fourth"),
        pytest.param("12 F. App'x 33", "12 F. App'x 33", id="federal appendix"),
        pytest.param("12 F. App’x 33", "12 F. App'x 33", id="federal appendix, curly"),
        pytest.param("300 F. Supp. 3d 33", "300 F. Supp. 3d 33", id="federal supplement"),
        pytest.param("300 F.Supp.3d 33", "300 F. Supp. 3d 33", id="federal supplement, close"),
        pytest.param("100 F.R.D. 33", "100 F.R.D. 33", id="rules decisions"),
        pytest.param("50 B.R. 33", "50 B.R. 33", id="bankruptcy"),
        pytest.param("248 N.Y. 339", "248 N.Y. 339", id="state reports"),
        pytest.param("162 N.E. 99", "162 N.E. 99", id="regional reporter"),
        pytest.param("33 Cal. 2d 80", "33 Cal. 2d 80", id="state reports, series"),
        pytest.param("33 Cal.2d 80", "33 Cal. 2d 80", id="state reports, close"),
        pytest.param("50 Cal. App. 4th 80", "50 Cal. App. 4th 80", id="state appeals"),
        pytest.param("150 N.Y.S.2d 80", "150 N.Y.S.2d 80", id="supplement of a state"),
        pytest.param("100 Harv. L. Rev. 45", "100 Harv. L. Rev. 45", id="journal"),
        pytest.param("2022 WL 4424741", "2022 WL 4424741", id="westlaw"),
        pytest.param("2015 IL App (1st) 12345", "2015 IL App (1st) 12345", id="neutral, appeals"),
        pytest.param("2015 IL 12345", "2015 IL 12345", id="neutral, state"),
    ],
)
def test_form_is_read_and_named_as_it_should_be(written: str, normalized: str) -> None:
    assert what(in_prose(written)) == (normalized, "us", "case")


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("12 March 2016", id="date"),
        pytest.param("12 Angry 4", id="film"),
        pytest.param("12 Oak St. 45", id="address"),
        pytest.param("5 Members 7", id="committee"),
        pytest.param("3 January 1999", id="another date"),
        pytest.param("v1.2 U.S. 113", id="number behind a dot"),
        pytest.param("410 US", id="no page"),
        pytest.param("U.S. 113", id="no volume"),
        pytest.param("12345 U.S. 113", id="volume of five digits"),
        pytest.param("410 U.S. 113/4", id="fraction behind the page"),
        pytest.param("a410 U.S. 113", id="letter before the volume"),
        pytest.param("two F.3d thirty-three", id="numbers in words"),
        pytest.param("90 Days 60", id="periods"),
    ],
)
def test_lookalike_is_no_case(written: str) -> None:
    assert found_by(reports_us.find, f"they wrote {written} there") == []


@pytest.mark.parametrize(
    ("behind", "year", "court"),
    [
        pytest.param(" (1973)", 1973, "", id="year alone"),
        pytest.param(" (2d Cir. 1973)", 1973, "2d Cir.", id="circuit"),
        pytest.param(" (3rd Cir. 1973)", 1973, "3rd Cir.", id="circuit, popular form"),
        pytest.param(" (D.C. Cir. 1973)", 1973, "D.C. Cir.", id="circuit without number"),
        pytest.param(" (S.D.N.Y. 1973)", 1973, "S.D.N.Y.", id="district"),
        pytest.param(" (Cal. Ct. App. 1973)", 1973, "Cal. Ct. App.", id="state court"),
        pytest.param(", 40 (1973)", 1973, "", id="page"),
        pytest.param(", 40-41 (2d Cir. 1973)", 1973, "2d Cir.", id="pages"),
        pytest.param(", 40–41 (2d Cir. 1973)", 1973, "2d Cir.", id="pages with a dash"),
        pytest.param(", 40 n.3 (2d Cir. 1973)", 1973, "2d Cir.", id="footnote"),
        pytest.param(", 40, 45 (2d Cir. 1973)", 1973, "2d Cir.", id="two pages"),
        pytest.param(" (per curiam)", None, "", id="no year"),
        pytest.param(" (1573)", 1573, "", id="year before the states"),
        pytest.param(" 1973", None, "", id="year without brackets"),
    ],
)
def test_year_and_court_behind_belong_to_the_citation(behind: str, year: int | None, court: str) -> None:
    found = only(f"so it was in Marsh v. Baird, 700 F.2d 33{behind}; and rightly").citation

    assert (found.year, found.court) == (year, court)
    assert found.text == "Marsh v. Baird, 700 F.2d 33" + (behind if year else "")


def test_footnote_behind_an_ampersand_leaves_court_and_year_readable() -> None:
    assert only("Marsh v. Baird, 900 F.3d 33, 40-41 & n.3 (2d Cir. 2018)").citation.year == 2018


@pytest.mark.parametrize(
    ("written", "normalized", "year"),
    [
        pytest.param("248 N.Y. 339, 162 N.E. 99 (1928)", "248 N.Y. 339, 162 N.E. 99", 1928, id="two"),
        pytest.param("248 N.Y. 339, 340, 162 N.E. 99, 100 (1928)", "248 N.Y. 339, 162 N.E. 99", 1928, id="with pages"),
        pytest.param("33 Cal.2d 80, 199 P.2d 1 (1948)", "33 Cal. 2d 80, 199 P.2d 1", 1948, id="series"),
        pytest.param(
            "410 U.S. 113, 93 S. Ct. 705, 35 L. Ed. 2d 147 (1973)",
            "410 U.S. 113, 93 S. Ct. 705, 35 L. Ed. 2d 147",
            1973,
            id="three",
        ),
    ],
)
def test_references_in_parallel_share_the_year_behind_them(written: str, normalized: str, year: int) -> None:
    found = in_prose(written)

    assert (found.normalized, found.year) == (normalized, year)


def test_parts_hold_volume_series_page_and_the_life_of_the_series() -> None:
    assert parts_by(reports_us.find, "700 F.2d 33, 40 (2d Cir. 1983)") == {
        "volume": "700",
        "series": "F.2d",
        "page": "33",
        "first": "1924",
        "last": "1993",
        "behind_year": "1983",
        "court": "2d Cir.",
        "behind_end": "30",
    }


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("1 F.3d 33 (2d Cir. 1991)", ("invalid", "before_series"), id="third series too early"),
        pytest.param("1 F.3d 33 (2d Cir. 1992)", ("unverified", "not_in_index"), id="a year before its first"),
        pytest.param("999 F.2d 33 (2d Cir. 1994)", ("unverified", "not_in_index"), id="a year after its last"),
        pytest.param("999 F.2d 33 (2d Cir. 1995)", ("invalid", "after_series"), id="second series too late"),
        pytest.param("1 U.S. 4 (1752)", ("invalid", "before_series"), id="before the reports"),
        pytest.param("1 U.S. 4 (1753)", ("invalid", "year_mismatch"), id="reports at their border"),
        pytest.param("1 S. Ct. 4 (1880)", ("invalid", "before_series"), id="before the reporter"),
        pytest.param("1 S. Ct. 4 (1881)", ("unverified", "not_in_index"), id="reporter at its border"),
        pytest.param("1 L. Ed. 4 (1752)", ("invalid", "before_series"), id="before the lawyers' edition"),
        pytest.param("1 L. Ed. 4 (1753)", ("invalid", "year_mismatch"), id="lawyers' edition at its border"),
        pytest.param("5 F. 33 (1878)", ("invalid", "before_series"), id="first series too early"),
        pytest.param("10 F. 33 (1881)", ("unverified", "not_in_index"), id="first series"),
        pytest.param("410 U.S. 4 (1973)", ("unverified", "not_in_index"), id="volume in its year"),
        pytest.param("410 U.S. 4 (1987)", ("invalid", "year_mismatch"), id="volume in another year"),
        pytest.param("410 U.S. 4 (1953)", ("invalid", "year_mismatch"), id="volume long before its year"),
        pytest.param("999 U.S. 4 (2011)", ("invalid", "volume_out_of_range"), id="volume that never was"),
        pytest.param("900 F.3d 33 (2d Cir. 2018)", ("unverified", "not_in_index"), id="reporter in its year"),
        pytest.param("900 F.3d 33 (2d Cir. 2008)", ("invalid", "year_mismatch"), id="reporter in another year"),
        pytest.param("410 U.S. 1450 (1973)", ("unverified", "not_in_index"), id="highest page of the reports"),
        pytest.param("410 U.S. 1451 (1973)", ("invalid", "page_out_of_range"), id="one page more"),
        pytest.param("900 F.3d 3000 (2d Cir. 2018)", ("unverified", "not_in_index"), id="highest page of a reporter"),
        pytest.param("900 F.3d 3001 (2d Cir. 2018)", ("invalid", "page_out_of_range"), id="beyond it"),
        pytest.param("900 F.3d 0 (2d Cir. 2018)", ("invalid", "page_out_of_range"), id="page nought"),
        pytest.param("12 F.5th 33 (2d Cir. 2022)", ("invalid", "unknown_reporter"), id="fifth series of four"),
        pytest.param("12 U.S.2d 33 (1999)", ("invalid", "unknown_reporter"), id="second series of one"),
        pytest.param("12 F. Supp. 4th 33 (S.D.N.Y. 2022)", ("invalid", "unknown_reporter"), id="fourth supplement"),
        pytest.param("2022 WL 4424741", ("unverified", "database_number"), id="westlaw"),
        pytest.param("2015 IL App (1st) 12345", ("unverified", "court_number"), id="neutral number"),
    ],
)
def test_reference_keeps_the_rules_of_its_reporter(written: str, expected: tuple[str, str]) -> None:
    assert outcome(f"Marsh v. Baird, {written}") == expected


def test_number_of_another_database_cannot_be_checked_either() -> None:
    assert outcome("Marsh v. Baird, 2015 U.S. Dist. LEXIS 12345") == ("unverified", "database_number")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("900 F.3d 33 (11th Cir. 2018)", ("unverified", "not_in_index"), id="last circuit"),
        pytest.param("900 F.3d 33 (12th Cir. 2018)", ("invalid", "unknown_court"), id="circuit that is none"),
        pytest.param("900 F.3d 33 (1st Cir. 2018)", ("unverified", "not_in_index"), id="first circuit"),
        pytest.param("900 F.3d 33 (0th Cir. 2018)", ("invalid", "unknown_court"), id="circuit nought"),
        pytest.param("900 F.3d 33 (Fed. Cir. 2018)", ("unverified", "not_in_index"), id="federal circuit"),
        pytest.param("650 F.2d 33 (11th Cir. 1981)", ("unverified", "not_in_index"), id="eleventh, first year"),
        pytest.param("600 F.2d 33 (11th Cir. 1979)", ("invalid", "before_court"), id="eleventh before the split"),
        pytest.param("410 U.S. 4 (2d Cir. 1973)", ("invalid", "court_mismatch"), id="appeals in the reports"),
        pytest.param("93 S. Ct. 4 (2d Cir. 1973)", ("invalid", "court_mismatch"), id="appeals in the reporter"),
        pytest.param("300 F. Supp. 3d 33 (2d Cir. 2018)", ("invalid", "court_mismatch"), id="appeals there"),
        pytest.param("300 F. Supp. 3d 33 (S.D.N.Y. 2018)", ("unverified", "not_in_index"), id="district there"),
        pytest.param("50 F. Supp. 33 (2d Cir. 1943)", ("unverified", "not_in_index"), id="mixed in early years"),
        pytest.param("900 F.3d 33 (S.D.N.Y. 2018)", ("invalid", "court_mismatch"), id="district among appeals"),
        pytest.param("50 F.2d 33 (S.D.N.Y. 1931)", ("unverified", "not_in_index"), id="district there, early"),
        pytest.param("900 F.3d 33 (D. Mass. 2018)", ("invalid", "court_mismatch"), id="state of one district"),
        pytest.param("900 F.3d 33 (N.D. Cal. 2018)", ("invalid", "court_mismatch"), id="northern district"),
    ],
)
def test_court_named_must_exist_and_report_in_the_series(written: str, expected: tuple[str, str]) -> None:
    assert outcome(f"Marsh v. Baird, {written}") == expected


@pytest.mark.parametrize(
    "written",
    [
        # Religious Technology Center v. Netcom; the supplement went on to volume 999 in 1998.
        pytest.param("907 F. Supp. 1361 (N.D. Cal. 1995)", id="supplement after 1988"),
        # In re "Agent Orange"; the rules decisions begin in 1940.
        pytest.param("100 F.R.D. 718 (E.D.N.Y. 1983)", id="rules decisions before 2001"),
        pytest.param("18 Ohio St. 3d 5 (1985)", id="third series of ohio before 1991"),
    ],
)
def test_real_volume_is_possible_in_its_year(written: str) -> None:
    assert outcome(f"Marsh v. Baird, {written}") == ("unverified", "not_in_index")


def test_bankruptcy_court_sat_before_1984() -> None:
    assert outcome("Marsh v. Baird, 9 B.R. 33 (Bankr. S.D.N.Y. 1981)") == ("unverified", "not_in_index")


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        pytest.param(
            "999 F.2d 33 (2d Cir. 1995)", "F.2d was published from 1924 to 1993, not in 1995", id="series that ended"
        ),
        pytest.param("1 F.4th 33 (2d Cir. 2011)", "F.4th was published from 2021 to today, not in 2011", id="goes on"),
        pytest.param("900 F.3d 0 (2d Cir. 2018)", "F.3d: got page 0, want 1 to 3000", id="page"),
        pytest.param("12 F.5th 33 (2d Cir. 2022)", "F.5th is no reporter of the United States", id="reporter"),
        pytest.param(
            "900 F.3d 33 (12th Cir. 2018)", "there are circuits 1 to 11, D.C. and Federal, not 12", id="circuit"
        ),
        pytest.param("410 U.S. 4 (2d Cir. 1973)", "U.S. does not report 2d Cir.", id="court"),
    ],
)
def test_reason_says_what_the_rule_is_and_what_was_got(written: str, reason: str) -> None:
    assert only(f"Marsh v. Baird, {written}").finding.reason == reason


@given(BEFORE, st.integers(1, 999), st.sampled_from(REPORTERS), st.integers(1, 3000), st.integers(1800, 2026))
def test_reference_written_from_parts_is_found_in_any_prose(
    before: str, volume: int, series: str, page: int, year: int
) -> None:
    text = f"{before}{volume} {series} {page} ({year}), and so on"

    (found,) = CHECKER.extractor.extract(text)

    assert found.text == text[len(before) : -len(", and so on")]
    assert (found.normalized, found.year) == (f"{volume} {series} {page}", year)
    assert (found.cites[0].parts["volume"], found.cites[0].parts["page"]) == (str(volume), str(page))
