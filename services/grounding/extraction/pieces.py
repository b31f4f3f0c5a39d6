"""Paragraphs: gathered to pages or pieces, and made of the rows of tables."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from models.grounding.document import Heading, Page

_PIECE = 32_000
# What may number the text in the cell beside it: (a), 12.3, iv., a bullet.
_NUMBER = re.compile(r"(?:\(?[\w.]{1,6}[).]|[\d.]{1,8}|\(\w{1,5}\)|[•–—-])")


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


def row_of(cells: list[list[Paragraph]]) -> Iterator[Paragraph]:
    """Yield a row of a table: its cells beside each other; one cell alone, or a number and its text, as paragraphs."""
    while cells and not cells[-1]:
        cells.pop()
    if len(cells) == 1:
        yield from cells[0]
    elif len(cells) == 2 and len(cells[0]) == 1 and cells[1] and _NUMBER.fullmatch(cells[0][0].text):
        yield Paragraph(f"{cells[0][0].text} {cells[1][0].text}", cells[1][0].level)
        yield from cells[1][1:]
    elif cells:
        yield Paragraph(" | ".join(" ".join(one.text.replace("\n", " ") for one in cell) for cell in cells).strip())
