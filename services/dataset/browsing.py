"""The list of samples that people look through, filtered or found by words, page by page; what there is to choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict, cast

from models.contract.answers.base import StoredSample
from models.contract.answers.dataset import FILTERS
from models.contract.arguments import BrowseArguments, SearchArguments
from models.samples.sample_query import NEWEST, SampleQuery, is_waiting, select
from models.samples.sample_store import SampleStore
from models.samples.snapshot import POSITION, Snapshot
from models.samples.statistics import counts
from models.samples.while_unchanged import WhileUnchanged
from services.dataset.search_service import SORTS, SearchRequest, SearchService
from utils.frames import pl

# So many are found by words: whoever looks through more needs other words.
MOST_FOUND = 1_000
_INDEXED = (
    "id",
    "topic",
    "difficulty",
    "sample_type",
    "citation_verdict",
    "quality_score",
    "review",
    "created_at",
)


class Glance(TypedDict):
    """What a list shows of a sample; `citation_verdict` is "none" where nothing is cited, null before it is known."""

    id: str
    question: str
    topic: str
    difficulty: str
    sample_type: str
    citation_verdict: str | None
    quality_score: float | None
    review: str | None
    created_at: str | None


@dataclass(frozen=True, slots=True)
class Browsed:
    """A page of the list.

    Attributes:
        samples: Those of this page.
        first: Place of the first of them in the list, from 1; 0 on an empty page.
        total: All that match; None where a search was ended before it knew.
        has_more: Whether a page follows.
    """

    samples: Sequence[Glance]
    first: int
    total: int | None
    has_more: bool


class Browsing:
    """Thread-safe. Counts what there is to choose once for each state of the data set."""

    def __init__(self, store: SampleStore, search: SearchService) -> None:
        self._store = store
        self._search = search
        self._choices = WhileUnchanged[Mapping[str, Sequence[tuple[str, int]]]](store)

    def page(self, wanted: BrowseArguments) -> Browsed:
        """Return a page of the samples that match.

        Raises:
            InputError: an unknown sort, or nothing to search for.
        """
        skipped = (wanted.page - 1) * wanted.size
        if wanted.q.strip():
            return self._found(wanted, skipped)
        snapshot = self._store.snapshot()
        query = SampleQuery(wanted.chosen, wanted.sort or NEWEST, wanted.size, skipped)
        selection = select(snapshot, query)
        samples = _glances(snapshot, selection.positions)
        more = skipped + len(samples) < selection.total
        return Browsed(samples, skipped + 1 if samples else 0, selection.total, bool(samples) and more)

    def choices(self) -> Mapping[str, Sequence[tuple[str, int]]]:
        """Return the values of every filter with how many samples have them, the most frequent first."""
        return self._choices.current(_counted)

    def _found(self, wanted: BrowseArguments, skipped: int) -> Browsed:
        sort = wanted.sort if wanted.sort in SORTS else SearchArguments().sort
        most = min(skipped + wanted.size + 1, MOST_FOUND)
        found = self._search.search(SearchRequest(wanted.q, sort=sort, limit=most, filters=wanted.chosen))["results"]
        samples = [_glance(sample) for sample in found[skipped : skipped + wanted.size]]
        is_all = len(found) < most
        more = len(found) > skipped + wanted.size
        return Browsed(samples, skipped + 1 if samples else 0, len(found) if is_all else None, more)


def _counted(snapshot: Snapshot) -> Mapping[str, Sequence[tuple[str, int]]]:
    index = snapshot.index()
    found = counts(index, (*FILTERS, "citation_verdict"))
    decided = dict(counts(index.filter(~is_waiting()), ("review",))["review"])
    waiting = index.filter(is_waiting()).select(pl.len()).collect().item()
    review = [("waiting", waiting), *((state, decided.get(state, 0)) for state in ("accepted", "rejected"))]
    return {**found, "review": review}


def _glances(snapshot: Snapshot, positions: pl.Series) -> list[Glance]:
    """Return what is shown of the samples with these numbers: of their texts the question alone is read."""
    order = pl.DataFrame([positions]).with_row_index("order")
    known = snapshot.index().join(order.lazy(), on=POSITION).sort("order").select(_INDEXED).collect()
    rows = known.with_columns(snapshot.some(positions, ["question"])["question"])
    # Polars has no type for rows: these are the columns of `Glance`.
    return cast("list[Glance]", rows.to_dicts())


def _glance(sample: StoredSample) -> Glance:
    verdict = sample["citation_verdict"] or ("none" if sample["citations"] == "[]" else None)
    return {
        "id": sample["id"],
        "question": sample["question"],
        "topic": sample["topic"],
        "difficulty": sample["difficulty"],
        "sample_type": sample["sample_type"],
        "citation_verdict": verdict,
        "quality_score": sample["quality_score"],
        "review": sample["review"],
        "created_at": sample["created_at"],
    }
