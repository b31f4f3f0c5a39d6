"""Formex 4: the XML of the Official Journal of the European Union, acts (ACT) and consolidated texts (CONS.ACT).

Articles that an act inserts into another stand in QUOT.S and are no articles of its own.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from models.grounding.document import Instrument, Provision, Status, UnitKind
from services.grounding.extraction.kinds import refused
from services.grounding.law.eu_numbers import instrument_of
from services.grounding.law.law import Law, above, child, clear, ended, iso_date, no_provisions, root_of
from services.grounding.law.prose import Role, Walker, local

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

ROOTS = ("ACT", "CONS.ACT", "CONS.DOC", "GENERAL", "AGR")
_LEVELS = frozenset(("PARAG", "NP", "NP.ECR", "ARTICLE"))
_BLOCKS = frozenset(
    "P ALINEA LIST ITEM TXT DLIST DLIST.ITEM TERM DEFINITION TITLE TI STI TBL GR.SEQ CONTENTS NOTICE GR.TBL BLK "
    "TI.ART STI.ART FORMULA.S SUBDIV COMMENT CONSID TI.BLK INTRO".split()
)
_BY_NAME = {
    **dict.fromkeys(_LEVELS, Role.LEVEL),
    **dict.fromkeys(_BLOCKS, Role.BLOCK),
    **dict.fromkeys(
        "NOTE MARGIN INCL.ELEMENT BIB.INSTANCE INFO.CONSLEG INFO.PROD FINAL TOC GR.NOTES IE PAGE.HEADER".split(),
        Role.UNSEEN,
    ),
    **dict.fromkeys(("QUOT.S", "ACT.GEN"), Role.QUOTED),
    "NO.PARAG": Role.NUMBER,
    "NO.P": Role.NUMBER,
    "ROW": Role.ROW,
    "CELL": Role.CELL,
    "BR": Role.BREAK,
    "FRACTION": Role.FRACTION,
}
# Consolidated texts are published without the blanks around these.
_WORDS = frozenset(("DATE", "REF.DOC", "REF.DOC.OJ", "FT", "QUOT.END"))
_ABOVE = frozenset(("DIVISION", "SUBDIV", "PROLOG"))
# Articles in there are of another act, or of the rules that an annex contains.
_FOREIGN = ("QUOT.S", "ARTICLE", "ANNEX", "CONS.ANNEX")
# Of "Article 5a", "Artikel 5a"; a sole article has its number in an attribute alone.
_NUMBER = re.compile(r"\d{1,4}[a-z]{0,3}\b")
_ANNEX = re.compile(r"^(?:annex|appendix)\b\s*(?P<number>[IVXLC]+[a-z]?\b|\d+[a-z]?\b|[A-Z]\b)?[\s:.—–-]*", re.I)


class _Walker(Walker):
    """Reads elements of Formex."""

    def role(self, element: "Element", name: str) -> Role:
        if name == "HT" and element.get("TYPE") == "SUP":
            return Role.RAISED
        return _BY_NAME.get(name, Role.INLINE)

    def is_word(self, element: "Element") -> bool:
        name = local(element)
        return name in _WORDS or (name == "HT" and element.get("TYPE") == "UC")

    def signs(self, element: "Element", name: str) -> tuple[str, str]:
        if name in ("QUOT.START", "QUOT.END"):
            code = element.get("CODE", "")
            return (chr(int(code, 16)) if re.fullmatch("[0-9A-Fa-f]{4}", code) else "‘" if "START" in name else "’"), ""
        return "", ""


def parse(path: Path, name: str, law: Law) -> Iterator[Provision]:
    """Yield recitals, articles and annexes."""
    is_empty = True
    for element in ended(path, name, ("CONSID", "ARTICLE", "ANNEX", "CONS.ANNEX", *ROOTS)):
        tag = local(element)
        if element.getparent() is None:
            if tag in ("ANNEX", "CONS.ANNEX"):
                raise refused(
                    name, "it is an annex alone (Formex): send the file of the act, or its XHTML, which has both"
                )
            break
        if tag in ROOTS or any(True for _ in above(element, _FOREIGN)):
            continue
        if law.instrument is None:
            law.instrument = _instrument(root_of(element))
        is_empty = False
        yield _READERS[tag](element)
        clear(element)
    if is_empty or law.instrument is None:
        raise no_provisions(name, "Formex")


def _recital(element: "Element") -> Provision:
    number = next((one for one in element.iter() if local(one) == "NO.P"), None)
    label = _Walker().line(number).strip("() .")
    prose = _Walker().read(list(element))
    shown = prose.text.removeprefix(f"({label})").strip() if label else prose.text
    return Provision(UnitKind.RECITAL, label, shown)


def _article(element: "Element") -> Provision:
    title = child(element, "TI.ART")
    written = _NUMBER.search(_Walker().line(title))
    number = written.group() if written else element.get("IDENTIFIER", "").lstrip("0").lower()
    prose = _Walker().read([one for one in element if local(one) not in ("TI.ART", "STI.ART")])
    path = tuple(text for one in above(element, _ABOVE) if (text := _Walker().line(child(one, "TITLE"))))
    status = Status.REPEALED if prose.is_deleted else Status.UNKNOWN
    heading = " ".join(text for one in element if local(one) == "STI.ART" and (text := _Walker().line(one)))
    return Provision(UnitKind.ARTICLE, number, prose.text, heading, path, prose.parts, status)


def _annex(element: "Element") -> Provision:
    title = child(element, "TITLE")
    whole = _Walker().line(title)
    found = _ANNEX.match(whole)
    number = (found["number"] or "") if found else ""
    prose = _Walker().read([one for one in element if one is not title])
    heading = whole[found.end() :].strip() if found else whole
    return Provision(UnitKind.SCHEDULE, number, prose.text, heading, parts=prose.parts)


_READERS = {"CONSID": _recital, "ARTICLE": _article, "ANNEX": _annex, "CONS.ANNEX": _annex}


def _instrument(root: "Element") -> Instrument:
    title = next((one for one in root.iter() if local(one) == "TITLE"), None)
    facts = next((one for one in root.iter() if local(one) in ("INFO.CONSLEG", "BIB.INSTANCE")), None)
    if facts is not None and local(facts) == "INFO.CONSLEG":  # of a consolidated text
        day = iso_date(facts.get("START.DATE")) or iso_date(facts.get("CONSLEG.DATE"))
        return instrument_of(_Walker().line(title), facts.get("CONSLEG.REF", ""), day)
    celex = next((_Walker().line(one) for one in root.iter() if local(one) == "NO.CELEX"), "")
    return instrument_of(_Walker().line(title), celex)
