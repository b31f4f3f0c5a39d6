"""The product's own store over provisions of the benchmarks, kept as the service keeps what it reads."""

from collections.abc import Callable, Sequence
from pathlib import Path

from bench.grounding.texts import Text, siblings
from config import PROJECT_DIR
from models.grounding.document import Page, Unit
from models.grounding.document_store import DocumentStore
from models.grounding.library import FILE, Library
from models.grounding.passage_store import PassageStore
from models.grounding.rows import Document, NewDocument, Stage
from services.grounding.reading import Parting
from services.grounding.retrieval.embedding.embedder import Embedder, Vectors
from services.grounding.retrieval.fusion import Calibration
from services.grounding.retrieval.legs import ChunkRecord, Vector
from services.grounding.retrieval.name_catalogue import NameCatalogue
from services.grounding.retrieval.names import read_names
from services.grounding.retrieval.passages import passage_of
from services.grounding.retrieval_service import RetrievalService
from services.grounding.stored_index import StoredIndex
from services.grounding.vector_index import VectorIndex, record_of
from utils.clock import SystemClock


class Shelf:
    """The parts of the service that keep and find provisions, over the database in one folder."""

    def __init__(self, folder: Path, embedder: Embedder | None = None) -> None:
        self.library = Library(folder / FILE)
        self.store = DocumentStore(self.library, SystemClock())
        self.passages = PassageStore(self.library)
        self.vectors = VectorIndex(self.passages, lambda: embedder)
        self.index = StoredIndex(self.store, self.passages, self.vectors)
        self.retrieval = RetrievalService(self.store, self.passages, self.vectors, lambda: None)

    def keep(self, texts: Sequence[Text]) -> list[Document]:
        """Keep provisions, a document for each instrument, as a reading keeps them; their words find them at once."""
        names = read_names(PROJECT_DIR / "catalog" / "authorities")
        return [self._keep(of_instrument, names) for of_instrument in siblings(texts).values()]

    def embed(self, documents: Sequence[Document]) -> None:
        """Make and keep the vectors of documents."""
        for document in documents:
            for _ in self.vectors.embed(document.number):
                pass

    def texts_under(self, documents: Sequence[Document]) -> list[str]:
        """Return what is embedded of each chunk of documents, in order."""
        return [passage_of(record_of(chunk)) for one in documents for chunk in self.passages.chunks(one.number)]

    def id_of(self, record: ChunkRecord) -> str:
        """Return the id of the provision that a chunk is of, as the files of queries write it."""
        kept = self.passages.unit(record.provision) if record.provision is not None else None
        return kept.unit.identifier if kept is not None else ""

    def _keep(self, texts: Sequence[Text], names: NameCatalogue) -> Document:
        instrument = texts[0].instrument
        name = texts[0].id.rpartition("|")[0]
        document = self.store.add(NewDocument(name, name, name, 0, name), Path())
        text, units = "", []
        for one in texts:
            start, head = len(text), f"{one.heading}\n" if one.heading else ""
            text += f"{head}{one.prose}\n"
            body = start + len(head)
            units.append(Unit(one.kind, start, len(text), body, one.number, one.heading, one.path, identifier=one.id))
        facts: dict[str, object] = {"kind": "text", "jurisdiction": instrument.jurisdiction}
        self.store.keep(document.number, Parting((Page(text),), tuple(units), instrument, names, facts).run(None))
        self.store.advance(document.number, Stage.READY)
        return document


class KeptEmbedder:
    """An embedder whose vectors of passages are made elsewhere."""

    def __init__(self, embedder: Embedder, vectors_of: Callable[[Sequence[str]], Vectors]) -> None:
        self._embedder = embedder
        self._vectors_of = vectors_of

    @property
    def model_id(self) -> str:
        """That of the embedder itself."""
        return self._embedder.model_id

    @property
    def dimension(self) -> int:
        """That of the embedder itself."""
        return self._embedder.dimension

    @property
    def calibration(self) -> Calibration:
        """That of the embedder itself."""
        return self._embedder.calibration

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors made elsewhere."""
        return self._vectors_of(texts)

    def embed_query(self, text: str) -> Vector:
        """Return the embedder's own vector."""
        return self._embedder.embed_query(text)
