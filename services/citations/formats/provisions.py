"""Whether an instrument has the sections, articles or rules that a citation names."""

import re
from dataclasses import replace

from services.citations.citation import Cite, Finding, Verdict, invalid, unverified, verified
from services.citations.reference import Instrument

SCHEDULE = "Sch"
_SECTIONS = re.compile(r"^(?:s|ss|section|sections)$", re.IGNORECASE)
_NUMBERS = re.compile(r"(?<![\w(.])(\d{1,4})([A-Za-z]{0,3})(?=\W|$)")
# No table has subsections; hardly any section has more than this.
_MOST_SUBSECTIONS = 30


def provision_finding(act: Instrument, cite: Cite, what: str) -> Finding:
    """Say whether the provisions that *cite* names exist in *act*, and whether it is still in force."""
    found = _provisions(act, cite, what)
    if act.ended is None or found.verdict is Verdict.INVALID:
        return found
    return replace(
        found, reason=f"{found.reason}; no longer in force since {act.ended}", ended=f"{act.name} (until {act.ended})"
    )


def _provisions(act: Instrument, cite: Cite, what: str) -> Finding:
    unit, numbers = cite.parts.get("unit", ""), cite.parts.get("numbers", "")
    if not numbers and unit != SCHEDULE:
        return verified(act.name)
    if what == "section" and act.type == "Act" and (not _SECTIONS.match(unit) or cite.parts.get("under")):
        return unverified(
            "provision_unknown", f"{act.name} is known, its {short_unit(unit)} {numbers} cannot be checked", act.name
        )
    # "s 3.5" is no form of a section of an Act; rules have it.
    doubtful = numbers if what == "section" and act.type == "Act" and "." in numbers else ""
    for number, letters in _NUMBERS.findall(re.sub(r"\(\w+\)", "", numbers)):
        if act.last is not None and int(number) > act.last:
            return invalid(
                f"{what}_beyond_end", f"{act.name} ends with {what} {act.last}, got {number}{letters}", act.name
            )
        if int(number) == 0:
            return invalid(f"{what}_beyond_end", f"{act.name} has no {what} 0", act.name)
        if act.last is None or (letters and f"{number}{letters}" not in act.inserted):
            doubtful = f"{number}{letters}"
    if any(int(subsection) > _MOST_SUBSECTIONS for subsection in re.findall(r"\((\d+)\)", numbers)):
        doubtful = numbers
    if doubtful:
        return unverified(
            "provision_unknown", f"{act.name} is known, whether it has {what} {doubtful} is not", act.name
        )
    return verified(f"{act.name}, {what} {numbers}")


def short_unit(unit: str) -> str:
    """Return the unit of a provision as it is shown: "s" for "section"."""
    lower = unit.casefold()
    for long, short in (
        ("section", "s"),
        ("regulation", "reg"),
        ("article", "art"),
        ("rule", "r"),
        ("schedule", "Sch"),
        ("part", "Pt"),
        ("para", "para"),
    ):
        if lower.startswith(long):
            return f"{short}s" if lower in ("sections",) else short
    return unit
