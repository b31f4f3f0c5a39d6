"""Finds the authorities that a text cites: position, name and parallel references of each.

Every pattern is linear in the text: bounded repeats, no nested quantifiers. A reference inside
a longer one is dropped; adjacent references are one authority.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from services.citations.citation import Citation, Cite, is_neutral
from services.citations.formats import (
    agencies_us,
    constitution_us,
    ecli,
    european,
    international,
    legislation_uk,
    legislation_us,
    reports,
    reports_us,
    special_us,
    state_codes,
    treaties,
)
from services.citations.names import is_case_name, name_before
from services.citations.reading import Reading, read
from services.citations.reference import Reference
from services.citations.short_forms import with_short_forms
from services.citations.touching import unread

# If two formats find the same span the first counts: "UNCITRAL Arbitration Rules 2010" has the form of a UK instrument.
_FINDERS = (
    reports,
    ecli,
    european,
    international,
    treaties,
    legislation_uk,
    legislation_us,
    constitution_us,
    state_codes,
    agencies_us,
    reports_us,
)
# Between parallel references: a comma, a pin cite, "=".
_PARALLEL_GAP = re.compile(
    r"^(?:,?\s?(?:at\s)?\d{1,5}(?:[-–]\d{1,5})?)?[\s,=;]{0,3}(?:also\s(?:reported\s(?:at|as)|at)\s)?$"
)
_TRAILING_YEAR = re.compile(
    r"^,?\s?\(?(?:[A-Z][\w.]{0,9}\s)?(?:\d{1,2}\s[A-Z][a-z]{2,8}\s)?(?P<year>(?:1[6-9]|20)\d\d)\)"
)
# All but an amendment by its name and a regulation by its letter has a number.
_DIGIT = re.compile(r"\d|[IVX]")
_COMMAS_ONLY = re.compile(r"^[\s,;=]*$")
_MAX_PARALLEL = 5
# How many years may lie between two reports of one case.
_REPORTED_LATER = 1
# How many texts have their citations cached, and the longest such text in characters.
_KEPT, _SHORT = 512, 20_000


class Extractor:
    """Finds citations; the reference data say which names exist."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        # Cached: a text is read for verdicts, for the veto, and again when a similar sample comes.
        self._kept = lru_cache(_KEPT)(self._extract)

    def extract(self, text: str) -> list[Citation]:
        """Return the citations of *text* in order; they do not overlap."""
        if not text:
            return []
        return list(self._kept(text) if len(text) <= _SHORT else self._extract(text))

    def _extract(self, text: str) -> tuple[Citation, ...]:
        reading = read(text)
        written = reading.text
        cites = _outermost(self._found(written))
        citations: list[Citation] = []
        floor = 0
        for group in _groups(written, cites):
            citation = _named(written, group, floor)
            citations.append(citation)
            floor = citation.end
        whole = with_short_forms(written, _with_unread(written, citations))
        return tuple(_as_given(citation, reading, text) for citation in whole)

    def _found(self, text: str) -> list[Cite]:
        if _DIGIT.search(text) is None:
            return [*constitution_us.find(text, self._reference), *agencies_us.find(text, self._reference)]
        found = [cite for finder in _FINDERS for cite in finder.find(text, self._reference)]
        # Forms of a list may read on where a rule knows the end: they count only beside those without such rules.
        read = [(cite.start, cite.end) for cite in found if cite.format not in (reports_us.NAME, state_codes.NAME)]
        special = special_us.find(text, self._reference)
        return [
            *found,
            *(cite for cite in special if not any(start < cite.end and cite.start < end for start, end in read)),
        ]

    def distinct(self, *texts: str) -> set[str]:
        """Return the keys of all citations in *texts*, each once."""
        return {citation.key for text in texts for citation in self.extract(text)}


def _outermost(cites: Iterable[Cite]) -> list[Cite]:
    kept: list[Cite] = []
    for cite in sorted(cites, key=lambda cite: (cite.start, -cite.end)):
        if not kept or cite.start >= kept[-1].end:
            kept.append(cite)
        elif cite.end - cite.start > kept[-1].end - kept[-1].start and cite.end > kept[-1].end:
            kept[-1] = cite
    return kept


def _groups(text: str, cites: Sequence[Cite]) -> list[list[Cite]]:
    """Join adjacent references to one case."""
    groups: list[list[Cite]] = []
    for cite in cites:
        if groups and len(groups[-1]) < _MAX_PARALLEL and _runs_on(text, groups[-1][-1], cite):
            groups[-1].append(cite)
        else:
            groups.append([cite])
    return groups


def _runs_on(text: str, first: Cite, second: Cite) -> bool:
    if not first.kind == second.kind == "case":
        return False
    gap = text[max(first.end, 0) : second.start]
    if len(gap) > 24 or (is_neutral(first) and is_neutral(second)) or _same_series(first, second):
        return False
    if first.format == european.CASE and second.format == european.CASE and "ecli" in first.parts:
        return False
    if second.parts.get("case_name") or (second.format == european.CASE and "case_year" in second.parts):
        return False
    if _COMMAS_ONLY.match(gap):
        return ";" not in gap or _same_time(first, second)
    return second.jurisdiction == first.jurisdiction and bool(_PARALLEL_GAP.match(gap))


def _same_series(first: Cite, second: Cite) -> bool:
    """Tell whether both stand in one series of reports, which no case does twice."""
    series = first.parts.get("series")
    return bool(series) and first.format == second.format and series == second.parts.get("series")


def _same_time(first: Cite, second: Cite) -> bool:
    """Tell whether two references are of one case by their years."""
    one, other = first.parts.get("year", ""), second.parts.get("year", "")
    return one.isdigit() and other.isdigit() and abs(int(one) - int(other)) <= _REPORTED_LATER


def _named(text: str, group: Sequence[Cite], floor: int) -> Citation:
    first, last = group[0], group[-1]
    parts = next((cite.parts for cite in group if "behind_year" in cite.parts), {})
    start, end = first.start, last.end
    name = first.parts.get("case_name", "")
    if first.kind == "case" or first.format == treaties.SERIES:
        before, begin = name_before(text, start, floor)
        if before and (not name or not is_case_name(name)) and (is_case_name(before) or not name):
            name, start = before, begin
    year = int(parts["behind_year"]) if parts else None
    if "behind_end" in parts and last.end <= int(parts["behind_end"]):
        end = int(parts["behind_end"])
    elif first.kind == "case" and first.format != reports_us.NAME:
        trailing = _TRAILING_YEAR.match(text[end : end + 40])
        if trailing:
            year, end = int(trailing["year"]), end + trailing.end()
    start = min(start, first.start)
    return Citation(
        text[start:end],
        start,
        end,
        tuple(group),
        name=name,
        is_case_name=is_case_name(name),
        year=year,
        court=parts.get("court", ""),
    )


def _with_unread(text: str, citations: Sequence[Citation]) -> list[Citation]:
    """Tell each citation what touches it, up to its neighbours."""
    ends = [0, *(citation.end for citation in citations)]
    starts = [*(citation.start for citation in citations[1:]), len(text)]
    return [
        replace(
            citation,
            unread=unread(
                text[before:behind],
                citation.start - before,
                citation.end - before,
                has_provisions=citation.kind != "case",
            ),
        )
        for citation, before, behind in zip(citations, ends, starts, strict=False)
    ]


def _as_given(citation: Citation, reading: Reading, text: str) -> Citation:
    """Return *citation* with its places in *text* as it was given."""
    if reading.text is text:
        return citation
    start, end = reading.given(citation.start, citation.end)
    cites = []
    for cite in citation.cites:
        begin, stop = reading.given(cite.start, cite.end)
        cites.append(replace(cite, start=begin, end=stop))
    return replace(citation, text=text[start:end], start=start, end=end, cites=tuple(cites))
