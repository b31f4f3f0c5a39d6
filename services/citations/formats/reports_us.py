"""Cases of the United States, by volume, reporter and page.

Reporters and their years come from reporters-db (`services.citations.reporters`); the rules are our own
(docs/adr/0011-citations.md). Form: The Bluebook, 21st ed., rule 10.
"""

import re
from collections.abc import Iterator

from services.citations.citation import Citation, Cite, Finding, invalid, unverified
from services.citations.formats.common import future, number_of, volume_clash
from services.citations.reference import Reference
from services.citations.reporters import Edition, edition_of
from services.citations.scanning import found_at

NAME = "us_report"
# A number behind a section sign or "Art." is no volume: "§ 433 Abs. 2 BGB".
_CANDIDATE = re.compile(
    r"(?<![\w./§¶])(?<![§¶]\s)(?<!\b[Aa]rt\s)(?<!\b[Aa]rt\.\s)(?<!rtikel\s)(?<!rticle\s)(?<!\bNr\.\s)(?P<volume>\d{1,4})\s"
    r"(?P<series>[A-Z][A-Za-z.'&]{0,14}(?:\s?(?:[A-Z][A-Za-z.'&]{0,12}|&|[2-9](?:d|th)|\([A-Za-z0-9.& -]{1,14}\))){0,5}?\.?)"
    r"(?:,?\s(?P<at>at)\s(?:\*|pp?\.\s)?|,?\s(?:\((?:\d\s[A-Z][a-z]{2,9}\.?|1[789]\d\d,?)\)\s)?(?:\*|p\.\s|[Pp]age\s)?|(?<=\.)(?=\d))(?P<page>\d{1,7}[a-ce-zA-CE-Z]?|_{2,5}|-{2,5}|\[_{2,5}\])(?![\w/]|-\d)(?:-[UP]\b)?"
)
_VOLUME = re.compile(r"\d(?<![\w./§¶]\d)(?=\d{0,3}\s[A-Z])")
# What follows a reference: pin cites with notes, what is said of the opinion, then "(2d Cir. 1947)".
_PIN = r"(?:,?\s(?:at\s)?(?:pp?\.\s|\*|¶{1,2}\s?)?\d{1,6}(?:-\*?\d{1,6})?(?:\s?(?:&|and|,)?\s?nn?\.\s?\d{1,4}(?:-\d{1,4})?)?)"
_SAID = r"(?:,?\s\((?![^()]*\b(?:1[6-9]|20)\d\d\))[A-Za-z][^()\n]{2,70}\))"
_BEHIND = re.compile(
    rf"{_PIN}{{0,4}}{_SAID}{{0,2}},?\s?\((?P<court>[^()\d]{{0,40}}(?:\d{{1,2}}(?:st|d|nd|rd|th)\s[^()\d]{{0,30}})?[^()]{{0,12}}?)\s?(?P<year>1[6-9]\d\d|20\d\d|2[1-9]\d\d|1[0-5]\d\d)\)"
)
_RUN = re.compile(rf"(?:,\s\d{{1,4}}\s[A-Z][A-Za-z.' ]{{0,14}}(?:[23]d|4th)?\s\d{{1,5}}{_PIN}{{0,2}}){{1,4}}")
# A further series of a family whose series are all known.
_FAMILY = re.compile(
    r"^(?:F\.\s?(?:5th|[6-9]th)|F\.\s?Supp\.\s?(?:[4-9]th|4d)|U\.\s?S\.\s?[2-9](?:d|th)|S\.\s?Ct\.\s?[2-9](?:d|th)|L\.\s?Ed\.\s?(?:3d|[4-9]th)|Cal\.(?:\s?App\.)?\s?[6-9]th"
    r"|(?:A|P|N\.\s?E|N\.\s?W|S\.\s?E|So|N\.\s?Y|Ohio\s?St|Ill|Cal\.\s?Rptr)\.\s?[4-9]th)$"
)
# Series that reports of other countries go by, which US reporters share.
_ABROAD = frozenset(
    "CLR ALR DLR SCR NZLR SASR NSWLR FLR FCR IR ILRM SLR HKLR HKLRD MLJ SCC AIR WWR ACSR BCLR OR VR ALJR AJIL".split()
)
# First and last years where reporters-db has others: volumes numbered in retrospect, series that went on.
_LIVED = {
    "U.S.": (1754, 9999),
    "S. Ct.": (1882, 9999),
    "L. Ed.": (1754, 1956),
    "F. Supp.": (1932, 1998),
    "F.R.D.": (1938, 9999),
    "Ohio St. 3d": (1982, 9999),
    "Mass.": (1804, 9999),
    "Va.": (1779, 9999),
    "N.C.": (1778, 9999),
    "S.C.": (1783, 9999),
    "Ky.": (1785, 1951),
    "Tenn.": (1791, 1971),
    "Ill.": (1819, 9999),
    "Ind.": (1817, 1981),
    "Miss.": (1818, 1966),
    "Del.": (1832, 1966),
    "La.": (1809, 1972),
    "Idaho": (1866, 9999),
    "Wis.": (1839, 9999),
}
# No volume of these series has as many pages; of others no limit is known.
_MAX_PAGES = dict.fromkeys(("F.", "F.2d", "F.3d", "F.4th", "F. Supp.", "F. Supp. 2d", "F. Supp. 3d"), 3000)
_MAX_PAGES |= {"U.S.": 1450, "S. Ct.": 3200, "L. Ed.": 2000, "L. Ed. 2d": 1700}
# Volumes of the U.S. Reports that hold decisions of decades before: the first four, and two with an appendix.
_FIRST_YEAR_AS_VOLUME = 1900
_WITH_OLDER_CASES = frozenset((1, 2, 3, 4, 131, 154))
_DATABASE = re.compile(
    r"\b(?P<year>(?:19|20)\d\d)\s(?P<series>WL|(?:[A-Z][A-Za-z.]{0,8}\s(?:[A-Z][A-Za-z.]{0,6}\s){0,3})?LEXIS)\s(?P<page>\d{1,8})(?:-[UBP])?\b"
)
# The courts' own numbers: year, court, number, in the forms that states use.
_COURTS_OWN = (
    r"IL\sApp\s\([1-5](?:st|nd|rd|th|d)\)|IL|N-?M(?:CA|SC|CERT)|NCSC|NCCOA|Ohio|COA|CO|OK(?:\s(?:CIV\sAPP|CR|AG|JUD))?"
    r"|PA\sSuper|UT(?:\sApp)?|Ark\.(?:\sApp\.)?|VI|AZ|S\.\s?D\.|N\.\s?D\.(?:\sApp\.)?|[A-Z]{2}"
)
_NEUTRAL = re.compile(
    rf"\b(?P<year>(?:19|20)\d\d|2[1-9]\d\d)(?:\s?-\s?|\s|)(?P<series>{_COURTS_OWN})(?:\s?-\s?|\s|)(?P<page>\d{{1,7}})(?:-?[MUPBC])?\b"
    r"|\b(?P<short_year>\d\d)(?P<short>COA?)(?P<number>\d{1,4})M?\b"
)
_YEAR = re.compile(r"\d(?=\d(?:\d\d)?(?:\s?-\s?|\s)?[A-Z])")
_STATES = frozenset(
    "AK AL AR AZ CA CO CT DC DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH NJ NM NV NY OH OK OR "
    "PA RI SC SD TN TX UT VA VT WA WI WV WY".split()
)


def find(text: str, _reference: Reference) -> Iterator[Cite]:
    """Yield what *text* cites in the forms of this family."""
    for match in found_at(_VOLUME, _CANDIDATE, text):
        series, volume = match["series"], match["volume"]
        if series in _ABROAD:
            continue
        page = re.sub(r"\D", "", match["page"]) or "1"
        edition = edition_of(series, f"{volume} {series} {page}")
        if edition is not None:
            yield _cite(text, match, edition)
        elif _FAMILY.match(series):
            parts = {"volume": volume, "series": series, "page": page, "unknown": "1", **_behind(text, match.end())}
            yield Cite(NAME, match.start(), match.end(), "case", "us", match.group(0), parts)
    if "WL" in text or "LEXIS" in text:
        for match in _DATABASE.finditer(text):
            parts = {"series": match["series"], "page": match["page"], "year": match["year"], "database": "1"}
            parts |= _behind(text, match.end())
            yield Cite(NAME, match.start(), match.end(), "case", "us", match.group(0), parts)
    for match in found_at(_YEAR, _NEUTRAL, text):
        if match["short"] or len(match["series"]) != 2 or match["series"] in _STATES:
            yield _neutral(match)


def check(cite: Cite, citation: Citation, reference: Reference) -> Finding | None:
    """Return the first rule that *cite* breaks, or None."""
    parts = cite.parts
    year = int(parts["year"]) if parts.get("year") else citation.year
    if year is not None and (clash := future(year)):
        return clash
    if "database" in parts:
        if citation.year is not None and parts.get("year") and abs(citation.year - int(parts["year"])) > 1:
            return invalid("year_mismatch", f"{cite.normalized} is of {parts['year']}, not of {citation.year}")
        return unverified(
            "database_number", f"{parts['series']} numbers belong to a database and cannot be checked here"
        )
    if "neutral" in parts:
        return unverified("court_number", f"numbers of {parts['series']} are not in the reference data")
    if "unknown" in parts:
        return invalid("unknown_reporter", f"{parts['series']} is no reporter of the United States")
    volume, page = number_of(cite, "volume"), number_of(cite, "page")
    first, last = int(parts["first"]), int(parts["last"])
    if year is not None and not first - 1 <= year <= last + 1:
        code = "before_series" if year < first else "after_series"
        return invalid(
            code, f"{parts['series']} was published from {first} to {last if last < 9000 else 'today'}, not in {year}"
        )
    most = _MAX_PAGES.get(parts["series"])
    if page is not None and most is not None and not 0 < page <= most:
        return invalid("page_out_of_range", f"{parts['series']}: got page {page}, want 1 to {most}")
    if volume is not None and volume >= _FIRST_YEAR_AS_VOLUME:
        return None  # numbered by years
    if parts["series"] == "U.S." and volume in _WITH_OLDER_CASES and year is not None and year >= first:
        return None
    return volume_clash(reference, parts["series"], volume or 0, year)


def _cite(text: str, match: re.Match[str], edition: Edition) -> Cite:
    # U.S. counts the nominate volumes too.
    first, last = _LIVED.get(edition.name, (edition.first, edition.last))
    parts = {"volume": match["volume"], "series": edition.name, "first": str(first), "last": str(last)}
    page = match["page"]
    if match["at"]:
        parts["at_page"] = page
    elif page[0].isdigit():
        parts["page"] = page
    if edition.name.endswith(("WL", "LEXIS")):
        parts |= {"database": "1", "year": match["volume"]}
    elif edition.kind == "neutral":
        parts |= {"neutral": "1", "year": match["volume"]}
    parts.update(_behind(text, match.end()))
    shown = f"{match['volume']} {edition.name} {'at ' if match['at'] else ''}{page}"
    return Cite(NAME, match.start(), match.end(), "case", "us", shown, parts)


def _neutral(match: re.Match[str]) -> Cite:
    year = match["year"] or f"20{match['short_year']}"
    series, number = match["series"] or match["short"], match["page"] or match["number"]
    parts = {"series": series, "page": number, "year": year, "neutral": "1"}
    return Cite(NAME, match.start(), match.end(), "case", "us", match.group(0), parts)


def _behind(text: str, end: int) -> dict[str, str]:
    """Return the court and year after a reference and its parallel references."""
    stretch = text[end : end + 260]
    found = _BEHIND.match(stretch)
    if found is None:
        # Parallel references come first: "217 N.Y. 382, 111 N.E. 1050 (1916)".
        run = _RUN.match(stretch)
        found = _BEHIND.match(stretch, run.end()) if run else None
    if found is None:
        return {}
    return {"behind_year": found["year"], "court": found["court"].strip(" ,"), "behind_end": str(end + found.end())}
