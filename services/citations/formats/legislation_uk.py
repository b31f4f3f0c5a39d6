"""Acts and instruments of the United Kingdom (OSCOLA 4th ed. part 2.4 and 2.5)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from services.citations.citation import Citation, Cite, Finding, fold, invalid, unverified, verified
from services.citations.formats.common import NEXT, PROVISION, YEAR, future, number_clash
from services.citations.formats.provisions import SCHEDULE, provision_finding, short_unit
from services.citations.reference import Reference
from services.citations.scanning import found_at

NAME = "act"
_ACT = re.compile(
    rf"\b(?P<kind>Act|Measure|Regulations|Order|Rules|Code)(?:\s\((?:Northern Ireland|Scotland|Wales|Isle of Man|Jersey|Guernsey)\))?,?\s(?P<year>{YEAR})\b|\b(?P<old>Magna\sCarta|(?:Statute|Bill|Act|Claim|Charter)\sof\s[A-Z][a-z]+(?:\s(?:of\s)?[A-Z][a-z]+)?)\s(?P<year2>{YEAR})\b"
)
_KIND = re.compile(r"Act|Measure|Regulations|Order|Rules|Code|Magna|Statute|Bill|Claim|Charter")
_YEAR = re.compile(r"[12](?=\d{3}\s[ca-n])")
# Without it no abbreviation stands beside a section.
_SECTION = re.compile(r"[sn]s?\.?\s?\d")
_NUMBERS = rf"{PROVISION}(?:{NEXT}(?:(?:and\s)?(?:ss?\.?|sections?)\s)?{PROVISION}(?!\s?(?:[UL]\.?N\.?T\.?S|U\.\s?S|USC)|/)){{0,12}}"
_UNIT = r"(?:ss?|sections?|subsections?|regs?|regulations?|arts?|[Aa]rticles?|rr?|rules?|Pts?|Parts?|[Cc]hs?|[Cc]hapters?|paras?|paragraphs?)"
# "Sch B1", "Schedule 2": a schedule may have letters on both sides of its number, or none at all.
_SCHEDULE = r"(?:[Ss]chs?|[Ss]cheds?|[Ss]chedules?)\b\.?(?:\s?(?P<schedule>[A-Z]{0,3}\d{1,3}[A-Z]{0,3}))?"
_UNDER = rf"(?:(?:,|\sand)?\s\(?{_UNIT}\.?\s?{_NUMBERS}){{0,3}}"
_NICK = r"(?:\s\((?:the\s)?[\"'“]?[A-Z][\w &-]{0,30}[\"'”]?\))?"
_BEHIND = re.compile(
    rf"{_NICK}\s?[,(]?\s?(?:(?P<unit>{_UNIT})\.?\s?(?P<numbers>{_NUMBERS})|{_SCHEDULE})(?P<under>{_UNDER})",
    re.IGNORECASE,
)
_AHEAD = re.compile(
    rf"\b(?:(?P<unit>{_UNIT})\.?\s?(?P<numbers>{_NUMBERS})|{_SCHEDULE})(?P<under>{_UNDER})(?:\s(?:of|to|under|in))?\s(?:the\s)?$",
    re.IGNORECASE,
)
_ALIAS = re.compile(
    rf"\b(?P<unit>ss?|sections?)\.?\s?(?P<numbers>{_NUMBERS})\s(?:of\s(?:the\s)?)?(?P<alias>[A-Z][A-Za-z]{{1,7}})\b(?:\s(?P<year>{YEAR}))?|\b(?P<alias2>[A-Z]{{2,6}})(?:\s(?P<year2>{YEAR}))?,?\s(?P<unit2>ss?|sections?)\.?\s?(?P<numbers2>{_NUMBERS})"
)
_SI = re.compile(
    rf"\b(?P<series>S\.?I\.?|SSI|WSI|SR|NISR)\s(?P<year>{YEAR})(?:/|\sNo\.?\s?)(?P<number>\d{{1,6}})(?:,?\s(?P<unit>regs?|arts?|rr?|paras?|Sch)\.?\s?(?P<numbers>{_NUMBERS}))?"
)
# "(c 42)" or ", SI 2006/246" after a title.
_NUMBER_BEHIND = re.compile(
    rf",?\s\(?(?:S\.?(?:S|W)?I\.?\s(?P<si>{YEAR}(?:/|\sNo\.?\s?)\d{{1,5}})|c(?:h|ap)?\.?\s?(?P<chapter>\d{{1,3}}))\b\)?"
)
_CHAPTER = re.compile(rf"\b(?P<year>{YEAR})\s(?P<series>c\.?|asp|anaw|asc|nawm)\s?(?P<number>\d{{1,3}})\b")
# Acts of other legislatures, whose lists are not complete here.
_DEVOLVED = re.compile(r"\b(?:Scotland|Scottish|Wales|Welsh|Senedd|Northern Ireland|Jersey|Guernsey|Isle of Man)\b")
_ABROAD = re.compile(
    r"\s\((?:Cth|NSW|Vic|Qld|WA|SA|Tas|ACT|NT|NZ|Ireland|Canada|Singapore|Malaysia|India|[A-Z][a-z]+)\)"
)
_CPR = re.compile(
    r"\b(?:CPR|Civil Procedure Rules)(?:\s1998)?,?\s(?:(?P<unit>[Pp]arts?|[Pp]t|rr?|rules?)\.?\s?)?(?P<numbers>\d{1,3}(?!\d)(?:\.\d{1,3}[A-Z]{0,2})?(?:\(\w{1,4}\)){0,4})"
)
_WORD = re.compile(r"\S+")
_ENDS = (";", ":", ".", '"', "”")
_CONNECTING = frozenset(("of and the for to in on etc etc. with by against at or from &").split())
_LEADING = frozenset(
    (
        "the under section sections in see of by and per s ss both although while since because but if when "
        "where as that this however thus an a also after before unless former repealed modern old new english "
        "uk british sch part to or on for with at from"
    ).split()
)
_LEADS_TO = re.compile(
    rf"(?:(?i:{_UNIT})\.?\s?{_NUMBERS}|{_SCHEDULE})(?:,?\s(?i:{_UNIT})\.?\s?{_NUMBERS}){{0,3}},?\s(?:of|to|under|in)\s(?:the\s)?"
)
# "That sections 4 and 5 of the Marsh Act 2011": the numbers are none of the title's words.
_OF_NUMBERS = re.compile(
    r"\d{1,4}[A-Za-z]{0,3}(?:\(\w{1,5}\))*(?:(?:,|\s(?:and|or))?\s\d{1,4}[A-Za-z]{0,3}(?:\(\w{1,5}\))*){0,8}\s(?:of|to)\s"
)
_REACH = 90
_LOOK_BACK = 180
_MAX_WORDS = 18
# Short titles that Parliament reuses: a different year proves nothing.
_RECURRING = frozenset(
    (
        "finance (no. 2) housing education companies immigration criminal justice police health transport "
        "planning pensions local government social security insolvency children limitation employment "
        "arbitration partnership agriculture representation of the people taxation national service "
        "nationality terrorism courts marriage adoption wills highways water gas energy environment landlord "
        "and tenant rent law procedure evidence northern ireland scotland wales statistics trade union sexual "
        "offences public order official secrets reform (miscellaneous provisions) merchant shipping supply "
        "appropriation budget insurance contributions payments additional rates road traffic"
    ).split()
)
_NEAR_YEARS = 3
_LAST_CPR_PART, _CPR_TITLE = 89, "civil procedure rules 1998"


def find(text: str, reference: Reference) -> Iterator[Cite]:
    """Yield what *text* cites in the forms of this family."""
    for match in found_at(_KIND, _ACT, text):
        found = _titled(text, match, reference)
        if found is not None:
            yield found
    if any(hint in text for hint in ("SI", "S.I", "SR")):
        for match in _SI.finditer(text):
            yield _instrument(match)
    for match in found_at(_YEAR, _CHAPTER, text):
        series = "c" if match["series"].startswith("c") else match["series"]
        title = f"{match['year']} {series} {match['number']}"
        yield _provision(match.start(), match.end(), title, match["year"], _Place(), "Act")
    for match in _CPR.finditer(text) if "CPR" in text or "Civil Procedure" in text else ():
        shown = f"CPR {match['numbers']}"
        parts = {"title": "CPR", "numbers": match["numbers"], "unit": "r"}
        yield Cite(NAME, match.start(), match.end(), "regulation", "uk", shown, parts)
    yield from _abbreviated(text, reference)


def check(cite: Cite, _citation: Citation, reference: Reference) -> Finding | None:
    """Return what is known of the Act and its section."""
    if cite.parts["title"] == "CPR":
        part = int(re.split(r"\D", cite.parts["numbers"])[0])
        if part > _LAST_CPR_PART:
            return invalid("section_beyond_end", f"the Civil Procedure Rules have {_LAST_CPR_PART} parts, got {part}")
        rules, rule = reference.acts.get(_CPR_TITLE), cite.parts["numbers"].partition("(")[0]
        return verified(f"{rules.name}, rule {rule}") if rules is not None and rule in rules.inserted else None
    year = int(cite.parts["year"])
    if (clash := future(year)) is not None:
        return clash
    if cite.parts.get("number"):
        series = cite.parts["series"]
        if (clash := number_clash(reference, series, year, int(cite.parts["number"]))) is not None:
            return clash
    act = reference.acts.get(fold(cite.parts["title"]))
    if act is None:
        return _other_year(cite.parts["title"], year, reference) or _no_such_act(cite, year, reference)
    stated = cite.parts.get("stated", "")
    if stated and act.number and act.number[:3] == stated[:3] and act.number != stated:
        return invalid("parallel_mismatch", f"{act.name} is {act.number}, not {stated}", act.name)
    return provision_finding(act, cite, "section")


def _other_year(title: str, year: int, reference: Reference) -> Finding | None:
    """Return the finding for an Act whose title is known with other years only."""
    stem = fold(title.rsplit(" ", 1)[0]).removesuffix(" act")
    if all(word in _RECURRING for word in stem.split()):
        return None
    years = sorted(
        {act.year for name, act in reference.acts.items() if act.year and name.rsplit(" ", 1)[0] == f"{stem} act"}
    )
    if len(years) == 1 and abs(years[0] - year) <= _NEAR_YEARS:  # another Act may have the same name
        return invalid("year_mismatch", f"{title}: the Act of this name is of {', '.join(map(str, years))}")
    return None


def _no_such_act(cite: Cite, year: int, reference: Reference) -> Finding | None:
    """Return a fault if Parliament made no Act of this title in a *year* of which all are known, or None."""
    title = cite.parts["title"]
    if year not in reference.act_years or not title.endswith(f"Act {year}") or _DEVOLVED.search(title):
        return None
    if cite.parts.get("abroad"):
        return None
    asked = fold(title)
    near = get_close_matches(asked, (name for name, act in reference.acts.items() if act.year == year), n=1, cutoff=0.8)
    if near:
        return unverified("name_unclear", f"{title} is not known; did you mean {reference.acts[near[0]].name}?")
    return invalid("no_such_act", f"Parliament made no {title}; all Acts of {year} are known")


def _titled(text: str, match: re.Match[str], reference: Reference) -> Cite | None:
    if match["old"]:
        begin, year, kind = match.start(), match["year2"], "Act"
    else:
        begin, year, kind = _title_start(text, match, reference), match["year"], match["kind"]
    if begin < 0:
        return None
    title = " ".join(text[begin : match.end()].split()).lstrip("(\"'“‘")
    if kind in ("Order", "Rules", "Code") and title.count(" ") < 2:
        return None
    ahead = _AHEAD.search(text, max(0, begin - _REACH), begin)
    number = _NUMBER_BEHIND.match(text, match.end())
    title_end = number.end() if number else match.end()
    behind = _BEHIND.match(text, title_end)
    start = ahead.start() if ahead and not behind else begin
    end = behind.end() if behind else title_end
    cite = _provision(start, end, title, year, _place(behind or ahead), kind)
    if _ABROAD.match(text, match.end()):
        cite = replace(cite, parts={**cite.parts, "abroad": "1"})
    if number is None:
        return cite
    stated = f"SI {re.sub(r'[^0-9]+', '/', number['si'])}" if number["si"] else f"{year} c {number['chapter']}"
    return replace(cite, parts={**cite.parts, "stated": stated})


def _title_start(text: str, match: re.Match[str], reference: Reference) -> int:
    """Return where the title begins that ends with *match*; -1 if there is none."""
    floor = max(0, match.start() - _LOOK_BACK)
    line = text.rfind("\n", floor, match.start()) + 1
    words = list(_WORD.finditer(text, max(floor, line), match.start()))
    first = _first_of_title([word.group() for word in words])
    starts = [word.start() for word in words[first:]]
    known = next((start for start in starts if fold(text[start : match.end()]) in reference.acts), None)
    if known is not None:
        return known
    # A provision that leads to the title is no part of it: "reg 4 of the Marsh (Ponds) Regulations 2011".
    if starts and (ahead := _LEADS_TO.match(text, starts[0], match.start())):
        first += sum(start < ahead.end() for start in starts)
    elif numbers := _OF_NUMBERS.match(text, words[first].start(), match.start()) if first < len(words) else None:
        first += sum(word.start() < numbers.end() for word in words[first:])
    while first < len(words) and words[first].group().strip("(,.\"'").casefold() in _LEADING:
        first += 1
    return words[first].start() if first < len(words) else -1


def _first_of_title(words: Sequence[str]) -> int:
    """Return the index of the first of *words* that may belong to the title which they end with.

    Between brackets that is any word: "Law Reform (Year and a Day Rule) Act 1996".
    """
    first = by_words_alone = len(words)
    inside, is_bracket_needed = 0, False
    while first and len(words) - first < _MAX_WORDS:
        word = words[first - 1]
        if not _in_title(word):
            if not inside or word.endswith(_ENDS):
                break
            is_bracket_needed = True
        inside = max(0, inside + word.count(")") - word.count("("))
        first -= 1
        if not is_bracket_needed:
            by_words_alone = first
    return first if not inside else by_words_alone  # else the bracket was never opened


@dataclass(frozen=True, slots=True)
class _Place:
    """The provision beside a title: its unit and numbers, and what is named under it."""

    unit: str = ""
    numbers: str = ""
    under: str = ""


def _place(match: re.Match[str] | None) -> _Place:
    if match is None:
        return _Place()
    under = " ".join((match["under"] or "").strip(" ,(").split())
    if match["unit"]:
        return _Place(match["unit"], match["numbers"].rstrip(" ,-"), under)
    return _Place(SCHEDULE, match["schedule"] or "", under)


def _in_title(word: str) -> bool:
    if word.endswith(_ENDS) and word not in ("etc.", "(No."):
        return False
    bare = word.strip("(),'’\"“‘")
    return bool(bare) and (bare[0].isupper() or bare in _CONNECTING or bare.isdigit())


def _provision(start: int, end: int, title: str, year: str, place: _Place, kind: str) -> Cite:
    shown = f"{short_unit(place.unit)} {place.numbers}".strip() + (f", {place.under}" if place.under else "")
    normalized = f"{title}, {shown}" if shown else title
    parts = {"title": title, "year": year, "unit": place.unit, "numbers": place.numbers, "under": place.under}
    return Cite(NAME, start, end, "statute" if kind in ("Act", "Measure") else "regulation", "uk", normalized, parts)


def _instrument(match: re.Match[str]) -> Cite:
    series = match["series"].replace(".", "")
    shown = f"{series} {match['year']}/{match['number']}"
    provision = f", {match['unit']} {match['numbers']}" if match["numbers"] else ""
    parts = {
        "title": shown,
        "year": match["year"],
        "number": match["number"],
        "series": {"WSI": "SI", "NISR": "SR"}.get(series, series),
        "unit": match["unit"] or "",
        "numbers": match["numbers"] or "",
    }
    return Cite(NAME, match.start(), match.end(), "regulation", "uk", shown + provision, parts)


def _abbreviated(text: str, reference: Reference) -> Iterator[Cite]:
    """Find Acts by abbreviation, which counts only beside a section."""
    for match in _ALIAS.finditer(text) if _SECTION.search(text) else ():
        short = match["alias"] or match["alias2"]
        year = match["year"] or match["year2"]
        act = reference.acts.get(fold(short))
        if act is None or fold(short) == fold(act.name) or (year and int(year) != act.year):
            continue
        unit, numbers = match["unit"] or match["unit2"], match["numbers"] or match["numbers2"]
        yield _provision(match.start(), match.end(), act.name, str(act.year), _Place(unit, numbers), "Act")
