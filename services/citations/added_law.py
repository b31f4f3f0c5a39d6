"""What law that a user added says of a citation: its own text knows which provisions it has.

An instrument that was added decides about its provisions, subdivisions and title; about nothing else.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.citations.citation import VERDICTS, Cite, Finding, Verdict, invalid, unverified, verified

# Findings of the tables that the text of the law itself overrides.
OVERRIDDEN = frozenset(
    ("section_beyond_end", "article_beyond_end", "no_such_act", "year_mismatch", "number_out_of_range")
)
_SCHEDULE = "schedule"
_UNITS = (
    (re.compile(r"^(?:ss?|sections?|subsections?)$", re.I), "section"),
    (re.compile(r"^(?:arts?|articles?|regs?|regulations?)$", re.I), "article"),
    (re.compile(r"^(?:rr?|rules?)$", re.I), "rule"),
    (re.compile(r"^sch", re.I), _SCHEDULE),
)
_NUMBER = re.compile(
    r"(?<![\w(.])(\d{1,6}[A-Za-z]{0,4}(?:[-‑–]\d{1,4}[A-Za-z]{0,2})?(?:\.\d{1,3}[A-Z]?)?)((?:\s?\(\w{1,5}\))*)"
)
_LISTED = re.compile(r"(\d{1,4}[A-Z]{0,3})[-‑–](\d{1,4}[A-Z]{0,3})$")
_PARAGRAPH = re.compile(r"\bpara(?:graph)?s?\.?\s?(\d{1,3}[A-Z]{0,3})((?:\(\w{1,5}\))*)", re.I)
_LABEL = re.compile(r"\(\w+\)")


@dataclass(frozen=True, slots=True)
class Place:
    """A provision that a citation names: its kind ("section"), its number, its subdivision ("(1)(a)") or ""."""

    kind: str
    number: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class AddedProvision:
    """A provision of law that was added.

    Attributes:
        parts: Its subdivisions as they are cited.
        state: "repealed", "prospective", or "" for law in force.
    """

    number: str
    heading: str
    parts: tuple[str, ...]
    state: str = ""
    until: str = ""


class AddedInstrument(Protocol):
    """An instrument that was added."""

    @property
    def title(self) -> str:
        """Its short title."""

    @property
    def version(self) -> str:
        """The state of its text, a day or ""."""

    def provisions(self, place: Place) -> Sequence[AddedProvision] | None:
        """Return the provisions at *place*; None where the text has none of that kind, so that nothing is known."""


class AddedLaw(Protocol):
    """All that was added."""

    def find(self, cite: Cite) -> AddedInstrument | None:
        """Return the instrument that *cite* is of, if it was added."""


class NoAddedLaw:
    """Nothing was added."""

    def find(self, _cite: Cite) -> AddedInstrument | None:
        """Return nothing."""
        return None


def finding_of(cite: Cite, law: AddedLaw) -> Finding | None:
    """Return what the text of the instrument says of *cite*; None if it was not added."""
    instrument = law.find(cite)
    if instrument is None:
        return None
    places = list(places_of(cite))
    if not places:
        return verified(instrument.title)
    findings = [_finding(instrument, place) for place in places]
    return _worst(findings)


def _worst(findings: Sequence[Finding]) -> Finding:
    """Return the worst; law that is not in force is worse than law that is."""
    return max(findings, key=lambda one: (VERDICTS.index(one.verdict), one.code != "in_index"))


def places_of(cite: Cite) -> Iterator[Place]:
    """Yield the provisions that a citation names."""
    parts = cite.parts
    if parts.get("set") == "usc":
        yield from _numbered("section", parts["section"] + parts["more"])
        return
    unit, numbers, under = parts.get("unit", ""), parts.get("numbers", ""), parts.get("under", "")
    kind = next((name for pattern, name in _UNITS if pattern.match(unit)), unit)
    if kind == _SCHEDULE:
        paragraph = _PARAGRAPH.search(under)
        if paragraph and numbers:
            yield Place("paragraph", f"Sch. {numbers} para. {paragraph[1]}", paragraph[2])
        elif numbers:
            yield Place(_SCHEDULE, numbers)
        return
    yield from _numbered(kind, numbers)
    if under:
        yield Place(under, "")


def _numbered(kind: str, written: str) -> Iterator[Place]:
    for number, part in _NUMBER.findall(written):
        yield Place(kind, number.replace("–", "-").replace("‑", "-"), re.sub(r"\s", "", part))


def _finding(instrument: AddedInstrument, place: Place) -> Finding:
    title, shown = instrument.title, f"{place.kind} {place.number}"
    found = instrument.provisions(place)
    if not found and (ends := _LISTED.match(place.number)):  # a range; "1396r-8" is a number
        return _worst([_finding(instrument, Place(place.kind, end, place.part)) for end in ends.groups()])
    if found is None:
        return unverified("provision_unknown", f"{title} was added, its {shown.strip()} cannot be checked", title)
    state = f" of {instrument.version}" if instrument.version else ""
    if not found:
        return invalid("no_such_provision", f"the text{state} of {title} has no {shown}", title)
    one = next((one for one in found if _has(one, place.part)), None)
    if one is None:
        what = "subsection" if place.kind == "section" else "paragraph"
        return invalid("no_such_subdivision", f"{title}, {shown} has no {what} {place.part}", title)
    heading = f" ({one.heading})" if one.heading else ""
    return _with_state(verified(f"{title}, {shown}{place.part}{heading}"), one, f"{title}, {shown}", state)


def _has(one: AddedProvision, part: str) -> bool:
    """Tell whether a provision has a subdivision; letters are compared as they are written."""
    return not part or part in one.parts


def _with_state(found: Finding, one: AddedProvision, shown: str, state: str) -> Finding:
    if one.state == "repealed":
        since = f" since {one.until}" if one.until else ""
        return Finding(
            Verdict.VERIFIED,
            "repealed",
            f"{found.reason}; repealed{since}, as the text{state} says",
            found.matched,
            f"{shown} (repealed{since})",
        )
    if one.state == "prospective":
        reason = f"{found.reason}; not yet in force, as the text{state} says"
        return Finding(Verdict.VERIFIED, "prospective", reason, found.matched)
    return found
