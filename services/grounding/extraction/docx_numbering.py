"""Automatic numbers of DOCX paragraphs: counters for each abstract list, shown by the pattern of each level.

ECMA-376 part 1, 17.9; where it says nothing, as Word does.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from services.grounding.extraction.docx_package import attribute, child, is_on, tag, value
from services.grounding.extraction.number_formats import formatted

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

LEVELS = 9
_BULLETS = {"\uf0b7": "•", "\uf0a7": "▪", "\uf0d8": "➢", "\uf0fc": "✓", "o": "o"}


@dataclass(frozen=True, slots=True)
class Level:
    """How a level of a list counts and shows.

    Attributes:
        restart: After which level it begins anew, counted from 1; None for any above it, 0 for never.
        style: The paragraph style that belongs to it.
    """

    start: int = 1
    format: str = "decimal"
    pattern: str = ""
    suffix: str = "tab"
    is_legal: bool = False
    restart: int | None = None
    style: str = ""
    is_hidden: bool = False


@dataclass(slots=True)
class _List:
    """An instance of an abstract list: its levels, and where it begins anew."""

    abstract: str
    levels: dict[int, Level]
    starts: dict[int, int] = field(default_factory=dict)


class Numbering:
    """Counts the paragraphs of all lists, in the order in which they are told."""

    def __init__(self, root: "Element | None", style_list: Callable[[str], str]) -> None:
        """Read `numbering.xml`; *style_list* tells the list (numId) of a list style."""
        self._lists: dict[str, _List] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._begun: set[tuple[str, int]] = set()
        abstracts = {attribute(one, "abstractNumId"): one for one in _all(root, "w:abstractNum")}
        self._abstract_of = {attribute(one, "numId"): value(one, "w:abstractNumId") for one in _all(root, "w:num")}
        for one in _all(root, "w:num"):
            number = attribute(one, "numId")
            abstract = self._resolved(value(one, "w:abstractNumId"), abstracts, style_list)
            made = _List(abstract, _levels(abstracts.get(abstract)))
            for override in _all(one, "w:lvlOverride"):
                _override(made, override)
            self._lists[number] = made

    def _resolved(self, abstract: str, abstracts: "dict[str, Element]", style_list: Callable[[str], str]) -> str:
        """Follow the link of a list that is defined by a style."""
        for _ in range(LEVELS):
            link = value(abstracts.get(abstract), "w:numStyleLink")
            target = self._abstract_of.get(style_list(link), "") if link else ""
            if not target or target == abstract:
                break
            abstract = target
        return abstract

    def level_of_style(self, number: str, style: str) -> int | None:
        """Return which level of list *number* belongs to a paragraph *style*."""
        levels = self._lists[number].levels if number in self._lists else {}
        return next((place for place, level in levels.items() if level.style == style), None)

    def next(self, number: str, place: int) -> str:
        """Count a paragraph at level *place* of list *number*; return what stands before it, with the space behind."""
        made = self._lists.get(number)
        level = made.levels.get(place) if made else None
        if made is None or level is None:
            return ""
        counts = self._counts.setdefault(made.abstract, {})
        self._count(made, number, place, level, counts)
        if level.is_hidden:
            return ""
        shown = _shown(made, place, level, counts)
        return shown if not shown or level.suffix == "nothing" else f"{shown} "

    def _count(self, made: _List, number: str, place: int, level: Level, counts: dict[int, int]) -> None:
        if place in made.starts and (number, place) not in self._begun:
            counts[place] = made.starts[place]
        else:
            counts[place] = counts[place] + 1 if place in counts else level.start
        self._begun.add((number, place))
        # A level above that was not used yet is shown as it begins, and has begun.
        for above in range(place):
            counts.setdefault(above, made.levels.get(above, Level()).start)
        for deeper in [one for one in counts if one > place]:
            restart = made.levels[deeper].restart if deeper in made.levels else None
            if restart is None or (restart and place < restart):
                del counts[deeper]


def _all(element: "Element | None", name: str) -> "Iterator[Element]":
    return (one for one in (element if element is not None else ()) if tag(one) == name)


def _levels(abstract: "Element | None") -> dict[int, Level]:
    return {_whole(attribute(one, "ilvl"), 0): _level(one) for one in _all(abstract, "w:lvl")}


def _level(element: "Element") -> Level:
    restart = value(element, "w:lvlRestart")
    return Level(
        start=_whole(value(element, "w:start"), 0 if child(element, "w:start") is None else 1),
        format=value(element, "w:numFmt") or "decimal",
        pattern=value(element, "w:lvlText"),
        suffix=value(element, "w:suff") or "tab",
        is_legal=bool(is_on(element, "w:isLgl")),
        restart=_whole(restart, 0) if restart else None,
        style=value(element, "w:pStyle"),
        is_hidden=bool(is_on(element, "w:rPr", "w:vanish")),
    )


def _override(made: _List, override: "Element") -> None:
    place = _whole(attribute(override, "ilvl"), 0)
    given = child(override, "w:lvl")
    if given is not None:
        made.levels[place] = _level(given)
    start = value(override, "w:startOverride")
    if start:
        made.starts[place] = _whole(start, 1)
        made.levels[place] = replace(made.levels.get(place, Level()), start=made.starts[place])


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.lstrip("-").isdigit() and len(text) < 9 else otherwise


def _shown(made: _List, place: int, level: Level, counts: dict[int, int]) -> str:
    if level.format == "bullet":
        return _BULLETS.get(level.pattern, level.pattern if level.pattern.isprintable() and level.pattern else "•")
    if level.format == "none":
        return level.pattern if "%" not in level.pattern else ""
    text, position = "", 0
    while position < len(level.pattern):
        char, digit = level.pattern[position], level.pattern[position + 1 : position + 2]
        if char == "%" and digit in set("123456789"):
            other = int(digit) - 1
            of = made.levels.get(other, Level())
            text += formatted(counts.get(other, of.start), "decimal" if level.is_legal else of.format)
            position += 2
        else:
            text += char
            position += 1
    return text
