"""Documents: taken in, told, kept, deleted. `ingestion.py` reads them."""

import hashlib
import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from models.contract.answers.grounding import ChunkRow, DocumentRow, PageRow
from models.contract.arguments import DocumentsArguments, UploadArguments
from models.grounding.document_files import DocumentFiles
from models.grounding.document_store import DocumentStore
from models.grounding.passage_store import PassageStore
from models.grounding.rows import Document, NewDocument
from services.grounding.answers import chunk_row, document_row, page_row
from services.grounding.ingestion import Ingestion
from services.grounding.licences import LICENCES, Licence, licence_id
from services.grounding.vector_index import VectorIndex
from services.streams.broker import EventBroker
from utils.errors import DiskFullError, InputError, NotFoundError, StorageError
from utils.files import is_disk_full, sync_file, sync_folder

log = logging.getLogger(__name__)
FOLDER = "documents"
_PIECE = 1 << 20
_LONGEST_NAME = 200
_PATIENCE_S = 600.0
# Characters of a unit that are shown beside a sample: ten pages.
_LONGEST_PASSAGE = 30_000


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
class Shelves:
    """Where documents are.

    Attributes:
        files: What they were read from.
        most_bytes: Of one file.
        jurisdictions: Ids that a document may have.
        guard: Raises if what is written would be lost.
    """

    store: DocumentStore
    passages: PassageStore
    vectors: VectorIndex
    files: DocumentFiles
    most_bytes: int
    jurisdictions: frozenset[str]
    guard: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Passage:
    """A unit of law as a document has it; *start* is the place of its first character in the document."""

    start: int
    text: str
    number: str
    heading: str
    title: str


class DocumentService:
    """The documents of one data folder."""

    def __init__(self, shelves: Shelves, ingestion: Ingestion, events: EventBroker) -> None:
        self._shelves = shelves
        self._store = shelves.store
        self._folder = shelves.files.folder
        self._ingestion = ingestion
        self.events = events

    def start(self) -> None:
        """Tidy up after the last process, and begin to read what waits."""
        self._sweep()
        self._ingestion.start()

    def tell(self) -> None:
        """Tell the thread to end, and the streams; returns at once."""
        self.events.close()
        self._ingestion.tell()

    def stop(self, timeout_s: float) -> None:
        """Wait for the thread; a document under way is taken up at the next start."""
        self._ingestion.stop(timeout_s)

    def take(self, stream: IO[bytes], told: UploadArguments) -> DocumentRow:
        """Take an upload in, and wait until it is read where that is wanted; errors as `upload`."""
        given = Told(told.name, told.licence, told.jurisdiction, told.title, told.url, told.version)
        document = self.upload(stream, given)
        return document_row(self.wait(document.id, _PATIENCE_S) if told.wait else document)

    def some(self, wanted: DocumentsArguments) -> tuple[list[DocumentRow], int]:
        """Return documents, newest first, and how many there are."""
        given = {"status": wanted.status or "", "jurisdiction": wanted.jurisdiction}
        where = {name: value for name, value in given.items() if value}
        rows = [
            document_row(self._ingestion.noted(one)) for one in self._store.some(wanted.limit, wanted.offset, where)
        ]
        return rows, self._store.count(where)

    def get(self, document_id: str) -> DocumentRow:
        """Return a document; errors as `find`."""
        return document_row(self.find(document_id))

    def file(self, document_id: str) -> tuple[DocumentRow, Path]:
        """Return a document and where its file is; errors as `find`, and StorageError if the file cannot be had."""
        document = self.find(document_id)
        return document_row(document), self._shelves.files.path(document)

    def pages(self, document_id: str, limit: int, offset: int) -> tuple[list[PageRow], int]:
        """Return pages in order, and how many there are; errors as `find`."""
        document = self.find(document_id)
        rows = [page_row(one) for one in self._shelves.passages.pages(document.number, limit, offset)]
        return rows, document.pages

    def chunks(self, document_id: str, limit: int, offset: int) -> tuple[list[ChunkRow], int]:
        """Return chunks in order, and how many there are; errors as `find`."""
        document = self.find(document_id)
        rows = [chunk_row(one) for one in self._shelves.passages.chunks(document.number, limit, offset)]
        return rows, document.chunks

    def passage(self, document_id: str, unit_id: int) -> Passage | None:
        """Return the text of a unit of law; None where the document was read again or deleted since it was named."""
        document = self._store.find(document_id)
        kept = self._shelves.passages.unit(unit_id) if document is not None else None
        if document is None or kept is None or kept.document != document.number:
            return None
        unit = kept.unit
        text = self._shelves.passages.text(document.number, unit.start, min(unit.end, unit.start + _LONGEST_PASSAGE))
        return Passage(unit.start, text, unit.number, unit.heading, document.shown)

    def place(self, document_id: str, wanted: Mapping[str, int], words: str = "") -> int:
        """Return how many chunks stand before the first one of a unit, page or place; errors as `find`.

        Args:
            document_id: Whose.
            wanted: One of `chunk` (an id), `unit` (an id), `page` (its number) and `start` (characters before it).
            words: Or words that it holds, where nothing is *wanted*.
        """
        number, passages = self.find(document_id).number, self._shelves.passages
        return passages.holding(number, words) if words and not wanted else passages.before(number, wanted)

    def licences(self) -> Mapping[str, Licence]:
        """Return the licences that a document may have, by their ids."""
        return LICENCES

    def reindex(self, document_id: str) -> DocumentRow:
        """Read a document again from its file, as after a failure; errors as `find`."""
        document = self.find(document_id)
        self._ingestion.leave(document.number)
        self._store.restart(document.number)
        self._shelves.vectors.forget(document.number)
        document = self.find(document_id)
        self._ingestion.told(document)
        return document_row(document)

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
            document = self._store.add(new, path)
        log.info("document uploaded", extra={"document": document.id, "bytes": size})
        self._ingestion.told(document)
        return document

    def wait(self, document_id: str, timeout_s: float) -> Document:
        """Return a document when its reading has ended, or after *timeout_s* seconds as it is then."""
        return self._ingestion.wait(lambda: self.find(document_id), timeout_s)

    def has(self, document_id: str) -> bool:
        """Tell whether there is a document with this id."""
        return self._store.find(document_id) is not None

    def find(self, document_id: str) -> Document:
        """Return a document; NotFoundError if there is none with this id."""
        found = self._store.find(document_id)
        if found is None:
            raise NotFoundError(f"file {document_id[:80]!r}: is not here; GET /api/files lists those that are")
        return self._ingestion.noted(found)

    def delete(self, document_id: str) -> None:
        """Delete a document: its file, text, chunks, words and vectors.

        Raises:
            NotFoundError: there is none with this id.
            StorageError: nothing was deleted.
        """
        document = self.find(document_id)
        file = self._store.delete(document.number)
        self._ingestion.leave(document.number)
        self._shelves.vectors.forget(document.number)
        if file is not None:
            self._shelves.files.forget(file)
        self.events.publish(lambda: {"type": "file_deleted", "file_id": document.id}, 0)
        log.info("document deleted", extra={"document": document.id})

    def _jurisdiction(self, given: str) -> str:
        if given and given not in self._shelves.jurisdictions:
            wanted = ", ".join(sorted(self._shelves.jurisdictions))
            raise InputError(f"jurisdiction: got {given[:40]!r}, want one of {wanted}, or none")
        return given

    @contextmanager
    def _received(self, stream: IO[bytes], name: str) -> Iterator[tuple[Path, str, int]]:
        """Keep an upload in the folder under a random name; it is removed if the block fails."""
        self._shelves.guard()
        path = self._folder / uuid.uuid4().hex
        aside = path.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            digest, size = hashlib.sha256(), 0
            with aside.open("wb") as file:
                while piece := stream.read(_PIECE):
                    size += len(piece)
                    if size > self._shelves.most_bytes:
                        raise InputError(
                            f"file {name!r}: is larger than {self._shelves.most_bytes >> 20} MB; send it in parts, "
                            "or raise MAX_DOCUMENT_MB"
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
        """Remove files that no document has; of several processes another may be taking one in."""
        known = self._store.files()
        before = time.time() - (0 if self._ingestion.is_alone else _PATIENCE_S)
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            with suppress(FileNotFoundError):
                if path.name not in known and path.stat().st_mtime <= before:
                    path.unlink()


def _clean_name(name: str) -> str:
    """Return the last part of a name, without what does not belong into a log or a header."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return "".join(char for char in last if char.isprintable())[:_LONGEST_NAME].strip() or "document"


def _unwritable(folder: Path, error: OSError) -> StorageError:
    if is_disk_full(error):
        return DiskFullError(f"{folder}: no space left on the disk; free some and send the document again")
    return StorageError(f"{folder}: cannot be written ({error.strerror}); send the document again")
