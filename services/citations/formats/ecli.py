"""European Case Law Identifiers of the member states, and those of the European courts that are malformed.

Form: Council conclusions 2011/C 127/01: ECLI, country, court, year, up to 25 letters, digits and points.
Well-formed ones of the Court of Justice and the Court of Human Rights are read with their case numbers.
"""

import re
from collections.abc import Iterator

from services.citations.citation import Citation, Cite, Finding, invalid, unverified
from services.citations.formats.common import future
from services.citations.reference import Reference

NAME = "ecli"
_ECLI = re.compile(
    r"\b(?:ECLI:(?P<country>[A-Za-z]{2})|(?P<bare>EU)):(?P<court>[A-Za-z0-9.]{1,20}):(?P<year>\d{1,6}):(?P<number>[A-Za-z0-9.]{0,40}[A-Za-z0-9])"
    r"(?P<more>(?::[A-Z\d]{1,6}\b){0,3})"
)
# Those that other formats read.
_READ_ELSEWHERE = re.compile(
    r"(?:ECLI:)?(?:EU:[CTF]:\d{4}:\d{1,5}|CE:ECHR:\d{4}:\d{4}(?:JUD|DEC|ADV|REP)\d{9})(?![A-Za-z0-9:])"
)
_COUNTRIES = frozenset(
    "AT BE BG CY CZ DE DK EE EL ES FI FR GB GR HR HU IE IT LT LU LV MT NL NO PL PT RO SE SI SK".split()
)
_INTERNATIONAL = frozenset(("EU", "CE", "EP"))
_LONGEST_COURT, _LONGEST_NUMBER, _FIRST_YEAR = 7, 25, 1800


def find(text: str, _reference: Reference) -> Iterator[Cite]:
    """Yield what *text* cites in the forms of this family."""
    for match in _ECLI.finditer(text) if "ECLI:" in text or "EU:" in text else ():
        if not _READ_ELSEWHERE.match(match.group()):
            country = match["country"] or match["bare"]
            parts = {**match.groupdict(default=""), "country": country, "ecli": match.group()}
            yield Cite(NAME, match.start(), match.end(), "case", "eu", match.group(), parts)


def check(cite: Cite, _citation: Citation, _reference: Reference) -> Finding | None:
    """Return the first rule that an identifier breaks, or that its court's numbers are not known here."""
    country, court, year = cite.parts["country"].upper(), cite.parts["court"], cite.parts["year"]
    if country in _INTERNATIONAL - {"EP"}:
        return invalid("malformed", f"{cite.normalized}: the European courts give no identifier of this form")
    if country not in _COUNTRIES | _INTERNATIONAL:
        return invalid("unknown_court", f"{country} is no country that gives European Case Law Identifiers")
    if len(year) != 4 or int(year) < _FIRST_YEAR:
        return invalid("malformed", f"{cite.normalized}: want a year of four digits, got {year}")
    if len(court) > _LONGEST_COURT or len(cite.parts["number"]) > _LONGEST_NUMBER:
        return invalid("malformed", f"{cite.normalized}: a court has up to 7 signs, a number up to 25")
    return future(int(year)) or unverified("court_number", f"numbers of the courts of {country} are not known here")
