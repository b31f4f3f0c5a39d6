"""Documents: taken in, read, kept, deleted. Their reading is a durable job that a restart takes up again.

One thread reads, one document after another. Until all of a document is read nothing of it is kept but its row, then
all in one transaction; so at whatever moment the process ends, a document is either not read or read whole.
"""

import hashlib
import logging
import os
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from models.grounding.document import Instrument, Page, Unit
from models.grounding.document_store import DocumentStore
from models.grounding.passage_store import PassageStore
from models.grounding.rows import ENDED, Document, NewDocument, Stage
from services.grounding.extraction.outcome import Found
from services.grounding.licences import licence_id
from services.grounding.reading import Parting
from services.grounding.retrieval.name_catalogue import NameCatalogue
from services.grounding.vector_index import VectorIndex
from utils.cancellation import CancelToken
from utils.errors import (
    AppError,
    CancelledError,
    DiskFullError,
    DocumentError,
    InputError,
    NotFoundError,
    SideError,
    StorageError,
)
from utils.files import is_disk_full, sync_file, sync_folder
from utils.side.tasks import Side

log = logging.getLogger(__name__)
FOLDER = "documents"
_PIECE = 1 << 20
_LONGEST_NAME = 200
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


@dataclass(frozen=True, slots=True)
class Told:
    """What a sender says of a document."""

    name: str = ""
    licence: str = ""
    jurisdiction: str = ""
    title: str = ""
    url: str = ""
    version: str = ""
    identifier: str = ""


@dataclass(frozen=True)
class Parts:
    """What the service works with.

    Attributes:
        read: Begins to read the file at a path, called so by its sender.
        names: Returns the names of instruments that are known.
        jurisdictions: Ids that a document may have.
        changed: Told of every change of a document.
        side: Where large texts are parted.
    """

    store: DocumentStore
    passages: PassageStore
    vectors: VectorIndex
    read: Callable[[Path, str, CancelToken], Pages]
    names: Callable[[], NameCatalogue]
    jurisdictions: frozenset[str]
    changed: Callable[[Document], None]
    side: Side[object] | None = None


class DocumentService:
    """The documents of one data folder."""

    def __init__(self, parts: Parts, folder: Path, most_bytes: int, guard: Callable[[], None] = lambda: None) -> None:
        """Keep files in *folder*, each of at most *most_bytes*; *guard* raises if what is written would be lost."""
        self._parts = parts
        self._store = parts.store
        self._folder = folder / FOLDER
        self._most_bytes = most_bytes
        self._guard = guard
        self._stopping = CancelToken()
        self._moved = threading.Condition()
        self._has_work = threading.Event()
        self._current: tuple[int, CancelToken] | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Tidy up after the last process, and begin to read what waits."""
        self._sweep()
        self._thread = threading.Thread(target=self._loop, name="documents", daemon=True)
        self._thread.start()

    def tell(self) -> None:
        """Tell the thread to end; returns at once."""
        self._stopping.cancel()
        with self._moved:
            if self._current is not None:
                self._current[1].cancel()
            self._moved.notify_all()
        self._has_work.set()

    def stop(self, timeout_s: float) -> None:
        """Wait for the thread; a document under way is taken up at the next start."""
        self.tell()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def upload(self, stream: IO[bytes], told: Told) -> Document:
        """Take a document in; it is read by and by.

        Raises:
            InputError: it is empty or too large, or what is told of it is not known.
            DuplicateDocumentError: its bytes are here already.
            StorageError: the disk is full or cannot be written.
        """
        licence, jurisdiction = licence_id(told.licence), self._jurisdiction(told.jurisdiction)
        name = _clean_name(told.name)
        with self._received(stream, name) as (path, sha256, size):
            new = NewDocument(
                id=f"doc_{uuid.uuid4().hex}",
                name=name,
                sha256=sha256,
                size_bytes=size,
                file=path.name,
                licence=licence,
                jurisdiction=jurisdiction,
                title=told.title,
                url=told.url,
                version=told.version,
                identifier=told.identifier,
            )
            document = self._store.add(new)
        log.info("document uploaded", extra={"document": document.id, "bytes": size})
        self._tell(document)
        return document

    def wait(self, document_id: str, timeout_s: float) -> Document:
        """Return a document when its reading has ended, or after *timeout_s* seconds as it is then."""
        with self._moved:
            self._moved.wait_for(
                lambda: self._stopping.is_cancelled or self.find(document_id).stage in ENDED, timeout_s
            )
        return self.find(document_id)

    def find(self, document_id: str) -> Document:
        """Return a document; NotFoundError if there is none with this id."""
        found = self._store.find(document_id)
        if found is None:
            raise NotFoundError(f"file {document_id[:80]!r}: is not here; GET /api/files lists those that are")
        return found

    def path_of(self, document: Document) -> Path:
        """Return where the file of a document is."""
        return self._folder / document.file

    def delete(self, document_id: str) -> Document:
        """Delete a document: its file, text, chunks, words and vectors.

        Raises:
            NotFoundError: there is none with this id.
            StorageError: nothing was deleted.
        """
        document = self.find(document_id)
        file = self._store.delete(document.number)
        with self._moved:
            if self._current is not None and self._current[0] == document.number:
                self._current[1].cancel()
        self._parts.vectors.forget(document.number)
        if file is not None:
            (self._folder / file).unlink(missing_ok=True)  # what is left after a crash is swept at the next start
        log.info("document deleted", extra={"document": document.id})
        self._notify()
        return document

    def reindex(self, document_id: str) -> Document:
        """Read a document again from its file, as after a failure; NotFoundError if there is none with this id."""
        document = self.find(document_id)
        if document.stage in ENDED:
            self._store.restart(document.number)
            self._parts.vectors.forget(document.number)
        document = self.find(document_id)
        self._tell(document)
        return document

    def some(self, limit: int, offset: int, where: Mapping[str, str]) -> tuple[list[Document], int]:
        """Return documents, newest first, and how many there are."""
        return self._store.some(limit, offset, where), self._store.count(where)

    def _jurisdiction(self, given: str) -> str:
        if given and given not in self._parts.jurisdictions:
            wanted = ", ".join(sorted(self._parts.jurisdictions))
            raise InputError(f"jurisdiction: got {given[:40]!r}, want one of {wanted}, or none")
        return given

    @contextmanager
    def _received(self, stream: IO[bytes], name: str) -> Iterator[tuple[Path, str, int]]:
        """Keep an upload in the folder under a random name; it is removed if the block fails."""
        self._guard()
        path = self._folder / uuid.uuid4().hex
        aside = path.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            digest, size = hashlib.sha256(), 0
            with aside.open("wb") as file:
                while piece := stream.read(_PIECE):
                    size += len(piece)
                    if size > self._most_bytes:
                        raise InputError(
                            f"file {name!r}: is larger than {self._most_bytes >> 20} MB; send it in parts, or raise "
                            "MAX_DOCUMENT_MB"
                        )
                    digest.update(piece)
                    file.write(piece)
            if not size:
                raise InputError(f"file {name!r}: is empty")
            sync_file(aside)
            os.replace(aside, path)
            sync_folder(self._folder)
            yield path, digest.hexdigest(), size
        except OSError as error:
            path.unlink(missing_ok=True)
            raise _unwritable(self._folder, error) from error
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            aside.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove files that no document has, and set documents aside whose reading ends processes."""
        known = self._store.files()
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                if path.name not in known:
                    path.unlink(missing_ok=True)
        for document in self._store.waiting():
            if document.attempts >= _MOST_ATTEMPTS:
                reason = f"its reading was broken off {document.attempts} times; POST …/reindex tries again"
                self._store.fail(document.number, reason)

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
        if not self._parts.vectors.can_embed:
            return None
        return self._store.unembedded()

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
            self._told_by_number(document)

    def _read(self, document: Document, token: CancelToken) -> None:
        if document.attempts >= _MOST_ATTEMPTS:
            raise DocumentError(f"its reading failed {document.attempts} times; POST …/reindex tries again")
        self._store.begin(document.number)
        self._told_by_number(document)
        pages, found = self._pages(document, token)
        self._store.advance(document.number, Stage.CHUNKING)
        self._told_by_number(document)
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
        parting = Parting(tuple(pages), _units(found), instrument, self._parts.names(), facts)
        side = self._parts.side if found.characters > _HERE_CHARACTERS else None
        reading = side.run(parting) if side is not None else parting.run(None)
        if token.is_cancelled or not self._store.keep(document.number, reading):
            raise CancelledError("the document was deleted")

    def _pages(self, document: Document, token: CancelToken) -> tuple[list[Page], Found]:
        reading = self._parts.read(self.path_of(document), document.name, token)
        pages: list[Page] = []
        try:
            for page in reading:
                pages.append(page)
                if len(pages) % _PAGES_A_STEP == 0:
                    self._store.advance(document.number, Stage.EXTRACTING, pages=len(pages))
                    self._told_by_number(document)
        finally:
            reading.close()
        return pages, reading.found

    def _embed(self, document: Document, token: CancelToken) -> None:
        for _ in self._parts.vectors.embed(document.number):
            self._told_by_number(document)
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
                with suppress(NotFoundError):
                    self.delete(other.id)

    def _told_by_number(self, document: Document) -> None:
        found = self._store.find(document.id)
        if found is not None:
            self._tell(found)
        else:
            self._notify()

    def _tell(self, document: Document) -> None:
        self._parts.changed(document)
        self._has_work.set()
        self._notify()

    def _notify(self) -> None:
        with self._moved:
            self._moved.notify_all()


def _instrument(document: Document, found: Found) -> Instrument:
    if found.instrument is not None:
        return found.instrument
    title = document.title or found.title or document.name
    return Instrument(title, jurisdiction=document.jurisdiction)


def _units(found: Found) -> tuple[Unit, ...] | None:
    return found.units


def _clean_name(name: str) -> str:
    """Return the last part of a name, without what does not belong into a log or a header."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return "".join(char for char in last if char.isprintable())[:_LONGEST_NAME].strip() or "document"


def _fault(error: Exception) -> str:
    return f"it could not be read ({type(error).__name__}); the log has more, POST …/reindex tries again"


def _unwritable(folder: Path, error: OSError) -> StorageError:
    if is_disk_full(error):
        return DiskFullError(f"{folder}: no space left on the disk; free some and send the document again")
    return StorageError(f"{folder}: cannot be written ({error.strerror}); send the document again")
