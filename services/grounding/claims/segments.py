"""The pieces of a provision that a claim can be held against: sentences, and the items of its lists.

An item of a list is read with the words that open the list ("A petition may be considered only if—").
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from services.grounding.claims.words import has_words, roots

# A number of a subdivision on a line of its own: "3.1.a", "(b)", "12A".
LONE_NUMBER = re.compile(r"^[ \t]*(?:\d+[A-Z]*(?:\.[\w-]+)+|\([\w-]{1,5}\)|\d{1,3}[A-Z]{0,2}\.?)[ \t]*$", re.MULTILINE)
# Where a piece may end: after a full stop, at a list's sign, at an empty line, before "(a)" and "2."
_ABBREVIATED = re.compile(
    r"(?:\b(?:No|Nos|Art|Arts|art|para|paras|cl|v|c|p|pp|cf|ff|s|ss|e\.g|i\.e|viz|U\.S|[A-Z]))\.$"
)
_BREAK = re.compile(
    r"(?<=[.;?!])[\"”’)]?\s+(?=[\"“‘(]?[A-Z(\d])"  # a sentence; "1. The …" begins one
    r"|(?<=[a-z)][.;:])(?=[A-Z(])"  # where blanks were lost
    r"|(?<=[:;—])\s*(?=\(\w{1,4}\)|(?!(?:and|or)\b)\w)"
    r"|(?<=[;,:.—])\s+(?=\([a-z]{1,3}\)\s|\(\d{1,2}\)\s|\([A-Z]\)\s)"
    r"|(?<=[;,]\sor)\s+(?=\(\w{1,3}\)\s)|(?<=[;,]\sand)\s+(?=\(\w{1,3}\)\s)"
    r"|\n[ \t]*\n"
)
_OPENS = re.compile(r"[:—][ \t]*$|.—$")
_CLOSES_ITEM = re.compile(r"(?:[;,]|\b(?:or|and))\s*$")
_LIST_SIGN = re.compile(r"^\s*\(?(?:[a-z]{1,3}|\d{1,2}|[ivx]+|[A-Z])\)")
# How much of a provision is read, and of one sentence.
MAX_CHARS, _FULL_CHARS = 60_000, 4_000


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence, or an item of a list with the words that open it.

    Attributes:
        start: Where it begins in the text of the provision.
        own: The roots of what it says without its opening.
        opening: The words that open its list, "" outside lists.
        roots: What it says, its opening included.
    """

    text: str
    start: int
    end: int
    own: frozenset[str]
    opening: str
    roots: frozenset[str]

    @property
    def full(self) -> str:
        """Its text behind the list's opening, as far as sentences are read."""
        return f"{self.opening} {self.text}"[-_FULL_CHARS:] if self.opening else self.text[:_FULL_CHARS]


def segments(text: str) -> list[Segment]:
    """Return the pieces of *text*, of which at most `MAX_CHARS` are read."""
    made: list[Segment] = []
    outer: tuple[str, frozenset[str]] = ("", frozenset())
    opening = outer
    in_list = False
    for start, end in _pieces(text[:MAX_CHARS]):
        piece = text[start:end]
        if LONE_NUMBER.fullmatch(piece) or not has_words(piece):
            continue
        own = frozenset(roots(piece))
        opens = _OPENS.search(piece) is not None
        made.append(Segment(piece, start, end, own, opening[0], own | opening[1]))
        if opens:
            # A list in a list: its items belong to both openings.
            outer = outer if in_list else ("", frozenset())
            opening = (f"{outer[0]} {piece}".strip(), outer[1] | own)
            outer, in_list = (outer if in_list else opening), True
        elif in_list and not _CLOSES_ITEM.search(piece):
            outer = opening = ("", frozenset())
            in_list = False
    return made


def _pieces(text: str) -> list[tuple[int, int]]:
    """Return where the pieces begin and end, without the blanks around them."""
    breaks = [
        found.end()
        for found in _BREAK.finditer(text)
        if _ABBREVIATED.search(text, max(0, found.start() - 6), found.start()) is None
    ]
    trimmed = (_trimmed(text, start, end) for start, end in pairwise((0, *breaks, len(text))))
    return [(start, end) for start, end in trimmed if start < end]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    inner = text[start:end]
    return start + len(inner) - len(inner.lstrip()), start + len(inner.rstrip())
