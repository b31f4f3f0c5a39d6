"""International courts and tribunals, and resolutions of the United Nations.

Sources of the forms: OSCOLA's appendix on international law; the registries' own numbers.
"""

import re
from collections.abc import Iterator

from models.contract.answers.quality import CitationKind
from services.citations.citation import Citation, Cite, Finding, invalid, verified
from services.citations.formats.common import LATEST_YEAR, full_year, roman, volume_clash
from services.citations.names import name_after
from services.citations.reference import Reference

ECHR, OTHER = "ecthr", "tribunal"
_APPLICATION = re.compile(
    r"\b(?:[Aa]pp(?:lication|l)?s?\.?\s(?:[Nn]os?\.?\s?)?|[Nn]os?\.?\s?)(?P<number>\d{1,6})/(?P<year>\d{2})\b(?!/)(?P<more>(?:(?:,|\sand)\s\d{1,5}/\d{2}){0,4})(?:,?\s\(?(?:ECtHR|ECHR|Eur\. Ct\. H\.R\.)[^()\n;]{0,30}?(?P<decided>(?:19|20)\d\d)\)?)?"
)
_ECLI = re.compile(
    r"\b(?:ECLI:)?CE:ECHR:(?P<year>\d{4}):(?P<date>\d{4})(?P<type>JUD|DEC|ADV|REP)(?P<application>\d{7})(?P<filed>\d{2})\b"
)
_ECHR_REPORT = re.compile(r"\bECHR\s(?P<year>(?:19|20)\d\d)-(?P<volume>[IVX]{1,5})\b")
_PCIJ = re.compile(
    r"\b(?:P\.?C\.?I\.?J\.?)(?:\sRep)?,?\s(?:[Ss]er(?:ies|\.)?)\s(?P<series>A/B|A|B)[\s,]{1,2}(?:No\.?\s?)(?P<number>\d{1,3})\b"
)
_WTO = re.compile(r"\bWT/DS(?P<number>\d{1,5})(?:/[A-Z]{1,4}\d?(?:/[A-Z]{1,4}\d?){0,3})?\b")
_ICSID = re.compile(
    r"\bICSID\s(?:Case\s)?(?:No\.?\s)?(?P<kind>ARB|CONC)(?P<af>\(AF\))?/(?P<year>\d{2})/(?P<number>\d{1,4})\b"
)
_CRIMINAL = re.compile(
    r"\b(?P<court>ICC|ICTY|IT|ICTR|SCSL|STL|MICT)[-‑](?P<year>(?:19|20)?\d{2})(?P<rest>(?:[-‑/]\d{1,3}[A-D]?){1,3}(?:[-‑](?:[A-Z](?:bis)?|AR\d{1,3}(?:\.\d)?|Red\d?|\d{1,5})){0,3})\b"
)
_UN = re.compile(
    r"\b(?:UN\s?Doc\.?\s)?(?P<organ>S|A)/RES/(?P<number>\d{1,4}|ES-\d{1,2})(?:\s?(?P<letter>[A-Z])(?=\s\())?(?:/(?P<second>\d{1,3}))?(?:\s?\((?P<tail>[IVXLC]{1,7}|(?:19|20)\d\d|ES-[IVX]+)\))?|\b(?P<short>UNSC|UNGA|S\.C\.|G\.A\.|Security Council|General Assembly)\s[Rr]es(?:olution|\.)?\s(?P<number2>\d{1,4}|ES-\d{1,2})(?:\s?(?P<letter2>[A-Z])(?=\s\())?(?:/(?P<second2>\d{1,3}))?(?:\s?\((?P<tail2>[IVXLC]{1,7}|(?:19|20)\d\d|ES-[IVX]+)\)(?:\s[A-Z]\b)?)?"
)
_ITLOS = re.compile(r"\bITLOS\s(?:Case\s)?No\.?\s?(?P<number>\d{1,3})\b")
_PCA = re.compile(r"\bPCA\sCase\sNo\.?\s?(?P<year>(?:19|20)\d\d)-(?P<number>\d{1,3})\b")
# Where numbers run on, with what the years to come may bring.
_YEARS_ON = LATEST_YEAR - 2026
_MAX_APPLICATION, _MAX_ICSID = 99_999, 80
_MAX_DS, _MAX_ITLOS = 690 + 30 * _YEARS_ON, 40 + 4 * _YEARS_ON
_COURTS = {
    "ICC": (2, 40, "International Criminal Court"),
    "ICTY": (94, 11, "ICTY"),
    "IT": (94, 11, "ICTY"),
    "ICTR": (94, 5, "ICTR"),
    "SCSL": (3, 9, "SCSL"),
    "STL": (9, 20, "STL"),
    "MICT": (12, 25, "IRMCT"),
}
_PCIJ_RANGE = {"A": (1, 24), "B": (1, 18), "A/B": (40, 80)}
# Resolutions of the General Assembly have Roman session numbers until 1975.
_SECURITY_COUNCIL = ("UNSC", "Security Council", "S.C.")
_FIRST_SESSION, _LAST_ROMAN_SESSION, _LAST_SESSION = 1946, 30, LATEST_YEAR - 1945


def find(text: str, reference: Reference) -> Iterator[Cite]:
    """Yield what *text* cites in the forms of this family."""
    if "/" in text:
        for match in _APPLICATION.finditer(text):
            parts = {
                "number": match["number"],
                "filed": str(full_year(match["year"], 1954)),
                "decided": match["decided"] or "",
            }
            yield _cite(ECHR, match, f"App no {match['number']}/{match['year']}", parts)
        for pattern, shown in ((_WTO, "{0}"), (_ICSID, "{0}")):
            for match in pattern.finditer(text):
                yield _with_name(
                    text,
                    _cite(
                        OTHER,
                        match,
                        shown.format(match.group(0)),
                        {**_groups(match), "what": (pattern is _WTO and "wto") or "icsid"},
                    ),
                )
    for match in _ECLI.finditer(text) if "CE:ECHR:" in text else ():
        application, filed = str(int(match["application"])), match["filed"]
        parts = {
            "number": application,
            "filed": str(full_year(filed, 1954)),
            "decided": match["year"],
            "date": match["date"],
            "app": f"App no {application}/{filed}",
        }
        yield _cite(ECHR, match, match.group(0).removeprefix("ECLI:"), parts)
    for what, pattern, hints in (
        ("echr_report", _ECHR_REPORT, ("ECHR",)),
        ("pcij", _PCIJ, ("J",)),
        ("itlos", _ITLOS, ("ITLOS",)),
        ("pca", _PCA, ("PCA",)),
        ("criminal", _CRIMINAL, ("ICC", "ICT", "IT", "SCSL", "STL")),
        ("un", _UN, ("/RES/", "UNSC", "UNGA", "Council", "Assembly", "S.C.", "G.A.")),
    ):
        for match in pattern.finditer(text) if any(hint in text for hint in hints) else ():
            kind: CitationKind = "treaty" if what == "un" else "case"
            yield Cite(
                OTHER,
                match.start(),
                match.end(),
                kind,
                "international",
                _shown(what, match),
                {**_groups(match), "what": what},
            )


def check_echr(cite: Cite, citation: Citation, _reference: Reference) -> Finding | None:
    """Return the first rule that an application to the Court of Human Rights breaks, or None."""
    number, filed = int(cite.parts["number"]), int(cite.parts["filed"])
    decided = int(cite.parts["decided"] or citation.year or 0)
    if not 0 < number <= _MAX_APPLICATION:
        return invalid("number_out_of_range", f"application numbers have up to five digits, got {number}")
    if filed < 1955 or filed > LATEST_YEAR:
        return invalid("before_court", f"applications begin in 1955, got {filed}")
    if decided and decided < filed:
        return invalid("year_mismatch", f"decided in {decided}, before the application of {filed}")
    date = cite.parts.get("date")
    if date and not (1 <= int(date[:2]) <= 12 and 1 <= int(date[2:]) <= 31):
        return invalid("malformed", f"{date} is no day (month and day, four digits)")
    return None


def check(cite: Cite, _citation: Citation, reference: Reference) -> Finding | None:
    """Return the first rule that *cite* breaks, or None."""
    return _RULES[cite.parts["what"]](cite, reference)


def _wto(cite: Cite, _reference: Reference) -> Finding | None:
    number = int(cite.parts["number"])
    return (
        None
        if 1 <= number <= _MAX_DS
        else invalid("number_out_of_range", f"WTO disputes are numbered DS1 to about DS{_MAX_DS}, got DS{number}")
    )


def _icsid(cite: Cite, _reference: Reference) -> Finding | None:
    year, number = full_year(cite.parts["year"], 1972), int(cite.parts["number"])
    if not 1972 <= year <= LATEST_YEAR:
        return invalid("before_court", f"ICSID cases begin in 1972, got {year}")
    return (
        None
        if 1 <= number <= _MAX_ICSID
        else invalid("number_out_of_range", f"no year has {number} ICSID cases; fewer than {_MAX_ICSID}")
    )


def _criminal(cite: Cite, _reference: Reference) -> Finding | None:
    court, year = cite.parts["court"], int(cite.parts["year"]) % 100
    first, last, name = _COURTS[court]
    inside = first <= year <= last if first <= last else (year >= first or year <= last)
    if court == "ICC":
        # A situation has a number and a year, and so has the case in it: "ICC-01/04-01/06". The numbers are few.
        years = [int(found) for found in re.findall(r"/(\d\d)", cite.parts["rest"])]
        inside = 1 <= year <= last and all(first <= opened <= LATEST_YEAR % 100 for opened in years)
    return None if inside else invalid("before_court", f"the {name} has no cases of the year {year:02d}")


def _pcij(cite: Cite, _reference: Reference) -> Finding | None:
    low, high = _PCIJ_RANGE[cite.parts["series"]]
    number = int(cite.parts["number"])
    return (
        None
        if low <= number <= high
        else invalid(
            "number_out_of_range", f"PCIJ Series {cite.parts['series']} has numbers {low} to {high}, got {number}"
        )
    )


def _itlos(cite: Cite, _reference: Reference) -> Finding | None:
    number = int(cite.parts["number"])
    return (
        None
        if 1 <= number <= _MAX_ITLOS
        else invalid("number_out_of_range", f"ITLOS has cases 1 to {_MAX_ITLOS}, got {number}")
    )


def _un(cite: Cite, reference: Reference) -> Finding | None:
    parts = cite.parts
    security = parts.get("organ") == "S" or parts.get("short") in _SECURITY_COUNCIL
    written = parts.get("number") or parts.get("number2") or "0"
    tail, second = parts.get("tail") or parts.get("tail2") or "", parts.get("second") or parts.get("second2")
    name = f"{'S' if security else 'A'}/RES/{written}" + (f"/{second}" if second else "")
    if (known := reference.resolutions.get(name)) is not None:
        if tail and tail.isdigit() == known.stated.isdigit() and tail != known.stated:
            return invalid("year_mismatch", f"{name} is of {known.stated}, not of {tail}", name)
        return verified(f"{name} ({known.stated}), {known.name}")
    if written.startswith("ES-"):
        return None
    number = int(written)
    if security:
        return volume_clash(reference, "UNSC Res", number, int(tail) if tail.isdigit() else None)
    if second and not 31 <= number <= _LAST_SESSION:
        return invalid(
            "number_out_of_range",
            f"General Assembly resolutions are written session/number from session 31 to {_LAST_SESSION}, got {number}",
        )
    if second or not tail or tail.startswith("ES"):
        return None
    if tail.isdigit():
        return volume_clash(reference, "UNGA Res", number, int(tail))
    session = roman(tail)
    if not 1 <= session <= _LAST_ROMAN_SESSION:
        return invalid("number_out_of_range", f"Roman session numbers end with XXX, got {tail}")
    return volume_clash(reference, "UNGA Res", number, _FIRST_SESSION + session - 1)


def _nothing(_cite: Cite, _reference: Reference) -> Finding | None:
    return None


_RULES = {
    "wto": _wto,
    "icsid": _icsid,
    "criminal": _criminal,
    "pcij": _pcij,
    "itlos": _itlos,
    "un": _un,
    "pca": _nothing,
    "echr_report": _nothing,
}


def _cite(family: str, match: re.Match[str], shown: str, parts: dict[str, str]) -> Cite:
    return Cite(family, match.start(), match.end(), "case", "international", shown, parts)


def _with_name(text: str, cite: Cite) -> Cite:
    """Return *cite* with the name after it in its parts, if it has one and none before it."""
    name, _ = name_after(text, cite.end, cite.end)
    return Cite(
        cite.format,
        cite.start,
        cite.end,
        cite.kind,
        cite.jurisdiction,
        cite.normalized,
        {**cite.parts, "name_behind": name},
    )


def _groups(match: re.Match[str]) -> dict[str, str]:
    return {name: value for name, value in match.groupdict().items() if value}


def _shown(what: str, match: re.Match[str]) -> str:
    if what == "un":
        organ = match["organ"] or ("S" if match["short"] in _SECURITY_COUNCIL else "A")
        number, second, tail = (
            match["number"] or match["number2"],
            match["second"] or match["second2"],
            match["tail"] or match["tail2"],
        )
        return f"{organ}/RES/{number}" + (f"/{second}" if second else "") + (f" ({tail})" if tail else "")
    if what == "itlos":
        return f"ITLOS Case No {match['number']}"
    if what == "pcij":
        return f"PCIJ Series {match['series']} No {match['number']}"
    if what == "criminal":
        return re.sub("^ICTY", "IT", match.group(0).replace("‑", "-"))
    return " ".join(match.group(0).split())
