"""What kind of file it is, read from its content; the name only tells Markdown from plain text."""

import codecs
import re
import zipfile
from enum import StrEnum
from pathlib import Path

from utils.errors import DocumentError

_HEAD = 1 << 16
_TAKEN = "PDF, DOCX, HTML, Markdown, plain text, PNG, JPEG, TIFF, WebP or a recording"


class Kind(StrEnum):
    """What can be read. XML of law is told apart, and read by the parsers of legislation."""

    PDF = "pdf"
    DOCX = "docx"
    HTML = "html"
    MARKDOWN = "markdown"
    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    XML = "xml"


_STARTS: tuple[tuple[bytes, Kind], ...] = (
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"II*\x00", Kind.IMAGE),
    (b"MM\x00*", Kind.IMAGE),
    (b"II+\x00", Kind.IMAGE),
    (b"MM\x00+", Kind.IMAGE),
    (b"ID3", Kind.AUDIO),
    (b"fLaC", Kind.AUDIO),
    (b"OggS", Kind.AUDIO),
    (b"\x1aE\xdf\xa3", Kind.AUDIO),
    (b"#!AMR", Kind.AUDIO),
    (b"FORM", Kind.AUDIO),
)
# Files that people have and that cannot be read: what they are, and what to do.
_REFUSED: tuple[tuple[bytes, str], ...] = (
    (rb"{\rtf", "it is RTF: open it in a word processor and save it as DOCX or PDF"),
    (b"\xffWPC", "it is WordPerfect: save it as DOCX or PDF"),
    (b"%!PS", "it is PostScript: turn it into PDF (ps2pdf)"),
    (b"GIF8", "it is a GIF image: save it as PNG"),
    (b"BM", "it is a BMP image: save it as PNG"),
    (b"\x1f\x8b", "it is packed (gzip): unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "it is packed (7z): unpack it first"),
    (b"Rar!", "it is packed (rar): unpack it first"),
    (b"PAR1", "it is Parquet: import it as samples instead (POST /api/import)"),
    (b"SQLite format 3", "it is a database (SQLite)"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_IN_OLE = (
    ("EncryptedPackage", "it is encrypted: open it with its password and save it without one"),
    ("WordDocument", "it is a Word file of before 2007 (.doc): save it as DOCX or PDF"),
    ("__substg1.0", "it is a message of Outlook (.msg): save its text as PDF or HTML"),
    ("Workbook", "it is a spreadsheet (.xls): save the part that matters as PDF or DOCX"),
)
_IN_ZIP = (
    ("xl/", "it is a spreadsheet (XLSX): save the part that matters as PDF or DOCX"),
    ("ppt/", "it is a presentation (PPTX): save it as PDF"),
    ("META-INF/container.xml", "it is an e-book (EPUB): save it as PDF or HTML"),
    ("mimetype", "it is an OpenDocument file: save it as DOCX or PDF"),
    ("Index/Document.iwa", "it is a Pages document: save it as DOCX or PDF"),
)
_FTYP_IMAGES = (b"heic", b"heix", b"mif1", b"avif")
_MARKDOWN_NAMES = (".md", ".markdown", ".mdown")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(
    rb"""(?:<meta[^>]{0,200}charset|<\?xml[^>]{0,100}encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.I
)
_LEADING = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.S)
_ROOT = re.compile(r"<(?:!doctype\s+)?([A-Za-z_][\w.:-]*)", re.I)
_HTML_TAGS = re.compile(
    r"<(?:html|head|body|title|h[1-6]|p|div|table|ul|ol|span|br|article|section)\b[^<>]{0,500}>", re.I
)
_ATX = re.compile(r"^ {0,3}#{1,6} +\S", re.M)
_MARKED_UP = re.compile(r"^ {0,3}(?:[-*+] +\S|```|> )|\*\*\S|\[[^\]\n]+\]\([^)\s]+\)", re.M)


def kind_of(path: Path, name: str = "") -> Kind:
    """Return the kind of the file at *path*, which people call *name*.

    Raises:
        DocumentError: it is empty, of no known kind, encrypted, or of a kind that cannot be read; says what to do.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip(b"\x00 \t\r\n"):
        raise refused(name, "it is empty")
    return _binary_kind(path, head, name) or _text_kind(head, name)


def refused(name: str, why: str) -> DocumentError:
    """Return the error that *name* cannot be read, and *why*."""
    return DocumentError(f"{name or 'the document'} cannot be read: {why}")


def _binary_kind(path: Path, head: bytes, name: str) -> Kind | None:
    # Anything up to a kilobyte may stand before a PDF: mail headers, a byte order mark.
    if b"%PDF-" in head[:1024]:
        return Kind.PDF
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(path, name)
    if head.startswith(_OLE):
        raise refused(name, _why_ole(path))
    found = next((kind for start, kind in _STARTS if head.startswith(start)), None) or _container_kind(head, name)
    if found is None and (why := next((why for start, why in _REFUSED if head.startswith(start)), "")):
        # What begins with the letters "BM" may well be a text.
        if not _is_text(head):
            raise refused(name, why)
        if head.startswith((rb"{\rtf", b"%!PS")):
            raise refused(name, why)
    return found


def _container_kind(head: bytes, name: str) -> Kind | None:
    """Return the kind of what is told by a few bytes further in."""
    if head.startswith(b"RIFF"):
        return {b"WEBP": Kind.IMAGE, b"WAVE": Kind.AUDIO}.get(head[8:12])
    if head[4:8] == b"ftyp":
        if head[8:12] in _FTYP_IMAGES:
            raise refused(name, "it is an image that phones make (HEIC, AVIF): save it as JPEG or PNG")
        return Kind.AUDIO
    if head[0] == 0xFF and head[1:2] and head[1] & 0xE6 in (0xE2, 0xE0) and not _is_text(head):
        return Kind.AUDIO  # MPEG audio without a tag
    return None


def _zip_kind(path: Path, name: str) -> Kind:
    try:
        with zipfile.ZipFile(path) as packed:
            members = packed.namelist()
            if "[Content_Types].xml" in members and any(member.startswith("word/") for member in members):
                return Kind.DOCX
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
        raise refused(name, "it is cut short or damaged (ZIP); fetch or save it again") from error
    for part, why in _IN_ZIP:
        if any(member.startswith(part) for member in members):
            raise refused(name, why)
    raise refused(name, "it is packed (ZIP): unpack it and send the files one by one")


def _why_ole(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(1 << 22) + _end_of(path)
    for stream, why in _IN_OLE:
        if stream.encode("utf-16-le") in content:
            return why
    return "it is an old Office file: save it as DOCX or PDF"


def _end_of(path: Path) -> bytes:
    size = 1 << 20
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - size))
        return file.read(size)


def _text_kind(head: bytes, name: str) -> Kind:
    if not _is_text(head):
        raise refused(name, f"its kind is not known; want {_TAKEN}")
    text = head.decode(encoding_of(head), "replace")
    start = text[_LEADING.match(text).end() :] if _LEADING.match(text) else text  # type: ignore[union-attr]
    if root := _ROOT.match(start):
        if root[1].lower() == "html" or (
            not text.lstrip("\ufeff \t\r\n").startswith("<?xml") and _HTML_TAGS.match(start)
        ):
            return Kind.HTML
        if text.lstrip("\ufeff \t\r\n").startswith(("<?xml", "<!DOCTYPE")) or "xmlns" in start[:2000]:
            if "<!ENTITY" in text:
                raise refused(name, "its XML declares entities, which no publisher of law does; save it without them")
            return Kind.XML
    if len(_HTML_TAGS.findall(text)) >= 4 and re.search(r"</(?:p|div|h[1-6]|table|body|li)>", text, re.I):
        return Kind.HTML
    is_named = name.lower().endswith(_MARKDOWN_NAMES)
    if is_named or (len(_ATX.findall(text)) >= 2 and _MARKED_UP.search(text)):
        return Kind.MARKDOWN
    return Kind.TEXT


def encoding_of(head: bytes) -> str:
    """Return the encoding of a text that begins with *head*: by its mark, else UTF-8, as declared, or Windows-1252."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    if wide := _wide(head):
        return wide
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return _declared(head) or "cp1252"
    return "utf-8"


def _wide(head: bytes) -> str:
    """Return which UTF-16 a text without a mark has: western letters have a zero for each second byte."""
    even, odd = head[0:4096:2].count(0), head[1:4096:2].count(0)
    most = min(len(head), 4096) // 2 * 0.4
    if odd > most and even < odd / 10:
        return "utf-16-le"
    return "utf-16-be" if even > most and odd < even / 10 else ""


def _declared(head: bytes) -> str:
    found = _DECLARED.search(head[:4096])
    if found is None:
        return ""
    try:
        encoding = codecs.lookup(found[1].decode("ascii"))
        head.decode(encoding.name, "strict" if len(head) < _HEAD else "replace")
    except (LookupError, UnicodeError, ValueError):
        return ""
    # Whoever declares Latin-1 writes Windows-1252, and browsers read it so; what is no text's encoding is not one.
    return "cp1252" if encoding.name in ("iso8859-1", "ascii", "utf-8") else encoding.name


def _is_text(head: bytes) -> bool:
    if head.startswith(tuple(mark for mark, _ in _BOMS)) or _wide(head):
        return True
    controls = sum(head.count(bytes([code])) for code in range(32) if code not in (9, 10, 12, 13, 27))
    return b"\x00" not in head and controls <= len(head) / 200
