"""Neutral citations and law reports: each form with its span, each rule on both sides of its border."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.citations.formats import reports
from tests.fakes import CHECKER
from tests.services.citations.found import BEFORE, BEHIND, found_by, in_prose, only, outcome, parts_by, what

COURTS = sorted({row.name for row in CHECKER.reference.series.values() if row.is_court})


@pytest.mark.parametrize(
    ("written", "normalized"),
    [
        pytest.param("[2015] UKSC 11", "[2015] UKSC 11", id="supreme court"),
        pytest.param("[2009] UKHL 11", "[2009] UKHL 11", id="house of lords"),
        pytest.param("[2003] UKPC 5", "[2003] UKPC 5", id="privy council"),
        pytest.param("[2010] EWCA Civ 1", "[2010] EWCA Civ 1", id="court of appeal, civil"),
        pytest.param("[2010] EWCA (Civ) 1", "[2010] EWCA Civ 1", id="court of appeal, division in brackets"),
        pytest.param("[2010] EWCA Crim 1", "[2010] EWCA Crim 1", id="court of appeal, criminal"),
        pytest.param("[2010] EWHC 123 (Admin)", "[2010] EWHC 123 (Admin)", id="high court with division"),
        pytest.param("[2000] EWHC Admin 123", "[2000] EWHC 123", id="high court, division before the number"),
        pytest.param("[2010] EWHC 123", "[2010] EWHC 123", id="high court without division"),
        pytest.param("[2023] EWHC 12 (KB)", "[2023] EWHC 12 (KB)", id="king's bench division"),
        pytest.param("[2019] EWFC 12 (B)", "[2019] EWFC 12 (B)", id="family court, one letter"),
        pytest.param("[2019] EWCOP 5 (T3)", "[2019] EWCOP 5 (T3)", id="court of protection, tier"),
        pytest.param("[2012] UKUT 40 (IAC)", "[2012] UKUT 40 (IAC)", id="upper tribunal"),
        pytest.param("[2012] UKUT 00040 (IAC)", "[2012] UKUT 40 (IAC)", id="upper tribunal, padded"),
        pytest.param("[2014] UKFTT 12 (TC)", "[2014] UKFTT 12 (TC)", id="first-tier tribunal"),
        pytest.param("[2010] CSIH 5", "[2010] CSIH 5", id="inner house"),
        pytest.param("[2003] ScotCS CSIH 5", "[2003] ScotCS CSIH 5", id="two words of a court"),
        pytest.param("[2010] NICh 5", "[2010] NICh 5", id="small letters in a court"),
        pytest.param("[2010] NI Ch 5", "[2010] NICh 5", id="alias of a court"),
        pytest.param("(2010) UKSC 5", "[2010] UKSC 5", id="round brackets, mended"),
        pytest.param("(2010) EWHC 5 (Admin)", "[2010] EWHC 5 (Admin)", id="round brackets with division"),
        pytest.param("[2015]  UKSC  11", "[2015] UKSC 11", id="double blanks"),
        pytest.param("[2015]UKSC 11", "[2015] UKSC 11", id="no blank behind the bracket"),
        pytest.param("[2015]\u00a0UKSC\u00a011", "[2015] UKSC 11", id="hard blanks"),
        pytest.param("[1932] AC 562", "[1932] AC 562", id="appeal cases"),
        pytest.param("[1932] A.C. 562", "[1932] AC 562", id="appeal cases with dots"),
        pytest.param("[1932] A. C. 562", "[1932] AC 562", id="appeal cases with dots and blanks"),
        pytest.param("[1990] 2 AC 605", "[1990] 2 AC 605", id="volume of a year"),
        pytest.param("[1893] 1 Q.B. 256", "[1893] 1 QB 256", id="queen's bench with dots"),
        pytest.param("[1951] 1 KB 805", "[1951] 1 KB 805", id="king's bench"),
        pytest.param("[1948] Ch 465", "[1948] Ch 465", id="chancery"),
        pytest.param("[1972] 1 W.L.R. 100", "[1972] 1 WLR 100", id="weekly law reports with dots"),
        pytest.param("[1951] 2 All ER 100", "[1951] 2 All ER 100", id="all england"),
        pytest.param("[1951] 2 All E.R. 100", "[1951] 2 All ER 100", id="all england with dots"),
        pytest.param("[2001] 1 All ER (Comm) 5", "[2001] 1 All ER (Comm) 5", id="brackets in a series"),
        pytest.param("[1932] All ER Rep 1", "[1932] All ER Rep 1", id="three words of a series"),
        pytest.param("[1999] 2 Lloyd's Rep 5", "[1999] 2 Lloyd's Rep 5", id="apostrophe"),
        pytest.param("[1999] 2 Lloyd’s Rep 5", "[1999] 2 Lloyd's Rep 5", id="curly apostrophe"),
        pytest.param("[1999] 2 Lloyds Rep 5", "[1999] 2 Lloyd's Rep 5", id="no apostrophe"),
        pytest.param("[2003] P & CR 5", "[2003] P & CR 5", id="ampersand"),
        pytest.param("(1889) 14 App Cas 337", "(1889) 14 App Cas 337", id="old law reports"),
        pytest.param("(1889) 14 App. Cas. 337", "(1889) 14 App Cas 337", id="old law reports with dots"),
        pytest.param("(1881) 7 QBD 5", "(1881) 7 QBD 5", id="queen's bench division"),
        pytest.param("(1880) 14 Ch D 5", "(1880) 14 Ch D 5", id="chancery division"),
        pytest.param("(1868) LR 3 HL 330", "(1868) LR 3 HL 330", id="letters before the volume"),
        pytest.param("(1868) L.R. 3 H.L. 330", "(1868) LR 3 HL 330", id="letters before the volume, dots"),
        pytest.param("(1870) LR 5 Ch App 5", "(1870) LR 5 Ch App 5", id="chancery appeals"),
        pytest.param("(1854) 9 Exch 341", "(1854) 9 Exch 341", id="nominate report"),
        pytest.param("(1818) 1 B & Ald 681", "(1818) 1 B & Ald 681", id="two reporters"),
        pytest.param("(1862) 11 CB NS 869", "(1862) 11 CB NS 869", id="new series"),
        pytest.param("(1862) 11 CB (NS) 869", "(1862) 11 CB NS 869", id="new series in brackets"),
        pytest.param("(1985) 80 Cr App R 5", "(1985) 80 Cr App R 5", id="criminal appeals"),
        pytest.param("(1985) 7 Cr App R (S) 5", "(1985) 7 Cr App R (S) 5", id="sentencing"),
        pytest.param("(1602) 5 Co Rep 117a", "(1602) 5 Co Rep 117a", id="folio"),
        pytest.param("1932 SC (HL) 31", "1932 SC (HL) 31", id="session cases, lords"),
        pytest.param("1990 SLT 5", "1990 SLT 5", id="scots law times"),
        pytest.param("1990 S.L.T. 5", "1990 SLT 5", id="scots law times with dots"),
        pytest.param("2001 SCCR 5", "2001 SCCR 5", id="scots criminal"),
        pytest.param("156 ER 145", "156 ER 145", id="english reports"),
        pytest.param("156 E.R. 145", "156 ER 145", id="english reports with dots"),
        pytest.param("156 Eng. Rep. 145", "156 ER 145", id="english reports, long"),
    ],
)
def test_form_of_the_united_kingdom_is_read_to_its_last_character(written: str, normalized: str) -> None:
    assert what(in_prose(written)) == (normalized, "uk", "case")


@pytest.mark.parametrize(
    ("written", "normalized", "jurisdiction"),
    [
        pytest.param("[1963] ECR 1", "[1963] ECR 1", "eu", id="court of justice"),
        pytest.param("[1995] ECR I-4921", "[1995] ECR I-4921", "eu", id="part one"),
        pytest.param("[2000] ECR II-5", "[2000] ECR II-5", "eu", id="part two"),
        pytest.param("[2004] ECR I-A-5", "[2004] ECR I-A-5", "eu", id="staff cases"),
        pytest.param("[1987] 2 CMLR 5", "[1987] 2 CMLR 5", "eu", id="common market law reports"),
        pytest.param("(1999) 29 EHRR 245", "(1999) 29 EHRR 245", "international", id="human rights reports"),
        pytest.param("(1999) 29 E.H.R.R. 245", "(1999) 29 EHRR 245", "international", id="with dots"),
        pytest.param("(1978-79) 2 EHRR 1", "(1978) 2 EHRR 1", "international", id="two years"),
        pytest.param("(1978–79) 2 EHRR 1", "(1978) 2 EHRR 1", "international", id="two years with a dash"),
        pytest.param("(1978/79) 2 EHRR 1", "(1978) 2 EHRR 1", "international", id="two years with a stroke"),
        pytest.param("[1949] ICJ Rep 4", "[1949] ICJ Rep 4", "international", id="international court"),
        pytest.param("[1949] ICJ Reports 4", "[1949] ICJ Rep 4", "international", id="international court, long"),
        pytest.param("ICJ Reports 1949, p. 4", "[1949] ICJ Rep 4", "international", id="court's own form"),
        pytest.param("I.C.J. Reports 1986, p. 14", "[1986] ICJ Rep 14", "international", id="own form with dots"),
        pytest.param("ICJ Rep 1949 4", "[1949] ICJ Rep 4", "international", id="own form, bare"),
        pytest.param("ICJ Reports 1986 at 14", "[1986] ICJ Rep 14", "international", id="own form with at"),
        pytest.param("(1949) 18 ILR 5", "(1949) 18 ILR 5", "international", id="international law reports"),
        pytest.param("[1992] HCA 23", "[1992] HCA 23", "international", id="high court of australia"),
        pytest.param("[2001] 1 SCR 5", "[2001] 1 SCR 5", "international", id="supreme court of canada"),
        pytest.param("[1999] NZCA 5", "[1999] NZCA 5", "international", id="new zealand"),
        pytest.param("[1999] IESC 5", "[1999] IESC 5", "international", id="ireland"),
    ],
)
def test_form_of_others_is_read_with_whose_law_it_is(written: str, normalized: str, jurisdiction: str) -> None:
    assert what(in_prose(written)) == (normalized, jurisdiction, "case")


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        pytest.param("[2015] UKSC 11", {"year": "2015", "series": "UKSC", "page": "11", "neutral": "1"}, id="neutral"),
        pytest.param(
            "[2010] EWHC 123 (Admin)",
            {"year": "2010", "series": "EWHC", "page": "123", "division": "Admin", "neutral": "1"},
            id="division",
        ),
        pytest.param(
            "[1990] 2 A.C. 605", {"year": "1990", "volume": "2", "series": "AC", "page": "605"}, id="series as listed"
        ),
        pytest.param(
            "(1868) L.R. 3 H.L. 330",
            {"year": "1868", "lr": "L.R.", "volume": "3", "series": "LR HL", "page": "330"},
            id="letters before the volume",
        ),
        pytest.param(
            "1932 SC (HL) 31", {"year": "1932", "series": "SC", "division": "HL", "page": "31"}, id="session cases"
        ),
        pytest.param("156 Eng Rep 145", {"volume": "156", "series": "ER", "page": "145"}, id="no year"),
        pytest.param("[1995] ECR I-4921", {"year": "1995", "series": "ECR", "page": "I-4921"}, id="page with its part"),
        pytest.param("ICJ Reports 1949, p. 4", {"year": "1949", "series": "ICJ Rep", "page": "4"}, id="own form"),
    ],
)
def test_parts_are_what_is_written_with_the_series_as_it_is_listed(written: str, parts: dict[str, str]) -> None:
    assert parts_by(reports.find, written) == parts


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("[12] and 4", id="number of a paragraph"),
        pytest.param("[2015] 11", id="no series"),
        pytest.param("[2015] uksc 11", id="small letters"),
        pytest.param("[2015] UKSC", id="no number"),
        pytest.param("[0999] UKSC 11", id="year before the millennium"),
        pytest.param("(2015) 12 March 2016", id="a date behind a year"),
        pytest.param("(1999) 5 Xyz 7", id="unknown series behind round brackets"),
        pytest.param("(2010) Tesco 5", id="unknown court in round brackets"),
        pytest.param("(1932) AC 562", id="series without volume in round brackets"),
        pytest.param("1990 SW 5", id="no scots series"),
        pytest.param("156 ER", id="english reports without page"),
        pytest.param("ERs 156 and 145", id="turned round"),
        pytest.param("ICJ Statute 1945", id="statute of the court"),
        pytest.param("[…] AC 562", id="ellipsis in brackets"),
        pytest.param("the ER of 5 hospitals", id="emergency rooms"),
    ],
)
def test_lookalike_is_no_report(written: str) -> None:
    assert found_by(reports.find, f"they wrote {written} there") == []


@pytest.mark.parametrize(
    ("written", "text"),
    [
        pytest.param("[2015] UKSC 11 at [14]", "[2015] UKSC 11", id="paragraph"),
        pytest.param("[1932] AC 562, 580", "[1932] AC 562", id="page"),
        pytest.param("[2015] UKSC 11, para 14", "[2015] UKSC 11", id="paragraph in words"),
        pytest.param("[1976] AC 104 (PC)", "[1976] AC 104 (PC)", id="court that decided"),
    ],
)
def test_pinpoint_is_no_part_of_the_report(written: str, text: str) -> None:
    assert only(f"so it was put in {written}; and rightly").citation.text == text


def test_court_behind_a_law_report_is_no_part_of_its_form() -> None:
    (found,) = found_by(reports.find, "[1976] AC 104 (PC)")

    assert found == ("[1976] AC 104 (PC)", "[1976] AC 104")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("[2008] UKSC 4", ("invalid", "before_court"), id="supreme court before it sat"),
        pytest.param("[2009] UKSC 4", ("unverified", "not_in_index"), id="supreme court in its first year"),
        pytest.param("[2009] UKHL 4", ("unverified", "not_in_index"), id="lords in their last year"),
        pytest.param("[2010] UKHL 4", ("invalid", "after_court"), id="lords after they sat"),
        pytest.param("[1995] UKHL 4", ("unverified", "before_numbering"), id="lords numbered in retrospect"),
        pytest.param("[1980] EWCA Civ 4", ("unverified", "before_numbering"), id="appeal numbered in retrospect"),
        pytest.param("[1998] EWHC 4 (Ch)", ("unverified", "before_numbering"), id="high court in retrospect"),
        pytest.param("[1995] UKPC 4", ("unverified", "before_numbering"), id="privy council in retrospect"),
        pytest.param("[2013] EWFC 4", ("invalid", "before_court"), id="family court before it sat"),
        pytest.param("[2014] EWFC 4", ("unverified", "not_in_index"), id="family court in its first year"),
        pytest.param("[2007] UKUT 4 (AAC)", ("invalid", "before_court"), id="upper tribunal before it sat"),
        pytest.param("[2021] UKEAT 4", ("unverified", "not_in_index"), id="employment appeals, old name"),
        pytest.param("[2022] UKEAT 4", ("invalid", "after_court"), id="employment appeals, old name too late"),
        pytest.param("[2020] EAT 4", ("invalid", "before_court"), id="employment appeals, new name too early"),
        pytest.param("[2021] EAT 4", ("unverified", "not_in_index"), id="employment appeals, new name"),
        pytest.param("[2023] NIQB 4", ("invalid", "after_court"), id="belfast queen's bench under a king"),
        pytest.param("[2021] NIKB 4", ("invalid", "before_court"), id="belfast king's bench under a queen"),
        pytest.param("[2099] UKSC 4", ("invalid", "future"), id="year to come"),
        pytest.param("[2015] UKSC 100", ("unverified", "not_in_index"), id="highest number of the court"),
        pytest.param("[2015] UKSC 101", ("invalid", "number_out_of_range"), id="one more than the highest"),
        pytest.param("[2015] UKSC 0", ("invalid", "number_out_of_range"), id="number nought"),
        pytest.param("[2015] EWHC 4100 (Ch)", ("unverified", "not_in_index"), id="highest of the high court"),
        pytest.param("[2015] EWHC 4101 (Ch)", ("invalid", "number_out_of_range"), id="beyond the high court"),
        pytest.param("[2015] EWHC 4 (Foo)", ("invalid", "unknown_court"), id="no division"),
        pytest.param("[2021] EWHC 4 (KB)", ("invalid", "before_court"), id="king's bench division too early"),
        pytest.param("[2022] EWHC 4 (KB)", ("unverified", "not_in_index"), id="king's bench division, its year"),
        pytest.param("[2022] EWHC 4 (QB)", ("unverified", "not_in_index"), id="queen's bench division, last year"),
        pytest.param("[2023] EWHC 4 (QB)", ("invalid", "after_court"), id="queen's bench division too late"),
    ],
)
def test_neutral_citation_keeps_the_rules_of_its_court(written: str, expected: tuple[str, str]) -> None:
    assert outcome(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("[1890] AC 4", ("invalid", "before_series"), id="appeal cases too early"),
        pytest.param("[1891] AC 4", ("unverified", "not_in_index"), id="appeal cases, first year"),
        pytest.param("[1952] 1 WLR 4", ("invalid", "before_series"), id="weekly law reports too early"),
        pytest.param("[1953] 1 WLR 4", ("unverified", "not_in_index"), id="weekly law reports, first year"),
        pytest.param("[1935] 1 All ER 4", ("invalid", "before_series"), id="all england too early"),
        pytest.param("[1936] All ER Rep 4", ("invalid", "after_series"), id="reprint too late"),
        pytest.param("[1935] All ER Rep 4", ("unverified", "not_in_index"), id="reprint, last year"),
        pytest.param("[1971] P 4", ("unverified", "not_in_index"), id="probate, last year"),
        pytest.param("[1972] P 4", ("invalid", "after_series"), id="probate too late"),
        pytest.param("[1971] Fam 4", ("invalid", "before_series"), id="family too early"),
        pytest.param("[1952] 1 KB 4", ("unverified", "not_in_index"), id="king's bench, last year"),
        pytest.param("[1953] 1 KB 4", ("invalid", "after_series"), id="king's bench under the queen"),
        pytest.param("[2022] 1 KB 4", ("unverified", "not_in_index"), id="king's bench again"),
        pytest.param("[2021] 1 KB 4", ("invalid", "after_series"), id="king's bench just before again"),
        pytest.param("[1901] 1 QB 4", ("unverified", "not_in_index"), id="queen's bench, victoria's last year"),
        pytest.param("[1902] 1 QB 4", ("invalid", "after_series"), id="queen's bench under a king"),
        pytest.param("[1951] 1 QB 4", ("invalid", "after_series"), id="queen's bench just before elizabeth"),
        pytest.param("[1952] 1 QB 4", ("unverified", "not_in_index"), id="queen's bench under elizabeth"),
        pytest.param("[2023] 1 QB 4", ("invalid", "after_series"), id="queen's bench under charles"),
        pytest.param("[1932] AC 2300", ("unverified", "not_in_index"), id="highest page"),
        pytest.param("[1932] AC 2301", ("invalid", "page_out_of_range"), id="one page more"),
        pytest.param("[1932] AC 0", ("invalid", "page_out_of_range"), id="page nought"),
        pytest.param("[1990] 2 AC 4", ("unverified", "not_in_index"), id="second volume"),
        pytest.param("[1990] 3 AC 4", ("invalid", "volume_out_of_range"), id="third volume of two"),
        pytest.param("[1990] 4 All ER 4", ("unverified", "not_in_index"), id="fourth volume"),
        pytest.param("[1990] 5 All ER 4", ("invalid", "volume_out_of_range"), id="fifth volume of four"),
        pytest.param("(1874) 1 App Cas 4", ("invalid", "before_series"), id="appeal cases before the judicature acts"),
        pytest.param("(1876) 1 App Cas 4", ("unverified", "not_in_index"), id="first volume in its year"),
        pytest.param("(1877) 1 App Cas 4", ("unverified", "not_in_index"), id="first volume a year later"),
        pytest.param("(1878) 1 App Cas 4", ("invalid", "year_mismatch"), id="first volume two years later"),
        pytest.param("(1890) 16 App Cas 4", ("invalid", "volume_out_of_range"), id="volume that never was"),
        pytest.param("(1885) 15 QBD 4", ("unverified", "not_in_index"), id="volume of its year"),
        pytest.param("(1880) 15 QBD 4", ("invalid", "year_mismatch"), id="volume of another year"),
        pytest.param("(1890) LR 3 HL 4", ("invalid", "after_series"), id="law reports too late"),
        pytest.param("(1868) LR 8 HL 4", ("invalid", "volume_out_of_range"), id="law reports, volume too high"),
        pytest.param("(1989) 11 EHRR 4", ("unverified", "not_in_index"), id="human rights reports in their year"),
        pytest.param("(1999) 11 EHRR 4", ("invalid", "year_mismatch"), id="human rights reports, other year"),
        pytest.param("(1835) 1 Exch 4", ("invalid", "before_series"), id="nominate report too early"),
        pytest.param("178 ER 4", ("unverified", "not_in_index"), id="last of the english reports"),
        pytest.param("179 ER 4", ("invalid", "volume_out_of_range"), id="beyond the english reports"),
        pytest.param("[1946] ICJ Rep 4", ("invalid", "before_series"), id="international court too early"),
        pytest.param("ICJ Reports 1946, p. 4", ("invalid", "before_series"), id="own form too early"),
        pytest.param("[2012] ECR I-4", ("invalid", "after_series"), id="european court reports too late"),
        pytest.param("1906 SC 4", ("invalid", "before_series"), id="session cases too early"),
        pytest.param("1907 SC 4", ("unverified", "not_in_index"), id="session cases, first year"),
        pytest.param("1892 SLT 4", ("invalid", "before_series"), id="scots law times too early"),
    ],
)
def test_law_report_keeps_the_rules_of_its_series(written: str, expected: tuple[str, str]) -> None:
    assert outcome(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("[2015] EWXC 4", ("unverified", "unknown_court"), id="looks english"),
        pytest.param("[2015] UKXYZ 4", ("unverified", "unknown_court"), id="looks british"),
        pytest.param("[2015] NIXX 4", ("unverified", "unknown_court"), id="looks northern irish"),
        pytest.param("[2015] EWHC Civ 4", ("invalid", "unknown_court"), id="division of another court"),
        pytest.param("[2015] UKSC Civ 4", ("invalid", "unknown_court"), id="division of a court without any"),
        pytest.param("[1999] 1 Foo 4", ("unverified", "unknown_series"), id="looks like nothing known"),
        pytest.param("[1992] HCA 23", ("unverified", "other_country"), id="australia"),
        pytest.param("[2001] SCC 5", ("unverified", "other_country"), id="canada"),
        pytest.param("(1992) 175 CLR 1", ("unverified", "other_country"), id="volume of another country"),
        pytest.param("UKEAT/0123/19/LA", ("unverified", "court_number"), id="number before neutral ones"),
        pytest.param("[2014] UKIPTrib 13_77-H", ("unverified", "not_in_index"), id="number in parts"),
        pytest.param("[2011] EWPCC 9", ("unverified", "not_in_index"), id="court that is no more"),
        pytest.param("1 Str 507", ("unverified", "not_in_index"), id="old report without year"),
        pytest.param("LR 14 App Cas 337", ("verified", "in_index"), id="law reports with their letters"),
        pytest.param("[1999] NZCA 5", ("unverified", "other_country"), id="new zealand"),
        pytest.param("[2005] SGCA 5", ("unverified", "other_country"), id="singapore"),
        pytest.param("[2005] HKCFA 5", ("unverified", "other_country"), id="hong kong"),
        pytest.param("[2005] ZACC 5", ("unverified", "other_country"), id="south africa"),
    ],
)
def test_series_that_is_not_listed_is_told_apart_by_where_it_would_be(written: str, expected: tuple[str, str]) -> None:
    assert outcome(written) == expected


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        pytest.param("[2008] UKSC 4", "UKSC sat from 2009, not in 2008", id="court"),
        pytest.param("[2010] UKHL 4", "UKHL sat until 2009, not in 2010", id="court that ended"),
        pytest.param("[1890] AC 4", "AC was published from 1891, not in 1890", id="series"),
        pytest.param("[1972] P 4", "P was published until 1971, not in 1972", id="series that ended"),
        pytest.param("[2015] UKSC 111", "UKSC: got 111, want at most 110", id="number"),
        pytest.param("[1990] 3 AC 4", "AC has at most 2 volumes, got 3", id="volume"),
        pytest.param("[2099] UKSC 4", "2099 has not come yet", id="future"),
        pytest.param("[2015] EWHC 4 (Foo)", "Foo is no division of the High Court", id="division"),
        pytest.param("[1953] 1 KB 4", "the King's Bench sat until 1952 and from 2022, not in 1953", id="reign"),
    ],
)
def test_reason_says_what_the_rule_is_and_what_was_got(written: str, reason: str) -> None:
    assert only(written).finding.reason == reason


def test_year_behind_a_reference_without_one_is_held_against_its_series() -> None:
    assert outcome("Hadley v Baxendale 156 ER 4 (1990)") == ("invalid", "after_series")
    assert outcome("Marsh v Baird 156 ER 4 (1854)") == ("unverified", "not_in_index")


def test_queens_bench_before_the_law_reports_is_that_of_adolphus_and_ellis() -> None:
    assert parts_by(reports.find, "(1842) 2 QB 851")["series"] == "QB Rep"
    assert parts_by(reports.find, "(1864) 2 QB 851")["series"] == "QB Rep"
    assert parts_by(reports.find, "(1865) 2 QB 851")["series"] == "QB"
    assert parts_by(reports.find, "[1893] 2 QB 851")["series"] == "QB"


@given(BEFORE, st.sampled_from(COURTS), st.integers(1990, 2026), st.integers(1, 4000), BEHIND)
def test_neutral_citation_of_any_listed_court_is_found_in_any_prose(
    before: str, court: str, year: int, number: int, behind: str
) -> None:
    written = f"[{year}] {court} {number}"
    text = f"{before}{written}{behind}"

    found = [item for item in CHECKER.extractor.extract(text) if item.cites[0].format == reports.NAME]

    assert [(item.text, item.normalized, item.start) for item in found] == [(written, written, len(before))]
    assert found[0].cites[0].parts == {"year": str(year), "series": court, "page": str(number), "neutral": "1"}


@given(st.integers(1900, 2050), st.integers(1, 130))
def test_supreme_court_is_never_found_possible_outside_its_years_and_numbers(year: int, number: int) -> None:
    verdict, _ = outcome(f"[{year}] UKSC {number}")

    possible = 2009 <= year <= 2026 and number <= (CHECKER.reference.most_of("UKSC", year) or 0)
    assert (verdict == "invalid") == (not possible)
