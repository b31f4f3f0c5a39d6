"""Names of cases: where one begins and ends in a text, and when two are of one case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.citations.names import (
    Likeness,
    compare,
    is_case_name,
    is_same_case,
    is_telling,
    name_after,
    name_before,
    parties,
    words_of,
)

SAME, PARTLY, OTHER, UNCLEAR = Likeness.SAME, Likeness.PARTLY, Likeness.OTHER, Likeness.UNCLEAR
SURNAMES = st.sampled_from(["Ashdown", "Byrne", "Okafor", "Lindqvist", "Prentice", "Moya", "Österberg", "O'Neill"])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("it was said in Donoghue v Stevenson ", "Donoghue v Stevenson", id="small letters before"),
        pytest.param("See Donoghue v Stevenson ", "Donoghue v Stevenson", id="see"),
        pytest.param("In Donoghue v Stevenson, ", "Donoghue v Stevenson", id="in"),
        pytest.param("as Lord Atkin said in Donoghue v Stevenson ", "Donoghue v Stevenson", id="judge before"),
        pytest.param("Following Marsh v Baird ", "Marsh v Baird", id="following"),
        pytest.param("Compare Marsh v Baird ", "Marsh v Baird", id="compare"),
        pytest.param("e.g. Marsh v Baird ", "Marsh v Baird", id="for example"),
        pytest.param("one; Marsh v Baird ", "Marsh v Baird", id="semicolon"),
        pytest.param("first: Marsh v Baird ", "Marsh v Baird", id="colon"),
        pytest.param("Heading\nMarsh v Baird ", "Marsh v Baird", id="line"),
        pytest.param("It was held. Roe v. Wade, ", "Roe v. Wade", id="sentence"),
        pytest.param("12 March 2019, Marsh v Baird ", "Marsh v Baird", id="day"),
        pytest.param("5 Marsh v Baird ", "Marsh v Baird", id="number of a list"),
        pytest.param("“Marsh v Baird” ", "Marsh v Baird", id="quotation marks"),
        pytest.param("*Marsh v Baird* ", "Marsh v Baird", id="stars"),
        pytest.param("_Marsh v Baird_ ", "Marsh v Baird", id="underscores"),
        pytest.param("| Marsh v Baird ", "Marsh v Baird", id="table"),
        pytest.param("Marsh v Baird, No. 21-3391, ", "Marsh v Baird", id="docket behind"),
        pytest.param("Marsh v Baird [GC], ", "Marsh v Baird", id="grand chamber behind"),
        pytest.param("R v Brown ", "R v Brown", id="crown"),
        pytest.param("R (Miller) v Prime Minister ", "R (Miller) v Prime Minister", id="claimant in brackets"),
        pytest.param("R (on the application of Miller) v Prime Minister ", None, id="claimant in many words"),
        pytest.param("R v Secretary of State for the Home Department, ex p Simms ", None, id="ex parte within"),
        pytest.param("In re Gault, ", "In re Gault", id="in re"),
        pytest.param("Ex parte Milligan, ", "Ex parte Milligan", id="ex parte"),
        pytest.param("The Wagon Mound (No 1) ", "The Wagon Mound (No 1)", id="ship with number"),
        pytest.param("The Moorcock ", "The Moorcock", id="ship"),
        pytest.param("D & C Builders Ltd v Rees ", "D & C Builders Ltd v Rees", id="ampersand"),
        pytest.param("Google Inc. v. Oracle America, Inc., ", "Google Inc. v. Oracle America, Inc.", id="full stops"),
        pytest.param("Marsh v. Baird Mfg. Co., ", "Marsh v. Baird Mfg. Co.", id="abbreviation"),
        pytest.param("Attorney General of Belize v Belize Telecom Ltd ", None, id="of within"),
        pytest.param("Müller v Österreich ", "Müller v Österreich", id="umlauts"),
        pytest.param("N.S. v Secretary of State ", "N.S. v Secretary of State", id="initials"),
        pytest.param("Caparo Industries plc v Dickman ", "Caparo Industries plc v Dickman", id="plc within"),
        pytest.param("the Court of Appeal in Marsh Ltd v Baird ", "Marsh Ltd v Baird", id="court before"),
    ],
)
def test_name_before_a_reference_begins_where_it_begins(text: str, name: str | None) -> None:
    found, start = name_before(text, len(text), 0)

    wanted = name or text.strip(" ,")
    assert (found, text[start : start + len(wanted)]) == (wanted, wanted)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("so it was held in ", id="small letters"),
        pytest.param("the ", id="article"),
        pytest.param("It ended. ", id="sentence"),
        pytest.param("Head\n", id="line"),
        pytest.param("as follows: ", id="colon"),
    ],
)
def test_no_name_stands_where_there_is_none(text: str) -> None:
    assert name_before(text, len(text), 0) == ("", len(text))


def test_name_never_reaches_below_what_another_citation_took() -> None:
    text = "Marsh v Baird "

    assert name_before(text, len(text), 6) == ("Baird", 8)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("Adams v Cape Industries plc", id="plc"),
        pytest.param("Re A (Children)", id="brackets"),
    ],
)
def test_name_may_end_in_a_small_word_or_in_brackets(name: str) -> None:
    assert name_before(f"{name} ", len(name) + 1, 0)[0] == name


@pytest.mark.parametrize("name", ["Von Hannover v Germany", "Van Colle v Chief Constable", "Les Verts v Parliament"])
def test_name_keeps_the_particle_that_it_begins_with(name: str) -> None:
    assert name_before(f"so in {name} ", len(name) + 7, 0)[0] == name


def test_court_before_a_party_of_one_word_is_no_part_of_the_name() -> None:
    text = "the House of Lords in Robinson v Chief Constable "

    assert name_before(text, len(text), 0)[0] == "Robinson v Chief Constable"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("Google Spain SL v AEPD EU:C:2014:317", "Google Spain SL v AEPD", id="ecli behind"),
        pytest.param("Google Spain [2014] ECR 1", "Google Spain", id="report behind"),
        pytest.param("Van Gend en Loos, which held", "Van Gend en Loos", id="comma"),
        pytest.param("Pfeiffer and Others v Kreuz, judgment of May", "Pfeiffer and Others v Kreuz", id="day"),
        pytest.param("Factortame (No 3) EU:C", "Factortame (No 3)", id="number"),
        pytest.param("Costa v ENEL; later", "Costa v ENEL", id="semicolon"),
        pytest.param("Marsh v Commission\nNext", "Marsh v Commission", id="line"),
        pytest.param("Foo, Inc v Bar holds", "Foo, Inc v Bar", id="comma within"),
        pytest.param("the court held", "", id="small letters"),
        pytest.param("12 more", "", id="number first"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_name_behind_a_number_ends_where_it_ends(text: str, name: str) -> None:
    found, end = name_after(text, 0, len(text))

    assert (found, text[:end]) == (name, name)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        pytest.param("A v B", True, id="v"),
        pytest.param("A v. B", True, id="v with full stop"),
        pytest.param("A vs. B", True, id="vs"),
        pytest.param("A c. B", True, id="contra"),
        pytest.param("Re A", True, id="re"),
        pytest.param("In re Gault", True, id="in re"),
        pytest.param("Ex parte Young", True, id="ex parte"),
        pytest.param("R (Miller) v Prime Minister", True, id="r with brackets"),
        pytest.param("The Moorcock", False, id="ship"),
        pytest.param("Donoghue", False, id="one party"),
        pytest.param("A versus B", False, id="versus in full"),
        pytest.param("", False, id="nothing"),
        pytest.param("REPORT", False, id="capitals"),
    ],
)
def test_form_of_a_case_name_is_told_from_mere_capitals(name: str, is_one: bool) -> None:
    assert is_case_name(name) is is_one


@pytest.mark.parametrize("name", ["Reservations to the Genocide Convention", "Recovery"])
def test_word_that_begins_with_re_is_no_name_of_a_case(name: str) -> None:
    assert not is_case_name(name)


@pytest.mark.parametrize(
    ("given", "known", "likeness"),
    [
        pytest.param("Donoghue v. Stevenson", "Donoghue v Stevenson", SAME, id="full stop"),
        pytest.param("DONOGHUE V STEVENSON", "Donoghue v Stevenson", SAME, id="capitals"),
        pytest.param("Donoghue vs Stevenson", "Donoghue v Stevenson", SAME, id="vs"),
        pytest.param("Stevenson v Donoghue", "Donoghue v Stevenson", SAME, id="sides changed"),
        pytest.param("Donoghue v Stephenson", "Donoghue v Stevenson", SAME, id="slip of the pen"),
        pytest.param("Donoghue", "Donoghue v Stevenson", SAME, id="one party of two"),
        pytest.param("Caparo v Dickman", "Caparo Industries plc v Dickman", SAME, id="short for a company"),
        pytest.param("Google Inc v Oracle", "Google LLC v Oracle America Inc", SAME, id="form of a company"),
        pytest.param("Brown v Bd of Educ", "Brown v Board of Education", SAME, id="abbreviations"),
        pytest.param("SEC v Howey", "Securities and Exchange Commission v W.J. Howey Co.", SAME, id="initials"),
        pytest.param("Regina v Brown", "R v Brown", SAME, id="crown in words"),
        pytest.param("Muller v Acme", "Müller v Acme", SAME, id="umlaut dropped"),
        pytest.param("Mueller v Acme", "Müller v Acme", SAME, id="umlaut spelled out"),
        pytest.param("Marsh v Baird (Merits)", "Marsh v Baird", SAME, id="phase"),
        pytest.param("Re A (Children)", "Re A", SAME, id="subject in brackets"),
        pytest.param("The Wagon Mound", "Wagon Mound (No 2)", SAME, id="ship"),
        pytest.param("Marsh v People", "Marsh v State", SAME, id="public side under another word"),
        pytest.param("Donoghue v Smith", "Donoghue v Stevenson", PARTLY, id="one side of two"),
        pytest.param("In re Gault", "Gault v Arizona", PARTLY, id="re and parties"),
        pytest.param("Donoghue Bottling", "Donoghue v Stevenson", PARTLY, id="a word too many"),
        pytest.param("Smith v Donoghue", "Donoghue v Stevenson", OTHER, id="one side on the other"),
        pytest.param("Smith v Jones", "Donoghue v Stevenson", OTHER, id="both sides"),
        pytest.param("R v Brown", "R v Smith", OTHER, id="another accused"),
        pytest.param("Atkin", "Donoghue v Stevenson", OTHER, id="the judge"),
        pytest.param("Re B", "Re A", UNCLEAR, id="letters"),
        pytest.param("State v United States", "Council v Commission", UNCLEAR, id="public sides only"),
        pytest.param("", "Donoghue v Stevenson", UNCLEAR, id="nothing"),
    ],
)
def test_likeness_is_told_party_by_party(given: str, known: str, likeness: Likeness) -> None:
    assert compare(given, known) is likeness


@pytest.mark.parametrize(
    ("given", "known", "full", "is_same"),
    [
        pytest.param("Marsh v Baird", "Marsh v Baird", "Marsh v Baird", True, id="same parties"),
        pytest.param("Marsh v Olsen", "Marsh v Baird", "Marsh v Baird", False, id="other party"),
        pytest.param("Marsh", "Marsh v Baird", "Marsh v Baird", False, id="one party"),
        pytest.param("Marsh v Baird (Merits)", "Marsh v Baird", "Marsh v Baird", False, id="another phase"),
        pytest.param("Marsh v Baird (No 2)", "Marsh v Baird", "Marsh v Baird", False, id="another judgment"),
        pytest.param("LaGrand", "LaGrand", "LaGrand (Germany v United States)", True, id="short name"),
        pytest.param("LaGrand (Germany v France)", "LaGrand", "LaGrand (Germany v France)", True, id="parties too"),
        pytest.param("LaGrand Affair", "LaGrand", "LaGrand (Germany v France)", False, id="a word more"),
    ],
)
def test_same_case_is_told_beyond_doubt_or_not(given: str, known: str, full: str, is_same: bool) -> None:
    assert is_same_case(given, known, full) is is_same


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        pytest.param("Donoghue v Stevenson", True, id="two parties"),
        pytest.param("R v Brown", False, id="crown"),
        pytest.param("Marsh v State", False, id="state"),
        pytest.param("A v B", False, id="letters"),
        pytest.param("The Moorcock", True, id="long word"),
        pytest.param("Re Rose", False, id="short word"),
        pytest.param("Wagon Mound", True, id="two words"),
    ],
)
def test_telling_name_is_one_that_hardly_two_cases_share(name: str, is_one: bool) -> None:
    assert is_telling(name) is is_one


@pytest.mark.parametrize(
    ("name", "sides"),
    [
        pytest.param("Marsh v Baird", ["Marsh", "Baird"], id="v"),
        pytest.param("Marsh v. Baird v. Olsen", ["Marsh", "Baird v. Olsen"], id="first v only"),
        pytest.param("Re A", ["Re A"], id="no v"),
        pytest.param("Nicaragua (Nicaragua v United States)", ["Nicaragua (Nicaragua v United States)"], id="brackets"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_parties_are_what_stands_on_either_side(name: str, sides: list[str]) -> None:
    assert [side.strip() for side in parties(name)] == sides


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("The Smith & Co Ltd v Secretary of State", {"smith"}, id="generic words"),
        pytest.param("O'Neill v Müller", {"oneill", "muller"}, id="apostrophe and umlaut"),
        pytest.param("Reels 12 of Film", {"reels", "film"}, id="numbers"),
        pytest.param("W.J. Howey", {"wj", "howey"}, id="initials"),
        pytest.param("R v Commissioners", {"commissioners"}, id="crown"),
    ],
)
def test_words_that_tell_are_folded_and_leave_out_the_generic(name: str, words: set[str]) -> None:
    assert words_of(name) == words


@given(SURNAMES, SURNAMES)
def test_name_is_that_of_its_own_case_from_either_side(one: str, other: str) -> None:
    assert compare(f"{one} v {other}", f"{one.upper()} v. {other} Ltd") is SAME
    assert compare(f"{other} v {one}", f"{one} v {other}") is SAME


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_texts_can_be_compared_and_each_is_never_other_than_itself(one: str, other: str) -> None:
    assert compare(one, other) in Likeness
    assert compare(one, one) is SAME


@given(st.text(max_size=120), st.integers(0, 120))
def test_name_before_any_place_lies_between_its_floor_and_that_place(text: str, lowest: int) -> None:
    end = len(text)
    name, start = name_before(text, end, min(lowest, end))

    assert min(lowest, end) <= start <= end
    assert not name or text[start:end].startswith(name)
