"""US reporters, codes and services that are not cited as volume, name, page.

Names and forms are those of reporters-db (`services.citations.reporters`): "Bankr. L. Rep. ¶ 67,488", "Deady, 264",
"Ga. Code Ann. § 16-5-21".
"""

import re
from collections.abc import Iterator
from functools import cache

from models.contract.answers.quality import CitationKind
from services.citations.citation import Citation, Cite, Finding, unverified
from services.citations.formats.common import any_of, future
from services.citations.reference import Reference
from services.citations.reporters import special_forms, special_names

NAME = "us_special"
_BEFORE, _BEHIND = 28, 110


def find(text: str, _reference: Reference) -> Iterator[Cite]:
    """Yield what *text* cites in the forms of this family."""
    for named in _names().finditer(text):
        begin = max(0, named.start() - _BEFORE)
        window = text[begin : named.end() + _BEHIND]
        for form in special_forms(" ".join(named.group().split())):
            for match in form.pattern.finditer(window):
                # A form without its volume may begin with the blank behind it.
                start = begin + match.start() + len(match.group()) - len(match.group().lstrip())
                end = begin + match.end()
                if start <= named.start() and end >= named.end() and not text[start - 1 : start].isalnum():
                    yield _cite(match, start, form.kind.startswith("leg"))


def check(cite: Cite, citation: Citation, _reference: Reference) -> Finding | None:
    """Say that these numbers cannot be checked, unless the year is to come."""
    year = int(cite.parts.get("year") or citation.year or 0)
    return future(year) or unverified("special_number", f"{cite.normalized}: its numbers are not known here")


def _cite(match: re.Match[str], start: int, is_law: bool) -> Cite:
    groups = match.groupdict()
    parts = {name: value for name, value in groups.items() if value and name in ("volume", "page", "year")}
    kind: CitationKind = "statute" if is_law else "case"
    return Cite(NAME, start, start + len(match.group().lstrip()), kind, "us", " ".join(match.group().split()), parts)


@cache
def _names() -> re.Pattern[str]:
    return any_of(special_names())
