"""Answers questions with provisions of the documents that are here."""

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
from services.grounding.retrieval.legs import Filter
from services.grounding.vector_index import VectorIndex
from utils.errors import InputError

if TYPE_CHECKING:
    from services.grounding.retrieval.remote_rerank import Reranker
    from services.grounding.retrieval.retriever import Answer, Found, Retriever

_NO_EMBEDDER = (
    "no embedder is here, so words alone find; `cli.py embedder fetch` fetches one, or set EMBEDDING_BASE_URL"
)


class RetrievalService:
    """Retrieval over one library. Thread-safe."""

    def __init__(
        self,
        store: DocumentStore,
        passages: PassageStore,
        vectors: VectorIndex,
        reranker: "Callable[[], Reranker | None]",
    ) -> None:
        self._store = store
        self._passages = passages
        self._vectors = vectors
        self._reranker = reranker

    def retrieve(self, wanted: RetrieveBody) -> tuple[list[ResultRow], dict[str, str]]:
        """Return what answers a question, best first, and what could not be used.

        Raises:
            InputError: an unknown kind of unit, or a document that is not here.
        """
        where = Filter(self.documents(wanted.file_ids), wanted.jurisdiction or "", _kind(wanted.kind))
        answer = self.find(wanted.query, wanted.top_k, where, wanted.min_score, explain=wanted.explain)
        kept = self._passages.with_ids(found.chunk.chunk for found in answer.found)
        rows = [_row(found, kept[found.chunk.chunk]) for found in answer.found if found.chunk.chunk in kept]
        notes = dict(answer.notes)
        if not self.embedder_id:
            notes.setdefault("vectors", _NO_EMBEDDER)
        return rows, notes

    def find(self, query: str, top_k: int, where: Filter, min_score: float = 0.0, *, explain: bool = False) -> "Answer":
        """Return provisions for *query*; see `Retriever.retrieve`."""
        return self._retriever.retrieve(query, top_k, where, floor=min_score, explain=explain)

    @property
    def floor(self) -> float:
        """The score below which what was found is taken for off topic."""
        return self._retriever.floor

    @property
    def embedder_id(self) -> str:
        """The model whose vectors are used; "" for none."""
        embedder = self._vectors.embedder
        return embedder.model_id if embedder is not None else ""

    @cached_property
    def _retriever(self) -> "Retriever":
        from services.grounding.retrieval.retriever import Index, Retriever
        from services.grounding.stored_index import StoredIndex

        index = StoredIndex(self._store, self._passages, self._vectors)
        return Retriever(Index(index, index, index, index), self._vectors.embedder, self._reranker())

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
