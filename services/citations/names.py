"""Names of cases: found beside a reference, and compared with known ones."""

import re
from difflib import SequenceMatcher
from enum import StrEnum
from functools import lru_cache

from services.citations.citation import fold
from services.citations.words import name_words

_LOOK_BACK = 200
_MAX_WORDS = 24
_BLANKS = re.compile(r"\S+")
_VERSUS = re.compile(r"\s(?:v|vs|c)\.?\s", re.IGNORECASE)
_MIN_ALIKE, _SHORTEST = 0.82, 3
_DATE = re.compile(
    r"^(?:\d{1,2}\s)?(?:January|February|March|April|May|June|July|August|September|October|November|December)\s\d{4},?\s"
)
_RE = re.compile(r"(?:Re|In re|Ex parte)\s")
_ASIDE = re.compile(r"(?<!\bR)(?<!\bR\s)\s?\((?![^()]*\sv\.?\s)[^()]*\)")
_PHASE = re.compile(
    r"\([^()]*\b(?:Preliminary|Provisional|Jurisdiction|Admissibility|Compensation|Merits|Just Satisfaction|Interpretation|Revision|Reparations?|No\.? ?\d)\b[^()]*\)",
    re.IGNORECASE,
)
_IN_BETWEEN = re.compile(r"^[^()]*\s(?:in|by|per)\s(?=(?:R|Re|[A-Z][\w.'’&-]*)(?:\s.*)?\sv\.?\s)")
# Text between a name and its number: "[GC], no.", "No. 21-3391,".
# Small words that names begin with: "Van Gend en Loos", "Les Verts v Parliament".
_PARTICLES = frozenset("van von de du des la le les der den del della di da dos al el".split())
_FORMS_OF_COMPANIES = frozenset(("plc", "ltd"))
_CHAMBER = re.compile(r"[\s,]*(?:[\[(](?:GC|Grand Chamber|Plenary|dec)\.?[\])]|No\.\s[\w:-]{3,20})[\s,]*$")


class Likeness(StrEnum):
    """How a written name relates to a known one."""

    SAME = "same"
    PARTLY = "partly"
    OTHER = "other"
    UNCLEAR = "unclear"


def name_before(text: str, end: int, lowest: int) -> tuple[str, int]:
    """Return the name that ends at *end*, and where it begins; ("", end) if there is none.

    Walks back over words of names, not beyond *lowest*.
    """
    floor = max(lowest, end - _LOOK_BACK)
    stretch = text[floor:end]
    trimmed = _CHAMBER.sub("", stretch).rstrip(" ,(\u00a0\t")
    # The name does not reach across a line break, a semicolon or a colon.
    cut = max(trimmed.rfind("\n"), trimmed.rfind(";"), trimmed.rfind(": "))
    words = list(_BLANKS.finditer(trimmed, cut + 1))[-_MAX_WORDS:]
    first = len(words)
    while first and _belongs(words[first - 1].group(), has_following=first < len(words)):
        first -= 1
    while first < len(words) and _leads(
        words[first].group(), words[first + 1].group() if first + 1 < len(words) else ""
    ):
        first += 1
    if first == len(words) or not _may_end(words[-1].group()):
        return "", end
    begin = words[first].start()
    name = trimmed[begin:]
    # "Supreme Court in Robinson v ...": the name begins after the last such word before its "v".
    dated = _DATE.match(name)
    begin += dated.end() if dated else 0
    name = trimmed[begin:]
    between = None if name.startswith("In re") else _IN_BETWEEN.match(name)
    begin += between.end() if between else 0
    while begin < len(trimmed) and trimmed[begin] in ' ,"“”‘*_|#-':
        begin += 1
    return trimmed[begin:].strip(' ,"“”‘*_|#-'), floor + begin


def _may_end(word: str) -> bool:
    """Tell whether a name may end with *word*: "plc", "(Children)", "others" and any word with a capital letter."""
    bare = word.strip("*_\"'“”‘’,.")
    if bare.endswith(")"):
        return True
    if bare.islower():
        return bare in name_words().generic and bare not in name_words().inside - _FORMS_OF_COMPANIES
    return bool(word[0:1].strip("\"'“‘(["))


def name_after(text: str, start: int, highest: int) -> tuple[str, int]:
    """Return the name that begins at *start*, as after "Case C-362/14", and where it ends."""
    stretch = text[start : min(highest, start + _LOOK_BACK)]
    stretch = re.split(
        r"[;\n\[]|\s-\s|\b(?:ECLI:)?(?:EU|CE):[A-Z]|,\s(?!Inc|Ltd|LLC)|\.\s(?=[A-Z][a-z]+\s[a-z])", stretch, maxsplit=1
    )[0]
    taken, inside = 0, name_words().inside
    for count, word in enumerate(_BLANKS.finditer(stretch)):
        bare = word.group().strip("(),.*_")
        if bare.isdigit() and stretch[:taken].rstrip(".").endswith(("(No", " No")):
            taken = word.end()
            continue
        if (
            count >= _MAX_WORDS
            or (count == 0 and (bare[:1].islower() or bare == "-"))
            or not bare
            or (bare[0].islower() and bare.casefold() not in inside)
            or bare[0].isdigit()
        ):
            break
        taken = word.end()
    name = stretch[:taken].strip(" ,.(*_")
    while name and name.rsplit(" ", 1)[-1].islower():
        name = name.rsplit(" ", 1)[0] if " " in name else ""
    return (name, start + stretch.find(name) + len(name)) if name else ("", start)


def is_case_name(name: str) -> bool:
    """Tell whether *name* has the form of a case's name."""
    return bool(_VERSUS.search(f" {name} ")) or bool(re.match(r"(?:(?:Re|In re|Ex parte)\s|R \()\s?\S", name))


def compare(given: str, known: str) -> Likeness:
    """Compare a written name with a known one, party by party."""
    given, known = _bare(given), _bare(known)
    if fold(given) == fold(known):
        return Likeness.SAME
    mine, theirs = parties(given), parties(known)
    if len(mine) == len(theirs) == 2:
        straight = _sides(mine, theirs)
        # Parties change places between instances.
        return straight if straight is not Likeness.OTHER else _sides(mine[::-1], theirs, least=Likeness.SAME)
    return _plain(given, known)


def _bare(name: str) -> str:
    """Return *name* without brackets that hold no parties, such as "(Merits)" and "(No 2)"."""
    return _ASIDE.sub("", name).strip()


def _sides(mine: list[str], theirs: list[str], least: Likeness = Likeness.PARTLY) -> Likeness:
    """Compare party with party; those without a distinctive word neither agree nor differ."""
    alike = [_alike(one, other) for one, other in zip(mine, theirs, strict=True)]
    if False not in alike:
        return Likeness.SAME if True in alike else Likeness.UNCLEAR
    return Likeness.PARTLY if True in alike and least is Likeness.PARTLY else Likeness.OTHER


def _plain(given: str, known: str) -> Likeness:
    """Compare names of which at least one has no "v": all distinctive words given must be known."""
    mine, theirs = words_of(given), words_of(known)
    if not mine or not theirs:
        return Likeness.UNCLEAR
    common = mine & theirs
    if not common:
        return Likeness.PARTLY if _alike(given, known) else Likeness.OTHER
    one_is_re = bool(_RE.match(given)) != bool(_RE.match(known)) and is_case_name(given) and is_case_name(known)
    is_all = all(
        word in theirs or any(_same_word(word, other) for other in theirs) or _initials(frozenset((word,)), known)
        for word in mine
    )
    return Likeness.SAME if is_all and not one_is_re else Likeness.PARTLY


def is_same_case(given: str, known: str, full: str) -> bool:
    """Tell whether *given* names the case *known* beyond doubt; its *full* name includes the parties."""
    if _PHASE.search(given):
        return False  # another phase of a case has another reference
    mine, theirs = parties(given), parties(known)
    if len(mine) == len(theirs) == 2:
        return _sides(mine, theirs) is Likeness.SAME
    wanted, have = words_of(known), words_of(given)
    return bool(wanted) and wanted <= have <= wanted | words_of(full)


def is_telling(known: str) -> bool:
    """Tell whether hardly any two cases share the name: both parties or two words are distinctive."""
    sides = parties(known)
    if len(sides) == 2:
        return all(words_of(side) for side in sides)
    return len(words_of(known)) >= 2 or (len(sides) == 1 and any(len(word) > 5 for word in words_of(known)))


def has_two_telling_parties(name: str) -> bool:
    """Tell whether both parties of *name* have a distinctive word."""
    sides = parties(name)
    return len(sides) == 2 and all(words_of(side) for side in sides)


def parties(name: str) -> list[str]:
    """Return the parties of *name*: two, or one where there is no "v"."""
    inner = re.search(r"\(([^()]*\sv\.?\s[^()]*)\)", name)
    if inner and not _VERSUS.search(f" {name[: inner.start()]} "):
        # "Nicaragua (Nicaragua v United States)": the short name identifies the case.
        return [name]
    return [part for part in _VERSUS.split(f" {name} ", maxsplit=1) if part.strip()]


@lru_cache(4096)  # the parties of one case are compared with many
def words_of(name: str) -> frozenset[str]:
    """Return the distinctive words of *name*, folded."""
    generic = name_words().generic
    words = re.findall(r"\w+", fold(name).replace("'", ""))
    return frozenset(word for word in words if word not in generic and not word.isdigit())


def _alike(given: str, known: str) -> bool | None:
    """Tell whether two parties share a distinctive word; None if neither has one."""
    mine, theirs = words_of(given), words_of(known)
    if not mine and not theirs:
        return None
    if mine & theirs or _initials(mine, known) or _initials(theirs, given):
        return True
    return any(_same_word(one, other) for one in mine for other in theirs)


def _same_word(one: str, other: str) -> bool:
    """Tell whether a word abbreviates another ("educ" for "education"), or is spelled slightly differently."""
    if min(len(one), len(other)) >= _SHORTEST and (one.startswith(other) or other.startswith(one)):
        return True
    return abs(len(one) - len(other)) < 4 and SequenceMatcher(None, one, other).ratio() >= _MIN_ALIKE


def _initials(words: frozenset[str], name: str) -> bool:
    """Tell whether one of *words* is the initials of *name*."""
    letters = "".join(word[0] for word in re.findall(r"\w+", fold(name)) if word not in ("of", "the", "and"))
    return any(2 < len(word) < 8 and word in letters for word in words)


def _belongs(word: str, has_following: bool) -> bool:
    bare = word.strip("\"“”‘’'(),*_[]")
    if not bare:
        return word in ("&", "-", "–") or not word.strip("(),*_")
    ends = word.endswith(".") and has_following and len(bare.rstrip(".")) > 4 and "." not in bare[:-1]
    if word.endswith((";", ":")) or (ends and bare.rstrip(".").casefold() not in name_words().abbreviated):
        return False
    return (
        bare[0].isupper()
        or bare[0].isdigit()
        or any(char.isupper() for char in bare[1:3])
        or bare in ("&", "–", "-")
        or bare.casefold().rstrip(".") in name_words().inside
    )


def _leads(word: str, following: str) -> bool:
    bare = word.strip("\"“”‘’'(),*_[]").casefold()
    if word[:1].isupper() and bare in ("in", "ex") and following.casefold() in ("re", "parte"):
        return False
    if bare in ("re", "r", "a", "the") and word[:1].isupper():
        return bare == "the" and following[:1].islower()
    words = name_words()
    if word[:1].isupper() and following[:1].isupper() and bare in _PARTICLES:
        return False
    return bare in words.lead or bare.rstrip(".") in words.inside or not bare or bare[0].isdigit()
