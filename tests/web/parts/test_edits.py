"""What is a change of a form, and what only the browser's way of sending it."""

import pytest

from web.parts.edits import changed_in, merged


@pytest.mark.parametrize(
    ("before", "typed"),
    [("one\ntwo", "one\r\ntwo"), ("\nlead", "lead"), ("a\rb", "a\r\nb"), ("", "")],
)
def test_what_browsers_do_to_line_ends_is_no_change(before: str, typed: str) -> None:
    assert changed_in({"answer": before}, {"answer": typed}) == {}


def test_fields_that_were_changed_are_returned_and_no_others() -> None:
    before = {"answer": "a", "topic": "t", "question": "q"}

    assert changed_in(before, {"answer": "b", "topic": "t", "reason": "r"}) == {"answer": "b"}


def test_what_two_people_changed_is_kept_of_both() -> None:
    before = {"question": "q", "answer": "a", "topic": "t"}
    theirs = {"question": "q of theirs", "answer": "a of theirs", "topic": "t"}

    form = merged(theirs, before, {"answer": "a of mine", "topic": "t of mine"}, "later")

    assert form.shown == {"question": "q of theirs", "answer": "a of mine", "topic": "t of mine"}
    assert form.before == theirs
    assert list(form.theirs) == ["answer"]
    assert "".join(part.text for part in form.theirs["answer"]) == "a of theirs"
