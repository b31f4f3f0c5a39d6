"""Finds the quotations of an answer, and proves each word for word in the text that it is said to come from.

The style of lawyers is read: "[t]he" for a small letter, "[the court]" for words put in, "…" for words left out,
"(emphasis added)", and a full stop or comma that belongs to the sentence around it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from services.grounding.claims.folding import Folded, fold, forms
from services.grounding.claims.segments import segments
from services.grounding.claims.words import Token, roots, tokens

_PAIRS = (("“", "”"), ("«", "»"), ("„", "“"), ("„", "”"), ("»", "«"), ("‹", "›"), ("‘", "’"))
# Those of which one may stand in another of its kind.
_NESTED = (("“", "”"), ("«", "»"))
_MAX = 4_000
_STRAIGHT = re.compile(rf'(?<![\w"])"(?P<inner>[^"]{{1,{_MAX}}})"(?!\w)')
# A single quotation mark opens behind a blank and closes before one; within, apostrophes stand between letters.
_SINGLE = re.compile(rf"(?<![\w'])'(?P<inner>[A-Za-z\[(…](?:[^'\n]|(?<=\w)'(?=\w)){{1,{_MAX}}}?[^\s'])'(?![\w'])")
_BLOCK = re.compile(r"(?:^[ \t]*>[^\n]*(?:\n|\Z))+", re.MULTILINE)
_BLOCK_SIGN = re.compile(r"^[ \t]*>[ \t]?", re.MULTILINE)
# Words before a quotation that give it out as words of the text.
_ATTRIBUTED = re.compile(
    r"(?:\b(?:says?|said|states?|stat(?:es|ing)|reads?|provid(?:es|ing)|words?|wording|phrase|sentence"
    r"|text|term|speaks? of|refers? to|uses?|"
    r"requires?|defines?|begins?|opens?|closes?|ends?|according to|in the (?:words|language"
    r"|terms))\b[^.;\"“”]{0,40})$",
    re.IGNORECASE,
)
_TITLE_BEFORE = re.compile(
    r"\b(?:entitled|headed|titled|called|known as|heading|title|so-called|nicknamed)\s*[,:]?\s*$", re.IGNORECASE
)
# From this many words on a passage in quotation marks is a quotation; shorter ones are terms unless given out as words.
_LONG, _SHORT = 5, 2
_ELLIPSIS = re.compile(
    r"\s*(?:\[\s*(?:…|\.\s?\.\s?\.)\s*\]|\(\s*(?:…|\.\s?\.\s?\.)\s*\)|…\.?|\.\s?\.\s?\.(?:\s?\.)?|\*\s\*\s\*)\s*"
)
_REMARK = re.compile(
    r"\s*[\[(](?:emphasis (?:added|supplied|in (?:the )?original|mine|removed)|footnotes? omitted"
    r"|citations? omitted|sic|my emphasis|internal quotation marks omitted)[\])]",
    re.IGNORECASE,
)
_LETTER = re.compile(r"\[([A-Za-z])\](?=[a-z])")
_BRACKET = re.compile(r"\[[^\[\]]{0,200}\]")
_MARKUP = re.compile(r"\*{1,3}(?=\S)|(?<=\S)\*{1,3}|(?<!\w)_{1,2}(?=\w)|(?<=\w)_{1,2}(?!\w)")
_LIST_SIGN = re.compile(r"(?<![\w)])\((?:[a-z]{1,4}|\d{1,2}|[A-Z])\)\s")
_ENDS = ".,;:!?'—–- "
# How much of the text words in brackets may stand for, in folded characters.
_FOR_BRACKETS = 240


@dataclass(frozen=True, slots=True)
class Quotation:
    """A passage of an answer between quotation marks, or a block of it.

    Attributes:
        text: Without the marks.
        start: Where *text* begins in the answer.
    """

    text: str
    start: int
    end: int
    is_attributed: bool = False
    is_block: bool = False

    @property
    def must_be_proved(self) -> bool:
        """It is given out as words of the text, not a term, a title or a word held at a distance."""
        count = len(tokens(self.text))
        return self.is_block or count >= _LONG or (count >= _SHORT and self.is_attributed)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a quotation is, held against a text.

    Attributes:
        spans: Where its parts stand in the text, in order; empty if it is not word for word.
        nearest: Of one that is not: the passage that comes nearest to it, or "".
        differences: Of one that is not: what it has and what the text has in its place; "" for nothing.
    """

    quotation: Quotation
    spans: tuple[tuple[int, int], ...] = ()
    nearest: str = ""
    nearest_span: tuple[int, int] = (0, 0)
    differences: tuple[tuple[str, str], ...] = ()

    @property
    def is_proved(self) -> bool:
        """It stands in the text word for word."""
        return bool(self.spans)

    @property
    def sentence(self) -> str:
        """What is wrong with it, for the next try of the model; "" if nothing."""
        if self.is_proved:
            return ""
        said = self.quotation.text if len(self.quotation.text) <= 160 else self.quotation.text[:157] + "..."
        if not self.nearest:
            return f'the quotation "{said}" does not stand in the provision'
        changes = "; ".join(
            f'"{mine}" where the provision has "{theirs}"' if mine and theirs
            else f'"{mine}" is not in it' if mine else f'"{theirs}" is left out'
            for mine, theirs in self.differences[:4]
        )  # fmt: skip
        changed = changes or "signs differ"
        return f'the quotation "{said}" is not word for word: {changed}; the provision says "{self.nearest}"'


def find_quotations(answer: str) -> list[Quotation]:
    """Return the quotations of *answer* in order; of one inside another only the outer."""
    found = [*_blocks(answer), *_quoted(answer)]
    found.sort(key=lambda quotation: (quotation.start, -quotation.end))
    kept: list[Quotation] = []
    for quotation in found:
        if not kept or quotation.start - 1 > kept[-1].end:  # the marks beside them are not shared
            kept.append(quotation)
    return kept


def prove(quotation: Quotation, text: str) -> Proof:
    """Prove *quotation* in *text*: word for word, but for white space, ways to set signs, its first letter's case."""
    spans = spans_in(quotation.text, text)
    return Proof(quotation, spans) if spans else _nearest(quotation, text)


def spans_in(quoted: str, text: str) -> tuple[tuple[int, int], ...]:
    """Return where the parts of *quoted* stand in *text*, in order; empty if they do not stand there."""
    as_written = _REMARK.sub("", quoted)
    plain = _MARKUP.sub("", as_written)
    written = [_parts(plain)]
    if plain != as_written:  # the text may have such signs too
        written.append(_parts(as_written))
    if _LIST_SIGN.search(plain):
        written.append(_parts(_LIST_SIGN.sub("", plain)))
    found = (_found(parts, folded) for folded in forms(text) for parts in written)
    return next((spans for spans in found if spans), ())


def _parts(quoted: str) -> list[tuple[str, int | None]]:
    """Return the folded parts of a quotation, and how much may stand before each in the text (None: anything)."""
    parts: list[tuple[str, int | None]] = []
    gap: int | None = None
    for i, piece in enumerate(_ELLIPSIS.split(quoted)):
        gap = None if i else gap
        for j, run in enumerate(_BRACKET.split(_LETTER.sub(r"\1", piece))):
            folded = fold(run.strip(" ")).text
            if j:
                gap = _FOR_BRACKETS if gap is not None or parts else gap
            if folded.strip(_ENDS):
                parts.append((folded, gap))
                gap = 0
    if parts:
        last, before = parts[-1]
        parts[-1] = (last.rstrip(_ENDS), before)
        first, before = parts[0]
        parts[0] = (first.lstrip(_ENDS), before)
    return parts


def _found(parts: list[tuple[str, int | None]], text: Folded) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    at = 0
    for part, gap in parts:
        place = _place(part.strip(_ENDS), text, at, gap if spans else None)
        if place is None:
            return ()
        spans.append(text.span(*place))
        at = place[1]
    return tuple(spans)


def _place(part: str, text: Folded, start: int, gap: int | None) -> tuple[int, int] | None:
    """Return the next place of *part*, its first letter in either case, that begins and ends where words do."""
    for first in {part[0], part[0].swapcase()}:
        written, at = first + part[1:], start
        while (at := text.text.find(written, at)) >= 0 and (gap is None or at - start <= gap):
            if text.is_whole(at, at + len(written)):
                return at, at + len(written)
            at += 1
    return None


def _blocks(answer: str) -> Iterator[Quotation]:
    for found in _BLOCK.finditer(answer):
        inner = _BLOCK_SIGN.sub(lambda sign: " " * len(sign[0]), found[0])
        left = len(inner) - len(inner.lstrip(' \t\n"“'))
        text = inner.strip(' \t\n"“”')
        if text:
            yield Quotation(
                text, found.start() + left, found.start() + left + len(text), is_attributed=True, is_block=True
            )


def _quoted(answer: str) -> Iterator[Quotation]:
    for opening, closing in _PAIRS:
        if opening in answer:
            nested = (opening, closing) in _NESTED
            spans = _balanced(answer, opening, closing) if nested else _simple(answer, opening, closing)
            yield from (_quotation(answer, start, end) for start, end in spans)
    for pattern in (_STRAIGHT, _SINGLE):
        yield from (_quotation(answer, *found.span("inner")) for found in pattern.finditer(answer))


def _simple(answer: str, opening: str, closing: str) -> Iterator[tuple[int, int]]:
    pattern = rf"{opening}(?P<inner>[^{opening}]{{1,{_MAX}}}?){closing}" + (r"(?!\w)" if closing == "’" else "")
    return (found.span("inner") for found in re.finditer(pattern, answer, re.DOTALL))


def _balanced(answer: str, opening: str, closing: str) -> Iterator[tuple[int, int]]:
    """Yield the outermost pairs; where marks do not match, those that do."""
    starts: list[int] = []
    for found in re.finditer(f"[{opening}{closing}]", answer):
        if found[0] == opening:
            starts.append(found.end())
        elif starts:
            start = starts.pop()
            if 0 < found.start() - start <= _MAX:
                yield start, found.start()


def _quotation(answer: str, start: int, end: int) -> Quotation:
    before = answer[max(0, start - 81) : start - 1]
    attributed = _ATTRIBUTED.search(before) is not None and _TITLE_BEFORE.search(before) is None
    return Quotation(answer[start:end], start, end, is_attributed=attributed)


def _nearest(quotation: Quotation, text: str) -> Proof:
    """Return the failure of a quotation: the piece of *text* that shares most words with it, and how they differ."""
    mine = tokens(quotation.text)
    wanted = roots(quotation.text)
    best = max(segments(text), key=lambda piece: len(wanted & piece.own), default=None)
    theirs = tokens(best.text) if best else []
    matcher = SequenceMatcher(None, [token.word for token in mine], [token.word for token in theirs], autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    if best is None or not blocks:
        return Proof(quotation)
    first, last = blocks[0], blocks[-1]
    # As many words as the quotation has before and behind what both share.
    opening, closing = max(0, first.b - first.a), min(last.b + len(mine) - last.a, len(theirs))
    start, end = theirs[opening].start, theirs[closing - 1].end
    differences = tuple(
        (_words(mine[i1:i2], quotation.text), _words(theirs[max(j1, opening) : min(j2, closing)], best.text))
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        if tag != "equal" and (i1 < i2 or opening <= j1 < j2 <= closing)
    )
    nearest = " ".join(best.text[start:end].split())
    return Proof(quotation, (), nearest, (best.start + start, best.start + end), differences)


def _words(found: list[Token], text: str) -> str:
    return " ".join(text[found[0].start : found[-1].end].split()) if found else ""
