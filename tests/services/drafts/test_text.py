"""Headings, steps and words are found in the text of a draft."""

import pytest

from services.drafts.text import count_words, headings, share_of_english, steps_of


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
