"""Acts and cases of the European Union: numbers in both orders, names, ECLI and CELEX, and the rules on each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.citations.formats import european
from tests.fakes import CHECKER
from tests.services.citations.found import BEFORE, BEHIND, found_by, in_prose, only, outcome, parts_by, what

GDPR = "Regulation (EU) 2016/679"
NO_DASH = BEHIND.filter(lambda behind: "–" not in behind)
PARLIAMENT = "of the European Parliament and of the Council of 27 April 2016"


@pytest.mark.parametrize(
    ("written", "normalized"),
    [
        pytest.param(GDPR, GDPR, id="regulation"),
        pytest.param(f"{GDPR}, art 17", f"{GDPR}, art 17", id="article behind"),
        pytest.param(f"{GDPR} art 17", f"{GDPR}, art 17", id="article without comma"),
        pytest.param(f"{GDPR}, art. 6(1)(f)", f"{GDPR}, art 6(1)(f)", id="paragraphs"),
        pytest.param(f"{GDPR}, Article 17", f"{GDPR}, art 17", id="article in words"),
        pytest.param(f"{GDPR}, arts 5-7", f"{GDPR}, art 5-7", id="range"),
        pytest.param(f"{GDPR}, arts 5, 6 and 7", f"{GDPR}, art 5, 6 and 7", id="list"),
        pytest.param(f"Article 17 of {GDPR}", f"{GDPR}, art 17", id="article ahead"),
        pytest.param(f"Arts 5 and 6 of {GDPR}", f"{GDPR}, art 5 and 6", id="articles ahead"),
        pytest.param(f"{GDPR} (General Data Protection Regulation)", GDPR, id="name behind"),
        pytest.param(f"{GDPR} (General Data Protection Regulation), art 17", f"{GDPR}, art 17", id="name and article"),
        pytest.param(f"{GDPR} {PARLIAMENT}, art 17", f"{GDPR}, art 17", id="institutions and day between"),
        pytest.param(f"{GDPR} on the protection of persons, art 17", f"{GDPR}, art 17", id="subject between"),
        pytest.param("Regulation 2016/679", "Regulation 2016/679", id="no body"),
        pytest.param("Regulation (EC) No 864/2007", "Regulation (EC) No 864/2007", id="number first"),
        pytest.param("Regulation (EC) no. 864/2007", "Regulation (EC) No 864/2007", id="number first, small letters"),
        pytest.param("Regulation No 1612/68", "Regulation No 1612/68", id="year of two digits"),
        pytest.param("Regulation (EEC) No 1612/68, art 7", "Regulation (EEC) No 1612/68, art 7", id="old, article"),
        pytest.param("Council Regulation (EC) No 1/2003", "Regulation (EC) No 1/2003", id="council"),
        pytest.param("Commission Delegated Regulation (EU) 2015/35", "Regulation (EU) 2015/35", id="delegated"),
        pytest.param("Commission Implementing Regulation (EU) 2015/35", "Regulation (EU) 2015/35", id="implementing"),
        pytest.param("Directive 95/46/EC", "Directive 95/46/EC", id="directive of the community"),
        pytest.param("Directive 95/46/EC, art 7", "Directive 95/46/EC, art 7", id="directive with article"),
        pytest.param("Council Directive 93/13/EEC", "Directive 93/13/EEC", id="directive of the old community"),
        pytest.param("Directive 2004/38/EC, art 7(1)(a)", "Directive 2004/38/EC, art 7(1)(a)", id="year in full"),
        pytest.param("Directive (EU) 2016/680", "Directive (EU) 2016/680", id="directive of the union"),
        pytest.param("Directive 2011/83/EU", "Directive 2011/83/EU", id="union behind"),
        pytest.param("Decision (EU) 2015/1601", "Decision (EU) 2015/1601", id="decision"),
        pytest.param("Commission Decision 2000/520/EC", "Decision 2000/520/EC", id="decision of the commission"),
        pytest.param("Council Framework Decision 2002/584/JHA", "Decision 2002/584/JHA", id="framework decision"),
        pytest.param("32016R0679", "32016R0679", id="celex"),
        pytest.param("32016R0679(01)", "32016R0679(01)", id="celex of a correction"),
    ],
)
def test_act_is_read_with_its_article(written: str, normalized: str) -> None:
    assert what(in_prose(written)) == (normalized, "eu", "regulation")


@pytest.mark.parametrize(
    ("written", "normalized", "name"),
    [
        pytest.param("Case C-131/12", "C-131/12", "", id="number"),
        pytest.param("C-131/12", "C-131/12", "", id="number without the word"),
        pytest.param("C‑131/12", "C-131/12", "", id="hard hyphen"),
        pytest.param("Case C-131/12 Google Spain", "C-131/12", "Google Spain", id="name behind"),
        pytest.param("Case C-131/12 Google Spain EU:C:2014:317", "C-131/12", "Google Spain", id="ecli behind"),
        pytest.param("Case C-131/12, Google Spain, EU:C:2014:317", "C-131/12", "Google Spain", id="commas"),
        pytest.param("Case C-131/12 Google Spain ECLI:EU:C:2014:317", "C-131/12", "Google Spain", id="ecli in full"),
        pytest.param("Case C-131/12 EU:C:2014:317", "C-131/12", "", id="ecli without name"),
        pytest.param(
            "Case C-131/12 Google Spain SL v AEPD EU:C:2014:317", "C-131/12", "Google Spain SL v AEPD", id="parties"
        ),
        pytest.param("Case 26/62", "26/62", "", id="old number"),
        pytest.param("Case 26/62 Van Gend en Loos", "26/62", "Van Gend en Loos", id="old number with name"),
        pytest.param("Case 26/62 Van Gend en Loos [1963] ECR 1", "26/62, [1963] ECR 1", "Van Gend en Loos", id="rep"),
        pytest.param("Case T-201/04 Microsoft v Commission", "T-201/04", "Microsoft v Commission", id="general court"),
        pytest.param("Case F-1/05", "F-1/05", "", id="civil service"),
        pytest.param("Case C-50/00 P", "C-50/00 P", "", id="appeal"),
        pytest.param("Case C-411/10 PPU", "C-411/10 PPU", "", id="urgent"),
        pytest.param("Case C-1/99 P(R)", "C-1/99 P(R)", "", id="interim appeal"),
        pytest.param("Joined Cases C-6/90 and C-9/90", "C-6/90", "", id="two numbers"),
        pytest.param(
            "Joined Cases C-6/90 and C-9/90 Francovich and Bonifaci v Italy EU:C:1991:428",
            "C-6/90",
            "Francovich and Bonifaci v Italy",
            id="two numbers with name",
        ),
        pytest.param("Joined Cases C-46/93, C-48/93", "C-46/93", "", id="comma between"),
        pytest.param("ECLI:EU:C:2014:317", "EU:C:2014:317", "", id="ecli alone"),
        pytest.param("EU:T:2007:289", "EU:T:2007:289", "", id="ecli alone, short"),
        pytest.param("62012CJ0131", "62012CJ0131", "", id="celex of a judgment"),
    ],
)
def test_case_is_read_with_name_and_ecli(written: str, normalized: str, name: str) -> None:
    found = in_prose(written)

    assert (*what(found), found.name) == (normalized, "eu", "case", name)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("in C-131/12 Google Spain lost", "C-131/12", id="no word before the number"),
        pytest.param("in C-131/12 Marsh v Commission lost", "C-131/12 Marsh v Commission", id="parties"),
        pytest.param("Marsh (Case C-131/12) Google Spain lost", "Marsh (Case C-131/12", id="in brackets"),
        pytest.param("in Case C-131/12 it was held", "Case C-131/12", id="small letters"),
        pytest.param("in Case C-131/12, it was held", "Case C-131/12", id="comma"),
    ],
)
def test_words_behind_a_number_are_its_name_only_where_they_look_like_one(text: str, found: str) -> None:
    assert only(text).citation.text == found


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("26/62", id="number alone"),
        pytest.param("Case 12-345", id="docket"),
        pytest.param("C-diff/12", id="illness"),
        pytest.param("24/7", id="always"),
        pytest.param("application no 14038/88", id="human rights"),
        pytest.param("Regulation 5", id="no year"),
        pytest.param("the Regulation of 2016", id="year in words"),
        pytest.param("Regulator 2016/679", id="longer word"),
        pytest.param("directive 95/46/EC", id="small letter"),
        pytest.param("EU:X:2014:317", id="court that is none"),
        pytest.param("12345R0679", id="celex with no year"),
        pytest.param("a32016R0679", id="letter before a celex"),
        pytest.param("32016R06791234", id="celex too long"),
        pytest.param("EU: C: 2014", id="blanks in an ecli"),
        pytest.param("ICSID Case No. ARB/05/22", id="arbitration"),
        pytest.param("Case 12/80 (ECtHR, 3 May 1999)", id="human rights by its court"),
    ],
)
def test_lookalike_is_nothing_of_the_union(written: str) -> None:
    assert found_by(european.find, f"they wrote {written} there") == []


@pytest.mark.parametrize(
    ("written", "year", "number"),
    [
        pytest.param("Regulation (EU) 2016/679", "2016", "2016/679", id="year first since 2015"),
        pytest.param("Regulation (EC) No 864/2007", "2007", "2007/864", id="year last with no"),
        pytest.param("Regulation (EEC) No 1612/68", "1968", "1968/1612", id="two digits last"),
        pytest.param("Regulation (EC) No 2001/2002", "2002", "2002/2001", id="number that looks like a year"),
        pytest.param("Regulation (EC) 44/2001", "2001", "2001/44", id="no is left out"),
        pytest.param("Directive 95/46/EC", "1995", "1995/46", id="two digits first"),
        pytest.param("Directive 2004/38/EC", "2004", "2004/38", id="four digits first"),
        pytest.param("Directive 02/14/EC", "2002", "2002/14", id="two digits of this century"),
        pytest.param("Decision 52/1/ECSC", "1952", "1952/1", id="first year of the communities"),
        pytest.param("Regulation 17/62", "1962", "1962/17", id="regulation without no"),
        pytest.param("Decision No 1/2001", "2001", "2001/1", id="decision with its year last"),
    ],
)
def test_year_and_number_of_an_act_are_told_apart(written: str, year: str, number: str) -> None:
    parts = parts_by(european.find, written)

    assert (parts["year"], parts["number"]) == (year, number)


def test_parts_of_a_case_hold_number_year_name_and_ecli() -> None:
    cite = next(european.find("Case C-131/12 Google Spain EU:C:2014:317", CHECKER.reference))

    assert cite.parts == {
        "prefix": "C",
        "number": "131",
        "case_year": "2012",
        "more": "",
        "case_name": "Google Spain",
        "ecli": "EU:C:2014:317",
        "ecli_court": "C",
        "ecli_year": "2014",
    }


@pytest.mark.parametrize(
    ("written", "case"),
    [
        pytest.param("62012CJ0131", "C-131/12", id="judgment"),
        pytest.param("62012CC0131", "C-131/12", id="opinion"),
        pytest.param("62004TJ0201", "T-201/04", id="general court"),
        pytest.param("62005FJ0001", "F-1/05", id="civil service"),
        pytest.param("61962CJ0026", "26/62", id="before prefixes"),
    ],
)
def test_celex_of_a_case_tells_its_number(written: str, case: str) -> None:
    assert parts_by(european.find, written)["case"] == case


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param(f"{GDPR}, art 99", ("verified", "in_index"), id="last article"),
        pytest.param(f"{GDPR}, art 100", ("invalid", "article_beyond_end"), id="one article more"),
        pytest.param(f"{GDPR}, art 0", ("invalid", "article_beyond_end"), id="article nought"),
        pytest.param(f"{GDPR}, arts 98-100", ("invalid", "article_beyond_end"), id="end of a range"),
        pytest.param(f"{GDPR} (General Data Protection Regulation)", ("verified", "in_index"), id="right name"),
        pytest.param("Regulation (EU) 2016/680 (GDPR)", ("invalid", "name_mismatch"), id="name of another"),
        pytest.param(f"{GDPR} (the well known one)", ("verified", "in_index"), id="no name"),
        pytest.param("Directive (EU) 2016/679", ("invalid", "type_mismatch"), id="regulation called directive"),
        pytest.param("Regulation (EU) 2016/680", ("invalid", "type_mismatch"), id="directive called regulation"),
        pytest.param("Directive 95/46/EC, art 34", ("verified", "in_index"), id="last article of a directive"),
        pytest.param("Directive 95/46/EC, art 35", ("invalid", "article_beyond_end"), id="one of it more"),
        pytest.param("Regulation (EU) 2008/11", ("invalid", "type_mismatch"), id="union before lisbon"),
        pytest.param("Regulation (EU) No 11/2009", ("unverified", "not_in_index"), id="union in the year of lisbon"),
        pytest.param("Regulation (EC) No 456/2009", ("unverified", "not_in_index"), id="community, last year"),
        pytest.param("Regulation (EC) No 456/2010", ("invalid", "type_mismatch"), id="community too late"),
        pytest.param("Regulation (EC) No 456/1993", ("unverified", "not_in_index"), id="community, first year"),
        pytest.param("Regulation (EC) No 456/1992", ("invalid", "type_mismatch"), id="community too early"),
        pytest.param("Regulation (EEC) No 456/1993", ("unverified", "not_in_index"), id="old community, last year"),
        pytest.param("Regulation (EEC) No 456/1994", ("invalid", "type_mismatch"), id="old community too late"),
        pytest.param("Directive 90/999/EC", ("invalid", "type_mismatch"), id="community behind, too early"),
        pytest.param("Regulation (EU) 2019/2900", ("unverified", "not_in_index"), id="highest number"),
        pytest.param("Regulation (EU) 2019/2901", ("invalid", "number_out_of_range"), id="one number more"),
        pytest.param("Regulation (EU) 2099/1", ("invalid", "future"), id="year to come"),
        pytest.param("Regulation (EEC) No 12/52", ("unverified", "not_in_index"), id="first year"),
        pytest.param("Directive 1951/30", ("invalid", "before_series"), id="before the communities"),
    ],
)
def test_act_keeps_to_number_type_and_time(written: str, expected: tuple[str, str]) -> None:
    assert outcome(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("Case C-131/12", ("verified", "in_index"), id="known case"),
        pytest.param("Case C-131/12 Google Spain EU:C:2014:317", ("verified", "in_index"), id="with its ecli"),
        pytest.param("Case C-131/12 Google Spain EU:C:2014:318", ("invalid", "parallel_mismatch"), id="other ecli"),
        pytest.param("Case C-131/12 Google Spain EU:C:2011:317", ("invalid", "ecli_mismatch"), id="decided too early"),
        pytest.param("Case C-131/12 Google Spain EU:T:2014:317", ("invalid", "ecli_mismatch"), id="other court"),
        pytest.param("Case C-131/12 Marsh v Baird EU:C:2014:317", ("invalid", "name_mismatch"), id="other name"),
        pytest.param("Case C-1/84", ("invalid", "before_court"), id="prefix too early"),
        pytest.param("Case C-1/85", ("unverified", "not_in_index"), id="prefix given while pending"),
        pytest.param("Case 5/89", ("unverified", "not_in_index"), id="no prefix, last year"),
        pytest.param("Case 5/90", ("unverified", "malformed"), id="no prefix, too late"),
        pytest.param("Case T-1/88", ("invalid", "before_court"), id="general court too early"),
        pytest.param("Case T-1/89", ("unverified", "not_in_index"), id="general court, first year"),
        pytest.param("Case F-1/04", ("invalid", "before_court"), id="civil service too early"),
        pytest.param("Case F-1/05", ("unverified", "not_in_index"), id="civil service, first year"),
        pytest.param("Case F-1/16", ("unverified", "not_in_index"), id="civil service, last year"),
        pytest.param("Case C-760/12", ("unverified", "not_in_index"), id="highest number"),
        pytest.param("Case C-761/12", ("invalid", "number_out_of_range"), id="one number more"),
        pytest.param("Case C-0/12", ("invalid", "number_out_of_range"), id="number nought"),
        pytest.param("Case C-5/40", ("invalid", "future"), id="year to come"),
        pytest.param("EU:C:1953:1", ("invalid", "before_court"), id="ecli before the court sat"),
        pytest.param("EU:C:1954:1", ("unverified", "not_in_index"), id="ecli of the first year"),
        pytest.param("EU:T:1988:5", ("invalid", "before_court"), id="ecli of the general court too early"),
        pytest.param("EU:T:1989:5", ("unverified", "not_in_index"), id="ecli of the general court, first year"),
        pytest.param("EU:F:2016:1", ("unverified", "not_in_index"), id="ecli of the tribunal, last year"),
        pytest.param("EU:F:2017:1", ("invalid", "after_court"), id="ecli of the tribunal too late"),
        pytest.param("EU:C:2099:1", ("invalid", "future"), id="ecli to come"),
        pytest.param("32016R0679", ("verified", "in_index"), id="celex of a known act"),
        pytest.param("32016L0679", ("invalid", "type_mismatch"), id="celex with another letter"),
        pytest.param("32016R9999", ("unverified", "not_in_index"), id="celex of no known act"),
        pytest.param("32099R0679", ("invalid", "future"), id="celex to come"),
        pytest.param("52012DC0010", ("unverified", "not_in_index"), id="celex of a proposal"),
        pytest.param("62012CJ1101", ("invalid", "number_out_of_range"), id="celex of a case, number too high"),
        pytest.param("62088CJ0001", ("invalid", "future"), id="celex of a case to come"),
    ],
)
def test_case_keeps_to_court_number_and_time(written: str, expected: tuple[str, str]) -> None:
    assert outcome(written) == expected


def test_celex_of_the_general_court_before_it_sat_is_invalid() -> None:
    assert outcome("61985TJ0001") == ("invalid", "before_court")


def test_celex_of_a_known_judgment_is_verified() -> None:
    assert outcome("62012CJ0131") == ("verified", "in_index")


def test_celex_of_a_consolidated_text_is_found() -> None:
    assert in_prose("02016R0679-20160504").normalized == "02016R0679-20160504"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("as in Case C-131/12 – decided in May – the search engine lost", id="dash"),
        pytest.param("in Case C-131/12 the Court held that it may be asked", id="the court"),
    ],
)
def test_prose_behind_a_case_number_is_no_name(text: str) -> None:
    found = only(text)

    assert (found.citation.text, found.finding.code) == ("Case C-131/12", "in_index")


def test_civil_service_tribunal_is_too_late_behind_its_end() -> None:
    assert outcome("Case F-1/17") == ("invalid", "after_court")


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        pytest.param(f"{GDPR}, art 100", "General Data Protection Regulation ends with article 99, got 100", id="art"),
        pytest.param("Regulation (EU) 2019/6001", "EU act of 2019 has fewer than 2900 numbers, got 6001", id="number"),
        pytest.param("Case C-1101/12", "C- of 2012 has fewer than 760 numbers, got 1101", id="case"),
        pytest.param(
            "Case C-131/12 Google Spain EU:C:2011:317",
            "decided in 2011, before the case of 2012 was brought",
            id="ecli",
        ),
        pytest.param(
            "Directive (EU) 2016/679",
            "2016/679 is a Regulation (General Data Protection Regulation), not a Directive",
            id="type",
        ),
    ],
)
def test_reason_says_what_is_known_and_what_was_got(written: str, reason: str) -> None:
    assert only(written).finding.reason == reason


@given(
    BEFORE,
    st.sampled_from("CT"),
    st.integers(1, 1100),
    st.integers(1990, 2026),
    BEHIND.filter(lambda behind: "–" not in behind),
)
def test_case_number_is_found_in_any_prose_with_court_number_and_year(
    before: str, court: str, number: int, year: int, behind: str
) -> None:
    written = f"Case {court}-{number}/{year % 100:02d}"
    text = f"{before}{written}{behind}"

    (found,) = CHECKER.extractor.extract(text)

    assert (found.text, found.start) == (written, len(before))
    assert found.cites[0].parts == {"prefix": court, "number": str(number), "case_year": str(year), "more": ""}


@given(st.sampled_from(["Regulation", "Directive", "Decision"]), st.integers(2015, 2026), st.integers(1, 2700))
def test_act_since_2015_is_never_found_impossible_for_its_number_alone(kind: str, year: int, number: int) -> None:
    found = only(f"{kind} (EU) {year}/{number}")

    assert found.finding.code in ("in_index", "not_in_index", "type_mismatch")
    assert (found.finding.code == "type_mismatch") == (
        (known := CHECKER.reference.eu_acts.get(f"{year}/{number}")) is not None and known.type != kind
    )


def test_act_without_an_article_is_known_by_its_name() -> None:
    assert only("Directive 2004/38/EC").finding.matched == "Citizens' Rights Directive"


def test_body_in_another_language_is_not_passed_over() -> None:
    assert outcome("Directive 2004/38/CE") == ("unverified", "partly_read")
