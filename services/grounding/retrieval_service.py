"""Answers questions with provisions of the documents that are here."""

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from models.contract.answers.grounding import ResultRow
from models.contract.bodies import RetrieveBody
from models.grounding.document import UnitKind
from models.grounding.document_store import DocumentStore
from models.grounding.passage_store import PassageStore
from models.grounding.rows import KeptChunk
from services.grounding.answers import chunk_row
from services.grounding.retrieval.embedding.embedder import Embedder
from services.grounding.retrieval.legs import Filter
from services.grounding.vector_index import VectorIndex
from utils.errors import InputError
from utils.installation import COMMAND

if TYPE_CHECKING:
    from services.grounding.retrieval.remote_rerank import Reranker
    from services.grounding.retrieval.retriever import Answer, Found, Retriever
    from services.grounding.retrieval.shared_words import SharedWords
    from services.grounding.stored_index import StoredIndex

NO_EMBEDDER = (
    f"no embedder is here, so words alone find; `{COMMAND} embedder fetch` fetches one, or set EMBEDDING_BASE_URL"
)


class RetrievalService:
    """Retrieval over one library. Thread-safe."""

    def __init__(
        self,
        store: DocumentStore,
        passages: PassageStore,
        vectors: VectorIndex,
        reranker: "Callable[[], Reranker | None]",
        no_embedder: str = NO_EMBEDDER,
    ) -> None:
        """Search *store*; *no_embedder* is noted where nothing embeds."""
        self._store = store
        self._passages = passages
        self._vectors = vectors
        self._no_embedder = no_embedder
        self._build_reranker = reranker
        self._lock = threading.Lock()
        self._retrievers: dict[str, Retriever] = {}

    def retrieve(self, wanted: RetrieveBody) -> tuple[list[ResultRow], dict[str, str]]:
        """Return what answers a question, best first, and what could not be used.

        Raises:
            InputError: an unknown kind of unit, or a document that is not here.
        """
        where = Filter(self.documents(wanted.file_ids), wanted.jurisdiction or "", _kind(wanted.kind))
        answer = self.find(wanted.query, wanted.top_k, where, wanted.min_score, explain=wanted.explain)
        kept = self._passages.with_ids(found.chunk.chunk for found in answer.found)
        rows = [_row(found, kept[found.chunk.chunk]) for found in answer.found if found.chunk.chunk in kept]
        return rows, dict(answer.notes)

    def find(self, query: str, top_k: int, where: Filter, min_score: float = 0.0, *, explain: bool = False) -> "Answer":
        """Return provisions for *query*; see `Retriever.retrieve`."""
        from services.grounding.retrieval.retriever import Answer

        retriever, note = self._chosen()
        answer = retriever.retrieve(query, top_k, where, floor=min_score, explain=explain)
        return Answer(answer.found, {"vectors": note, **answer.notes}) if note else answer

    def named(self, query: str, file_ids: Sequence[str] | None = None) -> list[str]:
        """Return the ids of the documents whose instruments *query* names, of *file_ids* or of all."""
        from services.grounding.retrieval.resolver import Resolver

        where = Filter(self.documents(file_ids))
        numbers = Resolver(self._index, self._index).resolve(query, where).instruments
        found = [self._store.numbered(number) for number in sorted(numbers)]
        return [
            one.id for one in found if one is not None and (where.documents is None or one.number in where.documents)
        ]

    def frequencies(self, query: str) -> tuple[dict[str, int], int]:
        """Return in how many chunks each token of *query* that is searched for is, and how many chunks there are."""
        from services.grounding.retrieval.retriever import MOST_TERMS
        from services.grounding.retrieval.words import tokens_of

        tokens = list(dict.fromkeys(tokens_of(query)))[:MOST_TERMS]
        known = self._index.frequencies(tokens)
        return {token: known[token] for token in tokens}, self._index.size()

    def shared(self, query: str, rows: Sequence[ResultRow]) -> "SharedWords":
        """Return which words of *query* what was found shares with it."""
        from services.grounding.retrieval.shared_words import shared_words

        known, _ = self.frequencies(query)
        passages = [(row["text"], (row["title"], *row["path"], row["heading"], row["number"])) for row in rows]
        return shared_words(query, passages, known)

    @property
    def has_embedder(self) -> bool:
        """Whether there is a model that compares meanings, whether or not all passages are ready for it."""
        return self._vectors.embedder is not None

    def progress(self) -> tuple[int, int]:
        """Return how many passages can be compared by meaning, and of how many."""
        return self._vectors.progress()

    @property
    def floor(self) -> float:
        """The score below which what was found is taken for off topic."""
        return self._chosen()[0].floor

    @property
    def embedder_id(self) -> str:
        """The model whose vectors are used; "" for none."""
        embedder = self._vectors.embedder
        return embedder.model_id if embedder is not None and not self._chosen()[1] else ""

    def _chosen(self) -> "tuple[Retriever, str]":
        """Return what finds now, and why vectors are not used; "" where they are.

        While chunks lack vectors words alone find: those with vectors would stand before them, whatever they say.
        """
        embedder = self._vectors.embedder
        if embedder is None:
            return self._retriever(None), self._no_embedder
        made, chunks = self._vectors.progress()
        if made < chunks:
            return self._retriever(None), f"{made} of {chunks} chunks have vectors, so words alone find until all have"
        return self._retriever(embedder), ""

    def _retriever(self, embedder: Embedder | None) -> "Retriever":
        from services.grounding.retrieval.retriever import Index, Retriever

        with self._lock:
            key = embedder.model_id if embedder is not None else ""
            if key not in self._retrievers:
                self._retrievers[key] = Retriever(Index(*[self._index] * 4), embedder, self._reranker)
            return self._retrievers[key]

    @cached_property
    def _index(self) -> "StoredIndex":
        from services.grounding.stored_index import StoredIndex

        return StoredIndex(self._store, self._passages, self._vectors)

    @cached_property
    def _reranker(self) -> "Reranker | None":
        return self._build_reranker()

    def documents(self, file_ids: Sequence[str] | None) -> frozenset[int] | None:
        """Return the numbers of documents by their ids, None for all; InputError for one that is not here."""
        if not file_ids:
            return None
        found = {one: self._store.find(one) for one in file_ids}
        missing = [one for one, document in found.items() if document is None]
        if missing:
            raise InputError(f"file_ids: {missing[0][:80]!r} is not here; GET /api/files lists those that are")
        return frozenset(document.number for document in found.values() if document is not None)


def _kind(given: str | None) -> UnitKind | None:
    if not given:
        return None
    try:
        return UnitKind(given)
    except ValueError:
        raise InputError(f"kind: got {given[:40]!r}, want one of {', '.join(UnitKind)}") from None


def _row(found: "Found", chunk: KeptChunk) -> ResultRow:
    return {
        **chunk_row(chunk),
        "file_id": chunk.file_id,
        "title": chunk.title,
        "jurisdiction": chunk.jurisdiction,
        "score": round(found.score, 4),
        "is_cited": found.is_cited,
        "status": chunk.unit.unit.status.value,
        "legs": [{"leg": one.leg, "rank": one.rank, "score": one.score} for one in found.standings],
    }
