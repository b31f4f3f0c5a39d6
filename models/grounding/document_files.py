"""The files of documents, as they were sent: in a folder, and where several machines share them also on the server."""

import logging
import os
import uuid
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from models.database.files import write_bytes
from models.engines.opening import storage_error
from utils.errors import StorageError
from utils.files import sync_file

log = logging.getLogger(__name__)


class Kept(Protocol):
    """A document, as far as its file goes."""

    @property
    def file(self) -> str:
        """Its name in the folder."""

    @property
    def sha256(self) -> str:
        """Of its bytes."""


class DocumentFiles:
    """The files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, document: Kept) -> Path:
        """Return where the file of a document lies; StorageError if it cannot be had."""
        return self.folder / document.file

    def forget(self, name: str) -> None:
        """Remove a file whose document was deleted; what is left after a crash is swept at the next start."""
        (self.folder / name).unlink(missing_ok=True)


class SharedFiles(DocumentFiles):
    """Files that a server has; those in the folder are what was sent to this machine, or needed here before."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        super().__init__(folder)
        self._engine = engine

    def path(self, document: Kept) -> Path:
        """Return where the file of a document lies, fetched if it is not here.

        Raises:
            StorageError: the server does not answer or has it not, or the folder cannot be written.
        """
        path = self.folder / document.file
        if not path.exists():
            self._fetch(document, path)
        return path

    def _fetch(self, document: Kept, path: Path) -> None:
        aside = path.with_name(f"{uuid.uuid4().hex}.part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._engine.connect() as connection:
                write_bytes(connection, document.sha256, aside)
            sync_file(aside)
            os.replace(aside, path)
        except SQLAlchemyError as error:
            raise storage_error(error, "documents") from error
        except OSError as error:
            raise StorageError(f"{self.folder}: cannot be written ({error.strerror})") from error
        finally:
            aside.unlink(missing_ok=True)
        log.info("document fetched", extra={"file": document.file})
