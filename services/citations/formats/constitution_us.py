"""The Constitution of the United States, the federal rules, model laws and Acts by name (The Bluebook, rules 11, 12)."""

import re
from collections.abc import Callable, Iterator

from services.citations.citation import Citation, Cite, Finding, invalid, verified
from services.citations.formats.common import roman
from services.citations.reference import Reference

NAME = "us_law"
_PLACE = r"(?:,?\s(?:§{1,2}|[Ss]ection|[Ss]ec\.)\s?(?P<section>\d{1,2}))?(?:,?\scl(?:ause|\.)\s?(?P<clause>\d{1,2}))?"
_CONST = re.compile(
    rf"\bU\.?\s?S\.?\s(?:Const\.?|Constitution),?\s(?P<part>[Aa]rt(?:icle|\.)?|[Aa]mend(?:ment|\.)?)\s(?P<number>[IVXL]{{1,7}}|\d{{1,2}})\b{_PLACE}"
)
_CONST_BEHIND = re.compile(
    r"\b(?P<part>Art(?:icle|\.)|Amendment)\s(?P<number>[IVXL]{1,7}|\d{1,2})\b"
    r"(?:,?\s(?:§{1,2}|[Ss]ection|[Ss]ec\.)\s?(?P<section>\d{1,2}))?(?:,?\s[Cc]l(?:ause|\.)\s?(?P<clause>\d{1,2}))?,?\s(?:of|to)\sthe\s(?:U\.?\s?S\.?|United\sStates|[Ff]ederal)\sConstitution\b"
)
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third "
    "twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth"
).split()
_AMENDMENT = re.compile(
    rf"(?<![\w-])(?P<word>{'|'.join(sorted((f'{w[0].upper()}{w[1:]}' for w in _ORDINALS), key=len, reverse=True))}|Twenty-(?:First|Second|Third|Fourth|Fifth|Sixth|Seventh|Eighth|Ninth)|\d{{1,2}}(?:st|nd|rd|th))\sAmendment\b"
    r"(?:,?\s(?:§{1,2}|[Ss]ection)\s?(?P<section>\d{1,2}))?"
)
_RULES = re.compile(
    r"\b(?:Fed(?:eral|\.)?\s?R(?:ules?|\.)?\s?(?:of\s)?(?P<set>Civ(?:il|\.)?\s?P(?:rocedure|\.)?|Crim(?:inal|\.)?\s?P(?:rocedure|\.)?|App(?:ellate|\.)?\s?P(?:rocedure|\.)?|Bankr(?:uptcy|\.)?\s?P(?:rocedure|\.)?|Evid(?:ence|\.)?)"
    r"|(?P<short>FRCP|FRE|FRAP))(?:,?\s[Rr]ule)?\s(?P<number>(?>\d{1,4}[A-Z]?(?:\.\d{1,2})?))(?P<sub>(?:\(\w{1,4}\)){0,6})"
)
_MODEL = re.compile(
    r"\b(?P<set>U\.?C\.?C\.?|Uniform Commercial Code|Model Penal Code|M\.?P\.?C\.?|Restatement\s\((?:First|Second|Third)\)\sof\s(?:the\s)?[A-Z][a-z]+(?:\s(?:of|and|[A-Z][a-z]+)){0,4})(?:\s§§?|\s[Ss]ection)\s?(?P<number>(?>\d{1,4}[A-Z]?(?:[-.]\d{1,3}[A-Z]?)?(?:\(\w{1,3}\)){0,3}))(?:\scmt\.\s[a-z]{1,2})?"
)
_SECTION = r"(?>\d{1,4}[A-Za-z]{0,2}(?:-\d{1,3})?(?:\(\w{1,4}\)){0,5})"
_NAMED = re.compile(
    rf"(?:(?:\b(?:[Ss]ections?|Title)\s|§{{1,2}}\s?)(?P<ahead>{_SECTION}|[IVX]{{1,4}}),?\sof\sthe\s)?\b(?P<name>(?:[A-Z][A-Za-z'-]+(?:\s(?:and|of|for|the|in|to|&)){{0,2}}\s){{1,9}}Act)\sof\s(?P<year>1[789]\d\d|20\d\d)(?:,?\s(?:§{{1,2}}\s?|[Ss]ec(?:tion|\.)\s)(?P<behind>{_SECTION}))?"
)
_LAST_ARTICLE, _LAST_AMENDMENT = 7, 27
# Last section of each article of the Uniform Commercial Code.
_UCC = {"1": 310, "2": 725, "2A": 532, "3": 605, "4": 504, "4A": 507, "5": 118, "6": 111, "7": 704, "8": 603, "9": 809}
_UCC["12"] = 107
_SETS = {
    "civ": "Fed. R. Civ. P.",
    "cri": "Fed. R. Crim. P.",
    "app": "Fed. R. App. P.",
    "ban": "Fed. R. Bankr. P.",
    "evi": "Fed. R. Evid.",
}
_SHORT = {"FRCP": "Fed. R. Civ. P.", "FRE": "Fed. R. Evid.", "FRAP": "Fed. R. App. P."}
# Articles and amendments with more than one section.
_SECTIONS = {("article", 1): 10, ("article", 2): 4, ("article", 3): 3, ("article", 4): 4}
_SECTIONS |= {
    ("amendment", n): k
    for n, k in {13: 2, 14: 5, 15: 2, 18: 3, 20: 6, 21: 3, 22: 2, 23: 2, 24: 2, 25: 4, 26: 2}.items()
}
# Clauses of the articles' sections; 0 is an article without sections. Every other has one.
_CLAUSES = {(1, 2): 5, (1, 3): 7, (1, 4): 2, (1, 5): 4, (1, 6): 2, (1, 7): 3, (1, 8): 18, (1, 9): 8, (1, 10): 3}
_CLAUSES |= {(2, 1): 8, (2, 2): 3, (3, 2): 3, (3, 3): 2, (4, 2): 3, (4, 3): 2, (6, 0): 3}


def find(text: str, _reference: Reference) -> Iterator[Cite]:
    """Yield what *text* cites in the forms of this family."""
    for pattern, read, hints in _READERS:
        for match in pattern.finditer(text) if any(hint in text for hint in hints) else ():
            cite = read(match)
            if cite is not None:
                yield cite


def check(cite: Cite, _citation: Citation, reference: Reference) -> Finding | None:
    """Return what is known of the provision."""
    return _CHECKS[cite.parts["set"]](cite, reference)


def _check_const(cite: Cite, _reference: Reference) -> Finding | None:
    what, number = cite.parts["what"], int(cite.parts["number"])
    last = _LAST_ARTICLE if what == "article" else _LAST_AMENDMENT
    if not 1 <= number <= last:
        return invalid("article_beyond_end", f"the U.S. Constitution has {what}s 1 to {last}, got {number}")
    sections, section = _SECTIONS.get((what, number), 1), int(cite.parts.get("section") or 0)
    if section > sections:
        return invalid("section_beyond_end", f"that {what} has {sections} sections, got {section}")
    clauses, clause = _CLAUSES.get((number, section), 1) if what == "article" else 1, int(cite.parts["clause"] or 0)
    if clause > clauses:
        return invalid("section_beyond_end", f"that place has {clauses} clauses, got {clause}")
    return verified("Constitution of the United States")


def _check_rules(cite: Cite, reference: Reference) -> Finding | None:
    row = reference.rules.get(cite.parts["name"])
    if row is None:
        return None
    name, numbers, _ = row
    if cite.parts["number"] not in numbers:
        return invalid("rule_beyond_end", f"the {name} have no rule {cite.parts['number']}")
    return verified(f"{name}, rule {cite.parts['number']}")


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
    plain = bare.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    if numbers and plain.isdigit() and plain not in numbers:
        return invalid("section_beyond_end", f"the {known} has no § {bare}")
    return verified(f"{known} § {bare}") if bare in leading else None


def _check_named(_cite: Cite, _reference: Reference) -> Finding | None:
    return None  # the reference data lack sections of Acts by their names; a user's index may have them


def _law(match: re.Match[str], table: str, normalized: str, **parts: str) -> Cite:
    return Cite(NAME, match.start(), match.end(), "statute", "us", normalized, {"set": table, **parts})


def _read_const(match: re.Match[str]) -> Cite:
    what = "article" if match["part"].casefold().startswith("art") else "amendment"
    number = int(match["number"]) if match["number"].isdigit() else roman(match["number"])
    return _constitution(match, what, number, match["section"] or "", match["clause"] or "")


def _read_amendment(match: re.Match[str]) -> Cite:
    word = match["word"].casefold()
    number = _ORDINALS.index(word) + 1 if word in _ORDINALS else int(word[:-2])
    return _constitution(match, "amendment", number, match["section"] or "", "")


def _constitution(match: re.Match[str], what: str, number: int, section: str, clause: str) -> Cite:
    shown = f"U.S. Const. {'art.' if what == 'article' else 'amend.'} {_to_roman(number)}"
    shown += (f", § {section}" if section else "") + (f", cl. {clause}" if clause else "")
    return _law(match, "const", shown, what=what, number=str(number), section=section, clause=clause)


def _read_rules(match: re.Match[str]) -> Cite:
    name = _SHORT[match["short"]] if match["short"] else _SETS[match["set"][:3].casefold()]
    return _law(match, "rules", f"{name} {match['number']}{match['sub']}", name=name, number=match["number"])


def _read_model(match: re.Match[str]) -> Cite:
    name = match["set"]
    if re.match(r"U\.?C\.?C|Uniform", name):
        name = "U.C.C."
    elif re.match(r"M\.?P\.?C|Model", name):
        name = "Model Penal Code"
    return _law(match, "model", f"{name} § {match['number']}", name=name, number=match["number"])


def _read_named(match: re.Match[str]) -> Cite | None:
    section = match["ahead"] or match["behind"]
    if not section:
        return None  # an Act that is only mentioned
    name = match["name"].removeprefix("The ")
    return _law(match, "named", f"{name} of {match['year']} § {section}", name=name, section=section)


# A pattern cannot match without one of its strings, which are far cheaper to search for.
_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Cite | None], tuple[str, ...]], ...] = (
    (_CONST, _read_const, ("Const",)),
    (_CONST_BEHIND, _read_const, ("Constitution",)),
    (_AMENDMENT, _read_amendment, ("Amendment",)),
    (_RULES, _read_rules, ("Fed", "FR")),
    (_MODEL, _read_model, ("C.C", "CC", "U.C", "Uniform", "Penal", "MPC", "M.P", "MP.", "Restatement")),
    (_NAMED, _read_named, ("Act of",)),
)
_CHECKS: dict[str, Callable[[Cite, Reference], Finding | None]] = {
    "const": _check_const,
    "rules": _check_rules,
    "model": _check_model,
    "named": _check_named,
}


def _to_roman(number: int) -> str:
    text = ""
    for value, sign in ((50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        text += sign * (number // value)
        number %= value
    return text
