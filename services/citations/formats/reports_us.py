"""Cases of the United States, by volume, reporter and page.

Reporters and their years come from reporters-db (`services.citations.reporters`); the rules are our own
(docs/adr/0011-citations.md). Form: The Bluebook, 21st ed., rule 10.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from services.citations.citation import Citation, Cite, Finding, invalid, unverified
from services.citations.formats.common import number_of, volume_clash
from services.citations.reference import Reference
from services.citations.reporters import Edition, edition_of

NAME = "us_report"
_CANDIDATE = re.compile(
    r"(?<![\w./])(?P<volume>\d{1,4})\s{1,2}(?P<series>[A-Z][A-Za-z.'’&]{0,14}(?:\s?(?:[A-Z][A-Za-z.'’&]{0,12}|[2-9](?:d|th)|\([A-Za-z0-9. ]{1,14}\))){0,5}?\.?)"
    r"\s{1,2}(?:\(\d\s[A-Z][a-z]{2,9}\.?\)\s)?(?P<page>\d{1,7})(?![\w/])(?:-[UP]\b)?"
)
# What follows a reference: pin cites, then "(2d Cir. 1947)".
_BEHIND = re.compile(
    r"(?:,\s\d{1,5}(?:[-–]\d{1,5})?(?:\s?n\.?\s?\d{1,3})?){0,3},?\s?\((?P<court>[^()\d]{0,40}(?:\d{1,2}(?:st|d|nd|rd|th)\s[^()\d]{0,30})?[^()]{0,12}?)\s?(?P<year>1[6-9]\d\d|20\d\d)\)"
)
_PARALLEL = re.compile(r"^,\s\d{1,4}\s[A-Z]")
_CIRCUIT = re.compile(r"(\d{1,2})(?:st|d|nd|rd|th)\s+Cir", re.IGNORECASE)
_FAMILY = re.compile(r"^(?:F\.|F\. ?Supp\.|U\. ?S\.|S\. ?Ct\.|L\. ?Ed\.|Fed\.)")
_FEDERAL_APPEALS = frozenset({"F.2d", "F.3d", "F.4th"})
_DISTRICT = frozenset({"F. Supp.", "F. Supp. 2d", "F. Supp. 3d"})
_SUPREME = frozenset({"U.S.", "S. Ct.", "L. Ed.", "L. Ed. 2d"})
# First years of editions for which reporters-db leaves out volumes numbered in retrospect.
_BEGAN = {"U.S.": 1754, "S. Ct.": 1882, "L. Ed.": 1754}
_LAST_CIRCUIT = 11
_MAX_PAGE, _MAX_US_PAGE = 3000, 1300
_NEUTRAL = re.compile(
    r"\b(?P<year>(?:19|20)\d\d)\s(?P<series>WL|LEXIS|IL App \([1-5](?:st|nd|rd|th|d)\)|[A-Z][a-z]{3,5}\.? LEXIS|[A-Z]{2}|U\.S\. (?:App\.|Dist\.) LEXIS)\s(?P<page>\d{1,7})(?:-[UBP])?\b"
)


def find(text: str, _reference: Reference) -> Iterator[Cite]:
    """Yield what *text* cites in the forms of this family."""
    for match in _CANDIDATE.finditer(text):
        series, reference = (part.replace("’", "'") for part in match.group("series", 0))
        edition = edition_of(series, reference)
        if edition is not None:
            yield _cite(text, match, edition)
        elif _FAMILY.match(match["series"]):
            parts = {
                "volume": match["volume"],
                "series": match["series"],
                "page": match["page"],
                "unknown": "1",
                **_behind(text, match.end()),
            }
            yield Cite(NAME, match.start(), match.end(), "case", "us", match.group(0), parts)
    if "WL" in text or "LEXIS" in text or "IL App" in text:
        for match in _NEUTRAL.finditer(text):
            parts = {"series": match["series"], "page": match["page"], "year": match["year"], "database": "1"}
            yield Cite(NAME, match.start(), match.end(), "case", "us", match.group(0), parts)


def check(cite: Cite, citation: Citation, reference: Reference) -> Finding | None:
    """Return the first rule that *cite* breaks, or None."""
    parts = cite.parts
    if "database" in parts:
        return unverified(
            "database_number", f"{parts['series']} numbers belong to a database and cannot be checked here"
        )
    if "unknown" in parts:
        return invalid("unknown_reporter", f"{parts['series']} is no reporter of the United States")
    year, volume, page = citation.year, number_of(cite, "volume"), number_of(cite, "page")
    first, last = int(parts["first"]), int(parts["last"])
    if year is not None and not first - 1 <= year <= last + 1:
        code = "before_series" if year < first else "after_series"
        return invalid(
            code, f"{parts['series']} was published from {first} to {last if last < 9000 else 'today'}, not in {year}"
        )
    most = _MAX_US_PAGE if parts["series"] == "U.S." else _MAX_PAGE
    if page is not None and not 0 < page <= most:
        return invalid("page_out_of_range", f"{parts['series']}: got page {page}, want 1 to {most}")
    return volume_clash(reference, parts["series"], volume or 0, year)


def court_clash(cite: Cite, citation: Citation) -> Finding | None:
    """Return a fault if the named court does not exist or is not reported in *series*."""
    series, court = cite.parts.get("series", ""), citation.court
    if cite.format != NAME:
        return None
    circuit = _CIRCUIT.search(court)
    if circuit and not 1 <= int(circuit.group(1)) <= _LAST_CIRCUIT:
        return invalid(
            "unknown_court", f"there are circuits 1 to {_LAST_CIRCUIT}, D.C. and Federal, not {circuit.group(1)}"
        )
    if not court:
        return None
    span = _courts().get(re.sub(r"\s", "", court).casefold())
    if span is not None and citation.year is not None and not span[0] - 1 <= citation.year <= span[1] + 1:
        return invalid(
            "before_court" if citation.year < span[0] else "after_court", f"{court} sat from {span[0]} to {span[1]}"
        )
    appeals = "Cir" in court
    if (series in _SUPREME and appeals) or (series in _DISTRICT and appeals and citation.year and citation.year > 1950):
        return invalid("court_mismatch", f"{series} does not report {court}")
    if (
        series in _FEDERAL_APPEALS
        and re.search(r"^[SNEWMCD]{1,2}\.\s?D\.|Sup(?:er)?\. ?Ct|^D\.\s", court)
        and (citation.year or 0) > 1940
    ):
        return invalid("court_mismatch", f"{series} reports federal courts of appeals, not {court}")
    return None


def _cite(text: str, match: re.Match[str], edition: Edition) -> Cite:
    # U.S. counts the nominate volumes too.
    first = _BEGAN.get(edition.name, edition.first)
    parts = {
        "volume": match["volume"],
        "series": edition.name,
        "page": match["page"],
        "first": str(first),
        "last": str(edition.last),
    }
    if edition.kind == "neutral" or edition.name in ("WL", "LEXIS"):
        parts["database"] = "1"
    parts.update(_behind(text, match.end()))
    normalized = f"{match['volume']} {edition.name} {match['page']}"
    return Cite(NAME, match.start(), match.end(), "case", "us", normalized, parts)


def _behind(text: str, end: int) -> dict[str, str]:
    """Return the court and year after a reference and its parallel references."""
    stretch = text[end : end + 160]
    found = _BEHIND.match(stretch)
    if found is None:
        # Parallel references come first: "217 N.Y. 382, 111 N.E. 1050 (1916)".
        run = re.match(
            r"(?:,\s\d{1,4}\s[A-Z][A-Za-z.'’ ]{0,14}(?:[23]d|4th)?\s\d{1,5}(?:,\s\d{1,4}(?:[-–]\d{1,4})?)?){1,4}",
            stretch,
        )
        found = _BEHIND.match(stretch, run.end()) if run else None
    if found is None:
        return {}
    return {"behind_year": found["year"], "court": found["court"].strip(" ,"), "behind_end": str(end + found.end())}


@lru_cache(maxsize=1)
def _courts() -> dict[str, tuple[int, int]]:
    """Return first and last year of the courts of courts-db, by the short form used in citations."""
    import courts_db

    table: dict[str, tuple[int, int]] = {}
    for court in courts_db.courts:
        short = re.sub(r"\s", "", court.get("citation_string") or "").casefold()
        years = [int(date["start"][:4]) for date in court.get("dates", []) if date.get("start")]
        ends = [int(date["end"][:4]) for date in court.get("dates", []) if date.get("end")]
        still = any(not date.get("end") for date in court.get("dates", []))
        if short and years:
            span = (min(years), 9999 if still or not ends else max(ends))
            known = table.get(short, span)
            table[short] = (min(span[0], known[0]), max(span[1], known[1]))
    return table
