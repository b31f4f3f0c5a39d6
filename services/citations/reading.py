"""A text as the formats read it, and the way back to the text as it was given.

Documents bring line ends, no-break spaces, dashes, tags, entities and soft hyphens into the middle of
citations. All that is put right once, before any format reads; spans are then taken back.
"""

import html
import re
from bisect import bisect_right
from dataclasses import dataclass

from services.citations.citation import plain
from services.citations.scanning import found_at

# Word processors and PDF files write "fi" as one sign.
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
# What separates words: white space, whatever way it is written, and the tags of blocks.
_ODD_GAP = (
    rf"(?:[^\S ]|[{_INVISIBLE}]|&(?:nbsp|#160|#[xX][aA]0);"
    r"|</?(?:br|p|div|[uo]l|li|t[rdh]|table|h[1-6]|blockquote)(?:\s[^<>]{0,300})?/?>)"
)
_UNUSUAL = re.compile(
    rf"(?P<hyphen>[{_INVISIBLE}-](?:\r\n?|\n)[^\S\n]*(?=[a-z\d]))"
    rf"|(?P<gap>{_ODD_GAP}(?:[ ]|{_ODD_GAP})*|[ ](?:[ ]|{_ODD_GAP})+)"
    r"|(?P<tag></?[A-Za-z][A-Za-z0-9]{0,14}(?:\s[^<>]{0,300})?/?>)"
    r"|(?P<entity>&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});)"
    rf"|(?P<ligature>[{''.join(_LIGATURES)}])"
)
_START = re.compile(
    rf"[\s&<\-{_INVISIBLE}{''.join(_LIGATURES)}](?:(?<![ \-])|(?<=[ ])(?=[\s&<{_INVISIBLE}])|(?<=-)(?=[\r\n]))"
)
# No text without one of these signs has anything unusual, and looking for them is far cheaper.
_HINT = re.compile(rf"[^\S ]|[ ]{{2}}|[<&{_INVISIBLE}{''.join(_LIGATURES)}]")
_LINE_END = re.compile(r"\r\n?|[\n\x0b\x0c\x85\u2028\u2029]")
# A line that begins so is an item of a list or a heading: no citation runs on into it.
_ITEM = re.compile(r"(?:[-*•·–]|#{1,6}|\d{1,3}[.)]|\([a-z\d]{1,3}\))\s")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the read text: where it begins there, where in the given text, and whether it is the same in both."""

    begin: int
    given: int
    is_same: bool = True


@dataclass(frozen=True, slots=True)
class Reading:
    """A text with plain blanks, hyphens and quotes, and without tags, entities and invisible signs.

    Attributes:
        text: What the formats read.
        pieces: What `text` is made of, in order.
        length: Of the text as it was given, in characters.
    """

    text: str
    length: int
    pieces: tuple[Piece, ...] = (Piece(0, 0),)

    def given(self, start: int, end: int) -> tuple[int, int]:
        """Return the span in the text as it was given for a span of `text`, which is not empty."""
        first, last = self._piece(start), self._piece(end - 1)
        begin = self.pieces[first]
        to = self.pieces[last]
        follows = self.pieces[last + 1].given if last + 1 < len(self.pieces) else self.length
        return (
            begin.given + (start - begin.begin if begin.is_same else 0),
            to.given + end - to.begin if to.is_same else follows,
        )

    def _piece(self, at: int) -> int:
        return bisect_right(self.pieces, at, key=lambda piece: piece.begin) - 1


def read(text: str) -> Reading:
    """Return *text* as the formats read it."""
    if _HINT.search(text) is None:
        return Reading(plain(text), len(text))
    written: list[str] = []
    pieces: list[Piece] = []
    done = length = 0
    for match in found_at(_START, _UNUSUAL, text):
        instead = _instead(match, text)
        if instead == match.group():
            continue
        if match.start() > done:
            pieces.append(Piece(length, done))
            written.append(text[done : match.start()])
            length += match.start() - done
        if instead:
            pieces.append(Piece(length, match.start(), is_same=False))
            written.append(instead)
            length += len(instead)
        done = match.end()
    if done < len(text) or not pieces:
        pieces.append(Piece(length, done))
        written.append(text[done:])
    return Reading(plain("".join(written)), len(text), tuple(pieces))


def _instead(match: re.Match[str], text: str) -> str:
    """Return what stands for an unusual stretch of *text*."""
    if (gap := match["gap"]) is not None:
        ends = len(_LINE_END.findall(gap))
        if ends > 1 or (ends and _ITEM.match(text, match.end())):
            return "\n"
        return "" if not gap.strip(_INVISIBLE) else " "
    if match["hyphen"] is not None:
        # A hyphen between digits belongs to a range or a number; between letters the line's end made it.
        before, after = text[match.start() - 1 : match.start()], text[match.end()]
        return "-" if match.group()[0] == "-" and (before.isdigit() or after.isdigit()) else ""
    if match["tag"] is not None:
        return ""
    if match["entity"] is not None:
        meant = html.unescape(match["entity"])
        return "" if meant in _INVISIBLE else meant
    return _LIGATURES.get(match.group(), "")
