"""What reading a document may cost, and what it finds."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from models.grounding.document import Instrument, Page, Unit

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may cost.

    Attributes:
        memory_bytes: Address space of the process that reads it (Linux).
        page_s: Seconds for one page.
        document_s: Seconds for all of it, waiting for whoever takes the pages not counted.
        pages: Pages.
        characters: Characters of text.
        pixels: Pixels of an image.
        expanded_bytes: Bytes that are unpacked of a packed file.
        speech_model: Folder of the model that hears speech; "" for none.
    """

    memory_bytes: int = 1536 * MIB
    page_s: float = 90.0
    document_s: float = 3600.0
    pages: int = 20_000
    characters: int = 60_000_000
    pixels: int = 100_000_000
    expanded_bytes: int = 128 * MIB
    speech_model: str = ""


@dataclass(slots=True)
class Found:
    """What was found beside the text; complete once all pages are read.

    Attributes:
        kind: Of `kinds.Kind`.
        title: What the file says is its title; "" for none.
        notes: What its reader should know, a sentence each: "page 3: scanned, recognised (confidence 0.93)".
        pages: Pages read, or pieces of formats without pages.
        characters: Characters of all pages.
        recognised: Pages recognised from a scan.
        instrument: What it is, where it is law as data or a judgment.
        units: Its units, where the format tells them; None to find them in the text.
    """

    kind: str = ""
    title: str = ""
    notes: list[str] = field(default_factory=list)
    pages: int = 0
    characters: int = 0
    recognised: int = 0
    instrument: Instrument | None = None
    units: tuple[Unit, ...] | None = None


_NOTES = 100


def noted(found: Found, note: str) -> None:
    """Add *note* to *found*, each once and no more than a hundred."""
    if note not in found.notes and len(found.notes) <= _NOTES:
        found.notes.append(note if len(found.notes) < _NOTES else "there is more to note than is told here")


@dataclass(frozen=True, slots=True)
class Step:
    """Says that the reading goes on, where the next page takes longer than one may."""


Pages = Iterator[Page | Step]
