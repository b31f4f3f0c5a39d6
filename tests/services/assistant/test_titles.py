"""Titles of sessions: the first query, cut at a word, never a thought."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.assistant.stores import AssistantStores
from services.assistant.titles import shortened, title_of
from tests.services.assistant.talk import begun, say


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("Who repairs the roof?", "Who repairs the roof?"),
        ("  Who\nrepairs\tthe roof? ", "Who repairs the roof?"),
        (
            "Does the landlord of a block of flats have to repair the roof when it leaks?",
            "Does the landlord of a block of flats have to repair the…",
        ),
        ("a" * 80, "a" * 59 + "…"),
        ("<think>SECRET</think>Who repairs?", "Who repairs?"),
        ("<think>SECRET", ""),
    ],
)
def test_title_is_the_query_cut_at_a_word(query: str, title: str) -> None:
    assert title_of(query) == title


def test_session_is_called_by_its_first_query_and_not_by_the_answer(stores: AssistantStores) -> None:
    session = begun(stores)

    say(stores, "Who repairs the roof?", "<think>SECRET</think>The landlord.", session_id=session)
    say(stores, "And who pays?", session_id=session)

    assert stores.sessions.get(session).title == "Who repairs the roof?"


@given(st.text(), st.integers(2, 80))
def test_shortened_text_has_at_most_the_room_and_begins_as_it_did(text: str, longest: int) -> None:
    short = shortened(text, longest)

    assert len(short) <= longest
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))
