"""Short forms of a citation that stands before them: "Id. at 467", "Miranda, supra", "384 U.S. at 467"."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from services.citations.citation import Citation
from services.citations.names import words_of

_PLACE = r"(?:,?\s(?:at\s)?(?:pp?\.?\s|§{1,2}\s?|¶{1,2}\s?|paras?\.?\s|\[)?\d{1,5}(?:-\d{1,5})?\]?(?:\s?(?:&\s)?nn?\.?\s?\d{1,3})?)?"
_SAME = re.compile(rf"\b(?:(?:Id|id)\.|[Ii]bid(?:em)?\b\.?){_PLACE}")
_ABOVE = re.compile(
    rf"(?P<name>\b[A-Z][\w'&.-]*(?:\s(?:v\.?|of|the|&|[A-Z][\w'&.-]*)){{0,6}}),?\s(?:\(?supra\b(?:,?\s(?:note|n\.?)\s\d{{1,4}})?|\(n\s\d{{1,4}}\)){_PLACE}\)?"
)
# A short form means one of the citations that are near enough to be remembered.
_REMEMBERED = 60


def with_short_forms(text: str, citations: Sequence[Citation]) -> list[Citation]:
    """Return *citations* with the short forms between them, each with the citation before it that it means.

    A short form of nothing names no authority and is left out, unless it has a volume and a reporter of its own.
    """
    whole: list[Citation] = []
    waiting = sorted(_written(text, citations), key=lambda match: match.start())
    for citation in citations:
        while waiting and waiting[0].start() < citation.start:
            whole += _meant(waiting.pop(0), whole)
        whole.append(_of_one_before(citation, whole))
    for match in waiting:
        whole += _meant(match, whole)
    return whole


def _written(text: str, citations: Sequence[Citation]) -> Iterator[re.Match[str]]:
    if not citations:
        return
    for pattern, hints in ((_SAME, ("d.", "bid")), (_ABOVE, ("supra", "(n "))):
        for match in pattern.finditer(text, citations[0].end) if any(hint in text for hint in hints) else ():
            if not any(one.start < match.end() and match.start() < one.end for one in citations):
                yield match


def _meant(match: re.Match[str], before: Sequence[Citation]) -> list[Citation]:
    """Return the short form with what it means; nothing where nothing before it is meant."""
    name = match.groupdict().get("name")
    if name is None:
        meant = before[-1] if before else None
    else:
        words = words_of(name)
        near = (one for one in reversed(before[-_REMEMBERED:]) if words & words_of(one.name))
        meant = next(near, None)
    if meant is None:
        return []
    # "Id. § 1985" is another section of the same law.
    other = match.group() if "§" in match.group() and meant.kind != "case" else ""
    return [_short_form(match.group(), match.start(), match.end(), meant, other)]


def _short_form(text: str, start: int, end: int, meant: Citation, other: str = "") -> Citation:
    cites = tuple(replace(cite, start=start, end=end) for cite in meant.cites)
    whole = meant.stands_for or meant
    return replace(meant, text=text, start=start, end=end, cites=cites, unread=other, stands_for=whole)


def _of_one_before(citation: Citation, before: Sequence[Citation]) -> Citation:
    """Return a reference with "at" as a short form of the case before it in the same volume, if there is one."""
    parts = citation.cites[0].parts
    if "at_page" not in parts:
        return citation
    place = (parts["volume"], parts["series"])
    for one in reversed(before[-_REMEMBERED:]):
        if any((cite.parts.get("volume"), cite.parts.get("series")) == place for cite in one.cites):
            shared = words_of(one.name) & words_of(citation.name) or not citation.name or not one.name
            if shared:
                return _short_form(citation.text, citation.start, citation.end, one)
    return citation
