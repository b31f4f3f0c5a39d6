"""Texts without what may differ in a quotation that is still word for word: white space and ways to set a sign.

A folded text has no blanks, one form of each quotation mark, no hyphens between letters and no dashes, and keeps for
each of its characters where it came from.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from services.grounding.claims.segments import LONE_NUMBER

_QUOTES = dict.fromkeys("\"'`´‘’‚‛“”„‟‹›«»′″", "'")
_DASHES = frozenset("-‐‑‒–—―−⁃﹘﹣－")
_NOTHING = frozenset("*\u00ad\u200b\u200c\u200d\u2060\ufeff\ufffe")
# A number of a subdivision on a line of its own that no other text can be: "3.1.b".
_DOTTED_NUMBER = re.compile(r"^[ \t]*\d+[A-Z]*(?:\.[\w-]+)+[ \t]*$", re.MULTILINE)
# A number of a subdivision at the beginning of a line: "(a)", "2.", "3.1.b".
_LEADING_NUMBER = re.compile(
    r"^[ \t]*(?:\d+[A-Z]*(?:\.[\w-]+)+|(?:\([\w-]{1,5}\))+|\d{1,3}[A-Z]{0,2}\.(?=\s))", re.MULTILINE
)
# Marks of a consolidated text ("▼M3"), which are no words of it.
_MARKS = re.compile(r"[▼►◄▲]\s?[A-Z]\d*|[▼►◄▲]")


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text.

    Attributes:
        places: Of each of its characters the place in the original.
    """

    text: str
    places: list[int]
    original: str

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where a piece of it stands in the original."""
        return self.places[start], self.places[end - 1] + 1

    def is_whole(self, start: int, end: int) -> bool:
        """Tell whether a piece of it begins and ends where words do."""
        first, last = self.span(start, end)
        return not (_joined(self.original, first) or _joined(self.original, last))


def forms(text: str) -> Iterator[Folded]:
    """Yield *text* folded with the numbers of its subdivisions, without those on lines of their own, without any."""
    yield fold(text)
    for pattern in (_DOTTED_NUMBER, LONE_NUMBER, _LEADING_NUMBER):
        if pattern.search(text):
            yield fold(text, pattern)


def fold(text: str, numbers: re.Pattern[str] | None = None) -> Folded:
    """Return *text* folded, without what *numbers* finds and without marks of consolidation."""
    left: set[int] = set()
    for pattern in (_MARKS, numbers):
        if pattern is not None:
            left.update(place for found in pattern.finditer(text) for place in range(*found.span()))
    made: list[str] = []
    places: list[int] = []
    for place, sign in enumerate(text):
        if place in left or sign.isspace() or sign in _NOTHING:
            continue
        if sign in _DASHES:
            plain = "-" if text[place - 1 : place].isdigit() and text[place + 1 : place + 2].isdigit() else ""
        else:
            plain = _QUOTES.get(sign) or (sign if sign.isascii() else _plain(sign))
        made.append(plain)
        places.extend([place] * len(plain))
    return Folded("".join(made), places, text)


def _plain(sign: str) -> str:
    """Return *sign* without its ligature or width: "ﬁ" is two letters; accents stay."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", sign)).replace(" ", "")


def _joined(text: str, place: int) -> bool:
    """Tell whether a word goes on over *place*."""
    return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()
