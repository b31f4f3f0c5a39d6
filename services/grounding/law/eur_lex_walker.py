"""What the elements of EUR-Lex pages are to a reader: items of lists in rows of tables and grids, marks, notes."""

import re
from typing import TYPE_CHECKING

from services.grounding.law.prose import Role, Walker, local, one_line

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

LEAVES = frozenset(("p", "table", "ul", "ol", "dl", "h1", "h2", "h3", "h4", "pre"))

UNSEEN = re.compile(
    r"(?:oj-)?(?:note|hd-[\w-]+|signatory|doc-end)|modref|arrow|separator\w*|footnote|disclaimer|reference|oj-note-tag|toc.*"
)
_NUMBER = re.compile(r"\(?(?:\d{1,3}[a-z]{0,2}|[a-z]{1,4}|[ivxlc]{1,6})[).]|[—–•-]", re.I)
_BLOCKS = frozenset((*LEAVES, "div", "li", "dt", "dd", "tbody", "thead", "caption"))
_NO_TEXT = frozenset(("script", "style", "hr", "img", "head", "colgroup", "col"))


def classes_of(element: "Element") -> list[str]:
    """Return the classes of an element."""
    return (element.get("class") or "").split()


def has_class(element: "Element", pattern: re.Pattern[str]) -> re.Match[str] | None:
    """Return the match of the first class that *pattern* fits."""
    return next((found for one in classes_of(element) if (found := pattern.fullmatch(one))), None)


class PageWalker(Walker):
    """Reads elements of EUR-Lex pages."""

    def role(self, element: "Element", name: str) -> Role:
        """Say what *element*, whose local name is *name*, is."""
        if _is_unseen(element, name):
            return Role.UNSEEN
        classes = classes_of(element)
        if "grid-list-column-1" in classes or "no-parag" in classes:
            return Role.NUMBER
        if name in ("td", "th"):
            return self._cell(element)
        if name == "tr":
            return Role.BLOCK if _is_item(element) else Role.ROW
        if name == "sup" or "oj-super" in classes or "super" in classes:
            return Role.RAISED
        return Role.BREAK if name == "br" else Role.BLOCK if name in _BLOCKS else Role.INLINE

    def _cell(self, cell: "Element") -> Role:
        row = cell.getparent()
        if row is None or not _is_item(row):
            return Role.CELL
        return Role.NUMBER if next(one for one in row if local(one)) is cell else Role.BLOCK


def _is_unseen(element: "Element", name: str) -> bool:
    href, own = element.get("href") or "", element.get("id") or ""
    is_mark = name == "a" and (href.startswith(("#ntr", "#E0")) or own.startswith("ntc"))
    return is_mark or name in _NO_TEXT or has_class(element, UNSEEN) is not None


def _is_item(row: "Element") -> bool:
    """Tell whether a row is an item of a list: a number and its text."""
    cells = [one for one in row if local(one) in ("td", "th")]
    return len(cells) == 2 and _NUMBER.fullmatch(one_line("".join(cells[0].itertext()))) is not None
