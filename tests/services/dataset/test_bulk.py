"""Many samples at once: what matches is changed whole, and comes back as it was."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from models.contract.bodies import BulkBody
from models.samples.bulk_store import KEPT, BulkStore
from models.samples.sample_store import SampleStore
from models.samples.search.search_index import SearchIndex
from services.dataset import bulk_service
from services.dataset.bulk_service import BulkService
from services.dataset.search_service import SearchService
from tests.fakes import NoDuplicates, sample
from tests.one_file import file_of
from utils.clock import ManualClock
from utils.errors import ConflictError, InputError, NotFoundError


@pytest.fixture
def bulk(store: SampleStore, tmp_path: Path, clock: ManualClock) -> BulkService:
    search = SearchService(store, SearchIndex(tmp_path / "search.db"))
    return BulkService(store, BulkStore(store._engine), search, NoDuplicates(), clock)


def body(**given: Any) -> BulkBody:
    return BulkBody.model_validate({"filter": {"topic": "A - B"}, **given})


@pytest.fixture
def filled(store: SampleStore, clock: ManualClock) -> SampleStore:
    """Samples in the file and in the journal, of two topics."""
    for n in range(8):
        store.add(sample(id=f"s{n}", topic=("A - B", "C - D")[n % 2], answer=f"answer {n}", score=n))
        if n == 3:
            store.fold()
    clock.advance(60)
    return store


def held(store: SampleStore) -> dict[str, dict[str, object]]:
    return {row["id"]: dict(row) for row in store.walk()}


@pytest.mark.parametrize("then_fold", [True, False])
@pytest.mark.parametrize("what", [{"set": {"topic": "E - F", "tag": "x"}}, {"delete": True}])
def test_change_of_many_is_done_and_undone_as_if_it_had_not_been(
    filled: SampleStore, bulk: BulkService, what: dict[str, Any], then_fold: bool
) -> None:
    before = held(filled)

    done = bulk.change(body(**what))
    if then_fold:
        filled.fold()
    changed = held(filled)
    undone = bulk.undo(str(done["undo"]))

    assert (done["matched"], done["changed"], sorted(done["ids"])) == (4, 4, ["s0", "s2", "s4", "s6"])
    assert changed != before
    assert {name: changed[name]["answer"] for name in ("s1", "s3")} == {"s1": "answer 1", "s3": "answer 3"}
    assert (undone["restored"], undone["left"]) == (4, [])
    after = held(filled)
    assert {name: {k: v for k, v in row.items() if k != "tag"} for name, row in after.items()} == before
    assert not any(row.get("tag") for row in after.values())


def test_dry_run_changes_nothing_and_says_what_it_would(filled: SampleStore, bulk: BulkService) -> None:
    before = held(filled)

    told = bulk.change(body(delete=True, dry_run=True))

    assert (told["matched"], told["changed"], told["dry_run"], told["undo"]) == (4, 4, True, None)
    assert held(filled) == before
    assert bulk.recorded() == []


def test_sample_that_was_changed_since_stays_as_it_is(
    filled: SampleStore, bulk: BulkService, clock: ManualClock
) -> None:
    done = bulk.change(body(set={"difficulty": "expert"}))
    clock.advance(1)
    filled.update("s0", {"answer": "mine"})
    filled.delete("s2")

    undone = bulk.undo(str(done["undo"]))

    assert (undone["restored"], sorted(undone["left"])) == (2, ["s0", "s2"])
    assert (filled.get("s0")["answer"], filled.get("s0")["difficulty"]) == ("mine", "expert")
    assert filled.get("s4")["difficulty"] == "basic"


def test_sample_that_was_added_again_is_not_overwritten(filled: SampleStore, bulk: BulkService) -> None:
    done = bulk.change(body(delete=True))
    filled.add(sample(id="s0", answer="new"))

    undone = bulk.undo(str(done["undo"]))

    assert (undone["restored"], undone["left"], filled.get("s0")["answer"]) == (3, ["s0"], "new")


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({"ids": ["s1", "s2", "gone"]}, ["s1", "s2"]),
        ({"ids": ["s1", "s2"], "topic": "A - B"}, ["s2"]),
        ({"q": "answer 5", "field": "answer"}, ["s5"]),
        ({"q": "answer", "ids": ["s5", "s7"]}, ["s5", "s7"]),
        ({"q": "answer", "topic": "A - B"}, ["s0", "s2", "s4", "s6"]),
        ({"all": True}, [f"s{n}" for n in range(8)]),
    ],
)
def test_samples_are_found_by_values_words_and_ids(
    filled: SampleStore, bulk: BulkService, wanted: dict[str, Any], ids: list[str]
) -> None:
    told = bulk.change(body(filter=wanted, delete=True, dry_run=True))

    assert sorted(told["ids"]) == ids


def test_sample_that_has_the_value_already_is_not_changed(filled: SampleStore, bulk: BulkService) -> None:
    bulk.change(body(filter={"ids": ["s0"]}, set={"difficulty": "expert"}))

    done = bulk.change(body(filter={"ids": ["s0", "s1"]}, set={"difficulty": "expert"}))

    assert (done["matched"], done["ids"]) == (2, ["s1"])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"set": {"question": "x"}}, "set: question cannot be set for many"),
        ({"set": {"review": "accepted"}}, "set: review cannot be set"),
        ({"set": {"provider": "groq"}}, "set: provider cannot be set"),
        ({"set": {"difficulty": "hard"}}, "difficulty: got 'hard'"),
        ({"set": {"topic": ""}}, "Missing required fields: topic"),
        ({"delete": True, "expect": 3}, "expect: 4 samples match, not 3"),
    ],
)
def test_change_that_cannot_be_is_refused_whole(
    filled: SampleStore, bulk: BulkService, given: dict[str, Any], says: str
) -> None:
    before = held(filled)

    with pytest.raises((InputError, ConflictError), match=says):
        bulk.change(body(**given))

    assert held(filled) == before


@pytest.mark.parametrize(
    "given",
    [{}, {"set": {"topic": "x"}, "delete": True}, {"filter": {}, "delete": True},
     {"filter": {"tpoic": "x"}, "delete": True},
     {"filter": {"all": True, "topic": "x"}, "delete": True}],
)  # fmt: skip
def test_request_that_does_not_say_what_and_which_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        body(**given)


def test_too_many_at_once_are_refused(filled: SampleStore, bulk: BulkService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_service, "MOST", 3)

    with pytest.raises(InputError, match="4 samples match, want at most 3 at once"):
        bulk.change(body(delete=True))


def test_change_is_undone_once_and_only_the_last_ones_are_kept(filled: SampleStore, bulk: BulkService) -> None:
    first = bulk.change(body(set={"difficulty": "expert"}))
    bulk.undo(str(first["undo"]))
    with pytest.raises(ConflictError, match="was undone at"):
        bulk.undo(str(first["undo"]))

    for n in range(KEPT):
        bulk.change(body(set={"tag": n}))

    assert len(bulk.recorded()) == KEPT
    with pytest.raises(NotFoundError, match="the last 10 changes can be undone"):
        bulk.undo(str(first["undo"]))


def test_sample_that_is_added_while_a_change_is_made_is_seen(
    filled: SampleStore, bulk: BulkService, monkeypatch: pytest.MonkeyPatch
) -> None:
    news = ["late"]
    matching = BulkService._matching

    def slow(self: BulkService, *arguments: Any) -> Any:
        found = matching(self, *arguments)
        if news:
            filled.update("s0", {"topic": "C - D", "answer": news.pop()})
        return found

    monkeypatch.setattr(BulkService, "_matching", slow)

    done = bulk.change(body(delete=True))

    assert sorted(done["ids"]) == ["s2", "s4", "s6"]
    assert filled.get("s0")["answer"] == "late"


def test_columns_of_others_come_back_with_their_types(store: SampleStore, bulk: BulkService) -> None:
    table = {name: [f"{name} {n}" for n in range(2)] for name in sample()} | {"difficulty": ["basic"] * 2}
    pq.write_table(pa.table({**table, "tags": [["a"], []], "raw": [b"\xff", b""]}), file_of(store).path)
    before = held(store)

    done = bulk.change(body(filter={"all": True}, delete=True))
    assert store.count() == 0
    bulk.undo(str(done["undo"]))
    store.fold()

    assert held(store) == before


@given(steps=st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(["set", "delete"])), min_size=1, max_size=5))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_changes_undone_in_reverse_leave_everything_as_it_was(
    store: SampleStore, bulk: BulkService, clock: ManualClock, steps: list[tuple[str, str]]
) -> None:
    for row in list(store.walk()):
        store.delete(row["id"])
    for n, topic in enumerate("AABBC"):
        store.add(sample(id=f"s{n}", topic=topic))
    before = held(store)
    tokens = []
    for n, (topic, verb) in enumerate(steps):
        clock.advance(1)
        what = {"delete": True} if verb == "delete" else {"set": {"topic": "ABC"[n % 3]}}
        tokens.append(bulk.change(body(filter={"topic": topic}, **what))["undo"])

    for token in reversed(tokens):
        if token is not None:
            bulk.undo(token)

    assert held(store) == before
