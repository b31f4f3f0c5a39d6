"""The United States Code, federal regulations and session laws (The Bluebook, 21st ed., rules 12 and 14)."""

import re
from collections.abc import Callable, Iterator

from models.contract.answers.quality import CitationKind
from services.citations.citation import Citation, Cite, Finding, invalid, verified
from services.citations.formats.common import LATEST_YEAR
from services.citations.reference import Reference, provision_key

NAME = "us_statute"
# Atomic: of a longer number no part is taken.
_SECTION = r"(?>\d{1,6}[A-Za-z]{0,4}(?![A-Za-z])(?:-\d{1,6}[A-Za-z]{0,2})*(?:\(\w{1,5}\)){0,6})"
_SIGN = r"(?:§{1,2}|[Ss]ections?|[Ss]ecs?\.)"
# The next of a list, unless it is the title of the next law: "§ 365 and 11 U.S.C. § 547".
_NEXT = rf"(?:,?\s(?:and|or|to|through|&)\s|,\s|\s?-\s?)(?:§{{1,2}}\s?)?{_SECTION}(?!\s[A-Z](?:\.|[A-Z]))"
_USC = re.compile(
    rf"\b(?:[Tt]itle\s)?(?P<title>\d{{1,3}}),?\s(?:U\.?\s?S\.?\s?C\.?(?:\s?[AS]\.?)?|U\.?S\.?\sCode|United\sStates\sCode)(?:\sAnn\.)?,?"
    rf"(?P<app>\s[Aa]pp\.(?:\s\d)?)?(?:,?\s{_SIGN})?\s?(?P<section>{_SECTION})(?P<more>(?:{_NEXT}){{0,12}})(?P<behind>,?\s(?:note\b|et\sseq\.?))?"
)
_TITLE_BEHIND = re.compile(
    rf"\b{_SIGN}\s?(?P<section>{_SECTION})(?P<more>(?:{_NEXT}){{0,12}}),?\sof\s[Tt]itle\s(?P<title>\d{{1,3}})\b(?:,?\s(?:of\sthe\s)?(?:United\sStates\sCode|U\.?\s?S\.?\s?C(?:ode|\.)?))?(?P<app>)(?P<behind>)"
    rf"|\b[Tt]itle\s(?P<title2>\d{{1,3}}),\s{_SIGN}\s?(?P<section2>{_SECTION})(?P<more2>(?:{_NEXT}){{0,12}})(?:,?\s(?:of\sthe\s)?(?:United\sStates\sCode|U\.?\s?S\.?\s?C(?:ode|\.)?))"
)
_TAX_CODE = re.compile(
    rf"\b(?:I\.?\s?R\.?\s?C\.?|Internal\sRevenue\sCode)(?:\sof\s19\d\d)?,?\s{_SIGN}\s?(?P<section>{_SECTION})(?P<more>(?:{_NEXT}){{0,12}})"
)
_TAX_TITLE = "26"
_CFR = re.compile(
    r"\b(?P<title>\d{1,3})\sC\.?\s?F\.?\s?R\.?,?\s(?:(?P<sign>§{1,2}|[Ss]ections?|[Pp]arts?|[Pp]ts?\.?|[Ss]ubpart)\s?)?(?P<section>(?>\d{1,5}[a-z]?(?:\.[\w-]{0,12}\w)?(?:\(\w{1,5}\)){0,6}))"
    r"(?P<more>(?:(?:,?\s(?:and|or|to|&)\s|,\s|\s?-\s?)(?:§{1,2}\s?)?(?>\d{1,5}(?:\.[\w-]{0,12}\w)?(?:\(\w{1,5}\)){0,6})(?!\s[A-Z](?:\.|[A-Z]))){0,8})"
)
_PUBLIC_LAW = re.compile(
    r"\b(?:Pub(?:lic|\.)\s?L(?:aw|\.)|P\.\s?L\.)\s(?:[Nn]os?\.?\s)?(?P<congress>\d{1,3})-(?P<number>\d{1,4})\b(?:,?\s(?:§|[Ss]ection|[Ss]ec\.)\s?\d{1,5}(?:\(\w{1,5}\)){0,5})?"
)
_STAT = re.compile(r"\b(?P<volume>\d{1,3})\sStat\.\s(?P<page>\d{1,5})\b(?:,\s\d{1,5}(?:-\d{1,5})?)?")
_FED_REG = re.compile(
    r"\b(?P<volume>\d{1,3})\s(?:Fed\.\s?Reg\.|F\.\s?R\.|FR|Federal\sRegister)\s(?:at\s)?(?P<page>\d{1,3},\d{3}|\d{1,6})\b(?:,\s\d{1,3},?\d{3})?(?:,?\s\([^()]{0,24}(?P<year>\d{4})\))?"
)
_OF_LIST = re.compile(_SECTION)
_WITHOUT_BRACKETS = re.compile(r"\([^()]*\)")
_RESERVED_TITLE, _LAST_TITLE, _LAST_CFR_TITLE = 53, 54, 50
# Both series have one volume a year; a Congress sits two years.
_FED_REG_EPOCH, _STAT_EPOCH, _FIRST_CONGRESS = 1935, 1886, 1789
_MOST_LAWS = 1150


def find(text: str, _reference: Reference) -> Iterator[Cite]:
    """Yield what *text* cites in the forms of this family."""
    for pattern, read, hints in _READERS:
        for match in pattern.finditer(text) if any(hint in text for hint in hints) else ():
            yield read(match)


def check(cite: Cite, _citation: Citation, reference: Reference) -> Finding | None:
    """Return what is known of the provision."""
    return _CHECKS[cite.parts["set"]](cite, reference)


def _check_usc(cite: Cite, reference: Reference) -> Finding | None:
    title = int(cite.parts["title"])
    if not 1 <= title <= _LAST_TITLE or title == _RESERVED_TITLE:
        return invalid("title_out_of_range", f"the U.S. Code has titles 1 to 54 without 53, got {title}")
    if title not in reference.code or cite.parts["app"]:
        return None
    name, last, leading = reference.code[title]
    sections = sections_of(cite.parts["section"] + cite.parts["more"], is_many=cite.parts["is_many"] == "1")
    for section in sections:
        number = int(re.match(r"\d+", section).group())  # type: ignore[union-attr]  # a section begins with digits
        if not 0 < number <= last:
            return invalid(
                "section_beyond_end",
                f"title {title} ({name}) ends with section {last}, got {number}",
                f"{title} U.S.C.",
            )
    if all(section in leading for section in sections) and not cite.parts["behind"].strip(" ,"):
        return verified(f"{title} U.S.C. § {', '.join(sections)}")
    return None


def sections_of(written: str, *, is_many: bool) -> list[str]:
    """Return the sections of a list without their subsections; of a range both ends.

    "2000e-5" is one section and "1331-1332" two: only where several are meant may a hyphen join two plain numbers.
    """
    bare = _WITHOUT_BRACKETS.sub("", written)
    found = []
    for section in _OF_LIST.findall(bare):
        first, _, second = section.partition("-")
        is_range = is_many and first.isdigit() and second.isdigit() and len(second) >= len(first)
        found += [first, second] if is_range else [section]
    return found


def _check_cfr(cite: Cite, reference: Reference) -> Finding | None:
    title = int(cite.parts["title"])
    if not 1 <= title <= _LAST_CFR_TITLE:
        return invalid("title_out_of_range", f"the C.F.R. has titles 1 to {_LAST_CFR_TITLE}, got {title}")
    return verified(cite.normalized) if provision_key(cite.normalized) in reference.provisions else None


def _check_public_law(cite: Cite, _reference: Reference) -> Finding | None:
    congress, last = int(cite.parts["congress"]), (LATEST_YEAR - _FIRST_CONGRESS) // 2 + 1
    if not 1 <= congress <= last:
        return invalid("number_out_of_range", f"there were {last} Congresses, got {congress}")
    if not 1 <= int(cite.parts["number"]) <= _MOST_LAWS:
        return invalid("number_out_of_range", f"no Congress made {cite.parts['number']} public laws")
    return None


def _check_stat(cite: Cite, _reference: Reference) -> Finding | None:
    volume, last = int(cite.parts["volume"]), LATEST_YEAR - _STAT_EPOCH
    if not 1 <= volume <= last:
        return invalid("volume_out_of_range", f"Stat. has volumes 1 to {last}, got {volume}")
    return None


def _check_fed_reg(cite: Cite, _reference: Reference) -> Finding | None:
    volume, year, last = int(cite.parts["volume"]), int(cite.parts.get("year") or 0), LATEST_YEAR - _FED_REG_EPOCH
    if not 1 <= volume <= last:
        return invalid("volume_out_of_range", f"Fed. Reg. has volumes 1 to {last}, got {volume}")
    if year and abs(volume + _FED_REG_EPOCH - year) > 1:
        return invalid("year_mismatch", f"volume {volume} of Fed. Reg. is of {volume + _FED_REG_EPOCH}, not {year}")
    return None


def _statute(match: re.Match[str], table: str, normalized: str, kind: CitationKind = "statute", **parts: str) -> Cite:
    return Cite(NAME, match.start(), match.end(), kind, "us", normalized, {"set": table, **parts})


def _read_usc(match: re.Match[str]) -> Cite:
    groups = match.groupdict()
    title, section, more, app, behind = (
        groups.get(name) or groups.get(f"{name}2") or "" for name in ("title", "section", "more", "app", "behind")
    )
    title = title or _TAX_TITLE
    many = "1" if "§§" in match.group() or re.search("[Ss]e(?:ction|c\\.)s", match.group()) else ""
    shown = f"{title} U.S.C.{app} {'§§' if many else '§'} {section}{more}{behind}"
    return _statute(match, "usc", shown, title=title, section=section, more=more, app=app, behind=behind, is_many=many)


def _read_cfr(match: re.Match[str]) -> Cite:
    title, section, more = match["title"], match["section"], match["more"]
    sign = "pt." if (match["sign"] or "").casefold().startswith(("p", "sub")) else "§"
    return _statute(match, "cfr", f"{title} C.F.R. {sign} {section}{more}", "regulation", title=title, section=section)


def _read_public_law(match: re.Match[str]) -> Cite:
    congress, number = match["congress"], match["number"]
    return _statute(match, "public_law", f"Pub. L. No. {congress}-{number}", congress=congress, number=number)


def _read_stat(match: re.Match[str]) -> Cite:
    return _statute(match, "stat", f"{match['volume']} Stat. {match['page']}", volume=match["volume"])


def _read_fed_reg(match: re.Match[str]) -> Cite:
    volume, year = match["volume"], match["year"] or ""
    return _statute(match, "fed_reg", f"{volume} Fed. Reg. {match['page']}", "regulation", volume=volume, year=year)


# A pattern cannot match without one of its strings, which are far cheaper to search for.
_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Cite], tuple[str, ...]], ...] = (
    (_USC, _read_usc, ("U.S", "U. S", "U S", "US", "United")),
    (_TITLE_BEHIND, _read_usc, ("itle ",)),
    (_TAX_CODE, _read_usc, ("R.C", "R. C", "R C", "RC", "Revenue")),
    (_CFR, _read_cfr, ("C.F", "C. F", "C F", "CF")),
    (_PUBLIC_LAW, _read_public_law, ("Pub", "P.L", "P. L")),
    (_STAT, _read_stat, ("Stat.",)),
    (_FED_REG, _read_fed_reg, ("Reg", "F.R", "FR", "F. R")),
)
_CHECKS: dict[str, Callable[[Cite, Reference], Finding | None]] = {
    "usc": _check_usc,
    "cfr": _check_cfr,
    "public_law": _check_public_law,
    "stat": _check_stat,
    "fed_reg": _check_fed_reg,
}
