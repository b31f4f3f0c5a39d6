"""Plain text and Markdown, a line at a time."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from services.grounding.extraction.kinds import encoding_of, refused
from services.grounding.extraction.outcome import Found, Limits, Pages, noted
from services.grounding.extraction.pieces import Paragraph, page_of, pieces
from services.grounding.extraction.texts import plain

_BLOCK = 1 << 20
_LINE_ENDS = re.compile(r"\r\n?|\x85|\x0b")
# A line longer than that is parted at a space: a file may be one line.
_LONG_LINE = 16_000
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_NO_PROSE = re.compile(r"\s*(?:[-*+>|#]|\d+[.)]\s|$)")


def read_text(path: Path, name: str, limits: Limits, found: Found) -> Pages:
    """Yield the text as it stands, in pieces; form feeds part pages."""
    lines = _lines(path, name, found)
    if not _has_pages(path):
        yield from pieces(Paragraph(line.rstrip()) for line in lines)
        return
    number, gathered = 1, []
    for line in lines:
        first, *others = line.split("\f")
        if first or not others:
            gathered.append(Paragraph(first.rstrip()))
        for other in others:
            yield page_of(gathered, number)
            number, gathered = number + 1, [Paragraph(other.rstrip())]
    if any(one.text for one in gathered):
        yield page_of(gathered, number)


def read_markdown(path: Path, name: str, limits: Limits, found: Found) -> Pages:
    """Yield the text as it stands, in pieces, with its headings."""
    yield from pieces(_marked(_lines(path, name, found), found))


def _marked(lines: Iterator[str], found: Found) -> Iterator[Paragraph]:
    """Yield the lines with the levels of headings; a line that is underlined is known by the next."""
    fence, before = "", None
    for raw in lines:
        line = raw.rstrip().replace("\f", "")
        underline = _SETEXT.match(line) if before and not fence and not _NO_PROSE.match(before) else None
        if before is not None:
            level = (1 if underline[1][0] == "=" else 2) if underline else 0
            yield _titled(found, before, Paragraph(before, level))
            before = None
        opened = _FENCE.match(line)
        if opened and (not fence or (opened[1].startswith(fence) and line.strip() == opened[1])):
            fence = "" if fence else opened[1]
        heading = None if fence else _ATX.match(line)
        if heading:
            yield _titled(found, heading[2] or "", Paragraph(line, len(heading[1]) if heading[2] else 0))
        else:
            before = line
    if before is not None:
        yield Paragraph(before)


def _titled(found: Found, text: str, paragraph: Paragraph) -> Paragraph:
    if paragraph.level == 1 and not found.title:
        found.title = text.strip()[:300]
    return paragraph


def decoded(path: Path, name: str, found: Found) -> Iterator[str]:
    """Yield the text of the file, a block at a time."""
    with path.open("rb") as file:
        head = file.read(_BLOCK)
        encoding = encoding_of(head)
        if encoding == "utf-8" and not _is_utf8(path):
            encoding = "cp1252"
        if encoding == "cp1252":
            noted(found, "it is not UTF-8 and was read as Windows-1252")
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        try:
            while head:
                yield decoder.decode(head)
                head = file.read(_BLOCK)
            yield decoder.decode(b"", final=True)
        except UnicodeError as error:
            raise refused(name, f"it is not {encoding}, as it says; save it as UTF-8") from error


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _has_pages(path: Path) -> bool:
    with path.open("rb") as file:
        return any(b"\f" in block for block in iter(lambda: file.read(_BLOCK), b""))


def _lines(path: Path, name: str, found: Found) -> Iterator[str]:
    """Yield the lines, without their ends; none is longer than a piece."""
    rest = ""
    for block in decoded(path, name, found):
        # A carriage return at the block's end may be half of a line's end.
        text = rest + block
        held = "\r" if text.endswith("\r") else ""
        parts = _plain(text[: len(text) - len(held)]).split("\n")
        rest = parts.pop() + held
        for part in parts:
            yield from _short(part)
        if len(rest) > _LONG_LINE:
            *whole, rest = _short(rest)
            yield from whole
    if rest := _plain(rest).removesuffix("\n"):
        yield from _short(rest)


def _plain(text: str) -> str:
    return "\f".join(plain(part) for part in _LINE_ENDS.sub("\n", text).split("\f"))


def _short(line: str) -> Iterator[str]:
    start = 0
    while len(line) - start > _LONG_LINE:
        end = line.rfind(" ", start + _LONG_LINE // 2, start + _LONG_LINE) + 1 or start + _LONG_LINE
        yield line[start:end]
        start = end
    yield line[start:]
