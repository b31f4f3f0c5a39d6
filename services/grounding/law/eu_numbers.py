"""Numbers of acts of the European Union: from what a title says to the short title and the CELEX number."""

import re
from dataclasses import dataclass

from models.grounding.document import Instrument
from services.grounding.law.law import written_date
from services.grounding.law.prose import one_line

_ACT = re.compile(
    r"\b(?P<kind>regulation|directive|decision)\b\s*(?:\((?P<body>[A-Z]{2,7}(?:,\s?[A-Za-z]{2,7})*)\))?\s*"
    r"(?P<no>no\.?\s*)?(?P<one>\d{1,4})/(?P<two>\d{1,4})(?:/(?P<tail>[A-Z]{2,7}))?",
    re.I,
)
_CELEX = re.compile(r"\b(?P<sector>[03]?)(?P<year>\d{4})(?P<letter>[RLD])(?P<number>\d{4})(?:-(?P<day>\d{8}))?")
_LETTERS = {"regulation": "R", "directive": "L", "decision": "D"}
_KINDS = {letter: kind for kind, letter in _LETTERS.items()}
_SHORT = re.compile(r"\((?P<name>[^()]*(?:\([^()]*\)[^()]*)?)\)\s*(?:\(text with eea relevance\)\s*)*\.?$", re.I)
_EEA = re.compile(r"\s*\(text with eea relevance\.?\)", re.I)
# Of this year or later an act has its year first.
_YEAR_FIRST_FROM = 2015
_CONSOLIDATED = re.compile(r"^consolidated version of (?:the )?", re.I)
_TREATY = re.compile(r"\b(?:treaty|charter|protocol)\b", re.I)
_NOT_NAMES = re.compile(r"recast|codified|repealing|text with|^\d|^the\b", re.I)


@dataclass(frozen=True, slots=True)
class ActNumber:
    """The number of an act: 2016 and 679, with its kind and as it is written."""

    kind: str
    year: int
    number: int
    written: str

    @property
    def celex(self) -> str:
        """The CELEX number of the act as it was adopted."""
        return f"3{self.year}{_LETTERS[self.kind]}{self.number:04d}"


def number_in(title: str) -> ActNumber | None:
    """Return the number of the act that *title* is of; the first in it is its own."""
    found = _ACT.search(title)
    if found is None:
        return None
    kind, one, two = found["kind"].lower(), found["one"], found["two"]
    is_year_first = not found["no"] and (
        found["tail"] is not None or int(one) >= _YEAR_FIRST_FROM or kind != "regulation"
    )
    year, number = (one, two) if is_year_first else (two, one)
    full = int(year) + (1900 if len(year) == 2 else 0)
    body = f" ({found['body'].upper()})" if found["body"] else ""
    tail = f"/{found['tail'].upper()}" if found["tail"] else ""
    written = f"{kind.capitalize()}{body} {'No ' if found['no'] else ''}{one}/{two}{tail}"
    return ActNumber(kind, full, int(number), written) if 1952 <= full <= 2099 else None


def instrument_of(title: str, celex: str = "", version: str = "") -> Instrument:
    """Return the instrument of a full *title*; a *celex* of a consolidated text tells the day of its state."""
    whole = one_line(title)
    known = _CELEX.search(celex)
    number = number_in(whole)
    identifier = f"3{known['year']}{known['letter']}{known['number']}" if known else number.celex if number else celex
    kind = number.kind if number else _KINDS.get(known["letter"], "") if known else ""
    day = known["day"] if known else None
    stated = version or (f"{day[:4]}-{day[4:6]}-{day[6:]}" if day else "") or written_date(whole)
    named = _CONSOLIDATED.sub("", whole)[:300] or identifier or "Act of the European Union"
    return Instrument(
        title=number.written if number else named,
        identifier=identifier,
        kind=kind or ("treaty" if _TREATY.search(whole) else "regulation"),
        jurisdiction="eu",
        version=stated,
        licence="eu-reuse",
        url=f"https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=CELEX:{identifier}" if identifier else "",
        aliases=_aliases(whole),
    )


def _aliases(title: str) -> tuple[str, ...]:
    """Return the short name that a title ends with: "(General Data Protection Regulation)"."""
    found = _SHORT.search(_EEA.sub("", title).strip())
    name = found["name"].strip() if found else ""
    if not name or _NOT_NAMES.search(name) or not name[0].isupper():
        return ()
    bare, _, inner = name.partition(" (")
    return tuple(one for one in (bare, inner.rstrip(")")) if one)
