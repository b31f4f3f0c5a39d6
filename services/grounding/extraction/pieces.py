"""Pieces of formats without pages: paragraphs gathered until a piece is large enough."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from models.grounding.document import Heading, Page

_PIECE = 32_000


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph as a reader sees it, without its line break; *level* is that of a heading, 0 for none."""

    text: str
    level: int = 0


def pieces(paragraphs: Iterable[Paragraph], number: int | None = None) -> Iterator[Page]:
    """Yield the *paragraphs* as pieces of some tens of thousands of characters; no paragraph is parted."""
    gathered: list[Paragraph] = []
    size = 0
    for paragraph in paragraphs:
        if size >= _PIECE:
            yield page_of(gathered, number)
            gathered, size = [], 0
        gathered.append(paragraph)
        size += len(paragraph.text) + 1
    if gathered:
        yield page_of(gathered, number)


def page_of(paragraphs: Iterable[Paragraph], number: int | None = None, confidence: float | None = None) -> Page:
    """Return the *paragraphs* as one page."""
    texts: list[str] = []
    headings: list[Heading] = []
    size = 0
    for paragraph in paragraphs:
        if paragraph.level:
            headings.append(Heading(size, size + len(paragraph.text), paragraph.level))
        texts.append(f"{paragraph.text}\n")
        size += len(paragraph.text) + 1
    return Page("".join(texts), number, confidence, tuple(headings))
