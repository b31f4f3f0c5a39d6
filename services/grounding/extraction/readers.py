"""Which reader takes which kind, and what holds for all of them."""

from collections.abc import Callable, Mapping
from pathlib import Path

from models.grounding.document import Page
from services.grounding.extraction.audio import read_audio
from services.grounding.extraction.docx import read_docx
from services.grounding.extraction.html import read_html
from services.grounding.extraction.images import read_image
from services.grounding.extraction.kinds import Kind, kind_of, refused
from services.grounding.extraction.markup import read_markdown, read_text
from services.grounding.extraction.outcome import Found, Limits, Pages, Step
from services.grounding.extraction.pdf import read_pdf
from services.grounding.extraction.texts import is_word
from services.grounding.law.forms import Form, form_of, read_law

Reader = Callable[[Path, str, Limits, Found], Pages]
_READERS: Mapping[Kind, Reader] = {
    Kind.PDF: read_pdf,
    Kind.DOCX: read_docx,
    Kind.HTML: read_html,
    Kind.MARKDOWN: read_markdown,
    Kind.TEXT: read_text,
    Kind.IMAGE: read_image,
    Kind.AUDIO: read_audio,
}
# XML of law has a kind of its own; the other forms look like pages or text.
_MAY_BE_LAW = (Kind.XML, Kind.HTML, Kind.TEXT, Kind.MARKDOWN)


def read(path: str, name: str, limits: Limits, found: Found) -> Pages:
    """Yield the pages of the document at *path*; *found* is complete at the end.

    Raises:
        DocumentError: it cannot be read, costs more than *limits*, or has no text.
    """
    kind = kind_of(Path(path), name)
    form = form_of(Path(path), name) if kind in _MAY_BE_LAW else None
    found.kind = form or kind
    has_text = False
    for page in _pages(kind, form, Path(path), name, limits, found):
        if not isinstance(page, Step):
            _count(page, name, limits, found)
            has_text = has_text or is_word(page.text)
        yield page
    if not has_text:
        raise refused(name, _why_empty(found))


def _pages(kind: Kind, form: Form | None, path: Path, name: str, limits: Limits, found: Found) -> Pages:
    if form is not None:
        yield from read_law(form, path, name, found)
        return
    reader = _READERS.get(kind)
    if reader is None:
        raise refused(name, "it is XML that is not of law, or not of a form that is known")
    yield from reader(path, name, limits, found)


def _count(page: Page, name: str, limits: Limits, found: Found) -> None:
    found.pages += 1
    found.characters += len(page.text)
    found.recognised += page.confidence is not None and kind_has_scans(found.kind)
    if found.pages > limits.pages:
        raise refused(name, f"it has more than {limits.pages:,} pages: send it in parts")
    if found.characters > limits.characters:
        raise refused(name, f"it has more than {limits.characters:,} characters of text: send it in parts")


def kind_has_scans(kind: str) -> bool:
    """Say whether a confidence tells of a scan; else of speech."""
    return kind in (Kind.PDF, Kind.IMAGE)


def _why_empty(found: Found) -> str:
    said = f" ({found.notes[0]})" if found.notes else ""
    return f"there is no text in it{said}"
