"""Headings, steps and words are found in the text of a draft."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.drafts.text import (
    count_words,
    folded_words,
    headings,
    is_english,
    share_of_english,
    step_numbers,
    steps_of,
    words_of,
)


@pytest.mark.parametrize(
    "line", ["ISSUE: x", "## Issue", "**Issue:** text", "**ISSUE**: x", "issue: x", "Issue", "1. ISSUE: x"]
)
def test_heading_is_recognised_in_the_form(line: str) -> None:
    assert [title.casefold() for title in headings(f"{line}\nsome text that goes on.")] == ["issue"]


def test_sentence_is_no_heading() -> None:
    assert headings("The court of first instance then went on to hold that this was so: never.") == []
    assert headings("The issue is clear.") == []
    assert headings("## One two three four five six seven eight nine\nThe text.") == []


def test_steps_are_taken_apart_and_words_counted() -> None:
    assert steps_of("Step 1: a b\nmore\nStep 2) c") == ["a b\nmore", "c"]
    assert count_words("It's a well-known rule.") == 4
    assert share_of_english("") == 0.0
    assert step_numbers("Step 1: a b\nmore\nStep 2) c") == [1, 2]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_words_without_case_are_those_of_the_text_without_case(text: str) -> None:
    assert folded_words(text) == words_of(text.casefold())


def test_no_letter_falls_apart_unnoticed_when_its_case_is_folded() -> None:
    letters = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)

    assert [one for one in letters if one.casefold() != one and folded_words(one) != words_of(one.casefold())] == []


@given(st.lists(st.sampled_from(["the", "Of", "law", "AND", "x1", "zeta"]), max_size=30), st.sampled_from([0.1, 0.5]))
def test_english_is_told_as_by_its_share(words: list[str], least: float) -> None:
    text = " ".join(words)

    assert is_english(text, least) == (share_of_english(text) >= least)
