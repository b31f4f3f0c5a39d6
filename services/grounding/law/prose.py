"""The text of a provision as a reader of its source sees it: a subdivision a line, with its number before it.

A format says what its elements are (`Role`), this module walks them. Quotations are proved against what comes out, so
no word is glued to the next, no mark of a note is left in a sentence, and nothing is added but what the publisher's
own pages add: quotation marks and brackets that an attribute stands for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from services.grounding.extraction.texts import plain, raised

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_BLANKS = re.compile(r"[ \t\n\r\f]+")
_LABEL = re.compile(r"[^\w]*(\d{1,4}[A-Za-z]{0,4}|[A-Za-z]{1,5})[^\w]*")
# A deleted provision is shown as a row of dots or dashes.
_DELETED = re.compile(r"[.…_\-–—―⸺\s\d()]*[.…_\-–—―⸺][.…_\-–—―⸺\s\d()]*")
# Behind these a heading goes on in its text without a blank.
_GOES_ON = ("—", "–")
_OPENING, _CLOSING = ("“", "‘", "„", "«"), ("”", "’", "»")


class Role(Enum):
    """What an element is to a reader."""

    INLINE = auto()
    BLOCK = auto()  # lines of its own
    LEVEL = auto()  # a subdivision, with a number in it
    NUMBER = auto()  # of the level around it
    LEAD = auto()  # a heading before the text of its level, on the same line
    QUOTED = auto()  # what an amendment inserts: text, not subdivisions of the provision
    ROW = auto()
    CELL = auto()
    BEHIND = auto()  # follows the last word, whatever line that is in: the stop behind an amendment
    BREAK = auto()
    RAISED = auto()
    FRACTION = auto()
    UNSEEN = auto()


_OF_CONTENTS = (Role.INLINE, Role.BLOCK, Role.LEVEL, Role.QUOTED)


@dataclass(frozen=True, slots=True)
class Prose:
    """Text, and the subdivisions in it as they are cited."""

    text: str
    parts: tuple[str, ...] = ()

    @property
    def is_deleted(self) -> bool:
        """Whether all that is left is a row of dots or dashes."""
        return _DELETED.fullmatch(self.text) is not None


def local(element: "Element") -> str:
    """Return the name of an element without its namespace; "" for comments and instructions."""
    name = element.tag
    return name.rpartition("}")[2] if isinstance(name, str) else ""


def one_line(text: str) -> str:
    """Return *text* with every run of blanks as one."""
    return _BLANKS.sub(" ", plain(text)).strip()


def label_of(shown: str) -> str:
    """Return a number as it is cited: "(1)" of "1.", "(a)" of "a)"; "" of a dash."""
    found = _LABEL.fullmatch(shown.strip())
    return f"({found[1]})" if found else ""


@dataclass(slots=True)
class _Lines:
    """Gathers lines; a number waits for the text that it numbers."""

    done: list[str] = field(default_factory=list)
    now: list[str] = field(default_factory=list)
    lead: str = ""
    sign: str = ""

    def end(self) -> None:
        text = one_line("".join(self.now))
        self.now = []
        if text in _OPENING:
            self.sign += text
        elif text in _CLOSING and self.done and not self.lead:
            self.done[-1] += text
        elif text:
            glue = "" if not self.lead or self.lead.endswith(_GOES_ON) else " "
            self._add(f"{self.lead}{glue}{text}")

    def number(self, shown: str) -> None:
        self.end()
        self.flush()
        self.lead = shown

    def heading(self, shown: str) -> None:
        self.end()
        self.lead = f"{self.lead} {shown}".strip()

    def flush(self) -> None:
        """Give a number without text of its own a line."""
        if self.lead:
            self._add(self.lead)

    def behind(self, text: str) -> None:
        """Put *text* behind the last word, which may be in a line that has ended."""
        if "".join(self.now).strip() or not self.done:
            self.now = ["".join(self.now).rstrip(), text]
        else:
            self.done[-1] += text

    def _add(self, line: str) -> None:
        self.done.append(f"{self.sign}{line}")
        self.lead = self.sign = ""


class Walker:
    """Reads elements of one format; a subclass says what they are. One use."""

    def __init__(self) -> None:
        self._lines = _Lines()
        self._labels: list[str] = []
        self._parts: dict[str, None] = {}
        self._quoted = 0

    def role(self, element: "Element", name: str) -> Role:
        """Say what *element*, whose local name is *name*, is."""
        raise NotImplementedError

    def shown(self, element: "Element") -> str:
        """Return a number as a reader sees it."""
        return self.line(element)

    def heading_of(self, element: "Element") -> str:
        """Return the heading that stands behind a number, on a line with it."""
        return ""

    def signs(self, element: "Element", name: str) -> tuple[str, str]:
        """Return what the publisher's pages show before and behind an element."""
        return "", ""

    def is_word(self, element: "Element") -> bool:
        """Tell whether an inline element is words of its own, whose blanks a file may lack ("of<DATE>")."""
        return False

    def read(self, elements: Sequence["Element"]) -> Prose:
        """Return the text of *elements*."""
        for element in elements:
            self._walk(element)
        self._lines.end()
        self._lines.flush()
        return Prose("\n".join(self._lines.done), tuple(self._parts))

    def line(self, element: "Element | None") -> str:
        """Return what is in *element* on one line."""
        if element is None:
            return ""
        inner = type(self)()
        inner.inside(element)
        inner._lines.end()
        inner._lines.flush()
        return " ".join(inner._lines.done)

    def inside(self, element: "Element") -> None:
        """Walk what is in *element*, whatever it is itself."""
        self._lines.now.append(element.text or "")
        for child in element:
            self._walk(child)
            tail = child.tail or ""
            self._lines.now.append(f" {tail}" if tail[:1].isalnum() and self.is_word(child) else tail)

    def _walk(self, element: "Element") -> None:
        name = local(element)
        role = self.role(element, name) if name else Role.UNSEEN
        if role in _OF_CONTENTS:
            self._contents(element, name, role)
        elif role is not Role.UNSEEN:
            self._whole(element, role)

    def _whole(self, element: "Element", role: Role) -> None:
        """Take what is read at once."""
        match role:
            case Role.NUMBER:
                self._number(self.shown(element), self.heading_of(element))
            case Role.LEAD:
                self._lines.heading(self.line(element))
            case Role.ROW:
                self._row(element)
            case Role.BEHIND:
                self._lines.behind(self.line(element))
            case Role.FRACTION:
                self._lines.now.append(" / ".join(self.line(one) for one in element))
            case Role.RAISED:
                text = self.line(element)
                self._lines.now.append(raised(text) if text.isascii() and text.isdigit() else text)
            case _:
                self._lines.end()

    def _contents(self, element: "Element", name: str, role: Role) -> None:
        before, behind = self.signs(element, name)
        if role is Role.INLINE:
            is_glued = self.is_word(element) and "".join(self._lines.now[-1:])[-1:].isalnum()
            self._lines.now.append(" " if is_glued and (element.text or "")[:1].isalnum() else before)
            self.inside(element)
            self._lines.now.append(behind)
            return
        self._lines.end()
        self._lines.sign += before  # of whatever comes next, a number too
        if role is Role.LEVEL:
            self._labels.append("")
        self._quoted += role is Role.QUOTED
        self.inside(element)
        self._quoted -= role is Role.QUOTED
        self._lines.end()
        if role is Role.LEVEL:
            self._labels.pop()
            self._lines.flush()
        if behind:
            self._lines.behind(behind)

    def _number(self, shown: str, heading: str) -> None:
        pending = "".join(self._lines.now).strip()
        if pending and pending in _OPENING:
            self._lines.now = []
            shown = pending + shown  # a quotation mark stands before the number
        self._lines.number(f"{shown} {heading}".strip())
        if heading:
            self._lines.flush()
        if self._labels and not self._quoted:
            self._labels[-1] = label_of(shown)
            if self._labels[-1]:
                self._parts["".join(self._labels)] = None

    def _row(self, row: "Element") -> None:
        self._lines.end()
        cells = [self.line(one) for one in row if local(one) and self.role(one, local(one)) is Role.CELL]
        while cells and not cells[-1]:
            cells.pop()
        if any(cells):
            self._lines.now.append(" | ".join(cells))
            self._lines.end()
