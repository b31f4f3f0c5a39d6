"""XHTML of EUR-Lex and CELLAR, in its three dresses.

The Official Journal has older classes (`ti-art`) and newer ones (`oj-ti-art`), consolidated texts have others
(`title-article-norm`). A list item is a row of a table or of a grid there, and the number of a paragraph mere text
("1.   The …"). Marks of amendments (►M1 … ◄) and of notes are left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from models.grounding.document import Instrument, Provision, Status, UnitKind
from services.grounding.extraction.kinds import refused
from services.grounding.extraction.markup import decoded
from services.grounding.extraction.outcome import Found
from services.grounding.law.eu_numbers import instrument_of
from services.grounding.law.eur_lex_walker import LEAVES, UNSEEN, PageWalker, classes_of, has_class
from services.grounding.law.law import Law, no_provisions
from services.grounding.law.prose import Prose, local, one_line
from services.grounding.structure import parts_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

# Classes that nothing but pages of EUR-Lex has.
SIGNS = re.compile(
    r"""class\s*=\s*["'][^"']*\b(?:(?:oj-)?(?:ti-art|sti-art|doc-ti|hd-date|ti-section-\d)|title-article-norm|title-doc-first|"""
    r"eli-container|eli-subdivision|eli-main-title)\b",
    re.I,
)
_ARTICLE = ("ti-art", "oj-ti-art", "title-article-norm")
_ARTICLE_HEADING = ("sti-art", "oj-sti-art", "stitle-article-norm")
_ABOVE = re.compile(r"(?:oj-)?ti-section-(\d)|title-division-(\d)|(?:oj-)?ti-grseq-(\d)")
_TITLE = re.compile(r"(?:oj-)?doc-ti|title-doc-\w+|title-annex-\d|(?:oj-)?ti-annotation")
_FINAL = re.compile(r"(?:oj-)?final")
_MARKS = re.compile(r"[►▼]\s?[A-Z]{1,3}\d{0,3}(?:\s(?=\S))?|◄")
_RECITAL = re.compile(r"\((\d{1,3})\)\s")
_WORD = re.compile(r"^\W*(?:article|art\.)\s*", re.I)
_NUMBER = re.compile(r"\d{1,4}[a-z]{0,3}\b")
_UNMARKED = re.compile(r"Article\s\d{1,4}[a-z]{0,3}", re.I)
_ANNEX = re.compile(
    r"^(?:annex|appendix|protocol)\b\s*(?:\(no\s)?(?P<number>[IVXLC]+[a-z]?\b|\d+[a-z]?\b|[A-Z]\b)?[\s:.—–-]*", re.I
)
_OPENS, _CLOSES = re.compile(r"^\s*[‘“„]"), re.compile(r"[’”]\s?[.,;]?\s*$")
_OPENING, _CLOSING = re.compile("[‘“„]"), re.compile(r"[’”](?!\w)")
_PARAGRAPH = re.compile(r"^(\d{1,3}[a-z]{0,2})\.(?=\s)", re.M)
_STATE = re.compile(r"(?<![\w.])(0?\d{4}[RLD]\d{4})\b.{0,40}?\b(\d{2})\.(\d{2})\.(\d{4})", re.S)
_DONE = re.compile(r"^Done at \w")
_RANKED = ("part", "title", "chapter", "section", "subsection")


@dataclass(slots=True)
class _Open:
    """A provision that is being gathered."""

    kind: UnitKind
    number: str
    heading: str = ""
    path: tuple[str, ...] = ()
    identifier: str = ""
    elements: list["Element"] = field(default_factory=list)


class _Reader:
    """Goes through the pieces of a page in order."""

    def __init__(self) -> None:
        self.title: list[str] = []
        self._open: _Open | None = None
        self._above: list[tuple[int, str]] = []
        self._is_headed = self._has_begun = False
        self._recital = self._quotes = 0

    def provisions(self, body: "Element") -> Iterator[Provision]:
        for element in _pieces(body):
            text = _MARKS.sub("", PageWalker().line(element))
            if text:
                yield from self._take(element, text)
        yield from self._close()

    def _take(self, element: "Element", text: str) -> Iterator[Provision]:
        classes = classes_of(element)
        is_article = any(one in _ARTICLE for one in classes) or self._is_unmarked_article(element, text)
        if self._in_quotes(element, text, is_article):
            self._add(element)
        elif is_article and not self._is_annex:
            yield from self._begin(_Open(UnitKind.ARTICLE, _number_of(text), identifier=_anchor(element)))
        elif self._is_headed and _is_heading(element) and self._open is not None:
            self._open.heading = f"{self._open.heading} {text}".strip()
        elif not self._is_annex and (found := has_class(element, _ABOVE)):
            yield from self._close()
            self._put_above(int(next(one for one in found.groups() if one)), text)
        elif (annex := _ANNEX.match(text)) and (has_class(element, _TITLE) or len(text) < 20) and self._has_begun:
            self._above = []
            yield from self._begin(_Open(UnitKind.SCHEDULE, annex["number"] or "", text[annex.end() :].strip()))
        elif has_class(element, _TITLE) and not self._has_begun:
            self.title.append(text)
        elif _DONE.match(text) or _final(element):
            yield from self._close()
        else:
            yield from self._text(element, text)

    def _is_unmarked_article(self, element: "Element", text: str) -> bool:
        """Tell whether *text* begins an article that has no class, but a container of its own."""
        anchor = _anchor(element)
        known = self._open.identifier if self._open is not None else ""
        return anchor.startswith("art_") and anchor != known and _UNMARKED.fullmatch(text) is not None

    @property
    def _is_annex(self) -> bool:
        """Whether an annex is open, whose own headings are text of it."""
        return self._open is not None and self._open.kind is UnitKind.SCHEDULE

    def _in_quotes(self, element: "Element", text: str, is_article: bool) -> bool:
        """Tell whether *element* is of what an act inserts into another: text of its own article."""
        anchor = _anchor(element)
        if is_article and anchor and (self._open is None or anchor != self._open.identifier):
            self._quotes = 0  # only the act's own articles have such an id
        if self._open is None or not (self._quotes or _OPENS.match(text)):
            return False
        was_open = self._quotes > 0
        self._quotes = max(0, self._quotes + len(_OPENING.findall(text)) - len(_CLOSING.findall(text)))
        if not was_open:
            return self._quotes > 0
        if self._quotes == 0 and not _CLOSES.search(text):
            self._quotes = 1  # an apostrophe is no end
        return True

    def _text(self, element: "Element", text: str) -> Iterator[Provision]:
        recital = _RECITAL.match(text) if not self._has_begun else None
        anchored = re.fullmatch(r"rct_(\d+)", element.get("id") or "")
        if recital and (anchored or int(recital[1]) == self._recital + 1):
            self._recital = int(recital[1])
            prose = _MARKS.sub("", PageWalker().read([element]).text)
            yield Provision(
                UnitKind.RECITAL, recital[1], _RECITAL.sub("", prose, count=1).strip(), identifier=_anchor(element)
            )
        elif (
            self._open is not None
            and self._open.kind is UnitKind.SCHEDULE
            and has_class(element, _TITLE)
            and not self._open.elements
        ):
            self._open.heading = f"{self._open.heading} {text}".strip()
        else:
            self._is_headed = False
            self._add(element)

    def _begin(self, new: _Open) -> Iterator[Provision]:
        yield from self._close()
        new.path = tuple(text for _, text in self._above)
        self._open, self._has_begun, self._is_headed = new, True, True

    def _close(self) -> Iterator[Provision]:
        now, self._open = self._open, None
        if now is not None:
            prose = Prose(_clean(PageWalker().read(now.elements).text))
            status = Status.REPEALED if prose.is_deleted else Status.UNKNOWN
            parts = _parts(prose.text)
            yield Provision(
                now.kind, now.number, prose.text, now.heading, now.path, parts, status, identifier=now.identifier
            )

    def _put_above(self, level: int, text: str) -> None:
        """Add a heading; the second of a pair is the name of the first ("CHAPTER I", "General provisions")."""
        if level == 2 and self._above and self._above[-1][0] % 2 == 1:
            above, first = self._above.pop()
            self._above.append((above + 1, f"{first} {text}"))
            return
        rank = _rank(text)
        self._above = [one for one in self._above if _rank(one[1]) < rank]
        self._above.append((1, text))

    def _add(self, element: "Element") -> None:
        if self._open is not None:
            self._open.elements.append(element)


def _number_of(title: str) -> str:
    """Return the number in "Article 5a" or "Article 101 (ex Article 81 TEC)"; what is written where there is none."""
    written = _WORD.sub("", title).strip(" .")
    number = _NUMBER.match(written)
    return number.group() if number else written


def _is_heading(element: "Element") -> bool:
    parent = element.getparent()
    is_titled = parent is not None and "eli-title" in classes_of(parent)
    return is_titled or any(one in _ARTICLE_HEADING for one in classes_of(element))


def _rank(heading: str) -> int:
    """Return how far in a heading stands: a part holds titles, those hold chapters, those hold sections."""
    word = heading.split(" ", 1)[0].casefold()
    return _RANKED.index(word) if word in _RANKED else len(_RANKED)


def _clean(text: str) -> str:
    lines = (one_line(_MARKS.sub("", line)) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _parts(text: str) -> tuple[str, ...]:
    """Return the subdivisions: "1." begins a paragraph, and "(1)" or "(a)" stand below the last such."""
    starts = [*_PARAGRAPH.finditer(text)]
    found = [*parts_of(text[: starts[0].start()] if starts else text)]
    for place, start in enumerate(starts):
        end = starts[place + 1].start() if place + 1 < len(starts) else len(text)
        paragraph = f"({start[1]})"
        found += [paragraph, *(f"{paragraph}{one}" for one in parts_of(text[start.end() : end].lstrip()))]
    return tuple(dict.fromkeys(found))


def _anchor(element: "Element") -> str:
    """Return the id that the page gives to an article or a recital: "art_6", "rct_1"."""
    for one in (element, *element.iterancestors()):
        if re.fullmatch(r"(?:art|rct|anx)_\w+", one.get("id") or ""):
            return str(one.get("id"))
    return ""


def _final(element: "Element") -> bool:
    return any(has_class(one, _FINAL) for one in (element, *element.iterancestors()))


def _pieces(element: "Element") -> Iterator["Element"]:
    """Yield what a page consists of: paragraphs, lists, tables, recitals."""
    for one in element:
        name = local(one)
        if not name or name in ("script", "style", "head", "nav", "header", "footer") or has_class(one, UNSEEN):
            continue
        is_norm = bool({"norm", "grid-container", "list"} & set(classes_of(one)))
        is_recital = re.fullmatch(r"rct_\d+", one.get("id") or "") is not None
        if (
            name in LEAVES
            or is_norm
            or is_recital
            or not any(
                local(inner) in ("p", "div", "table") for inner in one.iter("p", "div", "table") if inner is not one
            )
        ):
            yield one
        else:
            yield from _pieces(one)


def parse(path: Path, name: str, law: Law) -> Iterator[Provision]:
    """Yield recitals, articles and annexes."""
    body = _body(path, name)
    reader = _Reader()
    is_empty = True
    for one in reader.provisions(body):
        is_empty = False
        law.instrument = law.instrument or _instrument(body, reader.title)
        yield one
    if is_empty:
        raise no_provisions(name, "a page of EUR-Lex")


def _body(path: Path, name: str) -> "Element":
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        for block in decoded(path, name, Found()):
            parser.feed(block.encode("utf-8", "replace"))
        root = parser.close()
    except etree.LxmlError as error:
        raise refused(name, f"it is no HTML that can be read ({str(error)[:200]})") from error
    if root is None:
        raise no_provisions(name, "a page of EUR-Lex")
    found: Element = root
    return found


def _instrument(body: "Element", title: list[str]) -> Instrument:
    whole = one_line(" ".join(body.itertext()))[:4000]
    state = _STATE.search(whole)
    if state is None:
        return instrument_of(" ".join(title))
    return instrument_of(" ".join(title), state[1], f"{state[4]}-{state[3]}-{state[2]}")
