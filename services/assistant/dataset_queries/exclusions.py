"""What words of a question exclude: "not from the UK", "non-expert", "neither basic nor expert".

Only what can be read one way is read. The words that exclude and had no part in anything are told by `left`, so that a
question is refused rather than answered with the opposite number.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

_NEXT_ONLY = frozenset(("non",))
_LINKS = frozenset(("or", "nor", "and"))
# Stand before what is excluded.
_LEADS = frozenset(
    "not non without except excepting excluding exclude excludes neither nor isnt arent wasnt werent dont doesnt"
    " didnt cannot cant never besides outside minus omit omitting ignoring ignore skip skipping unlike havent"
    " hasnt".split()
)
_PAIRS = frozenset(
    ("other than", "rather than", "instead of", "apart from", "aside from", "leaving out", "leave out", "all but",
     "anything but", "everything but", "any but", "filter out", "different from")
)  # fmt: skip
# What these exclude is not read: it may stand before them, or be what another thing has none of.
_NOT_READ = frozenset("excluded omitted ignored skipped removed unless no lack lacks lacking missing".split())
_PAIRS_NOT_READ = frozenset(("left out", "taken out"))
# May stand between the word that excludes and what it excludes.
_BETWEEN = frozenset(
    "from the a an any of in on about at with for to by level levels difficulty sample samples ones those that which"
    " are is be being have has having marked labelled rated include includes including counting showing"
    " listing come comes came set named all jurisdiction topic type area provider model".split()
)
# "which topics do not have expert samples" asks for topics, "excluding expert" would leave samples out.
_OF_VERBS = frozenset("not without isnt arent wasnt werent dont doesnt didnt cannot cant never havent hasnt".split())
_GROUPS = frozenset(
    "topic topics area areas practice field fields subject subjects provider providers vendor vendors model models llm"
    " llms jurisdiction jurisdictions country countries type types kind kinds level levels difficulty difficulties"
    " batch batches".split()
)
_ASKING = frozenset("which what who that how whose".split())
# "do not generate anything" says what is not to be done, and excludes no sample.
_DEEDS = frozenset(
    "generate generating create creating make making write writing produce producing start starting draft drafting"
    " invent anything nothing know care worry mind change changing delete deleting spend spending".split()
)


def lead_before(words: Sequence[str], start: int) -> tuple[int, int] | None:
    """Return where the words stand that exclude what begins at *start*: first, and behind the last; None for none."""
    place = start
    while place > 0:
        place -= 1
        if place > 0 and f"{words[place - 1]} {words[place]}" in _PAIRS:
            return place - 1, place + 1
        if words[place] in _LEADS:
            first = place - 1 if place > 0 and words[place - 1] == "but" else place
            return first, place + 1
        if words[place] not in _BETWEEN:
            return None
    return None


def goes_on(between: Sequence[str]) -> bool:
    """Tell whether a list goes on over the words *between* two names: "basic or expert"."""
    return bool(_LINKS & set(between)) and all(word in _LINKS or word in _BETWEEN for word in between)


def binds_next_only(lead: Sequence[str]) -> bool:
    """Tell whether *lead* excludes the next name and says nothing of those behind it ("non-expert samples on tort")."""
    return lead[-1] in _NEXT_ONLY


def asks_who_has_none(words: Sequence[str], lead: Sequence[str]) -> bool:
    """Tell whether *words* ask which groups have none of what *lead* excludes, rather than leave samples out."""
    asked = any(word in ("which", "what") and behind in _GROUPS for word, behind in pairwise(words))
    return asked and bool(_OF_VERBS & set(lead))


def left(words: Sequence[str], free: Sequence[str]) -> str:
    """Return the first word that excludes something and is still in *free*, where used ones of *words* are empty."""
    for place, word in enumerate(free):
        behind = free[place + 1] if place + 1 < len(free) else ""
        if f"{word} {behind}" in _PAIRS | _PAIRS_NOT_READ or word in _NOT_READ:
            return f"{word} {behind}".strip()
        if word in _LEADS and not (behind in _DEEDS and not _ASKING & set(words[:place])):
            return f"{word} {behind}".strip()
    return ""
