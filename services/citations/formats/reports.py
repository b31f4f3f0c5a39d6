"""Neutral citations and law reports of the United Kingdom, Europe and international courts.

Sources: OSCOLA 4th ed. part 2.1; the practice directions on neutral citation of 2001 and
2002; The National Archives' list of court codes.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from models.contract.answers.quality import Jurisdiction
from services.citations.citation import Citation, Cite, Finding, invalid, unverified
from services.citations.formats.common import YEAR, clashes, number_clash, number_of, volume_clash
from services.citations.reference import Reference, Series, series_key
from services.citations.scanning import found_at

NAME = "report"
_LETTERS = r"[A-Z][A-Za-z.'’&]{0,12}"
_SERIES = rf"{_LETTERS}(?:\s{{1,2}}(?:{_LETTERS}|&|of|\([A-Z][A-Za-z]{{0,10}}\))){{0,4}}?"
_PAGE = r"(?:I{1,3}-|I{1,2}-[AB]-)?\d{1,6}(?:[a-z]|_\d\d(?:_\d{4}|-[A-Z]{1,2})?)?"
_DIVISION = r"(?:\s{0,2}\((?P<division>[A-Z][A-Za-z]{0,9}|T[123]|B)\))?"
_SQUARE = re.compile(
    rf"\[(?P<year>{YEAR})\]\s{{0,2}}(?:(?P<volume>\d{{1,3}})\s{{1,2}})?(?P<series>{_SERIES})(?:\s{{1,2}}|(?<=\.)\s?)(?P<page>{_PAGE})\b{_DIVISION}"
)
_ROUND = re.compile(
    rf"\((?P<year>{YEAR})(?:[-–/]\d{{2,4}})?\)\s{{0,2}}(?:(?P<lr>L\.?\s?R\.?)\s{{1,2}})?(?P<volume>\d{{1,3}})\s{{1,2}}(?P<series>{_SERIES})"
    rf"\s{{1,2}}(?:(?P<part>\d)\s{{1,2}})?(?P<page>{_PAGE})\b"
)
_BARE_ROUND = re.compile(
    rf"\((?P<year>{YEAR})\)\s{{0,2}}(?P<series>LR(?:\s{_LETTERS}){{1,3}}|{_LETTERS}(?:\s{_LETTERS}){{0,2}}?)\s{{1,2}}(?P<page>\d{{1,5}})\b{_DIVISION}"
)
_SCOTS = re.compile(
    rf"\b(?P<year>{YEAR})\s{{1,2}}(?P<series>S\.?C\.?|S\.?L\.?T\.?|SCLR|JC|SCCR)(?:\s\((?P<division>[A-Z][A-Za-z ]{{0,9}})\))?\s{{1,2}}(?P<page>\d{{1,5}})\b"
)
_SCOTS_HINTS = ("SC", "S.C", "SLT", "S.L.T", "JC")
_VOLUME = re.compile(r"\d(?<!\w\d)(?=\d{0,2}\s{1,2}E)")
_ENGLISH = re.compile(r"\b(?P<volume>\d{1,3})\s{1,2}(?P<series>E\.?R\.?|Eng\.?\sRep\.?)\s{1,2}(?P<page>\d{1,5})\b")
# Numbers of the appeal tribunal before it gave neutral ones: "UKEAT/0123/19/LA".
_APPEAL = re.compile(
    r"\b(?P<series>UKEATS?|EAT)/(?P<page>\d{1,4})/(?P<filed>\d\d)(?:/[A-Z]{2,4}(?:/[A-Z]{2,4})?)?(?!\w)"
)
_ICJ = re.compile(
    rf"\bI\.?C\.?J\.?\sRep(?:orts|\.)?\s{{1,2}}(?P<year>{YEAR}),?\s{{1,2}}(?:at\s)?p?\.?\s{{0,2}}(?P<page>\d{{1,5}})\b"
    rf"|\b(?P<year2>{YEAR})\sI\.?C\.?J\.?(?:\sRep\.?)?\s(?P<page2>\d{{1,4}})\b"
)
_UK_LIKE = re.compile(r"^(?:UK|EW|SC?OT|NI|CS)[A-Z]{1,6}|^(?:EWHC|EWCA|UKHL)", re.IGNORECASE)
# Courts of other countries, whose citations cannot be checked here.
_ABROAD = re.compile(
    r"^(?:HCA|NSW|VSC|QCA|QSC|WASC|SASC|FCA|NZ|SCC|ONCA|BCCA|IE|SG|HK|CLR|ALR|SCR|DLR|INSC|ZA)", re.IGNORECASE
)
# Courts whose divisions are all known, with the name of another's.
_NO_DIVISION = re.compile(
    r"^(?:EWHC|UKSC|UKPC|UKHL|EWFC|EWCOP|EAT)\s\(?(?:Civ|Crim)\b"
    r"|^(?:EWCA|UKSC|UKPC|UKHL)\s\(?(?:Admin|Ch|QB|KB|Fam|Comm|Pat|TCC|Admlty)\b"
    # The Court of Appeal and the Supreme Court have no such letters.
    r"|^(?:UKCA|UKHC|EWSC|EWHL|EWPC)(?:\s|$)"
)
# Divisions that number their own judgments.
_KB_FROM, _KB_TO = 2022, 1952
_QUEENS_BENCH_FROM, _QB_TO = 1865, 1901
_IN_RETROSPECT = frozenset({"UKHL", "UKPC", "EWCA Civ", "EWCA Crim", "EWHC"})
_DIVISIONS = frozenset("Admin Admlty Ch Comm Fam IPEC KB Mercantile Pat QB SCCO TCC Costs Cop Exch Patents".split())


def find(text: str, reference: Reference) -> Iterator[Cite]:
    """Yield what *text* cites in the forms of this family."""
    if "[" in text:
        for match in _SQUARE.finditer(text):
            yield _cite(match, reference, "square")
    has_year = "(1" in text or "(2" in text
    for match in _ROUND.finditer(text) if has_year else ():
        if reference.series.get(series_key(_series_of(match))) is not None or _ABROAD.match(match["series"]):
            yield _cite(match, reference, "round")
    for match in _BARE_ROUND.finditer(text) if has_year else ():  # neutral citations with the wrong brackets
        series = reference.series.get(series_key(match["series"]))
        if series is not None and series.is_court:
            yield _cite(match, reference, "square")
        elif series is not None and series.brackets == "round" and series.max_volume <= 1:
            yield _cite(match, reference, "round")
    for match in _SCOTS.finditer(text) if any(hint in text for hint in _SCOTS_HINTS) else ():
        yield _cite(match, reference, "none")
    with_letters, without, volumes = _undated_reports(reference.undated_reports)
    for match in with_letters.finditer(text) if "LR " in text else ():
        yield _cite(match, reference, "volume")
    for match in found_at(volumes, without, text):
        yield _cite(match, reference, "volume")
    for match in found_at(_VOLUME, _ENGLISH, text) if any(hint in text for hint in ("ER", "E.R", "Eng")) else ():
        yield _cite(match, reference, "volume")
    for match in _APPEAL.finditer(text) if "EAT" in text else ():
        parts = {"series": match["series"], "number": match["page"], "filed": match["filed"], "appeal": "1"}
        yield Cite(NAME, match.start(), match.end(), "case", "uk", match.group(), parts)
    if "J" in text and ("ICJ" in text or "C.J" in text):
        for match in _ICJ.finditer(text):
            yield _cite(match, reference, "icj")


@lru_cache(maxsize=4)
def _undated_reports(names: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of volume, series and page of reports by these *names*.

    With "LR" before them, without, and one that matches where the latter may begin.
    """
    every = "|".join(re.escape(name.removeprefix("LR ")) for name in names)
    without = "|".join(re.escape(name) for name in names if not name.startswith("LR "))
    place = r"\s(?P<page>\d{1,4})(?![\w/])"
    return (
        re.compile(rf"(?<!\)\s)\b(?P<lr>LR)\s(?P<volume>\d{{1,2}})\s(?P<series>{every}){place}"),
        re.compile(rf"(?<![\w./)])(?<!\)\s)(?<!\]\s)(?P<volume>\d{{1,3}})\s(?P<series>{without}){place}"),
        re.compile(rf"\d(?<!\w\d)(?=\d{{0,2}}\s[{''.join(sorted({re.escape(name[0]) for name in names}))}])"),
    )


def check(cite: Cite, citation: Citation, reference: Reference) -> Finding | None:
    """Return the first rule that *cite* breaks, or None."""
    if "appeal" in cite.parts:
        return unverified("court_number", f"{cite.normalized}: the tribunal's numbers are not known here")
    series = reference.series.get(series_key(cite.parts["series"]))
    if series is None:
        return _unknown(cite)
    year = int(cite.parts["year"]) if cite.parts.get("year") else citation.year
    volume = number_of(cite, "volume")
    page = None if "_" in cite.parts["page"] else number_of(cite, "page")
    if year is not None and (clash := clashes(series, year)):
        # These courts also numbered older judgments in retrospect.
        if series.name in _IN_RETROSPECT and year < series.first_year:
            return unverified(
                "before_numbering", f"{series.name} numbers begin in {series.first_year}; older ones were added later"
            )
        return clash
    if year is not None and (gap := _bench_gap(series.name, year)):
        return gap
    if page is not None and (page == 0 or page > series.max_number):
        code = "number_out_of_range" if series.is_court else "page_out_of_range"
        return invalid(code, f"{series.name}: got {page}, want at most {series.max_number}")
    if series.is_court and year and page and (clash := number_clash(reference, series.name, year, page)) is not None:
        return clash
    if volume is not None and series.max_volume and volume > series.max_volume:
        return invalid("volume_out_of_range", f"{series.name} has at most {series.max_volume} volumes, got {volume}")
    # In square brackets the volume is one of its year: "[1997] 2 Cr App R 492".
    is_of_year = series.brackets == "any" and cite.normalized.startswith("[")
    clash = volume_clash(reference, series.name, volume, year) if volume and not is_of_year else None
    return clash or _division(cite, series, year)


def _bench_gap(series: str, year: int) -> Finding | None:
    """Return a fault if the Queen's Bench is cited for a king's year or the reverse, or None."""
    if series == "KB" and _KB_TO < year < _KB_FROM:
        return invalid("after_series", f"the King's Bench sat until {_KB_TO} and from {_KB_FROM}, not in {year}")
    if series == "QB" and _QB_TO < year < _KB_TO:
        return invalid("after_series", f"the Queen's Bench sat until {_QB_TO} and from {_KB_TO}, not in {year}")
    return None


def _division(cite: Cite, series: Series, year: int | None) -> Finding | None:
    division = cite.parts.get("division", "")
    if series.name != "EWHC" or year is None:
        return None
    if division and division not in _DIVISIONS:
        return invalid("unknown_court", f"{division} is no division of the High Court")
    if division == "KB" and year < _KB_FROM:
        return invalid("before_court", f"the King's Bench Division sat from September {_KB_FROM}, not in {year}")
    if division == "QB" and year > _KB_FROM:
        return invalid("after_court", f"the Queen's Bench Division sat until September {_KB_FROM}, not in {year}")
    return None


def _unknown(cite: Cite) -> Finding:
    name = cite.parts["series"]
    if _NO_DIVISION.match(name):
        return invalid("unknown_court", f"there is no such court as {name}")
    if _UK_LIKE.match(name) and not _ABROAD.match(name):
        return unverified("unknown_court", f"{name} is no court of the United Kingdom that is known here")
    if _ABROAD.match(name):
        return unverified("other_country", f"{name} belongs to another country and cannot be checked here")
    return unverified("unknown_series", f"{name} is not a known court or series")


def _series_of(match: re.Match[str]) -> str:
    return f"LR {match['series']}" if match.groupdict().get("lr") else match["series"]


def _cite(match: re.Match[str], reference: Reference, brackets: str) -> Cite:
    groups = {name.removesuffix("2"): value for name, value in match.groupdict().items() if value}
    name = "ICJ Rep" if brackets == "icj" else _series_of(match)
    series = reference.series.get(series_key(name)) or reference.series.get(series_key(match["series"]))
    shown = series.name if series is not None else re.sub(r"\s+", " ", name)
    groups["series"] = shown
    volume = f"{groups['volume']} " if "volume" in groups else ""
    page = groups["page"]
    if series is not None and series.is_court:
        page = page if "_" in page else page.lstrip("0") or "0"
        groups["neutral"] = "1"
    # After a law report the brackets hold the court: "[1976] AC 104 (PC)".
    is_division = "division" in groups and series is not None and series.is_court
    division = f" ({groups['division']})" if is_division else ""
    year = groups.get("year", "")
    if brackets in ("square", "icj"):
        normalized = f"[{year}] {volume}{shown} {page}{division}"
    elif brackets == "round":
        part = f"{groups['part']} " if "part" in groups else ""
        normalized = f"({year}) {shown.replace('LR ', f'LR {volume}', 1) if groups.get('lr') else f'{volume}{shown}'} {part}{page}"
    elif brackets == "none":
        inner = f" ({match['division']})" if match["division"] else ""
        normalized = f"{year} {shown}{inner} {page}"
    else:
        normalized = (
            f"LR {volume}{shown.removeprefix('LR ')} {page}" if shown.startswith("LR ") else f"{volume}{shown} {page}"
        )
    if brackets == "round" and shown == "QB" and int(year) < _QUEENS_BENCH_FROM:
        groups["series"] = "QB Rep"  # Adolphus and Ellis, cited by the same letters
    jurisdiction: Jurisdiction = "international" if _ABROAD.match(name) else "uk"
    if series is not None:
        jurisdiction = series.jurisdiction
    return Cite(NAME, match.start(), match.end(), "case", jurisdiction, normalized, groups)
