"""The vectors of a library: made by one embedder, kept in the database, searched in memory.

An index holds the vectors of one embedder. With another one the old vectors are dropped and all documents are
embedded again, while their words go on finding them: vectors of two models are not comparable.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from models.database.shared import LIBRARY
from models.grounding.passage_store import PassageStore
from models.grounding.rows import KeptChunk
from services.grounding.retrieval.embedding.embedder import Embedder
from services.grounding.retrieval.legs import ChunkRecord, Hit, Vector
from services.grounding.retrieval.passages import passage_of

if TYPE_CHECKING:
    from services.grounding.retrieval.vectors import VectorTable

log = logging.getLogger(__name__)
_MODEL, _DIMENSION = "embedder.model", "embedder.dimension"
# Chunks of a piece of vectors, by how fast the embedder is: whoever uploads waits for a piece under way.
_FEWEST, _MOST, _PIECE_S = 4, 32, 2.0


class VectorIndex:
    """The vectors of one library. Thread-safe."""

    def __init__(self, passages: PassageStore, embedder: Callable[[], Embedder | None]) -> None:
        """Index *passages* with what *embedder* returns, which is asked when it is first needed."""
        self._passages = passages
        self._embedder = embedder
        self._lock = threading.Lock()
        self._table: VectorTable | None = None
        self._at_once = _FEWEST
        # Where the library stood when the table was last held against it,.
        self._seen = (0, 0)

    @property
    def embedder(self) -> Embedder | None:
        """What embeds; None where nothing does."""
        return self._embedder()

    def embed(self, document: int) -> Iterator[int]:
        """Make the vectors that a document lacks; yields their number after each piece that was kept."""
        embedder = self.embedder
        if embedder is None:
            return
        from services.grounding.retrieval.vectors import pack

        self._agree(embedder)
        while chunks := self._passages.without_vectors(document, self._at_once):
            started = time.monotonic()
            vectors = embedder.embed_passages([passage_of(record_of(chunk)) for chunk in chunks])
            rate = len(chunks) / max(time.monotonic() - started, 1e-3)
            self._at_once = max(_FEWEST, min(_MOST, int(rate * _PIECE_S)))
            packed = [(chunk.id, pack(vector)) for chunk, vector in zip(chunks, vectors, strict=True)]
            if not self._passages.add_vectors(document, packed):
                return
            yield len(packed)

    def renew(self) -> bool:
        """Drop the vectors of another embedder, if there are any; True if some were dropped."""
        known = self._passages.fact(_MODEL)
        if not known or (embedder := self.embedder) is None or embedder.model_id == known:
            return False
        self._agree(embedder)
        return True

    def progress(self) -> tuple[int, int]:
        """Return how many chunks of documents that are ready have vectors of this embedder, and of how many."""
        embedder = self.embedder
        made, chunks = self._passages.embedded()
        is_ours = embedder is not None and self._passages.fact(_MODEL) == embedder.model_id
        return (made if is_ours else 0), chunks

    def load(self, document: int) -> None:
        """Take the vectors of a document that became ready into memory."""
        with self._lock:
            if self._table is not None:
                self._table.remove_document(document)
                for piece in self._passages.vectors(document):
                    self._table.add(piece)

    def forget(self, document: int) -> None:
        """Drop the vectors of a document from memory."""
        with self._lock:
            if self._table is not None:
                self._table.remove_document(document)

    def search(self, vector: Vector, most: int, documents: frozenset[int] | None) -> list[Hit]:
        """Return the nearest chunks."""
        return self._loaded(len(vector)).search(vector, most, documents)

    def scores(self, vector: Vector, chunks: Sequence[int]) -> Mapping[int, float]:
        """Return the cosine of each of *chunks* that has a vector."""
        return self._loaded(len(vector)).scores(vector, chunks)

    def _loaded(self, dimension: int) -> "VectorTable":
        from services.grounding.retrieval.vectors import VectorTable

        with self._lock:
            self._follow()
            if self._table is None or self._table.dimension != dimension:
                table = VectorTable(dimension)
                embedder = self.embedder
                if embedder is not None and self._passages.fact(_MODEL) == embedder.model_id:
                    table.reserve(self._passages.embedded()[0])
                    for piece in self._passages.vectors():
                        table.add(piece)
                self._table = table
            return self._table

    def _follow(self) -> None:
        """Take in what other processes changed; a document that lacks vectors is left until it has all."""
        self._seen, changed = self._passages.changed_since(self._seen)
        if self._table is None:
            return
        if changed is None or LIBRARY in changed:
            self._table = None
            return
        for document in changed:
            self._table.remove_document(document)
            if self._passages.is_embedded(document):
                for piece in self._passages.vectors(document):
                    self._table.add(piece)

    def _agree(self, embedder: Embedder) -> None:
        """Drop the vectors of another embedder."""
        known = self._passages.fact(_MODEL)
        if known == embedder.model_id:
            return
        if known:
            log.warning("vectors are made anew", extra={"before": known, "now": embedder.model_id})
        self._passages.drop_vectors()
        self._passages.set_fact(_MODEL, embedder.model_id)
        self._passages.set_fact(_DIMENSION, str(embedder.dimension))
        with self._lock:
            self._table = None


def record_of(chunk: KeptChunk) -> ChunkRecord:
    """Return a chunk as retrieval knows it: its document is its instrument, where it is one."""
    unit = chunk.unit.unit
    return ChunkRecord(
        chunk=chunk.id,
        provision=chunk.unit.id,
        document=chunk.document,
        instrument=chunk.document if chunk.instrument else None,
        title=chunk.title,
        path=unit.path,
        heading=unit.heading,
        number=unit.number,
        kind=unit.kind,
        jurisdiction=chunk.jurisdiction,
        text=chunk.text,
    )
