"""Differing words of two texts."""

from hypothesis import given
from hypothesis import strategies as st

from web.parts.differences import differences

TEXTS = st.text(alphabet="ab .,\né", max_size=60)


def test_a_word_that_was_changed_is_marked_on_both_sides() -> None:
    one, other = differences("The seller must deliver.", "The buyer must deliver.")

    assert [part.text for part in one if part.differs] == ["seller"]
    assert [part.text for part in other if part.differs] == ["buyer"]


@given(TEXTS, TEXTS)
def test_parts_joined_are_the_texts(one: str, other: str) -> None:
    parts = differences(one, other)

    assert tuple("".join(part.text for part in side) for side in parts) == (one, other)


@given(TEXTS)
def test_nothing_differs_from_itself(text: str) -> None:
    assert not any(part.differs for side in differences(text, text) for part in side)


def test_long_texts_are_compared_by_sentences_and_stay_whole() -> None:
    text = "One word and another. " * 2_000 + "No full stop"

    one, other = differences(text, text.replace("another", "one more", 1))

    assert "".join(part.text for part in one) == text
    assert [part.text for part in other if part.differs] == ["One word and one more."]
