"""Control characters in texts are put right before the texts are stored."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.schemas import new_sample
from utils.control_characters import SUSPECT, put_right

SAMPLE = {
    "id": "s1",
    "question": "q",
    "answer": "a",
    "topic": "t",
    "difficulty": "basic",
    "case_citation": "c",
    "reasoning": "r",
}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("\x0crac{1}{2} of it", "\\frac{1}{2} of it", id="form-feed"),
        pytest.param("\x08eta and \theta", "\\beta and \\theta", id="backspace-and-tab"),
        pytest.param("2 \times 3, \textbf{so}", "2 \\times 3, \\textbf{so}", id="tab"),
        pytest.param("the \rho of it", "the \\rho of it", id="carriage-return"),
        pytest.param("\x93so\x94 \x96 and \x80 5", "“so” – and € 5", id="code-page"),
        pytest.param("\x1b[31mred\x1b[0m", "red", id="terminal"),
        pytest.param("a\x00b\x07c\x7f", "abc", id="others"),
        pytest.param("a\tb\r\nc\nd", "a\tb\r\nc\nd", id="line-ends"),
        pytest.param("one\textract\ttimely\tau pair", "one\textract\ttimely\tau pair", id="words-behind-tabs"),
    ],
)
def test_control_characters_are_put_right(text: str, wanted: str) -> None:
    assert put_right(text) == wanted


@given(st.text())
def test_what_was_put_right_holds_no_control_character_and_stays_as_it_is(text: str) -> None:
    once = put_right(text)

    assert not any((char < " " and char not in "\t\r\n") or "\x7f" <= char < "\xa0" for char in once)
    assert put_right(once) == once


def test_sample_from_outside_is_stored_without_control_characters() -> None:
    sample = new_sample({**SAMPLE, "answer": "\x0crac{1}{2}\x00", "thinking": "a\x01b", "note": "c\x02"})

    assert sample.answer == "\\frac{1}{2}"
    assert sample.thinking == "ab"
    assert (sample.model_extra or {})["note"] == "c"


@given(st.text(st.sampled_from("\t\r\n\x08\x0c\x1b\x00\x85[01mtexhoimsbf{ ")))
def test_nothing_is_put_right_that_is_not_suspect(text: str) -> None:
    assert re.search(SUSPECT, text) is not None or put_right(text) == text
