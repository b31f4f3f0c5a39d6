"""Answers a question with provisions: citations first, then words and meaning together, then the rules.

Any thread may call it. Without an embedder, or while it cannot answer, words alone find; the answer says so.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.grounding.retrieval.embedding.embedder import Embedder
from services.grounding.retrieval.fusion import Calibration, most_possible, pooled
from services.grounding.retrieval.legs import (
    EVERYWHERE,
    ChunkRecord,
    Filter,
    Hit,
    Names,
    Place,
    Provisions,
    Vector,
    VectorLeg,
    WordLeg,
)
from services.grounding.retrieval.remote_rerank import MOST_RERANKED, Reranker
from services.grounding.retrieval.rerank import Candidate, ordered
from services.grounding.retrieval.resolver import Resolver
from services.grounding.retrieval.words import telling_terms, tokens_of
from utils.errors import AppError

log = logging.getLogger(__name__)

# How many chunks a leg brings; measured: more changes nothing in the first ten.
MOST_OF_A_LEG = 200
# Of a longer question the words behind these are not searched for; its meaning is read whole.
MOST_TERMS = 64
# What words alone are worth; see the ADR.
WORDS_ALONE = Calibration(mean_share=0.0, first_share=0.0, words=1.0, slope=6.0, offset=-2.0, floor=0.0)


@dataclass(frozen=True, slots=True)
class Standing:
    """What one leg says of a hit: its place in the leg's list from 1, None where it was not in it, and the score."""

    leg: str
    rank: int | None
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """A provision that answers a question.

    Attributes:
        chunk: The record of its best chunk.
        score: From 0 to 1, comparable between questions; 1 for what the question cites.
        standings: What each leg says; only where an explanation was asked for.
    """

    chunk: ChunkRecord
    score: float
    is_cited: bool
    standings: tuple[Standing, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found.

    Attributes:
        found: Best first.
        notes: What could not be used: "vectors" or "reranker", each with the reason.
    """

    found: tuple[Found, ...]
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Index:
    """The parts of the store that retrieval reads; one object may be several of them."""

    words: WordLeg
    vectors: VectorLeg
    names: Names
    provisions: Provisions


class Retriever:
    """Finds provisions."""

    def __init__(self, index: Index, embedder: Embedder | None = None, reranker: Reranker | None = None) -> None:
        self._index = index
        self._embedder = embedder
        self._reranker = reranker
        self._resolver = Resolver(index.names, index.provisions)

    @property
    def floor(self) -> float:
        """The score below which the embedder's calibration takes results for off topic."""
        return self._embedder.calibration.floor if self._embedder else WORDS_ALONE.floor

    def retrieve(
        self, query: str, top_k: int = 10, where: Filter = EVERYWHERE, *, floor: float = 0.0, explain: bool = False
    ) -> Answer:
        """Return the *top_k* best provisions for *query*.

        What scores less than *floor* is left out; the embedder's calibration has one that was measured. With *explain*
        each tells what each leg says of it.
        """
        notes: dict[str, str] = {}
        resolution = self._resolver.resolve(query, where)
        vector = self._vector(query, notes)
        words, bound = self._words(query, where)
        near = self._index.vectors.search_vectors(vector, where, MOST_OF_A_LEG) if vector is not None else ()
        calibration = self._embedder.calibration if self._embedder and vector is not None else WORDS_ALONE
        places = self._index.provisions.places({hit.chunk for hit in (*words, *near)})
        candidates = self._candidates(resolution.provisions, places, words, vector, (bound, calibration))
        places = self._places_of(candidates, places)
        ranked = [one for one in ordered(candidates, places, resolution.instruments) if _fits(places[one.chunk], where)]
        found = [
            Found(
                record,
                1.0 if one.cited is not None else calibration.score(one.fused, 0.0),
                one.cited is not None,
                _standings(one, words, near) if explain else (),
            )
            for one, record in self._read(ranked, top_k)
        ]
        if self._reranker is not None and found:
            found = self._reranker.rerank(query, found, notes)
        return Answer(tuple(one for one in found if one.score >= floor)[:top_k], notes)

    def _places_of(self, candidates: Sequence[Candidate], known: Mapping[int, Place]) -> dict[int, Place]:
        """Return where the chunk of each candidate belongs: where another chunk of its provision does."""
        of_provision = {place.provision: place for place in known.values()}
        places = {
            one.chunk: of_provision[one.provision]
            for one in candidates
            if one.provision is not None and one.provision in of_provision
        }
        lacking = {one.chunk for one in candidates} - places.keys()
        return {**places, **self._index.provisions.places(lacking)}

    def _read(self, ranked: Sequence[Candidate], top_k: int) -> list[tuple[Candidate, ChunkRecord]]:
        """Return the records of as many as can be among the first *top_k*, also after they are reranked."""
        most = top_k
        if self._reranker is not None:
            most = max(top_k, MOST_RERANKED + sum(one.cited is not None for one in ranked))
        records = self._index.provisions.chunks(one.chunk for one in ranked[:most])
        return [(one, records[one.chunk]) for one in ranked[:most] if one.chunk in records]

    def _vector(self, query: str, notes: dict[str, str]) -> Vector | None:
        if self._embedder is None:
            return None
        try:
            return self._embedder.embed_query(query)
        except AppError as error:
            log.warning("question not embedded, words alone are used", extra={"error": str(error)})
            notes["vectors"] = str(error)
            return None

    def _words(self, query: str, where: Filter) -> tuple[Sequence[Hit], float]:
        """Return the hits of the words, and the most that bm25 could be for them."""
        terms = list(dict.fromkeys(tokens_of(query)))[:MOST_TERMS]
        if not terms:
            return (), 1.0
        frequencies = self._index.words.frequencies(terms)
        bound = most_possible(terms, frequencies, self._index.words.size())
        return self._index.words.search_words(telling_terms(terms, frequencies), where, MOST_OF_A_LEG), bound

    def _candidates(
        self,
        cited: Sequence[int],
        places: Mapping[int, Place],
        words: Sequence[Hit],
        vector: Vector | None,
        measures: tuple[float, Calibration],
    ) -> list[Candidate]:
        bound, calibration = measures
        shares = {hit.chunk: min(1.0, hit.score / bound) for hit in words}
        provisions = {place.provision for place in places.values() if place.provision is not None} | set(cited)
        groups = self._index.provisions.chunks_of(provisions)
        loose = [chunk for chunk, place in places.items() if place.provision is None]
        every = [chunk for group in groups.values() for chunk in group] + loose
        cosines = self._index.vectors.vector_scores(vector, every) if vector is not None else {}
        order = {provision: place for place, provision in enumerate(cited)}
        grouped: list[tuple[int | None, Sequence[int]]] = [*groups.items(), *((None, (chunk,)) for chunk in loose)]
        return [
            _candidate(
                (provision, order.get(provision) if provision is not None else None),
                group,
                shares,
                cosines,
                calibration,
            )
            for provision, group in grouped
            if group
        ]


def _candidate(
    named: tuple[int | None, int | None],
    group: Sequence[int],
    shares: Mapping[int, float],
    cosines: Mapping[int, float],
    calibration: Calibration,
) -> Candidate:
    """Return the provision that is *named*, and cited at that place, with its best chunk."""
    known = [cosines[chunk] for chunk in group if chunk in cosines]
    cosine = pooled(known, calibration) if known else None
    shared = shares.keys() & group
    share = max((shares[chunk] for chunk in shared), default=0.0)
    if shared or len(known) < len(group):
        best = max(group, key=lambda chunk: cosines.get(chunk, 0.0) + calibration.words * shares.get(chunk, 0.0))
    else:  # most have no word in common with the question
        best = group[known.index(max(known))]
    provision, cited = named
    return Candidate(provision, best, cosine, share, (cosine or 0.0) + calibration.words * share, cited)


def _fits(place: Place, where: Filter) -> bool:
    return (
        (where.documents is None or place.document in where.documents)
        and (not where.jurisdiction or place.jurisdiction == where.jurisdiction)
        and (where.kind is None or place.kind == where.kind)
    )


def _standings(one: Candidate, words: Sequence[Hit], near: Sequence[Hit]) -> tuple[Standing, ...]:
    told = [Standing("words", _place(words, one.chunk), round(one.share, 4))]
    if one.cosine is not None:
        told.append(Standing("vectors", _place(near, one.chunk), round(one.cosine, 4)))
    if one.cited is not None:
        told.append(Standing("citation", one.cited + 1, 1.0))
    return tuple(told)


def _place(hits: Sequence[Hit], chunk: int) -> int | None:
    return next((place for place, hit in enumerate(hits, 1) if hit.chunk == chunk), None)
