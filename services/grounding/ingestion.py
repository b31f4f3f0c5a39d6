"""Reads documents in the background: a durable job for each, which a restart takes up again.

One thread reads, one document after another. Until all of a document is read nothing of it is kept but its row, then
all in one transaction; so at whatever moment the process ends, a document is either not read or read whole. Then it is
ready, and its words find it. Vectors are made when nothing waits to be read, a piece at a time.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from models.grounding.document import Instrument, Page
from models.grounding.document_files import DocumentFiles
from models.grounding.document_store import DocumentStore
from models.grounding.rows import ENDED, Document, Stage
from services.grounding.extraction.outcome import Found
from services.grounding.reading import Parting
from services.grounding.retrieval.name_catalogue import NameCatalogue
from services.grounding.titles import title_of
from services.grounding.vector_index import VectorIndex
from utils.cancellation import CancelToken
from utils.errors import AppError, CancelledError, DocumentError, SideError, StorageError
from utils.side.tasks import Side

log = logging.getLogger(__name__)
# A document whose reading ended with the process so often is set aside: it may be the cause.
_MOST_ATTEMPTS = 3
_HERE_CHARACTERS = 200_000
_PAGES_A_STEP = 25
# How often is looked for what another process took in, or read.
_LOOK_S = 1.0


class Turn(Protocol):
    """Whose turn it is to read, of several processes."""

    def taken(self) -> AbstractContextManager[bool]:
        """Take the turn for the block; False where another process has it."""


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
        again_s: Seconds after which what failed for a while is tried again.
        turn: Of the processes that share the documents, whose it is to read; None where there is one alone.
    """

    store: DocumentStore
    vectors: VectorIndex
    read: Callable[[Path, str, CancelToken], Pages]
    names: Callable[[], NameCatalogue]
    changed: Callable[[Document], None]
    side: Side[object] | None = None
    again_s: float = 30.0
    turn: Turn | None = None


class Ingestion:
    """The thread that reads. Thread-safe."""

    def __init__(self, parts: Parts, files: DocumentFiles) -> None:
        """Read the *files* of documents."""
        self._parts = parts
        self._store = parts.store
        self._files = files
        self._stopping = CancelToken()
        self._moved = threading.Condition()
        self._has_work = threading.Event()
        self._current: tuple[int, CancelToken] | None = None
        # Documents that are tried again later, by number, and what each waits for.
        self._aside: set[int] = set()
        self._aside_until = 0.0
        self._held: dict[int, str] = {}
        self._thread: threading.Thread | None = None

    @property
    def is_alone(self) -> bool:
        """Whether no other process shares the documents."""
        return self._parts.turn is None

    def start(self) -> None:
        """Set documents aside whose reading ends processes, and begin to read what waits."""
        for document in self._store.waiting() if self.is_alone else ():  # another process may be reading
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
            if number is not None:
                self._held.pop(number, None)
            self._moved.notify_all()

    def noted(self, document: Document) -> Document:
        """Return *document* with what it waits for among its notes."""
        held = self._held.get(document.number)
        return replace(document, notes=(*document.notes, held)) if held else document

    def told(self, document: Document) -> None:
        """Say that a document came in or changed."""
        self._parts.changed(self.noted(document))
        self._has_work.set()
        with self._moved:
            self._moved.notify_all()

    def wait(self, find: Callable[[], Document], timeout_s: float) -> Document:
        """Return what *find* finds when its reading has ended, or after *timeout_s* seconds as it is then."""
        until = time.monotonic() + timeout_s
        step_s = timeout_s if self._parts.turn is None else _LOOK_S  # another process that reads tells nobody here
        with self._moved:
            while not self._moved.wait_for(
                lambda: self._stopping.is_cancelled or find().stage in ENDED, min(step_s, until - time.monotonic())
            ):
                if time.monotonic() >= until:
                    break
        return find()

    def _loop(self) -> None:
        while not self._stopping.is_cancelled:
            self._has_work.clear()  # before the look: what comes during it is not missed
            try:
                if not self._take_next():
                    self._has_work.wait(self._parts.again_s if self._parts.turn is None else _LOOK_S)
            except AppError as error:
                log.warning("documents wait", extra={"reason": str(error)})
                self._rest()
            except Exception:  # top of a thread: it must live on
                log.exception("documents: reading failed")
                self._rest()

    def _take_next(self) -> bool:
        """Take the next document a way further; False where there is none, or another process reads."""
        turn = self._parts.turn
        if turn is None:
            return self._take_found()
        with turn.taken() as is_mine:
            return is_mine and self._take_found()

    def _take_found(self) -> bool:
        document = self._next()
        if document is not None:
            self._take(document)
        return document is not None

    def _rest(self) -> None:
        self._has_work.clear()
        self._has_work.wait(self._parts.again_s)

    def _next(self) -> Document | None:
        """Return what is taken next: what waits to be read goes before what lacks vectors."""
        if time.monotonic() >= self._aside_until:
            self._aside.clear()
        waiting = (one for one in self._store.waiting() if one.number not in self._aside)
        first = next(waiting, None)
        if first is not None:
            return first
        lacking = self._store.unembedded(self._aside)
        if lacking is None and self._parts.vectors.renew():
            lacking = self._store.unembedded(self._aside)
        # Asked last: an embedder is not looked for where nothing is to be embedded.
        return lacking if lacking is not None and self._parts.vectors.embedder is not None else None

    def _take(self, document: Document) -> None:
        """Take one document a way further; whatever goes wrong with it is its reason."""
        token = CancelToken()
        with self._moved:
            self._current = (document.number, token)
        try:
            with self._stopping.waking(token.cancel):
                if document.stage is Stage.READY:
                    self._embed(document)
                else:
                    if document.stage is not Stage.EMBEDDING:
                        self._read(document, token)
                    self._finish(document)
            self._held.pop(document.number, None)
        except CancelledError:
            log.info("document left", extra={"document": document.id})
        except Exception as error:
            if not isinstance(error, AppError):
                log.exception("document failed", extra={"document": document.id})
            self._failed(document, error)
        finally:
            with self._moved:
                self._current = None
            self._step(document)

    def _failed(self, document: Document, error: Exception) -> None:
        """Have a document that was read, or waits for what may come back, tried again; give up any other."""
        reason = str(error) if isinstance(error, AppError) else _fault(error)
        if isinstance(error, StorageError):
            self._put_aside(document, f"waits for storage: {reason}")
        elif document.stage is Stage.READY:
            self._put_aside(document, f"its words find it, vectors are tried again: {reason}")
        elif isinstance(error, SideError):
            log.warning("document is tried again", extra={"document": document.id, "reason": reason})
            self._skip(document)  # not held: it may be the cause, so its attempts count
        else:
            self._store.fail(document.number, reason)

    def _put_aside(self, document: Document, waits_for: str) -> None:
        """Have a document tried again later, behind the others."""
        log.warning("document waits", extra={"document": document.id, "reason": waits_for})
        self._skip(document)
        self._held[document.number] = waits_for

    def _skip(self, document: Document) -> None:
        if not self._aside:
            self._aside_until = time.monotonic() + self._parts.again_s
        self._aside.add(document.number)

    def _read(self, document: Document, token: CancelToken) -> None:
        if document.number in self._held:  # what it waited for says nothing against it
            self._store.advance(document.number, Stage.EXTRACTING)
        elif document.attempts >= _MOST_ATTEMPTS:
            raise DocumentError(f"its reading failed {document.attempts} times; POST …/reindex tries again")
        else:
            self._store.begin(document.number)
        self._step(document)
        pages, found = self._pages(document, token)
        self._store.advance(document.number, Stage.CHUNKING)
        self._step(document)
        instrument = _instrument(document, found, pages)
        facts: dict[str, object] = {
            "kind": found.kind,
            "identifier": instrument.identifier or document.identifier,
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
        reading = self._parts.read(self._files.path(document), document.name, token)
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

    def _finish(self, document: Document) -> None:
        """Have a document found that was read."""
        self._step(document)
        older = self._store.finish(document.number)
        if document.number not in older:
            self._parts.vectors.load(document.number)
        for number in older:
            self._parts.vectors.forget(number)
            if number != document.number and (other := self._store.numbered(number)) is not None:
                self._parts.changed(other)

    def _embed(self, document: Document) -> None:
        """Make one piece of the vectors that a document lacks."""
        made = next(self._parts.vectors.embed(document.number), 0)
        found = self._store.numbered(document.number)
        if found is None or found.stage is not Stage.READY:
            return
        if not made:
            self._skip(document)
        if found.embedded >= found.chunks:
            self._parts.vectors.load(document.number)

    def _step(self, document: Document) -> None:
        """Tell how far a document is now."""
        found = self._store.find(document.id)
        if found is not None:
            self.told(found)
        else:
            self.leave(document.number)


def _instrument(document: Document, found: Found, pages: Sequence[Page]) -> Instrument:
    told = document.title if document.title != document.name else ""
    if found.instrument is None:
        return Instrument(told or found.title or title_of(pages, document.name), jurisdiction=document.jurisdiction)
    # Its title tells its states from other instruments; what the sender calls it finds it too.
    aliases = found.instrument.aliases
    new = (told,) if told and told not in (found.instrument.title, *aliases) else ()
    return replace(found.instrument, aliases=(*aliases, *new))


def _fault(error: Exception) -> str:
    return f"it could not be read ({type(error).__name__}); the log has more, POST …/reindex tries again"
