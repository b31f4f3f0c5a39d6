"""What stands in a paragraph of a DOCX, as a reader sees it once all changes are accepted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from services.grounding.extraction.docx_package import attribute, child, is_on, tag, value
from services.grounding.extraction.docx_styles import Styles
from services.grounding.extraction.texts import raised

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

HOLDERS = frozenset(
    "w:hyperlink w:ins w:moveTo w:smartTag w:sdt w:sdtContent w:fldSimple w:customXml w:bdo w:dir w:rubyBase".split()
)
GONE = frozenset(("w:del", "w:moveFrom"))
_SIGNS = {
    "w:tab": "\t",
    "w:ptab": "\t",
    "w:br": "\n",
    "w:cr": "\n",
    "w:noBreakHyphen": "-",
}
_RAISED = 4
_PRIVATE = range(0xF000, 0xF100)
# Letters of the font Symbol that texts of law have.
_SYMBOLS = dict(zip(b"\x2d\xa3\xa7\xb0\xb1\xb3\xb4\xb7\xb9\xd2\xd3\xd4", "−≤•°±≥×•≠®©™", strict=True))


@dataclass(slots=True)
class Inline:
    """What one paragraph holds.

    Attributes:
        notes: Kind ("footnote", "endnote") and id of its notes, in order; with the mark that stands for each.
        boxes: Contents of text boxes that hang on it.
    """

    parts: list[str] = field(default_factory=list)
    notes: list[tuple[str, str, str]] = field(default_factory=list)
    boxes: "list[Element]" = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its text."""
        return "".join(self.parts)


class InlineReader:
    """Reads paragraphs one after another; a field may go over several."""

    def __init__(self, styles: Styles, mark: Callable[[str], str]) -> None:
        """Prepare; *mark* counts a note of a kind and returns its number."""
        self._styles = styles
        self._mark = mark
        # For each open field whether its instruction is still being told.
        self._fields: list[bool] = []
        self.pictures = 0

    def read(self, paragraph: "Element", style: str) -> Inline:
        """Return what stands in *paragraph*."""
        inline = Inline()
        self._into(paragraph, inline, self._styles.is_hidden(style))
        # An instruction ends with its paragraph: a field that was never ended hides no more than that.
        self._fields = [False for _ in self._fields]
        return inline

    def _into(self, holder: "Element", inline: Inline, is_hidden: bool) -> None:
        for element in holder:
            name = tag(element)
            if name == "w:r":
                self._run(element, inline, is_hidden)
            elif name in HOLDERS:
                self._into(element, inline, is_hidden)
            elif name == "mc:AlternateContent":
                self._into(branch(element), inline, is_hidden)
            elif name in GONE:
                self._follow_fields(element)
            elif name in ("m:oMath", "m:oMathPara") and not any(self._fields):
                inline.parts.extend(one.text or "" for one in element.iter() if tag(one) == "m:t")

    def _run(self, run: "Element", inline: Inline, is_hidden: bool) -> None:
        own = is_on(run, "w:rPr", "w:vanish")
        style = value(run, "w:rPr", "w:rStyle")
        is_hidden = own if own is not None else is_hidden or (bool(style) and self._styles.is_hidden(style))
        is_raised = _is_raised(run) or (bool(style) and self._styles.is_raised(style))
        for element in run:
            self._piece(element, inline, is_hidden, is_raised)

    def _piece(self, element: "Element", inline: Inline, is_hidden: bool, is_raised: bool) -> None:
        name = tag(element)
        if name == "w:fldChar":
            self._field(attribute(element, "fldCharType"))
        elif name == "mc:AlternateContent":
            for piece in branch(element):
                self._piece(piece, inline, is_hidden, is_raised)
        elif name == "w:ruby":
            self._into(element, inline, is_hidden)
        elif not is_hidden and not any(self._fields):
            self._shown(element, name, inline, is_raised)

    def _shown(self, element: "Element", name: str, inline: Inline, is_raised: bool) -> None:
        if name == "w:t":
            text = (element.text or "").replace("\n", " ")
            inline.parts.append(raised(text) if is_raised and text.strip().isdigit() else text)
        elif name in _SIGNS:
            inline.parts.append(_SIGNS[name])
        elif name == "w:sym":
            inline.parts.append(_symbol(attribute(element, "char")))
        elif name in ("w:footnoteReference", "w:endnoteReference"):
            self._note(element, name[2:-9], inline)
        elif name in ("w:drawing", "w:pict", "w:object"):
            self._drawn(element, inline)

    def _note(self, element: "Element", kind: str, inline: Inline) -> None:
        has_own = attribute(element, "customMarkFollows") in ("1", "true", "on")
        mark = "" if has_own else raised(self._mark(kind))
        inline.parts.append(mark)
        inline.notes.append((kind, attribute(element, "id"), mark))

    def _drawn(self, element: "Element", inline: Inline) -> None:
        if tag(element) == "w:txbxContent":
            inline.boxes.append(element)
            return
        if isinstance(element.tag, str) and element.tag.endswith(("}blip", "}imagedata")):
            self.pictures += 1
        for one in branch(element) if tag(element) == "mc:AlternateContent" else element:
            self._drawn(one, inline)

    def _follow_fields(self, gone: "Element") -> None:
        for element in gone.iter():
            if tag(element) == "w:fldChar":
                self._field(attribute(element, "fldCharType"))

    def _field(self, kind: str) -> None:
        if kind == "begin":
            self._fields.append(True)
        elif self._fields and kind == "separate":
            self._fields[-1] = False
        elif self._fields and kind == "end":
            self._fields.pop()


def branch(alternate: "Element") -> "Element | tuple[()]":
    """Return the one branch of *alternate* that is shown: the first that has text."""
    branches = [one for one in alternate if tag(one) in ("mc:Choice", "mc:Fallback")]
    with_text = (one for one in branches if any(tag(below) == "w:t" for below in one.iter()))
    return next(with_text, branches[0] if branches else ())


def _is_raised(run: "Element") -> bool:
    """Say whether a run stands above the line, in either way that writers have; positions count in half points."""
    position = value(run, "w:rPr", "w:position")
    return value(run, "w:rPr", "w:vertAlign") == "superscript" or (position.isdigit() and int(position) >= _RAISED)


def _symbol(char: str) -> str:
    try:
        code = int(char, 16)
    except ValueError:
        return ""
    if code in _PRIVATE:
        code -= _PRIVATE.start
        return _SYMBOLS.get(code, chr(code) if 0x20 <= code < 0x7F else "•")
    return chr(code) if 0x20 <= code < 0x110000 and not 0xD800 <= code < 0xE000 else ""


def is_held(paragraph: "Element") -> bool:
    """Say whether the end of *paragraph* is not seen: deleted, moved away, or hidden to run a heading into its text."""
    of_mark = child(paragraph, "w:pPr", "w:rPr")
    return of_mark is not None and (
        child(of_mark, "w:del") is not None
        or child(of_mark, "w:moveFrom") is not None
        or bool(is_on(of_mark, "w:specVanish"))
    )
