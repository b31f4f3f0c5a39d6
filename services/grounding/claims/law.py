"""An instrument as claims are held against it: its provisions' pieces, and how rare each word is in it."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from services.grounding.claims.numbers import quantities
from services.grounding.claims.quantity import Quantity
from services.grounding.claims.segments import MAX_CHARS, Segment, segments
from services.grounding.claims.subject import said
from services.grounding.claims.terms import terms
from services.grounding.claims.words import roots, tokens

# So many words in a row are no coincidence.
RUN = 6


@dataclass(frozen=True)
class Rule:
    """A provision that claims name.

    Attributes:
        key: What it is called among the provisions of its instrument.
        name: As people cite it in their instrument: "Article 6", "s. 12"; "" for *key*.
    """

    key: str
    text: str
    heading: str = ""
    name: str = ""

    @property
    def shown(self) -> str:
        """What people are told."""
        named = self.name or self.key
        return f"{named} ({self.heading})" if self.heading else named

    @cached_property
    def segments(self) -> list[Segment]:
        """The pieces of its text."""
        return segments(self.text)

    @cached_property
    def quantities(self) -> list[Quantity]:
        """The quantities of its text."""
        return quantities(said(self.text[:MAX_CHARS]))

    @cached_property
    def runs(self) -> set[tuple[str, ...]]:
        """Its words, `RUN` at a time as they follow each other."""
        words = [token.word for token in tokens(said(self.text[:MAX_CHARS]))]
        return {tuple(words[place : place + RUN]) for place in range(len(words) - RUN + 1)}

    @cached_property
    def words(self) -> str:
        """All its words in small letters, with one blank around each; labels of subdivisions are words."""
        return f" {' '.join(one.word for one in terms(self.text))} "

    @cached_property
    def heading_roots(self) -> set[str]:
        """What its heading says."""
        return roots(self.heading)

    @cached_property
    def roots(self) -> set[str]:
        """What heading and text say."""
        return self.heading_roots.union(*(segment.roots for segment in self.segments))


class Law:
    """The provisions of one instrument. Read-only once it is made; its parts are read when they are first needed."""

    def __init__(self, rules: Sequence[Rule], title: str = "") -> None:
        self.rules: Mapping[str, Rule] = {rule.key: rule for rule in rules}
        self.title = title

    @cached_property
    def _shared(self) -> Counter[str]:
        return Counter(root for rule in self.rules.values() for root in rule.roots)

    def has(self, root: str) -> bool:
        """Tell whether one of its provisions says *root*."""
        return self._shared[root] > 0

    def weight(self, root: str) -> float:
        """Return how much it says that two texts share *root*: 1 for a word that only one provision has."""
        count = len(self.rules) + 1
        return math.log(1 + count / (1 + self._shared[root])) / math.log(1 + count)
