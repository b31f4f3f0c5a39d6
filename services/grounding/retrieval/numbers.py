"""Numbers of provisions: one spelling for all ways in which sources and readers write them.

"Article 6", "art. 6" and "6" are "6"; "26a" is "26A"; "Art. I s. 8" is "1.8"; "Amendment XIV" is "AM14".
"""

import re
from functools import lru_cache

_ROMAN = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_NUMBER = r"(?:\d+(?:[a-z]{1,3}\d{0,2})?(?:[-.]\d*[a-z]{0,3}\d*)*|[ivxlcdm]+)(?![a-z])"
_AMENDMENT = re.compile(rf"\bamend(?:ment)?s?\.?\s*({_NUMBER})(?:[\s,]*(?:§+|s(?:ec(?:tion)?)?\b\.?)\s*(\d+))?", re.I)
_TWO_LEVELS = re.compile(
    rf"\bart(?:icle)?s?\.?\s*({_NUMBER})[\s,]*(?:§+|s(?:ec(?:tion)?)?\b\.?|cl(?:ause)?\b\.?)\s*(\d+)", re.I
)
_WORDS = re.compile(
    r"^[\s\[(]*(?:articles?|arts?|sections?|sects?|secs?|ss?|rules?|rr?|regulations?|regs?|recitals?|paragraphs?|paras?|"
    r"clauses?|cl|schedules?|sch|§+|¶+)(?:\b\.?|(?<=[§¶]))\s*",
    re.I,
)
_TAIL = re.compile(r"[\s.\])]+$")
MOST_IN_RANGE = 60


def roman_value(text: str) -> int | None:
    """Return what a Roman numeral stands for; None for anything else."""
    upper = text.upper()
    if not upper or not _ROMAN.fullmatch(upper):
        return None
    total = 0
    for sign, following in zip(upper, upper[1:] + " ", strict=True):
        value = _VALUES[sign]
        total += -value if _VALUES.get(following, 0) > value else value
    return total


@lru_cache(8192)
def number_key(written: str) -> str:
    """Return the key of a number as a source or a reader writes it, with or without its word; "" for none."""
    text = written.strip()
    if found := _AMENDMENT.search(text):
        return _joined("AM" + _plain(found[1]), found[2])
    if found := _TWO_LEVELS.search(text):
        return _joined(_plain(found[1]), found[2])
    return _plain(_WORDS.sub("", text))


def number_keys(written: str) -> tuple[str, ...]:
    """Return the keys under which a provision is stored: its own, then that of the whole of which it is a part.

    "Art. I s. 8" stands under "1.8" and, for who cites all of Article I, under "1".
    """
    key = number_key(written)
    if not key:
        return ()
    whole, dot, _ = key.partition(".")
    return (key, whole) if dot and (_TWO_LEVELS.search(written) or key.startswith("AM")) else (key,)


def expanded(first: str, last: str) -> tuple[str, ...]:
    """Return the keys from *first* to *last* of a range; both ends alone where it cannot be counted."""
    if first.isdigit() and last.isdigit():
        low, high = int(first), int(last)
        if low < high and high - low < MOST_IN_RANGE:
            return tuple(str(number) for number in range(low, high + 1))
        if high < low and len(last) < len(first):  # "101-3" stands for 101-103
            return expanded(first, first[: -len(last)] + last)
    return (first, last)


def _plain(text: str) -> str:
    bare = _TAIL.sub("", text).lstrip("([ ").upper()
    value = roman_value(bare)
    return str(value) if value else bare.replace(" ", "")


def _joined(whole: str, part: str | None) -> str:
    return f"{whole}.{part}" if part else whole
