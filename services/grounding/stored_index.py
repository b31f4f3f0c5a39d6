"""The index of retrieval over the store: words, vectors, names and provisions of all documents that are ready."""

import threading
from collections.abc import Iterable, Mapping, Sequence

from models.grounding.document import UnitKind
from models.grounding.document_store import DocumentStore
from models.grounding.passage_store import PassageStore
from services.grounding.retrieval.legs import ChunkRecord, Filter, FoundProvision, Hit, NamedInstrument, Place, Vector
from services.grounding.retrieval.words import match_expression
from services.grounding.vector_index import VectorIndex, record_of

_FREQUENCIES = 20_000
_KINDS = {kind.value: kind for kind in UnitKind}


class StoredIndex:
    """Implements the legs of retrieval (`retrieval.legs`). Thread-safe."""

    def __init__(self, store: DocumentStore, passages: PassageStore, vectors: VectorIndex) -> None:
        self._store = store
        self._passages = passages
        self._vectors = vectors
        self._lock = threading.Lock()
        self._frequencies: dict[str, int] = {}
        self._size = -1

    def search_words(self, terms: Sequence[str], where: Filter, most: int) -> Sequence[Hit]:
        """Return the best chunks that hold any of *terms*."""
        columns = {"jurisdiction": where.jurisdiction, "kind": where.kind.value if where.kind else ""}
        given = {name: value for name, value in columns.items() if value}
        found = self._passages.search(match_expression(terms), given, where.documents, most)
        return [Hit(chunk, score) for chunk, score in found]

    def frequencies(self, terms: Iterable[str]) -> Mapping[str, int]:
        """Return in how many chunks each of *terms* is, as of the last change of their number."""
        size = self.size()
        with self._lock:
            if size != self._size or len(self._frequencies) > _FREQUENCIES:
                self._frequencies, self._size = {}, size
            known = self._frequencies
        for term in terms:
            if term not in known:
                known[term] = self._passages.frequency(term)
        return known

    def size(self) -> int:
        """Return how many chunks are indexed."""
        return self._passages.size()

    def search_vectors(self, vector: Vector, where: Filter, most: int) -> Sequence[Hit]:
        """Return the nearest chunks with their cosine."""
        documents = where.documents
        if where.jurisdiction:
            of_jurisdiction = self._store.searchable({"jurisdiction": where.jurisdiction})
            documents = of_jurisdiction if documents is None else documents & of_jurisdiction
        return self._vectors.search(vector, most, documents)

    def vector_scores(self, vector: Vector, chunks: Sequence[int]) -> Mapping[int, float]:
        """Return the cosine of each of *chunks* that has a vector."""
        return self._vectors.scores(vector, chunks)

    def instruments_of(self, keys: Iterable[str]) -> Mapping[str, Sequence[NamedInstrument]]:
        """Return the instruments under each of *keys*."""
        found = self._passages.named(keys)
        return {key: [NamedInstrument(*one) for one in instruments] for key, instruments in found.items()}

    def numbered(self, instruments: Iterable[int], keys: Iterable[str]) -> Sequence[FoundProvision]:
        """Return the provisions of *instruments* under one of *keys*."""
        return [FoundProvision(*one) for one in self._passages.numbered(instruments, keys)]

    def chunks_of(self, provisions: Iterable[int]) -> Mapping[int, Sequence[int]]:
        """Return the chunks of each of *provisions*."""
        return self._passages.of_units(provisions)

    def places(self, chunks: Iterable[int]) -> Mapping[int, Place]:
        """Return where each of *chunks* belongs; those of documents that are not ready are absent."""
        return {
            chunk: Place(unit, document, document if instrument else None, _KINDS[kind], jurisdiction)
            for chunk, unit, document, kind, jurisdiction, instrument in self._passages.places(chunks)
        }

    def chunks(self, chunks: Iterable[int]) -> Mapping[int, ChunkRecord]:
        """Return the records of *chunks*; those of documents that are not ready are absent."""
        return {number: record_of(chunk) for number, chunk in self._passages.with_ids(chunks).items()}
