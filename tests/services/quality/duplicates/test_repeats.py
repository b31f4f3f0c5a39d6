"""Questions that are asked word for word more than once."""

from models.samples.sample_store import SampleStore
from services.quality.duplicates.repeats import repeated_questions
from tests.fakes import sample


def test_samples_of_the_same_question_are_found_in_file_and_journal(store: SampleStore) -> None:
    for name, question in (("a", "Who  is liable?"), ("b", "Who pays?"), ("c", "Who won?")):
        store.add(sample(id=name, question=question, answer=f"Answer {name}."))
    store.fold()
    store.add(sample(id="d", question="who is\nliable? ", answer="Another."))
    store.add(sample(id="e", question="Who won?", answer="One more."))
    store.update("c", {"question": "Who lost?"})
    store.add(sample(id="f", question="Who lost?", answer="He."))
    store.delete("e")

    assert repeated_questions(store.snapshot()) == [("a", "d"), ("c", "f")]


def test_an_empty_data_set_repeats_nothing(store: SampleStore) -> None:
    assert repeated_questions(store.snapshot()) == []
