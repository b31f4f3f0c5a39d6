"""Splits an answer into its claims of the law, each with the provisions that it names.

A claim is a sentence, or a part of one where each part names a provision of its own. "Section 173", without its Act,
is of the instrument that was named last; "that section" is the provision that was named last.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.citations.citation import Citation
from services.citations.extractor import Extractor
from services.grounding.claims.quotations import find_quotations
from services.grounding.claims.words import roots

# Where a sentence ends, and what looks like its end and is none.
_END = re.compile(r"[.!?][\"”’')\]]*\s+(?=[\"“‘'(\[]?[A-Z0-9§>])|\n\s*\n|\n(?=\s*(?:[-*•]|\d+[.)])\s)")
_ABBREVIATED = re.compile(
    r"(?:\b(?:No|Nos|Arts?|Secs?|Ss?|Paras?|Cl|Regs?|Ch|Pt|Sch|v|vs|cf|Cf|ff|e\.g|i\.e|viz|Inc|Ltd|Co|Corp"
    r"|Mr|Mrs|Dr|St|ed|op|U\.S|U\.K|E\.U"
    r"|U\.S\.C|C\.F\.R|F\.R|Const|amend|art|s|ss|sec|para|p|pp|cl|reg|r|rr|ch|pt|sch|n)|\b[A-Z])\.$"
)
# Where a sentence that names several provisions is parted.
_PART = re.compile(r";\s+|,?\s(?:and|but|while|whereas|whilst|although)\s|:\s+")
_BARE = re.compile(
    r"\b(?P<unit>[Ss]ections?|[Aa]rticles?|[Ss]s?\.?|[Aa]rts?\.?|§§?|[Rr]egulations?"
    r"|[Rr]ules?)\s?(?P<numbers>(?:[IVX]{1,5}\b|\d{1,4}[A-Za-z]{0,3}"
    r"(?:\(\w{1,4}\)){0,5})(?:(?:,\s|\sand\s|\sor\s|\sto\s"
    r"|[-–])\d{1,4}[A-Za-z]{0,3}(?:\(\w{1,4}\)){0,5}){0,6})(?![\w/])"
)
_MEANT = re.compile(
    r"\b(?:(?:that|this|the\ssame|the\ssaid)\s(?:section|article|provision|rule|paragraph|subsection)"
    r"|thereunder)\b|^\W*(?:It|The\s(?:provision|section|article))\s",
    re.IGNORECASE,
)
_NORMALIZED = re.compile(
    r"^(?P<instrument>.+?)(?:,\s(?P<unit>s|ss|art|arts|reg|regs|rr?|rules?|paras?|sch)\s(?P<numbers>\d.*)"
    r"|\s§{1,2}\s?(?P<section>\d.*))$"
)
_CONSTITUTION = re.compile(
    r"^(?P<instrument>U\.S\. Const\.),?\s(?P<numbers>(?:art|amend)\.\s[IVXL]+(?:,\s§\s\d+)?)(?P<parts>.*)$"
)
_NUMBER = re.compile(r"(?P<number>[IVX]{1,5}\b|\d{1,5}[A-Za-z]{0,3}(?:[.-]\d+[a-z]?)?)(?P<parts>(?:\(\w{1,5}\))*)")
_RANGE = re.compile(r"^(\d+)\s?(?:to|-|–)\s?(\d+)$")
_MOST_OF_RANGE = 40
# So many words with a meaning of their own beside a citation say something.
_SAID = 2


@dataclass(frozen=True, slots=True)
class Named:
    """A provision that an answer names.

    Attributes:
        instrument: As citations are normalized: "Companies Act 2006", "17 U.S.C.", "General Data Protection
            Regulation".
        number: "172", "26A"; "art. I, § 8" of a constitution.
        parts: "(1)(a)" or "".
    """

    instrument: str
    number: str
    parts: str = ""


@dataclass(frozen=True, slots=True)
class StatedClaim:
    """What an answer says of the provisions that it names.

    Attributes:
        start: Where *text* begins in the answer.
        named: At least one; of several the claim may rest on any.
    """

    text: str
    start: int
    end: int
    named: tuple[Named, ...]


def claims(answer: str, extractor: Extractor, instrument: str = "") -> list[StatedClaim]:
    """Return the claims of *answer* that name a provision, in order.

    Args:
        answer: What a model wrote.
        extractor: What finds its citations.
        instrument: What a provision is of before any instrument was named.
    """
    cited = [citation for citation in extractor.extract(answer) if citation.kind != "case"]
    quoted = [(quotation.start, quotation.end) for quotation in find_quotations(answer)]
    made: list[StatedClaim] = []
    last = tuple[Named, ...]()
    for start, end in _sentences(answer, cited, quoted):
        found = [one for one in _mentions(answer, start, end, cited) if not _inside(one.start, quoted)]
        if not found and last and _MEANT.search(answer[start:end]):
            made.append(StatedClaim(answer[start:end], start, end, last))
            continue
        for left, right, mentions in _parts(answer, start, end, found, quoted):
            named: list[Named] = []
            for mention in mentions:
                given = mention.named or tuple(Named(instrument, each.number, each.parts) for each in mention.bare)
                instrument = given[0].instrument if given else instrument
                named += [each for each in given if each.instrument]
            if named:
                last = tuple(dict.fromkeys(named))
                made.append(StatedClaim(answer[left:right], left, right, last))
    return made


def sentences(answer: str) -> list[tuple[int, int]]:
    """Return where the sentences of *answer* begin and end; a quotation is never parted."""
    quoted = [(quotation.start, quotation.end) for quotation in find_quotations(answer)]
    return list(_sentences(answer, (), quoted))


def provisions_of(normalized: str) -> tuple[Named, ...]:
    """Return the provisions of a normalized citation; none if it names an instrument as a whole."""
    constitution = _CONSTITUTION.match(normalized)
    if constitution:
        return (Named(constitution["instrument"], constitution["numbers"], constitution["parts"].strip(", ")),)
    found = _NORMALIZED.match(normalized)
    if not found:
        return ()
    return tuple(_numbered(found["instrument"], found["numbers"] or found["section"]))


@dataclass(frozen=True, slots=True)
class _Mention:
    start: int
    end: int
    named: tuple[Named, ...] = ()
    bare: tuple[Named, ...] = ()


def _numbered(instrument: str, numbers: str) -> Iterator[Named]:
    for piece in re.split(r",\s?|\s(?:and|or|&)\s", numbers):
        spread = _RANGE.match(piece.strip())
        if spread and 0 < int(spread[2]) - int(spread[1]) <= _MOST_OF_RANGE:
            yield from (Named(instrument, str(number)) for number in range(int(spread[1]), int(spread[2]) + 1))
            continue
        found = _NUMBER.match(piece.strip())
        if found:
            yield Named(instrument, found["number"], found["parts"])


def _mentions(answer: str, start: int, end: int, cited: Sequence[Citation]) -> Iterator[_Mention]:
    """Yield what the sentence names, in order; a bare number has no instrument yet."""
    inside = [citation for citation in cited if start <= citation.start < end]
    found = [_Mention(citation.start, citation.end, provisions_of(citation.normalized)) for citation in inside]
    found += [
        _Mention(*bare.span(), bare=tuple(_numbered("", bare["numbers"])))
        for bare in _BARE.finditer(answer, start, end)
        if not any(one.start < bare.end() and bare.start() < one.end for one in inside)
    ]
    return iter(sorted((one for one in found if one.named or one.bare), key=lambda one: one.start))


def _sentences(answer: str, cited: Sequence[Citation], quoted: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    closed = [*((one.start, one.end) for one in cited), *quoted]
    start = 0
    for found in _END.finditer(answer):
        at = found.start() + 1
        if _inside(found.start(), closed) or _ABBREVIATED.search(answer, max(0, at - 8), at):
            continue
        yield from _stripped(answer, start, found.end())
        start = found.end()
    yield from _stripped(answer, start, len(answer))


def _parts(
    answer: str, start: int, end: int, found: Sequence[_Mention], quoted: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int, list[_Mention]]]:
    """Yield the parts of a sentence, each with what it names: it is parted between two that are named."""
    left, group = start, list[_Mention]()
    for mention in found:
        if group:
            cuts = [
                cut
                for cut in _PART.finditer(answer, group[-1].end, mention.start)
                if not _inside(cut.start(), quoted) and _says(answer, left, cut.start(), group)
            ]
            if cuts:
                yield left, cuts[-1].start(), group
                left, group = cuts[-1].end(), []
        group.append(mention)
    if group:
        yield left, end, group


def _says(answer: str, start: int, end: int, mentions: Sequence[_Mention]) -> bool:
    """Tell whether a part of a sentence says something beside what it names: "Issue: under section 5" does not."""
    beside, at = "", start
    for one in (*mentions, _Mention(end, end)):
        beside += f" {answer[at : max(at, one.start)]}"
        at = one.end
    return len(roots(beside)) >= _SAID


def _inside(place: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= place < end - 1 for start, end in spans)


def _stripped(answer: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    text = answer[start:end]
    if text.strip():
        yield start + len(text) - len(text.lstrip()), start + len(text.rstrip())
