"""Whether provisions answer a question, or only come nearest to it of what is there.

The score of the best provision orders provisions; alone it does not tell a question that no document answers. What is
asked here besides: whether it stands out from the next ones, and how many words of the question one sentence says.
Words are compared by their roots, each with the weight of how rare it is in the documents.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.grounding.ground import Source

_SENTENCE_END = re.compile(r"(?<=[.;:])\s+")
# More words of a question than these in one sentence say no more.
_ENOUGH = 4
# So that a word weighs something where there are a few chunks, of which most have it.
_FEWEST_CHUNKS = 10
# A provision stands out from no fewer than these; else it counts as one of unknown distance.
_FEWEST_OTHERS = 3
_UNKNOWN_DISTANCE = 1.0
_LEAST = 1e-4
# The coefficients of `likelihood` are a logistic regression over labelled questions to small libraries; the questions,
# and what these floors cost, are in docs/adr/0029-retrieval.md.
MEANING_FLOOR = 0.5
WORDS_FLOOR = 0.6
# Words of questions that no law is about.
_OF_QUESTIONS = frozenset(
    "many long much old soon quickly happen happens work works tell know like kind sort count".split()
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for it that provisions answer a question.

    Attributes:
        odds: The log-odds of the best provision's score.
        distance: How far they stand above those of the next ones.
        words: How many words of the question one sentence says, at most four.
        share: The weighted share of the question's words that one provision says, its headings included.
        sentence: The same of one sentence under its heading.
    """

    odds: float
    distance: float
    words: int
    share: float
    sentence: float


def likelihood(evidence: Evidence, *, by_meaning: bool) -> float:
    """Return how likely it is that the provisions answer the question, 0 to 1."""
    if by_meaning:
        odds = 2.34 * evidence.odds + 1.43 * evidence.distance + 0.63 * evidence.words + 4.94
    else:
        odds = 2.32 * evidence.share + 1.48 * evidence.words + 3.26 * evidence.sentence - 5.83
    return 1 / (1 + math.exp(-odds))


def log_odds(score: float) -> float:
    """Return the log-odds of a score."""
    within = min(max(score, _LEAST), 1 - _LEAST)
    return math.log(within / (1 - within))


def distance(odds: Sequence[float]) -> float:
    """Return how far the highest of the log-odds of scores stands above the mean of the others."""
    *others, best = sorted(odds)
    return best - sum(others) / len(others) if len(others) >= _FEWEST_OTHERS else _UNKNOWN_DISTANCE


class Wording:
    """The words of a question that say something, by their roots, and what they weigh."""

    def __init__(self, query: str, frequencies: Mapping[str, int], chunks: int) -> None:
        """Weigh the words of *query*.

        Args:
            query: The question.
            frequencies: In how many chunks each token of the question is.
            chunks: How many there are.
        """
        from services.grounding.claims.words import tokens
        from services.grounding.retrieval.words import tokens_of

        self._weights: dict[str, float] = {}
        for token in tokens(query):
            if not token.root or token.word in _OF_QUESTIONS:
                continue
            known = [frequencies[one] for one in tokens_of(token.word) if one in frequencies]
            if not known:  # it stands behind what is read of a long question
                continue
            weight = math.log((chunks + _FEWEST_CHUNKS) / (max(known) + 0.5))
            self._weights[token.root] = max(weight, self._weights.get(token.root, 0.0))
        self._total = sum(self._weights.values()) or 1.0

    def read(self, sources: Sequence[Source]) -> tuple[int, float, float]:
        """Return the words, the share and the sentence of `Evidence` that *sources* come to."""
        from services.grounding.claims.words import roots

        words, share, sentence = 0, 0.0, 0.0
        for source in sources:
            heading = roots(source.heading)
            said = roots(source.title) | heading
            for text in _SENTENCE_END.split(source.text):
                found = roots(text) & self._weights.keys()
                words = max(words, len(found))
                sentence = max(sentence, self._share(found | heading))
                said |= found
            share = max(share, self._share(said))
        return min(words, _ENOUGH), share, sentence

    def _share(self, roots: set[str]) -> float:
        return sum(weight for root, weight in self._weights.items() if root in roots) / self._total
