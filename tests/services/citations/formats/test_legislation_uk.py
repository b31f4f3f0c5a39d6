"""Acts and instruments of the United Kingdom: by title, number or abbreviation, with the provision they cite."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.citations.formats import legislation_uk
from tests.fakes import CHECKER
from tests.services.citations.found import BEFORE, BEHIND, found_by, in_prose, only, outcome, parts_by, what

KNOWN = sorted(
    {(row.name, row.last) for row in CHECKER.reference.acts.values() if row.type == "Act" and row.last and row.year}
)
TUPE = "Transfer of Undertakings (Protection of Employment) Regulations 2006"


@pytest.mark.parametrize(
    ("written", "normalized"),
    [
        pytest.param("Theft Act 1968", "Theft Act 1968", id="title alone"),
        pytest.param("Theft Act 1968, s 1", "Theft Act 1968, s 1", id="section behind"),
        pytest.param("Theft Act 1968 s 1", "Theft Act 1968, s 1", id="section without comma"),
        pytest.param("Theft Act 1968, s. 1", "Theft Act 1968, s 1", id="section with full stop"),
        pytest.param("Theft Act 1968, s.1(1)", "Theft Act 1968, s 1(1)", id="subsection, close"),
        pytest.param("Theft Act 1968, section 1", "Theft Act 1968, s 1", id="section in words"),
        pytest.param("Theft Act 1968, ss 1, 2 and 3", "Theft Act 1968, ss 1, 2 and 3", id="list of sections"),
        pytest.param("Theft Act 1968, ss 1-6", "Theft Act 1968, ss 1-6", id="range of sections"),
        pytest.param("Theft Act 1968, ss 1–6", "Theft Act 1968, ss 1-6", id="range with a dash"),
        pytest.param("Theft Act 1968, ss 1 to 6", "Theft Act 1968, ss 1 to 6", id="range in words"),
        pytest.param("section 1 of the Theft Act 1968", "Theft Act 1968, s 1", id="section ahead"),
        pytest.param("s 1 of the Theft Act 1968", "Theft Act 1968, s 1", id="short section ahead"),
        pytest.param("s.1 Theft Act 1968", "Theft Act 1968, s 1", id="section ahead, nothing between"),
        pytest.param("Section 1 of the Theft Act 1968", "Theft Act 1968, s 1", id="section ahead, capital"),
        pytest.param("section 1 under the Theft Act 1968", "Theft Act 1968, s 1", id="section under"),
        pytest.param("sections 1 and 2 of the Theft Act 1968", "Theft Act 1968, ss 1 and 2", id="sections ahead"),
        pytest.param(
            "Employment Rights Act 1996, s 98(4)(a)", "Employment Rights Act 1996, s 98(4)(a)", id="paragraph"
        ),
        pytest.param("Employment Rights Act 1996, s 43B", "Employment Rights Act 1996, s 43B", id="inserted section"),
        pytest.param(
            "Employment Rights Act 1996, ss 43A to 43L", "Employment Rights Act 1996, ss 43A to 43L", id="two"
        ),
        pytest.param("Companies Act 2006, Sch 4", "Companies Act 2006, Sch 4", id="schedule"),
        pytest.param("Companies Act 2006, Schedule 4", "Companies Act 2006, Sch 4", id="schedule in words"),
        pytest.param("Companies Act 2006, Pt 10", "Companies Act 2006, Pt 10", id="part"),
        pytest.param("Companies Act 2006, Part 10", "Companies Act 2006, Pt 10", id="part in words"),
        pytest.param("Theft Act 1968 (c 60), s 1", "Theft Act 1968, s 1", id="chapter behind"),
        pytest.param("Theft Act 1968 (c. 60)", "Theft Act 1968", id="chapter with full stop"),
        pytest.param("Health and Safety at Work etc. Act 1974, s 2", None, id="full stop in a title"),
        pytest.param("Health and Safety at Work etc Act 1974, s 2", None, id="title without its full stop"),
        pytest.param("Copyright, Designs and Patents Act 1988, s 1", None, id="comma in a title"),
        pytest.param("Law of Property (Miscellaneous Provisions) Act 1989, s 2", None, id="brackets in a title"),
        pytest.param("Law Reform (Year and a Day Rule) Act 1996, s 1", None, id="small words in brackets"),
        pytest.param("Pond Weed (a Day or an Hour Rule) (Scotland) Act 1974, s 3", None, id="two brackets"),
        pytest.param("Occupiers' Liability Act 1957, s 2", None, id="apostrophe in a title"),
        pytest.param("Occupiers’ Liability Act 1957, s 2", "Occupiers' Liability Act 1957, s 2", id="curly apostrophe"),
        pytest.param("Theft Act (Northern Ireland) 1969, s 1", None, id="country behind the word act"),
        pytest.param("Land Registration etc (Scotland) Act 2012, s 1", None, id="country before the word act"),
        pytest.param("Pond Weed (Control) Act 1974, s 3", None, id="act that nobody knows"),
        pytest.param("Church of England Marriage Measure 2008", None, id="measure"),
        pytest.param("1968 c 60", "1968 c 60", id="chapter alone"),
        pytest.param("1968 c. 60", "1968 c 60", id="chapter alone, full stop"),
        pytest.param("2010 asp 5", "2010 asp 5", id="act of scotland"),
        pytest.param("2012 nawm 2", "2012 nawm 2", id="measure of wales"),
        pytest.param("2016 anaw 3", "2016 anaw 3", id="act of the assembly"),
        pytest.param("2020 asc 1", "2020 asc 1", id="act of the senedd"),
    ],
)
def test_act_is_read_with_its_provision(written: str, normalized: str | None) -> None:
    assert what(in_prose(written)) == (normalized or written, "uk", "statute")


@pytest.mark.parametrize(
    ("written", "normalized"),
    [
        pytest.param(f"{TUPE}, reg 4", f"{TUPE}, reg 4", id="regulations by title"),
        pytest.param(f"{TUPE}, regulation 4", f"{TUPE}, reg 4", id="regulation in words"),
        pytest.param(f"reg 4 of the {TUPE}", f"{TUPE}, reg 4", id="regulation ahead"),
        pytest.param(f"{TUPE}, SI 2006/246, reg 4", f"{TUPE}, reg 4", id="number behind"),
        pytest.param("SI 2006/246", "SI 2006/246", id="number alone"),
        pytest.param("S.I. 2006/246", "SI 2006/246", id="number with dots"),
        pytest.param("SI 2006 No 246", "SI 2006/246", id="number in words"),
        pytest.param("SI 2006 No. 246", "SI 2006/246", id="number in words, full stop"),
        pytest.param("SI 2006/246, reg 4", "SI 2006/246, reg 4", id="number with regulation"),
        pytest.param("SI 2006/246, reg 4(2)(a)", "SI 2006/246, reg 4(2)(a)", id="number with paragraph"),
        pytest.param("SI 2006/246 art 4", "SI 2006/246, art 4", id="number with article"),
        pytest.param("SSI 2006/246", "SSI 2006/246", id="scotland"),
        pytest.param("WSI 2006/246", "WSI 2006/246", id="wales"),
        pytest.param("NISR 2006/246", "NISR 2006/246", id="northern ireland"),
        pytest.param("SR 2006/246", "SR 2006/246", id="northern ireland, short"),
        pytest.param("Merchant Shipping Order 1999", "Merchant Shipping Order 1999", id="order"),
        pytest.param(
            "Sale of Ponds (with and without a Warranty) Order 1999, art 2",
            "Sale of Ponds (with and without a Warranty) Order 1999, art 2",
            id="order with brackets",
        ),
        pytest.param("Prison Rules 1999", "Prison Rules 1999", id="rules"),
        pytest.param("CPR 3.4", "CPR 3.4", id="procedure rule"),
        pytest.param("CPR 3.4(2)(a)", "CPR 3.4(2)(a)", id="procedure rule with paragraph"),
        pytest.param("CPR r 3.4", "CPR 3.4", id="procedure rule with r"),
        pytest.param("CPR rule 3.4", "CPR 3.4", id="procedure rule in words"),
        pytest.param("CPR r. 3.4", "CPR 3.4", id="procedure rule with full stop"),
        pytest.param("CPR Part 36", "CPR 36", id="procedure part"),
        pytest.param("CPR Pt 36", "CPR 36", id="procedure part, short"),
        pytest.param("CPR 31.12A", "CPR 31.12A", id="procedure rule with letter"),
        pytest.param("Civil Procedure Rules, r 3.4", "CPR 3.4", id="rules by name"),
    ],
)
def test_instrument_is_read_with_its_provision(written: str, normalized: str) -> None:
    assert what(in_prose(written)) == (normalized, "uk", "regulation")


@pytest.mark.parametrize(
    ("written", "normalized"),
    [
        pytest.param("UCTA, s 2", "Unfair Contract Terms Act 1977, s 2", id="section behind"),
        pytest.param("UCTA s 2", "Unfair Contract Terms Act 1977, s 2", id="no comma"),
        pytest.param("UCTA 1977, s 2", "Unfair Contract Terms Act 1977, s 2", id="with its year"),
        pytest.param("s 2 UCTA", "Unfair Contract Terms Act 1977, s 2", id="section ahead"),
        pytest.param("section 2 of the UCTA 1977", "Unfair Contract Terms Act 1977, s 2", id="of the"),
        pytest.param("section 78 of PACE", "Police and Criminal Evidence Act 1984, s 78", id="of"),
        pytest.param("ss 76 and 78 PACE", "Police and Criminal Evidence Act 1984, ss 76 and 78", id="two sections"),
        pytest.param("s 13 EqA", "Equality Act 2010, s 13", id="small letter in it"),
    ],
)
def test_abbreviation_with_a_section_is_the_act(written: str, normalized: str) -> None:
    assert what(in_prose(written)) == (normalized, "uk", "statute")


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("the Act 1968", id="no title"),
        pytest.param("an Act of 1968", id="year apart"),
        pytest.param("Theft Act", id="no year"),
        pytest.param("Theft Act 68", id="year of two digits"),
        pytest.param("theft act 1968", id="small letters"),
        pytest.param("of the Order 1999", id="order without title"),
        pytest.param("the Rules 1999", id="rules without title"),
        pytest.param("UCTA", id="abbreviation alone"),
        pytest.param("UCTA 1977", id="abbreviation with year alone"),
        pytest.param("PACE 1985, s 78", id="abbreviation with another year"),
        pytest.param("s 2 of it", id="section of nothing"),
        pytest.param("s 2 XYZ", id="section of no abbreviation"),
        pytest.param("SI units 2006/246", id="units of measure"),
        pytest.param("1968 c sixty", id="chapter in words"),
        pytest.param("CPR training", id="first aid"),
        pytest.param("Actors 1968", id="longer word"),
    ],
)
def test_lookalike_is_no_legislation(written: str) -> None:
    assert found_by(legislation_uk.find, f"they wrote {written} there") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("under the Theft Act 1968", "Theft Act 1968", id="under the"),
        pytest.param("In the Theft Act 1968", "Theft Act 1968", id="capital in"),
        pytest.param("The Theft Act 1968", "Theft Act 1968", id="capital the"),
        pytest.param("However the Pond Weed Act 1974", "Pond Weed Act 1974", id="leading words"),
        pytest.param("Lord Hoffmann. Pond Weed Act 1974", "Pond Weed Act 1974", id="sentence before"),
        pytest.param("the former Pond Weed Act 1974", "Pond Weed Act 1974", id="former"),
        pytest.param("A heading\nPond Weed Act 1974", "Pond Weed Act 1974", id="line before"),
        pytest.param("Parliament passed Theft Act 1968", "Theft Act 1968", id="known title within"),
        pytest.param("he lost (see the Theft Act 1968)", "Theft Act 1968", id="title within a bracket"),
        pytest.param("he knew. So) Pond Weed Act 1974", "So) Pond Weed Act 1974", id="bracket never opened"),
        pytest.param("the man (a thief) broke the Pond Weed Act 1974", "Pond Weed Act 1974", id="bracket before"),
        pytest.param('the "Pond Weed Act 1974"', "Pond Weed Act 1974", id="quotation marks"),
    ],
)
def test_title_begins_behind_the_words_that_lead_up_to_it(text: str, found: str) -> None:
    assert [normalized for _, normalized in found_by(legislation_uk.find, f"{text} says so")] == [found]


def test_two_acts_in_a_row_are_two() -> None:
    found = found_by(legislation_uk.find, "the Children Act 1989, s 1 and the Theft Act 1968, ss 1 and 2 differ")

    assert [normalized for _, normalized in found] == ["Children Act 1989, s 1", "Theft Act 1968, ss 1 and 2"]


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        pytest.param(
            "Theft Act 1968, s 1(1)",
            {"title": "Theft Act 1968", "year": "1968", "unit": "s", "numbers": "1(1)"},
            id="act",
        ),
        pytest.param(
            "Theft Act 1968 (c 60)", {"title": "Theft Act 1968", "year": "1968", "stated": "1968 c 60"}, id="chapter"
        ),
        pytest.param(
            "SI 2006 No 246, reg 4",
            {"title": "SI 2006/246", "year": "2006", "number": "246", "series": "SI", "unit": "reg", "numbers": "4"},
            id="instrument",
        ),
        pytest.param("CPR r 3.4", {"title": "CPR", "unit": "r", "numbers": "3.4"}, id="procedure rules"),
        pytest.param(
            "s 2 UCTA",
            {"title": "Unfair Contract Terms Act 1977", "year": "1977", "unit": "s", "numbers": "2"},
            id="abbreviation",
        ),
    ],
)
def test_parts_are_title_year_and_provision(written: str, parts: dict[str, str]) -> None:
    assert parts_by(legislation_uk.find, written) == parts


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("Statute of Frauds 1677, s 4", id="statute of"),
        pytest.param("Bill of Rights 1689", id="bill of"),
        pytest.param("Act of Settlement 1701", id="act of"),
    ],
)
def test_old_statute_that_the_reference_data_list_is_found(written: str) -> None:
    assert in_prose(written).normalized == written


@pytest.mark.parametrize(
    ("written", "normalized"),
    [
        pytest.param("Article 5 of the Terrorism Order 2006", "Terrorism Order 2006, art 5", id="article"),
        pytest.param("Regulation 4 of the Pond Weed Regulations 2006", "Pond Weed Regulations 2006, reg 4", id="reg"),
    ],
)
def test_provision_ahead_of_an_instrument_is_no_part_of_its_title(written: str, normalized: str) -> None:
    assert in_prose(written).normalized == normalized


def test_section_behind_the_abbreviation_of_a_title_is_read() -> None:
    written = "Police and Criminal Evidence Act 1984 (PACE), s 78"

    assert in_prose(written).normalized == "Police and Criminal Evidence Act 1984, s 78"


def test_rule_with_a_dot_is_read_to_its_end() -> None:
    assert in_prose("Family Procedure Rules 2010, r 3.4").normalized == "Family Procedure Rules 2010, r 3.4"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("Theft Act 1968", ("verified", "in_index"), id="known act"),
        pytest.param("Theft Act 1968, s 36", ("verified", "in_index"), id="its last section"),
        pytest.param("Theft Act 1968, s 37", ("invalid", "section_beyond_end"), id="one section more"),
        pytest.param("Theft Act 1968, s 0", ("invalid", "section_beyond_end"), id="section nought"),
        pytest.param("Theft Act 1968, ss 1 and 37", ("invalid", "section_beyond_end"), id="one of two too high"),
        pytest.param("Theft Act 1968, ss 30-40", ("invalid", "section_beyond_end"), id="end of a range too high"),
        pytest.param("Companies Act 2006, s 1300", ("verified", "in_index"), id="last of the longest"),
        pytest.param("Companies Act 2006, s 1301", ("invalid", "section_beyond_end"), id="beyond the longest"),
        pytest.param("Limitation Act 1980, s 14A", ("verified", "in_index"), id="inserted section that exists"),
        pytest.param("Limitation Act 1980, s 14Z", ("unverified", "provision_unknown"), id="inserted, not listed"),
        pytest.param("Limitation Act 1980, s 42A", ("invalid", "section_beyond_end"), id="inserted behind the last"),
        pytest.param("Theft Act 1968, s 1(30)", ("verified", "in_index"), id="thirty subsections"),
        pytest.param("Theft Act 1968, s 1(31)", ("unverified", "provision_unknown"), id="thirty-one subsections"),
        pytest.param("Theft Act 1968, Sch 1", ("unverified", "provision_unknown"), id="schedule"),
        pytest.param("Sale of Goods Act 1893, s 14", ("unverified", "provision_unknown"), id="act of unknown length"),
        pytest.param("Sale of Goods Act 1893, s 0", ("invalid", "section_beyond_end"), id="nought of unknown length"),
        pytest.param("Pond Weed (Control) Act 1974, s 3", ("unverified", "not_in_index"), id="unknown act"),
        pytest.param("Theft Act 2099, s 1", ("invalid", "future"), id="year to come"),
        pytest.param("Fraud Act 2006, s 2", ("verified", "in_index"), id="right year"),
        pytest.param("Fraud Act 2003, s 2", ("invalid", "year_mismatch"), id="three years early"),
        pytest.param("Fraud Act 2009, s 2", ("invalid", "year_mismatch"), id="three years late"),
        pytest.param("Fraud Act 2002, s 2", ("unverified", "not_in_index"), id="four years early"),
        pytest.param("Fraud Act 2010, s 2", ("unverified", "not_in_index"), id="four years late"),
        pytest.param("Companies Act 2007, s 2", ("unverified", "not_in_index"), id="title used again and again"),
        pytest.param("Theft Act 1968 (c 60), s 1", ("verified", "in_index"), id="right chapter"),
        pytest.param("Theft Act 1968 (c 61), s 1", ("invalid", "parallel_mismatch"), id="wrong chapter"),
        pytest.param("1968 c 60", ("verified", "in_index"), id="chapter of a known act"),
        pytest.param("1968 c 999", ("unverified", "not_in_index"), id="chapter of none"),
        pytest.param("UCTA, s 33", ("invalid", "section_beyond_end"), id="beyond the end of an abbreviation"),
        pytest.param(f"{TUPE}, reg 20", ("verified", "in_index"), id="last regulation"),
        pytest.param(f"{TUPE}, reg 21", ("invalid", "section_beyond_end"), id="one regulation more"),
        pytest.param(f"{TUPE}, SI 2006/246", ("verified", "in_index"), id="right number"),
        pytest.param(f"{TUPE}, SI 2006/247", ("invalid", "parallel_mismatch"), id="wrong number"),
        pytest.param("SI 2006/246", ("verified", "in_index"), id="number of a known instrument"),
        pytest.param("SI 2006/3900", ("unverified", "not_in_index"), id="highest number"),
        pytest.param("SI 2006/3901", ("invalid", "number_out_of_range"), id="one number more"),
        pytest.param("SI 2099/5", ("invalid", "future"), id="instrument to come"),
        pytest.param("CPR 89.1", ("unverified", "not_in_index"), id="last part"),
        pytest.param("CPR 90.1", ("invalid", "section_beyond_end"), id="one part more"),
    ],
)
def test_provision_must_exist_in_an_act_that_exists(written: str, expected: tuple[str, str]) -> None:
    assert outcome(written) == expected


@pytest.mark.parametrize(
    ("written", "ended"),
    [
        pytest.param("Theft Act 1968, s 1", None, id="in force"),
        pytest.param("Data Protection Act 1998, s 4", "Data Protection Act 1998 (until 2018)", id="repealed"),
        pytest.param("Sale of Goods Act 1893", "Sale of Goods Act 1893 (until 1979)", id="replaced"),
        pytest.param("Data Protection Act 1998, s 400", None, id="section that never was"),
    ],
)
def test_finding_tells_law_that_is_no_longer_in_force(written: str, ended: str | None) -> None:
    finding = only(written).finding

    assert finding.ended == ended
    assert ("no longer in force since" in finding.reason) == (ended is not None)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        pytest.param("Theft Act 1968, s 37", "Theft Act 1968 ends with section 36, got 37", id="section"),
        pytest.param("Fraud Act 2009", "Fraud Act 2009: the Act of this name is of 2006", id="year"),
        pytest.param("Theft Act 1968 (c 61)", "Theft Act 1968 is 1968 c 60, not 1968 c 61", id="chapter"),
        pytest.param("CPR 90", "the Civil Procedure Rules have 89 parts, got 90", id="rules"),
        pytest.param("SI 2006/4501", "SI of 2006 has fewer than 3900 numbers, got 4501", id="number"),
    ],
)
def test_reason_says_what_is_known_and_what_was_got(written: str, reason: str) -> None:
    assert only(written).finding.reason == reason


@given(BEFORE, st.sampled_from(KNOWN), st.integers(1, 1400), BEHIND)
def test_section_of_any_listed_act_is_found_and_is_invalid_only_beyond_its_end(
    before: str, known: tuple[str, int], section: int, behind: str
) -> None:
    title, last = known
    written = f"{title}, s {section}"
    text = f"{before}{written}{behind}"

    (found,) = CHECKER.check(text)

    assert (found.citation.text, found.citation.start) == (written, len(before))
    assert found.finding.verdict == ("verified" if section <= last else "invalid")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("Glue Traps (Offences) Act 2022", ("verified", "in_index"), id="listed"),
        pytest.param("Maritime Robotics Act 2023, s 4", ("invalid", "no_such_act"), id="invented"),
        pytest.param("Levelling Up and Regeneration Act 2023", ("unverified", "name_unclear"), id="slip of the pen"),
        pytest.param("Good Food Nation (Scotland) Act 2022", ("unverified", "not_in_index"), id="of a devolved body"),
        pytest.param("Pond Rights Act 2022 (Ireland)", ("unverified", "not_in_index"), id="of another country"),
        pytest.param("Maritime Robotics Act 2019", ("unverified", "not_in_index"), id="year that is not complete"),
        pytest.param("Maritime Robotics Regulations 2023", ("unverified", "not_in_index"), id="no act"),
    ],
)
def test_title_that_no_act_of_a_complete_year_has_is_invented(written: str, expected: tuple[str, str]) -> None:
    assert outcome(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("Insolvency Act 1986, Sch B1, para 43", ("unverified", "provision_unknown"), id="schedule"),
        pytest.param("Insolvency Act 1986, Schedule ZB2", ("unverified", "provision_unknown"), id="letters"),
        pytest.param("Schedule 4 to the Insolvency Act 1986", ("unverified", "provision_unknown"), id="ahead"),
        pytest.param(
            "paragraph 3 of Schedule 4 to the Insolvency Act 1986", ("unverified", "provision_unknown"), id="two"
        ),
        pytest.param("Theft Act 1968, ss 1, 2, and 9999", ("invalid", "section_beyond_end"), id="last of a list"),
        pytest.param("Theft Act 1968, ss 1-9999", ("invalid", "section_beyond_end"), id="end of a range"),
    ],
)
def test_no_provision_of_an_act_is_passed_over(written: str, expected: tuple[str, str]) -> None:
    assert outcome(written) == expected
