"""A document service for tests: a real database and reader, an embedder of bags of words."""

import io
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import select

from models.database import open_engine
from models.database.library import IN_SQLITE
from models.engines.heads import Heads
from models.grounding.document_files import DocumentFiles, SharedFiles
from models.grounding.document_store import DocumentStore
from models.grounding.library import FILE, Library
from models.grounding.passage_store import PassageStore
from models.grounding.reading_turn import ReadingTurn
from models.grounding.rows import Document, Stage
from models.grounding.shared_library import SharedLibrary
from models.samples.file.parquet_file import CACHE_FOLDER
from services.grounding.document_service import FOLDER, DocumentService, Shelves, Told
from services.grounding.extraction.reading import read_document
from services.grounding.ingestion import Ingestion, Pages, Parts
from services.grounding.retrieval.embedding.embedder import Vectors
from services.grounding.retrieval.fusion import Calibration
from services.grounding.retrieval.names import read_names
from services.grounding.retrieval.retriever import Index, Retriever
from services.grounding.stored_index import StoredIndex
from services.grounding.vector_index import VectorIndex
from services.streams.broker import EventBroker
from tests.patience import until
from utils.cancellation import CancelToken
from utils.clock import SystemClock
from utils.errors import UnavailableError
from utils.seats import Seats

_CATALOG = Path(__file__).parents[3] / "catalog"


class WordsEmbedder:
    """Embeds a text as the words in it, each in a place of its own by its hash."""

    calibration = Calibration(mean_share=0.0, first_share=0.0, words=1.0, slope=6.0, offset=-2.0, floor=0.0)

    def __init__(self, model_id: str = "words@1", dimension: int = 64) -> None:
        self.model_id = model_id
        self.dimension = dimension
        self.embedded: list[str] = []

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        return np.array([self.embed_query(text) for text in texts], np.float32)

    def embed_query(self, text: str) -> Vectors:
        vector = np.zeros(self.dimension, np.float32)
        for word in text.lower().split():
            vector[sum(map(ord, word)) % self.dimension] += 1
        return vector / (np.linalg.norm(vector) or 1)


class Shelf:
    """All parts over one folder; a second one over the same folder is a restart."""

    def __init__(
        self,
        folder: Path,
        embedder: WordsEmbedder | None = None,
        read: Callable[[Path, str, CancelToken], Pages] | None = None,
        most_bytes: int = 1 << 24,
        again_s: float = 0.05,
        server: str = "",
    ) -> None:
        self.embedder = embedder
        self.files = folder / FOLDER
        files = DocumentFiles(self.files)
        self.library = Library(folder / FILE)
        self.turn: ReadingTurn | None = None
        if server:
            engine = open_engine(server)
            files = SharedFiles(self.files, engine)
            self.shared = SharedLibrary(engine, Heads(engine), folder / CACHE_FOLDER, files)
            self.library, self.turn, self.server = self.shared, self.shared.turn, engine
        self.store = DocumentStore(self.library, SystemClock())
        self.passages = PassageStore(self.library)
        self.vectors = VectorIndex(self.passages, lambda: embedder)
        self.seen: list[Document] = []
        names = read_names(_CATALOG / "authorities")
        parts = Parts(
            self.store,
            self.vectors,
            read or (lambda path, name, token: read_document(path, name, cancelled=token)),
            lambda: names,
            self.seen.append,
            again_s=again_s,
            turn=self.turn,
        )
        ids = frozenset({"uk", "us", "eu", "international"})
        shelves = Shelves(self.store, self.passages, self.vectors, files, most_bytes, ids)
        self.service = DocumentService(shelves, Ingestion(parts, files), EventBroker(Seats(4)))
        index = StoredIndex(self.store, self.passages, self.vectors)
        self.retriever = Retriever(Index(index, index, index, index), embedder)

    def add(self, text: str | bytes, name: str = "note.txt", **told: str) -> Document:
        """Upload, and wait until it is read and has its vectors."""
        read = self.service.wait(self.send(text, name, **told).id, 60)
        if self.embedder is not None and read.stage is Stage.READY:
            until(lambda: not self.lacks_vectors(read.id))
        return self.service.find(read.id)

    def send(self, text: str | bytes, name: str = "note.txt", **told: str) -> Document:
        """Upload."""
        content = text.encode() if isinstance(text, str) else text
        return self.service.upload(io.BytesIO(content), Told(name, **told))

    def lacks_vectors(self, document_id: str) -> bool:
        """Tell whether a document has chunks without vectors."""
        found = self.store.find(document_id)
        return found is not None and found.embedded < found.chunks

    def find(self, query: str) -> list[str]:
        """Return the texts that are found, best first."""
        return [found.chunk.text.strip() for found in self.retriever.retrieve(query).found]

    def rows(self) -> dict[str, int]:
        """Count the rows of every table of texts."""
        tables = ("documents", "pages", "units", "numbers", "names", "chunks", "vectors", "words")
        with self.library.reading() as connection:
            return {
                name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()  # noqa: S608
                for name in tables
            }

    def contents(self) -> dict[str, list[tuple[object, ...]]]:
        """Return the rows of every table, in order."""
        with self.library.reading() as connection:
            return {table.name: sorted(map(tuple, connection.execute(select(table)))) for table in IN_SQLITE.all}

    def __enter__(self) -> "Shelf":
        self.library.start()
        self.service.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.service.stop(30)
        self.library.close()
        if self.turn is not None:
            self.server.dispose()


class HeldEmbedder(WordsEmbedder):
    """Embeds no passage until it is let go; then it fails as often as *failures* says."""

    def __init__(self, failures: int = 0) -> None:
        super().__init__()
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.failures = failures

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.begun.set()
        self.go_on.wait(30)
        if self.failures:
            self.failures -= 1
            raise UnavailableError("the embedder is away")
        return super().embed_passages(texts)


class Held:
    """A reader that waits until it is let go, once for each document."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, path: Path, name: str, token: CancelToken) -> Pages:
        with token.waking(self.go_on.set):
            self.begun.set()
            self.go_on.wait(30)
        return read_document(path, name, cancelled=token)
