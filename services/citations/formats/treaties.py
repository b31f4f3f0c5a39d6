"""Treaties by name or abbreviation with an article, and treaty series.

Form: OSCOLA 4th ed., appendix on international sources. Which names exist is data
(`catalog/authorities/treaties.csv`, and the names of acts of the Union in `catalog/authorities/eu_acts.csv`).
"""

import re
from collections.abc import Iterator

from models.contract.answers.quality import CitationKind
from services.citations.citation import Citation, Cite, Finding, fold, fold_cite, invalid, plain, unverified, verified
from services.citations.formats.common import PROVISIONS, WITHIN, YEAR, any_of, roman, volume_clash
from services.citations.formats.provisions import provision_finding
from services.citations.reference import Instrument, Reference
from services.citations.scanning import found_at

NAME, SERIES = "treaty", "treaty_series"
_UNIT = r"(?:[Aa]rt(?:icle)?s?\.?|r(?:ule)?s?\.?|[Ss]ections?)"
# The longest number in use is XXXVIII, of the trade agreement of 1947.
_NUMBERS = rf"(?:{PROVISIONS}|[IVXL]{{1,8}}(?![A-Za-z])(?:\(\w{{1,4}}\)|:\d{{1,2}}(?:\(\w\))?){{0,3}})"
_AHEAD = re.compile(
    rf"\b{_UNIT}\s?(?P<numbers>{_NUMBERS})(?P<within>{WITHIN}),?\s(?:of\s|in\s|to\s)?(?:the\s)?(?:(?:19|20)\d\d\s)?$"
)
_DATES = r"(?:\s\((?:adopted|opened|signed|done|concluded|entered)[^()\n]{4,110}\)|,?\s(?:opened\sfor\ssignature|adopted|signed|done)\s[A-Z0-9][^,;()\n]{3,20},\s\d{4})?"
_BEHIND = re.compile(
    rf"{_DATES}(?:\s\((?P<year>{YEAR})\)|\s(?P<year2>{YEAR}))?(?P<series>,?\s\(?\d{{1,4}}\sU\.?N\.?T\.?S\.?\s[\dIVXLC]{{1,5}}\)?)?,?\s?\(?{_UNIT}\s?(?P<numbers>{_NUMBERS})(?P<within>{WITHIN})"
)
_SERIES = re.compile(
    r"\b(?P<volume>\d{1,4})\s(?P<series>U\.?N\.?T\.?S\.?|L\.?N\.?T\.?S\.?)\s(?P<page>\d{1,4}|[IVXLC]{1,6})\b"
)
_VOLUME = re.compile(r"\d(?=\d{0,3}\s[UL])")
# Without it no provision stands in a text.
_PLACE = re.compile(r"(?:[Aa]rt|r|[Ss]ection)(?:icle|ule)?s?\.?\s?[\dIVXL]")
_NUMBERED = re.compile(r"\b(?P<series>C?ETS|UKTS|TIAS)\s(?:No\.?\s?)?(?P<number>\d{1,5})\b")
_OTHER = re.compile(
    rf"(?:\b{_UNIT}\s?(?P<ahead>{_NUMBERS})\sof\sthe\s)?\b(?P<name>(?:[A-Z][A-Za-z-]{{1,20}}\s){{0,6}}(?:Convention|Covenant|Charter|Treaty|Protocol|Agreement|Statute)"
    rf"(?:\s(?:on|for|against|relating|concerning|of|to)\s(?:the\s)?[A-Z][A-Za-z-]{{2,20}}(?:\s(?:of|and|the|in|to|for|against|on|their|its|by|with|[A-Z][A-Za-z-]{{2,20}})){{0,14}}))(?:,?\s{_UNIT}\s?(?P<behind>{_NUMBERS}))?"
)
_REACH = 110
# Names that are words of other names too: an article stands before them, and no further word of a name behind.
_SHORT = frozenset(("EC", "EEC", "EU", "EA", "CS", "ECSC", "Charter"))
_ENDS = re.compile(
    r"\s*$|[,.;:)\]]|\s(?:and|or|in|as|to|is|was|does|did|has|had|on|by|from|which|that|provides?|requires?|must|may|shall|of|\(|\[|-)(?!\w)"
)
_TREATY_WORD = re.compile(r"\b(?:Convention|Covenant|Charter|Treaty|Protocol|Agreement|Statute|Pact)\b")
_PROTOCOL = re.compile(r"\bProtocol(?:\sNo\.?\s?\d{1,2})?\s(?:to|of)\s(?:the\s)?$")
# "Protocol 1, Article 3 ECHR": an article of the protocol.
_PROTOCOL_AHEAD = re.compile(r"\b(?:First\s)?Protocol\s(?:No\.?\s?)?(?P<number>\d{1,2}),?\s$")
_BEFORE_SERIES = re.compile(rf"{_DATES}(?:\s\(?(?:19|20)\d\d\)?)?,?\s?\(?")
_LAST_UNTS, _LAST_LNTS, _LAST_ETS = 3400, 205, 230


def find(text: str, reference: Reference) -> Iterator[Cite]:
    """Yield what *text* cites in the forms of this family."""
    claimed = []
    has_series = "TS" in text or "T.S" in text
    has_place = _PLACE.search(text) is not None
    # A name counts beside an article or a place in a series.
    for match in _names(reference).finditer(text) if has_series or has_place else ():
        claimed.append(match.span())
        found = _named(text, match, reference)
        if found is not None:
            yield found
    for match in found_at(_VOLUME, _SERIES, text) if has_series else ():
        series = re.sub(r"\.", "", match["series"])
        parts = {"volume": match["volume"], "series": series, "page": match["page"]}
        yield Cite(
            SERIES,
            match.start(),
            match.end(),
            "treaty",
            "international",
            f"{match['volume']} {series} {match['page']}",
            parts,
        )
    for match in _NUMBERED.finditer(text) if has_series or "TIAS" in text else ():
        parts = {"series": match["series"], "number": match["number"]}
        yield Cite(
            SERIES,
            match.start(),
            match.end(),
            "treaty",
            "international",
            f"{match['series']} No {match['number']}",
            parts,
        )
    for match in _OTHER.finditer(text) if has_place and _TREATY_WORD.search(text) else ():
        numbers = match["ahead"] or match["behind"]
        is_known = any(start < match.end() and match.start() < end for start, end in claimed)
        if numbers and not is_known:
            parts = {"title": match["name"], "unit": "art", "numbers": numbers}
            yield Cite(
                NAME, match.start(), match.end(), "treaty", "international", f"{match['name']}, art {numbers}", parts
            )


def check(cite: Cite, _citation: Citation, reference: Reference) -> Finding | None:
    """Return what is known of a treaty and its article."""
    known = _instrument(cite.parts["title"], reference)
    if known is None:
        return None
    if cite.parts.get("protocol"):
        protocol = reference.treaties.get(fold(f"Protocol No {cite.parts['protocol']} to the {known.name}"))
        if protocol is None:
            return unverified("provision_unknown", f"articles of that protocol to the {known.name} are not known here")
        return provision_finding(protocol, cite, "article")
    numbers, stated = cite.parts["numbers"], cite.parts.get("stated_year")
    if stated and known.year and abs(int(stated) - known.year) > 1:
        return invalid("year_mismatch", f"{known.name} is of {known.year}, not of {stated}", known.name)
    roman_number = roman(re.sub(r"\(.*", "", numbers)) if numbers and not numbers[0].isdigit() else 0
    if roman_number:
        if known.last is not None and roman_number > known.last:
            return invalid(
                "article_beyond_end", f"{known.name} ends with article {known.last}, got {numbers}", known.name
            )
        return (
            verified(f"{known.name}, article {numbers}")
            if known.last or numbers in known.inserted
            else unverified("provision_unknown", f"{known.name} is known, its articles are not", known.name)
        )
    if cite.parts.get("treaty_series") and known.number and not _has_number(known, cite.parts["treaty_series"]):
        return invalid(
            "parallel_mismatch",
            f"{known.name} stands at {known.number}, not at {cite.parts['treaty_series']}",
            known.name,
        )
    return provision_finding(known, cite, "article")


def check_series(cite: Cite, citation: Citation, reference: Reference) -> Finding | None:
    """Return what is known of a page or number in a treaty series."""
    series = cite.parts["series"]
    if series in ("UNTS", "LNTS"):
        volume, last = int(cite.parts["volume"]), _LAST_UNTS if series == "UNTS" else _LAST_LNTS
        if not 1 <= volume <= last:
            return invalid("volume_out_of_range", f"{series} has volumes 1 to {last}, got {volume}")
        if (clash := volume_clash(reference, series, volume, citation.year)) is not None:
            return clash
    elif series.endswith("ETS") and not 1 <= int(cite.parts["number"]) <= _LAST_ETS:
        return invalid("number_out_of_range", f"the series has treaties 1 to {_LAST_ETS}, got {cite.parts['number']}")
    known = _by_number(reference).get(fold_cite(cite.normalized))
    if known is None:
        return None
    mine = {known.name, *known.aliases}
    if _TREATY_WORD.search(citation.name) and not any(_similar(citation.name, name) for name in mine):
        return invalid("name_mismatch", f"{cite.normalized} is the {known.name}, not {citation.name[:80]}", known.name)
    return verified(known.name)


def _named(text: str, match: re.Match[str], reference: Reference) -> Cite | None:
    name = match.group(0)
    known = _instrument(name, reference)
    if known is None:
        return None
    if _PROTOCOL.search(text, max(0, match.start() - 40), match.start()):
        return None  # a protocol's article is not one of the treaty that it amends
    ahead, behind = _AHEAD.search(text, max(0, match.start() - _REACH), match.start()), _BEHIND.match(text, match.end())
    gap = _BEFORE_SERIES.match(text, match.end())
    series = _SERIES.match(text, gap.end() if gap else match.end())
    if not ahead and not behind and not series:
        return None
    if name in _SHORT and not (ahead and _ENDS.match(text, match.end())) and not (name == "Charter" and behind):
        return None
    found = behind or ahead
    numbers = found["numbers"] if found else ""
    start = ahead.start() if ahead and not behind else match.start()
    end = max(behind.end() if behind else match.end(), series.end() if series else 0)
    parts = {"title": name, "unit": "art", "numbers": numbers}
    protocol = _PROTOCOL_AHEAD.search(text, max(0, start - 60), start)
    if protocol is not None:
        start = protocol.start()
        parts["protocol"] = protocol["number"]
    if behind and (behind["year"] or behind["year2"]):
        parts["stated_year"] = behind["year"] or behind["year2"]
    if series:
        parts["treaty_series"] = f"{series['volume']} {series['series'].replace('.', '')} {series['page']}"
    kind: CitationKind = "regulation" if known.type in ("Regulation", "Directive", "Decision") else "treaty"
    shown = f"{known.name}, art {numbers}" if numbers else known.name
    if known.jurisdiction == "eu" and len(known.aliases) and kind == "treaty":
        shown = f"{known.aliases[0]}, art {numbers}" if numbers else known.name
    if protocol is not None:
        shown = f"Protocol {protocol['number']} to the {shown}"
    return Cite(NAME, start, end, kind, known.jurisdiction, shown, parts)


def _instrument(title: str, reference: Reference) -> Instrument | None:
    return reference.treaties.get(fold(title)) or reference.eu_acts.get(fold(title))


def _has_number(known: Instrument, number: str) -> bool:
    return any(fold_cite(part) == fold_cite(number) for part in known.number.split("|"))


def _similar(given: str, known: str) -> bool:
    small = {"the", "of", "on", "and", "for", "in", "convention", "treaty", "international", "protocol", "to"}
    mine, theirs = (set(re.findall(r"\w+", fold(text))) - small for text in (given, known))
    initials = "".join(
        word[0]
        for word in re.findall(r"\w+", fold(known))
        if word not in small - {"convention", "international", "treaty", "protocol"}
    )
    return bool(mine & theirs) or any(len(word) > 2 and word in initials for word in mine) or not mine


_TABLES: dict[int, tuple[Reference, re.Pattern[str], dict[str, Instrument]]] = {}


def _table(reference: Reference) -> tuple[Reference, re.Pattern[str], dict[str, Instrument]]:
    kept = _TABLES.get(id(reference))
    if kept is None or kept[0] is not reference:
        rows = [*{id(row): row for row in (*reference.treaties.values(), *reference.eu_acts.values())}.values()]
        # Texts are read with plain hyphens.
        names = sorted({plain(name) for row in rows for name in (row.name, *row.aliases)})
        numbers = {fold_cite(part): row for row in rows for part in row.number.split("|") if part.strip()}
        _TABLES.clear()
        kept = _TABLES[id(reference)] = (reference, any_of(names), numbers)
    return kept


def _names(reference: Reference) -> re.Pattern[str]:
    return _table(reference)[1]


def _by_number(reference: Reference) -> dict[str, Instrument]:
    return _table(reference)[2]
