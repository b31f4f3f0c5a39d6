"""Where a refused draft is marked: what the reason names is found, and nothing of the draft becomes HTML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.parts.draft_marks import marked, marked_raw

TEXTS = {
    "question": "Who pays?",
    "answer": "See Foo v Bar [2020]  UKSC 99. As an AI language model I cannot say. <b>x</b>",
    "case_citation": "Foo v Bar [2020] UKSC 99",
    "reasoning": "Step 1: one thing.\nStep 2: short.\nStep 3: another thing.",
}


@pytest.mark.parametrize(
    ("reason", "field", "passage"),
    [
        pytest.param(
            "leftovers: words of the model about itself in the answer ('As an AI language model')",
            "answer",
            "As an AI language model",
            id="in quotes",
        ),
        pytest.param("leftovers: x in the answer ('<b>x</b>')", "answer", "&lt;b&gt;x&lt;/b&gt;", id="markup"),
        pytest.param(
            "citation invalid: Foo v Bar [2020] UKSC 99: there were no more than 60: see the court",
            "answer",
            "Foo v Bar [2020]  UKSC 99",
            id="citation, whatever its spaces",
        ),
        pytest.param(
            "citation invalid: Foo v Bar [2020] UKSC 99: no",
            "case_citation",
            "Foo v Bar [2020] UKSC 99",
            id="citations",
        ),
        pytest.param("reasoning step 2: got 1 words, want at least 6", "reasoning", "Step 2: short.", id="step"),
        pytest.param("reasoning step 3: repeats another step", "reasoning", "Step 3: another thing.", id="last step"),
    ],
)
def test_problem_is_marked_where_it_stands(reason: str, field: str, passage: str) -> None:
    found = marked(TEXTS, reason)

    assert f'<mark class="invalid">{passage}</mark>' in found.texts[field]
    assert field in found.fields
    assert "<b>" not in found.texts["answer"]


@pytest.mark.parametrize(
    ("reason", "about"),
    [
        pytest.param("answer too short: got 3 words, want at least 80", "answer", id="answer"),
        pytest.param("language: the question is not English prose (3% common words)", "question", id="question"),
        pytest.param("reasoning too short: got 3 characters, want at least 80", "reasoning", id="reasoning"),
        pytest.param("sections: got 1 of at least 3, missing RULE", "answer", id="sections"),
        pytest.param("jurisdiction: got 0 of 2 authorities of uk", "case_citation", id="citations"),
        pytest.param("contaminated: 3 windows of 13 words stand in the benchmark x", "", id="draft"),
    ],
)
def test_problem_without_a_place_is_told_by_its_field(reason: str, about: str) -> None:
    found = marked(TEXTS, reason)

    assert (found.places, found.fields, found.about) == (0, (), about)
    assert "<mark" not in "".join(found.texts.values())


@given(st.text(alphabet="<>&\"' \nab.[]é", max_size=60), st.text(alphabet="<>&\"' ab.:;([é\\", max_size=40))
def test_no_text_and_no_reason_becomes_markup(text: str, reason: str) -> None:
    shown = marked({"answer": text, "reasoning": text}, reason).texts["answer"]
    plain = shown.replace('<mark class="invalid">', "").replace("</mark>", "")

    assert "<" not in plain
    assert plain.unescape() == text
    assert "<" not in marked_raw(text, reason).replace('<mark class="invalid">', "").replace("</mark>", "")
