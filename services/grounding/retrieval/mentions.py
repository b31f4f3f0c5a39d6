"""Provisions that a question mentions by number, in all the ways in which lawyers write them.

Reads a folded text (`services.citations.citation.fold`). Every pattern is linear: bounded repeats, none nested.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from models.grounding.document import UnitKind
from services.grounding.retrieval.numbers import expanded, number_key

_NUMBER = r"\d{1,6}(?:\.\d{1,4})?(?:[a-z]{1,3}(?:-\d{1,3}[a-z]{0,2})?)?(?![a-z\d]|/\d)"
_ROMAN = r"[ivxlcdm]{1,8}(?![a-z\d])"
_PARTS = r"(?:\s?\((?:[a-z]{1,5}|\d{1,3}[a-z]{0,2})\)){0,6}"
_WORDS = {
    "article": r"articles?(?![a-z])|arts?(?![a-z])",
    "section": r"sections?(?![a-z])|sects?(?![a-z])|secs?(?![a-z])|ss?(?![a-z])|§{1,2}",
    "rule": r"rules?(?![a-z])|rr?(?![a-z])",
    "regulation": r"regulations?(?![a-z])|regs?(?![a-z])",
    "recital": r"recitals?(?![a-z])|recs?(?![a-z])",
    "paragraph": r"paragraphs?(?![a-z])|paras?(?![a-z])|¶{1,2}",
    "schedule": r"schedules?(?![a-z])|sch(?:ed)?s?(?![a-z])",
    "clause": r"clauses?(?![a-z])|cls?(?![a-z])",
}
_ANY_WORD = "|".join(_WORDS.values())
_KINDS = {
    "recital": frozenset((UnitKind.RECITAL,)),
    "paragraph": frozenset((UnitKind.PARAGRAPH,)),
    "schedule": frozenset((UnitKind.SCHEDULE,)),
    "clause": frozenset((UnitKind.CLAUSE,)),
}
_ENACTED = frozenset((UnitKind.SECTION, UnitKind.ARTICLE, UnitKind.RULE, UnitKind.TEXT))
_TWO_LEVELS = re.compile(
    rf"(?<![a-z\d])(?:articles?|arts?)\b\.?\s*(?P<one>{_NUMBER}|{_ROMAN}),?\s*"
    rf"(?:sections?|secs?|s|§|clauses?|cl)\.?\s*(?P<two>{_NUMBER})"
)
_MENTION = re.compile(rf"(?<![a-z\d])(?P<word>{_ANY_WORD})\.?\s*(?P<number>{_NUMBER}|{_ROMAN}){_PARTS}")
_NEXT = re.compile(
    rf"\s*(?P<link>,\s?(?:and|or|&)|,|;|and|or|&|to|through|-|–)\s*(?P<word>(?:{_ANY_WORD})\.?\s*)?(?P<number>{_NUMBER}){_PARTS}"
)
_RANGE = frozenset(("to", "through", "-", "–"))
_PLURAL = re.compile(
    r"(?:articles|arts|sections|sects|secs|ss|§§|rules|rr|regulations|regs|recitals|paragraphs|paras)$"
)
_IN_ADDRESS = re.compile(
    rf"/(?:(?P<word>section|article|regulation|rule|schedule|paragraph)/|art_|s(?=\d))(?P<number>{_NUMBER})"
)
_BARE = re.compile(rf"[\s,:]{{0,3}}(?:§{{1,2}}\s?|at\s)?(?P<number>{_NUMBER}){_PARTS}")
_BARE_BEFORE = re.compile(rf"(?P<number>{_NUMBER})(?:\s?\((?:[a-z]{{1,5}}|\d{{1,3}}[a-z]{{0,2}})\)){{1,6}}\s$")
_AT_PARAGRAPH = re.compile(r"\bat\s\[(?P<number>\d{1,4})\]")
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth "
    "twenty-fifth twenty-sixth twenty-seventh"
).split()
_AMENDMENT = re.compile(
    r"(?<![a-z\d-])(?:(?P<ordinal>"
    + "|".join(sorted(_ORDINALS, key=len, reverse=True))
    + r")|(?P<digits>\d{1,2})(?:st|nd|rd|th))"
    rf"\s(?:amendment|amend)\b|(?<![a-z\d])(?:amendments?|amends?)\b\.?\s*(?P<number>\d{{1,2}}|{_ROMAN})"
)
_AMENDMENT_SECTION = re.compile(r"[\s,]{0,3}(?:§|sections?|secs?|s)\.?\s*(?P<number>\d)\b")
_LATEST_YEAR, _EARLIEST_YEAR = 2100, 1200


@dataclass(frozen=True, slots=True)
class Mention:
    """Provisions that a text names together.

    Attributes:
        start: Where it begins in the folded text.
        keys: Keys of the numbers in order, each with what to try where there is none: ("6.1", "6").
        kinds: What it may be.
        is_amendment: It names an amendment of a constitution, which tells the instrument by itself.
    """

    start: int
    end: int
    keys: tuple[tuple[str, ...], ...]
    kinds: frozenset[UnitKind]
    is_amendment: bool = False


def mentions_in(folded: str) -> list[Mention]:
    """Return the mentions in a folded text, in order; they do not overlap."""
    found: list[Mention] = []
    for mention in (*_amendments(folded), *_two_levels(folded), *_in_addresses(folded), *_worded(folded)):
        if not any(one.start < mention.end and mention.start < one.end for one in found):
            found.append(mention)
    return sorted(found, key=lambda mention: mention.start)


def bare_mention(folded: str, start: int, end: int, *, in_code: bool) -> Mention | None:
    """Return the number that stands without a word beside a name at *start* to *end*: "GDPR 6(1)(f)", "17 USC 107".

    *in_code*: the name is that of a code, whose sections may have numbers like years.
    """
    behind = _BARE.match(folded, end)
    if behind and (in_code or not _is_year(behind["number"])):
        keys, stop = _listed(folded, [_tries(behind["number"])], behind.end(), is_plural=in_code)
        return Mention(end, stop, keys, _ENACTED)
    before = _BARE_BEFORE.search(folded, max(0, start - 40), start)
    return Mention(before.start(), before.end(), (_tries(before["number"]),), _ENACTED) if before else None


def _worded(folded: str) -> Iterator[Mention]:
    for match in _MENTION.finditer(folded):
        word = match["word"]
        first = [_tries(match["number"])]
        keys, end = _listed(folded, first, match.end(), is_plural=bool(_PLURAL.search(word)))
        yield Mention(match.start(), end, keys, _kinds(word))
    for match in _AT_PARAGRAPH.finditer(folded):
        yield Mention(match.start(), match.end(), ((match["number"],),), _KINDS["paragraph"])


def _listed(
    folded: str, keys: list[tuple[str, ...]], end: int, *, is_plural: bool
) -> tuple[tuple[tuple[str, ...], ...], int]:
    """Read on behind a number, over "and", "to" and, in the plural, commas; return all keys and where they end."""
    while following := _NEXT.match(folded, end):
        link = following["link"].rstrip()
        if (link[0] in ",;" and not is_plural) or (following["word"] and link not in _RANGE):
            break  # what has a word of its own may be of another instrument
        if link in _RANGE:
            keys += [(key,) for key in expanded(keys[-1][0], number_key(following["number"]))[1:]]
        else:
            keys.append(_tries(following["number"]))
        end = following.end()
    return tuple(keys), end


def _two_levels(folded: str) -> Iterator[Mention]:
    for match in _TWO_LEVELS.finditer(folded):
        whole, part = number_key(match["one"]), number_key(match["two"])
        yield Mention(match.start(), match.end(), ((f"{whole}.{part}", whole),), _ENACTED)


def _in_addresses(folded: str) -> Iterator[Mention]:
    for match in _IN_ADDRESS.finditer(folded):
        yield Mention(match.start(), match.end(), (_tries(match["number"]),), _kinds(match["word"] or "article"))


def _amendments(folded: str) -> Iterator[Mention]:
    for match in _AMENDMENT.finditer(folded):
        if match["ordinal"]:
            number = str(_ORDINALS.index(match["ordinal"]) + 1)
        else:
            number = number_key(match["digits"] or match["number"])
        whole, end = f"AM{number}", match.end()
        section = _AMENDMENT_SECTION.match(folded, end)
        tries = (f"{whole}.{section['number']}", whole) if section else (whole,)
        yield Mention(match.start(), section.end() if section else end, (tries,), _ENACTED, is_amendment=True)


def _tries(number: str) -> tuple[str, ...]:
    """Return the key of a number and, where it may hold a paragraph ("6.1"), that of the whole."""
    key = number_key(number)
    whole, dot, _ = key.partition(".")
    return (key, whole) if dot else (key,)


def _kinds(word: str) -> frozenset[UnitKind]:
    for name, pattern in _WORDS.items():
        if re.fullmatch(pattern, word):
            return _KINDS.get(name, _ENACTED)
    return _ENACTED


def _is_year(number: str) -> bool:
    return number.isdigit() and _EARLIEST_YEAR <= int(number) <= _LATEST_YEAR
