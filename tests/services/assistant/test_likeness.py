"""Like turns: the semantic memory is not empty, is the user's own, and says what found it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.assistant.rows import Brief
from models.assistant.stores import AssistantStores
from services.assistant.likeness import Likeness, by_words
from services.assistant.turn_embedding import TurnEmbedding
from tests.services.assistant.talk import FailingEmbedder, ZeroEmbedder, say
from tests.services.grounding.shelves import WordsEmbedder
from utils.cancellation import CancelToken

MOST = 8


def found(stores: AssistantStores, query: str, embedder: WordsEmbedder | None, user: str = "ada") -> list[str]:
    return [turn.query for turn in Likeness(stores.turns, lambda: embedder).of(user, query, (), MOST).turns]


def embed(stores: AssistantStores, embedder: WordsEmbedder) -> int:
    return TurnEmbedding(stores.turns, lambda: embedder).run(CancelToken())


@pytest.mark.parametrize("embeds", [True, False])
def test_turn_that_is_like_a_query_is_found_and_stands_first(stores: AssistantStores, embeds: bool) -> None:
    embedder = WordsEmbedder(dimension=4096) if embeds else None
    for query in ("may the tenant keep a dog", "who repairs the roof of the cottage", "when is the rent due"):
        say(stores, query, response="")
    if embedder is not None:
        assert embed(stores, embedder) == 3

    like = Likeness(stores.turns, lambda: embedder).of("ada", "the roof of the cottage leaks", (), MOST)

    assert like.turns[0].query == "who repairs the roof of the cottage"
    assert like.found_by == ("vectors" if embeds else "words")
    assert like.note == ""


@pytest.mark.parametrize("embeds", [True, False])
def test_turns_of_a_busier_user_do_not_push_out_those_of_another(stores: AssistantStores, embeds: bool) -> None:
    embedder = WordsEmbedder(dimension=4096) if embeds else None
    mine = "does the landlord repair a leaking roof"
    say(stores, mine, response="")
    for number in range(40):
        say(stores, f"the roof leaks {number}", response="the roof leaks", user_id="bob")
    if embedder is not None:
        embed(stores, embedder)

    assert found(stores, "the roof leaks", embedder) == [mine]
    assert found(stores, "the roof leaks", embedder, user="eve") == []
    assert len(found(stores, "the roof leaks", embedder, user="bob")) == MOST


def test_turns_that_could_not_be_embedded_have_no_vector_and_are_found_by_their_words(
    stores: AssistantStores,
) -> None:
    embedder = FailingEmbedder("poison")
    good = say(stores, "who repairs the roof", response="")
    bad = say(stores, "poison in the roof space", response="")
    later = say(stores, "rent of the roof terrace", response="")

    made = embed(stores, embedder)
    again = embed(stores, embedder)
    vectors = {brief.id: brief.vector for brief in stores.turns.briefs("ada", 10, embedder.model_id)}
    like = Likeness(stores.turns, lambda: embedder).of("ada", "roof", (), MOST)

    assert (made, again) == (1, 1)  # the newest, then what had not failed yet; the one that fails ends a round
    assert {turn for turn, vector in vectors.items() if vector is None} == {bad}
    assert all(any(vectors[turn] or b"") for turn in (good, later))
    assert {turn.id for turn in like.turns} == {good, bad, later}
    assert like.found_by == "both"


def test_turn_is_embedded_once_the_embedder_is_back(stores: AssistantStores) -> None:
    embedder = FailingEmbedder("roof")
    made = say(stores, "who repairs the roof")
    first = embed(stores, embedder)
    embedder.words = ()
    second = embed(stores, embedder)

    (brief,) = stores.turns.briefs("ada", 10, embedder.model_id)
    assert (first, second, brief.id) == (0, 1, made)
    assert brief.vector is not None


def test_vector_of_zeros_is_a_failure_and_is_never_kept(stores: AssistantStores) -> None:
    say(stores, "who repairs the roof")

    assert embed(stores, ZeroEmbedder()) == 0
    assert [brief.vector for brief in stores.turns.briefs("ada", 10, "words@1")] == [None]


def test_query_that_cannot_be_embedded_is_answered_by_words_with_a_note(stores: AssistantStores) -> None:
    embedder = FailingEmbedder("poison")
    say(stores, "the roof of the cottage", response="")
    embed(stores, embedder)

    like = Likeness(stores.turns, lambda: embedder).of("ada", "poison on the roof of the cottage", (), MOST)

    assert [turn.query for turn in like.turns] == ["the roof of the cottage"]
    assert like.found_by == "words"
    assert like.note == "the query could not be embedded (the embedder is away), so words alone found"


def test_turns_that_stand_elsewhere_are_left_out(stores: AssistantStores) -> None:
    first, second = (say(stores, "who repairs the roof") for _ in range(2))

    like = Likeness(stores.turns, lambda: None).of("ada", "the roof", (second,), MOST)

    assert [turn.id for turn in like.turns] == [first]


def test_turn_that_shares_no_telling_word_is_not_like(stores: AssistantStores) -> None:
    say(stores, "what is the weather in York", response="Fine.")

    assert found(stores, "what is the notice period in a lease", None) == []


@given(
    st.lists(st.text(st.sampled_from("abc "), max_size=12), max_size=12), st.text(st.sampled_from("abc "), max_size=12)
)
def test_words_find_each_turn_at_most_once_and_only_turns_that_share_one(texts: list[str], query: str) -> None:
    briefs = [Brief(number, text, "", None) for number, text in enumerate(texts)]

    ranked = by_words(query, briefs)

    assert len(ranked) == len(set(ranked))
    assert all(set(query.split()) & set(texts[number].split()) for number in ranked)
