"""What the stores of documents take and return."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from models.grounding.document import Page, Unit


class Stage(StrEnum):
    """How far a document is."""

    UPLOADED = "uploaded"
    EXTRACTING = "extracting"
    CHUNKING = "chunking"
    EMBEDDING = "embedding"
    READY = "ready"
    FAILED = "failed"


ENDED = (Stage.READY, Stage.FAILED)


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document that came in.

    Attributes:
        id: Random, as callers name it.
        name: As its sender calls it.
        sha256: Of its bytes, in hexadecimal digits.
        file: Its name in the folder of files.
        licence: As the sender says; "" for not said.
        jurisdiction: An id of the catalogue, or "".
    """

    id: str
    name: str
    sha256: str
    size_bytes: int
    file: str
    licence: str = ""
    jurisdiction: str = ""
    title: str = ""
    url: str = ""
    version: str = ""
    identifier: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is kept.

    Attributes:
        number: Its number in the database.
        kind: Of file: "pdf", "docx", … or the kind of the source of law; "" before it was read.
        common_name: The name that people use for the instrument.
        instrument: What kind of instrument it is: "act", "regulation", …; "" for other documents.
        stage: How far it is.
        reason: Why it failed.
        recognised: Pages that were recognised from a scan.
        embedded: Chunks that have vectors.
        attempts: How often its reading began.
    """

    number: int
    id: str
    name: str
    sha256: str
    size_bytes: int
    file: str
    kind: str
    title: str
    common_name: str
    licence: str
    jurisdiction: str
    identifier: str
    instrument: str
    version: str
    url: str
    aliases: tuple[str, ...]
    stage: Stage
    reason: str
    notes: tuple[str, ...]
    pages: int
    units: int
    chunks: int
    characters: int
    recognised: int
    embedded: int
    attempts: int
    created_at: str
    updated_at: str

    @property
    def shown(self) -> str:
        """What people call it: the common name, else the title, else the name of its file."""
        return self.common_name or self.title or self.name


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A unit to keep, with the keys that its number is found under."""

    unit: Unit
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewChunk:
    """A chunk to keep.

    Attributes:
        unit: Place of its unit in the list of units, from 0.
        start: Where it begins in the text of the document.
        end: Where it ends.
        page: Number of the page on which it begins; None in formats without pages.
        text: As it stands in the document.
        tokens: What the index of words holds of it, parted by blanks.
    """

    unit: int
    start: int
    end: int
    page: int | None
    text: str
    tokens: str


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was read of a document, to be kept at once.

    Attributes:
        facts: Columns of the document that the reading tells.
        names: Keys under which the instrument is found.
    """

    facts: Mapping[str, object]
    pages: tuple[Page, ...]
    units: tuple[NewUnit, ...]
    chunks: tuple[NewChunk, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeptUnit:
    """A unit of a document, with its id."""

    id: int
    document: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class KeptChunk:
    """A chunk, with what stands above it.

    Attributes:
        file_id: Id of the document, as callers name it.
        title: Common name or title of the document.
        instrument: Kind of the instrument; "" for none.
    """

    id: int
    document: int
    file_id: str
    title: str
    instrument: str
    jurisdiction: str
    unit: KeptUnit
    start: int
    end: int
    page: int | None
    text: str


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page of a document."""

    ordinal: int
    start: int
    page: Page
