"""Which words of a question a passage shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.grounding.retrieval.shared_words import content_words, shared_words, shares_of


@pytest.mark.parametrize(
    ("question", "words"),
    [
        pytest.param("What is the VAT rate on cheese?", ["VAT", "rate", "cheese"], id="common words do not matter"),
        pytest.param("fee fees FEES", ["fee"], id="one word in several forms is one"),
        pytest.param("What does s 172 say?", ["172"], id="numbers matter"),
        pytest.param("Who’s to have the Crown’s ship?", ["Crown’s", "ship"], id="an apostrophe parts no word"),
        pytest.param("why is it so", [], id="nothing that matters"),
    ],
)
def test_words_that_matter_are_found_as_they_were_written(question: str, words: list[str]) -> None:
    assert list(content_words(question).values()) == words


def test_a_passage_shares_words_in_other_forms_and_those_of_its_headings() -> None:
    text = "The owner pays. Owners must pay."
    shares = shares_of(content_words("Which fee must owners pay?"), text, ["Fees"])

    assert shares.words == ("fee", "owners", "pay")
    assert [text[start:end] for start, end in shares.places] == ["owner", "pays", "Owners", "pay"]


def test_words_are_told_that_no_document_has() -> None:
    shared = shared_words(
        "VAT on cheese bells", [("The bell rings.", ())], {"vat": 0, "on": 4, "cheese": 2, "bells": 1}
    )

    assert shared.words == ("VAT", "cheese", "bells")
    assert shared.found == ("bells",)
    assert shared.absent == ("VAT",)


@given(st.text(), st.text())
def test_places_are_in_order_and_within_the_text(question: str, text: str) -> None:
    places = shares_of(content_words(question + text), text).places

    assert all(0 <= start < end <= len(text) for start, end in places)
    assert list(places) == sorted(places)
