"""Decisions of agencies and special courts of the United States, by numbers of their own."""

import re
from collections.abc import Iterator

from services.citations.citation import Citation, Cite, Finding, unverified
from services.citations.formats.common import future
from services.citations.reference import Reference

NAME = "us_agency"
_TAX = re.compile(
    r"\bT\.?\s?C\.?\s(?P<what>Memo\.?|Summ\.?\sOp\.?|Summary\sOpinion)\s(?:\((?:CCH|RIA|P-H)\)\s)?(?P<year>(?:19|20)\d\d)-(?P<number>\d{1,3})\b"
)
# Paragraphs of a service: 139 FERC ¶ 61,020.
_PARAGRAPH = re.compile(
    r"(?<![\w.])(?P<volume>\d{1,4})\s(?P<series>[A-Z][A-Za-z.&]{0,12}(?:\s(?:[A-Z][A-Za-z.&]{0,12}|&|\([A-Z]{2,4}(?:-H)?\))){0,5})\s¶{1,2}\s?(?P<page>\d{1,3},\d{3}|\d{3,7})\b"
)
_NUMBERED = re.compile(
    r"(?<![\w.])(?P<volume>\d{1,3})\s(?P<series>N\.?L\.?R\.?B\.?|T\.?C\.?|I\.?C\.?C\.?2?d?)\s(?:[Nn]o\.|slip\sop\.)\s?(?P<page>\d{1,3})\b"
)


def find(text: str, _reference: Reference) -> Iterator[Cite]:
    """Yield what *text* cites in the forms of this family."""
    for pattern, hint in ((_TAX, "C"), (_PARAGRAPH, "¶"), (_NUMBERED, "o")):
        for match in pattern.finditer(text) if hint in text else ():
            parts = {name: value for name, value in match.groupdict().items() if value}
            yield Cite(NAME, match.start(), match.end(), "case", "us", match.group(), parts)


def check(cite: Cite, citation: Citation, _reference: Reference) -> Finding | None:
    """Say that these numbers cannot be checked, unless the year is to come."""
    year = int(cite.parts.get("year") or citation.year or 0)
    return future(year) or unverified(
        "agency_number", f"{cite.normalized}: the agency's numbers cannot be checked here"
    )
