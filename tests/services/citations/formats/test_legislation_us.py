"""Statutes, regulations and rules of the United States: each form, and what each code, rule and title must keep to."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.citations.citation import Cite
from services.citations.formats import constitution_us, legislation_us, state_codes
from services.citations.reference import Reference
from tests.fakes import CHECKER
from tests.services.citations.found import BEFORE, BEHIND, found_by, in_prose, only, outcome, parts_by, what

CODE = CHECKER.reference.code


def _find(text: str, reference: Reference) -> Iterator[Cite]:
    """Find in all forms of the laws of the United States."""
    for family in (legislation_us, constitution_us, state_codes):
        yield from family.find(text, reference)


@pytest.mark.parametrize(
    ("written", "normalized"),
    [
        pytest.param("42 U.S.C. § 1983", "42 U.S.C. § 1983", id="code"),
        pytest.param("42 U.S.C. §1983", "42 U.S.C. § 1983", id="code, close"),
        pytest.param("42 U. S. C. § 1983", "42 U.S.C. § 1983", id="code, spaced"),
        pytest.param("42 USC 1983", "42 U.S.C. § 1983", id="code without dots and sign"),
        pytest.param("42 U.S.C.A. § 1983", "42 U.S.C. § 1983", id="annotated code"),
        pytest.param("42 U.S.C.S. § 1983", "42 U.S.C. § 1983", id="code service"),
        pytest.param("42 U.S.C. section 1983", "42 U.S.C. § 1983", id="section in words"),
        pytest.param("42 U.S.C. sec. 1983", "42 U.S.C. § 1983", id="section, short"),
        pytest.param("18 U.S.C. § 924(c)(1)(A)", "18 U.S.C. § 924(c)(1)(A)", id="subsections"),
        pytest.param("15 U.S.C. § 78j(b)", "15 U.S.C. § 78j(b)", id="letter"),
        pytest.param("42 U.S.C. § 2000e-2(a)", "42 U.S.C. § 2000e-2(a)", id="letter and hyphen"),
        pytest.param("42 U.S.C. § 300aa-11", "42 U.S.C. § 300aa-11", id="two letters and hyphen"),
        pytest.param("18 U.S.C. §§ 371 and 1341", "18 U.S.C. §§ 371 and 1341", id="two sections"),
        pytest.param("18 U.S.C. §§ 371, 1341", "18 U.S.C. §§ 371, 1341", id="list of sections"),
        pytest.param("18 U.S.C. §§ 1961–1968", "18 U.S.C. §§ 1961-1968", id="range of sections"),
        pytest.param("18 U.S.C. §§ 1961 to 1968", "18 U.S.C. §§ 1961 to 1968", id="range in words"),
        pytest.param("U.S. Const. art. I, § 8, cl. 3", "U.S. Const. art. I, § 8, cl. 3", id="clause"),
        pytest.param("U.S. Const. amend. XIV, § 1", "U.S. Const. amend. XIV, § 1", id="amendment"),
        pytest.param("U.S. Const. amend. 14", "U.S. Const. amend. XIV", id="amendment, arabic"),
        pytest.param("U.S. Constitution, Article I, Section 8", "U.S. Const. art. I, § 8", id="article in words"),
        pytest.param("U. S. Const. art. III", "U.S. Const. art. III", id="spaced"),
        pytest.param("Fourth Amendment", "U.S. Const. amend. IV", id="amendment by name"),
        pytest.param("Fourteenth Amendment", "U.S. Const. amend. XIV", id="amendment in the teens"),
        pytest.param("Nineteenth Amendment", "U.S. Const. amend. XIX", id="nine in the teens"),
        pytest.param("Twenty-first Amendment", "U.S. Const. amend. XXI", id="amendment in the twenties"),
        pytest.param("Fed. R. Civ. P. 12(b)(6)", "Fed. R. Civ. P. 12(b)(6)", id="civil rule"),
        pytest.param("Federal Rule of Civil Procedure 56", "Fed. R. Civ. P. 56", id="civil rule in words"),
        pytest.param("FRCP 12(b)(6)", "Fed. R. Civ. P. 12(b)(6)", id="civil rule, initials"),
        pytest.param("Fed. R. Crim. P. 16.1", "Fed. R. Crim. P. 16.1", id="criminal rule with a dot"),
        pytest.param("Fed. R. App. P. 4(a)", "Fed. R. App. P. 4(a)", id="appellate rule"),
        pytest.param("FRAP 4(a)", "Fed. R. App. P. 4(a)", id="appellate rule, initials"),
        pytest.param("Fed. R. Bankr. P. 7001", "Fed. R. Bankr. P. 7001", id="bankruptcy rule"),
        pytest.param("Fed. R. Evid. 404(b)", "Fed. R. Evid. 404(b)", id="evidence rule"),
        pytest.param("Federal Rules of Evidence 403", "Fed. R. Evid. 403", id="evidence rule in words"),
        pytest.param("Federal Rules of Evidence Rule 403", "Fed. R. Evid. 403", id="rule said twice"),
        pytest.param("FRE 403", "Fed. R. Evid. 403", id="evidence rule, initials"),
        pytest.param("Pub. L. No. 107-56", "Pub. L. No. 107-56", id="public law"),
        pytest.param("Pub. L. 107–56", "Pub. L. No. 107-56", id="public law with a dash"),
        pytest.param("Public Law 111-148", "Pub. L. No. 111-148", id="public law in words"),
        pytest.param("115 Stat. 272", "115 Stat. 272", id="statutes at large"),
        pytest.param("U.C.C. § 2-207", "U.C.C. § 2-207", id="commercial code"),
        pytest.param("UCC section 2-207", "U.C.C. § 2-207", id="commercial code, section in words"),
        pytest.param("Uniform Commercial Code § 2-207(2)", "U.C.C. § 2-207(2)", id="commercial code in words"),
        pytest.param("U.C.C. § 2A-103", "U.C.C. § 2A-103", id="commercial code, article with letter"),
        pytest.param("Model Penal Code § 2.02", "Model Penal Code § 2.02", id="penal code"),
        pytest.param("MPC § 2.02", "Model Penal Code § 2.02", id="penal code, initials"),
        pytest.param("Restatement (Second) of Torts § 402A", "Restatement (Second) of Torts § 402A", id="restatement"),
        pytest.param("Section 2 of the Sherman Act of 1890", "Sherman Act of 1890 § 2", id="act by name, ahead"),
        pytest.param("Civil Rights Act of 1964, § 703", "Civil Rights Act of 1964 § 703", id="act by name, behind"),
        pytest.param("Cal. Civ. Code § 1714", "Cal. Civ. Code § 1714", id="california"),
        pytest.param("Cal. Penal Code § 187(a)", "Cal. Penal Code § 187(a)", id="california, subsection"),
        pytest.param("Tex. Penal Code § 19.02", "Tex. Penal Code § 19.02", id="texas"),
        pytest.param("N.Y. Penal Law § 125.25", "N.Y. Penal Law § 125.25", id="new york"),
        pytest.param("Fla. Stat. § 768.81", "Fla. Stat. § 768.81", id="florida"),
        pytest.param("820 ILCS 55/10", "820 ILCS 55/10", id="illinois"),
        pytest.param("Ohio Rev. Code § 2903.01", "Ohio Rev. Code § 2903.01", id="ohio"),
    ],
)
def test_statute_is_read_with_its_section(written: str, normalized: str) -> None:
    assert what(in_prose(written)) == (normalized, "us", "statute")


@pytest.mark.parametrize(
    ("written", "normalized"),
    [
        pytest.param("17 C.F.R. § 240.10b-5", "17 C.F.R. § 240.10b-5", id="rule"),
        pytest.param("29 CFR 1630.2", "29 C.F.R. § 1630.2", id="no dots and sign"),
        pytest.param("29 C. F. R. § 1630.2", "29 C.F.R. § 1630.2", id="spaced"),
        pytest.param("40 C.F.R. § 52.21(b)(1)", "40 C.F.R. § 52.21(b)(1)", id="subsections"),
        pytest.param("29 C.F.R. pt. 1630", "29 C.F.R. pt. 1630", id="part"),
        pytest.param("29 C.F.R. Part 1630", "29 C.F.R. pt. 1630", id="part in words"),
        pytest.param("85 Fed. Reg. 12345", "85 Fed. Reg. 12345", id="register"),
        pytest.param("85 Fed. Reg. 12,345", "85 Fed. Reg. 12,345", id="register, comma in the page"),
        pytest.param("85 Fed. Reg. 12,345 (Mar. 3, 2020)", "85 Fed. Reg. 12,345", id="register with its day"),
    ],
)
def test_regulation_is_read_with_its_section(written: str, normalized: str) -> None:
    assert what(in_prose(written)) == (normalized, "us", "regulation")


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("title 42 of the Code", id="title alone"),
        pytest.param("§ 5 of the lease", id="section of a lease"),
        pytest.param("Civil Rights Act of 1964", id="act without section"),
        pytest.param("fourth amendment", id="small letters"),
        pytest.param("Fourth Amendments Committee", id="longer word"),
        pytest.param("the constitution, art. I", id="another constitution"),
        pytest.param("Fed. R. Civ. P.", id="rules without number"),
        pytest.param("Rule 12(b)(6)", id="rule of no set"),
        pytest.param("the FRE applies", id="initials without number"),
        pytest.param("Pub. L.", id="public law without number"),
        pytest.param("115 Station Rd. 272", id="station road"),
        pytest.param("12 Federal Register", id="register without page"),
        pytest.param("the UCC", id="code without section"),
        pytest.param("42 USB 1983", id="a port"),
        pytest.param("the area code 1983", id="telephone"),
    ],
)
def test_lookalike_is_no_statute(written: str) -> None:
    assert found_by(_find, f"they wrote {written} there") == []


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        pytest.param(
            "18 U.S.C. §§ 371 and 1341",
            {"set": "usc", "title": "18", "section": "371", "more": " and 1341", "is_many": "1"},
            id="code",
        ),
        pytest.param(
            "U.S. Const. art. I, § 8",
            {"set": "const", "what": "article", "number": "1", "section": "8"},
            id="article",
        ),
        pytest.param("Fourth Amendment", {"set": "const", "what": "amendment", "number": "4"}, id="amendment"),
        pytest.param("FRE 403(a)", {"set": "rules", "name": "Fed. R. Evid.", "number": "403"}, id="rule"),
        pytest.param(
            "85 Fed. Reg. 12,345 (Mar. 3, 2020)", {"set": "fed_reg", "volume": "85", "year": "2020"}, id="register"
        ),
        pytest.param("UCC § 2-207", {"set": "model", "name": "U.C.C.", "number": "2-207"}, id="model"),
    ],
)
def test_parts_are_what_the_rules_need(written: str, parts: dict[str, str]) -> None:
    assert parts_by(_find, written) == parts


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("1 U.S.C. § 7", ("verified", "in_index"), id="first title"),
        pytest.param("0 U.S.C. § 1", ("invalid", "title_out_of_range"), id="title nought"),
        pytest.param("53 U.S.C. § 1", ("invalid", "title_out_of_range"), id="title that is reserved"),
        pytest.param("55 U.S.C. § 1", ("invalid", "title_out_of_range"), id="one title more"),
        pytest.param("18 U.S.C. § 371", ("verified", "in_index"), id="leading section"),
        pytest.param("18 U.S.C. § 5555", ("unverified", "not_in_index"), id="section within the title"),
        pytest.param("18 U.S.C. § 6005", ("unverified", "not_in_index"), id="last section"),
        pytest.param("18 U.S.C. § 6006", ("invalid", "section_beyond_end"), id="one section more"),
        pytest.param("18 U.S.C. § 0", ("invalid", "section_beyond_end"), id="section nought"),
        pytest.param("18 U.S.C. §§ 371 and 1341", ("verified", "in_index"), id="two leading sections"),
        pytest.param("18 U.S.C. §§ 371 and 5555", ("unverified", "not_in_index"), id="one of two within"),
        pytest.param("18 U.S.C. §§ 371, 9999", ("invalid", "section_beyond_end"), id="one of two beyond"),
        pytest.param("18 U.S.C. § 924(c)(99)", ("verified", "in_index"), id="subsections are not counted"),
        pytest.param("50 C.F.R. § 1.1", ("unverified", "not_in_index"), id="last title of the regulations"),
        pytest.param("51 C.F.R. § 1.1", ("invalid", "title_out_of_range"), id="one title of regulations more"),
        pytest.param("U.S. Const. art. VII", ("verified", "in_index"), id="last article"),
        pytest.param("U.S. Const. art. VIII", ("invalid", "article_beyond_end"), id="one article more"),
        pytest.param("U.S. Const. amend. XXVII", ("verified", "in_index"), id="last amendment"),
        pytest.param("U.S. Const. amend. XXVIII", ("invalid", "article_beyond_end"), id="one amendment more"),
        pytest.param("Twenty-Eighth Amendment", ("invalid", "article_beyond_end"), id="one more, by name"),
        pytest.param("Fed. R. Civ. P. 73", ("verified", "in_index"), id="civil rule before the gap"),
        pytest.param("Fed. R. Civ. P. 74", ("invalid", "rule_beyond_end"), id="civil rule that was abrogated"),
        pytest.param("Fed. R. Civ. P. 87", ("verified", "in_index"), id="last civil rule"),
        pytest.param("Fed. R. Civ. P. 88", ("invalid", "rule_beyond_end"), id="one civil rule more"),
        pytest.param("Fed. R. Crim. P. 54", ("invalid", "rule_beyond_end"), id="criminal rule that moved"),
        pytest.param("Fed. R. App. P. 49", ("invalid", "rule_beyond_end"), id="one appellate rule more"),
        pytest.param("Fed. R. Evid. 415", ("verified", "in_index"), id="last of an article"),
        pytest.param("Fed. R. Evid. 416", ("invalid", "rule_beyond_end"), id="one of the article more"),
        pytest.param("Pub. L. No. 1-1", ("unverified", "not_in_index"), id="first congress"),
        pytest.param("Pub. L. No. 0-1", ("invalid", "number_out_of_range"), id="congress nought"),
        pytest.param("Pub. L. No. 200-1", ("invalid", "number_out_of_range"), id="congress to come"),
        pytest.param("138 Stat. 5", ("unverified", "not_in_index"), id="volume of the statutes at large"),
        pytest.param("0 Stat. 5", ("invalid", "volume_out_of_range"), id="volume nought"),
        pytest.param("400 Stat. 5", ("invalid", "volume_out_of_range"), id="volume to come"),
        pytest.param("85 Fed. Reg. 1 (Jan. 2, 2020)", ("unverified", "not_in_index"), id="register in its year"),
        pytest.param("85 Fed. Reg. 1 (Jan. 2, 2021)", ("unverified", "not_in_index"), id="register a year off"),
        pytest.param("85 Fed. Reg. 1 (Jan. 2, 2022)", ("invalid", "year_mismatch"), id="register two years off"),
        pytest.param("0 Fed. Reg. 1", ("invalid", "volume_out_of_range"), id="register, volume nought"),
        pytest.param("400 Fed. Reg. 1", ("invalid", "volume_out_of_range"), id="register, volume to come"),
        pytest.param("U.C.C. § 2-725", ("verified", "in_index"), id="last of the article on sales"),
        pytest.param("U.C.C. § 2-726", ("invalid", "section_beyond_end"), id="one of sales more"),
        pytest.param("U.C.C. § 2-100", ("invalid", "section_beyond_end"), id="before the first"),
        pytest.param("U.C.C. § 10-101", ("invalid", "section_beyond_end"), id="article that states do not have"),
        pytest.param("Restatement (Second) of Contracts § 90", ("verified", "in_index"), id="leading restatement"),
        pytest.param("Restatement (Second) of Contracts § 385", ("unverified", "not_in_index"), id="last of it"),
        pytest.param("Restatement (Second) of Contracts § 386", ("invalid", "section_beyond_end"), id="one more"),
        pytest.param("Restatement (Third) of Agency § 2", ("unverified", "not_in_index"), id="not listed"),
        pytest.param("Model Penal Code § 2.02", ("verified", "in_index"), id="leading section of the penal code"),
        pytest.param("Model Penal Code § 2.99", ("unverified", "not_in_index"), id="other section of it"),
        pytest.param("Cal. Civ. Code § 99714", ("unverified", "not_in_index"), id="state code"),
        pytest.param("Civil Rights Act of 1964, § 703", ("unverified", "not_in_index"), id="act by name"),
    ],
)
def test_provision_must_lie_within_its_code(written: str, expected: tuple[str, str]) -> None:
    assert outcome(written) == expected


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        pytest.param("55 U.S.C. § 1", "the U.S. Code has titles 1 to 54 without 53, got 55", id="title"),
        pytest.param(
            "18 U.S.C. § 6006",
            "title 18 (Crimes and Criminal Procedure) ends with section 6005, got 6006",
            id="section",
        ),
        pytest.param("U.S. Const. amend. XXIX", "the U.S. Constitution has amendments 1 to 27, got 29", id="amendment"),
        pytest.param("Fed. R. Evid. 777", "the Federal Rules of Evidence have no rule 777", id="rule"),
        pytest.param("U.C.C. § 2-726", "the Uniform Commercial Code has no § 2-726", id="commercial code"),
        pytest.param("85 Fed. Reg. 1 (Jan. 2, 1999)", "volume 85 of Fed. Reg. is of 2020, not 1999", id="register"),
    ],
)
def test_reason_says_what_is_known_and_what_was_got(written: str, reason: str) -> None:
    assert only(written).finding.reason == reason


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("42 U.S.C. § 1983 and Cal. Civ. Code § 1714", 2, id="federal and state"),
        pytest.param("18 U.S.C. § 371; 18 U.S.C. § 1341", 2, id="the same code twice"),
        pytest.param("Tex. Penal Code § 19.02, Fla. Stat. § 768.81 and N.Y. Penal Law § 125.25", 3, id="three states"),
        pytest.param("U.C.C. § 2-207 follows Restatement (Second) of Contracts § 90", 2, id="models"),
    ],
)
def test_provisions_side_by_side_are_each_found_once(text: str, found: int) -> None:
    assert len(found_by(_find, text)) == found


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("liability under § 1983 begins with Monroe v. Pape, 365 U.S. 167 (1961)", id="section sign"),
        pytest.param("the Code was read in Monroe v. Pape, 365 U.S. 167 (1961)", id="code"),
    ],
)
def test_case_behind_a_section_sign_stays_a_case(text: str) -> None:
    assert [item.citation.kind for item in CHECKER.check(text)] == ["case"]


def test_section_sign_nearby_makes_no_invented_name_right() -> None:
    found = CHECKER.check("see § 1983 and Marsh v. Baird, 365 U.S. 167 (1999)")

    assert [item.finding.verdict for item in found] == ["invalid"]


def test_section_of_six_digits_is_read_to_its_end() -> None:
    assert what(in_prose("54 U.S.C. § 100101")) == ("54 U.S.C. § 100101", "us", "statute")


def test_amendment_in_the_twenties_is_read_with_two_capitals() -> None:
    assert in_prose("Twenty-First Amendment").normalized == "U.S. Const. amend. XXI"


def test_rule_with_a_dot_must_be_listed_itself() -> None:
    assert outcome("Fed. R. Crim. P. 16.9") == ("invalid", "rule_beyond_end")


def test_criminal_rule_on_joinder_exists() -> None:
    assert outcome("Fed. R. Crim. P. 8") == ("verified", "in_index")


def test_statutes_at_large_of_this_year_are_possible() -> None:
    assert outcome("140 Stat. 5") == ("unverified", "not_in_index")


def test_section_sign_ahead_of_an_act_is_read() -> None:
    assert in_prose("§ 2 of the Sherman Act of 1890").normalized == "Sherman Act of 1890 § 2"


@given(BEFORE, st.integers(0, 60), st.integers(1, 9999), st.sampled_from(["", "(a)", "(b)(1)", "(c)(1)(A)"]), BEHIND)
def test_section_of_the_code_is_found_in_any_prose_and_is_invalid_only_beyond_an_end(
    before: str, title: int, section: int, sub: str, behind: str
) -> None:
    written = f"{title} U.S.C. § {section}{sub}"
    text = f"{before}{written}{behind}"

    (found,) = CHECKER.check(text)

    assert (found.citation.text, found.citation.start, found.citation.normalized) == (written, len(before), written)
    possible = title in CODE and section <= CODE[title][1]
    assert (found.finding.verdict == "invalid") == (not possible)


@pytest.mark.parametrize(
    ("part", "last"),
    [
        *(("art. I", 10), ("art. II", 4), ("art. III", 3), ("art. IV", 4), ("art. V", 1), ("art. VI", 1)),
        *(("amend. XII", 1), ("amend. XIII", 2), ("amend. XIV", 5), ("amend. XV", 2), ("amend. XVIII", 3)),
        *(("amend. XX", 6), ("amend. XXI", 3), ("amend. XXII", 2), ("amend. XXIII", 2), ("amend. XXIV", 2)),
        *(("amend. XXV", 4), ("amend. XXVI", 2), ("amend. XXVII", 1)),
    ],
)
def test_part_of_the_constitution_ends_with_its_last_section(part: str, last: int) -> None:
    assert outcome(f"U.S. Const. {part}, § {last}") == ("verified", "in_index")
    assert outcome(f"U.S. Const. {part}, § {last + 1}") == ("invalid", "section_beyond_end")


@given(st.integers(1, 27))
def test_every_amendment_is_found_by_its_roman_number_and_verified(number: int) -> None:
    tens, ones = divmod(number, 10)
    roman = "X" * tens + ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")[ones]

    assert outcome(f"U.S. Const. amend. {roman}") == ("verified", "in_index")
    assert parts_by(constitution_us.find, f"U.S. Const. amend. {roman}")["number"] == str(number)
