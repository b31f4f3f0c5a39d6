"""Citations of a text: in order and apart, parallel references as one, each with its name, the same however often."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.citations.extractor import Extractor
from tests.fakes import CHECKER
from tests.services.citations.found import only

EXTRACTOR = CHECKER.extractor
# One of each family, none of which runs on to the next.
CITES = (
    "Donoghue v Stevenson [1932] AC 562",
    "Theft Act 1968, s 1",
    "SI 2006/246, reg 4",
    "Case C-131/12 Google Spain EU:C:2014:317",
    "Regulation (EU) 2016/679, art 17",
    "Article 8 ECHR",
    "1155 UNTS 331",
    "App no 14038/88",
    "S/RES/1373 (2001)",
    "Roe v. Wade, 410 U.S. 113 (1973)",
    "42 U.S.C. § 1983",
    "Fed. R. Civ. P. 12(b)(6)",
    "17 C.F.R. § 240.10b-5",
)
MARSH, VCLT = "Marsh v Baird", "Vienna Convention on the Law of Treaties"
WORDS = st.text("abcdefghijklm éß\u00a0–'\n,;", max_size=40)
PIECES = st.lists(
    st.sampled_from(
        [
            *(
                "[1932]",
                "(1999)",
                " AC 5",
                " v ",
                "R (",
                ")",
                "Act 1968",
                ", s ",
                "C-1",
                "/12",
                "EU:C:",
                "2014:",
                "No. ",
            ),
            *("410 U.S. ", "113", "§", " Code ", "Art. ", "GDPR", "S/RES/", "é", "\u00a0", "–", "’", "\n", "\x00", "𝕏"),
        ]
    ),
    max_size=60,
)


def normalized(text: str) -> list[str]:
    return [citation.normalized for citation in EXTRACTOR.extract(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("[1932] AC 562, 1932 SC (HL) 31", ["[1932] AC 562, 1932 SC (HL) 31"], id="comma"),
        pytest.param("[1932] AC 562; 1932 SC (HL) 31", ["[1932] AC 562, 1932 SC (HL) 31"], id="semicolon"),
        pytest.param("[1932] AC 562 = 1932 SC (HL) 31", ["[1932] AC 562, 1932 SC (HL) 31"], id="equals"),
        pytest.param("[1932] AC 562 1932 SC (HL) 31", ["[1932] AC 562, 1932 SC (HL) 31"], id="blank"),
        pytest.param("[1932] AC 562, 580, 1932 SC (HL) 31", ["[1932] AC 562, 1932 SC (HL) 31"], id="page between"),
        pytest.param("[1932] AC 562 at 580, 1932 SC (HL) 31", ["[1932] AC 562, 1932 SC (HL) 31"], id="at page"),
        pytest.param("[1932] AC 562, 580-81, 1932 SC (HL) 31", ["[1932] AC 562, 1932 SC (HL) 31"], id="pages between"),
        pytest.param("[1932] AC 562, also at 1932 SC (HL) 31", ["[1932] AC 562, 1932 SC (HL) 31"], id="also at"),
        pytest.param(
            "[1932] AC 562, also reported at 1932 SC (HL) 31", ["[1932] AC 562, 1932 SC (HL) 31"], id="also reported"
        ),
        pytest.param("[1932] AC 562 and 1932 SC (HL) 31", ["[1932] AC 562", "1932 SC (HL) 31"], id="and"),
        pytest.param("[1932] AC 562. 1932 SC (HL) 31", ["[1932] AC 562", "1932 SC (HL) 31"], id="full stop"),
        pytest.param("[1932] AC 562, see 1932 SC (HL) 31", ["[1932] AC 562", "1932 SC (HL) 31"], id="see"),
        pytest.param("[1932] AC 562, Theft Act 1968", ["[1932] AC 562", "Theft Act 1968"], id="case and act"),
        pytest.param("Theft Act 1968, [1932] AC 562", ["Theft Act 1968", "[1932] AC 562"], id="act and case"),
        pytest.param("Theft Act 1968, Fraud Act 2006", ["Theft Act 1968", "Fraud Act 2006"], id="two acts"),
        pytest.param(
            "(1989) 11 EHRR 439, App no 14038/88", ["(1989) 11 EHRR 439, App no 14038/88"], id="report and number"
        ),
        pytest.param("Case C-6/90, [1991] ECR I-5357", ["C-6/90, [1991] ECR I-5357"], id="number and report"),
        pytest.param("EU:C:2014:317, EU:C:2014:318", ["EU:C:2014:317", "EU:C:2014:318"], id="two judgments"),
        pytest.param("Case C-1/12; Case C-2/12", ["C-1/12", "C-2/12"], id="two cases"),
        pytest.param("248 N.Y. 339, 162 N.E. 99", ["248 N.Y. 339, 162 N.E. 99"], id="states"),
    ],
)
def test_references_that_follow_each_other_directly_are_one_case(text: str, found: list[str]) -> None:
    assert normalized(f"so in {text} it was") == found


def test_no_more_than_five_references_are_taken_for_one_case() -> None:
    series = ("1 WLR", "1 AC", "1 QB", "Ch", "ICR", "IRLR", "BCLC")
    text = ", ".join(f"[1990] {name} 5" for name in series)

    assert [len(citation.cites) for citation in EXTRACTOR.extract(text)] == [5, 2]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("Marsh v Baird [1999] 1 AC 5 and Olsen v Trent [1999] 1 AC 6", [MARSH, "Olsen v Trent"], id="and"),
        pytest.param("Marsh v Baird [1999] 1 AC 5; Olsen v Trent [1999] 1 AC 6", [MARSH, "Olsen v Trent"], id="two"),
        pytest.param("Marsh v Baird [1999] 1 AC 5; and [1999] 1 AC 6", [MARSH, ""], id="name of the first only"),
        pytest.param("Theft Act 1968 in Marsh v Baird [1999] 1 AC 5", ["", MARSH], id="act before"),
        pytest.param("[1999] 1 AC 5", [""], id="no name"),
        pytest.param("Case C-131/12 Google Spain", ["Google Spain"], id="name behind"),
        pytest.param("Marsh v Baird (Case C-1/12)", [MARSH], id="name before a number"),
        pytest.param("the Theft Act 1968, s 1", [""], id="an act has none"),
    ],
)
def test_each_case_has_the_name_that_stands_with_it(text: str, names: list[str]) -> None:
    assert [citation.name for citation in EXTRACTOR.extract(text)] == names


@pytest.mark.parametrize(
    ("behind", "year"),
    [
        pytest.param(" (1994)", 1994, id="year"),
        pytest.param(", (1994)", 1994, id="comma"),
        pytest.param(" (HL 1994)", 1994, id="court"),
        pytest.param(" (12 March 1994)", 1994, id="day"),
        pytest.param(" (94)", None, id="two digits"),
        pytest.param(" (1494)", None, id="too long ago"),
        pytest.param(" 1994", None, id="no brackets"),
        pytest.param(" and (1994)", None, id="word between"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_year_in_brackets_behind_a_report_belongs_to_it(behind: str, year: int | None) -> None:
    found = only(f"so in [1994] 1 AC 5{behind}").citation

    assert found.year == year
    assert found.text == f"[1994] 1 AC 5{behind if year else ''}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("UNCITRAL Arbitration Rules 2010, art 5", ["UNCITRAL Arbitration Rules, art 5"], id="rules"),
        pytest.param("Case C-131/12 Google Spain EU:C:2014:317", ["C-131/12"], id="ecli inside a case"),
        pytest.param(f"{VCLT} 1155 UNTS 331, art 31", [f"{VCLT}, art 31"], id="place inside a treaty"),
        pytest.param("ICSID Case No ARB/05/22", ["ICSID Case No ARB/05/22"], id="number inside a number"),
        pytest.param("SI 2006/246", ["SI 2006/246"], id="numbers with a stroke"),
        pytest.param("17 C.F.R. § 240.10b-5", ["17 C.F.R. § 240.10b-5"], id="section sign inside a code"),
    ],
)
def test_reference_inside_a_longer_one_is_dropped(text: str, found: list[str]) -> None:
    assert normalized(text) == found


@pytest.mark.parametrize(
    ("text", "number"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param("no citation here, not even 123 or [1999]", 0, id="none"),
        pytest.param("[1932] AC 562, so [1932] A.C. 562", 1, id="other spelling"),
        pytest.param("Marsh v Baird [1932] AC 562; Olsen v Trent [1932] AC 562", 1, id="other name"),
        pytest.param("Theft Act 1968, s 1 and section 1 of the Theft Act 1968", 1, id="section before and behind"),
        pytest.param("Theft Act 1968, s 1 and Theft Act 1968, s 2", 2, id="other section"),
        pytest.param("(1854) 9 Exch 341 or (1855) 9 Exch 341", 1, id="year that identifies nothing"),
        pytest.param("[1932] AC 562 or [1933] AC 562", 2, id="year that identifies"),
        pytest.param("App no 14038/88 and Application no. 14038/88", 1, id="application"),
    ],
)
def test_distinct_authorities_of_a_text_are_counted_once_each(text: str, number: int) -> None:
    assert len(EXTRACTOR.distinct(text)) == number


def test_distinct_authorities_are_those_of_all_texts_together() -> None:
    assert EXTRACTOR.distinct("[1932] AC 562", "none", "[1932] A.C. 562; Theft Act 1968") == {
        "[1932]ac562",
        "theftact1968",
    }


@pytest.mark.parametrize("cite", CITES)
def test_citation_is_one_and_whole_at_either_end_of_a_text(cite: str) -> None:
    assert [item.text for item in EXTRACTOR.extract(cite)] == [cite]
    assert [item.text for item in EXTRACTOR.extract(f"as held in {cite}")] == [cite]
    assert [item.text for item in EXTRACTOR.extract(f"{cite}\nthen")] == [cite]


@pytest.mark.parametrize("cite", CITES)
def test_hard_blanks_change_neither_the_form_nor_the_place(cite: str) -> None:
    (plain,) = EXTRACTOR.extract(cite)
    (hard,) = EXTRACTOR.extract(cite.replace(" ", "\u00a0"))

    assert (hard.normalized, hard.start, hard.end) == (plain.normalized, plain.start, plain.end)


def test_thousands_of_citations_are_all_found_in_order() -> None:
    text = " and again ".join(f"Marsh v Baird [1999] 1 WLR {page}" for page in range(1, 3001))

    found = EXTRACTOR.extract(text)

    assert [item.normalized for item in found] == [f"[1999] 1 WLR {page}" for page in range(1, 3001)]
    assert {item.name for item in found} == {"Marsh v Baird"}
    assert all(before.end < after.start for before, after in itertools.pairwise(found))


def test_list_that_a_caller_changes_is_not_the_one_that_is_kept() -> None:
    text = "[1932] AC 562 and not kept by its caller"

    EXTRACTOR.extract(text).clear()

    assert normalized(text) == ["[1932] AC 562"]


def test_long_text_that_is_not_kept_is_read_as_a_short_one() -> None:
    cite = "[1932] AC 562"
    short, long = f"{cite}{' so'}", f"{cite}{' so' * 8000}"

    assert len(long) > 20_000
    assert normalized(long) == normalized(short) == [cite]


@given(st.lists(st.tuples(WORDS, st.sampled_from(CITES)), max_size=5), WORDS)
def test_citations_in_any_prose_are_found_in_their_order_and_give_back_the_text(
    pairs: list[tuple[str, str]], end: str
) -> None:
    text = "".join(f"{words}. it follows from {cite}. " for words, cite in pairs) + end

    found = EXTRACTOR.extract(text)

    assert all(text[item.start : item.end] == item.text for item in found)
    places = iter(found)
    for _, cite in pairs:
        assert any(item.text.startswith(cite) for item in places), (cite, [item.text for item in found])


@given(PIECES)
def test_pieces_of_citations_in_any_order_are_read_alike_each_time_and_by_anybody(pieces: list[str]) -> None:
    text = "".join(pieces)

    found = EXTRACTOR.extract(text)

    assert found == EXTRACTOR.extract(text) == Extractor(CHECKER.reference).extract(text)
    assert all(text[item.start : item.end] == item.text != "" for item in found)
    assert all(item.start <= cite.start < cite.end <= item.end for item in found for cite in item.cites)


@given(WORDS, st.sampled_from(CITES))
def test_text_before_moves_a_citation_and_changes_nothing_else(words: str, cite: str) -> None:
    before = f"{words}\n"

    (alone,), moved = EXTRACTOR.extract(cite), EXTRACTOR.extract(before + cite)

    (found,) = moved
    assert (found.text, found.start, found.end) == (alone.text, alone.start + len(before), alone.end + len(before))
    assert [cite.start for cite in found.cites] == [cite.start + len(before) for cite in alone.cites]
    assert (found.normalized, found.name, found.year, found.court) == (
        alone.normalized,
        alone.name,
        alone.year,
        alone.court,
    )


@pytest.mark.parametrize(
    ("text", "normalized"),
    [
        ("Is it right that section 1 of the Marsh Ponds Act 2011 says so?", "Marsh Ponds Act 2011, s 1"),
        ("We know that sections 4 and 5 of the Marsh Ponds Act 2011 apply.", "Marsh Ponds Act 2011, sections 4 and 5"),
        ("The duty which section 26A(2) of the Marsh Ponds Act 2011 lays down.", "Marsh Ponds Act 2011, s 26A(2)"),
    ],
)
def test_numbers_of_sections_in_mid_sentence_are_no_words_of_the_title(text: str, normalized: str) -> None:
    (citation,) = CHECKER.extractor.extract(text)
    assert citation.normalized.replace("ss ", "sections ") == normalized
