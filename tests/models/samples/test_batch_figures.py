"""What the samples of a batch are like, from the file and from what is not in it yet."""

from models.samples.batch_figures import batch_figures, writers
from models.samples.sample_store import SampleStore
from tests.fakes import sample


def put(store: SampleStore, *ids: str, **fields: object) -> None:
    for name in ids:
        store.add(sample(id=name, batch_id="b1", provider="groq", model="m", **fields))


def test_figures_are_by_model_and_topic_and_of_this_batch_alone(store: SampleStore) -> None:
    put(store, "a", "b", citation_verdict="verified", citations="[1]", quality_score=0.9, judge_score=0.8)
    put(store, "c", citation_verdict="unverified", citations="[1]", quality_score=0.5, topic="Tort Law - Nuisance")
    store.fold(force=True)
    store.add(sample(id="d", batch_id="b1", provider="local", model="n/2", citations="[]", quality_score=None))
    store.add(sample(id="e", batch_id="b2", quality_score=0.1))

    found = batch_figures(store.snapshot(), "b1")

    assert found["all"]["samples"] == 4
    assert found["all"]["citations"] == {"verified": 2, "unverified": 1, "invalid": 0, "none": 1, "unchecked": 0}
    assert (found["all"]["judged"], found["all"]["judge_mean"]) == (2, 0.8)
    assert list(found["models"]) == ["groq/m", "local/n/2"]
    assert found["models"]["groq/m"]["samples"] == 3
    assert found["models"]["local/n/2"]["quality_mean"] is None
    assert found["topics"]["Tort Law - Nuisance"] == 1


def test_batch_without_samples_has_zeros_and_unknown_means(store: SampleStore) -> None:
    found = batch_figures(store.snapshot(), "b0")

    assert (found["all"]["samples"], found["all"]["judge_mean"], found["models"]) == (0, None, {})


def test_who_wrote_a_batch_is_counted_by_model_most_first(store: SampleStore) -> None:
    store.add(sample(id="x", batch_id="b1", provider="local", model="n"))
    put(store, "a", "b")
    store.fold(force=True)
    store.add(sample(id="e", batch_id="b2", provider=None, model=None))
    store.add(sample(id="f", batch_id="b3"))

    found = writers(store.snapshot(), ["b1", "b2", "b0"])

    assert found == {"b1": {"groq/m": 2, "local/n": 1}, "b2": {"not known/not known": 1}, "b0": {}}
    assert list(found["b1"]) == ["groq/m", "local/n"]
