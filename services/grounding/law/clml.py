"""Crown Legislation Markup Language: the XML of legislation.gov.uk (`/data.xml`).

Numbers carry no brackets there ("1", "a"), nor amendments their quotation marks: the site's own pages add them, by
the level or by an attribute, and so does this module. Notes of amendments (CommentaryRef) and other versions of a
provision (Versions) stand beside the text and are left out.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from models.grounding.document import Provision, Status, UnitKind
from services.grounding.extraction.number_formats import formatted
from services.grounding.law.clml_facts import IDENTIFIER, instrument_of
from services.grounding.law.law import Law, above, child, clear, ended, iso_date, no_provisions, root_of
from services.grounding.law.prose import Prose, Role, Walker, local

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_UNIT, _SCHEDULE, _ROOT = "P1", "Schedule", "Legislation"
_ABOVE = frozenset(
    "Group Part Chapter Pblock PsubBlock Schedule Appendix EUPart EUTitle EUChapter EUSection EUSubsection "
    "Division".split()
)
# What is quoted there, or another version, is no provision of the Act itself.
_FOREIGN = frozenset("BlockAmendment InlineAmendment BlockExtract Versions Version Commentaries Resources".split())
_KINDS = {
    "section": UnitKind.SECTION,
    "article": UnitKind.ARTICLE,
    "regulation": UnitKind.ARTICLE,
    "rule": UnitKind.RULE,
}
_QUOTES = {"double": ("“", "”"), "single": ("‘", "’"), "default": ("“", "”"), "": ("“", "”")}
_BLANK = ("NonBreakingSpace", "ThinSpace", "EmSpace", "EnSpace", "LinePadding", "BoxPadding")
_LISTS = {
    "arabic": "decimal",
    "roman": "lowerRoman",
    "romanupper": "upperRoman",
    "alpha": "lowerLetter",
    "alphaupper": "upperLetter",
}
_DECORATIONS = {"parens": "({})", "parenRight": "{})", "brackets": "[{}]", "period": "{}.", "colon": "{}:"}
_UNSEEN = frozenset(
    "CommentaryRef FootnoteRef MarginNoteRef Footnote MarginNote Figure Image IncludedDocument Versions Version "
    "Commentary Commentaries Reference SignedSection ExplanatoryNotes EarlierOrders Resources".split()
)
_BLOCKS = frozenset(
    "Text Para P P1para P2para P3para P4para P5para P6para P7para BlockText ListItem OrderedList UnorderedList Title "
    "Subtitle TitleBlock P2group P3group P4group P1group Form Tabular table TableText Formula Where caption "
    "ScheduleBody Part Chapter Pblock PsubBlock Number Body".split()
)
_LEVELS = frozenset(("P1", "P2", "P3", "P4", "P5", "P6", "P7"))
_BY_NAME = {
    **dict.fromkeys(_UNSEEN, Role.UNSEEN),
    **dict.fromkeys(_BLOCKS, Role.BLOCK),
    **dict.fromkeys(_LEVELS, Role.LEVEL),
    **dict.fromkeys(("BlockAmendment", "BlockExtract"), Role.QUOTED),
    "AppendText": Role.BEHIND,
    "Pnumber": Role.NUMBER,
    "tr": Role.ROW,
    "td": Role.CELL,
    "th": Role.CELL,
    "br": Role.BREAK,
    "Superior": Role.RAISED,
    "mfrac": Role.FRACTION,
}


class _Walker(Walker):
    """Reads elements of CLML."""

    def role(self, element: "Element", name: str) -> Role:
        if name == "Title" and _headed(element.getparent()) is not None:
            return Role.UNSEEN  # it is shown behind the number
        return _BY_NAME.get(name, Role.INLINE)

    def heading_of(self, element: "Element") -> str:
        unit = element.getparent()
        group = unit.getparent() if unit is not None else None
        is_headed = group is not None and _headed(group) is unit
        return self.line(child(group, "Title")) if is_headed else ""

    def shown(self, element: "Element") -> str:
        text = self.line(element)
        before, behind = element.get("PuncBefore"), element.get("PuncAfter")
        if before is not None or behind is not None:
            return f"{before or ''}{text}{behind or ''}"
        parent = element.getparent()
        is_bare = parent is None or local(parent) == "P1" or not text.isalnum()
        return text if is_bare else f"({text})"

    def signs(self, element: "Element", name: str) -> tuple[str, str]:
        if name == "BlockAmendment":
            return _QUOTES.get(element.get("Format", ""), ("", ""))
        if name == "InlineAmendment":
            return "“", "”"
        if name == "Character":
            return (" " if element.get("Name", "") in _BLANK else "", "")
        if name == "ListItem":
            shown = _list_number(element)
            return (f"{shown} " if shown else "", "")
        return "", ""


def parse(path: Path, name: str, law: Law) -> Iterator[Provision]:
    """Yield the provisions of the file at *path*: sections, articles, rules, schedules with their paragraphs."""
    held: list[Provision] = []
    is_empty = True
    for element in ended(path, name, (_UNIT, _SCHEDULE, "Versions", "Commentaries", _ROOT)):
        if element.getparent() is None:
            break
        if any(True for _ in above(element, _FOREIGN)):
            continue
        law.instrument = law.instrument or instrument_of(root_of(element))
        for one in _read(element, law.instrument.version, held):
            is_empty = False
            yield one
        clear(element)
    if is_empty:
        raise no_provisions(name, "legislation (CLML)")


def _read(element: "Element", version: str, held: list[Provision]) -> Iterator[Provision]:
    """Yield what ends with *element*; a schedule comes before its paragraphs, which are *held* until it has ended."""
    if local(element) == _SCHEDULE:
        yield _schedule(element, version)
        yield from held
        held.clear()
    elif local(element) == _UNIT and any(True for _ in above(element, (_SCHEDULE,))):
        held.append(_provision(element, version))
    elif local(element) == _UNIT:
        yield _provision(element, version)


def _headed(group: "Element | None") -> "Element | None":
    """Return the one numbered provision of a group, whose title is its heading."""
    if group is None or local(group) != "P1group":
        return None
    units = [one for one in group if local(one) == _UNIT]
    return units[0] if len(units) == 1 else None


def _provision(element: "Element", version: str) -> Provision:
    number, schedule = child(element, "Pnumber"), next(above(element, (_SCHEDULE,)), None)
    group = element.getparent()
    shown = _bare(_Walker().line(number))
    heading = ""
    if group is not None and local(group) == "P1group":
        heading = _Walker().line(child(group, "Title"))
    prose = _Walker().read([one for one in element if one is not number])
    kind = _KINDS.get(element.get("id", "").partition("-")[0], UnitKind.SECTION)
    if schedule is not None:
        kind, shown = UnitKind.PARAGRAPH, f"Sch. {_schedule_number(schedule)} para. {shown}".replace("Sch.  ", "Sch. ")
    return _made(element, kind, shown, heading, prose, version)


def _schedule(element: "Element", version: str) -> Provision:
    """Return a schedule: what stands in it outside of its paragraphs, which were read before."""
    titles = child(element, "TitleBlock")
    heading = " ".join(
        text for one in (titles if titles is not None else ()) if (text := _Walker().line(one))
    ) or _Walker().line(child(element, "Title"))
    inside = [one for one in element if local(one) not in ("Number", "TitleBlock", "Title", "Reference")]
    return _made(element, UnitKind.SCHEDULE, _schedule_number(element), heading, _without_headings(inside), version)


def _without_headings(elements: list["Element"]) -> Prose:
    """Return the text of *elements*; nothing where the headings of what was read before are all that is left."""
    has_text = any(
        local(one) in ("Text", "BlockText", "tr", "P2", "P3") for element in elements for one in element.iter()
    )
    return _Walker().read(elements) if has_text else Prose("")


def _made(element: "Element", kind: UnitKind, number: str, heading: str, prose: Prose, version: str) -> Provision:
    since, until = iso_date(_inherited(element, "RestrictStartDate")), iso_date(element.get("RestrictEndDate"))
    return Provision(
        kind,
        number,
        prose.text,
        heading,
        tuple(text for one in above(element, _ABOVE) if (text := _titled(one))),
        prose.parts,
        _status(element, prose, until, version),
        since,
        until,
        _identifier_of(element),
    )


def _status(element: "Element", prose: Prose, until: str, version: str) -> Status:
    said = _inherited(element, "Status").lower()
    ended = bool(until and version and until <= version)
    if said in ("repealed", "dead") or prose.is_deleted or ended or _is_struck(element):
        return Status.REPEALED
    if said == "prospective":
        return Status.PROSPECTIVE
    return Status.IN_FORCE if _inherited(element, "RestrictStartDate") else Status.UNKNOWN


def _is_struck(element: "Element") -> bool:
    """Tell whether all text of a provision stands in `Repeal`, which keeps it to be read (RetainText)."""
    texts = [one for one in element.iter() if local(one) == "Text"]
    struck = sum(len("".join(one.itertext())) for text in texts for one in text if local(one) == "Repeal")
    return struck > 0 and not any(_outside(text).strip() for text in texts)


def _outside(text: "Element") -> str:
    """Return what stands in *text* itself and in what is not repealed."""
    inner = ("".join(one.itertext()) for one in text if local(one) not in ("Repeal", "CommentaryRef"))
    around = (text.text or "", *(one.tail or "" for one in text))
    within = any(local(one) == "Repeal" for one in text.iterancestors())
    return "" if within else "".join((*around, *inner))


def _inherited(element: "Element", attribute: str) -> str:
    """Return an attribute of the element, or else of the nearest one around it that has it."""
    if value := element.get(attribute):
        return str(value)
    return next((str(value) for one in element.iterancestors() if (value := one.get(attribute))), "")


def _titled(element: "Element") -> str:
    titles = child(element, "TitleBlock")
    title = child(element if titles is None else titles, "Title")
    return f"{_Walker().line(child(element, 'Number'))} {_Walker().line(title)}".strip()


def _schedule_number(schedule: "Element") -> str:
    """Return the number of a schedule: "2", "B1"; "" for the only one."""
    written = _bare(_Walker().line(child(schedule, "Number")))
    return re.sub(r"^\W*schedule\W*", "", written, flags=re.I)


def _bare(number: str) -> str:
    return re.sub(r"^(?:section|article|regulation|rule)s?\s+", "", number, flags=re.I).strip(" .[]")


def _identifier_of(element: "Element") -> str:
    """Return the address of a provision, which stands at it or at its group."""
    if found := element.get("IdURI") or element.get("DocumentURI"):
        return str(found)
    root = root_of(element)
    base, own = root.get("IdURI") or root.get("DocumentURI") or "", element.get("id", "")
    whole = IDENTIFIER.search(base)
    return f"http://www.legislation.gov.uk/id/{whole['whole']}/{own.replace('-', '/')}" if whole and own else ""


def _list_number(item: "Element") -> str:
    """Return the number that an item of a list is shown with; "" for none."""
    parent = item.getparent()
    if override := item.get("NumberOverride"):
        return str(override)
    if parent is None or local(parent) != "OrderedList":
        return ""
    place = [one for one in parent if local(one) == "ListItem"].index(item) + 1
    shown = formatted(place, _LISTS.get(parent.get("Type", ""), "decimal"))
    return _DECORATIONS.get(parent.get("Decoration", ""), "{}").format(shown)
