"""Codes of the states of the United States (The Bluebook, 21st ed., table 1).

How each code is written is data (`catalog/authorities/us_state_codes.csv`). Of their sections only leading ones
are known here (`catalog/authorities/us_provisions.csv`): any other is well formed, or a user's index has it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache

from services.citations.citation import Citation, Cite, Finding, verified
from services.citations.reference import Reference, provision_key
from services.citations.scanning import found_at

NAME = "us_state_code"
_SECTION = r"\d{1,6}[A-Za-z]{0,3}(?:[-.:/]\d{1,6}[A-Za-z]{0,3}){0,5}(?:\(\w{1,5}\)){0,6}"
# Short names are words too: a section sign or a number in parts must stand behind them.
_TELLING = r"(?:§{1,2}\s?\d{1,6}[A-Za-z]{0,3}|\d{1,6}[A-Za-z]{0,3}[-.:/]\d)"
_SIGN = r"(?:§{1,2}\s?|(?:[Ss]ections?|[Ss]ecs?\.|ss?\.)\s)"
_INSIDE = r"(?:,?\s(?:tit\.?|[Tt]itle|ch?\.|[Cc]hapter|art\.?|pt\.)\s?\w{1,6},?)?"
_EDITION = r"(?:\sAnn\.)?(?:\s\((?:West|LexisNexis|Lexis|McKinney|Deering|Vernon|Michie|Supp\.)?\s?(?:\d{4})?\))?"
_MORE = rf"(?:(?:,|\s?-|,?\sand|,?\sto|\s&)\s?(?:§\s?)?{_SECTION}(?![\w.])(?!\s[A-Z]))" "{0,8}"

# Where a section may begin.
_AT_SECTION = re.compile(r"[§Ss](?<![\w.][§Ss])(?=§?\s?\d|ections?\s\d|ecs?\.\s\d|s?\.\s\d)")


def find(text: str, reference: Reference) -> Iterator[Cite]:
    """Yield what *text* cites in the forms of this family."""
    claimed: list[tuple[int, int]] = []
    for starts, pattern in _patterns(tuple(reference.state_codes)):
        for match in found_at(starts, pattern, text):
            if any(start < match.end() and match.start() < end for start, end in claimed):
                continue  # "§ 19.02, Fla. Stat. § 768.81": the first section is another code's
            claimed.append(match.span())
            yield Cite(NAME, match.start(), match.end(), "statute", "us", match.group(), {"section": match["section"]})


def check(cite: Cite, _citation: Citation, reference: Reference) -> Finding | None:
    """Return that the section is one of the leading ones, or None: the reference data lack all others."""
    return verified(cite.normalized) if provision_key(cite.normalized) in reference.provisions else None


@lru_cache(maxsize=4)
def _patterns(written: tuple[str, ...]) -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """Return the patterns of the codes' names as *written* in the table, each behind one of where it may begin.

    A name that ends in ">" stands behind its title ("18 Pa.C.S. § 2702"), one that ends in "!" is a word too, and "*"
    stands for the words of a subject ("Cal. Penal Code").
    """
    plain_names = [name for name in written if name[-1] not in ">!"]
    doubtful_names = [name[:-1] for name in written if name.endswith("!")]
    behind_title = _any(name[:-1] for name in written if name.endswith(">"))
    plain, doubtful = _any(plain_names), _any(doubtful_names)
    section = rf"(?P<section>{_SECTION}){_MORE}"
    letters = "".join(sorted({name[0] for name in written if name.endswith(">")}))
    patterns = (
        (_at(plain_names), rf"(?=[A-Z])(?<![\w.])(?:{plain}){_EDITION}{_INSIDE},?\s{_SIGN}?{section}"),
        (_at(doubtful_names), rf"(?=[A-Z])(?<![\w.])(?:{doubtful})\s(?={_TELLING}){_SIGN}?{section}"),
        (
            re.compile(rf"\d(?<![\w.]\d)(?=\d{{0,3}}(?:-?[A-Z])?\s[{letters or ' -~'}])"),
            rf"(?<![\w.])\d{{1,4}}(?:-?[A-Z])?\s(?:{behind_title}){_EDITION}(?:\s(?:ch|c)\.\s?\w+,)?,?\s{_SIGN}?{section}",
        ),
        (_AT_SECTION, rf"(?<![\w.]){_SIGN}{section},?\s(?:of\sthe\s)?(?:{plain}|{doubtful})(?![\w])"),
    )
    return tuple((starts, re.compile(whole)) for starts, whole in patterns)


def _at(names: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for the first letters of *names*, as `_any` reads them."""
    following: dict[str, set[str]] = defaultdict(set)
    for name in names:
        following[name[0]] |= _second_signs(name)
    both = "|".join(f"(?<={first})[{''.join(sorted(signs))}]" for first, signs in sorted(following.items()))
    return re.compile(rf"[{''.join(sorted(following))}](?<![\w.][A-Z])(?:{both})" if following else r"(?!)")


def _second_signs(name: str) -> set[str]:
    """Return what may follow the first letter of *name*, for a set of signs: points and blanks may be left out."""
    signs = set()
    for char in name[1:]:
        signs.add({" ": r"\s", "*": r"\S"}.get(char, re.escape(char)))
        if char not in " .":
            return signs
    return {r"\s", r"\S"}


def _any(names: Iterable[str]) -> str:
    """Return a pattern for any of *names*, with or without their points and blanks."""
    # By their first letters, so that each position of a text is compared with few names.
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(names), key=len, reverse=True):
        groups[name[0]].append(_pattern(name)[1:])
    return "|".join(f"{first}(?:{'|'.join(rests)})" for first, rests in sorted(groups.items()))


def _pattern(name: str) -> str:
    signs = {".": r"\.?", " ": r"\s?" if name.isupper() else r"\s", "*": r"(?:[A-Z][\w.&']{1,14}\s?(?:&\s)?){1,5}?"}
    return "".join(signs.get(char, re.escape(char)) for char in name)
