"""Review one by one: the turn of each sample, decisions on what was seen, agreement."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bootstrap import build
from models.batches.review_store import ReviewStore
from models.contract.bodies import Review
from models.samples.sample_store import SampleStore
from services.quality.review_service import Agreement, ReviewService
from tests.fakes import examiner, sample, settings_for
from utils.clock import ManualClock
from utils.errors import ConflictError, NotFoundError

ACCEPT = Review(decision="accept", reason="sound")
REJECT = Review(decision="reject", reason="wrong")


@pytest.fixture
def reviews(store: SampleStore, clock: ManualClock) -> ReviewService:
    return ReviewService(store, ReviewStore(store._engine, clock), examiner())


def test_who_goes_on_from_the_first_meets_all_that_wait_in_the_order_of_the_queue(
    store: SampleStore, reviews: ReviewService
) -> None:
    for n in range(9):
        store.add(sample(id=f"s{n}", **({"quality_score": (n * 7 % 5) / 10} if n % 4 else {})))
    reviews.review("s2", ACCEPT)
    wanted = [one["id"] for one in reviews.queue(100, 0, {})[0]]

    met, backwards, name = [], [], ""
    while True:
        turn = reviews.turn(name, {})
        assert turn.sample is not None
        met.append(turn.sample["id"])
        assert (turn.place, turn.waiting, turn.total) == (len(met), 8, 9)
        if turn.after is None:
            break
        name = turn.after
    while turn.before is not None:
        backwards.append(turn.before)
        turn = reviews.turn(turn.before, {})

    assert met == wanted
    assert backwards[::-1] == wanted[:-1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)
@given(st.permutations(range(5)))
def test_from_a_sample_that_was_decided_the_next_that_waits_follows(
    store: SampleStore, reviews: ReviewService, order: list[int]
) -> None:
    names = [f"p{number}" for number in range(5)]
    for name in names:
        if not any(row["id"] == name for row in store.walk()):
            store.add(sample(id=name, topic="P - Q"))
        store.update(name, {"review": None})
    waiting = set(names)
    for number in order:
        reviews.review(names[number], ACCEPT)
        waiting.discard(names[number])
        turn = reviews.turn(names[number], {"topic": "P - Q"})
        assert turn.after == min((name for name in waiting if name > names[number]), default=None)
        assert turn.before == max((name for name in waiting if name < names[number]), default=None)


def test_there_is_no_turn_where_none_waits_and_none_of_what_is_not_there(
    store: SampleStore, reviews: ReviewService
) -> None:
    assert reviews.turn("", {}).sample is None
    store.add(sample(id="one"))
    reviews.review("one", REJECT)

    turn = reviews.turn("", {})

    assert (turn.sample, turn.waiting, turn.total) == (None, 0, 1)
    with pytest.raises(NotFoundError):
        reviews.turn("nobody", {})


def test_decision_on_a_sample_that_changed_since_is_not_recorded(
    store: SampleStore, reviews: ReviewService, clock: ManualClock
) -> None:
    store.add(sample(id="one"))
    seen = store.get("one")["updated_at"] or ""
    clock.advance(1)
    reviews.decide("one", ACCEPT, seen)
    clock.advance(1)

    with pytest.raises(ConflictError, match="was changed since you loaded it"):
        reviews.decide("one", REJECT, seen)

    assert store.get("one")["review"] == "accepted"
    assert [one["decision"] for one in reviews.history("one")] == ["accept"]
    reviews.decide("one", REJECT, store.get("one")["updated_at"] or "")
    assert store.get("one")["review"] == "rejected"


def test_edit_of_a_sample_that_changed_since_changes_nothing(tmp_path: Path) -> None:
    clock = ManualClock()
    service = build(settings_for(tmp_path), clock).start()
    try:
        dataset = service.dataset
        seen = dataset.add(sample(id="one"))["updated_at"] or ""
        clock.advance(1)
        dataset.update("one", {"topic": "A - B"}, seen)
        clock.advance(1)

        with pytest.raises(ConflictError):
            dataset.update("one", {"topic": "C - D"}, seen)

        assert dataset.get("one")["topic"] == "A - B"
        assert dataset.update("one", {"topic": "C - D"})["topic"] == "C - D"
    finally:
        service.close()


def test_agreement_counts_the_last_word_of_each_who_has_a_name(store: SampleStore, reviews: ReviewService) -> None:
    for name in ("alike", "apart", "alone", "settled"):
        store.add(sample(id=name))
    said = [
        ("alike", "accept", "A"),
        ("alike", "accept", "B"),
        ("apart", "accept", "A"),
        ("apart", "reject", "B"),
        ("alone", "accept", "A"),
        ("alone", "reject", None),
        ("settled", "reject", "A"),
        ("settled", "accept", "B"),
        ("settled", "accept", "A"),
    ]
    for name, decision, reviewer in said:
        reviews.review(name, Review.model_validate({"decision": decision, "reason": "so", "reviewer": reviewer}))

    assert reviews.agreement() == Agreement(shared=3, agreed=2)


def test_decision_that_was_a_mistake_is_taken_back(store: SampleStore, reviews: ReviewService) -> None:
    store.add(sample(id="s"))
    seen = reviews.review("s", Review(decision="reject", reason="slip", reviewer="A"))["updated_at"] or ""

    after = reviews.undo("s", seen, "A")

    assert after["review"] is None
    assert [row["decision"] for row in reviews.history("s")] == ["reject", "undo"]
    assert reviews.turn("", {}).waiting == 1


def test_undo_of_what_somebody_decided_on_since_is_refused(
    store: SampleStore, reviews: ReviewService, clock: ManualClock
) -> None:
    store.add(sample(id="s"))
    seen = reviews.review("s", REJECT)["updated_at"] or ""
    clock.advance(1)
    reviews.review("s", ACCEPT)

    with pytest.raises(ConflictError):
        reviews.undo("s", seen)

    assert store.get("s")["review"] == "accepted"


def test_decision_taken_back_counts_for_no_agreement(store: SampleStore, reviews: ReviewService) -> None:
    store.add(sample(id="s"))
    reviews.review("s", Review(decision="accept", reason="so", reviewer="A"))
    seen = reviews.review("s", Review(decision="reject", reason="slip", reviewer="B"))["updated_at"] or ""
    assert reviews.agreement() == Agreement(1, 0)

    reviews.undo("s", seen, "B")

    assert reviews.agreement() == Agreement(0, 0)


def test_many_are_decided_on_alike_each_with_its_record(store: SampleStore, reviews: ReviewService) -> None:
    for name in ("a", "b"):
        store.add(sample(id=name, question=f"What of {name}?"))

    assert reviews.decide_many(["a", "gone", "b"], REJECT) == ["a", "b"]

    assert [store.get(name)["review"] for name in ("a", "b")] == ["rejected", "rejected"]
    assert [row["reason"] for row in reviews.history("b")] == ["wrong"]
