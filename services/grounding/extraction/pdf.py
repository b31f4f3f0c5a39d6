"""PDF, a page at a time: its text as a reader sees it; a page that is only a picture is recognised."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING

from models.grounding.document import Page
from services.grounding.extraction.kinds import refused
from services.grounding.extraction.outcome import Found, Limits, Pages, Step
from services.grounding.extraction.page_notes import PageNotes
from services.grounding.extraction.pdf_furniture import NEAR, Edge, edges, running
from services.grounding.extraction.pdf_glyphs import Glyphs
from services.grounding.extraction.pdf_lines import Line, Margin, Stretch, lines_of, margin_of
from services.grounding.extraction.pdf_paragraphs import paragraphs_of
from services.grounding.extraction.pieces import Paragraph, page_of
from services.grounding.extraction.recognition import MISSING, Recognised, is_there, recognise
from services.grounding.extraction.texts import HYPHENS, parted, plain
from utils.errors import DocumentError

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

# A stamp of a court's registry over a scan has fewer glyphs than that; a page of text has more.
_FEW_GLYPHS = 250
_UNREADABLE = 0.3
_MORE = 2
_COVERED = 0.5
_DRAWN_PATHS = 100
_DOTS_PER_POINT = 300 / 72
_RENDERED_PIXELS = 40_000_000
_COMPOUND = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+")
_COMPOUNDS = 20_000
_NO_TITLE = re.compile(r"(?i)(?:microsoft word - |untitled|\(anonymous\)|\S+\.(?:docx?|pdf|qxd|indd|rtf|odt)$)")
_DAMAGED = "it is no whole PDF: cut short or damaged; fetch or save it again"
_REASONS = (
    ("password", "it is encrypted: open it with its password and save it without one"),
    ("security", "it is encrypted in a way that cannot be read: save it without protection"),
)


@dataclass(slots=True)
class _Sheet:
    """A page on its way: its lines, or its text where that is settled."""

    number: int
    lines: list[Line] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    margin: Margin | None = None
    recognised: Recognised | None = None
    body: list[Line] | None = None


def read_pdf(path: Path, name: str, limits: Limits, found: Found) -> Pages:
    """Yield the pages of the file; raises DocumentError."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        said = str(error).lower()
        raise refused(name, next((why for word, why in _REASONS if word in said), _DAMAGED)) from error
    try:
        count = len(document)
        if count > limits.pages:
            raise refused(name, f"it has {count:,} pages, at most {limits.pages:,} are taken: send it in parts")
        if not count:
            raise refused(name, "it has no page, or is damaged; fetch or save it again")
        found.title = _title(document)
        yield from _Reader(document, count, limits, found).pages()
    finally:
        document.close()


def _title(document: "PdfDocument") -> str:
    title = " ".join(plain(document.get_metadata_value("Title")).split())
    return "" if _NO_TITLE.match(title) else title[:300]


class _Reader:
    """Reads the pages, some ahead of the one that is told: heads and feet are known by their neighbours."""

    def __init__(self, document: "PdfDocument", count: int, limits: Limits, found: Found) -> None:
        self._document = document
        self._count = count
        self._limits = limits
        self._found = found
        self._sheets: dict[int, _Sheet] = {}
        self._sizes: Counter[float] = Counter()
        self._compounds: set[str] = set()
        self._notes = PageNotes()
        if document.get_formtype():
            document.init_forms()

    def pages(self) -> Pages:
        """Yield all pages."""
        for index in range(self._count + NEAR + 1):
            if index < self._count:
                self._sheets[index] = self._load(index)
                yield Step()
            if (now := index - NEAR - 1) >= 0:
                yield self._told(now)
                self._sheets.pop(now - NEAR, None)
        self._notes.tell(self._found)

    def _load(self, index: int) -> _Sheet:
        import pypdfium2

        sheet = _Sheet(index + 1)
        try:
            page = self._page(index)
        except pypdfium2.PdfiumError:
            self._notes.add(index + 1, "damaged, left out")
            return sheet
        try:
            self._read(page, sheet)
        finally:
            page.close()
        return sheet

    def _page(self, index: int) -> "PdfPage":
        """Return a page; what was filled in a form stands beside it, and is put on it as a reader sees it."""
        page = self._document[index]
        if self._document.formenv:
            page.flatten()
            page.close()
            page = self._document[index]
        return page

    def _read(self, page: "PdfPage", sheet: _Sheet) -> None:
        glyphs, stretches = _glyphs(page)
        if why := _why_recognise(page, glyphs.count, glyphs.unreadable):
            self._recognise(page, sheet, why, glyphs.count - glyphs.unreadable)
        if sheet.recognised is None:
            sheet.margin = margin_of(stretches)
            sheet.lines = lines_of(stretches, sheet.margin if self._counts_lines(sheet) else None)
            _, bottom, _, top = page.get_bbox()
            sheet.edges = edges(sheet.lines, bottom, top) if page.get_rotation() == 0 else _edges_anywhere(sheet.lines)
            self._learn(sheet.lines)

    def _counts_lines(self, sheet: _Sheet) -> bool:
        """Say whether the numbers in the margin are of lines: they begin anew on each page, those of sections go on."""
        margin, before = sheet.margin, self._sheets.get(sheet.number - 2)
        if margin is None or margin.has_empty or (before is not None and margin.is_like(before.margin)):
            return margin is not None
        if sheet.number == self._count:
            return margin.step > 1
        following = self._page(sheet.number)
        try:
            return margin.is_like(margin_of(_glyphs(following)[1]))
        finally:
            following.close()

    def _recognise(self, page: "PdfPage", sheet: _Sheet, why: str, readable: int) -> None:
        if not is_there():
            self._notes.add(sheet.number, f"{why}, not recognised: {MISSING}")
            return
        area = max(1.0, page.get_width() * page.get_height())
        picture = page.render(scale=min(_DOTS_PER_POINT, sqrt(_RENDERED_PIXELS / area)), grayscale=True).to_pil()
        try:
            read = recognise(picture, self._limits)
        except DocumentError as error:
            self._notes.add(sheet.number, f"{why}, not recognised: {error}")
            return
        # Of a picture with its caption the caption is in the file already, and is sure.
        if sum(len(one.text) for one in read.paragraphs) > _MORE * readable:
            sheet.recognised = read
            self._notes.add(sheet.number, f"{why}, recognised", read.confidence)

    def _learn(self, lines: Sequence[Line]) -> None:
        for line in lines:
            self._sizes[round(line.size * 2) / 2] += len(line.text)
            if "-" in line.text and len(self._compounds) < _COMPOUNDS:
                self._compounds.update(word.lower() for word in _COMPOUND.findall(line.text))

    def _body(self, index: int) -> list[Line]:
        """Return the lines of a page without its running heads and feet."""
        sheet = self._sheets.get(index)
        if sheet is None:
            return []
        if sheet.body is None:
            around = chain(range(index - NEAR, index), range(index + 1, index + NEAR + 1))
            near = [(one - index, self._sheets[one].edges) for one in around if one in self._sheets]
            dropped = running(sheet.edges, near, self._body_size())
            body = [line for line in sheet.lines if line not in dropped]
            # Words that are all of a page are what it says, however much like its neighbours.
            sheet.body = body or [line for line in sheet.lines if any(map(str.isalpha, line.text))]
        return sheet.body

    def _body_size(self) -> float:
        """Return the size of type of most text so far."""
        return self._sizes.most_common(1)[0][0] if self._sizes else 0.0

    def _told(self, index: int) -> Page:
        sheet = self._sheets[index]
        if sheet.recognised is not None:
            return page_of(sheet.recognised.paragraphs, sheet.number, sheet.recognised.confidence)
        paragraphs = paragraphs_of(self._body(index), self._body_size(), self._compounds)
        return _overleaf(
            page_of([_settled(one) for one in paragraphs], sheet.number),
            paragraphs,
            self._first(index + 1),
            self._compounds,
        )

    def _first(self, index: int) -> str:
        following = self._body(index)
        return following[0].text if following else ""


def _settled(paragraph: Paragraph) -> Paragraph:
    return Paragraph(paragraph.text.replace("\ufffe", "-").replace("\u00ad", ""), paragraph.level)


def _overleaf(page: Page, paragraphs: Sequence[Paragraph], following: str, compounds: set[str]) -> Page:
    """Return *page*, without hyphen and line break at its end where a word goes on overleaf."""
    last = paragraphs[-1] if paragraphs else None
    if last is None or last.text[-1] not in HYPHENS or last.level:
        return page
    whole = parted(last.text, following, compounds)
    if whole is None:
        return page
    kept = len(page.text) - len(_settled(last).text) - 1
    return Page(page.text[:kept] + whole, page.number, page.confidence, page.headings)


def _edges_anywhere(lines: Sequence[Line]) -> list[Edge]:
    """Return the edges of a turned page, whose text says itself where its top is."""
    if not lines:
        return []
    return edges(lines, min(line.y for line in lines) - 1, max(line.y for line in lines) + 1)


def _glyphs(page: "PdfPage") -> "tuple[Glyphs, list[Stretch]]":
    text = page.get_textpage()
    try:
        glyphs = Glyphs(page, text)
        return glyphs, glyphs.stretches()
    finally:
        text.close()


def _why_recognise(page: "PdfPage", count: int, unreadable: int) -> str:
    """Return why a page is to be recognised, "" when its text is in the file."""
    if count > 20 and unreadable > _UNREADABLE * count:
        return "its fonts do not say which letters they draw"
    if count >= _FEW_GLYPHS:
        return ""
    covered, paths = _drawn(page)
    if covered >= _COVERED or (not count and covered > 0.02):
        return "scanned"
    return "its letters are drawn as shapes" if not count and paths >= _DRAWN_PATHS else ""


def _drawn(page: "PdfPage") -> tuple[float, int]:
    """Return how much of the page pictures cover, at most 1, and how many shapes are on it."""
    import pypdfium2.raw as pdfium

    whole = max(1.0, page.get_width() * page.get_height())
    covered, paths = 0.0, 0
    for drawn in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_PATH], max_depth=4):
        if drawn.type == pdfium.FPDF_PAGEOBJ_PATH:
            paths += 1
            continue
        left, bottom, right, top = drawn.get_bounds()
        covered += max(0.0, right - left) * max(0.0, top - bottom) / whole
    return min(1.0, covered), paths
