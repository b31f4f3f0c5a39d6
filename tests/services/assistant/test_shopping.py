"""Shopping: three questions at most, options of few words, products and a draft at the end; nothing is started."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.assistant.products import ProductStore
from models.contract.answers.assistant_data import ProductSearch
from models.contract.bodies import BatchRequest
from models.engines.writer import Writer
from models.fields import validated
from models.samples.sample_store import SampleStore
from services.assistant.product_service import ProductService
from services.assistant.shopping import MOST_QUESTIONS, Option, Question, Shopping, ShoppingState, Turn
from services.assistant.vocabulary import vocabulary_of
from services.batch.planner import plan
from tests.fakes import CATALOGUE, SAMPLE
from utils.clock import ManualClock
from utils.errors import InputError

WORDS = vocabulary_of(CATALOGUE)


class Shelf:
    """Holds one product of *matching* samples, or none."""

    def __init__(self, matching: int = 0) -> None:
        self._matching = matching
        self.filters: Mapping[str, str] = {}

    def find(self, text: str, filters: Mapping[str, str], limit: int) -> ProductSearch:
        self.filters = filters
        product: Any = {"id": "prod_1", "name": "One", "matching": self._matching}
        found = [product] if self._matching else []
        return {"products": found[:limit], "count": len(found), "query": text}


def shopping(shelf: Shelf | None = None) -> Shopping:
    return Shopping(CATALOGUE, shelf or Shelf(), lambda: WORDS, lambda filters: 0)


def walked(shop: Shopping, text: str, *answers: str) -> Turn:
    turn = shop.start(text)
    for answer in answers:
        kept = json.loads(json.dumps(turn.state.to_json()))
        turn = shop.reply(shop.restore(kept), answer)
    return turn


def test_three_questions_lead_to_a_draft_where_there_is_nothing() -> None:
    turn = walked(shopping(), "I want a data set", "United Kingdom", "Tort Law", "expert")

    assert turn.state.is_done
    assert turn.product_cards == ()
    assert turn.status()["asked"] == ["jurisdiction", "practice_area", "difficulty"]
    assert turn.draft_batch is not None
    assert (turn.draft_batch["count"], turn.draft_batch["jurisdiction"], turn.draft_batch["difficulty"]) == (
        100,
        "uk",
        "expert",
    )
    jobs = list(plan(validated(BatchRequest, turn.draft_batch), CATALOGUE, 20))
    assert {(job.jurisdiction, job.practice_area, job.difficulty) for job in jobs} == {("uk", "Tort Law", "expert")}
    assert "nothing was started" in turn.text


def test_what_was_said_is_not_asked() -> None:
    turn = shopping().start("a ready data set of 500 expert UK samples on trusts to fine-tune on")

    assert turn.state.is_done
    assert turn.status()["step"] == 0
    assert turn.status()["answers"] == {
        "jurisdiction": "uk", "practice_area": "Trusts Law", "difficulty": "expert", "size": "500",
    }  # fmt: skip


@pytest.mark.parametrize("answer", ["1", "option 1", "1.", "United Kingdom", "english law please"])
def test_answer_may_be_a_number_an_option_or_free_words(answer: str) -> None:
    turn = walked(shopping(), "data to train on", answer)

    assert turn.status()["answers"] == {"jurisdiction": "uk"}


def test_answer_that_is_not_understood_is_told_and_taken_as_any() -> None:
    turn = walked(shopping(), "data to train on", "purple")

    assert "'purple' was not understood and is taken as any" in turn.text
    assert turn.status()["answers"] == {"jurisdiction": "any"}


def test_nothing_is_drafted_where_a_product_has_enough() -> None:
    shelf = Shelf(matching=120)

    turn = walked(shopping(shelf), "uk tort, expert, 100 samples")

    assert [card["id"] for card in turn.product_cards] == ["prod_1"]
    assert turn.draft_batch is None
    assert shelf.filters == {"jurisdiction": "uk", "practice_area": "Tort Law", "difficulty": "expert"}


def test_only_what_is_missing_is_drafted() -> None:
    turn = walked(shopping(Shelf(matching=120)), "uk tort, expert, 500 samples")

    assert turn.draft_batch is not None
    assert turn.draft_batch["count"] == 380


@given(st.lists(st.text(max_size=40), max_size=6), st.text(max_size=60))
def test_no_talk_leads_to_a_fourth_question(answers: list[str], text: str) -> None:
    shop = shopping()
    turn = shop.start(text)

    for answer in answers:
        if turn.state.is_done:
            break
        turn = shop.reply(turn.state, answer)

    assert len(turn.state.asked) <= MOST_QUESTIONS
    assert len(set(turn.state.asked)) == len(turn.state.asked)
    assert turn.state.is_done or (turn.question is not None and len(answers) < MOST_QUESTIONS)
    if turn.draft_batch is not None:
        assert list(plan(validated(BatchRequest, turn.draft_batch), CATALOGUE, 3))


def test_client_cannot_ask_for_more_by_the_kept_state() -> None:
    kept = walked(shopping(), "data").state.to_json()

    for asked in (["jurisdiction"] * 4, ["nonsense"], 3):
        with pytest.raises(InputError, match="shopping: the kept state cannot be read"):
            shopping().restore({**kept, "asked": asked})
    with pytest.raises(ValueError, match="want at most 3"):
        ShoppingState("x", ("jurisdiction", "practice_area", "difficulty", "size"))


def test_products_and_samples_that_are_there_are_found_by_their_area(
    store: SampleStore, writer: Writer, clock: ManualClock
) -> None:
    for number in range(3):
        store.add({**SAMPLE, "id": f"s{number}", "jurisdiction": "uk", "difficulty": "expert"})
    products = ProductService(ProductStore(writer.engine, writer), store, clock)
    saved = products.save("Contract", "", {"difficulty": "expert"})

    turn = walked(Shopping(CATALOGUE, products, lambda: WORDS, store.count), "uk contract law, expert, 20 samples")

    assert [card["id"] for card in turn.product_cards] == [saved["id"]]
    assert turn.product_cards[0]["matching"] == 3
    assert "the data set has 3 such samples" in turn.text
    assert turn.draft_batch is not None
    assert turn.draft_batch["count"] == 17


def test_areas_with_samples_are_offered_first(store: SampleStore) -> None:
    store.add({**SAMPLE, "jurisdiction": "uk", "topic": "Tax Law - VAT"})

    turn = Shopping(CATALOGUE, Shelf(), lambda: WORDS, store.count).start("uk data to train on")

    assert turn.question is not None
    assert "Tax Law" in [option.value for option in turn.question.options]


def test_options_are_held_to_their_number_and_length() -> None:
    with pytest.raises(ValueError, match="want 1 to 5 words"):
        Option("one two three four five six", "x")
    with pytest.raises(ValueError, match="want 3 to 4"):
        Question("size", "How many?", (Option("one", "1"), Option("two", "2")))


def test_draft_has_what_was_asked_for() -> None:
    draft = shopping().draft_of("generate 30 expert samples on contract law from the UK")

    assert (draft["count"], draft["difficulty"], draft["jurisdiction"]) == (30, "expert", "uk")
    assert {topic.split(" - ")[0] for topic in draft["mix"]["topics"]} == {"Contract Law"}


def test_draft_about_words_of_topics_has_those_topics() -> None:
    draft = shopping().draft_of("generate 5 samples on directors")

    expected = {row.key for row in CATALOGUE.topics if "Director" in row.key}
    assert set(draft["mix"]["topics"]) == expected != set()


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("generate 5 samples on unicorn law", "unicorn law"),
        ("generate 5 samples about unicorns for students", "unicorns"),
        ("generate 5 samples on contract law and unicorns", "contract law and unicorns"),
        ("generate expert samples regarding the moon, please", "the moon,"),
    ],
)
def test_subject_that_there_is_not_is_refused(text: str, subject: str) -> None:
    with pytest.raises(InputError, match=rf"topic: '{subject}' is not known; .*GET /api/v1/topics"):
        shopping().draft_of(text)


def test_subject_that_is_misspelt_is_told_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"the nearest are .*Contract Law"):
        shopping().draft_of("generate 5 samples on contarct law")


@pytest.mark.parametrize("count", ["100000000", "0", "-5"])
def test_draft_of_too_few_or_too_many_is_refused(count: str) -> None:
    with pytest.raises(InputError, match=f"samples: got {count}, want 1 to 100000"):
        shopping().draft_of(f"generate {count} samples")


def test_answer_to_another_question_is_taken_for_that_one() -> None:
    turn = walked(shopping(), "tort data from the uk to train on", "500 samples")

    assert "was not understood" not in turn.text
    assert "says the number of samples; any difficulty is taken" in turn.text
    assert turn.status()["answers"]["size"] == "500"
    assert turn.status()["answers"]["difficulty"] == "any"


def test_answered_question_keeps_its_answer_unless_it_is_named() -> None:
    kept = walked(shopping(), "tort data from the us to train on", "uk")
    both = walked(shopping(), "tort data from the us to train on", "expert, uk")
    changed = walked(shopping(), "tort data from the us to train on", "expert, and change the jurisdiction to uk")

    assert kept.status()["answers"]["jurisdiction"] == both.status()["answers"]["jurisdiction"] == "us"
    assert "was not understood" not in kept.text
    assert "The legal system stays as it was" in kept.text
    assert "The legal system stays as it was" in both.text
    assert both.status()["answers"]["difficulty"] == "expert"
    assert changed.status()["answers"]["jurisdiction"] == "uk"
    assert "stays" not in changed.text


def test_difficulty_offers_the_hardest_levels_in_order() -> None:
    turn = shopping().start("tort data from the uk to train on")

    assert turn.question is not None
    assert turn.question.field == "difficulty"
    assert [option.value for option in turn.question.options] == [row.id for row in CATALOGUE.difficulties][-4:]
    assert turn.text.endswith("; or say any")
    assert shopping().reply(turn.state, "any").status()["answers"]["difficulty"] == "any"


def test_number_of_questions_is_that_of_those_to_come() -> None:
    assert shopping().start("data to train on").status()["of"] == 3
    assert shopping().start("tort data from the uk to train on").status()["of"] == 2
    assert walked(shopping(), "tort data from the uk to train on", "expert").status()["of"] == 2
    assert shopping().start("500 expert UK samples on trusts").status()["of"] == 0
