"""HTML as a reader sees it: blocks, lists with their numbers, tables by rows; not scripts, menus and what is hidden."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from services.grounding.extraction.kinds import refused
from services.grounding.extraction.markup import decoded
from services.grounding.extraction.number_formats import formatted
from services.grounding.extraction.outcome import Found, Limits, Pages
from services.grounding.extraction.pieces import Paragraph, pieces, row_of
from services.grounding.extraction.texts import plain, raised

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_UNSEEN = frozenset(
    "script style noscript template iframe object embed svg canvas audio video map head nav button select datalist "
    "input textarea dialog del math menu".split()
)
_ROLES = frozenset(("navigation", "banner", "contentinfo", "search", "menu", "dialog"))
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form header "
    "hgroup hr html li legend main ol p pre section summary table tbody td tfoot th thead tr ul caption".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_SPACES = re.compile(r"[ \t\n\r\f]+")
_LISTS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_CHUNK = 1 << 16


def read_html(path: Path, name: str, limits: Limits, found: Found) -> Pages:
    """Yield the text of the file in pieces; raises DocumentError."""
    from lxml import etree

    # Pages with hundreds of open elements are common; how much one may take is bound by the memory of the process.
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        for block in decoded(path, name, found):
            parser.feed(block.encode("utf-8", "replace"))
        root = parser.close()
    except etree.LxmlError as error:
        raise refused(name, f"it is no HTML that can be read ({str(error)[:200]})") from error
    # What follows such a fault is missing from the tree.
    if any(one.level_name == "FATAL" for one in parser.feed_error_log):
        raise refused(name, "its HTML is nested too deeply or has too long a text; save it anew, or send it in parts")
    if root is None:
        return
    found.title = _title(root)
    yield from pieces(_Walker().paragraphs(root))


def _title(root: "Element") -> str:
    titles = root.iter("title")
    return next((" ".join(plain("".join(one.itertext())).split())[:300] for one in titles), "")


@dataclass(slots=True)
class _Open:
    """A block whose text is being gathered."""

    prefix: str = ""
    level: int = 0
    parts: list[str] = field(default_factory=list)


class _Walker:
    """Goes through a document once; without recursion, since a file may be nested as deeply as it likes."""

    def __init__(self) -> None:
        self._now = _Open()
        # The number of the last item of each numbered list.
        self._counts: dict[Element, int] = {}

    def paragraphs(self, root: "Element") -> Iterator[Paragraph]:
        """Yield the paragraphs of *root* in the order of reading."""
        stack: list[tuple[Element, bool]] = [(root, False)]
        preserved = 0
        while stack:
            element, is_done = stack.pop()
            name = element.tag if isinstance(element.tag, str) else ""
            is_block = name in _BLOCKS or name in _HEADINGS
            if is_done:
                preserved -= name == "pre"
                if is_block:
                    yield from self._finish()
                self._add(element.tail, preserved)
                continue
            if not name or _is_unseen(element, name):
                self._add(element.tail, preserved)
                continue
            if name == "tr":
                yield from self._finish()
                yield from self._row(element)
                continue
            if is_block:
                yield from self._finish()
                self._begin(element, name)
            preserved += name == "pre"
            self._text(element, name, preserved)
            stack.append((element, True))
            stack.extend((one, False) for one in reversed(element))
        yield from self._finish()

    def _begin(self, element: "Element", name: str) -> None:
        self._now.level = _HEADINGS.get(name, 0)
        if name == "li":
            self._now.prefix = self._number(element)

    def _number(self, item: "Element") -> str:
        """Return what stands before an item of a list."""
        parent = item.getparent()
        if parent is None or parent.tag != "ol":
            return "- "
        if "none" in (parent.get("style") or ""):
            return ""
        following = self._counts[parent] + 1 if parent in self._counts else _whole(parent.get("start"), 1)
        count = self._counts[parent] = _whole(item.get("value"), following)
        return f"{formatted(count, _LISTS.get(parent.get('type') or '', 'decimal'))}. "

    def _text(self, element: "Element", name: str, preserved: int) -> None:
        text = element.text or ""
        if name == "br":
            self._now.parts.append("\n")
        elif name == "q":
            text = f"“{text}"
        elif name == "sup" and len(element) == 0 and text.strip().isdigit():
            text = raised(text.strip())
        elif name == "sup" and "".join(element.itertext()).strip().strip("[]()").isdigit():
            for one in element.iter():
                one.text = raised((one.text or "").strip())
            text = element.text or ""
        self._add(text, preserved)

    def _add(self, text: str | None, preserved: int) -> None:
        if text:
            self._now.parts.append(text if preserved else _SPACES.sub(" ", text))

    def _finish(self) -> Iterator[Paragraph]:
        now = self._now
        lines = (re.sub(" {2,}", " ", line).strip() for line in plain("".join(now.parts)).split("\n"))
        text = "\n".join(line for line in lines if line)
        if not text:
            # What a list says before an item belongs to the first text in it.
            self._now = _Open(now.prefix, now.level)
            return
        self._now = _Open()
        yield Paragraph(f"{now.prefix}{text}", now.level)

    def _row(self, row: "Element") -> Iterator[Paragraph]:
        cells = [one for one in row if one.tag in ("td", "th") and not _is_unseen(one, str(one.tag))]
        yield from row_of([list(_Walker().paragraphs_of_cell(one)) for one in cells])
        self._add(row.tail, 0)

    def paragraphs_of_cell(self, cell: "Element") -> Iterator[Paragraph]:
        """Yield what is in a cell; what comes after it is not its own."""
        tail, cell.tail = cell.tail, None
        yield from self.paragraphs(cell)
        cell.tail = tail


def _is_unseen(element: "Element", name: str) -> bool:
    return (
        name in _UNSEEN
        or element.get("hidden") is not None
        or element.get("role") in _ROLES
        or _HIDDEN.search(element.get("style") or "") is not None
    )


def _whole(text: str | None, otherwise: int) -> int:
    stripped = (text or "").strip()
    return int(stripped) if stripped.lstrip("-").isdigit() and stripped.isascii() and len(stripped) < 9 else otherwise
