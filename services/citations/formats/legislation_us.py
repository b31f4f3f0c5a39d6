"""Statutes, regulations and rules of the United States (The Bluebook, 21st ed., rules 11, 12 and 14).

The codes of the states are found by citeurl's templates, which read only short windows
around a section sign that no other format matched.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from models.contract.answers.quality import CitationKind
from services.citations.citation import Citation, Cite, Finding, invalid, verified
from services.citations.formats.common import roman
from services.citations.reference import Reference

if TYPE_CHECKING:
    from citeurl import Citator

NAME = "us_statute"
_SECTION = r"\d{1,5}[a-z]{0,3}(?:-\d{1,4}[a-z]?){0,2}(?:\(\w{1,5}\)){0,5}"
_USC = re.compile(
    rf"\b(?P<title>\d{{1,3}})\s{{1,2}}U\.?\s?S\.?\s?C\.?(?:\s?[AS]\.)?(?:\s(?:§§?|[Ss]ections?|[Ss]ecs?\.))?\s?(?:§§?\s?)?(?P<section>{_SECTION})"
    rf"(?P<more>(?:\s?(?:,|and|to|-|–|&)\s?{_SECTION}(?!\s?[A-Z]\.)(?!\s[A-Z])){{0,5}})"
)
_CFR = re.compile(
    r"\b(?P<title>\d{1,3})\s{1,2}C\.?\s?F\.?\s?R\.?\s(?:§§?|[Pp]arts?|[Pp]t\.)?\s?(?P<section>\d{1,5}(?:\.[\w-]{0,12}\w)?(?:\(\w{1,5}\)){0,5})"
)
_CONST = re.compile(
    r"\bU\.?\s?S\.?\s(?:Const\.?|Constitution),?\s(?P<part>[Aa]rt(?:icle|\.)?|[Aa]mend(?:ment|\.)?)\s(?P<number>[IVXL]{1,7}|\d{1,2})\b(?:,?\s(?:§|[Ss]ection|[Ss]ec\.)\s?(?P<section>\d{1,2}))?(?:,?\scl(?:ause|\.)\s?(?P<clause>\d{1,2}))?"
)
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third "
    "twenty-fourth twenty-fifth twenty-sixth twenty-seventh"
).split()
_AMENDMENT = re.compile(
    rf"\b(?P<word>{'|'.join(sorted((w.capitalize() for w in _ORDINALS), key=len, reverse=True))}|Twenty-(?:Eighth|Ninth)|Thirtieth)\sAmendment\b"
)
_RULES = re.compile(
    r"\b(?:Fed(?:eral|\.)?\s?R(?:ules?|\.)?\s?(?:of\s)?(?P<set>Civ(?:il|\.)?\s?P(?:rocedure|\.)?|Crim(?:inal|\.)?\s?P(?:rocedure|\.)?|App(?:ellate|\.)?\s?P(?:rocedure|\.)?|Bankr(?:uptcy|\.)?\s?P(?:rocedure|\.)?|Evid(?:ence|\.)?)"
    r"|(?P<short>FRCP|FRE|FRAP))(?:,?\s[Rr]ule)?\s(?P<number>\d{1,4})(?P<sub>(?:\.\d)?(?:\(\w{1,4}\)){0,5})"
)
_PUBLIC_LAW = re.compile(r"\bPub(?:lic|\.)\s?L(?:aw|\.)\s(?:No\.\s?)?(?P<congress>\d{1,3})-(?P<number>\d{1,4})\b")
_STAT = re.compile(r"\b(?P<volume>\d{1,3})\sStat\.\s(?P<page>\d{1,5})\b")
_FED_REG = re.compile(
    r"\b(?P<volume>\d{1,3})\sFed\.\s?Reg\.\s(?P<page>\d{1,3}(?:,\d{3})|\d{1,6})\b(?:\s\([^()]{0,20}(?P<year>\d{4})\))?"
)
_MODEL = re.compile(
    r"\b(?P<set>U\.?C\.?C\.?|Uniform Commercial Code|Model Penal Code|M\.?P\.?C\.?|Restatement\s\((?:First|Second|Third)\)\sof\s(?:the\s)?[A-Z][a-z]+(?:\s(?:of|and|[A-Z][a-z]+)){0,4})(?:\s§§?|\s[Ss]ection)\s?(?P<number>\d{1,4}[A-Z]?(?:[-.]\d{1,3}[A-Z]?)?(?:\(\w{1,3}\)){0,3})"
)
_NAMED = re.compile(
    r"(?:\b(?:[Ss]ection|§|Title)\s(?P<ahead>\d{1,4}[a-z]?(?:\(\w\)){0,4}|[IVX]{1,4})\sof\sthe\s)?\b(?P<name>(?:[A-Z][A-Za-z’'-]+(?:\s(?:and|of|for|the|in|to|&)){0,2}\s){1,9}Act)\sof\s(?P<year>1[789]\d\d|20\d\d)(?:,?\s§\s?(?P<behind>\d{1,4}[a-z]?(?:\(\w\)){0,4}))?"
)
_STATE_HINT = re.compile(r"§|\bCode\b|\bStat\.|\bLaws?\b|ILCS")
_SINGLE_LETTER = re.compile(r"^\d+")
_LAST_TITLE, _LAST_CFR_TITLE, _LAST_CONGRESS, _LAST_ARTICLE, _LAST_AMENDMENT = 54, 50, 119, 7, 27
_LAST_STAT, _LAST_FED_REG, _FED_REG_EPOCH = 139, 91, 1935
_UCC = {
    "1": 310,
    "2": 725,
    "2A": 532,
    "3": 605,
    "4": 504,
    "4A": 507,
    "5": 118,
    "6": 111,
    "7": 704,
    "8": 603,
    "9": 809,
    "12": 107,
}
_SETS = {
    "civ": "Fed. R. Civ. P.",
    "cri": "Fed. R. Crim. P.",
    "app": "Fed. R. App. P.",
    "ban": "Fed. R. Bankr. P.",
    "evi": "Fed. R. Evid.",
}
_SHORT = {"FRCP": "Fed. R. Civ. P.", "FRE": "Fed. R. Evid.", "FRAP": "Fed. R. App. P."}
_WINDOW = 60


def find(text: str, _reference: Reference) -> Iterator[Cite]:
    """Yield what *text* cites in the forms of this family."""
    claimed: list[tuple[int, int]] = []
    for pattern, read, hints in _READERS:
        for match in pattern.finditer(text) if any(hint in text for hint in hints) else ():
            cite = read(match)
            if cite is None:
                continue
            claimed.append((cite.start, cite.end))
            yield cite
    yield from _state_codes(text, claimed)


def check(cite: Cite, _citation: Citation, reference: Reference) -> Finding | None:
    """Return what is known of the provision."""
    return _CHECKS[cite.parts["set"]](cite, reference)


def _check_usc(cite: Cite, reference: Reference) -> Finding | None:
    title = int(cite.parts["title"])
    if not 1 <= title <= _LAST_TITLE or title == 53:
        return invalid("title_out_of_range", f"the U.S. Code has titles 1 to 54 without 53, got {title}")
    if title not in reference.code:
        return None
    name, last, leading = reference.code[title]
    section = re.match(r"\d+[a-z]{0,3}(?:-\d+[a-z]?)*", cite.parts["section"])
    number = int(_SINGLE_LETTER.match(cite.parts["section"]).group(0))  # type: ignore[union-attr]  # the pattern begins with digits
    if number > last or number == 0:
        return invalid(
            "section_beyond_end", f"title {title} ({name}) ends with section {last}, got {number}", f"{title} U.S.C."
        )
    for further in re.findall(r"(?<![\w(-])\d+", re.sub(r"\([^()]*\)", "", cite.parts.get("more", ""))):
        if int(further) > last:
            return invalid("section_beyond_end", f"title {title} ({name}) ends with section {last}, got {further}")
    more = re.findall(_SECTION, cite.parts.get("more", ""))
    if section is not None and all(re.sub(r"\(.*", "", one) in leading for one in (section.group(0), *more)):
        return verified(f"{title} U.S.C. § {section.group(0)}")
    return None


def _check_cfr(cite: Cite, _reference: Reference) -> Finding | None:
    title = int(cite.parts["title"])
    if not 1 <= title <= _LAST_CFR_TITLE:
        return invalid("title_out_of_range", f"the C.F.R. has titles 1 to {_LAST_CFR_TITLE}, got {title}")
    return None


def _check_const(cite: Cite, _reference: Reference) -> Finding | None:
    number, last = int(cite.parts["number"]), int(cite.parts["last"])
    if not 1 <= number <= last:
        return invalid(
            "article_beyond_end", f"the U.S. Constitution has {cite.parts['what']}s 1 to {last}, got {number}"
        )
    sections = _CONST_SECTIONS.get((cite.parts["what"], number), 1)
    section = int(cite.parts.get("section") or 0)
    if section > sections:
        return invalid("section_beyond_end", f"that {cite.parts['what']} has {sections} sections, got {section}")
    return verified("Constitution of the United States")


# Articles and amendments with more than one section.
_CONST_SECTIONS = {("article", 1): 10, ("article", 2): 4, ("article", 3): 3, ("article", 4): 4}
_CONST_SECTIONS |= {
    ("amendment", n): k
    for n, k in {13: 2, 14: 5, 15: 2, 18: 3, 20: 6, 21: 3, 22: 2, 23: 2, 24: 2, 25: 4, 26: 2}.items()
}


def _check_rules(cite: Cite, reference: Reference) -> Finding | None:
    row = reference.rules.get(cite.parts["name"])
    if row is None:
        return None
    name, numbers, _ = row
    if cite.parts["number"] not in numbers:
        return invalid("rule_beyond_end", f"the {name} have no rule {cite.parts['number']}")
    return verified(f"{name}, rule {cite.parts['number']}")


def _check_public_law(cite: Cite, _reference: Reference) -> Finding | None:
    congress = int(cite.parts["congress"])
    if not 1 <= congress <= _LAST_CONGRESS:
        return invalid("number_out_of_range", f"there were {_LAST_CONGRESS} Congresses, got {congress}")
    return None


def _check_stat(cite: Cite, _reference: Reference) -> Finding | None:
    volume = int(cite.parts["volume"])
    return (
        None
        if 1 <= volume <= _LAST_STAT
        else invalid("volume_out_of_range", f"Stat. has volumes 1 to {_LAST_STAT}, got {volume}")
    )


def _check_fed_reg(cite: Cite, _reference: Reference) -> Finding | None:
    volume, year = int(cite.parts["volume"]), int(cite.parts.get("year") or 0)
    if not 1 <= volume <= _LAST_FED_REG:
        return invalid("volume_out_of_range", f"Fed. Reg. has volumes 1 to {_LAST_FED_REG}, got {volume}")
    if year and abs(volume + _FED_REG_EPOCH - year) > 1:
        return invalid("year_mismatch", f"volume {volume} of Fed. Reg. is of {volume + _FED_REG_EPOCH}, not {year}")
    return None


def _check_model(cite: Cite, reference: Reference) -> Finding | None:
    name, number = cite.parts["name"], cite.parts["number"]
    if name == "U.C.C.":
        article, _, section = number.partition("-")
        last = _UCC.get(article)
        digits = re.match(r"\d+", section)
        if last is None or not digits or not 101 <= int(digits.group(0)) <= last:
            return invalid("section_beyond_end", f"the Uniform Commercial Code has no § {number}")
    row = reference.rules.get(name)
    bare = re.sub(r"\(.*", "", number)
    if row is None:
        return None
    known, numbers, leading = row
    if numbers and bare.isdigit() and bare not in numbers:
        return invalid("section_beyond_end", f"the {known} has no § {bare}")
    return verified(f"{known} § {bare}") if bare in leading else None


def _check_named(_cite: Cite, _reference: Reference) -> Finding | None:
    return None


def _check_state(_cite: Cite, _reference: Reference) -> Finding | None:
    return None  # the reference data lack sections of state codes; a user's index may have them


def _statute(match: re.Match[str], table: str, normalized: str, kind: CitationKind = "statute", **parts: str) -> Cite:
    return Cite(NAME, match.start(), match.end(), kind, "us", normalized, {"set": table, **parts})


def _read_usc(match: re.Match[str]) -> Cite:
    title, section, more = match["title"], match["section"], match["more"]
    return _statute(match, "usc", f"{title} U.S.C. § {section}{more}", title=title, section=section, more=more)


def _read_cfr(match: re.Match[str]) -> Cite:
    return _statute(
        match,
        "cfr",
        f"{match['title']} C.F.R. § {match['section']}",
        "regulation",
        title=match["title"],
        section=match["section"],
    )


def _read_const(match: re.Match[str]) -> Cite:
    what = "article" if match["part"].casefold().startswith("art") else "amendment"
    number = int(match["number"]) if match["number"].isdigit() else roman(match["number"])
    last = _LAST_ARTICLE if what == "article" else _LAST_AMENDMENT
    section = f", § {match['section']}" if match["section"] else ""
    clause = f", cl. {match['clause']}" if match["clause"] else ""
    shown = f"U.S. Const. {'art.' if what == 'article' else 'amend.'} {match['number']}{section}{clause}"
    return _statute(
        match, "const", shown, what=what, number=str(number), last=str(last), section=match["section"] or ""
    )


def _read_amendment(match: re.Match[str]) -> Cite:
    word = match["word"].casefold()
    number = _ORDINALS.index(word) + 1 if word in _ORDINALS else 28
    return _statute(
        match,
        "const",
        f"U.S. Const. amend. {_to_roman(number)}",
        what="amendment",
        number=str(number),
        last=str(_LAST_AMENDMENT),
    )


def _read_rules(match: re.Match[str]) -> Cite:
    name = _SHORT[match["short"]] if match["short"] else _SETS[match["set"][:3].casefold()]
    return _statute(match, "rules", f"{name} {match['number']}{match['sub']}", name=name, number=match["number"])


def _read_public_law(match: re.Match[str]) -> Cite:
    return _statute(
        match, "public_law", f"Pub. L. No. {match['congress']}-{match['number']}", congress=match["congress"]
    )


def _read_stat(match: re.Match[str]) -> Cite:
    return _statute(match, "stat", match.group(0), volume=match["volume"])


def _read_fed_reg(match: re.Match[str]) -> Cite:
    return _statute(
        match,
        "fed_reg",
        f"{match['volume']} Fed. Reg. {match['page']}",
        "regulation",
        volume=match["volume"],
        year=match["year"] or "",
    )


def _read_model(match: re.Match[str]) -> Cite:
    name = match["set"]
    if re.match(r"U\.?C\.?C|Uniform", name):
        name = "U.C.C."
    elif re.match(r"M\.?P\.?C|Model", name):
        name = "Model Penal Code"
    return _statute(match, "model", f"{name} § {match['number']}", name=name, number=match["number"])


def _read_named(match: re.Match[str]) -> Cite | None:
    section = match["ahead"] or match["behind"]
    if not section:
        return None  # an Act that is only mentioned
    name = match["name"].removeprefix("The ")
    return _statute(match, "named", f"{name} of {match['year']} § {section}", name=name, section=section)


# A pattern cannot match without one of its strings, which are far cheaper to search for.
_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Cite | None], tuple[str, ...]], ...] = (
    (_USC, _read_usc, ("U",)),
    (_CFR, _read_cfr, ("F",)),
    (_CONST, _read_const, ("Const",)),
    (_AMENDMENT, _read_amendment, ("Amendment",)),
    (_RULES, _read_rules, ("Fed", "FR")),
    (_PUBLIC_LAW, _read_public_law, ("Pub",)),
    (_STAT, _read_stat, ("Stat.",)),
    (_FED_REG, _read_fed_reg, ("Reg.",)),
    (_MODEL, _read_model, ("C.C", "CC", "U.C", "Uniform", "Penal", "MPC", "M.P", "MP.", "Restatement")),
    (_NAMED, _read_named, ("Act of", "Act\nof")),
)
_CHECKS: dict[str, Callable[[Cite, Reference], Finding | None]] = {
    "usc": _check_usc,
    "cfr": _check_cfr,
    "const": _check_const,
    "rules": _check_rules,
    "public_law": _check_public_law,
    "stat": _check_stat,
    "fed_reg": _check_fed_reg,
    "model": _check_model,
    "named": _check_named,
    "state": _check_state,
}


def _state_codes(text: str, claimed: list[tuple[int, int]]) -> Iterator[Cite]:
    """Find sections of state codes near a section sign or "Code" that no other format matched."""
    done = 0
    for hint in _STATE_HINT.finditer(text):
        begin, end = max(0, hint.start() - _WINDOW), min(len(text), hint.end() + _WINDOW)
        if hint.start() < done or any(start < hint.end() and hint.start() < stop for start, stop in claimed):
            continue
        for start, stop, shown in _citeurl(text[begin:end]):
            if not any(a < begin + stop and begin + start < b for a, b in claimed):
                done = begin + stop
                yield Cite(NAME, begin + start, done, "statute", "us", shown, {"set": "state"})


@lru_cache(maxsize=2048)
def _citeurl(window: str) -> tuple[tuple[int, int, str], ...]:
    """Return span and form of what citeurl's statute templates find in *window*."""
    cites = (cite for cite in _citator().list_cites(window) if cite.span)
    return tuple((cite.span[0], cite.span[1], " ".join(str(cite.text).split())) for cite in cites)


@lru_cache(maxsize=1)
def _citator() -> "Citator":
    from citeurl import Citator

    return Citator()


def _to_roman(number: int) -> str:
    text = ""
    for value, sign in ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        text += sign * (number // value)
        number %= value
    return text
