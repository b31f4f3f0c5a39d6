"""Intents: what is learned from the labelled phrases, the hard pairs, and what no text may do."""

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.assistant.intents import Lessons, Told, calibration, report, share_right
from services.assistant.intent_catalogue import INTENTS, load_intent_catalogue
from services.assistant.intent_model import Training
from services.assistant.intents import Intent, Mode, rank
from services.assistant.words import corrected, is_one_slip, tokens
from tests.fakes import CATALOG
from utils.errors import ConfigurationError

FILES = ("intents.toml", "phrases.csv")


@cache
def lessons() -> Lessons:
    return Lessons(load_intent_catalogue(CATALOG))


@cache
def unseen() -> list[Told]:
    return lessons().cross_validated()


def told(text: str, mode: str = "chat", documents: bool = False, attached: bool = False) -> Intent:
    chosen: Mode = "shopping" if mode == "shopping" else "chat"
    return lessons().classifier.classify(text, lessons().words, chosen, attached, documents)


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    (tmp_path / "assistant").mkdir()
    for name in FILES:
        (tmp_path / "assistant" / name).write_bytes((CATALOG / "assistant" / name).read_bytes())
    return tmp_path


def test_phrases_that_were_not_learned_from_are_told_right() -> None:
    assert share_right(unseen()) >= 0.94, report(unseen())


def test_phrases_of_an_author_are_told_right_by_those_of_others() -> None:
    assert share_right(lessons().by_others("second")) >= 0.92


def test_confidence_is_the_share_that_is_right() -> None:
    bins = [one for one in calibration(unseen()) if one.phrases >= 30]

    assert len(bins) >= 4
    assert [one for one in bins if one.said - one.right > 0.07] == []
    assert [one for one in bins if one.low >= 0.6 and one.right - one.said > 0.07] == []  # guesses may be modest
    assert abs(sum(one.confidence for one in unseen()) / len(unseen()) - share_right(unseen())) < 0.02


def test_hardly_any_phrase_of_another_kind_is_taken_for_making() -> None:
    made = [one for one in unseen() if one.name == "generate_sample"]
    wrong = [one for one in made if one.label != "generate_sample"]

    assert len(made) > 100
    assert len(wrong) <= 0.06 * len(made), report(wrong)
    assert min(one.confidence for one in made) >= 0.6


def test_same_phrases_give_the_same_weights() -> None:
    first, second = lessons().classifier.model(), Lessons(load_intent_catalogue(CATALOG)).classifier.model()

    assert first.places == second.places
    assert np.array_equal(first.weights, second.weights)


def test_a_phrase_teaches() -> None:
    vectors = [{"word:a": 1.0}, {"word:b": 1.0}, {"word:c": 1.0}]

    model = Training([*vectors, {"word:new": 1.0}], [0, 1, 2, 1]).model()

    assert model.points({"word:new": 1.0}).index(max(model.points({"word:new": 1.0}))) == 1
    assert model.pulls({"word:new": 1.0}, 1, 0)[0][0] == "word:new"
    assert model.points({"word:never seen": 1.0}) == [0.0, 0.0, 0.0]


def test_weights_give_the_points_of_the_phrases_products() -> None:
    rows = lessons().readings[:40]
    kinds = [number % 3 for number in range(40)]
    training = Training([*(row.vector for row in rows), rows[0].vector], [*kinds, 0])

    held = training.held_out([40])[0]

    without = Training([row.vector for row in rows], kinds).model()
    assert held == pytest.approx(without.points(rows[0].vector))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("How many directors must a public company have?", "document_question"),
        ("How many samples on directors do we have?", "dataset_query"),
        ("Is Donoghue v Stevenson [1932] AC 562 a real case?", "citation_check"),
        ("is donoghue v stevenson [1932] ac 562 a real case", "citation_check"),
        ("Give me 50 samples on trusts", "generate_sample"),
        ("show me 50 samples on trusts", "dataset_query"),
        ("a ready data set on trusts to fine-tune on", "product_search"),
        ("Summarise section 172", "document_question"),
        ("summarize section 172", "document_question"),
        ("don't generate anything, just count the samples on trusts", "dataset_query"),
        ("DO NOT MAKE ANY SAMPLES, how many are there on trusts", "dataset_query"),
        ("genrate 5 smples on trusts", "generate_sample"),
        ("gnerate ten sampels on esaements", "generate_sample"),
        ("how mnay smaples do we haev on tursts", "dataset_query"),
        ("sumarise the judgement on neglignce", "document_question"),
    ],
)
def test_hard_pairs_are_told_apart(text: str, name: str) -> None:
    assert told(text).name == name


@pytest.mark.parametrize(
    "text", ["[1933] AC 17", "Smith v Jones [1999] 1 WLR 5", "Rigby v Chief Constable [1985] 1 WLR 1242"]
)
def test_bare_citation_is_surely_to_be_checked(text: str) -> None:
    found = told(text, documents=True)

    assert (found.name, found.confidence) == ("citation_check", 0.99)
    assert found.reason.startswith("nothing but a citation")


@pytest.mark.parametrize(
    "text", ["generate 10 samples on tax", "make 5 samples on trusts", "write 20 questions on bail"]
)
def test_making_that_is_ruled_out_is_never_told(text: str) -> None:
    assert told(text).name == "generate_sample"
    for ban in ("do not", "don't", "please never"):
        assert dict(told(f"{ban} {text}").candidates)["generate_sample"] == 0


@pytest.mark.parametrize("text", ["yes", "Yes, please!", "ok", "no thank you", "sure"])
def test_bare_yes_or_no_orders_nothing_outside_of_shopping(text: str) -> None:
    assert told(text).name == "general"
    assert told(text).reason.startswith("a bare yes or no")
    assert not told(text, "shopping").reason.startswith("a bare yes or no")


@pytest.mark.parametrize("tag", ["<img src=x onerror=alert(1)>", "<b>", "</script>"])
def test_markup_alone_orders_nothing_and_within_a_question_changes_nothing(tag: str) -> None:
    question = "What does section 3 say?"

    assert told(tag).name == "general"
    assert told(f"{tag} {question} {tag}").candidates == told(question).candidates


def test_a_guess_makes_nothing() -> None:
    odds = [0.0, 0.0, 0.5, 0.0, 1.0, 0.0]

    ranked = rank(odds, ())

    assert ranked[0][0] == "dataset_query"
    assert ranked[1][0] == "generate_sample"
    assert rank([0.0, 0.0, 0.5, 0.0, 9.0, 0.0], ())[0][0] == "generate_sample"


def test_what_is_attached_makes_a_question_of_documents_likelier() -> None:
    chances = [dict(told("what is this about", attached=attached).candidates) for attached in (False, True)]

    assert chances[1]["document_question"] > chances[0]["document_question"]
    assert told("how many samples on trusts do we have", documents=True).name == "dataset_query"


def test_reason_names_what_spoke_for_it() -> None:
    assert "count" in told("How many samples on directors do we have?").reason


@pytest.mark.parametrize(
    "text", ["Wie viele Beispiele gibt es?", "Bonjour, comment ça va ?", "¿Qué es esto?", "", "你好"]
)
def test_what_is_not_english_is_a_guess_of_low_confidence_or_general(text: str) -> None:
    found = told(text)

    assert found.name == "general" or found.confidence < 0.6


def test_shopping_mode_takes_short_answers_for_shopping() -> None:
    assert told("UK contract", "shopping").name == "product_search"
    assert told("How many samples on directors do we have?", "shopping").name == "dataset_query"


@given(st.text(max_size=300))
def test_any_text_has_one_intent_with_a_confidence_and_all_candidates(text: str) -> None:
    found = told(text)

    assert {name for name, _ in found.candidates} == set(INTENTS)
    assert (found.name, found.confidence) == found.candidates[0]
    assert 0 < found.confidence < 1
    assert found.name != "generate_sample" or found.confidence >= 0.6


@given(st.text("abcde", min_size=5, max_size=9), st.integers(0, 8), st.sampled_from("xyz"))
def test_one_changed_letter_is_one_slip(word: str, place: int, letter: str) -> None:
    place = min(place, len(word) - 1)
    changed = word[:place] + letter + word[place + 1 :]

    assert is_one_slip(word, changed)
    assert is_one_slip(word, word[:place] + word[place + 1 :])
    assert not is_one_slip(word, f"zz{word}")


def test_words_of_their_own_are_no_slips() -> None:
    assert corrected(tokens("the court"), {"count"}, {"court"}) == ["the", "court"]
    assert corrected(tokens("contarct smaples"), {"contract", "samples"}) == ["contract", "samples"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        pytest.param(
            "nonsense,me,hello there friend", "intent: got 'nonsense', want one of citation_check", id="intent"
        ),
        pytest.param("general,me,well, hello", "got 4 cells, want 3; put a phrase with commas in quotes", id="comma"),
        pytest.param("general,me, ", "phrase: got nothing", id="empty"),
        pytest.param("general,me,HELLO", "phrase 'HELLO' is there twice", id="twice"),
    ],
)
def test_broken_phrase_is_refused_with_its_line(catalogue: Path, line: str, fault: str) -> None:
    path = catalogue / "assistant" / "phrases.csv"
    number = len(path.read_text(encoding="utf-8").splitlines()) + 1
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")

    with pytest.raises(ConfigurationError, match=rf"phrases.csv:{number}: {fault}"):
        load_intent_catalogue(catalogue)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        pytest.param("", r"columns: got \[\], want \['intent', 'author', 'phrase'\]", id="empty"),
        pytest.param("intent,author,phrase\ngeneral,,hello\n", "no phrase for citation_check", id="kinds"),
        pytest.param(None, "cannot be read", id="missing"),
    ],
)
def test_file_of_phrases_that_cannot_teach_is_refused(catalogue: Path, content: str | None, fault: str) -> None:
    path = catalogue / "assistant" / "phrases.csv"
    path.unlink()
    if content is not None:
        path.write_text(content, encoding="utf-8")

    with pytest.raises(ConfigurationError, match=fault):
        load_intent_catalogue(catalogue)


def test_every_intent_has_many_phrases() -> None:
    with (CATALOG / "assistant" / "phrases.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert len(rows) == len(lessons().phrases) > 1000
    assert min(sum(row["intent"] == name for row in rows) for name in INTENTS) >= 100
