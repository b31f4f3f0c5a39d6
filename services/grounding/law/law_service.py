"""Adds law: fetched from the official services, then taken in as any document is."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.contract.answers.grounding import DocumentRow
from models.grounding.rows import Document
from services.grounding.answers import document_row
from services.grounding.document_service import DocumentService
from services.grounding.law.sources import Bases, wanted
from utils.cancellation import CancelToken
from utils.errors import DuplicateDocumentError

if TYPE_CHECKING:
    from services.grounding.law.fetching import Fetcher

log = logging.getLogger(__name__)
FOLDER = "law"


@dataclass(frozen=True, slots=True)
class Added:
    """What was added.

    Attributes:
        document: It is read by and by, as after an upload.
        is_unchanged: The same bytes were here already, and nothing was done.
    """

    document: Document
    is_unchanged: bool = False


class LawService:
    """Adds single texts by reference, such as "legislation.gov.uk/ukpga/2006/46" or "eur-lex/32016R0679"."""

    def __init__(
        self, documents: DocumentService, fetcher: "Callable[[], Fetcher]", bases: Bases | None = None
    ) -> None:
        """Fetch with what *fetcher* returns from the services at *bases*."""
        self._documents = documents
        self._fetcher = fetcher
        self._bases = bases or Bases()
        self._stopping = CancelToken()

    def take(self, reference: str) -> tuple[DocumentRow, bool]:
        """Add a text and return what callers are told of it, and whether it was here already; errors as `add`."""
        added = self.add(reference, self._stopping)
        return document_row(added.document), added.is_unchanged

    def tell(self) -> None:
        """Break off what is being fetched: the service ends."""
        self._stopping.cancel()

    def add(self, reference: str, token: CancelToken | None = None) -> Added:
        """Fetch what *reference* means and take it in; earlier states are found no more when it is ready.

        Blocks while a service makes the text, some minutes at most; cancel *token* to end that.

        Raises:
            InputError: the reference means nothing, or what came is too large or no text.
            NotFoundError: the service has no such text.
            UnavailableError: the service cannot be reached, or is busy.
            StorageError: the disk is full or cannot be written.
        """
        what = wanted(reference, self._bases)
        with self._fetcher().fetched(what, token) as path, path.open("rb") as stream:
            try:
                document = self._documents.upload(stream, what.told)
            except DuplicateDocumentError as error:
                log.info("law unchanged", extra={"reference": what.told.url})
                return Added(self._documents.find(error.file_id), is_unchanged=True)
        log.info("law added", extra={"reference": what.told.url, "document": document.id})
        return Added(document)
