"""Reads documents in the background: a durable job for each, which a restart takes up again.

One thread reads, one document after another. Until all of a document is read nothing of it is kept but its row, then
all in one transaction; so at whatever moment the process ends, a document is either not read or read whole.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from models.grounding.document import Instrument, Page
from models.grounding.document_store import DocumentStore
from models.grounding.rows import ENDED, Document, Stage
from services.grounding.extraction.outcome import Found
from services.grounding.reading import Parting
from services.grounding.retrieval.name_catalogue import NameCatalogue
from services.grounding.vector_index import VectorIndex
from utils.cancellation import CancelToken
from utils.errors import AppError, CancelledError, DocumentError, SideError, StorageError
from utils.side.tasks import Side

log = logging.getLogger(__name__)
# A document whose reading ended with the process so often is set aside: it may be the cause.
_MOST_ATTEMPTS = 3
_AGAIN_S = 30.0
_HERE_CHARACTERS = 200_000
_PAGES_A_STEP = 25


class Pages(Protocol):
    """The pages of a document being read, and what was found beside them."""

    found: Found

    def __iter__(self) -> Iterator[Page]: ...

    def close(self) -> None:
        """End the reading."""


@dataclass(frozen=True)
class Parts:
    """What documents are read with.

    Attributes:
        read: Begins to read the file at a path, called so by its sender.
        names: Returns the names of instruments that are known.
        changed: Told of every change of a document.
        side: Where large texts are parted.
    """

    store: DocumentStore
    vectors: VectorIndex
    read: Callable[[Path, str, CancelToken], Pages]
    names: Callable[[], NameCatalogue]
    changed: Callable[[Document], None]
    side: Side[object] | None = None


class Ingestion:
    """The thread that reads. Thread-safe."""

    def __init__(self, parts: Parts, folder: Path) -> None:
        """Read the files in *folder*."""
        self._parts = parts
        self._store = parts.store
        self._folder = folder
        self._stopping = CancelToken()
        self._moved = threading.Condition()
        self._has_work = threading.Event()
        self._current: tuple[int, CancelToken] | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Set documents aside whose reading ends processes, and begin to read what waits."""
        for document in self._store.waiting():
            if document.attempts >= _MOST_ATTEMPTS:
                reason = f"its reading was broken off {document.attempts} times; POST …/reindex tries again"
                self._store.fail(document.number, reason)
        self._thread = threading.Thread(target=self._loop, name="documents", daemon=True)
        self._thread.start()

    def tell(self) -> None:
        """Tell the thread to end; returns at once."""
        self._stopping.cancel()
        self.leave(None)
        self._has_work.set()

    def stop(self, timeout_s: float) -> None:
        """Wait for the thread; a document under way is taken up at the next start."""
        self.tell()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def leave(self, number: int | None) -> None:
        """Break off the reading of a document, or of whichever is read."""
        with self._moved:
            if self._current is not None and number in (None, self._current[0]):
                self._current[1].cancel()
            self._moved.notify_all()

    def told(self, document: Document) -> None:
        """Say that a document came in or changed."""
        self._parts.changed(document)
        self._has_work.set()
        with self._moved:
            self._moved.notify_all()

    def wait(self, find: Callable[[], Document], timeout_s: float) -> Document:
        """Return what *find* finds when its reading has ended, or after *timeout_s* seconds as it is then."""
        with self._moved:
            self._moved.wait_for(lambda: self._stopping.is_cancelled or find().stage in ENDED, timeout_s)
        return find()

    def _loop(self) -> None:
        while not self._stopping.is_cancelled:
            self._has_work.clear()  # before the look: what comes during it is not missed
            try:
                document = next(iter(self._store.waiting()), None) or self._unembedded()
                if document is None:
                    self._has_work.wait(_AGAIN_S)
                    continue
                self._take(document)
            except StorageError as error:
                log.warning("documents wait", extra={"reason": str(error)})
                self._stopping.wait(_AGAIN_S)
            except Exception:  # top of a thread: it must live on
                log.exception("documents: reading failed")
                self._stopping.wait(_AGAIN_S)

    def _unembedded(self) -> Document | None:
        """Return a document that was read and lacks vectors, as after a change of the embedder."""
        lacking = self._store.unembedded()
        # Asked last: an embedder is not looked for where nothing is to be embedded.
        return lacking if lacking is not None and self._parts.vectors.embedder is not None else None

    def _take(self, document: Document) -> None:
        """Take one document a way further; whatever goes wrong with it is its reason."""
        token = CancelToken()
        with self._moved:
            self._current = (document.number, token)
        try:
            with self._stopping.waking(token.cancel):
                if document.stage not in (Stage.EMBEDDING, Stage.READY):
                    self._read(document, token)
                self._embed(document, token)
        except CancelledError:
            log.info("document left", extra={"document": document.id})
        except (StorageError, SideError):
            raise
        except Exception as error:
            if not isinstance(error, AppError):
                log.exception("document failed", extra={"document": document.id})
            self._store.fail(document.number, str(error) if isinstance(error, AppError) else _fault(error))
        finally:
            with self._moved:
                self._current = None
            self._step(document)

    def _read(self, document: Document, token: CancelToken) -> None:
        if document.attempts >= _MOST_ATTEMPTS:
            raise DocumentError(f"its reading failed {document.attempts} times; POST …/reindex tries again")
        self._store.begin(document.number)
        self._step(document)
        pages, found = self._pages(document, token)
        self._store.advance(document.number, Stage.CHUNKING)
        self._step(document)
        instrument = _instrument(document, found)
        facts: dict[str, object] = {
            "kind": found.kind,
            "notes": found.notes,
            "recognised": found.recognised,
            "jurisdiction": document.jurisdiction or instrument.jurisdiction,
            "licence": document.licence or instrument.licence,
            "version": document.version or instrument.version,
            "url": document.url or instrument.url,
        }
        parting = Parting(tuple(pages), found.units, instrument, self._parts.names(), facts)
        side = self._parts.side if found.characters > _HERE_CHARACTERS else None
        reading = side.run(parting) if side is not None else parting.run(None)
        if token.is_cancelled or not self._store.keep(document.number, reading):
            raise CancelledError("the document was deleted")

    def _pages(self, document: Document, token: CancelToken) -> tuple[list[Page], Found]:
        reading = self._parts.read(self._folder / document.file, document.name, token)
        pages: list[Page] = []
        try:
            for page in reading:
                pages.append(page)
                if len(pages) % _PAGES_A_STEP == 0:
                    self._store.advance(document.number, Stage.EXTRACTING, pages=len(pages))
                    self._step(document)
        finally:
            reading.close()
        return pages, reading.found

    def _embed(self, document: Document, token: CancelToken) -> None:
        for _ in self._parts.vectors.embed(document.number):
            self._step(document)
            if token.is_cancelled:
                raise CancelledError("stopped")
        self._store.advance(document.number, Stage.READY)
        self._parts.vectors.load(document.number)
        if document.identifier:
            self._supersede(document)

    def _supersede(self, document: Document) -> None:
        """Delete earlier versions of the same instrument, now that the new one can be searched."""
        for other in self._store.with_identifier(document.identifier):
            if other.number < document.number:
                self._drop(other)

    def _drop(self, document: Document) -> None:
        file = self._store.delete(document.number)
        self._parts.vectors.forget(document.number)
        if file is not None:
            (self._folder / file).unlink(missing_ok=True)

    def _step(self, document: Document) -> None:
        """Tell how far a document is now."""
        found = self._store.find(document.id)
        if found is not None:
            self.told(found)
        else:
            self.leave(document.number)


def _instrument(document: Document, found: Found) -> Instrument:
    if found.instrument is not None:
        return found.instrument
    title = document.title or found.title or document.name
    return Instrument(title, jurisdiction=document.jurisdiction)


def _fault(error: Exception) -> str:
    return f"it could not be read ({type(error).__name__}); the log has more, POST …/reindex tries again"
