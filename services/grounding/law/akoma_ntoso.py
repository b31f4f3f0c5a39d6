"""Akoma Ntoso 3.0: what legislation.gov.uk (`/data.akn`) and Find Case Law (`/data.xml`) publish.

Find Case Law publishes under the Open Justice Licence, which excludes computational analysis without a licence of its
own: such texts stay out of exports.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from models.grounding.document import Instrument, Provision, Status, UnitKind
from services.grounding.law.law import Law, above, child, clear, ended, iso_date, no_provisions, root_of
from services.grounding.law.prose import Prose, Role, Walker, local, one_line

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_LEVELS = frozenset(
    "subsection paragraph subparagraph clause subclause level point indent alinea item list subrule "
    "section article rule hcontainer".split()
)
_BLOCKS = frozenset(
    "p block blockList content intro wrapUp listIntroduction listWrapUp longTitle tblock container table heading "
    "subheading crossHeading foreign embeddedText blockContainer interstitial body".split()
)
_BY_NAME = {
    **dict.fromkeys(_LEVELS, Role.LEVEL),
    **dict.fromkeys(_BLOCKS, Role.BLOCK),
    **dict.fromkeys(("authorialNote", "noteRef", "img", "meta", "toc", "componentRef"), Role.UNSEEN),
    **dict.fromkeys(("quotedStructure", "embeddedStructure"), Role.QUOTED),
    "num": Role.NUMBER,
    "tr": Role.ROW,
    "td": Role.CELL,
    "th": Role.CELL,
    "br": Role.BREAK,
    "sup": Role.RAISED,
    "mfrac": Role.FRACTION,
}
_FOREIGN = frozenset(("quotedStructure", "embeddedStructure", "mod", "attachment", "component", "authorialNote"))
_ABOVE = frozenset("book part title chapter division subdivision hcontainer subpart subchapter tome level".split())
_UNITS = {"section": UnitKind.SECTION, "article": UnitKind.ARTICLE, "rule": UnitKind.RULE}
_CONTAINERS = {
    "regulation": UnitKind.ARTICLE,
    "article": UnitKind.ARTICLE,
    "rule": UnitKind.RULE,
    "section": UnitKind.SECTION,
}
_UK = re.compile(r"legislation\.gov\.uk/(?:id/)?(?P<whole>[a-z]{2,5}/(?:\d{4}|[A-Za-z0-9]+/[\d-]+)/\d+)")
_CASE_LAW = "caselaw.nationalarchives.gov.uk"
_WORD = re.compile(r"^\W*(?:section|article|regulation|rule|paragraph|schedule|part)s?\b\.?\s*", re.I)
_ACTS = frozenset("ukpga ukla asp asc anaw mwa nia".split())
_DEAD = re.compile(r"repeal|removed|dead", re.I)


class _Walker(Walker):
    """Reads elements of Akoma Ntoso."""

    def role(self, element: "Element", name: str) -> Role:
        if name in ("heading", "subheading"):
            parent = element.getparent()
            if name == "heading" and _is_headed(parent):
                return Role.UNSEEN  # it is shown behind the number
            is_level = parent is not None and self.role(parent, local(parent)) is Role.LEVEL
            return Role.LEAD if is_level and child(parent, "num") is not None else Role.BLOCK
        return _BY_NAME.get(name, Role.INLINE)

    def heading_of(self, element: "Element") -> str:
        unit = element.getparent()
        return self.line(child(unit, "heading")) if _is_headed(unit) else ""

    def signs(self, element: "Element", name: str) -> tuple[str, str]:
        if name in ("quotedStructure", "quotedText", "embeddedStructure"):
            return element.get("startQuote", ""), element.get("endQuote", "")
        return "", ""


def _is_headed(element: "Element | None") -> bool:
    """Tell whether an element has number and heading on a line of their own, as sections have."""
    is_unit = element is not None and (local(element) in _UNITS or local(element) == "hcontainer")
    return is_unit and child(element, "num") is not None


def parse(path: Path, name: str, law: Law) -> Iterator[Provision]:
    """Yield the provisions of an act, or the paragraphs of a judgment."""
    is_empty = True
    held: list[Provision] = []
    for element in ended(path, name, (*_UNITS, "hcontainer", "paragraph", "judgmentBody", "meta", "akomaNtoso")):
        tag = local(element)
        if tag == "akomaNtoso":
            break
        if any(True for _ in above(element, _FOREIGN)):
            continue
        if tag == "judgmentBody":
            law.instrument = _instrument(root_of(element))
            found = list(_paragraphs(element))
        else:
            found = _of_act(element, law, held)
        for one in found:
            is_empty = False
            yield one
    yield from held
    if is_empty and not held:
        raise no_provisions(name, "Akoma Ntoso")


def _of_act(element: "Element", law: Law, held: list[Provision]) -> list[Provision]:
    """Return the provisions that end with *element*; paragraphs of a schedule are held until it has ended."""
    tag, called = local(element), element.get("name", "")
    if tag == "meta" or _is_judgment(element):
        return []
    if law.instrument is None:
        law.instrument = _instrument(root_of(element))
    kind = _UNITS.get(tag) or (_CONTAINERS.get(called) if tag == "hcontainer" else None)
    schedule = next((one for one in above(element, ("hcontainer",)) if one.get("name") == "schedule"), None)
    if tag == "hcontainer" and called == "schedule":
        found = [_schedule(element), *held]
        held.clear()
    elif schedule is not None and (kind is not None or tag == "paragraph"):
        if any(local(one) in (*_UNITS, "paragraph") for one in above(element, (*_UNITS, "paragraph"))):
            return []
        number = f"Sch. {_number(schedule)} para. {_number(element)}".replace("  ", " ")
        held.append(_provision(element, UnitKind.PARAGRAPH, number))
        found = []
    elif kind is not None and not any(True for _ in _around(element)):
        found = [_provision(element, kind, _number(element))]
    else:
        return []
    clear(element)
    return found


def _around(element: "Element") -> Iterator["Element"]:
    """Yield the units that *element* stands in."""
    for one in element.iterancestors():
        if local(one) in _UNITS or (local(one) == "hcontainer" and one.get("name") in _CONTAINERS):
            yield one


def _is_judgment(element: "Element") -> bool:
    return any(True for _ in above(element, ("judgment",)))


def _provision(element: "Element", kind: UnitKind, number: str) -> Provision:
    heads = [child(element, "num"), child(element, "heading")]
    prose = _Walker().read([one for one in element if one not in heads])
    return _made(element, kind, number, _Walker().line(heads[1]), prose)


def _schedule(element: "Element") -> Provision:
    heads = ("num", "heading", "subheading")
    inside = [one for one in element if local(one) not in heads]
    # What was read is empty by now; headings of parts are no text of the schedule.
    has_text = any(local(one) in ("p", "td") for part in inside for one in part.iter())
    prose = _Walker().read(inside) if has_text else Prose("")
    return _made(element, UnitKind.SCHEDULE, _number(element), _Walker().line(child(element, "heading")), prose)


def _made(element: "Element", kind: UnitKind, number: str, heading: str, prose: Prose) -> Provision:
    path = tuple(
        text
        for one in above(element, _ABOVE)
        if (text := f"{_Walker().line(child(one, 'num'))} {_Walker().line(child(one, 'heading'))}".strip())
    )
    dead = prose.is_deleted or _DEAD.search(element.get("status", "")) is not None
    status = Status.REPEALED if dead else Status.UNKNOWN
    return Provision(kind, number, prose.text, heading, path, prose.parts, status, identifier=element.get("eId", ""))


def _number(element: "Element") -> str:
    return _WORD.sub("", _Walker().line(child(element, "num"))).strip(" .[]()")


def _paragraphs(body: "Element") -> Iterator[Provision]:
    """Yield the numbered paragraphs of a judgment, and as text what stands between them."""
    between: list[Element] = []
    path: tuple[str, ...] = ()
    for element in _pieces(body):
        number = _number(element) if local(element) == "paragraph" else ""
        if not number[:1].isdigit():
            between.append(element)
            continue
        if between:
            text = _Walker().read(between).text
            between = []
            if text:
                yield Provision(UnitKind.TEXT, "", text, path=path)
        path = tuple(
            text for one in above(element, ("level", "division")) if (text := _Walker().line(child(one, "heading")))
        )
        prose = _Walker().read([one for one in element if local(one) != "num"])
        yield Provision(
            UnitKind.PARAGRAPH, number, prose.text, path=path, parts=prose.parts, identifier=element.get("eId", "")
        )
    if between and (text := _Walker().read(between).text):
        yield Provision(UnitKind.TEXT, "", text, path=path)


def _pieces(element: "Element") -> Iterator["Element"]:
    """Yield the parts of a judgment's body in order, down to paragraphs and to what holds none."""
    for one in element:
        is_whole = local(one) == "paragraph" or not any(local(inner) == "paragraph" for inner in one.iterdescendants())
        if is_whole:
            yield one
        else:
            yield from _pieces(one)


def _instrument(root: "Element") -> Instrument:
    work = next((one for one in root.iter() if local(one) == "FRBRWork"), None)
    address = _value(work, "FRBRuri") or _value(work, "FRBRthis")
    expression = next((one for one in root.iter() if local(one) == "FRBRExpression"), None)
    cite = _property(root, "cite")
    if cite or _CASE_LAW in address or next((True for one in root.iter() if local(one) == "judgment"), False):
        return _judgment(root, work, cite, address)
    found = _UK.search(address) or _UK.search(_value(expression, "FRBRuri"))
    whole = found["whole"] if found else ""
    series = whole.partition("/")[0]
    title = _title(root) or _value(work, "FRBRname")
    return Instrument(
        title=title or whole or "Act",
        identifier=whole or address,
        kind="act" if series in _ACTS or not whole else "instrument",
        jurisdiction="uk" if whole else "",
        version=_date(expression) or _date(work),
        licence="ogl-uk-3.0" if whole else "",
        url=f"https://www.legislation.gov.uk/{whole}" if whole else "",
    )


def _judgment(root: "Element", work: "Element | None", cite: str, address: str) -> Instrument:
    cite = cite or one_line(
        next(("".join(one.itertext()) for one in root.iter() if local(one) == "neutralCitation"), "")
    )
    name = _value(work, "FRBRname") or _parties(root)
    is_ours = _CASE_LAW in address
    place = address.partition("/id/")[2] if is_ours else ""
    return Instrument(
        title=f"{name} {cite}".strip() or "Judgment",
        identifier=cite or place,
        kind="judgment",
        jurisdiction="uk" if is_ours or cite else "",
        version=_date(work),
        licence="open-justice" if is_ours else "",
        url=f"https://{_CASE_LAW}/{place}" if place else "",
        aliases=tuple(one for one in (name, cite) if one),
    )


def _parties(root: "Element") -> str:
    named = [one_line("".join(one.itertext())) for one in root.iter() if local(one) == "party"]
    return " v ".join(dict.fromkeys(named)) if len(set(named)) == 2 else ""


def _title(root: "Element") -> str:
    """Return the short title; a place holder in it stands for what the references say."""
    for name in ("shortTitle", "docTitle"):
        for one in root.iter():
            if local(one) != name:
                continue
            if text := one_line("".join(one.itertext())):
                return text
            holders = [inner.get("href", "").lstrip("#") for inner in one.iter() if local(inner) == "ref"]
            if holders:
                return next((ref.get("showAs", "") for ref in root.iter() if ref.get("eId") == holders[0]), "")
    return ""


def _property(root: "Element", name: str) -> str:
    """Return a fact that Find Case Law adds to the format's own."""
    for one in root.iter():
        if isinstance(one.tag, str) and one.tag.startswith("{https://caselaw") and local(one) == name:
            return one_line("".join(one.itertext()))
    return ""


def _value(element: "Element | None", name: str) -> str:
    found = child(element, name)
    value = found.get("value", "") if found is not None else ""
    return "" if value.startswith("#") else value


def _date(element: "Element | None") -> str:
    found = child(element, "FRBRdate")
    day = iso_date(found.get("date")) if found is not None else ""
    return "" if day.startswith("9999") else day
