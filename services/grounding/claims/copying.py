"""A claim beside the sentence of its provision that it repeats, word for word or nearly so.

A model that is shown a provision mostly repeats it. Beside the sentence that was repeated each changed word can be told
for what it is, which the rules for claims in words of their own cannot do.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from itertools import groupby

from services.grounding.claims.alignment import Claim, Support
from services.grounding.claims.clauses import Kind, clauses, denials
from services.grounding.claims.law import Rule
from services.grounding.claims.segments import Segment
from services.grounding.claims.terms import Term, terms
from services.grounding.claims.words import roots

# A claim repeats a sentence if so many words are the sentence's, such a share of those between the first and the last,
# and such a share of all.
_FEWEST, _SHARE, _OF_ALL = 8, 0.75, 0.5
# A word by itself may stand in both by chance, unless it stands so near to more of them on both sides.
_NEAR = 2
# So many words beside what was repeated only introduce it.
_INTRODUCES = 3
# How far before a sentence's repeated words a denial bears on them.
_BEFORE = 40
_NUMBER = re.compile(r"\d{1,4}[a-z]{0,3}")
# What a reference to another place begins with.
REFERS = re.compile(
    r"(?:sub-?)?(?:sections?|paragraphs?|articles?|regulations?|rules?|clauses?|schedules?|parts?|chapters?|points?"
    r"|titles?|§+)"
)


@dataclass(frozen=True, slots=True)
class Change:
    """What a claim has in the place of words of the sentence.

    Attributes:
        mine: The claim's; may be empty.
        theirs: The sentence's; may be empty.
        said: The claim's words with one word on each side.
        held: The sentence's with one on each side.
        follows: What follows in the sentence.
    """

    mine: Sequence[Term]
    theirs: Sequence[Term]
    said: str
    held: str
    follows: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A claim beside the sentence that it repeats.

    Attributes:
        said: The claim from the first word that both have to the last.
        held: The sentence, from the same to the same.
        changes: What differs in between.
        before: What the claim says before, without its citation.
        behind: What it says behind.
        left_out: What the sentence has before, as far as it bears on it.
    """

    segment: Segment
    said: str
    held: str
    changes: Sequence[Change]
    before: str
    behind: str
    left_out: str

    @property
    def is_whole(self) -> bool:
        """Nothing was changed, and nothing of weight stands beside it."""
        beside = f"{self.before} {self.behind}"
        return not (
            self.changes
            or denials(self.left_out)
            or denials(beside)
            or len(roots(beside)) > _INTRODUCES
            or any(clause.kind is not Kind.MAIN for clause in clauses(beside))
        )


def stands_whole(claim: Claim, rule: Rule) -> bool:
    """Tell whether all words of *claim* stand in *rule* in a row, wherever, but for a few that introduce them."""
    mine = _without_citation(claim, terms(claim.written), rule.shown)
    for first in range(min(len(mine), _INTRODUCES)):
        words = f" {' '.join(one.word for one in mine[first:])} "
        place = rule.words.find(words) if len(mine) - first >= _FEWEST else -1
        if place >= 0:
            left_out = rule.words[max(0, place - _BEFORE) : place]
            return not denials(left_out) and not denials(claim.text[: mine[first].start])
    return False


def repeated(claim: Claim, cited: Support) -> Copy | None:
    """Return *claim* beside the sentence that it repeats; None where it says the rule in words of its own."""
    mine = _without_citation(claim, terms(claim.written), cited.rule.shown)
    around = (
        cited.rule.text[max(0, one.start - len(claim.written)) : one.end + len(claim.written)] for one in cited.segments
    )
    texts = [(one, text) for one, wide in zip(cited.segments, around, strict=True) for text in (one.full, wide)]
    copies = [copy for segment, text in texts if (copy := _beside(claim, mine, segment, text)) is not None]
    return min(copies, key=lambda copy: (len(copy.changes), -len(copy.said)), default=None)


def _without_citation(claim: Claim, mine: list[Term], shown: str) -> list[Term]:
    """Return *mine* without the terms that cite the provision itself; references to other places stay."""
    own = set(_NUMBER.findall(shown.lower()))
    kept: list[Term] = []
    for is_cited, group in groupby(mine, lambda one: claim.text[one.start : one.end].isspace()):
        found = list(group)
        is_elsewhere = REFERS.fullmatch(found[0].word) is not None and own.isdisjoint(one.word for one in found)
        if not is_cited or is_elsewhere or found[0].is_label:
            kept += found
    return kept


def _beside(claim: Claim, mine: list[Term], segment: Segment, text: str) -> Copy | None:
    theirs = terms(text)
    matcher = SequenceMatcher(None, [one.word for one in mine], [one.word for one in theirs], autojunk=False)
    blocks = _close(matcher.get_matching_blocks())
    held = sum(block.size for block in blocks)
    if held < max(_FEWEST, _OF_ALL * len(mine)):
        return None
    first, end, their_end = blocks[0], blocks[-1].a + blocks[-1].size, blocks[-1].b + blocks[-1].size
    if held < _SHARE * (end - first.a):
        return None
    if len(mine) - end <= _NEAR:  # the last word may have been changed
        end, their_end = len(mine), min(len(theirs), their_end + len(mine) - end)
    changes = [
        Change(
            mine[i1:i2],
            theirs[j1:j2],
            _piece(claim.written, mine[max(0, i1 - 1) : i2 + 1]),
            _piece(text, theirs[max(0, j1 - 1) : j2 + 1]),
            text[theirs[j2].start :] if j2 < len(theirs) else "",
        )
        for tag, i1, i2, j1, until in matcher.get_opcodes()
        for j2 in (min(until, their_end),)
        if tag != "equal" and first.a <= i1 and i2 <= end and first.b <= j1 <= j2 and (i1 < i2 or j1 < j2)
    ]
    begin = theirs[first.b].start
    return Copy(
        segment,
        _piece(claim.written, mine[first.a : end]),
        _piece(text, theirs[first.b : their_end]),
        # Signs of a list that only the sentence has are left out by everybody.
        [change for change in changes if change.mine or not all(one.is_label for one in change.theirs)],
        claim.text[: mine[first.a].start],
        claim.text[mine[end - 1].end :],
        re.split(r"[.;:—]", text[max(0, begin - _BEFORE) : begin])[-1],
    )


def _close(blocks: Sequence[Match]) -> list[Match]:
    """Return what both have in common, without single words far from the rest."""
    found = [block for block in blocks if block.size]
    near = [
        block.size > 1
        or any(
            abs(other.a - block.a - (block.size if other.a > block.a else -other.size)) <= _NEAR
            and abs(other.b - block.b - (block.size if other.b > block.b else -other.size)) <= _NEAR
            for other in (*found[max(0, place - 1) : place], *found[place + 1 : place + 2])
        )
        for place, block in enumerate(found)
    ]
    return [block for block, is_near in zip(found, near, strict=True) if is_near]


def _piece(text: str, some: Sequence[Term]) -> str:
    return " ".join(text[some[0].start : some[-1].end].split()) if some else ""
