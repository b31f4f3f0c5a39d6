"""Acts and cases of the European Union (OSCOLA 4th ed. part 2.6; the Court's own citation rules).

Numbers of acts: to 1998 two-digit years; since 1 January 2015 regulations, directives and
decisions share one sequence, written year first.
"""

import re
from collections.abc import Iterator, Mapping

from models.contract.answers.quality import CitationKind
from services.citations.citation import Citation, Cite, Finding, fold, invalid, unverified
from services.citations.formats.common import LATEST_YEAR, PROVISIONS, WITHIN, full_year, future, number_clash
from services.citations.formats.eu_forms import act_called, body_clash, form_clash, is_misnamed
from services.citations.formats.provisions import provision_finding
from services.citations.names import name_after
from services.citations.reference import Reference
from services.citations.scanning import found_at

ACT, CASE, CELEX = "eu_act", "eu_case", "celex"
_TYPE = r"(?:(?:Council|Commission|Delegated|Implementing|Framework|Parliament and Council|ECB|Commission Delegated|Commission Implementing|Council Framework)\s)*(?P<type>Regulation|Directive|Decision|Reg\.?(?=\s\((?:EU|EC|EEC)\)))"
_ARTICLES = rf"(?:Art(?:icle)?s?\.?|art(?:icle)?s?\.?)\s?(?P<numbers>{PROVISIONS})(?P<within>{WITHIN})"
_AHEAD = re.compile(rf"\b{_ARTICLES},?\s(?:of\s|in\s|to\s)?(?:the\s)?$")
# A popular name, the institutions and a date, or the subject may come between number and article.
_BETWEEN = r"(?:\s\((?P<called>[A-Z][^()\n]{1,80})\)|\sof\sthe\sEuropean\sParliament[^;\n]{0,90}?\s(?:19|20)\d\d|\son\s[^;,.()\n]{3,110})?"
_BEHIND = re.compile(rf"{_BETWEEN}(?:,?\s\(?{_ARTICLES})?")
_ACT = re.compile(
    rf"\b{_TYPE}\s(?:\((?P<body>EU|EC|EEC|Euratom|ECSC|EU,\sEuratom|EC,\sEuratom)\)\s?)?(?P<no>[Nn]o\.?\s?)?(?P<first>\d{{1,6}})/(?P<second>\d{{1,6}})(?:/(?P<tail>EU|EC|EEC|JHA|Euratom|CFSP|ECSC))?\b"
)
# The words of a popular name before "Regulation": "General Data Protection Regulation (EU) 2016/679".
_CAPITALS = re.compile(r"(?:\b[A-Z][A-Za-z-]{1,20}\s){0,6}$")
_CELEX = re.compile(
    r"(?<![\w-])(?P<sector>[0-6])(?P<year>(?:19|20)\d\d)(?P<letter>[A-Z]{1,2})(?P<number>\d{3,5})(?:R?\(\d\d\))?(?P<consolidated>-\d{8})?(?![\w-])"
)
_SECTOR = re.compile(r"[0-6](?=\d{4}[A-Z])")
_CASE = re.compile(
    r"\b(?:(?P<joined>Joined\s)?[Cc]ases?\s(?:[Nn]o\.?\s)?)?(?P<prefix>[CTF][-‐‑–])?(?P<number>\d{1,4})/(?P<year>\d{2})(?:\s?(?P<suffix>PPU|RENV|DEP|P(?:\(R\))?|R(?!\s(?:v\b|\())|SA)(?![\w]))?(?![\d/])"
    r"(?P<more>(?:(?:,|\sand|\sto|,\sand)\s(?:[CTF][-‐‑–])?\d{1,4}/\d{2}(?:\s?P)?(?![\d/])){0,6})"
)
_ECLI = re.compile(r"\b(?:ECLI:)?EU:(?P<court>[CTF]):(?P<year>\d{4}):(?P<number>\d{1,5})\b")
_NAME_AND_ECLI = re.compile(r"(?P<name>[^;\n\[\]]{0,130}?)(?P<ecli>\b(?:ECLI:)?EU:[CTF]:\d{4}:\d{1,5}\b)")
_MAX_NAME, _REACH, _NAME_REACH = 130, 120, 80
_NUMBER = re.compile(r"(?P<prefix>[CTF]-)?(?P<number>\d{1,4})/(?P<year>\d{2})")
_FIRST_ACTS, _ONE_SEQUENCE_FROM = 1952, 2015
# Cases that were pending in 1989 got the prefix too.
_PREFIXED_LATER_FROM = 1985
_FIRST_YEAR, _COURT_FROM, _PREFIX_FROM, _TRIBUNAL_FROM, _CIVIL_FROM, _CIVIL_TO = 1953, 1954, 1989, 1989, 2005, 2016
_CELEX_LETTERS = {"R": "Regulation", "L": "Directive", "D": "Decision"}
_JUDGMENTS = {"CJ": "C", "CO": "C", "CC": "C", "CV": "C", "TJ": "T", "TO": "T", "FJ": "F", "FO": "F"}


def find(text: str, reference: Reference) -> Iterator[Cite]:
    """Yield what *text* cites in the forms of this family."""
    if "/" in text:
        for match in _ACT.finditer(text):
            yield _act(text, match)
        for match in _CASE.finditer(text):
            found = _case(text, match)
            if found is not None:
                yield found
    if "EU:" in text:
        for match in _ECLI.finditer(text):
            parts = {"ecli_court": match["court"], "ecli_year": match["year"], "ecli": _ecli(match)}
            yield Cite(CASE, match.start(), match.end(), "case", "eu", _ecli(match), parts)
    for match in found_at(_SECTOR, _CELEX, text):
        yield _celex(match)


def check_act(cite: Cite, _citation: Citation, reference: Reference) -> Finding | None:
    """Return what is known of the act and its article."""
    year, number, kind = int(cite.parts["year"]), cite.parts["number"], cite.parts["type"]
    if year < _FIRST_ACTS:
        return invalid("before_series", f"acts of the Communities begin in {_FIRST_ACTS}, got {year}")
    if (clash := future(year)) is not None:
        return clash
    known = reference.eu_acts.get(number) or reference.eu_acts.get(fold(f"{kind} {number}"))
    called = act_called(cite, reference)
    if called is not None and is_misnamed(called, known, cite.parts):
        return invalid("name_mismatch", f"the {called.name} is {called.number}, not {number}", called.name)
    if known is not None and known.type and known.type != kind:
        return invalid("type_mismatch", f"{number} is a {known.type} ({known.name}), not a {kind}", known.name)
    if (clash := body_clash(cite.parts, year) or form_clash(cite.parts, year)) is not None:
        return clash
    if known is not None:
        return provision_finding(known, cite, "article")
    series = "EU act" if year >= _ONE_SEQUENCE_FROM else kind
    return number_clash(reference, series, year, int(cite.parts["count"]))


def check_case(cite: Cite, _citation: Citation, reference: Reference) -> Finding | None:
    """Return the first rule that a case number or ECLI breaks, or None."""
    parts = cite.parts
    if "ecli_year" in parts and (clash := _ecli_clash(parts, reference)) is not None:
        return clash
    if "case_year" not in parts:
        return None
    if not parts["prefix"] and int(parts["case_year"]) > _PREFIX_FROM:
        return unverified("malformed", f"from {_PREFIX_FROM} on a case number has a prefix such as C-")
    for prefix, number, year in [
        (parts["prefix"], int(parts["number"]), int(parts["case_year"])),
        *_joined(parts.get("more", ""), parts["prefix"]),
    ]:
        if (clash := _number_clash(prefix, number, year, reference)) is not None:
            return clash
    prefix, year = parts["prefix"], int(parts["case_year"])
    if "ecli_year" in parts:
        if int(parts["ecli_year"]) < year:
            return invalid("ecli_mismatch", f"decided in {parts['ecli_year']}, before the case of {year} was brought")
        if prefix and parts["ecli_court"] != prefix:
            return invalid("ecli_mismatch", f"case {prefix}- with an ECLI of {parts['ecli_court']}")
    return None


def _ecli_clash(parts: Mapping[str, str], reference: Reference) -> Finding | None:
    court, year = parts["ecli_court"], int(parts["ecli_year"])
    first, last = {"C": (_COURT_FROM, 9999), "T": (_TRIBUNAL_FROM, 9999), "F": (_CIVIL_FROM, _CIVIL_TO)}[court]
    if not first <= year <= last:
        return invalid(
            "before_court" if year < first else "after_court", f"EU:{court} has judgments from {first}, got {year}"
        )
    number = int(parts["ecli"].rsplit(":", 1)[1])
    return future(year) or number_clash(reference, f"EU:{court}", year, number)


def _joined(more: str, prefix: str) -> Iterator[tuple[str, int, int]]:
    """Yield prefix, number and year of the cases joined to the first."""
    for written, number, year in _NUMBER.findall(more):
        yield written[:1] or prefix, int(number), full_year(year, _FIRST_YEAR)


def _number_clash(prefix: str, number: int, year: int, reference: Reference) -> Finding | None:
    if (clash := future(year)) is not None:
        return clash
    if prefix == "T" and year < _TRIBUNAL_FROM:
        return invalid("before_court", f"the General Court (T-) exists from {_TRIBUNAL_FROM}, got {year}")
    if prefix == "F" and not _CIVIL_FROM <= year <= _CIVIL_TO:
        return invalid(
            "before_court" if year < _CIVIL_FROM else "after_court",
            f"the Civil Service Tribunal (F-) sat from {_CIVIL_FROM} to {_CIVIL_TO}, got {year}",
        )
    if prefix == "C" and year < _PREFIXED_LATER_FROM:
        return invalid("before_court", f"case numbers have the prefix C- from {_PREFIX_FROM} on, got {year}")
    return number_clash(reference, f"{prefix or 'C'}-", year, number)


def check_celex(cite: Cite, citation: Citation, reference: Reference) -> Finding | None:
    """Return what is known of a CELEX number."""
    year, letter, number = int(cite.parts["year"]), cite.parts["letter"], int(cite.parts["number"])
    if (clash := future(year)) is not None:
        return clash
    if letter in _JUDGMENTS and cite.parts["sector"] == "6":
        prefix = _JUDGMENTS[letter]
        shown = {"prefix": prefix, "case_year": str(year), "number": str(number)}
        if prefix == "C" and year < _PREFIX_FROM:
            shown["prefix"] = ""
        case = Cite(CASE, cite.start, cite.end, "case", "eu", "", shown)
        return check_case(case, citation, reference)
    kind = _CELEX_LETTERS.get(letter)
    if kind is None:
        return None
    known = reference.eu_acts.get(f"{year}/{number}") or reference.eu_acts.get(fold(f"{kind} {year}/{number}"))
    if known is None:
        return None
    if known.type and known.type != kind:
        return invalid(
            "type_mismatch", f"{year}/{number} is a {known.type}, the letter {letter} means {kind}", known.name
        )
    return provision_finding(known, cite, "article")


def _act(text: str, match: re.Match[str]) -> Cite:
    first, second = match["first"], match["second"]
    kind = "Regulation" if match["type"].startswith("Reg") else match["type"]
    body = match["body"] or match["tail"] or ""
    numbered = bool(match["no"]) or bool(match["body"] and match["body"].split(",")[0] != "EU")
    year, count = _year_first(first, second, kind, numbered)
    is_year_first = (
        count == int(second)
        and int(first) in (year, year % 100)
        and not (numbered and kind == "Regulation" and len(first) < 4)
    )
    ahead, behind = _AHEAD.search(text, max(0, match.start() - _REACH), match.start()), _BEHIND.match(text, match.end())
    numbers = (behind["numbers"] if behind else None) or (ahead["numbers"] if ahead else "")
    is_behind = bool(behind and (behind["numbers"] or behind["called"]))
    shown_body = f"({match['body']}) " if match["body"] else ""
    tail = f"/{match['tail']}" if match["tail"] else ""
    no = "No " if match["no"] else ""
    within = (
        " ".join((found["within"] or "").split())
        if (found := behind if behind and behind["numbers"] else ahead)
        else ""
    )
    shown = f"{kind} {shown_body}{no}{first}/{second}{tail}" + (f", art {numbers}{within}" if numbers else "")
    number = f"{year}/{count}"
    parts = {
        "type": kind,
        "body": body.split(",")[0],
        "year": str(year),
        "number": number,
        "count": str(count),
        "bracket": match["body"] or "",
        "before": _CAPITALS.search(text[max(0, match.start() - _NAME_REACH) : match.start()]).group(),  # type: ignore[union-attr]  # may be empty
        "written": "year/number" if is_year_first else "number/year",
        "digits": str(len(first if is_year_first else second)),
        "unit": "art",
        "numbers": numbers,
    }
    if behind and behind["called"]:
        parts["called"] = behind["called"]
    start = ahead.start() if ahead and not (behind and behind["numbers"]) else match.start()
    end = behind.end() if behind and is_behind else match.end()
    return Cite(ACT, start, end, "regulation", "eu", shown, parts)


def _year_first(first: str, second: str, kind: str, numbered: bool) -> tuple[int, int]:
    """Return year and number of an act, in whichever order they are written."""
    is_newer = (
        len(first) == 4
        and first >= str(_ONE_SEQUENCE_FROM)
        and len(second) >= 3
        and not 1952 <= int(second) <= LATEST_YEAR
    )
    if (
        numbered and kind == "Regulation" and not (is_newer and int(first) <= LATEST_YEAR)
    ):  # "No 1612/68", "No 864/2007"; (EU) 2016/679 has no No
        return full_year(second, 1952), int(first)
    if len(first) == 4 and 1952 <= int(first) <= 2099:
        return int(first), int(second)
    if len(second) == 4 and 1952 <= int(second) <= 2099:
        return int(second), int(first)
    if kind == "Regulation":
        return full_year(second, 1952), int(first)
    return full_year(first, 1952), int(second)


def _case(text: str, match: re.Match[str]) -> Cite | None:
    """Return the case, with the name and ECLI after it; None if it may be something else."""
    prefix = (match["prefix"] or "")[:1]
    named = bool(match.group(0)[:1] in "CcJ" and "ase" in match.group(0)[:14])
    if not prefix and not named:
        return None
    before = text[max(0, match.start() - 14) : match.start()]
    if re.search(r"\b(?:[Nn]os?\.?|Application|ARB)\s?$|/$", before) or (
        not prefix and re.match(r"\s?\(?ECtHR", text[match.end() : match.end() + 10])
    ):
        return None
    year = full_year(match["year"], _FIRST_YEAR)
    suffix = f" {match['suffix']}" if match["suffix"] else ""
    shown = f"{prefix + '-' if prefix else ''}{match['number']}/{match['year']}{suffix}"
    parts = {"prefix": prefix, "number": match["number"], "case_year": str(year), "more": match["more"]}
    end = match.end()
    # A name may hold any word of any language: all text between number and ECLI is the name.
    named_ecli = _NAME_AND_ECLI.match(text, end)
    if named_ecli:
        name, name_end = _without_brackets(named_ecli["name"].strip(" ,:*_")), named_ecli.start("ecli")
    else:
        name, name_end = name_after(text, _skip(text, end), end + _MAX_NAME)
    ecli = _ECLI.match(text, _skip(text, name_end if name else end))
    is_apart = named and not text[max(0, match.start() - 2) : match.start()].endswith("(")
    if name and (ecli or re.search(r"\sv\.?\s", name) or is_apart):
        parts["case_name"] = name
        end = name_end
    if ecli:
        parts.update({"ecli": _ecli(ecli), "ecli_court": ecli["court"], "ecli_year": ecli["year"]})
        end = ecli.end()
    return Cite(CASE, match.start(), end, "case", "eu", shown, parts)


def _without_brackets(name: str) -> str:
    """Return *name* without brackets that do not belong to it: those of "(Titanium Dioxide)" do."""
    if name.startswith("(") and name.endswith(")"):
        name = name[1:-1]
    return name.strip(" ,:*_" if name.count("(") == name.count(")") else " ,:*_()")


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " ,:*_\u00a0":
        at += 1
    return at


def _ecli(match: re.Match[str]) -> str:
    return f"EU:{match['court']}:{match['year']}:{match['number']}"


def _celex(match: re.Match[str]) -> Cite:
    letter = match["letter"]
    kind: CitationKind = "case" if match["sector"] == "6" else "treaty" if match["sector"] == "1" else "regulation"
    parts = {
        "sector": match["sector"],
        "year": match["year"],
        "letter": letter,
        "number": match["number"],
        "unit": "art",
        "numbers": "",
    }
    if letter in _JUDGMENTS:
        prefix = _JUDGMENTS[letter]
        year = match["year"]
        parts["case"] = f"{prefix + '-' if int(year) >= _PREFIX_FROM else ''}{int(match['number'])}/{year[2:]}"
    return Cite(CELEX, match.start(), match.end(), kind, "eu", match.group(0), parts)
