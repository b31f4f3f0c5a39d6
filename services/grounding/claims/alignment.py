"""Where in its instrument the words of a claim stand."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.grounding.claims.clauses import Clause, clauses
from services.grounding.claims.law import Law, Rule
from services.grounding.claims.numbers import quantities
from services.grounding.claims.quantity import Measure, Quantity, same
from services.grounding.claims.segments import Segment
from services.grounding.claims.subject import said
from services.grounding.claims.words import Token, content, tokens

# What a provision's support is made of: the best piece of it, all of it, its heading.
_LOCAL, _WHOLE, _HEADING = 0.6, 0.3, 0.1
# Pieces that say nearly as much as the best are looked at as well.
_NEARLY, _PIECES = 0.75, 3
# A longer claim is no sentence.
_MAX_CHARS = 4_000
# A word of so many capital letters that the instrument does not have is another name of something in it.
_ACRONYM = 3


@dataclass(frozen=True)
class Claim:
    """A claim as it is compared: without its citation.

    Attributes:
        text: As it was written, with blanks in the place of its citations.
        written: With them.
        weights: The roots of what it says, each with how rare it is in the instrument.
    """

    text: str
    written: str
    tokens: list[Token]
    clauses: list[Clause]
    quantities: list[Quantity]
    weights: Mapping[str, float]

    @property
    def total(self) -> float:
        """The weight of all that it says."""
        return sum(self.weights.values())

    def share(self, roots: frozenset[str] | set[str]) -> float:
        """Return how much of what it says is in *roots*, 0 to 1."""
        total = self.total
        return sum(weight for root, weight in self.weights.items() if root in roots) / total if total else 0.0

    @property
    def values(self) -> list[Quantity]:
        """Its quantities but for counts, which may be of the items of a list."""
        return [quantity for quantity in self.quantities if quantity.measure is not Measure.COUNT]


@dataclass(frozen=True, slots=True)
class Support:
    """How far a provision says what is claimed.

    Attributes:
        local: The share of the claim in its best piece.
        whole: The share in all of it.
        score: Both, and the heading, 0 to 1.
        segments: The pieces that say most of it, best first.
    """

    rule: Rule
    score: float
    local: float
    whole: float
    segments: list[Segment]


def read_claim(text: str, law: Law) -> Claim:
    """Return *text* as it is compared with the provisions of *law*."""
    bare = said(text[:_MAX_CHARS], law.title)
    words = tokens(bare)
    weights = {
        token.root: law.weight(token.root)
        for token in content(words)
        if not (bare[token.start : token.end].isupper() and len(token.word) >= _ACRONYM and not law.has(token.root))
    }
    return Claim(bare, text[:_MAX_CHARS], words, clauses(bare), quantities(bare), weights)


def support(claim: Claim, rule: Rule) -> Support:
    """Return how far *rule* says what is claimed."""
    shares = [claim.share(segment.roots) for segment in rule.segments]
    local = max(shares, default=0.0)
    order = sorted(range(len(shares)), key=lambda i: -shares[i])[:_PIECES]
    best = [rule.segments[i] for i in order if shares[i] >= _NEARLY * local and shares[i] > 0]
    whole = claim.share(rule.roots)
    if claim.values:  # a value that both have says as much as a word that only they have
        held = sum(any(same(value, other) for other in rule.quantities) for value in claim.values)
        local, whole = ((share * claim.total + held) / (claim.total + len(claim.values)) for share in (local, whole))
    score = _LOCAL * local + _WHOLE * whole + _HEADING * claim.share(rule.heading_roots)
    return Support(rule, score, local, whole, best)


def best_other(claim: Claim, law: Law, key: str) -> Support | None:
    """Return the provision of *law*, other than that of *key*, that says most of what is claimed."""
    best: Support | None = None
    wholes = ((claim.share(rule.roots), rule) for rule in law.rules.values() if rule.key != key)
    most = len(claim.values) / (claim.total + len(claim.values)) if claim.values else 0.0
    for whole, rule in sorted(wholes, key=lambda pair: -pair[0]):
        if best is not None and whole * (1 - most) + most <= best.score:  # no piece holds more than the whole
            break
        found = support(claim, rule)
        if best is None or found.score > best.score:
            best = found
    return best
