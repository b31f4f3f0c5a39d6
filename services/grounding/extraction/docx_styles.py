"""What the styles of a DOCX say: numbering, outline level, hidden; each through what it is based on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.grounding.extraction.docx_package import attribute, child, is_on, tag, value

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_CHAIN = 20
_NO_OUTLINE = 9


@dataclass(frozen=True, slots=True)
class Style:
    """What one style says itself; "" and None where it says nothing."""

    name: str
    based_on: str = ""
    list: str = ""
    place: str = ""
    outline: str = ""
    is_hidden: bool | None = None
    align: str = ""


class Styles:
    """The styles of a document."""

    def __init__(self, root: "Element | None") -> None:
        self._styles: dict[str, Style] = {}
        self.default = ""
        for one in root if root is not None else ():
            if tag(one) != "w:style":
                continue
            identifier = attribute(one, "styleId")
            self._styles[identifier] = _style(one)
            if attribute(one, "type") == "paragraph" and attribute(one, "default") in ("1", "true", "on"):
                self.default = identifier

    def level(self, style: str) -> int:
        """Return which heading paragraphs of *style* are, 0 for none."""
        for one in self._chain(style):
            if one.outline:
                return heading_level(one.outline)
            # The built-in names are English in every language's edition; old writers leave the outline level to them.
            if one.name.startswith("heading ") and one.name[8:].isdigit():
                return heading_level(str(int(one.name[8:]) - 1))
            if one.name == "title":
                return 1
        return 0

    def numbering(self, style: str) -> tuple[str, str, str]:
        """Return list and level that *style* gives, and the style that names the list; "" for none."""
        place = ""
        current = style
        for one in self._chain(style):
            place = place or one.place
            if one.list:
                return one.list, place, current
            current = one.based_on
        return "", place, ""

    def is_hidden(self, style: str) -> bool:
        """Say whether text of *style* is hidden."""
        return next((one.is_hidden for one in self._chain(style) if one.is_hidden is not None), False)

    def is_raised(self, style: str) -> bool:
        """Say whether text of *style* stands above the line."""
        return next((one.align for one in self._chain(style) if one.align), "") == "superscript"

    def list_of(self, style: str) -> str:
        """Return the list (numId) of a list style."""
        return self._styles[style].list if style in self._styles else ""

    def _chain(self, style: str) -> "list[Style]":
        chain: list[Style] = []
        while style in self._styles and len(chain) < _CHAIN:
            chain.append(self._styles[style])
            style = chain[-1].based_on
        return chain


def heading_level(outline: str) -> int:
    """Return the level of a heading of an outline level, which counts from 0; 9 is body text."""
    return int(outline) + 1 if outline.isascii() and outline.isdigit() and int(outline) < _NO_OUTLINE else 0


def _style(element: "Element") -> Style:
    of_paragraph = child(element, "w:pPr")
    return Style(
        name=value(element, "w:name").lower(),
        based_on=value(element, "w:basedOn"),
        list=value(of_paragraph, "w:numPr", "w:numId"),
        place=value(of_paragraph, "w:numPr", "w:ilvl"),
        outline=value(of_paragraph, "w:outlineLvl"),
        is_hidden=is_on(element, "w:rPr", "w:vanish"),
        align=value(element, "w:rPr", "w:vertAlign"),
    )
