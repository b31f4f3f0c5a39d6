"""The list of samples: its pages together are what matches, whatever the order and wherever the samples lie."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.contract.arguments import BrowseArguments
from models.samples.sample_store import SampleStore
from models.samples.search.search_index import SearchIndex
from services.dataset import browsing as module
from services.dataset.browsing import Browsing
from services.dataset.search_service import SearchService
from tests.fakes import sample
from utils.errors import InputError

SORTS = [
    "",
    "newest",
    "oldest",
    "longest",
    "shortest",
    "quality_score",
    "-quality_score",
    "topic",
    "-difficulty",
    "citation_verdict",
]


@pytest.fixture
def browsing(store: SampleStore, tmp_path: Path) -> Browsing:
    """Fifteen samples, in the file and in the journal, some changed and some deleted since the file was written."""
    for n in range(18):
        topic, level = ("A - B", "C - D")[n % 2], ("basic", "expert")[n % 3 == 0]
        scored = {"quality_score": n / 20} if n % 4 else {}
        store.add(
            sample(id=f"s{n:02}", topic=topic, difficulty=level, question=f"Word{n}?", answer="a " * n + "b", **scored)
        )
        if n == 11:
            store.fold()
    store.delete("s03")
    store.delete("s15")
    store.delete("s16")
    store.update("s04", {"review": "accepted", "question": "Changed word4?"})
    store.update("s05", {"review": "rejected"})
    return Browsing(store, SearchService(store, SearchIndex(tmp_path / "search.db")))


def ids(browsing: Browsing, **asked: object) -> list[str]:
    found: list[str] = []
    for page in range(1, 20):
        part = browsing.page(BrowseArguments.model_validate({**asked, "page": page}))
        assert part.first == (len(found) + 1 if part.samples else 0)
        found += [one["id"] for one in part.samples]
        if not part.has_more:
            return found
    raise AssertionError("it never ends")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.sampled_from(SORTS), st.integers(1, 7), st.sampled_from(["", "A - B"]), st.sampled_from(["", "waiting"]))
def test_pages_together_are_all_that_matches_once_each(
    browsing: Browsing, store: SampleStore, sort: str, size: int, topic: str, review: str
) -> None:
    wanted = {
        row["id"]
        for row in store.walk()
        if topic in ("", row["topic"]) and (not review or row["review"] not in ("accepted", "rejected"))
    }

    found = ids(browsing, sort=sort, size=size, topic=topic, review=review)

    assert len(found) == len(set(found))
    assert set(found) == wanted


@pytest.mark.parametrize("sort", SORTS)
def test_what_is_shown_of_a_sample_is_the_sample(browsing: Browsing, store: SampleStore, sort: str) -> None:
    for one in browsing.page(BrowseArguments(sort=sort)).samples:
        whole = store.get(one["id"])
        names = ("question", "topic", "difficulty", "sample_type", "review", "created_at")
        assert {name: one[name] for name in names} == {name: whole[name] for name in names}  # type: ignore[literal-required]
        assert one["quality_score"] == pytest.approx(whole["quality_score"])


def test_lowest_score_comes_first_and_what_has_none_last(browsing: Browsing) -> None:
    scores = [one["quality_score"] for one in browsing.page(BrowseArguments(sort="quality_score")).samples]

    known = [score for score in scores if score is not None]
    assert known == sorted(known)
    assert scores[len(known) :] == [None] * (len(scores) - len(known))


def test_choices_count_what_is_there_now(browsing: Browsing, store: SampleStore) -> None:
    before = dict(browsing.choices()["topic"])
    store.delete("s00")

    after = browsing.choices()

    assert dict(after["topic"])["A - B"] == before["A - B"] - 1
    assert dict(after["review"]) == {"waiting": 12, "accepted": 1, "rejected": 1}


def test_words_are_found_page_by_page(browsing: Browsing) -> None:
    found = ids(browsing, q="changed", size=4)

    assert found == ["s04"]
    assert len(ids(browsing, q="b", size=4)) == 15


def test_search_that_finds_very_much_says_that_there_is_more(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_FOUND", 6)

    first, last = (browsing.page(BrowseArguments(q="b", size=4, page=page)) for page in (1, 2))

    assert (first.total, first.has_more, len(first.samples)) == (None, True, 4)
    assert (last.total, last.has_more, len(last.samples)) == (None, False, 2)


def test_unknown_order_is_refused(browsing: Browsing) -> None:
    with pytest.raises(InputError, match="sort: got 'odd'"):
        browsing.page(BrowseArguments(sort="odd"))


def test_weakest_citations_come_first_if_asked_for(store: SampleStore, tmp_path: Path) -> None:
    for name, verdict in (("v", "verified"), ("u", "unverified"), ("i", "invalid"), ("w", "unverified")):
        store.add(sample(id=name, question=f"What of {name}?", citation_verdict=verdict))
    browsing = Browsing(store, SearchService(store, SearchIndex(tmp_path / "search.db")))

    assert ids(browsing, sort="citation_verdict", size=3) == ["i", "u", "w", "v"]
