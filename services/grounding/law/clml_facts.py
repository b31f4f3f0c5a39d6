"""What a file of legislation.gov.uk says of its instrument: title, number, state."""

import re
from typing import TYPE_CHECKING

from models.grounding.document import Instrument
from services.grounding.law.law import iso_date
from services.grounding.law.prose import local, one_line

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

IDENTIFIER = re.compile(
    r"legislation\.gov\.uk/(?:id/)?(?P<whole>[a-z]{2,5}/(?:\d{4}|[A-Za-z0-9]+/[\d-]+(?:-[A-Za-z]+/\d+)?)/\d+)(?P<rest>/[^?#]*)?"
)
_ACTS = frozenset("ukpga ukla ukppa asp asc anaw mwa nia aep aosp aip apni gbla ukcm mnia".split())
_EU = {"eur": "regulation", "eudr": "directive", "eudn": "decision", "eut": "treaty"}
_CHAPTERS = {
    "ukpga": "c.",
    "asp": "asp",
    "asc": "asc",
    "anaw": "anaw",
    "nia": "c.",
    "uksi": "SI",
    "ssi": "SSI",
    "wsi": "SI",
}
_PART_OF = re.compile(
    r"/(?:section|article|regulation|rule|schedule|part|chapter|crossheading|paragraph|body|annex|signature)\b[^?#]*"
)


def instrument_of(root: "Element") -> Instrument:
    """Return what the file is of."""
    facts = next((one for one in root if local(one) == "Metadata"), None)
    title = one_line(_text(facts, "title"))
    address = root.get("IdURI") or root.get("DocumentURI") or _text(facts, "identifier")
    stated = root.get("DocumentURI") or address
    found = IDENTIFIER.search(stated) or IDENTIFIER.search(address)
    whole = found["whole"] if found else ""
    # A file of a single section must not stand for the whole Act.
    part = _PART_OF.match(found["rest"] or "") if found else None
    identifier = f"{whole}{part.group()}" if part else whole
    series, _, number = whole.partition("/")
    version = iso_date(_text(facts, "valid")) or _made_on(facts)
    return Instrument(
        title=title or identifier,
        identifier=identifier,
        kind="act" if series in _ACTS else _EU.get(series, "instrument"),
        jurisdiction="uk",
        version=version,
        licence="ogl-uk-3.0",
        url=f"https://www.legislation.gov.uk/{identifier}" if identifier else "",
        aliases=_aliases(series, number, facts),
    )


def _aliases(series: str, number: str, facts: "Element | None") -> tuple[str, ...]:
    year, _, count = number.partition("/")
    sign = _CHAPTERS.get(series)
    aliases = []
    if sign and year.isdigit():
        aliases.append(f"{sign} {year}/{count}" if series.endswith("si") else f"{year} {sign} {count}")
    alternative = (
        next((one for one in facts.iter() if local(one) == "AlternativeTitle"), None) if facts is not None else None
    )
    if alternative is not None and (text := one_line("".join(alternative.itertext()))):
        aliases.append(text)
    return tuple(aliases)


def _text(facts: "Element | None", name: str) -> str:
    found = next((one for one in facts if local(one) == name), None) if facts is not None else None
    return "".join(found.itertext()) if found is not None else ""


def _made_on(facts: "Element | None") -> str:
    """Return the day of an Act or an instrument that was not revised."""
    for one in facts.iter() if facts is not None else ():
        if local(one) in ("EnactmentDate", "Made"):
            return iso_date(one.get("Date"))
    return ""
