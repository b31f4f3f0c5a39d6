"""How texts are read: words and their roots, pieces of a provision, clauses of a sentence, citations blanked."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.grounding.claims.clauses import Force, Kind, clauses
from services.grounding.claims.segments import segments
from services.grounding.claims.subject import said
from services.grounding.claims.words import root


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("notify", "notification"),
        ("disclose", "disclosure"),
        ("confirm", "confirmation"),
        ("paid", "payment"),
        ("sued", "proceedings"),
        ("company", "undertaking"),
        ("withdraw", "revocation"),
        ("children", "child"),
        ("arbitrator", "arbitration"),
        ("chosen", "choice"),
        ("practise", "practice"),
    ],
)
def test_words_of_one_meaning_have_one_root(one: str, other: str) -> None:
    assert root(one) == root(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("consumer", "trader"),
        ("author", "authority"),
        ("tenant", "landlord"),
        ("controller", "processor"),
        ("import", "export"),
    ],
)
def test_words_that_differ_in_law_have_roots_of_their_own(one: str, other: str) -> None:
    assert root(one) != root(other)


def test_an_item_of_a_list_is_read_with_the_words_that_open_the_list() -> None:
    text = "2.1\n\nA petition may be considered only if—\n\n2.1.a\n\nthe fee is paid; and\n\n2.1.b\n\nit is signed.\n\n"
    text += "Nothing else matters."

    read = [(piece.text, piece.opening) for piece in segments(text)]

    opening = "A petition may be considered only if—"
    assert read == [
        (opening, ""),
        ("the fee is paid; and", opening),
        ("it is signed.", opening),
        ("Nothing else matters.", ""),
    ]


def test_a_reference_to_a_subsection_does_not_end_a_sentence() -> None:
    text = "(a) Subject to subsection (c) and Art. 5 of No. 7, the right ends. (b) The court decides."

    assert [piece.text for piece in segments(text)] == [text[:66], text[67:]]


@given(st.text(alphabet="abc XY.;:—\n", max_size=300))
def test_pieces_stand_in_order_and_leave_out_no_word(text: str) -> None:
    read = segments(text)

    assert all(text[piece.start : piece.end] == piece.text for piece in read)
    assert all(one.end <= other.start for one, other in pairwise(read))
    outside = text
    for piece in reversed(read):
        outside = outside[: piece.start] + outside[piece.end :]
    assert not any(sign.isalpha() for sign in outside)


@pytest.mark.parametrize(
    ("sentence", "denied"),
    [
        pytest.param("The State may enter.", False, id="plain"),
        pytest.param("The State may not enter.", True, id="not"),
        pytest.param("No State may enter.", True, id="no"),
        pytest.param("The Act forbids entry.", True, id="forbids"),
        pytest.param("Entry is prohibited.", True, id="is prohibited"),
        pytest.param("Nobody is exempt.", False, id="two denials"),
        pytest.param("He shall act without undue delay.", False, id="idle words"),
        pytest.param("It is due not later than Monday.", False, id="not later than"),
        pytest.param("It concerns the prohibited rent.", False, id="a part of a name"),
        pytest.param("Marks, signs or tattoos on the body, are prohibited.", True, id="subject parted from its verb"),
    ],
)
def test_a_clause_knows_whether_it_denies(sentence: str, denied: bool) -> None:
    assert clauses(sentence)[0].denied() is denied


@pytest.mark.parametrize(
    ("sentence", "kinds"),
    [
        pytest.param("The court may act unless the owner objects.", [Kind.MAIN, Kind.EXCEPTION], id="unless"),
        pytest.param("The court may act even if that is late.", [Kind.MAIN, Kind.CONCESSION], id="even if"),
        pytest.param("The court may act only if asked.", [Kind.MAIN, Kind.CONDITION], id="only if"),
        pytest.param("Where it is asked, the court may act.", [Kind.CONDITION, Kind.MAIN], id="where"),
        pytest.param("A person who is not the owner of it may act.", [Kind.MAIN, Kind.RELATIVE, Kind.MAIN], id="who"),
        pytest.param("The court shall ensure that the owner is heard.", [Kind.MAIN], id="ensure that"),
        pytest.param("The court may act without the consent of the owner.", [Kind.MAIN, Kind.LACK], id="without"),
    ],
)
def test_a_sentence_is_parted_into_clauses(sentence: str, kinds: list[Kind]) -> None:
    assert [clause.kind for clause in clauses(sentence)] == kinds


def test_a_clause_knows_how_strongly_it_binds() -> None:
    assert [clauses(f"The court {word} act.")[0].force for word in ("may", "must", "did")] == [
        Force.MAY,
        Force.MUST,
        Force.NONE,
    ]


@pytest.mark.parametrize(
    ("claim", "left"),
    [
        pytest.param("Section 7 of the Public Order Act 2023 bars it.", "bars it.", id="UK"),
        pytest.param("It is barred (Article 6(1)(f) GDPR).", "It is barred ( ).", id="EU"),
        pytest.param("Under 17 U.S.C. § 107(1) it is fair.", "Under it is fair.", id="US"),
        pytest.param("Article 2, paragraph 4, of the UN Charter a State knows.", "a State knows.", id="treaty"),
        pytest.param("Article 18 of Brussels I bis lets him sue.", "lets him sue.", id="bis"),
        pytest.param("Article 5 of Directive 93/13/EEC states it.", "states it.", id="directive"),
        pytest.param(
            "Section 2 of the Markets, Trade and Fairs Act 2030 says so.", "says so.", id="title with a comma"
        ),
        pytest.param("It ends after 28 days.", "It ends after 28 days.", id="no citation"),
    ],
)
def test_the_words_of_a_citation_are_no_part_of_what_is_said(claim: str, left: str) -> None:
    blanked = said(claim, "Markets, Trade and Fairs Act 2030")

    assert " ".join(blanked.split()) == left
    assert len(blanked) == len(claim)
