"""United States Legislative Markup, versions 1 and 2: the titles of the US Code as the House publishes them.

A section that is repealed, omitted or transferred has its number alone and a status; one element may stand for a whole
range of such ("§§ 801 to 803"). Sections inside notes and quoted amendments belong to other laws.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from models.grounding.document import Instrument, Provision, Status, UnitKind
from services.grounding.law.law import Law, above, child, clear, ended, iso_date, no_provisions, root_of
from services.grounding.law.prose import Role, Walker, local, one_line

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_LEVELS = frozenset("subsection paragraph subparagraph clause subclause item subitem subsubitem level section".split())
_ABOVE = frozenset(
    "subtitle chapter subchapter part subpart division subdivision article preliminary reorganizationPlan courtRules "
    "appendix compiledAct".split()
)
_FOREIGN = frozenset(
    "note notes sourceCredit quotedContent quotedText footnote toc courtRules courtRule reorganizationPlan".split()
)
_BLOCKS = frozenset(
    "content chapeau continuation p text proviso table layout header blockContent elided signatures formula".split()
)
_BY_NAME = {
    **dict.fromkeys(_LEVELS, Role.LEVEL),
    **dict.fromkeys(_BLOCKS, Role.BLOCK),
    **dict.fromkeys(
        ("notes", "note", "sourceCredit", "footnote", "toc", "img", "figure", "meta", "page", "colgroup"), Role.UNSEEN
    ),
    "quotedContent": Role.QUOTED,
    "num": Role.NUMBER,
    "heading": Role.LEAD,
    "subheading": Role.LEAD,
    "tr": Role.ROW,
    "row": Role.ROW,
    "td": Role.CELL,
    "th": Role.CELL,
    "column": Role.CELL,
    "br": Role.BREAK,
    "sup": Role.RAISED,
    "mfrac": Role.FRACTION,
}
_GONE = frozenset(
    "repealed omitted transferred renumbered vacant obsolete eliminated terminated expired reserved".split()
)
_SIGNS = re.compile(r"[§\[\]]|\bsec(?:tion|s)?s?\b\.?", re.I)
_RANGE = re.compile(r"(\d+)\s*(?:to|\.\.|through|:)\s*(\d+)")
_LIST = re.compile(r",\s*(?:and\s+)?|\s+and\s+")
_TITLE = re.compile(r"/us/usc/t(\d+a?)", re.I)
_MOST_IN_RANGE = 500


class _Walker(Walker):
    """Reads elements of USLM."""

    def role(self, element: "Element", name: str) -> Role:
        if name == "ref" and "footnote" in element.get("class", "").lower():
            return Role.UNSEEN
        if name == "heading" and _is_section(element.getparent()):
            return Role.UNSEEN  # it is shown behind the number
        if name == "heading" and child(element.getparent(), "num") is None:
            return Role.BLOCK
        return _BY_NAME.get(name, Role.INLINE)

    def heading_of(self, element: "Element") -> str:
        unit = element.getparent()
        return self.line(child(unit, "heading")) if _is_section(unit) else ""


def _is_section(element: "Element | None") -> bool:
    return element is not None and local(element) == "section" and child(element, "num") is not None


def parse(path: Path, name: str, law: Law) -> Iterator[Provision]:
    """Yield the sections of a title."""
    is_empty = True
    for element in ended(path, name, ("section", "notes", "sourceCredit", "uscDoc", "lawDoc", "statuteCompilation")):
        tag = local(element)
        if element.getparent() is None:
            law.instrument = law.instrument or _instrument(element)
            break
        if any(True for _ in above(element, (*_FOREIGN, "section"))):
            continue
        if tag == "section":
            law.instrument = law.instrument or _instrument(root_of(element))
            for one in _sections(element):
                is_empty = False
                yield one
        clear(element)
    if is_empty:
        raise no_provisions(name, "USLM")


def _sections(element: "Element") -> Iterator[Provision]:
    """Yield the section, or each of a range of sections that are gone."""
    number, heading = child(element, "num"), child(element, "heading")
    prose = _Walker().read([one for one in element if one is not number and one is not heading])
    said = element.get("status", "").lower()
    status = Status.REPEALED if said in _GONE else Status.PROSPECTIVE if said == "prospective" else Status.IN_FORCE
    path = tuple(
        text
        for one in above(element, _ABOVE)
        if (text := f"{_Walker().line(child(one, 'num'))} {_Walker().line(child(one, 'heading'))}".strip())
    )
    identifier, title = element.get("identifier", ""), _Walker().line(heading).strip("[] ")
    numbers = _numbers(_Walker().line(number))
    for one in numbers if status is Status.REPEALED else [", ".join(numbers)]:
        shown = f"{identifier.rpartition('/s')[0]}/s{one}" if len(numbers) > 1 and "/s" in identifier else identifier
        since, until = iso_date(element.get("startPeriod")), iso_date(element.get("endPeriod"))
        yield Provision(UnitKind.SECTION, one, prose.text, title, path, prose.parts, status, since, until, shown)


def _numbers(written: str) -> list[str]:
    """Return the numbers in "§ 107.", "[§§ 801 to 803." or "§ 1396r–8."; a hyphen as people type it."""
    bare = _SIGNS.sub("", written).replace("–", "-").replace("‑", "-").replace("—", "-").strip(" .")
    found: list[str] = []
    for part in _LIST.split(bare):
        ends = _RANGE.fullmatch(part.strip())
        if ends and 0 < int(ends[2]) - int(ends[1]) < _MOST_IN_RANGE:
            found += [str(number) for number in range(int(ends[1]), int(ends[2]) + 1)]
        else:
            found += [one for end in re.split(r"\s+to\s+", part) if (one := end.strip(" ."))]
    return found or [""]


def _instrument(root: "Element") -> Instrument:
    meta, main = child(root, "meta"), child(root, "main")
    title = next((one for one in main if local(one) in ("title", "appendix")), None) if main is not None else None
    identifier = (title.get("identifier", "") if title is not None else "") or root.get("identifier", "")
    found = _TITLE.search(identifier)
    if found is None:
        return Instrument(_meta(meta, "title") or "Act", kind="act", jurisdiction="us", licence="us-government")
    number, name = found[1].lstrip("0"), _Walker().line(child(title, "heading"))
    return Instrument(
        title=f"{number} U.S.C.",
        identifier=f"usc/{number.lower()}",
        kind="code",
        jurisdiction="us",
        version=iso_date(_meta(meta, "created")) or iso_date(_meta(meta, "date")),
        licence="us-government",
        url=f"https://uscode.house.gov/browse/prelim@title{number}",
        aliases=tuple(one for one in (f"Title {number} of the United States Code", _capitals(name)) if one),
    )


def _capitals(name: str) -> str:
    """Return the name of a title ("COPYRIGHTS") as it is written in a sentence."""
    small = ("and", "of", "the", "for", "to", "in")
    words = name.split()
    if not name.isupper():
        return name
    return " ".join(w.lower() if i and w.lower() in small else w.capitalize() for i, w in enumerate(words))


def _meta(meta: "Element | None", name: str) -> str:
    found = child(meta, name)
    return one_line("".join(found.itertext())) if found is not None else ""
