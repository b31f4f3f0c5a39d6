"""The official services of law: what a reference means, which address has it, under which licence.

Nothing is asked here. A full address counts only by what it names: the request always goes to a service's own base.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qs, quote, unquote, urlsplit

from services.grounding.document_service import Told
from utils.errors import InputError

_SHOWN = 120
_EXAMPLES = (
    "legislation.gov.uk/ukpga/2006/46, eur-lex/32016R0679, uscode/17, caselaw/uksc/2015/67, static.case.law/us/530, "
    "courtlistener/opinions-2025-12-02.csv.bz2, or an address of one of these"
)


class Packing(StrEnum):
    """How a service packs what is read."""

    NONE = ""
    ONE_XML = "one xml of a zip"
    CASES = "case files of a zip"
    FORMEX = "act of a zip"
    BZIP2 = "bz2"


@dataclass(frozen=True, slots=True)
class Bases:
    """Where the services are; parameters, so that a mirror or a test may stand for one."""

    legislation: str = "https://www.legislation.gov.uk"
    cellar: str = "https://publications.europa.eu"
    us_code: str = "https://uscode.house.gov"
    case_law: str = "https://caselaw.nationalarchives.gov.uk"
    static_case_law: str = "https://static.case.law"
    courtlistener: str = "https://com-courtlistener-storage.s3-us-west-2.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Ask:
    """One way to ask for a text: headers, and how the answer is packed."""

    headers: Mapping[str, str] = field(default_factory=dict)
    packing: Packing = Packing.NONE


@dataclass(frozen=True, slots=True)
class Wanted:
    """A text that a service has.

    Attributes:
        service: Its name, for messages.
        address: Where it is.
        asks: Ways to ask, in the order in which they are tried.
        told: What is known of it before it is read.
        listing: Pattern of the address itself, where *address* is a page that lists it; "" else.
        is_large: Whether its transfer is taken up again where it broke off.
    """

    service: str
    address: str
    asks: tuple[Ask, ...]
    told: Told
    listing: str = ""
    is_large: bool = False


_UK = re.compile(r"^(?:id/)?(?P<whole>[a-z]{2,5}/(?:\d{4}|[A-Za-z]+\d?/[\d-]+)/\d{1,5})(?=/|$)(?P<rest>.*)$")
_UK_STATE = re.compile(r"/(?P<state>\d{4}-\d\d-\d\d|enacted|made|created|adopted)(?:/|$)")
_CELEX = re.compile(
    r"(?<![0-9A-Z])(?P<celex>[0-9][0-9]{4}[A-Z]{1,2}[0-9]{4}(?:\([0-9]{2}\))?(?:-(?P<day>[0-9]{8}))?)(?![0-9A-Z])", re.I
)
_TREATY = re.compile(r"(?<![0-9A-Z])(?P<celex>1[0-9]{4}[A-Z]{1,2}(?:/[A-Z]{3}|/?[0-9]{3}))(?![0-9A-Z])", re.I)
_ELI = re.compile(r"^eli/(?P<kind>reg|dir|dec)[a-z_]*/(?P<year>\d{4})/(?P<number>\d{1,4})(?:/|$)", re.I)
_ELI_LETTERS = {"reg": "R", "dir": "L", "dec": "D"}
_USC = re.compile(
    r"^(?:title-?|t)?(?P<title>\d{1,2})(?P<appendix>a?)(?:@(?P<congress>\d{2,3})-(?P<law>\w{1,12}))?(?:/|$)", re.I
)
_USC_IN_ADDRESS = re.compile(r"title(?P<title>\d{1,2})(?P<appendix>a?)(?![\da-z])", re.I)
_CASE = re.compile(r"^(?P<court>[a-z]{2,8})(?:/(?P<division>[a-z-]{1,16}))?/(?P<year>\d{4})/(?P<number>\d{1,5})(?=/|$)")
_CASE_ID = re.compile(r"^(?P<id>d-[0-9a-f]{8}-[0-9a-f-]{27})(?=/|$)")
_VOLUME = re.compile(
    r"^(?P<reporter>[a-z0-9-]{1,40})/(?P<volume>[\w-]{1,12})(?:/(?:cases|html|case-pdfs)/(?P<case>[\w-]{1,20}))?(?=[/.]|$)"
)
_TABLE = re.compile(r"^(?:bulk-data/)?(?P<file>[\w-]{1,80}\.csv(?P<packed>\.bz2)?)$")


def wanted(reference: str, bases: Bases | None = None) -> Wanted:
    """Return what a reference means.

    Raises:
        InputError: it names no service, or nothing that the service has.
    """
    text = unquote(reference.strip())
    whole = re.sub(r"^https?://(?:www\.)?", "", text, flags=re.I)
    host, _, rest = whole.partition("/")
    reader = _SERVICES.get(host.casefold())
    if reader is None or "://" in whole or any(ord(char) < 33 for char in text):
        raise InputError(f"reference: got {text[:_SHOWN]!r}, want one such as {_EXAMPLES}")
    found = reader(rest.partition("#")[0], bases or Bases())
    if found is None:
        raise InputError(f"reference: {host} has nothing under {rest[:_SHOWN]!r}; want one such as {_EXAMPLES}")
    return found


def _legislation(rest: str, bases: Bases) -> Wanted | None:
    found = _UK.match(rest.partition("?")[0])
    if found is None:
        return None
    whole = found["whole"]
    state = _UK_STATE.search(found["rest"])
    place = f"{whole}/{state['state']}" if state else whole
    # An older state does not take the place of the law as it is now.
    told = Told(
        name=f"{place.replace('/', '-')}.xml",
        licence="ogl-uk-3.0",
        jurisdiction="uk",
        url=f"https://www.legislation.gov.uk/{place}",
        identifier="" if state else whole,
    )
    ask = Ask({"Accept": "application/xml"})
    return Wanted("legislation.gov.uk", f"{bases.legislation}/{place}/data.xml", (ask,), told)


def _eur_lex(rest: str, bases: Bases) -> Wanted | None:
    celex = _celex(rest)
    if celex is None:
        return None
    found = _CELEX.fullmatch(celex)
    day = found["day"] if found else None
    language = {"Accept-Language": "eng"}
    # Formex is asked for last: its annexes are files of their own.
    asks = (
        Ask({"Accept": "application/xhtml+xml", **language}),
        Ask({"Accept": "text/html", **language}),
        Ask({"Accept": "application/zip;mtype=fmx4", **language}, Packing.FORMEX),
    )
    told = Told(
        name=f"{celex.replace('/', '-')}.xhtml",
        licence="eu-reuse",
        jurisdiction="eu",
        url=f"https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=CELEX:{celex}",
        version=f"{day[:4]}-{day[4:6]}-{day[6:]}" if day else "",
        identifier=f"3{celex[1:10]}" if celex[0] in "03" else celex,
    )
    return Wanted("EUR-Lex", f"{bases.cellar}/resource/celex/{quote(celex, safe='')}", asks, told)


def _celex(rest: str) -> str | None:
    """Return the CELEX number in what stands behind the service's name: itself, in a query, or as an ELI."""
    path, _, query = rest.partition("?")
    asked = " ".join(value for values in parse_qs(query).values() for value in values)
    if found := _CELEX.search(f"{path} {asked}") or _TREATY.search(f"{path} {asked}"):
        return found["celex"].upper()
    eli = _ELI.match(path)
    if eli is None:
        return None
    return f"3{eli['year']}{_ELI_LETTERS[eli['kind'].lower()]}{int(eli['number']):04d}"


def _us_code(rest: str, bases: Bases) -> Wanted | None:
    found = _USC.match(rest)
    release = (found["congress"], found["law"]) if found and found["congress"] else None
    found = found or _USC_IN_ADDRESS.search(rest)
    if found is None or not 1 <= int(found["title"]) <= 54:
        return None
    title = f"{int(found['title']):02d}{found['appendix'].upper()}"
    points = "download/releasepoints/us/pl"
    if release:
        address, listing = (
            f"{bases.us_code}/{points}/{release[0]}/{release[1]}/xml_usc{title}@{'-'.join(release)}.zip",
            "",
        )
    else:
        address = f"{bases.us_code}/download/download.shtml"
        listing = rf"""[\w./:-]*releasepoints/us/pl/\d{{2,3}}/\w{{1,12}}/xml_usc{title}@[\w-]{{1,40}}\.zip"""
    number = title.lstrip("0").lower()
    told = Told(
        name=f"usc{title.lower()}.xml",
        licence="us-government",
        jurisdiction="us",
        url=f"https://uscode.house.gov/browse/prelim@title{number}",
        identifier="" if release else f"usc/{number}",
    )
    ask = Ask({"Referer": f"{bases.us_code}/download/download.shtml"}, Packing.ONE_XML)
    return Wanted("uscode.house.gov", address, (ask,), told, listing, is_large=True)


def _case_law(rest: str, bases: Bases) -> Wanted | None:
    path = rest.partition("?")[0]
    found = _CASE.match(path)
    own = _CASE_ID.match(path)
    if found is None and own is None:
        return None
    place = found.group() if found else own["id"] if own else ""
    told = Told(
        name=f"{place.replace('/', '-')}.xml",
        licence="open-justice",
        jurisdiction="uk",
        url=f"https://caselaw.nationalarchives.gov.uk/{place}",
        identifier=_neutral(found) if found else "",
    )
    ask = Ask({"Accept": "application/akn+xml, application/xml"})
    return Wanted("Find Case Law", f"{bases.case_law}/{place}/data.xml", (ask,), told)


def _neutral(found: re.Match[str]) -> str:
    """Return the neutral citation that an address of Find Case Law stands for."""
    court, division, year, number = found["court"], found["division"] or "", found["year"], found["number"]
    if court == "ewca":
        return f"[{year}] EWCA {division.capitalize()} {number}"
    if not division:
        return f"[{year}] {court.upper()} {number}"
    shown = division.capitalize() if division in ("admin", "ch", "comm", "fam", "pat", "costs") else division.upper()
    return f"[{year}] {court.upper()} {number} ({shown})"


def _static_case_law(rest: str, bases: Bases) -> Wanted | None:
    found = _VOLUME.match(rest)
    if found is None:
        return None
    place = f"{found['reporter']}/{found['volume']}"
    case = found["case"]
    told = Told(
        name=f"{place.replace('/', '-')}{f'-{case}' if case else ''}.json",
        licence="cc0-1.0",
        jurisdiction="us",
        url=f"https://static.case.law/{place}/",
    )
    if case:
        return Wanted("static.case.law", f"{bases.static_case_law}/{place}/cases/{case}.json", (Ask(),), told)
    address = f"{bases.static_case_law}/{place}.zip"
    return Wanted("static.case.law", address, (Ask(packing=Packing.CASES),), told, is_large=True)


def _courtlistener(rest: str, bases: Bases) -> Wanted | None:
    found = _TABLE.match(rest)
    if found is None:
        return None
    packing = Packing.BZIP2 if found["packed"] else Packing.NONE
    told = Told(
        name=found["file"].removesuffix(".bz2"),
        licence="public-domain",
        jurisdiction="us",
        url="https://www.courtlistener.com/help/api/bulk-data/",
    )
    address = f"{bases.courtlistener}/bulk-data/{found['file']}"
    return Wanted("CourtListener", address, (Ask(packing=packing),), told, is_large=True)


def host_of(address: str) -> str:
    """Return host and port of an address."""
    parts = urlsplit(address)
    return f"{(parts.hostname or '').casefold()}:{parts.port or (80 if parts.scheme == 'http' else 443)}"


_SERVICES: Mapping[str, Callable[[str, Bases], Wanted | None]] = {
    "legislation.gov.uk": _legislation,
    **dict.fromkeys(("eur-lex", "eurlex", "eur-lex.europa.eu", "publications.europa.eu", "data.europa.eu"), _eur_lex),
    **dict.fromkeys(("uscode", "usc", "uscode.house.gov"), _us_code),
    **dict.fromkeys(("caselaw", "caselaw.nationalarchives.gov.uk"), _case_law),
    "static.case.law": _static_case_law,
    **dict.fromkeys(("courtlistener", "com-courtlistener-storage.s3-us-west-2.amazonaws.com"), _courtlistener),
}
