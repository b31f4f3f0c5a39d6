"""DOCX in the order of the document: paragraphs with automatic numbers, tables, notes, text boxes, accepted changes."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from services.grounding.extraction.docx_inline import Inline, InlineReader, branch, is_held
from services.grounding.extraction.docx_numbering import LEVELS, Numbering
from services.grounding.extraction.docx_package import Package, attribute, child, is_on, tag, value
from services.grounding.extraction.docx_styles import Styles, heading_level
from services.grounding.extraction.outcome import Found, Limits, Pages, noted
from services.grounding.extraction.pieces import Paragraph, pieces, row_of
from services.grounding.extraction.texts import plain
from utils.errors import DocumentError

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_HOLDERS = frozenset("w:ins w:moveTo w:sdt w:sdtContent w:customXml w:smartTag".split())
_OF_NO_TEXT = frozenset(("separator", "continuationSeparator", "continuationNotice"))
_SPACES = re.compile(r"[ \t]*\t[ \t]*|  +")


def read_docx(path: Path, name: str, limits: Limits, found: Found) -> Pages:
    """Yield the text of the file in pieces; raises DocumentError."""
    with Package(path, name, limits.expanded_bytes) as package:
        part = package.main_part()
        found.title = _title(package)
        walker = _Walker(package, part)
        yield from pieces(walker.paragraphs())
        if walker.pictures:
            noted(found, f"{walker.pictures} pictures in it were not read")
        if walker.foreign:
            noted(found, f"{walker.foreign} parts of other formats in it were not read")


def _title(package: Package) -> str:
    try:
        root = package.tree(package.related("", "core-properties"))
    except DocumentError:
        return ""
    for one in root if root is not None else ():
        if isinstance(one.tag, str) and one.tag.endswith("}title"):
            return " ".join(plain(one.text or "").split())[:300]
    return ""


class _Walker:
    """Goes through the document once."""

    def __init__(self, package: Package, part: str) -> None:
        self._package = package
        self._part = part
        self._styles = Styles(package.tree(package.related(part, "styles")))
        self._numbering = Numbering(package.tree(package.related(part, "numbering")), self._styles.list_of)
        self._notes = {
            kind: _notes(package.tree(package.related(part, f"{kind}s"))) for kind in ("footnote", "endnote")
        }
        self._counts: Counter[str] = Counter()
        self._inline = InlineReader(self._styles, self._next_mark)
        self._due: list[Paragraph] = []
        self._at_end: list[Paragraph] = []
        self._held = ""
        self.foreign = 0

    @property
    def pictures(self) -> int:
        """How many pictures were met."""
        return self._inline.pictures

    def paragraphs(self) -> Iterator[Paragraph]:
        """Yield all paragraphs."""
        for element in self._package.blocks(self._part, "w:body"):
            yield from self._block(element)
            due, self._due = self._due, []
            yield from due
        if self._held.strip():
            yield Paragraph(_tidy(self._held))
        yield from self._at_end

    def _block(self, element: "Element") -> Iterator[Paragraph]:
        name = tag(element)
        if name == "w:p":
            yield from self._paragraph(element)
        elif name == "w:tbl":
            yield from self._table(element)
        elif name in _HOLDERS:
            yield from self._blocks(element)
        elif name == "mc:AlternateContent":
            yield from self._blocks(branch(element))
        elif name == "w:altChunk":
            self.foreign += 1

    def _blocks(self, holder: "Iterable[Element]") -> Iterator[Paragraph]:
        for element in holder:
            yield from self._block(element)

    def _paragraph(self, element: "Element") -> Iterator[Paragraph]:
        style = value(element, "w:pPr", "w:pStyle") or self._styles.default
        inline = self._inline.read(element, style)
        if is_held(element):
            is_run_in = bool(is_on(element, "w:pPr", "w:rPr", "w:specVanish"))
            self._held += (self._number(element, style) if is_run_in else "") + inline.text
            self._hang(inline)
            return
        held, self._held = self._held, ""
        text = _tidy(held + self._number(element, style) + inline.text)
        if text:
            yield Paragraph(text, 0 if held.strip() else self._level(element, style))
        self._hang(inline)
        for box in inline.boxes:
            yield from self._blocks(box)

    def _level(self, element: "Element", style: str) -> int:
        own = value(element, "w:pPr", "w:outlineLvl")
        return heading_level(own) if own else self._styles.level(style)

    def _number(self, element: "Element", style: str) -> str:
        """Count a paragraph that is numbered; return its number with the space behind, "" for none."""
        number = value(element, "w:pPr", "w:numPr", "w:numId")
        place = value(element, "w:pPr", "w:numPr", "w:ilvl")
        if not number:
            number, of_style, holder = self._styles.numbering(style)
            linked = self._numbering.level_of_style(number, style)
            if linked is None:
                linked = self._numbering.level_of_style(number, holder)
            place = place or (str(linked) if linked is not None else of_style)
        if number in ("", "0"):
            return ""
        level = int(place) if place.isascii() and place.isdigit() else 0
        return self._numbering.next(number, min(level, LEVELS - 1))

    def _next_mark(self, kind: str) -> str:
        self._counts[kind] += 1
        return str(self._counts[kind])

    def _hang(self, inline: Inline) -> None:
        """Keep the notes of a paragraph until it, or the table around it, is told."""
        for kind, identifier, mark in inline.notes:
            note = self._notes[kind].pop(identifier, None)
            if note is None:
                continue
            due = self._at_end if kind == "endnote" else self._due
            held, self._held = self._held, ""
            texts = [one.text for one in self._blocks(note)]
            self._held = held
            if texts:
                due.append(Paragraph(f"{mark} {texts[0]}".strip()))
                due.extend(Paragraph(text) for text in texts[1:])

    def _table(self, table: "Element") -> Iterator[Paragraph]:
        held, self._held = self._held, ""
        if held.strip():
            yield Paragraph(_tidy(held))
        for row in _within(table, "w:tr"):
            of_row = child(row, "w:trPr")
            if of_row is not None and (child(of_row, "w:del") is not None or is_on(of_row, "w:hidden")):
                continue
            cells = [self._cell(cell) for cell in _within(row, "w:tc") if child(cell, "w:tcPr", "w:cellDel") is None]
            yield from row_of(cells)

    def _cell(self, cell: "Element") -> list[Paragraph]:
        merged = child(cell, "w:tcPr", "w:vMerge")
        paragraphs = list(self._blocks(cell))
        if self._held:
            paragraphs.append(Paragraph(_tidy(self._held)))
            self._held = ""
        goes_on = merged is not None and attribute(merged, "val") in ("", "continue")
        return [] if goes_on else paragraphs


def _within(holder: "Element", name: str) -> "Iterator[Element]":
    """Yield the rows or cells of *holder*, also those in content controls and insertions."""
    for element in holder:
        kind = tag(element)
        if kind == name:
            yield element
        elif kind in _HOLDERS:
            yield from _within(element, name)
        elif kind == "mc:AlternateContent":
            for one in branch(element):
                if tag(one) == name:
                    yield one


def _notes(root: "Element | None") -> "dict[str, Element]":
    return {
        attribute(one, "id"): one
        for one in (root if root is not None else ())
        if tag(one) in ("w:footnote", "w:endnote") and attribute(one, "type") not in _OF_NO_TEXT
    }


def _tidy(text: str) -> str:
    lines = (_SPACES.sub(" ", line).strip() for line in plain(text).split("\n"))
    return "\n".join(line for line in lines if line)
