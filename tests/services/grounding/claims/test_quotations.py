"""Quotations: found in an answer in every style, proved word for word, and told what differs."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.grounding.claims.folding import fold
from services.grounding.claims.quotations import Quotation, find_quotations, prove, spans_in
from services.grounding.claims.words import tokens

TEXT = (
    "1. The keeper of a lending library shall, within twenty-eight days of its opening, register the library.\n\n"
    "(a)\n\nThe co-operation of the owner’s agents is required under § 4 — save in “urgent” cases;\n\n"
    "3.b\n\nno fee may be charged for the first-class ﬁle of a reader, or for a copy of it."
)


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        pytest.param(
            'It says "the keeper shall register the library".', ["the keeper shall register the library"], id="straight"
        ),
        pytest.param("It says “the keeper shall register”.", ["the keeper shall register"], id="curly"),
        pytest.param(
            "It says ‘the keeper’s library’ is open.", ["the keeper’s library"], id="curly single, apostrophe"
        ),
        pytest.param(
            "It says 'the keeper's library' is open.", ["the keeper's library"], id="straight single, apostrophe"
        ),
        pytest.param("Il dit « la loi » et «rien».", [" la loi ", "rien"], id="guillemets"),
        pytest.param("Es heißt „kein Mensch“ hier.", ["kein Mensch"], id="German"),
        pytest.param("Es heißt »kein Mensch« hier.", ["kein Mensch"], id="German guillemets"),
        pytest.param(
            "Section 1 reads:\n\n> The keeper shall\n> register.\n\nSo it is.",
            ["The keeper shall\n  register."],
            id="block",
        ),
        pytest.param("He said \"a 'nested' word\" there.", ["a 'nested' word"], id="nested"),
        pytest.param(
            "It says “a “lending library” is open”.", ["a “lending library” is open"], id="nested in its kind"
        ),
        pytest.param("It says “a lending library” “.", ["a lending library"], id="a mark too many"),
        pytest.param("The owners' rights and the readers' duties.", [], id="apostrophes"),
        pytest.param('A pipe of 5" and one of 6" width.', [], id="inches"),
        pytest.param('"One" and "two".', ["One", "two"], id="two"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_quotations_are_found_in_every_style(answer: str, found: list[str]) -> None:
    quotations = find_quotations(answer)

    assert [quotation.text for quotation in quotations] == found
    for quotation in quotations:
        assert answer[quotation.start : quotation.end].replace("\n> ", "\n  ") == quotation.text


@pytest.mark.parametrize(
    ("answer", "must"),
    [
        pytest.param('The Act calls this a "lending library".', False, id="a term"),
        pytest.param('So-called "free" copies are sold.', False, id="held at a distance"),
        pytest.param('Section 2 is headed "Loans to readers".', False, id="a heading"),
        pytest.param('Section 2 says "no fee" is due.', True, id="short, given out as words"),
        pytest.param('Whoever "keeps a library open to the public" must register.', True, id="long"),
        pytest.param("Section 2 reads:\n> no fee\n", True, id="a block"),
    ],
)
def test_terms_and_titles_need_no_proof_and_what_is_given_out_as_words_does(answer: str, must: bool) -> None:
    assert [quotation.must_be_proved for quotation in find_quotations(answer)] == [must]


@pytest.mark.parametrize(
    "quoted",
    [
        pytest.param("The keeper of a lending library shall", id="as it is"),
        pytest.param("the keeper of a lending library shall", id="small first letter"),
        pytest.param("[t]he keeper of a lending library", id="first letter in brackets"),
        pytest.param("The keeper … register the library", id="ellipsis"),
        pytest.param("The keeper ... register the library.", id="three dots"),
        pytest.param("The keeper [...] register the library", id="dots in brackets"),
        pytest.param("The keeper of a lending library shall, […] register the library", id="ellipsis in brackets"),
        pytest.param("The keeper of [the] library shall", id="words put in"),
        pytest.param("within twenty-eight days (emphasis added)", id="emphasis added"),
        pytest.param("within **twenty-eight days** of its opening", id="markup"),
        pytest.param("within twenty‑eight days of its opening,", id="other hyphen, comma inside"),
        pytest.param("of its  opening,\nregister\u00a0the library", id="white space"),
        pytest.param(
            "The cooperation of the owner's agents is required under §4", id="hyphen, apostrophe, section sign"
        ),
        pytest.param('§ 4 - save in "urgent" cases', id="dash and quotation marks"),
        pytest.param("the first-class file of a reader", id="ligature"),
        pytest.param("in “urgent” cases; no fee may be charged", id="over a number of its own line"),
        pytest.param("register the library. (a) The co-operation", id="with the number as lawyers write it"),
        pytest.param("under § 4 — save in 'urgent' cases; (b) no fee", id="other number style"),
        pytest.param("The * keeper of a lending library", id="a sign of a list"),
        pytest.param("co\u00adoperation of the owner’s agents", id="soft hyphen"),
    ],
)
def test_a_quotation_word_for_word_is_proved(quoted: str) -> None:
    proof = prove(Quotation(quoted, 0, len(quoted)), TEXT)

    assert proof.is_proved
    assert proof.sentence == ""
    assert all(0 <= start < end <= len(TEXT) for start, end in proof.spans)


@pytest.mark.parametrize(
    ("quoted", "text"),
    [
        pytest.param(
            "if it is signed, and it is sealed", "if—\n(a) it is signed, and\n(b) it is sealed.", id="leading"
        ),
        pytest.param(
            "if it is (a) signed, and (b) sealed", "if it is\n\n3.a\n\nsigned, and\n\n3.b\n\nsealed", id="alone"
        ),
        pytest.param(
            "under section 109 or 110", "under section 109 or\n110\nof the Act", id="a number where a line breaks"
        ),
        pytest.param("the right ends. A new one begins", "the right ends. ▼M3 A new one begins", id="consolidated"),
    ],
)
def test_numbers_of_subdivisions_may_be_left_out_between_quoted_words(quoted: str, text: str) -> None:
    assert spans_in(quoted, text)


@pytest.mark.parametrize(
    ("quoted", "told"),
    [
        pytest.param("The keeper of a lending library must", '"must" where the provision has "shall"', id="changed"),
        pytest.param("The keeper of a library shall", '"lending" is left out', id="left out"),
        pytest.param("The keeper of a lending library shall always register", '"always" where', id="put in"),
        pytest.param("twenty-eight days within", "within", id="reordered"),
        pytest.param("the Library", "", id="capital"),
        pytest.param("The keeper shall", "", id="left out without a sign"),
        pytest.param("The library … The keeper", "", id="nothing behind the dots"),
        pytest.param("he keeper of a lending", "", id="begins in a word"),
        pytest.param("register the librar", "", id="ends in a word"),
        pytest.param("register the library … The keeper of", "", id="parts in another order"),
        pytest.param("Elephants sing", "does not stand", id="nothing alike"),
    ],
)
def test_a_quotation_that_differs_fails_and_says_where(quoted: str, told: str) -> None:
    proof = prove(Quotation(quoted, 0, len(quoted)), TEXT)

    assert not proof.is_proved
    assert told in proof.sentence
    assert " ".join(TEXT[slice(*proof.nearest_span)].split()) == proof.nearest


_WORD = st.sampled_from(
    "keeper library shall register reader borrow may not unless within days owner’s first-class § “urgent” cases; fee, "
    "of the a".split()
)
_PASSAGE = st.lists(_WORD, min_size=12, max_size=60).map(" ".join)
_SPACES = st.sampled_from([" ", "  ", "\n", "\u00a0", "\t", " \u200b"])
_VARIANTS = {"’": "'‘`", "“": '"„«', "”": '"“»', "-": "‐‑–", "§": "§"}


@given(st.data(), _PASSAGE)
def test_a_passage_cut_at_word_borders_is_always_proved(data: st.DataObject, text: str) -> None:
    words = text.split(" ")
    start = data.draw(st.integers(0, len(words) - 2))
    end = data.draw(st.integers(start + 1, len(words)))
    cut = words[start:end]
    assume(any(sign.isalnum() for word in cut for sign in word))
    quoted = cut[0] + "".join(data.draw(_SPACES) + word for word in cut[1:])
    for sign, others in _VARIANTS.items():
        quoted = quoted.replace(sign, data.draw(st.sampled_from(list(others + sign))))

    assert spans_in(quoted, text)


@given(st.data(), _PASSAGE)
def test_a_passage_with_one_word_changed_is_never_proved(data: st.DataObject, text: str) -> None:
    words = text.split(" ")
    changed = data.draw(st.sampled_from([i for i, word in enumerate(words) if re.search(r"[a-z]{2}", word)] or [0]))
    words[changed] = "zebra"

    assert not spans_in(" ".join(words), text)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_can_be_searched_for_quotations_and_held_against_any(answer: str, text: str) -> None:
    for quotation in find_quotations(f'It says "{answer}". {answer}'):
        for start, end in prove(quotation, text).spans:
            assert 0 <= start < end <= len(text)


@given(st.text(max_size=300))
def test_a_folded_text_keeps_where_each_sign_came_from(text: str) -> None:
    folded = fold(text)

    assert len(folded.text) == len(folded.places)
    assert folded.places == sorted(folded.places)
    assert not re.search(r"\s", folded.text)
    assert [token.word for token in tokens(text)] or not re.search(r"[a-z]", folded.text)
