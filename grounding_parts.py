"""Composition root of documents and retrieval: settings in, their services out."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from config import Settings
from models.grounding.document_store import DocumentStore
from models.grounding.library import Library
from models.grounding.passage_store import PassageStore
from models.grounding.rows import Document
from models.grounding.shared_library import SharedLibrary
from models.stores import Stores
from services.catalogue.catalogue import Catalogue
from services.grounding.answers import document_row
from services.grounding.document_service import DocumentService, Shelves
from services.grounding.extraction.outcome import Limits
from services.grounding.extraction.reading import Reading, read_document
from services.grounding.ground import Grounder
from services.grounding.ingestion import Ingestion, Parts
from services.grounding.law.law_service import FOLDER as LAW_FOLDER
from services.grounding.law.law_service import LawService
from services.grounding.retrieval.embedding.embedder import Embedder
from services.grounding.retrieval.name_catalogue import NameCatalogue
from services.grounding.retrieval_service import NO_EMBEDDER, RetrievalService
from services.grounding.vector_index import VectorIndex
from services.streams.broker import EventBroker
from side import document_files, open_library
from utils.cancellation import CancelToken
from utils.seats import Seats
from utils.side.tasks import Side

if TYPE_CHECKING:
    from services.grounding.law.fetching import Fetcher
    from services.grounding.retrieval.remote_rerank import Reranker


@dataclass(frozen=True)
class Grounding:
    """Documents and retrieval."""

    library: Library
    documents: DocumentService
    retrieval: RetrievalService
    law: LawService
    grounder: Grounder
    embedder: Callable[[], Embedder | None]
    read: Callable[[Path, str, CancelToken], Reading]


def build_grounding(
    settings: Settings, catalogue: Catalogue, stores: Stores, side: Side[object], seats: Seats
) -> Grounding:
    """Wire documents and retrieval; nothing large is loaded before it is needed. Their streams take some of *seats*."""
    folder = stores.folder.path
    library, files = open_library(settings, stores.engine, stores.folder.check), document_files(settings, stores.engine)
    store, passages = DocumentStore(library, stores.clock), PassageStore(library)
    embedder = looked_for(partial(embedder_of, settings))
    vectors = VectorIndex(passages, embedder)
    events = EventBroker(seats)

    def changed(document: Document) -> None:
        events.publish(lambda: {"type": "file", "file": document_row(document)}, 0)

    names = cache(partial(_names, settings.catalog_dir / "authorities"))
    reading = partial(_read, Limits(speech_model=str(settings.speech_model_dir or "")))
    turn = library.turn if isinstance(library, SharedLibrary) else None
    parts = Parts(store, vectors, reading, names, changed, side, turn=turn)
    shelves = Shelves(
        store,
        passages,
        vectors,
        files,
        settings.max_document_mb << 20,
        frozenset(row.id for row in catalogue.jurisdictions),
        stores.folder.check,
    )
    documents = DocumentService(shelves, Ingestion(parts, files), events)
    retrieval = RetrievalService(store, passages, vectors, partial(_reranker_of, settings), no_embedder(settings))
    law = LawService(documents, cache(partial(_fetcher, folder / LAW_FOLDER, settings.max_document_mb << 20)))
    return Grounding(library, documents, retrieval, law, Grounder(store, passages, retrieval), embedder, reading)


def embedder_of(settings: Settings) -> Embedder | None:
    """Return what embeds, as the settings say; None where nothing does or nothing was fetched."""
    if settings.embedding_base_url:
        from services.grounding.retrieval.embedding.remote import RemoteEmbedder
        from services.grounding.retrieval.posting import JsonPoster

        key = settings.secret("EMBEDDING_API_KEY") or ""
        poster = JsonPoster(settings.embedding_base_url, key, timeout_s=settings.request_timeout_s)
        return RemoteEmbedder(poster, settings.embedding_model)
    if settings.embedder == "off":
        return None
    from services.grounding.retrieval.embedding.encoder_files import EncoderStore
    from services.grounding.retrieval.embedding.local import encoders_of, local_embedder

    store = EncoderStore(settings.catalog_dir, settings.model_dir)
    for small in (False, True) if settings.embedder == "auto" else (True,):
        if all(store.is_present(name) for name in encoders_of(small=small)):
            return local_embedder(store, small=small)
    return None


def no_embedder(settings: Settings) -> str:
    """Return what is noted where nothing embeds."""
    return "EMBEDDER is off, so words alone find" if settings.embedder == "off" else NO_EMBEDDER


def looked_for(find: Callable[[], Embedder | None]) -> Callable[[], Embedder | None]:
    """Return what *find* finds and keep it; it is asked again as long as it finds none, as before one was fetched."""
    lock = threading.Lock()
    kept: list[Embedder] = []

    def found() -> Embedder | None:
        with lock:
            if not kept and (one := find()) is not None:
                kept.append(one)
            return kept[0] if kept else None

    return found


def _reranker_of(settings: Settings) -> "Reranker | None":
    if not settings.rerank_base_url:
        return None
    from services.grounding.retrieval.posting import JsonPoster
    from services.grounding.retrieval.remote_rerank import RemoteReranker

    poster = JsonPoster(
        settings.rerank_base_url, settings.secret("RERANK_API_KEY") or "", timeout_s=settings.request_timeout_s
    )
    return RemoteReranker(poster, settings.rerank_model)


def _read(limits: Limits, path: Path, name: str, token: CancelToken) -> Reading:
    return read_document(path, name, limits, token)


def _fetcher(folder: Path, most_bytes: int) -> "Fetcher":
    from services.grounding.law.fetching import Fetcher, Limits

    return Fetcher(folder, Limits(most_bytes))


def _names(folder: Path) -> NameCatalogue:
    from services.grounding.retrieval.names import read_names

    return read_names(folder)
