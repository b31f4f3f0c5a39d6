"""Tokens: the same for text and question, so that what stands in a text is found."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.grounding.retrieval.words import FTS5_TOKENIZER, match_expression, telling_terms, tokens_of

TERMS = st.sampled_from(
    [
        "s.172(1)(a)", "section 172(1)(a)", "§ 1983", "§§ 106-107", "26A", "Art. 6(1)(f)", "2016/679", "[2024] UKSC 1",
        "U.S.C.", "company's", "don't", "no", "9", "a", "travaux préparatoires", "Straße", "state‑owned", "AND", "OR",
        "NOT", "NEAR(x)", '"quoted"', "col:umn", "x*", "-x", "^x", "(", "Кодекс", "ﬁne",
    ]
)  # fmt: skip


def matches(text: str, query: str) -> bool:
    base = sqlite3.connect(":memory:")
    base.execute(f"CREATE VIRTUAL TABLE words USING fts5(tokens, tokenize='{FTS5_TOKENIZER}')")
    base.execute("INSERT INTO words VALUES (?)", (" ".join(tokens_of(text)),))
    expression = match_expression(tokens_of(query)) or '""'
    found = base.execute("SELECT count(*) FROM words WHERE words MATCH ?", (expression,)).fetchone()[0]
    base.close()
    return bool(found)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("s.172(1)(a)", ["s", "section", "172", "1", "172q1", "a", "172q1qa"]),
        ("§ 1983", ["section", "1983"]),
        ("26A", ["26a"]),
        ("Art. 6(1)(f)", ["art", "article", "6", "1", "6q1", "f", "6q1qf"]),
        ("2016/679", ["2016", "679", "2016q679"]),
        ("17 U.S.C. § 107", ["17", "usc", "section", "107"]),
        ("the company's travaux préparatoires", ["the", "company", "travaux", "preparatoires"]),
    ],
)  # fmt: skip
def test_references_keep_their_order_as_one_token_beside_the_loose_ones(text: str, tokens: list[str]) -> None:
    assert tokens_of(text) == tokens


@given(st.lists(TERMS, min_size=1, max_size=6), st.data())
def test_a_term_that_stands_in_a_text_finds_it(terms: list[str], data: st.DataObject) -> None:
    text = " and ".join(terms)
    term = data.draw(st.sampled_from(terms))
    expected = bool(tokens_of(term))

    assert not expected or matches(text, term)


@given(st.lists(TERMS, min_size=1, max_size=4))
def test_neither_case_nor_blanks_change_the_tokens(terms: list[str]) -> None:
    text = " ".join(terms)

    assert tokens_of(text.upper().replace("ẞ", "SS")) == tokens_of(text.lower()) == tokens_of(f"  {text}\n")


@given(st.text(max_size=60))
def test_a_question_of_any_signs_finds_the_text_that_is_like_it_and_no_empty_one(text: str) -> None:
    assert matches(text, text) == bool(tokens_of(text))
    assert not matches("", text)


@given(st.text(max_size=60))
def test_every_token_is_letters_and_digits(text: str) -> None:
    assert all(token and token.isalnum() for token in tokens_of(text))


def test_both_spellings_of_a_section_are_one() -> None:
    assert matches("under section 172(1)(a) of the Act", "s.172(1)(a)")
    assert {"section", "172", "172q1qa"} <= set(tokens_of("s 172(1)(a)")) & set(tokens_of("§ 172(1)(a)"))


def test_words_in_every_text_are_read_last_and_left_out_when_the_budget_is_spent() -> None:
    frequencies = {"the": 900, "of": 800, "estoppel": 3, "promise": 40}

    assert telling_terms(["the", "of", "promise", "estoppel", "unknown"], frequencies, 100) == ["estoppel", "promise"]


def test_a_question_of_common_words_alone_keeps_its_rarest() -> None:
    assert telling_terms(["the", "of"], {"the": 900, "of": 800}, 100) == ["of"]
