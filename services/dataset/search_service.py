"""Search: finds samples by words, newest first or best first.

The index proposes the rows it knows; all others, and all rows of small data sets, are
examined directly. Both ways find the same, because `models.samples.search.search_text` alone
decides what matches; the index only preselects among very many matches.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

from models.contract.answers.dataset import Found, SearchField
from models.contract.arguments import SearchArguments
from models.samples.by_number import frame_at, samples_of
from models.samples.file.row_groups import check_answer, row_bytes
from models.samples.file.row_index import DOCUMENT
from models.samples.index_filling import fill_while_current, lacking, taken
from models.samples.sample_query import filtered
from models.samples.sample_store import SampleStore
from models.samples.search.search_index import SearchIndex
from models.samples.search.search_text import TextQuery, matches, parse_query, scores, snippet
from models.samples.snapshot import POSITION, HasSamples, Snapshot
from models.samples.version import Identity, Version
from utils.errors import InputError
from utils.frames import pl
from utils.side.tasks import Side

log = logging.getLogger(__name__)
SORTS = ("newest", "relevance")
# Up to so many rows are examined without the index: 0.3 s of CPU.
SCAN_ROWS = 20_000
_PIECE = 1000
_FEW = 5000
_LOOKED_AT = 200
# Most matches that are ranked; of more, the index chooses.
_RANKED = 500
# With more than this share of orphans the index is rebuilt.
_ORPHANS = 0.5
_CERTAIN = "certain"


@dataclass(frozen=True)
class SearchRequest:
    """A search, and what its answer holds.

    Attributes:
        text: The query as typed (`models.samples.search.search_text`).
        field: One of the searched fields, or "all".
        sort: "newest" or "relevance".
        limit: Most results wanted.
        snippets: Return the matching parts too.
        filters: Exact values by column.
    """

    text: str
    field: str = "all"
    sort: str = "newest"
    limit: int = 100
    snippets: bool = False
    filters: Mapping[str, str] | None = None


@dataclass(frozen=True)
class IndexElsewhere:
    """Indexes *rows* of the file version *identity* in the search index at *path*, if that has this *generation*."""

    identity: Identity
    rows: pl.Series
    path: Path
    generation: str

    def run(self, tools: HasSamples) -> Iterator[tuple[pl.Series, pl.Series]]:
        """Yield parts of the rows with their document numbers."""
        snapshot, index = tools.samples.snapshot(), SearchIndex(self.path)
        index.open()
        if snapshot.is_of(self.identity) and index.generation == self.generation:
            yield from indexed(snapshot, self.rows, index)


def indexed(snapshot: Snapshot, rows: pl.Series, index: SearchIndex) -> Iterator[tuple[pl.Series, pl.Series]]:
    """Add *rows* of the file to *index*; yield them in parts, each with its document numbers."""
    for part, samples in taken(snapshot, rows, _PIECE):
        yield part, index.add(samples)


class SearchService:
    """Searches the data set and maintains its index; one thread calls `update`."""

    def __init__(
        self, store: SampleStore, index: SearchIndex, scan_rows: int = SCAN_ROWS, side: Side[HasSamples] | None = None
    ) -> None:
        """Search *store*; data sets of more than *scan_rows* by *index*, which grows at the *side*, if there is one."""
        self._side = side
        self._store = store
        self._index = index
        self._scan_rows = scan_rows

    def answer(self, query: SearchArguments) -> Found:
        """Find what a caller asked for; as `search`."""
        wanted = SearchRequest(query.q, query.field, query.sort, query.limit, query.snippets, query.chosen)
        return self.search(wanted)

    def search(self, request: SearchRequest) -> Found:
        """Return `results`, `count`, `query`, `field`, and `snippets` by id where asked for.

        Raises:
            InputError: nothing to search for, an unknown field or sort.
        """
        query = parse_query(request.text, request.field)
        if request.sort not in SORTS:
            raise InputError(f"sort: got {request.sort[:40]!r}, want {' or '.join(SORTS)}")
        snapshot = self._store.snapshot()
        if request.sort == "newest":
            found = self._newest(snapshot, query, request)
        else:
            found = self._best(snapshot, query, request)
        rows = list(samples_of(found))
        field: SearchField | Literal["all"] = "all" if request.field == "all" else query.fields[0]
        answer: Found = {"results": rows, "count": len(rows), "query": request.text, "field": field}
        if request.snippets:
            answer["snippets"] = {row["id"]: _snippets(row, query) for row in rows}
        return answer

    def update(self, is_stopped: Callable[[], bool]) -> int:
        """Index what is not indexed yet, where the data set is large; return how many rows that were.

        Raises:
            StorageError: the index cannot be written.
        """
        snapshot = self._store.snapshot()
        version = snapshot.version
        if version is None or len(version) <= self._scan_rows:
            return 0
        # Anew each time: another process may have added to it.
        self._index.open()
        if self._index.size() > (1 + _ORPHANS) * len(version) + self._scan_rows:
            self._index.reset()
        self._index.adopt(version.index)
        missing = lacking(snapshot, DOCUMENT)
        added = ((rows, pl.DataFrame({DOCUMENT: numbers})) for rows, numbers in self._added(snapshot, version, missing))
        fill_while_current(self._store, version, added, is_stopped)
        done = len(missing) - len(lacking(snapshot, DOCUMENT))
        if done:
            self._index.open()
            self._store.folding.save_index()
            log.info("search index grown", extra={"rows": done})
        return done

    def _added(self, snapshot: Snapshot, version: Version, rows: pl.Series) -> Iterator[tuple[pl.Series, pl.Series]]:
        """Index *rows* of the file; yield them in parts, each with its document numbers."""
        if self._side is None or len(rows) <= _FEW:
            return indexed(snapshot, rows, self._index)
        return self._side.stream(IndexElsewhere(version.identity, rows, self._index.path, self._index.generation))

    def _newest(self, snapshot: Snapshot, query: TextQuery, request: SearchRequest) -> pl.DataFrame:
        """Return the newest matches; of many, the index proposes those added last."""
        limit, latest = request.limit, 4 * request.limit + 50
        while True:
            candidates, bound = self._candidates(snapshot, query, request, latest=latest)
            found = _first(snapshot, candidates, query, limit)
            # Beyond the limit there may be more matches than the index returned.
            if bound is None or not limit or (found.height >= limit and (found["created_at"][-1] or "") > bound):
                return found
            latest *= 16

    def _best(self, snapshot: Snapshot, query: TextQuery, request: SearchRequest) -> pl.DataFrame:
        """Return the best matches; of many, the index preselects."""
        best = max(2 * request.limit, _RANKED)
        while True:
            candidates, bound = self._candidates(snapshot, query, request, best=best)
            found = [
                pl.DataFrame([scores(rows, query).alias("score"), rows["created_at"], rows["id"], positions])
                for positions, rows in _checked(snapshot, candidates, query, _PIECE)
            ]
            if bound is None or sum(ranks.height for ranks in found) >= request.limit:
                break
            best *= 16
        if not found:
            return pl.DataFrame(schema=snapshot.columns)
        ranking = pl.concat(found).sort("score", "created_at", "id", descending=True, nulls_last=True)
        return frame_at(snapshot, ranking[POSITION].head(request.limit))

    def _candidates(
        self,
        snapshot: Snapshot,
        query: TextQuery,
        request: SearchRequest,
        *,
        best: int | None = None,
        latest: int | None = None,
    ) -> tuple[pl.DataFrame, str | None]:
        """Return rows that may match, each with whether it certainly does.

        The second value is None if they are all; otherwise no row left out is newer.
        """
        generation = self._index.generation
        known = snapshot.version is not None and bool(generation) and snapshot.version.index.generation == generation
        index = filtered(snapshot.index(), request.filters or {})
        rows = index.select(POSITION, "created_at", "id", DOCUMENT).collect()
        documents = self._index.find(query, best, latest) if known else None
        # The index may have been rebuilt meanwhile, with other numbers.
        if documents is None or self._index.generation != generation:
            return rows.with_columns(pl.lit(False).alias(_CERTAIN)), None
        certain = pl.col(DOCUMENT).is_not_null() & query.is_exact
        candidates = rows.filter(pl.col(DOCUMENT).is_in(documents.implode()) | pl.col(DOCUMENT).is_null())
        bound = None
        if len(documents) >= (best or latest or 0):
            oldest = documents.min()
            bound = str(rows.filter(pl.col(DOCUMENT) < oldest)["created_at"].max() or "")
        return candidates.with_columns(certain.alias(_CERTAIN)), bound


def _first(snapshot: Snapshot, candidates: pl.DataFrame, query: TextQuery, limit: int) -> pl.DataFrame:
    """Return the newest *limit* candidates that match, newest first."""
    candidates = _assured(snapshot, candidates, query)
    exact = bool(candidates[_CERTAIN].all())
    order = ["created_at", "id"]
    if exact and limit < candidates.height // 4:
        candidates = candidates.top_k(limit, by=order)
    found: list[pl.DataFrame] = []
    size = 0
    ordered = candidates.sort(order, descending=True, nulls_last=True)
    # Of what the index proposes most matches; what does not is then looked for by the hundred: reading one row costs
    # as much as reading a hundred of the same place.
    few = candidates[_CERTAIN].any() or candidates.height < _PIECE
    first = limit if exact or few else _PIECE
    parts = ((ordered.head(first), first), (ordered.slice(first), max(limit, _LOOKED_AT) if few else _PIECE))
    for _, rows in chain.from_iterable(_checked(snapshot, part, query, piece) for part, piece in parts):
        if limit <= 0:
            break
        found.append(rows.head(limit))
        limit -= found[-1].height
        size += int(row_bytes(found[-1]).sum())
        check_answer(size)
        if limit <= 0:
            break
    return pl.concat(found) if found else pl.DataFrame(schema=snapshot.columns)


def _assured(snapshot: Snapshot, candidates: pl.DataFrame, query: TextQuery) -> pl.DataFrame:
    """Examine the candidates that the index does not know, if they are few (those of the journal)."""
    unknown = candidates.filter(pl.col(DOCUMENT).is_null())
    if not 0 < unknown.height <= _FEW or unknown.height == candidates.height:
        return candidates
    matching = matches(snapshot.take(unknown[POSITION]), query)
    assured = unknown.filter(matching).with_columns(pl.lit(True).alias(_CERTAIN))
    return pl.concat([candidates.filter(pl.col(DOCUMENT).is_not_null()), assured])


def _checked(
    snapshot: Snapshot, candidates: pl.DataFrame, query: TextQuery, piece: int
) -> Iterator[tuple[pl.Series, pl.DataFrame]]:
    """Yield the candidates that match, with their numbers and all columns, in their order."""
    start = 0
    for part in snapshot.portions(candidates[POSITION], max(piece, 1)):
        rows = snapshot.take(part)
        certain = candidates[_CERTAIN].slice(start, len(part))
        start += len(part)
        if not certain.all():
            matching = certain | matches(rows, query)
            part, rows = part.filter(matching), rows.filter(matching)  # noqa: PLW2901  # what is left of them
        yield part, rows


def _snippets(row: Mapping[str, object], query: TextQuery) -> dict[SearchField, str]:
    found = {name: snippet(str(row[name] or ""), query) for name in query.fields}
    return {name: text for name, text in found.items() if text is not None}
